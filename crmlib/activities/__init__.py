"""Activities: what was done and is to be done with whom, and the one timeline of every party.

Tasks, calls, meetings, mails and notes are one kind of record with parts that parties take in it.
"""

from crmlib.activities import fields
from crmlib.activities.actions import finish_activity, log_activity, plan_activity, reopen_activity
from crmlib.activities.events import ActivityDone, ActivityPlanned
from crmlib.activities.queries import ACTIVITIES, activities, due_activities, latest_kinds, next_steps
from crmlib.activities.records import About, Activity, ActivityKind, Part, Participation
from crmlib.activities.timeline import TimelineEntry, timeline

__all__ = [
    "ACTIVITIES",
    "About",
    "Activity",
    "ActivityDone",
    "ActivityKind",
    "ActivityPlanned",
    "Part",
    "Participation",
    "TimelineEntry",
    "activities",
    "due_activities",
    "finish_activity",
    "latest_kinds",
    "log_activity",
    "next_steps",
    "plan_activity",
    "reopen_activity",
    "timeline",
]
