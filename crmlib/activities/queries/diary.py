"""The diary's questions: what succeeded, who made another appointment, what is ahead, when do I see whom."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from crmlib.activities.records import Activity, ActivityKind, Part, Participation, Reminder, Result
from crmlib.base import like_pattern, read_frame
from crmlib.contacts import Affiliation, Party, folded

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "APPOINTMENTS",
    "CALENDAR",
    "NEXT_APPOINTMENTS",
    "RESULTS_BY_KIND",
    "appointments_ahead",
    "calendar",
    "due_reminders",
    "month_of",
    "next_appointments",
    "results_by_kind",
    "week_of",
    "when_do_i_see",
]

RESULTS_BY_KIND = {
    "kind": "category",
    "n_planned": "int64",
    "n_done": "int64",
    "n_succeeded": "int64",
    "n_failed": "int64",
    "n_unsaid": "int64",
    "n_cancelled": "int64",
    "n_open": "int64",
    "minutes": "int64",
}
NEXT_APPOINTMENTS = {
    "party_id": "int64",
    "party": "str",
    "activity_id": "int64",
    "subject": "str",
    "took_place_at": "datetime64[us, UTC]",
    "next_activity_id": "Int64",
    "next_kind": "category",
    "next_at": "datetime64[us, UTC]",
}
APPOINTMENTS = {
    "activity_id": "int64",
    "kind": "category",
    "subject": "str",
    "at": "datetime64[us, UTC]",
    "ends_at": "datetime64[us, UTC]",
    "party_id": "Int64",
    "party": "str",
    "assignee_id": "Int64",
    "assignee": "str",
    "location": "str",
}
CALENDAR = {
    "activity_id": "int64",
    "kind": "category",
    "subject": "str",
    "starts_at": "datetime64[us, UTC]",
    "ends_at": "datetime64[us, UTC]",
    "due_at": "datetime64[us, UTC]",
    "done_at": "datetime64[us, UTC]",
    "result": "category",
    "priority": "category",
    "location": "str",
    "party_id": "Int64",
    "party": "str",
    "assignee_id": "Int64",
    "assignee": "str",
    "recurrence_id": "Int64",
}

_MEETINGS = (ActivityKind.MEETING, ActivityKind.VISIT, ActivityKind.CALL)
_With, _Doing = aliased(Participation, name="with_whom"), aliased(Participation, name="doing")
_Whom, _Who = aliased(Party, name="whom"), aliased(Party, name="who")


def week_of(day: date, *, zone: str = "UTC", weeks: int = 0) -> tuple[datetime, datetime]:
    """The Monday of a day's week and the Monday after it, as moments; `weeks` away: -2 is the week before last."""
    monday = day - timedelta(days=day.weekday()) + timedelta(weeks=weeks)
    return _midnight(monday, zone), _midnight(monday + timedelta(weeks=1), zone)


