"""The tables of the sales review: what each seller, region or product closed, and each quarter before."""

import pandas as pd

from crmlib.analytics import SMALLEST, win_rates
from crmlib.i18n import gettext as _
from crmlib.reporting.blocks import Cell, Column, Interval, Table
from crmlib.reporting.sales_review.facts import Facts
from crmlib.reporting.sales_review.periods import Quarter
from crmlib.reporting.words import DASH, count, n_days, percent, percent_range

# A longer table is no longer read; the rest is summed in a last line.
MOST_ROWS = 40
QUARTERS_SHOWN = 8


def group_table(facts: Facts, by: str, label: str, missing: str) -> Table:
    """One row per seller, region or product with a deal closed in the quarter, greatest revenue first, and a total.

    `missing` stands for deals that name none.
    """
    groups = facts.groups(by)
    shown = groups.head(MOST_ROWS)
    rows = [_row(missing if pd.isna(row[by]) else str(row[by]), row, facts.currency) for _at, row in shown.iterrows()]
    rest = groups.iloc[MOST_ROWS:]
    note = _("Too little data: fewer than {n} deals closed, so no rate is told.").format(n=SMALLEST)
    if len(rest):
        note += " " + _("{n} more are in the total only.").format(n=count(len(rest)))
    whole = win_rates(facts.in_quarter, level=facts.level).iloc[0]
    extra = {"revenue": facts.revenue(facts.in_quarter), "n_open": len(facts.open)}
    total = _row(_("All"), pd.Series({**whole.to_dict(), **extra}), facts.currency)
    has_little = not (shown["enough"].all() and whole["enough"])
    return Table(_columns(label, facts), tuple(rows), total, note if has_little else "")


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
        row = pd.Series({**rate.to_dict(), "revenue": facts.revenue(deals), "n_open": None})
        rows.append(_row(at.name if whole else f"{at.name} *", row, facts.currency)[:-1])
        at = at.previous
        if facts.record_start is None or at.end < facts.record_start:
            break
    note = _("* The record covers only a part of this quarter.") if partly else ""
    return Table(_columns(_("Quarter"), facts)[:-1], tuple(rows), None, note)


def month_table(facts: Facts) -> Table:
    """The rows behind the charts by month."""
    rows = []
    for _at, row in facts.months.iterrows():
        name = f"{row['month']:%Y-%m}" + ("" if row["whole"] else " *")
        rows.append(_row(name, pd.Series({**row.to_dict(), "n_open": None}), facts.currency)[:-1])
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
    for row in facts.stages.itertuples():
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
    rows = [(str(name), count(n), percent(n / len(lost))) for name, n in reasons.head(10).items()]
    unsaid = len(lost) - int(reasons.head(10).sum())
    if unsaid:
        rows.append((_("Another reason, or none given"), count(unsaid), percent(unsaid / len(lost))))
    columns = (Column(_("Reason")), Column(_("Lost deals"), "end"), Column(_("Share"), "end"))
    return Table(columns, tuple(rows), (_("All"), count(len(lost)), percent(1)), "")


def stage_label(facts: Facts, pipeline: str, stage: str) -> str:
    """The stage's name, after its pipeline's where there are several."""
    return stage if facts.stages["pipeline"].nunique() == 1 else f"{pipeline}: {stage}"


def _columns(label: str, facts: Facts) -> tuple[Column, ...]:
    return (
        Column(label),
        Column(_("Won"), "end"),
        Column(_("Lost"), "end", droppable=True),
        Column(_("Revenue, {currency}").format(currency=facts.currency), "end"),
        Column(_("Win rate, {level} interval").format(level=percent(facts.level)), "end"),
        Column(_("Open now"), "end", droppable=True),
    )


def _row(name: str, row: "pd.Series[object]", currency: str) -> tuple[Cell, ...]:
    rate: Cell = _("Too little data")
    if row["enough"]:
        mark, low, high = (float(row[key]) for key in ("win_rate", "low", "high"))  # type: ignore[arg-type]
        rate = Interval(f"{percent(mark)}, {percent_range(low, high)}", mark, low, high)
    revenue = money_bare(float(row["revenue"]))  # type: ignore[arg-type]
    n_open = DASH if row["n_open"] is None else count(int(row["n_open"]))  # type: ignore[call-overload]
    return (name, count(int(row["n_won"])), count(int(row["n_lost"])), revenue, rate, n_open)  # type: ignore[call-overload]


def money_bare(amount: float) -> str:
    """An amount in whole units without its currency, which stands in the column's head."""
    return count(round(amount))


def _last_row(curve: pd.DataFrame, day: float) -> "pd.Series[float]":
    return curve[curve["t_days"] <= day].iloc[-1]
