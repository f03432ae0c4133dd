"""How deals went: amounts, expected closes and owners over time, where they came from, and which need attention."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Double, Select, and_, case, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from crmlib.base import major_units, read_frame
from crmlib.contacts import Party
from crmlib.sales.records import (
    AmountEvent,
    Deal,
    DealOwner,
    ExpectedCloseEvent,
    Lead,
    Pipeline,
    Stage,
    StageEvent,
    StageKind,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "AMOUNT_EVENTS",
    "DEAL_OWNERS",
    "DEAL_SOURCES",
    "EXPECTED_CLOSE_EVENTS",
    "SLIPPAGE",
    "amount_events",
    "deal_owners",
    "deal_sources",
    "deals_without_next_step",
    "expected_close_events",
    "slippage",
    "stale_deals",
]

AMOUNT_EVENTS = {
    "deal_id": "int64",
    "deal": "str",
    "before": "float64",
    "before_currency": "category",
    "after": "float64",
    "after_currency": "category",
    "at": "datetime64[us, UTC]",
    "why": "str",
}
EXPECTED_CLOSE_EVENTS = {
    "deal_id": "int64",
    "deal": "str",
    "before_on": "datetime64[s]",
    "after_on": "datetime64[s]",
    "at": "datetime64[us, UTC]",
    "why": "str",
}
SLIPPAGE = {
    "deal_id": "int64",
    "deal": "str",
    "owner": "str",
    "status": "category",
    "first_expected_on": "datetime64[s]",
    "expected_close_on": "datetime64[s]",
    "closed_on": "datetime64[s]",
    "n_moves": "int64",
    "slipped_days": "float64",
}
DEAL_OWNERS = {
    "deal_id": "int64",
    "deal": "str",
    "owner_id": "int64",
    "owner": "str",
    "share": "float64",
    "role": "str",
    "is_main": "bool",
}
DEAL_SOURCES = {"deal_id": "int64", "source": "str", "source_of": "category", "campaign": "str"}

_Owner = aliased(Party, name="owner")


def amount_events(session: Session) -> "pd.DataFrame":
    """Every amount a deal was given, by deal and in order.

    One row per change; the first of a deal that was opened here has no `before`. Columns are `AMOUNT_EVENTS`. Amounts
    are major units of the currency beside them (ISO 4217), NaN for none. `at` is NaT where nobody knows.
    """
    event = AmountEvent
    rows = (
        select(
            event.deal_id,
            Deal.name.label("deal"),
            major_units(event.before_minor, event.before_currency).label("before"),
            event.before_currency,
            major_units(event.after_minor, event.after_currency).label("after"),
            event.after_currency,
            event.at,
            event.why,
        )
        .join(Deal, Deal.id == event.deal_id)
        .order_by(event.deal_id, event.id)
    )
    return read_frame(session, rows, AMOUNT_EVENTS)


def expected_close_events(session: Session) -> "pd.DataFrame":
    """Every day a deal was expected to close on, by deal and in order. One row per change; NaT for no day."""
    event = ExpectedCloseEvent
    rows = (
        select(event.deal_id, Deal.name.label("deal"), event.before_on, event.after_on, event.at, event.why)
        .join(Deal, Deal.id == event.deal_id)
        .order_by(event.deal_id, event.id)
    )
    return read_frame(session, rows, EXPECTED_CLOSE_EVENTS)


def slippage(session: Session) -> "pd.DataFrame":
    """How far deals slipped: from the day first expected to the close, or to the day expected now.

    One row per deal that has ever been expected on a day. `n_moves` counts how often that day was moved;
    `slipped_days` is negative where it closed earlier, NaN where an open deal has no expected day any more.
    """
    import pandas as pd

    event = ExpectedCloseEvent
    moved = and_(event.before_on.is_not(None), event.after_on.is_not(None))
    counted = (
        select(
            event.deal_id,
            func.min(event.id).label("first"),
            func.sum(case((moved, 1), else_=0)).label("n_moves"),
        )
        .group_by(event.deal_id)
        .subquery()
    )
    first = aliased(event)
    first_expected = func.coalesce(first.before_on, first.after_on, Deal.expected_close_on)
    rows = (
        select(
            Deal.id.label("deal_id"),
            Deal.name.label("deal"),
            _Owner.name.label("owner"),
            Stage.kind.label("status"),
            first_expected.label("first_expected_on"),
            Deal.expected_close_on,
            Deal.closed_on,
            func.coalesce(counted.c.n_moves, 0).label("n_moves"),
            cast(literal(None), Double).label("slipped_days"),
        )
        .join(Stage, Stage.id == Deal.stage_id)
        .outerjoin(counted, counted.c.deal_id == Deal.id)
        .outerjoin(first, first.id == counted.c.first)
        .outerjoin(_Owner, _Owner.id == Deal.owner_id)
        .where(first_expected.is_not(None))
        .order_by(Deal.id)
    )
    frame = read_frame(session, rows, SLIPPAGE)
    until = frame["closed_on"].fillna(frame["expected_close_on"])
    frame["slipped_days"] = pd.Series((until - frame["first_expected_on"]).dt.days, dtype="float64")
    return frame


def deal_owners(session: Session) -> "pd.DataFrame":
    """Who has how much of each deal: one row per deal and owner, the main one first.

    `share` is in percent; the main owner's is what the others leave of 100. A deal without owners has no row.
    """
    others = (
        select(DealOwner.deal_id, func.sum(DealOwner.share).label("given"))
        .join(Deal, Deal.id == DealOwner.deal_id)
        .where(Deal.owner_id.is_(None) | (DealOwner.party_id != Deal.owner_id))
        .group_by(DealOwner.deal_id)
        .subquery()
    )
    given = func.coalesce(cast(others.c.given, Double), 0.0) / 100
    main = (
        select(
            Deal.id.label("deal_id"),
            Deal.name.label("deal"),
            Party.id.label("owner_id"),
            Party.name.label("owner"),
            (100.0 - given).label("share"),
            cast(literal(None), DealOwner.role.type).label("role"),
            literal(1).label("is_main"),
        )
        .join(Party, Party.id == Deal.owner_id)
        .outerjoin(others, others.c.deal_id == Deal.id)
    )
    shared = (
        select(
            Deal.id,
            Deal.name,
            Party.id,
            Party.name,
            (cast(DealOwner.share, Double) / 100).label("share"),
            DealOwner.role,
            literal(0),
        )
        .join(Deal, Deal.id == DealOwner.deal_id)
        .join(Party, Party.id == DealOwner.party_id)
        .where(Deal.owner_id.is_(None) | (DealOwner.party_id != Deal.owner_id))
    )
    both = union_all(main, shared).subquery()
    rows: Select[*tuple[Any, ...]] = select(both).order_by(both.c.deal_id, both.c.is_main.desc(), both.c.owner_id)
    return read_frame(session, rows, DEAL_OWNERS)


def deal_sources(session: Session) -> "pd.DataFrame":
    """Where each deal came from: its lead's source, or else its party's. One row per deal.

    `source_of` says which of them, NA where neither is known; `campaign` is the lead's.
    """
    rows = (
        select(
            Deal.id.label("deal_id"),
            func.coalesce(Lead.source, Party.source).label("source"),
            case((Lead.source.is_not(None), "lead"), (Party.source.is_not(None), "party")).label("source_of"),
            Lead.campaign,
        )
        .outerjoin(Lead, Lead.id == Deal.lead_id)
        .outerjoin(Party, Party.id == Deal.party_id)
        .order_by(Deal.id)
    )
    return read_frame(session, rows, DEAL_SOURCES)


def deals_without_next_step(
    session: Session, *, owner_id: int | None = None, pipeline_id: int | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Open deals for which nobody has said what comes next, soonest expected close first.

    Dicts of deal_id, deal, party_id, party, owner_id, owner, pipeline, stage, amount (Money or None),
    expected_close_on, last_stage_at.
    """
    rows = _open_ones(owner_id, pipeline_id).where(Deal.next_step.is_(None) | (func.trim(Deal.next_step) == ""))
    rows = rows.order_by(Deal.expected_close_on.asc().nulls_last(), Deal.id).limit(limit)
    return [dict(row) for row in session.execute(rows).mappings()]


