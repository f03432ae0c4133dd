"""Activities: what was done and is to be done with whom, reminders and series, and the one timeline of every record.

Tasks, calls, meetings, mails and notes are one kind of record with parts that parties take in it.
"""

from crmlib.activities import fields as _fields
from crmlib.activities.actions.activity import (
    cancel_activity,
    finish_activity,
    log_activity,
    plan_activity,
    plan_next,
    read_result,
    refuse_backward,
    reopen_activity,
)
from crmlib.activities.actions.change import (
    add_participant,
    delete_activity,
    edit_activity,
    hand_over_activities,
    reassign_activity,
    remove_participant,
    reply_to_invitation,
    reschedule_activity,
)
from crmlib.activities.actions.recurrence import (
    repeat_activity,
    skip_occurrence,
    stop_series,
)
from crmlib.activities.actions.reminder import (
    dismiss_reminder,
    remind,
    snooze_reminder,
)
from crmlib.activities.events import (
    ActivitiesHandedOver,
    ActivityCancelled,
    ActivityDone,
    ActivityMoved,
    ActivityPlanned,
    ActivityReassigned,
    InvitationAnswered,
    SeriesStopped,
)
from crmlib.activities.queries.activity import (
    ACTIVITIES,
    activities,
    due_activities,
    latest_kinds,
    next_steps,
)
from crmlib.activities.queries.diary import (
    APPOINTMENTS,
    CALENDAR,
    NEXT_APPOINTMENTS,
    RESULTS_BY_KIND,
    appointments_ahead,
    calendar,
    due_reminders,
    month_of,
    next_appointments,
    results_by_kind,
    week_of,
    when_do_i_see,
)
from crmlib.activities.queries.work import (
    WORK,
    who_works_on_whom,
)
from crmlib.activities.records import (
    PRIORITIES,
    RESULTS,
    About,
    Activity,
    ActivityKind,
    Part,
    Participation,
    Recurrence,
    Reminder,
    Reply,
    Result,
)
from crmlib.activities.rules import (
    read_rule,
    slots,
)
from crmlib.activities.timeline import (
    TimelineEntry,
    timeline,
    timeline_of,
)

# What filters and lists can ask is offered as soon as the door is opened.
assert _fields is not None

__all__ = [
    "ACTIVITIES",
    "APPOINTMENTS",
    "CALENDAR",
    "NEXT_APPOINTMENTS",
    "PRIORITIES",
    "RESULTS",
    "RESULTS_BY_KIND",
    "WORK",
    "About",
    "ActivitiesHandedOver",
    "Activity",
    "ActivityCancelled",
    "ActivityDone",
    "ActivityKind",
    "ActivityMoved",
    "ActivityPlanned",
    "ActivityReassigned",
    "InvitationAnswered",
    "Part",
    "Participation",
    "Recurrence",
    "Reminder",
    "Reply",
    "Result",
    "SeriesStopped",
    "TimelineEntry",
    "activities",
    "add_participant",
    "appointments_ahead",
    "calendar",
    "cancel_activity",
    "delete_activity",
    "dismiss_reminder",
    "due_activities",
    "due_reminders",
    "edit_activity",
    "finish_activity",
    "hand_over_activities",
    "latest_kinds",
    "log_activity",
    "month_of",
    "next_appointments",
    "next_steps",
    "plan_activity",
    "plan_next",
    "read_result",
    "read_rule",
    "reassign_activity",
    "refuse_backward",
    "remind",
    "remove_participant",
    "reopen_activity",
    "repeat_activity",
    "reply_to_invitation",
    "reschedule_activity",
    "results_by_kind",
    "skip_occurrence",
    "slots",
    "snooze_reminder",
    "stop_series",
    "timeline",
    "timeline_of",
    "week_of",
    "when_do_i_see",
    "who_works_on_whom",
]
