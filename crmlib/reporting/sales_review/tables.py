"""The tables of the sales review: what each seller, region or product closed, and each quarter before."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crmlib.analytics import SMALLEST, win_rates
from crmlib.i18n import gettext as _
from crmlib.reporting.blocks import Cell, Column, Interval, Table
from crmlib.reporting.sales_review.facts import Facts, rows_of
from crmlib.reporting.sales_review.periods import Quarter
from crmlib.reporting.words import DASH, count, month_name, n_days, percent, percent_range
from crmlib.sales import LOST_REASONS

# A longer table is no longer read; the rest is summed in a last line.
MOST_ROWS = 40
QUARTERS_SHOWN = 8


def group_table(facts: Facts, by: str, label: str, missing: str) -> Table:
    """One row per seller, region or product with a deal closed in the quarter, greatest revenue first, and a total.

    `missing` stands for deals that name none.
    """
    groups = facts.groups(by)
    shown = groups.head(MOST_ROWS)
    rows = [_row(missing if pd.isna(row[by]) else str(row[by]), row.to_dict()) for _at, row in shown.iterrows()]
    note = []
    quarter = win_rates(facts.in_quarter, level=facts.level).iloc[0]
    year = win_rates(facts.twelve_months, level=facts.level).iloc[0]
    if not (shown["enough"].all() and year["enough"]):
        note.append(_("Too little data: fewer than {n} deals closed, so no rate is told.").format(n=SMALLEST))
    if rest := len(groups) - len(shown):
        note.append(_("{n} more are in the total only.").format(n=count(rest)))
    total = {
        **year.to_dict(),
        "n_won": quarter["n_won"],
        "n_lost": quarter["n_lost"],
        "revenue": facts.revenue(facts.in_quarter),
        "n_open": len(facts.open),
    }
    rate_head = _("Win rate in 12 months, {level} interval").format(level=percent(facts.level))
    return Table(_columns(label, facts, rate_head), tuple(rows), _row(_("All"), total), " ".join(note))


def quarter_table(facts: Facts, quarter: Quarter) -> Table:
    """The quarters up to this one, newest first, as far as the record goes, at most eight."""
    rows: list[tuple[Cell, ...]] = []
    partly = False
    at = quarter
    for _step in range(QUARTERS_SHOWN):
        deals = facts.closed_in(at)
        rate = win_rates(deals, level=facts.level).iloc[0]
        whole = facts.is_on_record(at) and at.end <= facts.as_of
        partly = partly or not whole
        row = {**rate.to_dict(), "revenue": facts.revenue(deals)}
        rows.append(_row(at.name if whole else f"{at.name} *", row)[:-1])
        at = at.previous
        if facts.record_start is None or at.end < facts.record_start:
            break
    note = _("* The record covers only a part of this quarter.") if partly else ""
    return Table(_columns(_("Quarter"), facts)[:-1], tuple(rows), None, note)


def month_table(facts: Facts) -> Table:
    """The rows behind the charts by month."""
    rows = []
    for _at, row in facts.months.iterrows():
        name = month_name(row["month"], year=True) + ("" if row["whole"] else " *")
        rows.append(_row(name, row.to_dict())[:-1])
    partly = not facts.months["whole"].all()
    note = _("* The record covers only a part of this month.") if partly else ""
    return Table(_columns(_("Month"), facts)[:-1], tuple(rows), None, note)


def stage_table(facts: Facts) -> Table:
    """What became of the deals that entered each stage, in numbers."""
    columns = (
        Column(_("Stage")),
        Column(_("Entered"), "end"),
        Column(_("Moved on"), "end"),
        Column(_("Still open"), "end"),
        Column(_("Lost"), "end"),
        Column(_("Move on, estimated"), "end", droppable=True),
        Column(_("Median time"), "end", droppable=True),
    )
    rows = []
    for row in rows_of(facts.stages):
        counts = (row.n_entered, row.n_moved, row.n_open, row.n_lost)
        share = _("Too little data")
        if row.share == row.share:
            share = f"{percent(row.share)}, {percent_range(row.low, row.high)}"
        days = n_days(row.median_days) if row.share == row.share else DASH
        rows.append((stage_label(facts, row.pipeline, row.stage), *(count(n) for n in counts), share, days))
    return Table(columns, tuple(rows), None, "")


def outcome_table(facts: Facts, days: list[int]) -> Table:
    """The shares closed, won and lost by some ages, with their intervals."""
    columns = (
        Column(_("Days since opening")),
        Column(_("Closed"), "end"),
        Column(_("Won"), "end"),
        Column(_("Lost"), "end"),
        Column(_("Deals still watched"), "end", droppable=True),
    )
    rows = []
    for day in days:
        closed = _last_row(facts.open_curve, day)
        told = f"{percent(1 - closed['survival'])}, {percent_range(1 - closed['high'], 1 - closed['low'])}"
        shares = []
        for outcome in ("won", "lost"):
            of = facts.outcomes[facts.outcomes["outcome"] == outcome]
            row = None if of.empty else _last_row(of, day)
            shares.append(
                percent(0) if row is None else f"{percent(row['share'])}, {percent_range(row['low'], row['high'])}"
            )
        watched = int((facts.dated["duration_days"] >= day).sum())
        rows.append((count(day), told, *shares, count(watched)))
    note = _("Estimates that count open deals as open, with their {level} intervals.").format(
        level=percent(facts.level)
    )
    return Table(columns, tuple(rows), None, note)


def reason_table(facts: Facts) -> Table | None:
    """Why the quarter's deals were lost, where at least half of them say so; most frequent first."""
    lost = facts.in_quarter[facts.in_quarter["status"] == "lost"]
    reasons = lost["lost_reason"].dropna().value_counts()
    if not len(reasons) or reasons.sum() < len(lost) / 2:
        return None
    rows = [(reason_words(str(name)), count(n), percent(n / len(lost))) for name, n in reasons.head(10).items()]
    unsaid = len(lost) - int(reasons.head(10).sum())
    if unsaid:
        rows.append((_("Another reason, or none given"), count(unsaid), percent(unsaid / len(lost))))
    columns = (Column(_("Reason")), Column(_("Lost deals"), "end"), Column(_("Share"), "end"))
    return Table(columns, tuple(rows), (_("All"), count(len(lost)), percent(1)), "")


