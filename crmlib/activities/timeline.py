"""The one timeline of a party: what was done with it, what happened to its deals, what was changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, selectinload

from crmlib.activities.records import Activity, Part, Participation
from crmlib.base import Base, Event, Field, JournalEntry, Journalled, fields_of, record_name
from crmlib.contacts import ContactKind, Lifecycle, Party
from crmlib.i18n import country_name, format_date, lazy
from crmlib.i18n import gettext as _

__all__ = ["TimelineEntry", "timeline"]

_CHANGES = ("insert", "update", "delete", "inserts")
# What an event of the same moment says already.
_TOLD_BY_EVENTS = frozenset({"lifecycle", "lost_reason", "lost_note"})


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
    found: list[TimelineEntry] = []
    if what in ("", "activity"):
        found += _activities(session, party_ids, kinds, before, limit)
    if not kinds and what != "activity":
        found += _journal(session, party_ids, what, before, limit)
    return sorted(found, key=lambda entry: (entry.at, entry.record_id), reverse=True)[:limit]


def _activities(
    session: Session, party_ids: Sequence[int], kinds: Sequence[str], before: datetime | None, limit: int
) -> list[TimelineEntry]:
    doer, doing = aliased(Party), aliased(Participation)
    mine = select(Participation.activity_id).where(Participation.party_id.in_(party_ids))
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
            facts={"outcome": activity.outcome} if activity.outcome else {},
        )
    return list(entries.values())


def _journal(
    session: Session, party_ids: Sequence[int], what: str, before: datetime | None, limit: int
) -> list[TimelineEntry]:
    rows = (
        select(JournalEntry)
        .where(JournalEntry.party_id.in_(party_ids))
        .order_by(JournalEntry.happened_at.desc(), JournalEntry.number.desc())
        .limit(limit)
    )
    if what == "change":
        rows = rows.where(JournalEntry.kind.in_(_CHANGES))
    elif what == "event":
        rows = rows.where(JournalEntry.kind.not_in(_CHANGES))
    # That a record came to be is told by its event; of changes only what people can read belongs here.
    is_event = JournalEntry.kind.not_in(_CHANGES)
    rows = rows.where(
        is_event
        | ((JournalEntry.kind != "insert") & JournalEntry.record.in_(_told_records()))
        | (JournalEntry.record == "contact_point")
    )
    if before is not None:
        rows = rows.where(JournalEntry.happened_at < before)
    entries = (_told(entry) if entry.kind not in _CHANGES else _changed(entry) for entry in session.scalars(rows))
    return [entry for entry in entries if entry is not None]


def _told(entry: JournalEntry) -> TimelineEntry | None:
    kind = Event.kinds.get(entry.kind)
    if kind is None:
        return None
    words = {
        key: "" if value is None else _standing(value) if key in ("now", "was") else value
        for key, value in entry.after.items()
    }
    return TimelineEntry(
        at=entry.happened_at,
        what="event",
        kind=entry.kind,
        title=_(kind.says).format(**words),
        who=entry.actor,
        record=entry.record,
        record_id=entry.record_id,
        facts=entry.after,
    )


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
            found |= fields_of(mapper.class_)
    return found
