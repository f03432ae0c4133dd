"""What an undo left alone, in sentences that a salesperson understands: what it is called and says, who, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapper, Session

from crmlib.base.fields import Field, fields_of, kept_choices, own_fields
from crmlib.base.history.kinds import kind_of, links_from, mapper_of, number_key
from crmlib.base.history.ranges import deleted_in, ranges_with
from crmlib.base.history.values import CUSTOM, values_of
from crmlib.base.journal import CHANGES, JournalEntry, record_name
from crmlib.base.money import Money
from crmlib.i18n import country_name, format_date, format_datetime, format_number
from crmlib.i18n import gettext as _

# By what a record is called where it has no name: the first of these that it has.
_NAMES = ("name", "subject", "title", "number", "value", "code", "label", "key", "currency")
# A party is called by its name alone, everything else also by what it is.
_BY_NAME_ALONE = ("party",)
_LONGEST = 80


@dataclass(frozen=True)
class Unit:
    """What people see as one field: `key` in the catalogue of fields, and the attributes it is kept in."""

    key: str
    columns: tuple[str, ...]


@cache
def unit_of(kind: Mapper[Any], name: str) -> Unit:
    """The field that an attribute belongs to: an amount and its currency are one."""
    for composite in kind.composites:
        columns = tuple(prop.key for prop in composite.props)
        if name in columns:
            return Unit(composite.key, columns)
    return Unit(name, (name,))


def title_of(session: Session, record: str, record_id: int) -> str:
    """What a record is called: "Ana Popescu", "Deal Big one"; by its number where the actor may not see it.

    What has no name of its own is called by what it belongs to: "Participation (Activity Call)".
    """
    mapper = mapper_of(record)
    if mapper is None:
        return _title(record, record_id, None)
    kind, keys = mapper.class_, _name_keys(mapper)
    whole = None if keys else _whole(mapper)
    # Of the record itself, so that what an actor may not see is not named either.
    columns = [getattr(kind, key) for key in (keys or whole or (number_key(mapper),))[: len(keys) or 1]]
    found = session.execute(select(*columns).where(getattr(kind, number_key(mapper)) == record_id)).first()
    if found is None:
        return _title(record, record_id, None)
    if whole is not None:
        return f"{word_for(record)} ({title_of(session, whole[1], found[0])})"
    return _title(record, record_id, next((one for one in found if one not in (None, "")), None) if keys else None)


def title_of_gone(session: Session, entry: JournalEntry) -> str:
    """What a record is called that may be gone: as it stands, or as the journal last had it."""
    called = title_of(session, entry.record, entry.record_id)
    if called != _title(entry.record, entry.record_id, None):
        return called
    return _title(entry.record, entry.record_id, _name_said(entry.record, {**entry.after, **entry.before}))


def label_of(session: Session, kind: Mapper[Any], name: str) -> str:
    """What a field is called, in the reader's language; an attribute that no catalogue names, by its words."""
    about = _about(session, kind, name)
    if about is not None:
        return about.title
    for key, _column, target in links_from(kind):
        if key == name:
            return word_for(record_name(target.class_))
    return _(name.removeprefix(CUSTOM).removesuffix("_id").replace("_", " ").capitalize())


def word_for(record: str) -> str:
    """What a kind of record is called, to begin a sentence with."""
    word = _(record.replace("_", " "))
    return word[:1].upper() + word[1:]


def shown(session: Session, kind: Mapper[Any], name: str, values: Mapping[str, Any]) -> str:
    """The value of a field as people read it; `values` holds the record's attributes, or those of the field."""
    unit = unit_of(kind, name)
    if len(unit.columns) > 1:
        parts: list[Any] = [values.get(column) for column in unit.columns]
        return "–" if None in parts else str(Money(*parts)) if _is_money(kind, unit) else " ".join(map(str, parts))
    custom = values.get("custom") or {}
    value = custom.get(name.removeprefix(CUSTOM)) if name.startswith(CUSTOM) else values.get(name)
    if value in (None, "", [], {}):
        return "–"
    about = _about(session, kind, name)
    for key, _column, target in links_from(kind):
        if key == name:
            return title_of(session, record_name(target.class_), value)
    text = _read_aloud(session, about, value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _read_aloud(session: Session, about: Field | None, value: Any) -> str:
    kind = about.kind if about is not None else ""
    word = getattr(value, "value", value)
    names = dict(about.choices) if about is not None else {}
    own = about is not None and about.is_custom
    if isinstance(word, str) and word in names:
        return names[word] if own else _(names[word])
    if isinstance(value, bool) or kind == "flag":
        return _("yes") if value else _("no")
    if isinstance(value, dict) and {"minor", "currency"} <= value.keys():
        return str(Money(value["minor"], value["currency"]))
    if isinstance(value, (list, tuple)):
        return ", ".join(_read_aloud(session, about, one) for one in value)
    if kind == "country":
        return country_name(str(value))
    if kind == "party":
        return title_of(session, "party", int(value))
    if kind == "date" and isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime):
        return when(session, value)
    if isinstance(value, date):
        return format_date(value)
    return format_number(value) if isinstance(value, (int, float, Decimal)) else str(word)