def stage_label(facts: Facts, pipeline: str, stage: str) -> str:
    """The stage's name, after its pipeline's where there are several."""
    return stage if facts.stages["pipeline"].nunique() == 1 else f"{pipeline}: {stage}"


def _columns(label: str, facts: Facts, rate_head: str = "") -> tuple[Column, ...]:
    head = rate_head or _("Win rate, {level} interval").format(level=percent(facts.level))
    return (
        Column(label),
        Column(_("Won"), "end"),
        Column(_("Lost"), "end", droppable=True),
        Column(_("Revenue, {currency}").format(currency=facts.currency), "end"),
        Column(head, "end"),
        Column(_("Open now"), "end", droppable=True),
    )


def _row(name: str, row: Mapping[Any, Any]) -> tuple[Cell, ...]:
    rate: Cell = _("Too little data")
    if row["enough"]:
        mark, low, high = (float(row[key]) for key in ("win_rate", "low", "high"))
        rate = Interval(f"{percent(mark)}, {percent_range(low, high)}", mark, low, high)
    revenue = count(round(float(row["revenue"])))
    return (name, count(row["n_won"]), count(row["n_lost"]), revenue, rate, count(row.get("n_open", 0)))


def _last_row(curve: pd.DataFrame, day: float) -> "pd.Series[float]":
    return curve[curve["t_days"] <= day].iloc[-1]


def reason_words(reason: str) -> str:
    """A reason as people read it: one of ours in their language, any other as it was written."""
    text = _(dict(LOST_REASONS).get(reason, reason))
    return text[:1].upper() + text[1:]
