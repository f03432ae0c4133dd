"""The one timeline of a party, and of any other record: what was done about it, what happened, what was changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from crmlib.access import visible
from crmlib.activities.records import About, Activity, Part, Participation
from crmlib.base import CHANGES, Base, Event, Field, JournalEntry, Journalled, fields_of, record_name
from crmlib.contacts import ContactKind, Lifecycle, Party
from crmlib.i18n import country_name, format_date, format_datetime, lazy
from crmlib.i18n import gettext as _

__all__ = ["TimelineEntry", "timeline", "timeline_of"]

# What an event of the same moment says already.
_TOLD_BY_EVENTS = frozenset({"lifecycle", "lost_reason", "lost_note", "result", "outcome"})
# Records whose coming and going is told by events, in words.
_TOLD_WHOLE = ("fact", "tagging", "relation", "consent_event", "team_member", "affiliation", "party", "reminder")


@dataclass(frozen=True)
class TimelineEntry:
    """One thing on a timeline. `what` is "activity", "event" or "change"; `kind` which of them."""

    at: datetime
    what: str
    kind: str
    title: str
    who: str = ""
    body: str = ""
    record: str = ""
    record_id: int = 0
    is_open: bool = False
    due_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def timeline(
    session: Session,
    party_ids: Sequence[int],
    *,
    what: str = "",
    kinds: Sequence[str] = (),
    before: datetime | None = None,
    limit: int = 30,
) -> list[TimelineEntry]:
    """What happened with any of these parties, newest first.

    `what` keeps only one sort of entries ("activity", "event", "change"), `kinds` only those kinds of activity;
    `before` leaves out that moment and all after it.
    """
    party_ids = visible(session, Party, party_ids)
    mine = select(Participation.activity_id).where(Participation.party_id.in_(party_ids))
    theirs = JournalEntry.party_id.in_(party_ids)
    return _merged(session, mine, theirs, what=what, kinds=kinds, before=before, limit=limit)


def timeline_of(
    session: Session,
    record: str | type[Base],
    record_id: int,
    *,
    what: str = "",
    kinds: Sequence[str] = (),
    before: datetime | None = None,
    limit: int = 30,
) -> list[TimelineEntry]:
    """What happened with a record of any kind ("deal", or its class), newest first: as `timeline` tells of a party.

    Of a deal, a product or an order these are the activities about it, its events and its changes; of an activity
    what followed from it, and what happened to itself; of a party it is the party's own timeline.
    """
    name = record if isinstance(record, str) else record_name(record)
    if name == "party":
        return timeline(session, [record_id], what=what, kinds=kinds, before=before, limit=limit)
    mine: Select[int] = select(About.activity_id).where(About.record == name, About.record_id == record_id)
    if name == "activity":
        mine = select(Activity.id).where(or_(Activity.follows_id == record_id, Activity.id.in_(mine)))
    theirs = (JournalEntry.record == name) & (JournalEntry.record_id == record_id) & (JournalEntry.kind != "deletes")
    return _merged(session, mine, theirs, what=what, kinds=kinds, before=before, limit=limit)


def _merged(
    session: Session,
    mine: Select[int],
    theirs: ColumnElement[bool],
    *,
    what: str,
    kinds: Sequence[str],
    before: datetime | None,
    limit: int,
) -> list[TimelineEntry]:
    found: list[TimelineEntry] = []
    if what in ("", "activity"):
        found += _activities(session, mine, kinds, before, limit)
    if not kinds and what != "activity":
        found += _journal(session, theirs, what, before, limit)
    return sorted(found, key=lambda entry: (entry.at, entry.record_id), reverse=True)[:limit]


def _activities(
    session: Session, mine: Select[int], kinds: Sequence[str], before: datetime | None, limit: int
) -> list[TimelineEntry]:
    doer, doing = aliased(Party), aliased(Participation)
    rows = (
        select(Activity, doer.name)
        .outerjoin(doing, (doing.activity_id == Activity.id) & (doing.part == Part.ASSIGNEE))
        .outerjoin(doer, doer.id == doing.party_id)
        .where(Activity.id.in_(mine))
        .options(selectinload(Activity.abouts))
        .order_by(Activity.shown_at.desc(), Activity.id.desc())
        .limit(limit)
    )
    if kinds:
        rows = rows.where(Activity.kind.in_(kinds))
    if before is not None:
        rows = rows.where(Activity.shown_at < before)
    entries = {}
    for activity, who in session.execute(rows):
        entries[activity.id] = TimelineEntry(
            at=activity.shown_at,
            what="activity",
            kind=activity.kind.value,
            title=activity.subject,
            who=who or "",
            body=activity.body or "",
            record="activity",
            record_id=activity.id,
            is_open=activity.done_at is None,
            due_at=activity.due_at,
            facts=_came_of(activity),
        )
    return list(entries.values())


def _came_of(activity: Activity) -> dict[str, Any]:
    said = activity.outcome or (_(activity.result.label) if activity.result else "")
    return {"outcome": said} if said else {}


def _journal(
    session: Session, theirs: ColumnElement[bool], what: str, before: datetime | None, limit: int
) -> list[TimelineEntry]:
    rows = (
        select(JournalEntry)
        .where(theirs)
        .order_by(JournalEntry.happened_at.desc(), JournalEntry.number.desc())
        .limit(limit)
    )
    if what == "change":
        rows = rows.where(JournalEntry.kind.in_(CHANGES))
    elif what == "event":
        rows = rows.where(JournalEntry.kind.not_in(CHANGES))
    # That a record came to be is told by its event; of changes only what people can read belongs here.
    is_event = JournalEntry.kind.not_in(CHANGES)
    rows = rows.where(
        is_event
        | ((JournalEntry.kind != "insert") & JournalEntry.record.in_(_told_records()))
        | (JournalEntry.record == "contact_point")
    )
    rows = rows.where((JournalEntry.kind != "delete") | JournalEntry.record.not_in(_TOLD_WHOLE))
    if before is not None:
        rows = rows.where(JournalEntry.happened_at < before)
    entries = (_told(entry) if entry.kind not in CHANGES else _changed(entry) for entry in session.scalars(rows))
    return [entry for entry in entries if entry is not None]


def _told(entry: JournalEntry) -> TimelineEntry | None:
    kind = Event.kinds.get(entry.kind)
    if kind is None:
        return None
    words = {key: _in_words(kind, key, value) for key, value in entry.after.items()}
    return TimelineEntry(
        at=entry.happened_at,
        what="event",
        kind=entry.kind,
        title=_(kind.says).format(**words).strip(),
        who=entry.actor,
        record=entry.record,
        record_id=entry.record_id,
        facts=entry.after,
    )


def _in_words(kind: type[Event], key: str, value: Any) -> Any:
    """A fact of an event as people read it: the label of a choice, a moment, a word of ours in their language."""
    if value is None:
        return ""
    if key in ("now", "was"):
        return _standing(value)
    labels = getattr(kind, "labels", {})
    if key in labels:
        return _(labels[key](value).label)
    if key in getattr(kind, "translated", ()):
        return _(value)
    if key in getattr(kind, "moments", ()):
        return format_datetime(datetime.fromisoformat(value), UTC)
    return value


def _changed(entry: JournalEntry) -> TimelineEntry | None:
    if entry.record == "contact_point" and entry.kind != "update":
        return _reached(entry)
    known = _fields(entry.record)
    told = [key for key in {**entry.before, **entry.after} if key in known and key not in _TOLD_BY_EVENTS]
    if not told:
        return None
    sentences = []
    for key in told:
        about, was, now = known[key], entry.before.get(key), entry.after.get(key)
        if now in (None, ""):
            template = lazy("{field} removed, was {was}")
        elif was in (None, ""):
            template = lazy("{field} set to {now}")
        else:
            template = lazy("{field} set to {now}, was {was}")
        sentences.append(_(template).format(field=_(about.label), now=_shown(about, now), was=_shown(about, was)))
    return TimelineEntry(
        at=entry.happened_at,
        what="change",
        kind=entry.kind,
        title=sentences[0],
        body="\n".join(sentences[1:]),
        who=entry.actor,
        record=entry.record,
        record_id=entry.record_id,
    )


def _reached(entry: JournalEntry) -> TimelineEntry:
    point = entry.after or entry.before
    label, value = _(ContactKind(point["kind"]).label), point["value"]
    template = lazy("{label} {value} added") if entry.kind == "insert" else lazy("{label} {value} removed")
    return TimelineEntry(
        at=entry.happened_at,
        what="change",
        kind=entry.kind,
        title=_(template).format(label=label, value=value),
        who=entry.actor,
        record=entry.record,
        record_id=entry.record_id,
    )


def _shown(about: Field, value: Any) -> str:
    names = dict(about.choices)
    if value in names:
        return _(names[value])
    if about.kind == "country" and value:
        return country_name(value)
    if about.kind == "date" and value:
        return format_date(date.fromisoformat(value))
    return "" if value is None else str(value)


def _standing(value: str) -> str:
    return _(Lifecycle(value).label).lower()


@cache
def _told_records() -> list[str]:
    """The records with fields that people know by name; history rows and links have none."""
    kinds: list[type[Base]] = [mapper.class_ for mapper in Base.registry.mappers]
    return sorted({record_name(kind) for kind in kinds if issubclass(kind, Journalled) and fields_of(kind)})


def _fields(record: str) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for mapper in Base.registry.mappers:
        if record_name(mapper.class_) == record:
            found |= fields_of(mapper.class_, shown="form")
    return found
