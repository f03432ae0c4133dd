"""Win rates with their uncertainty, and whether a group differs from the others by more than luck.

The win rate is won / (won + lost): open deals are neither. Intervals are Wilson's score intervals, which
keep their level down to small samples and at 0 and 100 %, where the textbook interval (rate ± 1.96 standard
errors) fails.

- Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22,
  209–212.
- Newcombe, R. G. (1998a). Two-sided confidence intervals for the single proportion. Statist. Med. 17,
  857–872.
- Newcombe, R. G. (1998b). Interval estimation for the difference between independent proportions. Statist.
  Med. 17, 873–890.
- Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scand. J. Statist. 6, 65–70.
"""

from math import sqrt
from statistics import NormalDist
from typing import Any

import pandas as pd

# Under this many closed deals a rate is not told. At 20 deals the 95 % interval is up to 41 points wide; a
# smaller sample would fill the page with numbers that mean next to nothing.
SMALLEST = 20

WIN_RATES = {
    "n_won": "int64",
    "n_lost": "int64",
    "n_closed": "int64",
    "win_rate": "float64",
    "low": "float64",
    "high": "float64",
    "enough": "bool",
}

COMPARED_WITH_REST = {
    "n_closed": "int64",
    "win_rate": "float64",
    "rest_rate": "float64",
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "p": "float64",
    "p_adjusted": "float64",
    "verdict": "str",
}


