"""Sales: what may be sold, to whom, by whom, and how far each sale has come.

A deal goes through the stages of a pipeline; every step is a row, so that a funnel, a cohort and a report of last
year stand on what happened and not on what the last edit left.
"""

from crmlib.sales import fields
from crmlib.sales.actions import (
    AMOUNT,
    add_pipeline,
    add_seller,
    edit_deal,
    lose_deal,
    move_deal,
    open_deal,
    reopen_deal,
    win_deal,
)
from crmlib.sales.board import board, deal_card, deals_of, lost_reason_counts, open_deal_sums, open_stages, pipelines
from crmlib.sales.events import DealEvent, DealLost, DealMoved, DealOpened, DealReopened, DealWon
from crmlib.sales.queries import (
    DEALS,
    OPEN_DEALS,
    SELLERS,
    STAGE_EVENTS,
    deals,
    open_deals,
    sellers,
    stage_events,
)
from crmlib.sales.records import LOST_REASONS, Deal, Pipeline, Seller, Stage, StageEvent, StageKind

__all__ = [
    "AMOUNT",
    "DEALS",
    "LOST_REASONS",
    "OPEN_DEALS",
    "SELLERS",
    "STAGE_EVENTS",
    "Deal",
    "DealEvent",
    "DealLost",
    "DealMoved",
    "DealOpened",
    "DealReopened",
    "DealWon",
    "Pipeline",
    "Seller",
    "Stage",
    "StageEvent",
    "StageKind",
    "add_pipeline",
    "add_seller",
    "board",
    "deal_card",
    "deals",
    "deals_of",
    "edit_deal",
    "lose_deal",
    "lost_reason_counts",
    "move_deal",
    "open_deal",
    "open_deal_sums",
    "open_deals",
    "open_stages",
    "pipelines",
    "reopen_deal",
    "sellers",
    "stage_events",
    "win_deal",
]
