"""What may be done with series: begin, skip one, stop. The next one is made when one is done."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.activities.actions.reminder import move_reminders
from crmlib.activities.events import ActivityPlanned, SeriesStopped
from crmlib.activities.records import About, Activity, Participation, Recurrence, Reminder, Result
from crmlib.activities.rules import read_rule, slots
from crmlib.base import InvalidInput, InvalidTransition, Refused, find, tell
from crmlib.i18n import gettext as _

__all__ = ["make_next", "repeat_activity", "skip_occurrence", "stop_series"]


def repeat_activity(session: Session, activity: Activity | int, rule: str, *, zone: str) -> Recurrence:
    """Let an open activity repeat by an RRULE, counted by the clock of `zone`; it is the first of its series.

    Raises InvalidInput where the rule cannot be or the activity has no moment, Refused where it repeats already.
    """
    activity = find(session, Activity, activity)
    begins = activity.starts_at or activity.due_at
    if activity.done_at is not None:
        raise InvalidTransition(_("“{subject}” is done already.").format(subject=activity.subject))
    if activity.recurrence_id is not None:
        raise Refused(_("“{subject}” repeats already; stop that series first.").format(subject=activity.subject))
    if begins is None:
        raise InvalidInput(_("Start"), "", _("say when it takes place first"))
    series = Recurrence(rule=read_rule(rule, starts_at=begins, zone=zone), starts_at=begins, zone=zone, skipped=[])
    activity.recurrence, activity.slot_at = series, begins
    session.flush()
    return series


def make_next(session: Session, activity: Activity, *, at: datetime) -> Activity | None:
    """The next of the series that `activity` is of, with its people and reminders; None where there is none to come.

    It is the first one after this slot that is still to come at `at`: a fortnight's leave leaves no backlog. Where an
    open one is there already it is that one.
    """
    series = activity.recurrence
    if series is None or series.stopped_at is not None or activity.slot_at is None:
        return None
    waiting = select(Activity).where(Activity.recurrence_id == series.id, Activity.done_at.is_(None))
    if (there := session.scalars(waiting.order_by(Activity.slot_at).limit(1)).first()) is not None:
        return there
    newest = select(Activity.slot_at).where(Activity.recurrence_id == series.id).order_by(Activity.slot_at.desc())
    last = session.scalars(newest.limit(1)).first() or activity.slot_at
    skipped = {datetime.fromisoformat(one) for one in series.skipped}
    after = max(last, at)
    coming = slots(series.rule, starts_at=series.starts_at, zone=series.zone)
    slot = next((moment for moment in coming if moment > after and moment not in skipped), None)
    return None if slot is None else _copy(session, activity, slot, at=at)


def skip_occurrence(session: Session, activity: Activity | int, *, at: datetime) -> Activity | None:
    """Leave out one open occurrence of a series and go on with the next one, which is returned if there is any."""
    activity = find(session, Activity, activity)
    series = _series(activity)
    if activity.done_at is not None:
        raise InvalidTransition(_("“{subject}” is done already.").format(subject=activity.subject))
    if activity.slot_at is not None:
        series.skipped = [*series.skipped, activity.slot_at.astimezone(UTC).isoformat()]
    activity.done_at, activity.result = at, Result.CANCELLED
    session.flush()
    for one in activity.reminders:
        one.done_at = one.done_at or at
    return make_next(session, activity, at=at)


def stop_series(session: Session, activity: Activity | int, *, at: datetime) -> Recurrence:
    """Make no more occurrences; the open one stays as it is, for somebody to do or to cancel."""
    activity = find(session, Activity, activity)
    series = _series(activity)
    if series.stopped_at is None:
        series.stopped_at = at
        session.flush()
        tell(session, SeriesStopped(record_id=activity.id, at=at, subject=activity.subject))
    return series


def _series(activity: Activity) -> Recurrence:
    if activity.recurrence is None:
        raise Refused(_("“{subject}” does not repeat.").format(subject=activity.subject))
    return activity.recurrence


def _copy(session: Session, done: Activity, slot: datetime, *, at: datetime) -> Activity:
    made = Activity(
        kind=done.kind,
        subject=done.subject,
        body=done.body,
        priority=done.priority,
        location=done.location,
        recurrence=done.recurrence,
        slot_at=slot,
        due_at=slot,
        starts_at=slot if done.starts_at else None,
        ends_at=slot + (done.ends_at - done.starts_at) if done.starts_at and done.ends_at else None,
    )
    made.participations = [Participation(party_id=one.party_id, part=one.part) for one in done.participations]
    made.abouts = [About(record=one.record, record_id=one.record_id) for one in done.abouts]
    made.reminders = [
        Reminder(minutes_before=one.minutes_before, for_party_id=one.for_party_id)
        for one in done.reminders
        if one.minutes_before is not None
    ]
    move_reminders(made)
    session.add(made)
    session.flush()
    tell(session, ActivityPlanned(record_id=made.id, at=at, activity_kind=made.kind, subject=made.subject))
    return made
