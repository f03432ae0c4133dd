"""What may be asked about activities."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from crmlib.activities.records import About, Activity, Part, Participation
from crmlib.base import read_frame
from crmlib.contacts import Party

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ACTIVITIES", "activities", "due_activities", "latest_kinds", "next_steps"]

ACTIVITIES = {
    "activity_id": "int64",
    "kind": "category",
    "subject": "str",
    "party_id": "Int64",
    "party": "str",
    "assignee_id": "Int64",
    "assignee": "str",
    "due_at": "datetime64[us, UTC]",
    "starts_at": "datetime64[us, UTC]",
    "done_at": "datetime64[us, UTC]",
    "outcome": "str",
}

_Target = aliased(Participation, name="target")
_Doer = aliased(Participation, name="doer")
_TargetParty = aliased(Party, name="target_party")
_DoerParty = aliased(Party, name="doer_party")


def activities(session: Session, *, since: datetime | None = None) -> "pd.DataFrame":
    """What was done and is planned, newest first.

    One row per activity and party it is with; one without a party has one row, and NA there. Columns are
    `ACTIVITIES`. `done_at` is NaT while the activity is open. `since` leaves out what stands before that moment.
    """
    rows = (
        select(
            Activity.id.label("activity_id"),
            Activity.kind,
            Activity.subject,
            _Target.party_id,
            _TargetParty.name.label("party"),
            _Doer.party_id.label("assignee_id"),
            _DoerParty.name.label("assignee"),
            Activity.due_at,
            Activity.starts_at,
            Activity.done_at,
            Activity.outcome,
        )
        .select_from(Activity)
        .outerjoin(_Target, (_Target.activity_id == Activity.id) & (_Target.part == Part.TARGET))
        .outerjoin(_TargetParty, _TargetParty.id == _Target.party_id)
        .outerjoin(_Doer, (_Doer.activity_id == Activity.id) & (_Doer.part == Part.ASSIGNEE))
        .outerjoin(_DoerParty, _DoerParty.id == _Doer.party_id)
        .order_by(Activity.shown_at.desc(), Activity.id.desc(), _Target.party_id)
    )
    if since is not None:
        rows = rows.where(Activity.shown_at >= since)
    return read_frame(session, rows, ACTIVITIES)


def due_activities(
    session: Session, *, until: datetime, assignee_id: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Open activities due by `until`, the longest overdue first: dicts of activity_id, kind, subject, due_at,
    party_id and party (one of those it is with), assignee.
    """
    target = (
        select(func.min(Participation.party_id))
        .where(Participation.activity_id == Activity.id, Participation.part == Part.TARGET)
        .correlate(Activity)
        .scalar_subquery()
    )
    rows = (
        select(
            Activity.id.label("activity_id"),
            Activity.kind,
            Activity.subject,
            Activity.due_at,
            _TargetParty.id.label("party_id"),
            _TargetParty.name.label("party"),
            _DoerParty.name.label("assignee"),
        )
        .select_from(Activity)
        .outerjoin(_TargetParty, _TargetParty.id == target)
        .outerjoin(_Doer, (_Doer.activity_id == Activity.id) & (_Doer.part == Part.ASSIGNEE))
        .outerjoin(_DoerParty, _DoerParty.id == _Doer.party_id)
        .where(Activity.done_at.is_(None), Activity.due_at <= until)
        .order_by(Activity.due_at, Activity.id)
        .limit(limit)
    )
    if assignee_id is not None:
        rows = rows.where(_Doer.party_id == assignee_id)
    return [dict(row) for row in session.execute(rows).mappings()]


def next_steps(session: Session, record: str, record_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The first open activity about each record of a kind: record id to activity_id, kind, subject, due_at."""
    rank = func.row_number().over(
        partition_by=About.record_id, order_by=(Activity.due_at.asc().nulls_last(), Activity.id)
    )
    ranked = (
        select(
            About.record_id,
            Activity.id.label("activity_id"),
            Activity.kind,
            Activity.subject,
            Activity.due_at,
            rank.label("rank"),
        )
        .join(Activity, Activity.id == About.activity_id)
        .where(About.record == record, About.record_id.in_(list(record_ids)), Activity.done_at.is_(None))
        .subquery()
    )
    found = session.execute(select(ranked).where(ranked.c.rank == 1)).mappings()
    return {row["record_id"]: {key: row[key] for key in ("activity_id", "kind", "subject", "due_at")} for row in found}


def latest_kinds(session: Session, party_ids: Iterable[int]) -> dict[int, str]:
    """What the newest thing done with each party was: party id to the kind of activity."""
    rank = func.row_number().over(partition_by=Participation.party_id, order_by=Activity.shown_at.desc())
    ranked = (
        select(Participation.party_id, Activity.kind, rank.label("rank"))
        .join(Activity, Activity.id == Participation.activity_id)
        .where(
            Participation.party_id.in_(list(party_ids)),
            Participation.part == Part.TARGET,
            Activity.done_at.is_not(None),
        )
        .subquery()
    )
    rows = session.execute(select(ranked.c.party_id, ranked.c.kind).where(ranked.c.rank == 1))
    return {party_id: kind.value for party_id, kind in rows}
