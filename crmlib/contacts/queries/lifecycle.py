"""Where parties stand and stood with us, from the rows of their history."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import read_frame
from crmlib.contacts.records import Lifecycle, LifecycleEvent, Party

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LIFECYCLE_HISTORY",
    "LIFECYCLE_TRANSITIONS",
    "lifecycle_counts_at",
    "lifecycle_history",
    "lifecycle_transitions",
]

LIFECYCLE_HISTORY = {
    "party_id": "int64",
    "party": "str",
    "lifecycle": "category",
    "from_at": "datetime64[us, UTC]",
    "to_at": "datetime64[us, UTC]",
    "reason": "str",
}
LIFECYCLE_TRANSITIONS = {"was": "category", "became": "category", "n_parties": "int64", "n_times": "int64"}


def _steps() -> Any:
    in_order: dict[str, Any] = {
        "partition_by": LifecycleEvent.party_id,
        "order_by": (LifecycleEvent.at, LifecycleEvent.id),
    }
    return select(
        LifecycleEvent.id,
        LifecycleEvent.party_id,
        LifecycleEvent.lifecycle,
        LifecycleEvent.at,
        LifecycleEvent.reason,
        func.lag(LifecycleEvent.lifecycle).over(**in_order).label("was"),
        func.lead(LifecycleEvent.at).over(**in_order).label("to_at"),
    )


def lifecycle_history(session: Session, *, party_id: int | None = None) -> "pd.DataFrame":
    """Every standing that parties had with us, by party and time.

    One row per party and standing. Columns are `LIFECYCLE_HISTORY`; `to_at` is NaT for the one that holds.
    """
    inner = _steps()
    if party_id is not None:
        inner = inner.where(LifecycleEvent.party_id == party_id)
    steps = inner.subquery()
    rows = (
        select(
            steps.c.party_id,
            Party.name.label("party"),
            steps.c.lifecycle,
            steps.c.at.label("from_at"),
            steps.c.to_at,
            steps.c.reason,
        )
        .join(Party, Party.id == steps.c.party_id)
        .order_by(steps.c.party_id, steps.c.at, steps.c.id)
    )
    return read_frame(session, rows, LIFECYCLE_HISTORY)


def lifecycle_transitions(
    session: Session, *, since: datetime | None = None, until: datetime | None = None
) -> "pd.DataFrame":
    """How often parties went from one standing to another, the most frequent first.

    One row per pair of standings; columns are `LIFECYCLE_TRANSITIONS`. The first standing of a party is no
    transition. `since` and `until` (left out itself) bound the moment of the change.
    """
    steps = _steps().subquery()
    rows = (
        select(
            steps.c.was,
            steps.c.lifecycle.label("became"),
            func.count(steps.c.party_id.distinct()).label("n_parties"),
            func.count().label("n_times"),
        )
        .select_from(steps)
        .join(Party, Party.id == steps.c.party_id)
        .where(steps.c.was.is_not(None), steps.c.was != steps.c.lifecycle)
        .group_by(steps.c.was, steps.c.lifecycle)
        .order_by(func.count().desc(), steps.c.was, steps.c.lifecycle)
    )
    if since is not None:
        rows = rows.where(steps.c.at >= since)
    if until is not None:
        rows = rows.where(steps.c.at < until)
    return read_frame(session, rows, LIFECYCLE_TRANSITIONS)


def lifecycle_counts_at(session: Session, *, at: datetime) -> dict[str, int]:
    """How many parties stood where at a moment, colleagues left out: lifecycle to count.

    From the history, so parties that are archived by now count where they stood then.
    """
    rank = func.row_number().over(
        partition_by=LifecycleEvent.party_id, order_by=(LifecycleEvent.at.desc(), LifecycleEvent.id.desc())
    )
    newest = (
        select(LifecycleEvent.party_id, LifecycleEvent.lifecycle, rank.label("rank"))
        .where(LifecycleEvent.at <= at)
        .subquery()
    )
    rows = (
        select(newest.c.lifecycle, func.count())
        .select_from(newest)
        .join(Party, Party.id == newest.c.party_id)
        .where(newest.c.rank == 1, newest.c.lifecycle != Lifecycle.COLLEAGUE)
        .group_by(newest.c.lifecycle)
    )
    return {lifecycle.value: count for lifecycle, count in session.execute(rows)}
