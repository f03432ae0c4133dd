"""What may be done with leads, deals and pipelines."""

from crmlib.sales.actions.deal import (
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

__all__ = [
    "AMOUNT",
    "add_pipeline",
    "add_seller",
    "edit_deal",
    "lose_deal",
    "move_deal",
    "open_deal",
    "reopen_deal",
    "win_deal",
]
