"""How one record is edited by two people: what an editor saw is compared before anything is written."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from crmlib.base import Base, Conflict, Field, InvalidInput, Money, as_json, fields_of
from crmlib.i18n import gettext as _

__all__ = ["conflict", "read_moment", "refuse_backwards", "refuse_stale", "write"]


def conflict(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Conflict:
    """The error that tells an editor what it says now; carries both versions."""
    text = ", ".join("–" if value in (None, "") else str(value) for value in theirs.values())
    message = _("Someone changed this in the meantime: it says {value} now.").format(value=text)
    return Conflict(message, mine=mine, theirs=theirs)


def refuse_stale(record: object, typed: Mapping[str, Any], was: Mapping[str, Any] | None) -> None:
    """Raise Conflict where a field in `typed` holds another value than `was`, what the editor saw in it."""
    seen = {key: _plain(value) for key, value in (was or {}).items() if key in typed}
    theirs = {key: _plain(getattr(record, key)) for key in seen}
    changed = {key: theirs[key] for key in seen if (theirs[key] or None) != (seen[key] or None)}
    if changed:
        raise conflict({key: _plain(typed[key]) for key in changed}, changed)


def write(
    record: Base,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    readers: Mapping[str, Callable[[Any], Any]] | None = None,
    hidden: frozenset[str] = frozenset(),
) -> set[str]:
    """Set fields of `record` to what was typed; the keys of those that are another now.

    What may be typed are its fields but the `hidden` ones, and what `readers` can read. Raises Conflict where a
    stored value is another than `was`, InvalidInput where a value cannot be; nothing is changed then.
    """
    known: dict[str, Field] = fields_of(type(record))
    readers = readers or {}
    unknown = {key for key in typed if key in hidden or (key not in known and key not in readers)}
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    refuse_stale(record, typed, was)
    values = {
        key: readers[key](value) if key in readers else known[key].read(as_typed(value)) for key, value in typed.items()
    }
    changed = {key for key, value in values.items() if getattr(record, key) != value}
    for key in changed:
        setattr(record, key, values[key])
    return changed


def as_typed(value: Any) -> Any:
    """A value as a form would send it: days as ISO text."""
    return value.isoformat() if isinstance(value, date) else value


def read_moment(label: str, value: datetime | str | None) -> datetime | None:
    """A moment given as such or as ISO text with its offset; None for nothing. Raises InvalidInput."""
    if value is None or value == "":
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        raise InvalidInput(label, value, _("is not a moment; write it like 2026-02-28T09:00+02:00")) from None
    if moment.tzinfo is None:
        raise InvalidInput(label, value, _("needs its time zone; write it like 2026-02-28T09:00+02:00"))
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(label, value, _("is not a moment; write it like 2026-02-28T09:00+02:00")) from None


def refuse_backwards(from_on: date | None, to_on: date | None) -> None:
    """Raise InvalidInput where something would end before it begins."""
    if from_on is not None and to_on is not None and to_on < from_on:
        raise InvalidInput(_("To"), to_on.isoformat(), _("is before {day}, when it begins").format(day=from_on))


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return str(value.amount)
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    return as_json(value)
