"""What becomes of deals that enter a stage: they move on, are lost, or are there still."""

from datetime import date

import pandas as pd

from crmlib.analytics import SMALLEST, cumulative_incidence, kaplan_meier, quantile_days


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
