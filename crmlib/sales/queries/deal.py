"""What may be asked about deals: frames for analysts. What a board shows is in `board.py`."""

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from crmlib.base import major_units, read_frame
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.sales.records import Deal, Pipeline, Seller, Stage, StageEvent, StageKind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEALS", "OPEN_DEALS", "SELLERS", "STAGE_EVENTS", "deals", "open_deals", "sellers", "stage_events"]

DEALS = {
    "deal_id": "int64",
    "deal": "str",
    "party_id": "Int64",
    "party": "str",
    "owner_id": "Int64",
    "owner": "str",
    "manager": "str",
    "region": "str",
    "product_id": "Int64",
    "product": "str",
    "series": "str",
    "pipeline": "str",
    "stage": "str",
    "stage_position": "int64",
    "status": "category",
    "amount": "float64",
    "currency": "category",
    "opened_on": "datetime64[s]",
    "expected_close_on": "datetime64[s]",
    "closed_on": "datetime64[s]",
    "lost_reason": "str",
}

OPEN_DEALS = {
    key: DEALS[key]
    for key in (
        "deal_id",
        "deal",
        "party",
        "owner",
        "pipeline",
        "stage",
        "amount",
        "currency",
        "expected_close_on",
    )
}

STAGE_EVENTS = {
    "deal_id": "int64",
    "deal": "str",
    "pipeline": "str",
    "stage": "str",
    "stage_position": "int64",
    "status": "category",
    "entered_at": "datetime64[us, UTC]",
    "left_at": "datetime64[us, UTC]",
}

SELLERS = {"owner_id": "int64", "owner": "str", "manager": "str", "region": "str"}

_Owner = aliased(Party, name="owner")
_Manager = aliased(Party, name="manager")


def deals(session: Session) -> "pd.DataFrame":
    """Every deal with what reports ask of it, in the order they were entered.

    One row per deal; `deal_id` is unique. Columns are `DEALS`, also when there is none. `status` is open, won or
    lost, as the stage says. `amount` is the expected total without tax, the agreed one of a won deal, in `currency`
    (ISO 4217): never add two currencies. `opened_on` is the day work began, `closed_on` the day it was won or lost,
    NaT while it is open. `manager` and `region` are the owner's of today. Missing text is NA.
    """
    return read_frame(session, _deals().order_by(Deal.id), DEALS)


def open_deals(session: Session, *, closing_by: date | None = None) -> "pd.DataFrame":
    """Deals that are neither won nor lost, soonest expected close first.

    One row per deal; `deal_id` is unique. Columns are `OPEN_DEALS`, also when nothing is open. `amount` is the
    expected total without tax, in `currency` (ISO 4217); `expected_close_on` is NaT where nobody has said.
    """
    rows = _deals().where(Stage.kind == StageKind.OPEN)
    if closing_by is not None:
        rows = rows.where(Deal.expected_close_on <= closing_by)
    return read_frame(session, rows.order_by(Deal.expected_close_on.nulls_last(), Deal.id), OPEN_DEALS)


def stage_events(session: Session) -> "pd.DataFrame":
    """Every step of every deal, by deal and in order.

    One row per entry into a stage. Columns are `STAGE_EVENTS`. `status` is what that stage means; `left_at` is when
    the deal entered its next stage, NaT where it is there still. `entered_at` is NaT where the source of an
    imported deal does not say.
    """
    left = func.lead(StageEvent.entered_at).over(partition_by=StageEvent.deal_id, order_by=StageEvent.id)
    rows = (
        select(
            StageEvent.deal_id,
            Deal.name.label("deal"),
            Pipeline.name.label("pipeline"),
            Stage.name.label("stage"),
            Stage.position.label("stage_position"),
            Stage.kind.label("status"),
            StageEvent.entered_at,
            left.label("left_at"),
        )
        .join(Deal, Deal.id == StageEvent.deal_id)
        .join(Stage, Stage.id == StageEvent.stage_id)
        .join(Pipeline, Pipeline.id == Stage.pipeline_id)
        .order_by(StageEvent.deal_id, StageEvent.id)
    )
    return read_frame(session, rows, STAGE_EVENTS)


def sellers(session: Session) -> "pd.DataFrame":
    """Who sells, by name, those included who never opened a deal. One row per seller; `owner_id` is unique."""
    rows = (
        select(
            Seller.party_id.label("owner_id"),
            _Owner.name.label("owner"),
            _Manager.name.label("manager"),
            Seller.region,
        )
        .join(_Owner, _Owner.id == Seller.party_id)
        .outerjoin(_Manager, _Manager.id == Seller.manager_id)
        .order_by(_Owner.folded, _Owner.id)
    )
    return read_frame(session, rows, SELLERS)


def _deals() -> Select[*tuple[Any, ...]]:
    rows: Select[*tuple[Any, ...]] = (
        select(
            Deal.id.label("deal_id"),
            Deal.name.label("deal"),
            Deal.party_id,
            Party.name.label("party"),
            Deal.owner_id,
            _Owner.name.label("owner"),
            _Manager.name.label("manager"),
            Seller.region,
            Deal.product_id,
            Product.name.label("product"),
            Product.series,
            Pipeline.name.label("pipeline"),
            Stage.name.label("stage"),
            Stage.position.label("stage_position"),
            Stage.kind.label("status"),
            major_units(Deal.amount_minor, Deal.currency).label("amount"),
            Deal.currency,
            Deal.opened_on,
            Deal.expected_close_on,
            Deal.closed_on,
            Deal.lost_reason,
        )
        .join(Stage, Stage.id == Deal.stage_id)
        .join(Pipeline, Pipeline.id == Stage.pipeline_id)
        .outerjoin(Party, Party.id == Deal.party_id)
        .outerjoin(_Owner, _Owner.id == Deal.owner_id)
        .outerjoin(Seller, Seller.party_id == Deal.owner_id)
        .outerjoin(_Manager, _Manager.id == Seller.manager_id)
        .outerjoin(Product, Product.id == Deal.product_id)
    )
    return rows
