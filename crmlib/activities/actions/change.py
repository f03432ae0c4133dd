"""What may be done with an activity that is there: edit, move, give to another, invite, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.activities.actions.activity import read_result, refuse_backward
from crmlib.activities.actions.recurrence import make_next
from crmlib.activities.actions.reminder import move_reminders
from crmlib.activities.events import ActivitiesHandedOver, ActivityMoved, ActivityReassigned, InvitationAnswered
from crmlib.activities.records import Activity, Part, Participation, Reply
from crmlib.base import InvalidInput, NotFound, Refused, fields_of, find, tell
from crmlib.contacts import Party, conflict, read_moment, refuse_stale, untag_everything, write
from crmlib.i18n import gettext as _

__all__ = [
    "add_participant",
    "delete_activity",
    "edit_activity",
    "hand_over_activities",
    "reassign_activity",
    "remove_participant",
    "reply_to_invitation",
    "reschedule_activity",
]

_MOMENTS = ("due_at", "starts_at", "ends_at")


def edit_activity(
    session: Session,
    activity: Activity | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    at: datetime,
) -> Activity:
    """Change fields of an activity; `due_at`, `starts_at`, `ends_at` as moments or ISO text with their offset.

    Raises Conflict with both versions where a field holds another value than `was`, InvalidInput where a value
    cannot be; nothing is changed then.
    """
    activity = find(session, Activity, activity)
    labels = {"due_at": _("Due"), "starts_at": _("Start"), "ends_at": _("End")}
    readers: dict[str, Any] = {key: lambda value, key=key: read_moment(labels[key], value) for key in _MOMENTS}
    kind = fields_of(Activity)["kind"].read(typed["kind"]) if "kind" in typed else activity.kind
    readers["result"] = lambda value: read_result(kind, value)
    refuse_stale(activity, typed, was)
    if "kind" in typed and "result" not in typed and activity.result is not None:
        read_result(kind, activity.result)
    planned = {key: readers[key](typed[key]) if key in typed else getattr(activity, key) for key in _MOMENTS}
    refuse_backward(planned["starts_at"], planned["ends_at"])
    before = activity.starts_at or activity.due_at
    write(activity, typed, readers=readers)
    now = activity.starts_at or activity.due_at
    if before != now:
        _moved(session, activity, before, now, at)
    return activity


def reschedule_activity(
    session: Session,
    activity: Activity | int,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    due_at: datetime | None = None,
    was: Mapping[str, Any] | None = None,
    at: datetime,
) -> Activity:
    """Move an open activity to another moment; it keeps its length, and its reminders move along.

    `was` holds `starts_at` or `due_at` as whoever drags it saw them; Conflict where somebody moved it since.
    """
    activity = find(session, Activity, activity)
    if activity.done_at is not None:
        raise Refused(_("“{subject}” is done already.").format(subject=activity.subject))
    if starts_at is None and due_at is None:
        raise InvalidInput(_("Start"), "", _("say when it takes place first"))
    typed: dict[str, Any] = {"due_at": due_at or starts_at}
    if starts_at is not None:
        length = activity.ends_at - activity.starts_at if activity.ends_at and activity.starts_at else None
        typed |= {"starts_at": starts_at, "ends_at": ends_at or (starts_at + length if length else None)}
    refuse_stale(activity, dict.fromkeys(was or {}) | typed, was)
    return edit_activity(session, activity, typed, at=at)


def reassign_activity(
    session: Session,
    activity: Activity | int,
    to: Party | int | None,
    *,
    was: int | None = None,
    at: datetime,
) -> Activity:
    """Give an activity to another colleague, or to nobody.

    `was` is the number of the colleague who had it when the editor looked; Conflict where it is another by now.
    """
    activity = find(session, Activity, activity)
    new = None if to is None else find(session, Party, to)
    now = next((one for one in activity.participations if one.part is Part.ASSIGNEE), None)
    if was is not None and (now.party_id if now else None) != was:
        theirs = find(session, Party, now.party_id).name if now else ""
        raise conflict({"assignee": new.name if new else ""}, {"assignee": theirs})
    if (now.party_id if now else None) == (new.id if new else None):
        return activity
    before = find(session, Party, now.party_id).name if now else "–"
    if now is not None:
        activity.participations.remove(now)
        session.flush()
    if new is not None:
        activity.participations.append(Participation(party_id=new.id, part=Part.ASSIGNEE))
    session.flush()
    told = ActivityReassigned(
        record_id=activity.id, at=at, subject=activity.subject, giver=before, taker=new.name if new else "–"
    )
    tell(session, told)
    return activity


def hand_over_activities(session: Session, giver: Party | int, taker: Party | int, *, at: datetime) -> int:
    """Give all open activities of one colleague to another; how many they were. Raises Refused where they are one."""
    giver, taker = find(session, Party, giver), find(session, Party, taker)
    if giver.id == taker.id:
        raise Refused(_("Choose another colleague than {name}.").format(name=giver.name))
    rows = (
        select(Activity)
        .join(Participation, Participation.activity_id == Activity.id)
        .where(Participation.party_id == giver.id, Participation.part == Part.ASSIGNEE, Activity.done_at.is_(None))
        .order_by(Activity.id)
    )
    found = session.scalars(rows).unique().all()
    for activity in found:
        reassign_activity(session, activity, taker, at=at)
    for colleague in (giver, taker):
        tell(
            session,
            ActivitiesHandedOver(
                record_id=colleague.id,
                party_id=colleague.id,
                at=at,
                giver=giver.name,
                taker=taker.name,
                n_activities=len(found),
            ),
        )
    return len(found)


def add_participant(
    session: Session, activity: Activity | int, party: Party | int, part: Part | str = Part.ATTENDEE
) -> Participation:
    """Let a party take a part in an activity. Raises Refused where it has that part, or another is to do it."""
    activity, party = find(session, Activity, activity), find(session, Party, party)
    part = Part(fields_of(Participation)["part"].read(part))
    if any((one.party_id, one.part) == (party.id, part) for one in activity.participations):
        raise Refused(_("{name} takes part already.").format(name=party.name))
    if part is Part.ASSIGNEE and any(one.part is part for one in activity.participations):
        raise Refused(_("“{subject}” is somebody's already; reassign it.").format(subject=activity.subject))
    made = Participation(party_id=party.id, part=part)
    activity.participations.append(made)
    session.flush()
    return made


def remove_participant(
    session: Session, activity: Activity | int, party: Party | int, part: Part | str | None = None
) -> int:
    """Let a party take no part any more, or not this one; how many parts it had."""
    activity, party = find(session, Activity, activity), find(session, Party, party)
    wanted = Part(fields_of(Participation)["part"].read(part)) if part else None
    gone = [one for one in activity.participations if one.party_id == party.id and wanted in (None, one.part)]
    for one in gone:
        activity.participations.remove(one)
    session.flush()
    return len(gone)


def reply_to_invitation(
    session: Session, activity: Activity | int, party: Party | int, reply: Reply | str, *, at: datetime
) -> Participation:
    """Keep what a party answered. Raises NotFound where it takes no part."""
    activity, party = find(session, Activity, activity), find(session, Party, party)
    reply = Reply(fields_of(Participation)["reply"].read(reply))
    mine = [one for one in activity.participations if one.party_id == party.id]
    if not mine:
        raise NotFound(_("participation"), party.name)
    for one in mine:
        one.reply, one.replied_at = reply, at
    session.flush()
    told = InvitationAnswered(
        record_id=activity.id, party_id=party.id, at=at, name=party.name, subject=activity.subject, reply=reply
    )
    tell(session, told)
    return mine[0]


def delete_activity(
    session: Session,
    activity: Activity | int,
    *,
    was: Mapping[str, Any] | None = None,
    at: datetime,
) -> None:
    """Delete an activity with its parts and reminders; a series goes on with its next one.

    What followed from it stays, and follows from nothing then.
    Raises Conflict where a field holds another value than `was` by now.
    """
    activity = find(session, Activity, activity)
    refuse_stale(activity, dict.fromkeys(was or {}), was)
    for following in session.scalars(select(Activity).where(Activity.follows_id == activity.id)):
        following.follows_id = None
    if activity.done_at is None and activity.recurrence is not None and activity.slot_at is not None:
        series, slot = activity.recurrence, activity.slot_at
        series.skipped = [*series.skipped, slot.isoformat()]
        # Closed for the moment only, so that the next one is made from it before it goes.
        activity.done_at = at
        session.flush()
        make_next(session, activity, at=at)
    untag_everything(session, Activity, activity.id)
    session.delete(activity)
    session.flush()


def _moved(session: Session, activity: Activity, before: datetime | None, now: datetime | None, at: datetime) -> None:
    move_reminders(activity)
    session.flush()
    told = ActivityMoved(
        record_id=activity.id,
        at=at,
        subject=activity.subject,
        from_at=before.isoformat() if before else None,
        to_at=now.isoformat() if now else None,
    )
    tell(session, told)
