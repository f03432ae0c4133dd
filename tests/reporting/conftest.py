"""Frames of deals and their steps as the sales room hands them out, and a small report to export."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from crmlib.reporting.blocks import (
    Action,
    Actions,
    Block,
    Chart,
    Column,
    Cover,
    Figure,
    Figures,
    Heading,
    Interval,
    Note,
    Prose,
    Table,
    Terms,
)
from crmlib.reporting.document import Document
from crmlib.sales.queries import DEALS, STAGE_EVENTS

Frames = tuple[pd.DataFrame, pd.DataFrame]
MakeFrames = Callable[..., Frames]

# What people type into names, and what must stay a name in every format.
NASTY = '<img src=x onerror="alert(1)"> #raw("x") $x^2$ *bold* \\ & {{ name }} Ștefan'


@pytest.fixture
def make_frames() -> MakeFrames:
    """Deals from dicts, each with `status` and whatever else matters, and their steps from `steps`."""

    def make(*deals: dict[str, Any], steps: tuple[tuple[int, str, int, str, str | None], ...] = ()) -> Frames:
        rows = []
        for at, given in enumerate(deals, start=1):
            row = dict.fromkeys(DEALS) | {
                "deal_id": at,
                "deal": f"Deal {at}",
                "party_id": at,
                "pipeline": "Sales",
                "stage": {"won": "Won", "lost": "Lost"}.get(given["status"], "Offer"),
                "stage_position": {"won": 8, "lost": 9}.get(given["status"], 1),
                "amount": 100.0,
                "currency": "EUR",
            }
            rows.append(row | given)
        frame = pd.DataFrame(rows, columns=list(DEALS))
        for name in ("opened_on", "expected_close_on", "closed_on"):
            frame[name] = pd.to_datetime(frame[name])
        frame = frame.astype(DEALS)
        taken = [(deal, "", "Sales", stage, position, kind, at, None) for deal, stage, position, kind, at in steps]
        events = pd.DataFrame(taken, columns=list(STAGE_EVENTS))
        for name in ("entered_at", "left_at"):
            events[name] = pd.to_datetime(events[name].astype(object), utc=True)
        return frame, events.astype(STAGE_EVENTS)

    return make


@pytest.fixture
def nasty() -> str:
    return NASTY


@pytest.fixture
def document() -> Document:
    """One of every block, its names as nasty as names get."""
    table = Table(
        (Column("Seller"), Column("Won", "end", droppable=True), Column("Win rate", "end")),
        ((NASTY, "40", Interval("67%, 54 to 77%", 0.67, 0.54, 0.77)), ("Suparman", "1", "Too little data")),
        ("All", "41", Interval("65%, 54 to 77%", 0.65, 0.54, 0.77)),
        "A note on the table.",
        "A titled table",
    )
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50" viewBox="0 0 100 50">'
        '<rect x="0" y="0" width="60" height="20" fill="#3451B2"/>'
        '<text x="4" y="40" font-family="Inter" font-size="12" fill="#1D1C1A">Label in the chart</text></svg>'
    )
    cover = Cover(NASTY, "Sales review, Q4 2017", f"Finding about {NASTY}", "The lead says more.", {"quarter": "x"}, 7)
    blocks: tuple[Block, ...] = (
        cover,
        Figures(
            (Figure("Won", "€1,200", "By the day they closed", 1200.0), Figure("Win rate", "60%", "Of all closed"))
        ),
        Actions("What to act on", (Action(f"Call {NASTY}.", "Because of 12 deals."),)),
        Heading("A heading"),
        Prose(f"A paragraph on {NASTY}."),
        Chart("Chart title", "Chart subtitle", f"Alt text of {NASTY}", picture, picture, table),
        table,
        Note("A remark."),
        Terms((("Win rate", "Won of all closed."),)),
    )
    return Document(cover, blocks, (("Data version", "7"), ("Code", "9f3c2ab7")), "Data version 7", "24 Nov 2026")
