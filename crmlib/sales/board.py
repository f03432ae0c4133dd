"""What a board of deals shows: stages with their sums, and the first cards of each. Plain dicts, no frames."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased, selectinload

from crmlib.base import Money, NotFound, Stretch, like_pattern, page_of_stretches
from crmlib.contacts import Party, folded
from crmlib.i18n import gettext as _
from crmlib.sales.records import Deal, Pipeline, Stage, StageEvent, StageKind

__all__ = [
    "board",
    "deal_card",
    "deals_of",
    "open_deal_sums",
    "open_stages",
    "pipelines",
]

_Owner = aliased(Party, name="owner")


def pipelines(session: Session, *, archived: bool = False) -> list[dict[str, Any]]:
    """The pipelines, oldest first, with how many deals are open in each: dicts of pipeline_id, pipeline, n_open.

    Those in use; with `archived`, those that were put away.
    """
    n_open = (
        select(func.count(Deal.id))
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Stage.pipeline_id == Pipeline.id, Stage.kind == StageKind.OPEN)
        .correlate(Pipeline)
        .scalar_subquery()
    )
    rows = select(Pipeline.id.label("pipeline_id"), Pipeline.name.label("pipeline"), n_open.label("n_open"))
    rows = rows.where(Pipeline.archived_at.is_not(None) if archived else Pipeline.archived_at.is_(None))
    return [dict(row) for row in session.execute(rows.order_by(Pipeline.id)).mappings()]


def open_stages(session: Session) -> list[dict[str, Any]]:
    """The stages a deal can begin in, by pipeline and in order: dicts of stage_id, stage, pipeline."""
    rows = (
        select(Stage.id.label("stage_id"), Stage.name.label("stage"), Pipeline.name.label("pipeline"))
        .join(Pipeline, Pipeline.id == Stage.pipeline_id)
        .where(Stage.kind == StageKind.OPEN, Stage.archived_at.is_(None), Pipeline.archived_at.is_(None))
        .order_by(Pipeline.id, Stage.position)
    )
    return [dict(row) for row in session.execute(rows).mappings()]


def board(
    session: Session,
    pipeline_id: int,
    *,
    closed_since: date,
    owner_id: int | None = None,
    closing_by: date | None = None,
    search: str = "",
    cards: int = 20,
    more: dict[int, int] | None = None,
) -> list[dict[str, Any]]:
    """The columns of a board, in order.

    One dict per stage: stage_id, stage, kind, count, sums (one Money per currency, never added up across them),
    cards. Open stages hold all their deals; won and lost ones those closed since `closed_since`. `cards` is how
    many of them come with it, soonest expected close first (newest close first where closed); `more` asks for
    another number in a stage.
    """
    shown: list[ColumnElement[bool]] = []
    if owner_id is not None:
        shown.append(Deal.owner_id == owner_id)
    for word in folded(search).split():
        pattern = like_pattern(word)
        named = select(Party.id).where(Party.folded.like(pattern, escape="\\"))
        shown.append(func.lower(Deal.name).like(pattern, escape="\\") | Deal.party_id.in_(named))
    is_open = list(shown) if closing_by is None else [*shown, Deal.expected_close_on <= closing_by]
    is_closed = [*shown, Deal.closed_on >= closed_since]
    # An archived stage is empty, but for closed deals that came into it by another way than ours.
    stages = session.scalars(
        select(Stage)
        .where(Stage.pipeline_id == pipeline_id)
        .where(Stage.archived_at.is_(None) | Stage.id.in_(select(Deal.stage_id).distinct()))
        .order_by(Stage.position)
    )
    columns: dict[int, dict[str, Any]] = {
        stage.id: {
            "stage_id": stage.id,
            "stage": stage.name,
            "kind": stage.kind.value,
            "count": 0,
            "sums": [],
            "cards": [],
        }
        for stage in stages
    }
    numbers: list[int] = []
    for conditions, is_of_these in ((is_open, True), (is_closed, False)):
        ours = [number for number, column in columns.items() if (column["kind"] == StageKind.OPEN.value) is is_of_these]
        for stage_id, currency, count, minor in session.execute(_sums(ours, conditions)):
            columns[stage_id]["count"] += count
            if minor is not None and currency:
                columns[stage_id]["sums"].append(Money(int(minor), currency))
        for stage_id in ours:
            most = (more or {}).get(stage_id, cards)
            if columns[stage_id]["count"] and most > 0:
                numbers += _in_order(session, [Deal.stage_id == stage_id, *conditions], most, is_open=is_of_these)
    for card in _cards(session, numbers):
        columns[card["stage_id"]]["cards"].append(card)
    return list(columns.values())


def deal_card(session: Session, deal_id: int) -> Deal:
    """A deal with its stage history, party, owner and product. Raises NotFound."""
    loaded = (
        selectinload(Deal.stage_events).selectinload(StageEvent.stage),
        selectinload(Deal.stage).selectinload(Stage.pipeline).selectinload(Pipeline.stages),
        selectinload(Deal.party),
        selectinload(Deal.owner),
        selectinload(Deal.product),
    )
    deal = session.scalar(select(Deal).where(Deal.id == deal_id).options(*loaded))
    if deal is None:
        raise NotFound(_("deal"), deal_id)
    return deal


def deals_of(session: Session, party_ids: Iterable[int], *, limit: int = 50) -> list[dict[str, Any]]:
    """The deals with any of these parties, open ones first, then the newest close."""
    rows = (
        select(
            Deal.id.label("deal_id"),
            Deal.name.label("deal"),
            Stage.name.label("stage"),
            Stage.kind.label("status"),
            Deal.amount,
            Deal.expected_close_on,
            Deal.closed_on,
        )
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Deal.party_id.in_(list(party_ids)))
        .order_by(
            (Stage.kind != StageKind.OPEN),
            Deal.closed_on.desc().nulls_first(),
            Deal.expected_close_on.asc().nulls_last(),
            Deal.id,
        )
        .limit(limit)
    )
    return [dict(row) for row in session.execute(rows).mappings()]


def open_deal_sums(session: Session, party_ids: Iterable[int]) -> dict[int, tuple[int, list[Money]]]:
    """What is open with each party: party id to the number of deals and their sums, one per currency."""
    rows = (
        select(Deal.party_id, Deal.currency, func.count(), func.sum(Deal.amount_minor))
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Stage.kind == StageKind.OPEN, Deal.party_id.in_(list(party_ids)))
        .group_by(Deal.party_id, Deal.currency)
        .order_by(Deal.party_id, Deal.currency)
    )
    found: dict[int, tuple[int, list[Money]]] = {}
    for party_id, currency, count, minor in session.execute(rows):
        if party_id is None:
            continue
        known, sums = found.get(party_id, (0, []))
        more = [Money(int(minor), currency)] if minor is not None and currency else []
        found[party_id] = (known + count, sums + more)
    return found


def _sums(stages: list[int], shown: list[ColumnElement[bool]]) -> Any:
    return (
        select(Deal.stage_id, Deal.currency, func.count(), func.sum(Deal.amount_minor))
        .where(Deal.stage_id.in_(stages), *shown)
        .group_by(Deal.stage_id, Deal.currency)
        .order_by(Deal.stage_id, Deal.currency)
    )


def _in_order(session: Session, shown: list[ColumnElement[bool]], most: int, *, is_open: bool) -> list[int]:
    """The deals of one stage to show: an index of the stage is walked until there are enough."""
    ids = select(Deal.id).where(*shown)
    expected = Deal.expected_close_on
    if is_open:
        known = Stretch(ids.where(expected.is_not(None)), (expected.asc(), Deal.id.asc()))
        stretches = [known, Stretch(ids.where(expected.is_(None)), (Deal.id.asc(),))]
    else:
        stretches = [Stretch(ids, (Deal.closed_on.desc(), expected.asc().nulls_last(), Deal.id.asc()))]
    return page_of_stretches(session, stretches, per_page=most)


def _cards(session: Session, numbers: list[int]) -> list[dict[str, Any]]:
    rows = (
        select(
            Deal.id.label("deal_id"),
            Deal.name.label("deal"),
            Deal.stage_id,
            Deal.party_id,
            Party.name.label("party"),
            Deal.owner_id,
            _Owner.name.label("owner"),
            Deal.amount,
            Deal.expected_close_on,
            Deal.closed_on,
        )
        .outerjoin(Party, Party.id == Deal.party_id)
        .outerjoin(_Owner, _Owner.id == Deal.owner_id)
        .where(Deal.id.in_(numbers))
    )
    found = {row["deal_id"]: dict(row) for row in session.execute(rows).mappings()}
    return [found[number] for number in numbers if number in found]