def wilson_interval(n_won: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of the rate `n_won / n` (method 3 of Newcombe 1998a): lower and upper end, 0 to 1.

    With `n` of 0 nothing is known, and the interval is 0 to 1. Raises ValueError where `n_won` is not within
    0 to `n`, or `level` is not between 0 and 1.
    """
    if not 0 <= n_won <= n:
        raise ValueError(f"{n_won} of {n} is no proportion")
    z = _z(level)
    if n == 0:
        return 0.0, 1.0
    rate = n_won / n
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At the ends the interval touches 0 or 1 exactly; floating point would miss it by 1e-17.
    return (0.0 if n_won == 0 else middle - half), (1.0 if n_won == n else middle + half)


def rate_difference(
    n_won: int, n: int, other_won: int, other_n: int, level: float = 0.95
) -> tuple[float, float, float]:
    """How far the first rate lies above the second: difference, lower and upper end, each -1 to 1.

    Newcombe's hybrid score interval (method 10 of 1998b), for two independent samples. With either sample
    empty the difference is NaN and the interval -1 to 1.
    """
    if n == 0 or other_n == 0:
        return float("nan"), -1.0, 1.0
    first, second = n_won / n, other_won / other_n
    low_1, high_1 = wilson_interval(n_won, n, level)
    low_2, high_2 = wilson_interval(other_won, other_n, level)
    difference = first - second
    low = difference - sqrt((first - low_1) ** 2 + (high_2 - second) ** 2)
    high = difference + sqrt((high_1 - first) ** 2 + (second - low_2) ** 2)
    return difference, low, high


def win_rates(
    deals: pd.DataFrame, by: str | None = None, *, level: float = 0.95, smallest: int = SMALLEST
) -> pd.DataFrame:
    """Won, lost and the win rate of closed deals, with its Wilson interval.

    `deals` has one row per deal and a `status` of open, won or lost; open ones are left out. With `by`, one
    row per value of that column that has a closed deal (a missing value is a group too, of its own), most
    closed deals first; the column comes first. Without, one row. The other columns are `WIN_RATES`. Rate
    and interval are NaN, and `enough` is False, where fewer than `smallest` deals closed.
    """
    status = deals["status"].astype("str")
    closed = deals[status.isin(("won", "lost"))]
    groups: list[tuple[Any, pd.DataFrame]] = [(None, closed)]
    if by is not None:
        groups = [(key, group) for key, group in closed.groupby(by, dropna=False, observed=True, sort=True)]
    rows = []
    for key, group in groups:
        n_closed, n_won = len(group), int((group["status"].astype("str") == "won").sum())
        enough = n_closed >= max(smallest, 1)
        low, high = wilson_interval(n_won, n_closed, level)
        nan = float("nan")
        rate = n_won / n_closed if enough else nan
        counts = (n_won, n_closed - n_won, n_closed)
        rows.append((key, *counts, rate, *((low, high) if enough else (nan, nan)), enough))
    frame = pd.DataFrame(rows, columns=[by or "all", *WIN_RATES]).astype(WIN_RATES)
    if by is None:
        return frame.drop(columns="all")
    frame[by] = frame[by].astype(deals[by].dtype)
    return frame.sort_values("n_closed", ascending=False, kind="stable", ignore_index=True)


def compare_with_rest(deals: pd.DataFrame, by: str, *, level: float = 0.95, smallest: int = SMALLEST) -> pd.DataFrame:
    """Each group's win rate against that of everyone else, honest about how many groups are looked at.

    Input as for `win_rates`; one row per group, the column `by` first, then `COMPARED_WITH_REST`, greatest
    difference first. `difference` is the group's rate less that of all others, `low` and `high` its interval
    (`rate_difference`); `p` is the two-sided score test of equal rates, `p_adjusted` the same after Holm:
    among twenty sellers of equal skill one stands out at 5 % by luck alone. `verdict` is `higher` or
    `lower` where `p_adjusted` is under 1 - `level`, `no clear difference` where not, `too little data`
    where the group or the rest has fewer than `smallest` closed deals (their p does not count among the
    adjusted).
    """
    rates = win_rates(deals, by, level=level, smallest=0)
    all_won, all_closed = int(rates["n_won"].sum()), int(rates["n_closed"].sum())
    rows = []
    for n_won, n in zip(rates["n_won"].tolist(), rates["n_closed"].tolist(), strict=True):
        rest_won, rest_n = all_won - n_won, all_closed - n
        difference, low, high = rate_difference(n_won, n, rest_won, rest_n, level)
        enough = min(n, rest_n) >= max(smallest, 1)
        p = _score_test(n_won, n, rest_won, rest_n) if enough else float("nan")
        rest_rate = rest_won / rest_n if rest_n else float("nan")
        rows.append((n, n_won / n, rest_rate, difference, low, high, p))
    columns = list(COMPARED_WITH_REST)[:-2]
    frame = pd.concat([rates[[by]], pd.DataFrame(rows, columns=columns)], axis=1)
    frame["p_adjusted"] = holm(frame["p"])
    frame["verdict"] = [
        _verdict(difference, p, 1 - level)
        for difference, p in zip(frame["difference"], frame["p_adjusted"], strict=True)
    ]
    frame = frame.astype(COMPARED_WITH_REST)
    return frame.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def holm(p_values: "pd.Series[float]") -> "pd.Series[float]":
    """Holm's adjusted p values, in the order given; NaN stays NaN and is not counted as a test."""
    tested = p_values.dropna().sort_values(kind="stable")
    left = pd.Series(range(len(tested), 0, -1), index=tested.index, dtype="float64")
    return (tested * left).cummax().clip(upper=1.0).reindex(p_values.index)


def _score_test(n_won: int, n: int, other_won: int, other_n: int) -> float:
    pooled = (n_won + other_won) / (n + other_n)
    spread = sqrt(pooled * (1 - pooled) * (1 / n + 1 / other_n))
    if spread == 0:
        return 1.0
    z = abs(n_won / n - other_won / other_n) / spread
    return 2 * NormalDist().cdf(-z)


def _verdict(difference: float, p_adjusted: float, most: float) -> str:
    if p_adjusted != p_adjusted:  # NaN: not tested
        return "too little data"
    if p_adjusted >= most:
        return "no clear difference"
    return "higher" if difference > 0 else "lower"


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")
    return NormalDist().inv_cdf(0.5 + level / 2)
