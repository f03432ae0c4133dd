"""Edits of a record's fields as a form makes them: what was typed, and what the editor had seen."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect

from crmlib.base.errors import Conflict, InvalidInput
from crmlib.base.fields import Field, fields_of
from crmlib.base.journal import as_json
from crmlib.base.money import Money, read_decimal
from crmlib.base.records import Base
from crmlib.base.types import Scaled
from crmlib.i18n import gettext as _
from crmlib.i18n import parse_decimal


def read_field(record: type[Base], about: Field, typed: Any, *, currency: str = "") -> Any:
    """What was typed for a field of `record`, as its column keeps it; exact where the column is a scaled decimal."""
    column = inspect(record).columns.get(about.key)
    if column is None or not isinstance(column.type, Scaled):
        return about.read(typed, currency=currency)
    label = _(about.label)
    if typed is None or (isinstance(typed, str) and not typed.strip()):
        if about.required:
            raise InvalidInput(label, "", _("this is needed"))
        return None
    return read_decimal(label, typed, digits=column.type.digits, low=about.low, high=about.high)


def read_fields(record: type[Base], typed: Mapping[str, Any], *, currency: str = "", **more: Field) -> dict[str, Any]:
    """What was typed for fields of `record`, read; `more` are fields beside its columns, such as amounts of money.

    Raises InvalidInput for a field that is not there, and for the first value that cannot be.
    """
    known = {**fields_of(record), **more}
    unknown = set(typed) - set(known)
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    return {
        key: value if isinstance(value, Money) else read_field(record, known[key], value, currency=currency)
        for key, value in typed.items()
    }


def check_seen(record: Base, typed: Mapping[str, Any], was: Mapping[str, Any] | None) -> None:
    """Raise Conflict, with both versions, where a typed field is another by now than the editor saw (`was`)."""
    seen = {key: value for key, value in (was or {}).items() if key in typed}
    stored = {key: getattr(record, key) for key in seen}
    differ = {
        key: _plain(stored[key])
        for key, value in seen.items()
        if _plain(value, like=stored[key]) != _plain(stored[key])
    }
    if differ:
        shown = ", ".join(str(value) if value not in (None, "") else "–" for value in differ.values())
        message = _("Someone changed this in the meantime: it says {value} now.").format(value=shown)
        raise Conflict(message, mine={key: typed[key] for key in differ}, theirs=differ)


def edit_fields(
    record: Base,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    currency: str = "",
    **more: Field,
) -> None:
    """Change fields of a record to what was typed; nothing changes where one cannot be, or `was` is not what is stored.

    Raises InvalidInput and Conflict.
    """
    values = read_fields(type(record), typed, currency=currency, **more)
    check_seen(record, typed, was)
    for key, value in values.items():
        setattr(record, key, value)


def _plain(value: Any, *, like: Any = None) -> Any:
    # 2, 2.0 and 2.000 are one quantity, however a form or a database writes it.
    if isinstance(like, Decimal | Money) and isinstance(value, str | int):
        try:
            value = parse_decimal(value) if isinstance(value, str) else Decimal(value)
        except ValueError:
            return value
        value = Money.of(value, like.currency) if isinstance(like, Money) else value
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return as_json(value) or None
