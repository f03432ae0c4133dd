"""What may be done with activities."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from crmlib.activities.events import ActivityDone, ActivityPlanned
from crmlib.activities.records import About, Activity, ActivityKind, Part, Participation
from crmlib.base import InvalidTransition, fields_of, find, tell
from crmlib.contacts import Party
from crmlib.i18n import gettext as _

__all__ = ["finish_activity", "log_activity", "plan_activity", "reopen_activity"]

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
    starts_at: datetime | None = None,
    at: datetime,
) -> Activity:
    """Keep something that has been done at `at`: a call, a meeting, a note.

    Without a subject the first line of the body is one. Raises InvalidInput where there is neither.
    """
    activity = _make(kind, subject, body, with_parties, by, about, session)
    activity.starts_at, activity.done_at = starts_at or at, at
    activity.outcome = fields_of(Activity)["outcome"].read(outcome)
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
    at: datetime,
) -> Activity:
    """Plan something for `due_at`, or for some day where nobody has said when."""
    activity = _make(kind, subject, body, with_parties, assignee, about, session)
    activity.due_at, activity.starts_at, activity.ends_at = due_at or starts_at, starts_at, ends_at
    _keep(session, activity, at=at)
    return activity


def finish_activity(
    session: Session, activity: Activity | int, *, at: datetime, outcome: str | None = None
) -> Activity:
    """Mark an open activity as done. Raises InvalidTransition where it is done already."""
    activity = find(session, Activity, activity)
    if activity.done_at is not None:
        raise InvalidTransition(_("“{subject}” is done already.").format(subject=activity.subject))
    activity.done_at = at
    activity.outcome = fields_of(Activity)["outcome"].read(outcome)
    session.flush()
    _tell_about(session, activity, ActivityDone, at)
    _remember_latest(session, activity, at)
    return activity


def reopen_activity(session: Session, activity: Activity | int) -> Activity:
    """Take back that an activity was done. Raises InvalidTransition where it is open."""
    activity = find(session, Activity, activity)
    if activity.done_at is None:
        raise InvalidTransition(_("“{subject}” is not done yet.").format(subject=activity.subject))
    activity.done_at = activity.outcome = None
    return activity


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
    if activity.done_at:
        _remember_latest(session, activity, activity.shown_at)


def _tell_about(
    session: Session, activity: Activity, event: type[ActivityDone] | type[ActivityPlanned], at: datetime
) -> None:
    # No party: the activity itself already stands on the timelines of all who took part.
    tell(session, event(record_id=activity.id, at=at, activity_kind=activity.kind, subject=activity.subject))


def _remember_latest(session: Session, activity: Activity, at: datetime) -> None:
    parties = [one.party_id for one in activity.participations if one.part is Part.TARGET]
    older = or_(Party.last_activity_at.is_(None), Party.last_activity_at < at)
    newest = update(Party).where(Party.id.in_(parties), older).values(last_activity_at=at)
    # Nobody reads the column of a record in hand; to bring those up to date would walk through all of them.
    session.execute(newest, execution_options={"synchronize_session": False})
