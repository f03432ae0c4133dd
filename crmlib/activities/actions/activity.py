"""What may be done with activities."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from crmlib.activities.actions.recurrence import make_next
from crmlib.activities.actions.reminder import dismiss_reminders
from crmlib.activities.events import ActivityCancelled, ActivityDone, ActivityPlanned
from crmlib.activities.records import RESULTS, About, Activity, ActivityKind, Part, Participation, Result
from crmlib.base import InvalidInput, InvalidTransition, fields_of, find, tell
from crmlib.contacts import Party
from crmlib.i18n import gettext as _

__all__ = [
    "cancel_activity",
    "finish_activity",
    "log_activity",
    "plan_activity",
    "plan_next",
    "read_result",
    "refuse_backward",
    "reopen_activity",
]

# A first line longer than this is cut where it stands in for a subject; the body keeps it whole.
LONGEST_SUBJECT = 80


def log_activity(
    session: Session,
    kind: ActivityKind | str,
    *,
    subject: str = "",
    body: str | None = None,
    with_parties: Sequence[Party | int] = (),
    by: Party | int | None = None,
    about: Iterable[tuple[str, int]] = (),
    outcome: str | None = None,
    result: Result | str | None = None,
    duration_minutes: int | None = None,
    location: str | None = None,
    follows: Activity | int | None = None,
    starts_at: datetime | None = None,
    at: datetime,
) -> Activity:
    """Keep something that has been done at `at`: a call, a meeting, a note.

    Without a subject the first line of the body is one. Raises InvalidInput where there is neither.
    """
    activity = _make(kind, subject, body, with_parties, by, about, session)
    activity.starts_at, activity.done_at = starts_at or at, at
    activity.outcome = fields_of(Activity)["outcome"].read(outcome)
    activity.result = read_result(activity.kind, result)
    _describe(session, activity, location=location, duration_minutes=duration_minutes, follows=follows)
    _keep(session, activity, at=at)
    return activity


def plan_activity(
    session: Session,
    kind: ActivityKind | str,
    *,
    subject: str,
    due_at: datetime | None,
    body: str | None = None,
    with_parties: Sequence[Party | int] = (),
    assignee: Party | int | None = None,
    about: Iterable[tuple[str, int]] = (),
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    attendees: Sequence[Party | int] = (),
    location: str | None = None,
    duration_minutes: int | None = None,
    priority: str = "normal",
    follows: Activity | int | None = None,
    at: datetime,
) -> Activity:
    """Plan something for `due_at`, or for some day where nobody has said when.

    `attendees` are invited besides; `follows` is the activity at which this appointment was made. Raises InvalidInput
    where it would end before it starts.
    """
    refuse_backward(starts_at, ends_at)
    activity = _make(kind, subject, body, with_parties, assignee, about, session)
    _describe(session, activity, location=location, duration_minutes=duration_minutes, follows=follows)
    activity.priority = fields_of(Activity)["priority"].read(priority)
    for number in dict.fromkeys(find(session, Party, party).id for party in attendees):
        activity.participations.append(Participation(party_id=number, part=Part.ATTENDEE))
    activity.due_at, activity.starts_at, activity.ends_at = due_at or starts_at, starts_at, ends_at
    _keep(session, activity, at=at)
    return activity


def finish_activity(
    session: Session,
    activity: Activity | int,
    *,
    at: datetime,
    outcome: str | None = None,
    result: Result | str | None = None,
    duration_minutes: int | None = None,
) -> Activity:
    """Mark an open activity as done; of a series the next one is made then.

    `result` is one of `RESULTS` for its kind. Raises InvalidTransition where it is done already.
    """
    activity = find(session, Activity, activity)
    if activity.done_at is not None:
        raise InvalidTransition(_("“{subject}” is done already.").format(subject=activity.subject))
    read = read_result(activity.kind, result)
    if duration_minutes is not None:
        activity.duration_minutes = fields_of(Activity)["duration_minutes"].read(duration_minutes)
    activity.outcome = fields_of(Activity)["outcome"].read(outcome)
    activity.result, activity.done_at = read, at
    session.flush()
    _tell_about(session, activity, ActivityDone, at)
    dismiss_reminders(activity, at=at)
    make_next(session, activity, at=at)
    return activity


def cancel_activity(session: Session, activity: Activity | int, *, reason: str | None = None, at: datetime) -> Activity:
    """Close an activity that will not take place; a series goes on with its next one.

    Raises InvalidTransition where it is done already.
    """
    activity = find(session, Activity, activity)
    if activity.done_at is not None:
        raise InvalidTransition(_("“{subject}” is done already.").format(subject=activity.subject))
    activity.done_at, activity.result = at, Result.CANCELLED
    activity.outcome = fields_of(Activity)["outcome"].read(reason)
    session.flush()
    tell(session, ActivityCancelled(record_id=activity.id, at=at, subject=activity.subject, reason=reason))
    dismiss_reminders(activity, at=at)
    make_next(session, activity, at=at)
    return activity


def plan_next(
    session: Session,
    activity: Activity | int,
    *,
    starts_at: datetime,
    ends_at: datetime | None = None,
    kind: ActivityKind | str | None = None,
    subject: str = "",
    location: str | None = None,
    at: datetime,
) -> Activity:
    """Make *another appointment*: a new activity with the same people about the same, that follows from this one."""
    activity = find(session, Activity, activity)
    people = {part: [one.party_id for one in activity.participations if one.part is part] for part in Part}
    following = plan_activity(
        session,
        kind or activity.kind,
        subject=subject or activity.subject,
        due_at=starts_at,
        starts_at=starts_at,
        ends_at=ends_at,
        with_parties=people[Part.TARGET],
        assignee=next(iter(people[Part.ASSIGNEE]), None),
        attendees=people[Part.ATTENDEE],
        about=[(one.record, one.record_id) for one in activity.abouts],
        location=location or activity.location,
        follows=activity,
        at=at,
    )
    for number in people[Part.SOURCE]:
        following.participations.append(Participation(party_id=number, part=Part.SOURCE))
    session.flush()
    return following


def read_result(kind: ActivityKind, result: Result | str | None) -> Result | None:
    """The code meant, if an activity of this kind can have it; InvalidInput names those it can have."""
    if result is None or result == "":
        return None
    about = fields_of(Activity)["result"]
    able = replace(about, choices=tuple((one.value, one.label) for one in RESULTS[ActivityKind(kind)]))
    return Result(able.read(result))


def refuse_backward(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raise InvalidInput where something would end before it starts, or end and never start."""
    if ends_at is not None and (starts_at is None or ends_at < starts_at):
        raise InvalidInput(_("End"), ends_at.isoformat(), _("must be after the start"))


