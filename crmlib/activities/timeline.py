"""The one timeline of a party, and of any other record: what was done about it, what happened, what was changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from crmlib.access import visible
from crmlib.activities.records import About, Activity, Part, Participation
from crmlib.base import CHANGES, Base, Event, JournalEntry, Journalled, fields_of, record_name
from crmlib.base.history.saying import title_of
from crmlib.base.history.telling import field_changes
from crmlib.contacts import ContactKind, Lifecycle, Party
from crmlib.i18n import format_datetime, format_money, lazy
from crmlib.i18n import gettext as _

__all__ = ["TimelineEntry", "timeline", "timeline_of"]

# What an event of the same moment says already.
_TOLD_BY_EVENTS = frozenset({"lifecycle", "lost_reason", "lost_note", "result", "outcome"})
# And these, where there is such an event.
_TOLD_BY_EVENTS_BESIDE = {
    "deal": frozenset({"amount"}),
    "lead": frozenset({"status", "score", "score_reason"}),
    "order": frozenset({"status"}),
    "payment": frozenset({"status"}),
    "refund": frozenset({"status"}),
}
_BESIDE = timedelta(seconds=2)
# Records whose coming and going is told by events, in words.
_TOLD_WHOLE = ("fact", "tagging", "relation", "consent_event", "team_member", "affiliation", "party", "reminder")
# Of these there may be several on one timeline, so a change says which it is of.
_TOLD_BY_NAME = ("party", "deal", "lead", "order", "payment", "refund", "activity")


@dataclass(frozen=True)
class TimelineEntry:
    """One thing on a timeline. `what` is "activity", "event" or "change"; `kind` which of them.

    `number` is that of an event or a change in the journal: by it a change can be undone.
    """

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
    number: int = 0
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
    # On a timeline of several, a change says whose it is.
    own = ("party", party_ids[0]) if len(party_ids) == 1 else None
    return _merged(session, mine, theirs, own, what=what, kinds=kinds, before=before, limit=limit)


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
    own = (name, record_id)
    return _merged(session, mine, theirs, own, what=what, kinds=kinds, before=before, limit=limit)


def _merged(
    session: Session,
    mine: Select[int],
    theirs: ColumnElement[bool],
    own: tuple[str, int] | None,
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
        found += _journal(session, theirs, own, what, before, limit)
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
    session: Session,
    theirs: ColumnElement[bool],
    own: tuple[str, int] | None,
    what: str,
    before: datetime | None,
    limit: int,
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
    found = list(session.scalars(rows))
    beside = _Beside(found)
    entries = (
        _told(session, one) if one.kind not in CHANGES else _changed(session, one, own, beside.tells(one))
        for one in found
    )
    return [entry for entry in entries if entry is not None]


class _Beside:
    """The events among rows of the journal, by what they are about: a change beside one is told by it."""

    def __init__(self, rows: Sequence[JournalEntry]) -> None:
        self._moments: dict[tuple[str, int], list[datetime]] = {}
        for row in rows:
            if row.kind not in CHANGES:
                self._moments.setdefault((row.record, row.record_id), []).append(row.at)

    def tells(self, change: JournalEntry) -> bool:
        """Whether an event of the same record and moment is there."""
        moments = self._moments.get((change.record, change.record_id), ())
        return any(abs(change.at - moment) < _BESIDE for moment in moments)


def _told(session: Session, entry: JournalEntry) -> TimelineEntry | None:
    kind = Event.kinds.get(entry.kind)
    if kind is None:
        return None
    words = {key: _in_words(session, kind, key, value) for key, value in entry.after.items()}
    return TimelineEntry(
        at=entry.happened_at,
        what="event",
        kind=entry.kind,
        title=_(kind.says).format(**words).strip(),
        who=entry.actor,
        record=entry.record,
        record_id=entry.record_id,
        number=entry.number,
        facts=entry.after,
    )


def _in_words(session: Session, kind: type[Event], key: str, value: Any) -> Any:
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
        return format_datetime(datetime.fromisoformat(value), session.info.get("zone") or UTC)
    return _amount(value) if key in getattr(kind, "amounts", ()) else value


def _amount(said: str) -> str:
    """An amount as events keep it ("1250.00 EUR"), as people write it here; a dash stays one."""
    figure, _space, currency = said.partition(" ")
    try:
        amount = Decimal(figure)
        return format_money(amount, currency, whole=amount == amount.to_integral()) if currency else said
    except InvalidOperation:
        return said


def _changed(
    session: Session, entry: JournalEntry, own: tuple[str, int] | None, told_beside: bool
) -> TimelineEntry | None:
    if entry.record == "contact_point" and entry.kind != "update":
        return _reached(entry)
    known = _fields(entry.record)
    told_already = _TOLD_BY_EVENTS | (_TOLD_BY_EVENTS_BESIDE.get(entry.record, frozenset()) if told_beside else set())
    sentences = []
    for one in field_changes(session, entry) if entry.kind == "update" else ():
        if one.key in told_already or not (one.key in known or one.key.startswith("custom.")):
            continue
        if one.now == "–":
            template = lazy("{field} removed, was {was}")
        elif one.was == "–":
            template = lazy("{field} set to {now}")
        else:
            template = lazy("{field} set to {now}, was {was}")
        sentences.append(_(template).format(field=one.label, now=one.now, was=one.was))
    if not sentences:
        return None
    title = sentences[0]
    if (entry.record, entry.record_id) != own and entry.record in _TOLD_BY_NAME:
        title = f"{title_of(session, entry.record, entry.record_id)}: {title}"
    return TimelineEntry(
        at=entry.happened_at,
        what="change",
        kind=entry.kind,
        title=title,
        body="\n".join(sentences[1:]),
        who=entry.actor,
        record=entry.record,
        record_id=entry.record_id,
        number=entry.number,
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
        number=entry.number,
    )


def _standing(value: str) -> str:
    return _(Lifecycle(value).label).lower()


@cache
def _told_records() -> list[str]:
    """The records with fields that people know by name; history rows and links have none."""
    kinds: list[type[Base]] = [mapper.class_ for mapper in Base.registry.mappers]
    return sorted({record_name(kind) for kind in kinds if issubclass(kind, Journalled) and fields_of(kind)})


@cache
def _fields(record: str) -> frozenset[str]:
    """The fields that people type in such records, by key."""
    kinds = [mapper.class_ for mapper in Base.registry.mappers if record_name(mapper.class_) == record]
    return frozenset(key for kind in kinds for key in fields_of(kind, shown="form"))
