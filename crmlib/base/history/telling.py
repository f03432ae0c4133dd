"""A row of the journal as one sentence."""

from typing import Any

from sqlalchemy.orm import Mapper, Session

from crmlib.base.history.kinds import kind_of, mapper_of
from crmlib.base.history.saying import label_of, said_value, title_of, title_of_gone, unit_of, word_for
from crmlib.base.history.values import CUSTOM
from crmlib.base.journal import Event, JournalEntry
from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext

# No line of a list names more fields than this.
_MOST_FIELDS = 4


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
    mapper = mapper_of(entry.record)
    if mapper is None:
        return title
    told: dict[str, str] = {}
    for name in {**entry.before, **entry.after}:
        kind = _kind_with(mapper, name)
        key = unit_of(kind, name).key
        if key in told:
            continue
        sides = ({**entry.after, **entry.before}, {**entry.before, **entry.after})
        was, is_now = (said_value(session, kind, side, name) for side in sides)
        says = _("{field} {value}, was {was}")
        told[key] = says.format(field=label_of(session, kind, name), value=is_now, was=was)
    shown = [*told.values()][:_MOST_FIELDS] + (["…"] if len(told) > _MOST_FIELDS else [])
    return f"{title}: {'; '.join(shown)}"


def _kind_with(mapper: Mapper[Any], name: str) -> Mapper[Any]:
    if name.startswith(CUSTOM):
        return mapper
    return next((one for one in mapper.self_and_descendants if name in one.column_attrs), kind_of(mapper, {}))


class _Facts(dict[str, Any]):
    """The fields of an event; one that an older version did not write is left open."""

    def __missing__(self, key: str) -> str:
        return "…"