def stale_deals(
    session: Session,
    *,
    at: datetime,
    days: int | None = None,
    owner_id: int | None = None,
    pipeline_id: int | None = None,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """Open deals that have been in their stage for longer than its target days, or than `days` where it has none.

    Without both, a deal never counts as stale. The longest standing first; dicts as `deals_without_next_step` gives
    them, with `stale_days` (whole days in the stage) and `target_days`.
    """
    targets = session.scalars(
        select(Stage.target_days).where(Stage.kind == StageKind.OPEN, Stage.target_days.is_not(None)).distinct()
    ).all()
    since = _last_stage_at()
    overdue = [
        and_(Stage.target_days == target, since < at - timedelta(days=target))
        for target in targets
        if target is not None
    ]
    if days is not None:
        overdue.append(and_(Stage.target_days.is_(None), since < at - timedelta(days=days)))
    if not overdue:
        return []
    rows = _open_ones(owner_id, pipeline_id).where(or_(*overdue)).order_by(since, Deal.id).limit(limit)
    found = []
    for row in session.execute(rows).mappings():
        stood = (at - row["last_stage_at"]).days
        found.append({**row, "stale_days": stood, "target_days": row["target_days"] or days})
    return found


def _last_stage_at() -> Any:
    """When a deal entered the stage it is in; where nobody knows, when it was entered here."""
    last = select(func.max(StageEvent.entered_at)).where(StageEvent.deal_id == Deal.id).correlate(Deal)
    return func.coalesce(last.scalar_subquery(), Deal.created_at, type_=Deal.created_at.type)


def _open_ones(owner_id: int | None, pipeline_id: int | None) -> Select[*tuple[Any, ...]]:
    rows: Select[*tuple[Any, ...]] = (
        select(
            Deal.id.label("deal_id"),
            Deal.name.label("deal"),
            Deal.party_id,
            Party.name.label("party"),
            Deal.owner_id,
            _Owner.name.label("owner"),
            Pipeline.name.label("pipeline"),
            Stage.name.label("stage"),
            Stage.target_days,
            Deal.amount,
            Deal.expected_close_on,
            _last_stage_at().label("last_stage_at"),
        )
        .join(Stage, Stage.id == Deal.stage_id)
        .join(Pipeline, Pipeline.id == Stage.pipeline_id)
        .outerjoin(Party, Party.id == Deal.party_id)
        .outerjoin(_Owner, _Owner.id == Deal.owner_id)
        .where(Stage.kind == StageKind.OPEN)
    )
    if owner_id is not None:
        rows = rows.where(Deal.owner_id == owner_id)
    return rows.where(Stage.pipeline_id == pipeline_id) if pipeline_id is not None else rows
