"""What every edit in this room has in common: reading what was typed, and seeing that nobody was faster."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import Base, Conflict, Field, InvalidInput, Money, as_json, find
from crmlib.i18n import gettext as _
from crmlib.i18n import parse_decimal


def read_edit(
    session: Session,
    record: Base,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None,
    known: Mapping[str, Field],
    links: Mapping[str, type[Any]] | None = None,
    currency: str = "",
) -> dict[str, Any]:
    """The values meant by what was typed, by field; nothing is changed yet.

    `links` are fields that hold another record's number. `was` is what the editor saw: where another value is stored
    by now, Conflict has both versions of every such field. Raises InvalidInput for a value that cannot be.
    """
    links = links or {}
    for key in typed:
        if key not in known and key not in links:
            raise InvalidInput(_("Field"), key, _("no such field here"))
    theirs = {key: current(record, key) for key in typed}
    seen = {key: _plain(value) for key, value in (was or {}).items() if key in typed}
    newer = {key: theirs[key] for key in seen if _said(theirs[key]) != _said(seen[key])}
    if newer:
        raise conflict({key: typed[key] for key in newer}, newer)
    values: dict[str, Any] = {}
    for key, value in typed.items():
        if key in links:
            values[key] = read_link(session, links[key], value)
        elif known[key].kind == "money":
            held = getattr(record, key)
            values[key] = (
                value
                if isinstance(value, Money)
                else known[key].read(value, currency=currency or (held.currency if held else ""))
            )
        else:
            values[key] = known[key].read(value)
    return values


def conflict(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Conflict:
    """Somebody was faster: both versions of what differs."""
    text = ", ".join("–" if _said(value) is None else str(value) for value in theirs.values())
    message = _("Someone changed this in the meantime: it says {value} now.").format(value=text)
    return Conflict(message, mine=mine, theirs=theirs)


def read_link(session: Session, kind: type[Any], value: Any) -> int | None:
    """The number of a record that is there; None for nothing. Raises InvalidInput, NotFound."""
    if value in (None, "", 0):
        return None
    if isinstance(value, kind):
        return int(value.id)
    written = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19
    if not written and not isinstance(value, int):
        raise InvalidInput(_(kind.__name__), str(value)[:40], _("choose one that is there"))
    return int(find(session, kind, int(value)).id)


def read_percent(label: str, typed: Any) -> Decimal:
    """A percentage from 0 to 100, to the hundredth. Raises InvalidInput."""
    try:
        value = parse_decimal(typed) if isinstance(typed, str) else Decimal(str(typed))
    except (ValueError, InvalidOperation):
        raise InvalidInput(label, typed, _("write a percentage such as 12.5")) from None
    if not value.is_finite() or not 0 <= value <= 100:
        raise InvalidInput(label, typed, _("a percentage is from 0 to 100"))
    if value != value.quantize(Decimal("0.01")):
        raise InvalidInput(label, typed, _("a percentage has two digits after the point"))
    return value


def read_quantity(label: str, typed: Any, digits: int) -> Decimal:
    """A number of nothing or more, with at most so many digits after the point. Raises InvalidInput."""
    try:
        value = parse_decimal(typed) if isinstance(typed, str) else Decimal(str(typed))
    except (ValueError, InvalidOperation):
        raise InvalidInput(label, typed, _("write a number such as 2.5")) from None
    if not value.is_finite() or not 0 <= value < Decimal(10) ** 14:
        raise InvalidInput(label, typed, _("write a number of nothing or more"))
    if value != round(value, digits):
        raise InvalidInput(label, typed, _("at most {n} digits after the point").format(n=digits))
    return value


def plain_money(amount: Money | None) -> str:
    """An amount as events keep it, the same in every language: `1250.00 EUR`; a dash for none."""
    return f"{amount.amount} {amount.currency}" if amount else "–"


def current(record: Base, key: str) -> Any:
    """What a field holds, as an editor was shown it."""
    return _plain(getattr(record, key))


def _plain(value: Any) -> Any:
    return str(value.amount) if isinstance(value, Money) else as_json(value)


def _said(value: Any) -> str | None:
    """A value to compare with what a page sent back: numbers as they are written, nothing as None."""
    return None if value in (None, "") else str(value)