def month_of(day: date, *, zone: str = "UTC", months: int = 0) -> tuple[datetime, datetime]:
    """The first of a day's month and of the month after it, as moments; `months` away: 1 is next month."""
    n = day.year * 12 + day.month - 1 + months
    first, after = date(n // 12, n % 12 + 1, 1), date((n + 1) // 12, (n + 1) % 12 + 1, 1)
    return _midnight(first, zone), _midnight(after, zone)


def results_by_kind(
    session: Session, *, since: datetime, until: datetime, colleague_id: int | None = None
) -> "pd.DataFrame":
    """How many meetings, calls and so on succeeded: `results_by_kind(*week_of(today, weeks=-2))`.

    One row per kind of activity whose place in the diary (start, or else done or due) is from `since` and before
    `until`; columns are `RESULTS_BY_KIND`, no row where nothing was. `n_planned` counts all of them; `n_done` those
    that were done, of which `n_succeeded` and `n_failed` have a result that says so and `n_unsaid` have none;
    `n_cancelled` and `n_open` are the rest. `minutes` adds up what is known of how long they took.
    """
    good = [one for one in Result if one.succeeded]
    cancelled = Activity.result == Result.CANCELLED
    said = Activity.result.is_not(None)
    done = Activity.done_at.is_not(None) & (~said | ~cancelled)

    def n(condition: Any) -> Any:
        return func.count().filter(condition)

    rows = (
        select(
            Activity.kind,
            func.count().label("n_planned"),
            n(done).label("n_done"),
            n(done & Activity.result.in_(good)).label("n_succeeded"),
            n(done & said & Activity.result.not_in(good)).label("n_failed"),
            n(done & ~said).label("n_unsaid"),
            n(Activity.done_at.is_not(None) & said & cancelled).label("n_cancelled"),
            n(Activity.done_at.is_(None)).label("n_open"),
            func.coalesce(func.sum(Activity.duration_minutes).filter(done), 0).label("minutes"),
        )
        .where(Activity.shown_at >= since, Activity.shown_at < until)
        .group_by(Activity.kind)
        .order_by(Activity.kind)
    )
    if colleague_id is not None:
        rows = rows.where(Activity.id.in_(_of(colleague_id)))
    return read_frame(session, rows, RESULTS_BY_KIND)


def next_appointments(session: Session, *, since: datetime, until: datetime) -> "pd.DataFrame":
    """Which clients made another appointment at what took place from `since` and before `until`, and for when.

    One row per client, activity and appointment that follows from it; columns are `NEXT_APPOINTMENTS`, soonest next
    first. One that ended in *another appointment* whose moment nobody has planned yet has NaT there. What was
    cancelled since does not count.
    """
    following = aliased(Activity)
    follows = (following.follows_id == Activity.id) & (
        following.result.is_(None) | (following.result != Result.CANCELLED)
    )
    at = func.coalesce(following.starts_at, following.due_at)
    rows = (
        select(
            _With.party_id,
            _Whom.name.label("party"),
            Activity.id.label("activity_id"),
            Activity.subject,
            Activity.shown_at.label("took_place_at"),
            following.id.label("next_activity_id"),
            following.kind.label("next_kind"),
            at.label("next_at"),
        )
        .select_from(Activity)
        .join(_With, (_With.activity_id == Activity.id) & (_With.part == Part.TARGET))
        .join(_Whom, _Whom.id == _With.party_id)
        .outerjoin(following, follows)
        .where(
            Activity.done_at.is_not(None),
            Activity.shown_at >= since,
            Activity.shown_at < until,
            or_(following.id.is_not(None), Activity.result == Result.APPOINTMENT),
        )
        .order_by(at.asc().nulls_last(), _Whom.folded, Activity.id)
    )
    return read_frame(session, rows, NEXT_APPOINTMENTS)


def appointments_ahead(
    session: Session, *, since: datetime, until: datetime, colleague_id: int | None = None
) -> "pd.DataFrame":
    """Meetings, visits and calls that are planned from `since` and before `until`, soonest first.

    One row per appointment and client it is with, NA where it is with none; columns are `APPOINTMENTS`. How many there
    are next month: `appointments_ahead(since, until)["activity_id"].nunique()`, with `month_of(today, months=1)`.
    """
    begins = func.coalesce(Activity.starts_at, Activity.due_at)
    rows = _appointments().where(begins >= since, begins < until)
    if colleague_id is not None:
        rows = rows.where(Activity.id.in_(_of(colleague_id)))
    return read_frame(session, rows, APPOINTMENTS)


def when_do_i_see(
    session: Session, whom: str | int, *, at: datetime, colleague_id: int | None = None
) -> "pd.DataFrame":
    """When do I see Ivanov: the appointments still to come with a party, or with all whose name holds these words.

    One row per appointment and party, soonest first; columns are `APPOINTMENTS`. For an organization those with its
    people count too. `colleague_id` keeps those of one of us.
    """
    begins = func.coalesce(Activity.starts_at, Activity.due_at)
    rows = _appointments().where(func.coalesce(Activity.ends_at, begins) >= at)
    if isinstance(whom, int):
        people = select(Affiliation.person_id).where(Affiliation.organization_id == whom, Affiliation.to_on.is_(None))
        rows = rows.where(or_(_With.party_id == whom, _With.party_id.in_(people)))
    else:
        words = folded(whom).split()
        if not words:
            rows = rows.where(_Whom.id.is_(None) & _Whom.id.is_not(None))
        for word in words:
            rows = rows.where(_Whom.folded.like(like_pattern(word), escape="\\"))
    if colleague_id is not None:
        rows = rows.where(Activity.id.in_(_of(colleague_id)))
    return read_frame(session, rows, APPOINTMENTS)


def calendar(
    session: Session,
    *,
    since: datetime,
    until: datetime,
    colleague_id: int | None = None,
    kinds: tuple[ActivityKind | str, ...] = (),
) -> "pd.DataFrame":
    """What a calendar shows of a window: all that takes place in it, in part too, and what is due in it.

    One row per activity; `activity_id` is unique. Columns are `CALENDAR`, by start or else due moment. `party` is one
    of those it is with. What began before `since` is in it while it lasts. Cancelled ones are left out.
    """
    with_one = (
        select(func.min(Participation.party_id))
        .where(Participation.activity_id == Activity.id, Participation.part == Part.TARGET)
        .correlate(Activity)
        .scalar_subquery()
    )
    starts_in = (Activity.starts_at < until) & (func.coalesce(Activity.ends_at, Activity.starts_at) >= since)
    due_in = Activity.starts_at.is_(None) & (Activity.due_at >= since) & (Activity.due_at < until)
    rows = (
        select(
            Activity.id.label("activity_id"),
            Activity.kind,
            Activity.subject,
            Activity.starts_at,
            Activity.ends_at,
            Activity.due_at,
            Activity.done_at,
            Activity.result,
            Activity.priority,
            Activity.location,
            _Whom.id.label("party_id"),
            _Whom.name.label("party"),
            _Doing.party_id.label("assignee_id"),
            _Who.name.label("assignee"),
            Activity.recurrence_id,
        )
        .select_from(Activity)
        .outerjoin(_Whom, _Whom.id == with_one)
        .outerjoin(_Doing, (_Doing.activity_id == Activity.id) & (_Doing.part == Part.ASSIGNEE))
        .outerjoin(_Who, _Who.id == _Doing.party_id)
        .where(or_(starts_in, due_in), or_(Activity.result.is_(None), Activity.result != Result.CANCELLED))
        .order_by(func.coalesce(Activity.starts_at, Activity.due_at), Activity.id)
    )
    if colleague_id is not None:
        rows = rows.where(Activity.id.in_(_of(colleague_id)))
    if kinds:
        rows = rows.where(Activity.kind.in_([ActivityKind(one) for one in kinds]))
    return read_frame(session, rows, CALENDAR)


def due_reminders(session: Session, *, until: datetime, colleague_id: int | None = None) -> list[dict[str, Any]]:
    """Reminders that are due by `until` and not delivered, the oldest first.

    Dicts of reminder_id, activity_id, subject, kind, remind_at, begins_at, for_party_id: the colleague it was wished
    for, or else the one who is to do it, None where that is nobody.
    """
    whose = func.coalesce(Reminder.for_party_id, _Doing.party_id)
    rows = (
        select(
            Reminder.id.label("reminder_id"),
            Activity.id.label("activity_id"),
            Activity.subject,
            Activity.kind,
            Reminder.remind_at,
            func.coalesce(Activity.starts_at, Activity.due_at).label("begins_at"),
            whose.label("for_party_id"),
        )
        .join(Activity, Activity.id == Reminder.activity_id)
        .outerjoin(_Doing, (_Doing.activity_id == Activity.id) & (_Doing.part == Part.ASSIGNEE))
        .where(Reminder.done_at.is_(None), Reminder.remind_at <= until, Activity.done_at.is_(None))
        .order_by(Reminder.remind_at, Reminder.id)
    )
    if colleague_id is not None:
        rows = rows.where(whose == colleague_id)
    return [dict(row) for row in session.execute(rows).mappings()]


def _appointments() -> Select[*tuple[Any, ...]]:
    begins = func.coalesce(Activity.starts_at, Activity.due_at)
    return (
        select(
            Activity.id.label("activity_id"),
            Activity.kind,
            Activity.subject,
            begins.label("at"),
            Activity.ends_at,
            _With.party_id,
            _Whom.name.label("party"),
            _Doing.party_id.label("assignee_id"),
            _Who.name.label("assignee"),
            Activity.location,
        )
        .select_from(Activity)
        .outerjoin(_With, (_With.activity_id == Activity.id) & (_With.part == Part.TARGET))
        .outerjoin(_Whom, _Whom.id == _With.party_id)
        .outerjoin(_Doing, (_Doing.activity_id == Activity.id) & (_Doing.part == Part.ASSIGNEE))
        .outerjoin(_Who, _Who.id == _Doing.party_id)
        .where(Activity.done_at.is_(None), Activity.kind.in_(_MEETINGS), begins.is_not(None))
        .order_by(begins, Activity.id, _With.party_id)
    )


def _of(colleague_id: int) -> Select[int]:
    ours = (Part.ASSIGNEE, Part.ATTENDEE)
    return select(Participation.activity_id).where(Participation.party_id == colleague_id, Participation.part.in_(ours))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
