"""A row of the journal as one sentence, and a change field by field."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapper, Session

from crmlib.base.history.kinds import kind_of, mapper_of, number_key
from crmlib.base.history.saying import label_of, said_value, title_of, title_of_gone, unit_of, word_for
from crmlib.base.history.values import CUSTOM
from crmlib.base.journal import Event, JournalEntry, as_json
from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext

# No line of a list names more fields than this.
_MOST_FIELDS = 4


@dataclass(frozen=True)
class FieldChange:
    """What a change did to one field: its `key` (of a field of the business's own with `custom.` before it), what it
    is called, and what it said before and says now, in words; a dash for nothing.
    """

    key: str
    label: str
    was: str
    now: str


def field_changes(session: Session, entry: JournalEntry) -> list[FieldChange]:
    """What an update in the journal changed, field by field, in words; an amount and its currency are one field."""
    mapper = mapper_of(entry.record)
    if mapper is None:
        return []
    told: dict[str, FieldChange] = {}
    sides = ({**entry.after, **entry.before}, {**entry.before, **entry.after})
    for name in {**entry.before, **entry.after}:
        kind = _kind_with(mapper, name)
        unit = unit_of(kind, name)
        key = unit.key
        if key not in told:
            same = _unchanged(session, entry, kind, [column for column in unit.columns if column not in sides[0]])
            same |= _subclass(kind)
            was, is_now = (said_value(session, kind, same | side, name) for side in sides)
            told[key] = FieldChange(key, label_of(session, kind, name), was, is_now)
    return list(told.values())


def sentence_of(session: Session, entry: JournalEntry) -> str:
    """What a row of the journal says, for people: "Acme: Sector Retail, was Technology", "Deal Big one added"."""
    if entry.kind == "update":
        return _told_update(session, entry)
    if entry.kind in ("inserts", "deletes"):
        n = len(entry.before["rows"]) if entry.kind == "deletes" else entry.after["through"] - entry.record_id + 1
        says = (
            ngettext("{what}: {n} record added", "{what}: {n} records added", n)
            if entry.kind == "inserts"
            else ngettext("{what}: {n} record deleted", "{what}: {n} records deleted", n)
        )
        return says.format(what=word_for(entry.record), n=n)
    title = title_of_gone(session, entry)
    if entry.kind in ("insert", "delete"):
        says = _("{title} added") if entry.kind == "insert" else _("{title} deleted")
        return says.format(title=title)
    event = Event.kinds.get(entry.kind)
    if event is None:
        return f"{title}: {entry.kind}"
    return f"{title}: {_(event.says).format_map(_Facts(entry.after))}"


def _told_update(session: Session, entry: JournalEntry) -> str:
    title = title_of(session, entry.record, entry.record_id)
    says = _("{field} {value}, was {was}")
    told = [says.format(field=one.label, value=one.now, was=one.was) for one in field_changes(session, entry)]
    if not told:
        return title
    shown = told[:_MOST_FIELDS] + (["…"] if len(told) > _MOST_FIELDS else [])
    return f"{title}: {'; '.join(shown)}"


def _subclass(kind: Mapper[Any]) -> dict[str, Any]:
    """What the journal would say of the subclass of a record; a change of its fields leaves that out."""
    if kind.polymorphic_on is None or kind.polymorphic_identity is None:
        return {}
    return {kind.get_property_by_column(kind.polymorphic_on).key: as_json(kind.polymorphic_identity)}


def _unchanged(session: Session, entry: JournalEntry, kind: Mapper[Any], columns: list[str]) -> dict[str, Any]:
    """What a change left alone of a field kept in several columns, such as the currency of an amount, as it stands."""
    known = [column for column in columns if column in kind.column_attrs]
    if not known or columns != known:
        return {}
    rows = select(*(getattr(kind.class_, column) for column in known))
    found = session.execute(rows.where(getattr(kind.class_, number_key(kind)) == entry.record_id)).first()
    return {} if found is None else as_json(dict(zip(known, found, strict=True)))


def _kind_with(mapper: Mapper[Any], name: str) -> Mapper[Any]:
    if name.startswith(CUSTOM):
        return mapper
    return next((one for one in mapper.self_and_descendants if name in one.column_attrs), kind_of(mapper, {}))


class _Facts(dict[str, Any]):
    """The fields of an event; one that an older version did not write is left open."""

    def __missing__(self, key: str) -> str:
        return "…"
