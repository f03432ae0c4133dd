"""What may be done with reminders."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from crmlib.activities.records import Activity, Reminder
from crmlib.base import InvalidInput, InvalidTransition, fields_of, find
from crmlib.contacts import Party
from crmlib.i18n import gettext as _

__all__ = ["dismiss_reminder", "dismiss_reminders", "move_reminders", "remind", "snooze_reminder"]


def remind(
    session: Session,
    activity: Activity | int,
    *,
    minutes_before: int | None = None,
    remind_at: datetime | None = None,
    for_party: Party | int | None = None,
) -> Reminder:
    """Wish to be reminded of an activity: so many minutes before it, or at a moment of its own.

    `for_party` is the colleague to remind, None whoever is to do it by then. Raises InvalidInput where neither or
    both are given, InvalidTransition where the activity is done.
    """
    activity = find(session, Activity, activity)
    if activity.done_at is not None:
        raise InvalidTransition(_("“{subject}” is done already.").format(subject=activity.subject))
    if (minutes_before is None) == (remind_at is None):
        raise InvalidInput(_("Reminder"), "", _("say how many minutes before, or at which moment"))
    reminder = Reminder(
        minutes_before=fields_of(Reminder)["minutes_before"].read(minutes_before),
        remind_at=remind_at,
        for_party_id=None if for_party is None else find(session, Party, for_party).id,
    )
    activity.reminders.append(reminder)
    move_reminders(activity)
    session.flush()
    return reminder


def dismiss_reminder(session: Session, reminder: Reminder | int, *, at: datetime) -> Reminder:
    """Say that a reminder was delivered, or is not needed any more."""
    reminder = find(session, Reminder, reminder)
    reminder.done_at = reminder.done_at or at
    return reminder


def snooze_reminder(session: Session, reminder: Reminder | int, until: datetime) -> Reminder:
    """Be reminded again at another moment; it no longer moves with the activity."""
    reminder = find(session, Reminder, reminder)
    reminder.minutes_before, reminder.remind_at, reminder.done_at = None, until, None
    return reminder


def move_reminders(activity: Activity) -> None:
    """Let the reminders that stand so many minutes before an activity stand before where it is now."""
    begins = activity.starts_at or activity.due_at
    for one in activity.reminders:
        if one.minutes_before is not None:
            moved: Any = None if begins is None else begins - timedelta(minutes=one.minutes_before)
            if moved != one.remind_at:
                one.remind_at, one.done_at = moved, None


def dismiss_reminders(activity: Activity, *, at: datetime) -> None:
    """Nobody need be reminded of what is done."""
    for one in activity.reminders:
        one.done_at = one.done_at or at
