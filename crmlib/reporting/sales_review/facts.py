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
    SMALLEST,
    compare_with_rest,
    cumulative_incidence,
    kaplan_meier,
    quantile_days,
    win_rates,
)
from crmlib.reporting.sales_review.periods import Quarter

# A record that has been silent for longer than a quarter has ended: its last day is the day to read it as of.
SILENT_DAYS = 92
STATUS = pd.CategoricalDtype(["lost", "open", "won"])
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


def stage_outcomes(deals: pd.DataFrame, events: pd.DataFrame, *, as_of: date, level: float) -> pd.DataFrame:
    """How many deals entered each open stage, and how many moved on, were lost, or are there still.

    One row per pipeline and open stage that a deal has entered, in the pipeline's order. A deal counts once a
    stage, from its first entry; it has moved on once it reached a later stage or was won, and stepping back is
    not an end. `share` is the estimated share that moves on, deals still in the stage counted as such
    (Aalen–Johansen), with `low` and `high`; `median_days` is the median time in the stage (Kaplan–Meier). Both
    rest on the `n_dated` entries whose day is known and are NaN under `SMALLEST` of them.
    """
    entries = _stage_exits(deals, events, as_of)
    rows = []
    for (pipeline, position, stage), of in entries.groupby(["pipeline", "stage_position", "stage"], sort=True):
        counted = of["outcome"].value_counts()
        timed = of[of["duration_days"].notna()]
        share, low, high, median = _moving_on(timed, level)
        n_moved, n_lost = int(counted.get("moved", 0)), int(counted.get("lost", 0))
        n = len(of)
        rows.append(
            (
                pipeline,
                stage,
                position,
                n,
                n_moved,
                n - n_moved - n_lost,
                n_lost,
                len(timed),
                share,
                low,
                high,
                median,
            )
        )
    names = "pipeline stage stage_position n_entered n_moved n_open n_lost n_dated share low high median_days"
    return pd.DataFrame(rows, columns=names.split())


def _moving_on(timed: pd.DataFrame, level: float) -> tuple[float, float, float, float]:
    nan = float("nan")
    if len(timed) < SMALLEST:
        return nan, nan, nan, nan
    cases = timed.assign(ended=timed["outcome"].notna())
    median, _low, _high = quantile_days(kaplan_meier(cases, level=level))
    moved = cumulative_incidence(cases, level=level).query("outcome == 'moved'")
    if moved.empty:
        return 0.0, 0.0, nan, median
    last = moved.iloc[-1]
    return float(last["share"]), float(last["low"]), float(last["high"]), median


def _stage_exits(deals: pd.DataFrame, events: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """One row per deal and open stage it entered: `outcome` moved, lost or missing, `duration_days` or NaN."""
    known = events[events["deal_id"].isin(deals["deal_id"])].copy()
    known["day"] = known["entered_at"].dt.tz_localize(None).dt.normalize()
    known = known[~(known["day"] > pd.Timestamp(as_of))]
    known = known.sort_values(["deal_id", "day", "stage_position"], na_position="first", kind="stable")
    status = known["status"].astype("str")
    entered = known[status == "open"].drop_duplicates(["deal_id", "stage_position", "stage"])
    keys = ["deal_id", "stage_position"]
    pairs = entered[[*keys, "day"]].merge(
        known.assign(status=status)[[*keys, "day", "status"]], on="deal_id", suffixes=("", "_next")
    )
    ends = (pairs["status"] != "open") | (pairs["stage_position_next"] > pairs["stage_position"])
    later = ~(pairs["day_next"] < pairs["day"])
    exits = pairs[ends & later].drop_duplicates(keys)[[*keys, "day_next", "status"]]
    now = deals[["deal_id", "status", "closed_on"]].rename(columns={"status": "status_now"})
    rows = entered.drop(columns="status").merge(exits, on=keys, how="left").merge(now, on="deal_id")
    closed_now = rows["status_now"].astype("str")
    # A source may tell how a deal ended and not keep the step itself.
    silent = rows["status"].isna() & (closed_now != "open")
    rows["status"] = rows["status"].mask(silent, closed_now)
    rows["day_next"] = rows["day_next"].mask(silent, rows["closed_on"])
    rows["outcome"] = rows["status"].map({"open": "moved", "won": "moved", "lost": "lost"})
    until = rows["day_next"].mask(rows["outcome"].isna(), pd.Timestamp(as_of))
    days = (until - rows["day"]).dt.days.astype("float64")
    rows["duration_days"] = days.mask(days < 0)
    return rows


def deals_as_of(deals: pd.DataFrame, events: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The deals that existed at the end of a day, with the status and stage they had then.

    Deals opened later are left out; one without an opening day is kept, for nobody knows. A deal closed later is
    open. Names, amounts and owners are those on record now: their history is not kept yet.
    """
    day = pd.Timestamp(as_of)
    then = deals[~(deals["opened_on"] > day)].copy()
    later = then["closed_on"] > day
    then["status"] = then["status"].astype("str").mask(later, "open").astype(STATUS)
    then["closed_on"] = then["closed_on"].mask(later)
    then["lost_reason"] = then["lost_reason"].mask(later)
    moments = events["entered_at"].dt.tz_localize(None).dt.normalize()
    moved_since = set(events.loc[moments > day, "deal_id"]) | set(then.loc[later, "deal_id"])
    if moved_since:
        seen = events[~(moments > day) & events["deal_id"].isin(moved_since)]
        seen = seen.sort_values(["entered_at", "stage_position"], na_position="first", kind="stable")
        last = seen.drop_duplicates("deal_id", keep="last").set_index("deal_id")
        affected = then["deal_id"].isin(moved_since)
        for column in ("stage", "stage_position"):
            was = then.loc[affected, "deal_id"].map(last[column])
            then.loc[affected, column] = was.where(was.notna(), then.loc[affected, column])
    return then


def last_event_on(deals: pd.DataFrame, events: pd.DataFrame, today: date) -> date | None:
    """The last day up to `today` on which a deal was opened, moved or closed; None where none has a day."""
    moments = events["entered_at"].dt.tz_localize(None)
    days = pd.concat([deals["opened_on"], deals["closed_on"], moments]).dropna()
    days = days[days < pd.Timestamp(today) + pd.Timedelta(days=1)]
    return None if days.empty else days.max().date()


def choose_quarter(deals: pd.DataFrame, as_of: date) -> Quarter | None:
    """The last full quarter if a deal closed in it, else the latest one in which any did; None where none has."""
    days = deals.loc[deals["status"] != "open", "closed_on"].dropna()
    if days.empty:
        return None
    full = Quarter.of(as_of + timedelta(days=1)).previous
    within = days.between(pd.Timestamp(full.start), pd.Timestamp(full.end)).any()
    return full if within else Quarter.of(days.max().date())


def _look_up(keys: "pd.Series[Any]", values: "pd.Series[Any]") -> "pd.Series[Any]":
    # A missing seller is a group too, and no index finds a missing key by itself.
    pairs: list[tuple[Any, Any]] = list(values.items())
    known = {key: value for key, value in pairs if not pd.isna(key)}
    missing = sum(value for key, value in pairs if pd.isna(key))
    return pd.Series([missing if pd.isna(key) else known.get(key, 0) for key in keys], index=keys.index)


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """The rows of a frame as named tuples, for loops that word or draw them."""
    return list(frame.itertuples(index=False))