def reopen_activity(session: Session, activity: Activity | int) -> Activity:
    """Take back that an activity was done. Raises InvalidTransition where it is open."""
    activity = find(session, Activity, activity)
    if activity.done_at is None:
        raise InvalidTransition(_("“{subject}” is not done yet.").format(subject=activity.subject))
    activity.done_at = activity.outcome = activity.result = None
    return activity


def _describe(
    session: Session,
    activity: Activity,
    *,
    location: str | None,
    duration_minutes: int | None,
    follows: Activity | int | None,
) -> None:
    known = fields_of(Activity)
    activity.location = known["location"].read(location)
    activity.duration_minutes = known["duration_minutes"].read(duration_minutes)
    activity.follows_id = None if follows is None else find(session, Activity, follows).id


def _make(
    kind: ActivityKind | str,
    subject: str,
    body: str | None,
    with_parties: Sequence[Party | int],
    doer: Party | int | None,
    about: Iterable[tuple[str, int]],
    session: Session,
) -> Activity:
    known = fields_of(Activity)
    body = known["body"].read(body)
    if not subject.strip() and body:
        first, _line, rest = body.partition("\n")
        subject = first if len(first) <= LONGEST_SUBJECT else first[: LONGEST_SUBJECT - 1] + "…"
        body = (rest.strip() or None) if subject == first else body
    activity = Activity(kind=known["kind"].read(kind), subject=known["subject"].read(subject), body=body)
    targets = dict.fromkeys(find(session, Party, party).id for party in with_parties)
    activity.participations = [Participation(party_id=number, part=Part.TARGET) for number in targets]
    if doer is not None:
        activity.participations.append(Participation(party_id=find(session, Party, doer).id, part=Part.ASSIGNEE))
    activity.abouts = [About(record=record, record_id=number) for record, number in about]
    return activity


def _keep(session: Session, activity: Activity, *, at: datetime) -> None:
    session.add(activity)
    session.flush()
    _tell_about(session, activity, ActivityDone if activity.done_at else ActivityPlanned, at)


def _tell_about(
    session: Session, activity: Activity, event: type[ActivityDone] | type[ActivityPlanned], at: datetime
) -> None:
    # No party: the activity itself already stands on the timelines of all who took part.
    tell(session, event(record_id=activity.id, at=at, activity_kind=activity.kind, subject=activity.subject))
