"""The counts and estimates of the sales review: two frames of the sales room in, one value with everything out.

Nothing is worded here and nothing is drawn. Days are whole days; sums are of one currency; a deal counts as won or
lost on the day it closed, and as open on every day before.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from crmlib.analytics import (
    compare_with_rest,
    cumulative_incidence,
    kaplan_meier,
    quantile_days,
    win_rates,
)
from crmlib.reporting.sales_review.periods import Quarter
from crmlib.reporting.sales_review.stages import stage_outcomes

MONTHS_SHOWN = 24


@dataclass(frozen=True)
class Facts:
    """What is known as of one day about the deals in scope.

    `deals` has the columns of `sales.queries.deals`, with status and stage as they were at the end of `as_of`;
    `events` those of `sales.queries.stage_events` up to then. `quarter` is None where nothing has closed.
    `record_start` is the first day that any deal closed on, in or out of scope. Sums are in `currency`. `looks_back`
    says that more is on record since `as_of`: then the amounts of open deals are of today and not of that day.
    """

    deals: pd.DataFrame
    events: pd.DataFrame
    quarter: Quarter | None
    as_of: date
    currency: str
    level: float
    record_start: date | None
    looks_back: bool = False

    @property
    def claim_level(self) -> float:
        """The level at which two rates are called different: that of the intervals, and never under 95 %.

        Narrower intervals may suit a reader; they do not make a difference more certain.
        """
        return max(self.level, 0.95)

    @cached_property
    def open(self) -> pd.DataFrame:
        """The deals still open at the end of the day."""
        return self.deals[self.deals["status"] == "open"]

    @cached_property
    def closed(self) -> pd.DataFrame:
        """All deals won or lost, those without a closing day included."""
        return self.deals[self.deals["status"] != "open"]

    @cached_property
    def in_quarter(self) -> pd.DataFrame:
        """The deals that closed in the quarter; none where there is no quarter."""
        return self.closed.head(0) if self.quarter is None else self.closed_in(self.quarter)

    def closed_in(self, quarter: Quarter) -> pd.DataFrame:
        """The deals that closed in any one quarter."""
        return self.closed_between(quarter.start, quarter.end)

    def closed_between(self, first: date, last: date) -> pd.DataFrame:
        """The deals that closed on `first`, on `last`, or between."""
        return self.closed[self.closed["closed_on"].between(pd.Timestamp(first), pd.Timestamp(last))]

    @property
    def is_whole(self) -> bool:
        """Whether the quarter was over by the day the records are read as of."""
        return self.quarter is not None and self.quarter.end <= self.as_of

    def is_on_record(self, quarter: Quarter) -> bool:
        """Whether the record covers the quarter from (about) its start: closings begin within its first month."""
        return self.record_start is not None and self.record_start <= quarter.start + timedelta(days=31)

    def revenue(self, deals: pd.DataFrame) -> float:
        """The sum of the amounts won, in `currency`; other currencies are left out, never converted."""
        return float(self.won_in_currency(deals)["amount"].sum())

    def won_in_currency(self, deals: pd.DataFrame) -> pd.DataFrame:
        """The won deals with an amount in `currency`."""
        won = deals[deals["status"] == "won"]
        return won[(won["currency"] == self.currency) & won["amount"].notna()]

    @cached_property
    def twelve_months(self) -> pd.DataFrame:
        """The deals closed in the four quarters that end with this one: enough to compare people by."""
        if self.quarter is None:
            return self.closed.head(0)
        return self.closed_between(self.quarter.year_before.next.start, self.quarter.end)

    @cached_property
    def dated(self) -> pd.DataFrame:
        """One case per deal with an opening day: `duration_days`, `ended`, `outcome` (missing while open).

        Leaves out what cannot be timed: closed on an unknown day, or before it was opened.
        """
        cases = self.deals[self.deals["opened_on"].notna()].copy()
        is_open = cases["status"] == "open"
        end = cases["closed_on"].mask(is_open, pd.Timestamp(self.as_of))
        cases["duration_days"] = (end - cases["opened_on"]).dt.days
        cases["ended"] = ~is_open
        cases["outcome"] = cases["status"].astype("str").mask(is_open)
        return cases[cases["duration_days"] >= 0].astype({"duration_days": "float64"})

    @cached_property
    def open_curve(self) -> pd.DataFrame:
        """The share of deals still open by days since opening (Kaplan–Meier)."""
        return kaplan_meier(self.dated, level=self.level)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """The shares won and lost by days since opening (Aalen–Johansen)."""
        return cumulative_incidence(self.dated, level=self.level)

    @cached_property
    def median_from_record_start(self) -> float | None:
        """The median time to close if deals opened before the record of closings began count only from then on.

        None where that concerns no deal. A record that starts on some day lacks the deals that were over by then,
        so those opened earlier and still in it are the slow ones.
        """
        if self.record_start is None:
            return None
        start = pd.Timestamp(self.record_start)
        # Watched from that day's morning on, so that what closed on the day itself counts.
        age = (start - self.dated["opened_on"]).dt.days - 1
        cases = self.dated.assign(watched=age.clip(lower=0))
        if not (cases["watched"] > 14).any():
            return None
        return quantile_days(kaplan_meier(cases, entered="watched", level=self.level))[0]

    @cached_property
    def months(self) -> pd.DataFrame:
        """Won, lost, revenue and win rate by month of closing, up to the end of the quarter, at most 24.

        One row per month, also where nothing closed: `month` (its first day), `revenue`, the columns of
        `WIN_RATES`, and `whole` (False where the month was not over, or the record began within it).
        """
        if self.quarter is None or self.record_start is None:
            return pd.DataFrame(columns=["month", "revenue", "whole"])
        last = pd.Period(min(self.quarter.end, self.as_of), freq="M")
        first = max(pd.Period(self.record_start, freq="M"), last - (MONTHS_SHOWN - 1))
        if last < first:
            return pd.DataFrame(columns=["month", "revenue", "whole"])
        of = self.closed["closed_on"].dt.to_period("M")
        rows = []
        for month in pd.period_range(first, last, freq="M"):
            deals = self.closed[of == month]
            day = month.start_time.date()
            whole = month.end_time.date() <= self.as_of and self.record_start <= day + timedelta(days=6)
            rate = win_rates(deals, level=self.level).assign(month=day, revenue=self.revenue(deals), whole=whole)
            rows.append(rate)
        return pd.concat(rows, ignore_index=True)

    def groups(self, by: str) -> pd.DataFrame:
        """What each value of `by` (owner, region, product) closed in the quarter, and its win rate over twelve months.

        One row per group with a deal closed in the twelve months, greatest revenue first: `by`; `n_won`, `n_lost` and
        `revenue` of the quarter; `n_closed`, `win_rate`, `low`, `high`, `enough` of the twelve months, for a quarter
        is too short to judge people by; `n_open` now.
        """
        rates = win_rates(self.twelve_months, by, level=self.level)
        status = self.in_quarter["status"]
        for name, of in (
            ("n_won", self.in_quarter[status == "won"]),
            ("n_lost", self.in_quarter[status == "lost"]),
            ("n_open", self.open),
        ):
            counted = of.groupby(by, dropna=False, observed=True).size()
            rates[name] = _look_up(rates[by], counted).astype("int64")
        won = self.won_in_currency(self.in_quarter).groupby(by, dropna=False, observed=True)["amount"].sum()
        rates["revenue"] = _look_up(rates[by], won).astype("float64")
        return rates.sort_values(["revenue", "n_closed"], ascending=False, kind="stable", ignore_index=True)

    def compared(self, by: str) -> pd.DataFrame:
        """Each value of `by` against the rest over the twelve months, those that stand out by more than luck."""
        compared = compare_with_rest(self.twelve_months, by, level=self.claim_level)
        return compared[compared["verdict"].isin(("higher", "lower")) & compared[by].notna()]

    @cached_property
    def stages(self) -> pd.DataFrame:
        """What became of the deals that entered each open stage; see `stage_outcomes`."""
        return stage_outcomes(self.deals, self.events, as_of=self.as_of, level=self.level)


def _look_up(keys: "pd.Series[Any]", values: "pd.Series[Any]") -> "pd.Series[Any]":
    # A missing seller is a group too, and no index finds a missing key by itself.
    pairs: list[tuple[Any, Any]] = list(values.items())
    known = {key: value for key, value in pairs if not pd.isna(key)}
    missing = sum(value for key, value in pairs if pd.isna(key))
    return pd.Series([missing if pd.isna(key) else known.get(key, 0) for key in keys], index=keys.index)


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """The rows of a frame as named tuples, for loops that word or draw them."""
    return list(frame.itertuples(index=False))