def said_changed(session: Session, kind: Mapper[Any], entry: tuple[str, datetime], name: str, value: str) -> str:
    """That somebody changed a field since; `entry` says who and when."""
    who, at = entry
    says = _("{who} changed {field} on {day}: it says “{value}” now.")
    return says.format(who=_who(who), field=label_of(session, kind, name), day=when(session, at), value=value)


def said_gone(session: Session, entry: JournalEntry) -> str:
    """That a record that the journal speaks of is not there any more."""
    rows = (
        select(JournalEntry)
        .where(JournalEntry.record == entry.record, JournalEntry.record_id == entry.record_id)
        .where(JournalEntry.kind == "delete", JournalEntry.number > entry.number)
        .order_by(JournalEntry.number.desc())
        .limit(1)
    )
    found = [*session.scalars(rows)]
    found += [one for one in ranges_with(session, entry.record, entry.record_id) if one.kind == "deletes"]
    if not found:
        return _("It is not there any more.")
    last = max(found, key=lambda one: one.number)
    return _("{who} deleted it on {day}.").format(who=_who(last.actor), day=when(session, last.at))


def said_needed(session: Session, record: str, record_id: int) -> str:
    """That another record refers to it, which stays."""
    rows = (
        select(JournalEntry.actor, JournalEntry.at)
        .where(JournalEntry.record == record, JournalEntry.record_id == record_id, JournalEntry.kind.in_(CHANGES))
        .order_by(JournalEntry.number.desc())
        .limit(1)
    )
    what = title_of(session, record, record_id)
    found = session.execute(rows).first()
    if found is None:
        return _("{what} refers to it.").format(what=what)
    says = _("{what} refers to it, as {who} left it on {day}.")
    return says.format(what=what, who=_who(found[0]), day=when(session, found[1]))


def when(session: Session, moment: datetime) -> str:
    """A moment in the workbench's own zone."""
    return format_datetime(moment, session.info.get("zone") or UTC)


def named_in(entry: JournalEntry) -> dict[int, str]:
    """What records of a row `deletes` were called."""
    said = deleted_in(entry)
    return {number: _title(entry.record, number, _name_said(entry.record, values)) for number, values in said}


def said_value(session: Session, mapper: Mapper[Any], said: Mapping[str, Any], name: str) -> str:
    """The value that the journal, or a stored row in its form, gives of a field."""
    kind = kind_of(mapper, said)
    return shown(session, kind, name, values_of(kind, said))


def _about(session: Session, kind: Mapper[Any], name: str) -> Field | None:
    if name.startswith(CUSTOM):
        return own_fields(session, record_name(kind.class_)).get(name.removeprefix(CUSTOM))
    key = unit_of(kind, name).key
    for one in [kind, *kind.self_and_descendants]:
        if about := fields_of(one.class_).get(key):
            kept = kept_choices(session, record_name(kind.class_)) if about.choices else {}
            return replace(about, choices=kept[key]) if key in kept else about
    return None


def _is_money(kind: Mapper[Any], unit: Unit) -> bool:
    return any(one.key == unit.key and one.composite_class is Money for one in kind.composites)


@cache
def _name_keys(mapper: Mapper[Any]) -> tuple[str, ...]:
    return tuple(key for key in _NAMES if key in mapper.column_attrs)


def _name_said(record: str, said: Mapping[str, Any]) -> Any:
    mapper = mapper_of(record)
    keys = () if mapper is None else _name_keys(mapper)
    return next((said[key] for key in keys if said.get(key) not in (None, "")), None)


@cache
def _whole(mapper: Mapper[Any]) -> tuple[str, str] | None:
    """What a record without a name belongs to: attribute and kind; anything with a name before a party."""
    links = [
        (key, record_name(to.class_))
        for key, column, to in links_from(mapper)
        if not column.nullable and _name_keys(to)
    ]
    return min(links, key=lambda link: link[1] in _BY_NAME_ALONE, default=None)


def _title(record: str, record_id: int, name: Any) -> str:
    if name in (None, ""):
        return f"{word_for(record)} {record_id}"
    text = str(getattr(name, "value", name))
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return text if record in _BY_NAME_ALONE else f"{word_for(record)} {text}"


def _who(actor: str) -> str:
    return actor or _("Somebody")
