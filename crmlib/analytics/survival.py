"""How long things take when some are not over yet.

Leaving open deals out makes every wait look shorter than it is; counting them as closed makes it wrong. Both
estimators here take an open case for what it is: known to have lasted this long, and not known beyond
(censored).

- Kaplan, E. L. & Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53, 457–481.
- Greenwood, M. (1926): the variance. Kalbfleisch & Prentice (1980), §1.3: its interval on the log(-log)
  scale, which stays within 0 and 1 and keeps its level in small samples (Borgan & Liestøl 1990, Scand. J.
  Statist. 17, 35–41).
- Brookmeyer, R. & Crowley, J. (1982). A confidence interval for the median survival time. Biometrics 38,
  29–41.
- Aalen, O. O. & Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains based
  on censored observations. Scand. J. Statist. 5, 141–150. Variance as in Marubini & Valsecchi (1995), §10.
"""

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KAPLAN_MEIER = {
    "t_days": "float64",
    "n_at_risk": "int64",
    "n_ended": "int64",
    "n_censored": "int64",
    "survival": "float64",
    "se": "float64",
    "low": "float64",
    "high": "float64",
}

CUMULATIVE_INCIDENCE = {
    "t_days": "float64",
    "outcome": "str",
    "n_at_risk": "int64",
    "n_ended": "int64",
    "share": "float64",
    "se": "float64",
    "low": "float64",
    "high": "float64",
}


def kaplan_meier(
    cases: pd.DataFrame,
    *,
    days: str = "duration_days",
    ended: str = "ended",
    entered: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The share still open after each number of days (Kaplan–Meier), with its interval.

    `cases` has one row per case: `days` is how long it lasted so far, from 0; `ended` is True where it is
    over and False where it is still open (censored). `entered`, where named, holds the age in days at which
    a case first came under watch: a record that begins on some day misses the earlier ones that were over
    by then, and such cases may count only from that age on (left truncation).

    One row per distinct day, after a first row at day 0 with a survival of 1; columns are `KAPLAN_MEIER`.
    `n_at_risk` counts just before the day, `se` is Greenwood's, `low` and `high` the log(-log) interval. A
    case that ends and one that is censored on the same day: the ending comes first. Once the curve has
    reached 0 its interval is 0 to 0. Raises ValueError on a negative or missing duration.
    """
    lasted, over, start = _arrays(cases, days, entered, cases[ended].to_numpy(dtype=bool))
    times, at_risk = _risk_sets(lasted, start)
    n_ended = _count(lasted[over], times)
    n_censored = _count(lasted[~over], times)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - _ratio(n_ended, at_risk))
        spread = np.cumsum(_ratio(n_ended, at_risk * (at_risk - n_ended)))
        se = np.asarray(np.where(survival > 0, survival * np.sqrt(spread), 0.0), dtype="float64")
    low, high = _log_log(survival, se, level)
    frame = pd.DataFrame(
        {
            "t_days": times,
            "n_at_risk": at_risk,
            "n_ended": n_ended,
            "n_censored": n_censored,
            "survival": survival,
            "se": se,
            "low": low,
            "high": high,
        }
    )
    return frame.astype(KAPLAN_MEIER)


def quantile_days(curve: pd.DataFrame, share_over: float = 0.5) -> tuple[float, float, float]:
    """The days by which `share_over` of the cases are over (0.5: the median), and the interval of those days.

    `curve` comes from `kaplan_meier`; the interval is Brookmeyer and Crowley's, at the level of the curve.
    A value that the curve does not reach is NaN: half of the cases may not be over yet, and no number says
    when they will be.
    """
    left = 1 - share_over

    def reached(column: str) -> float:
        # A product of fractions misses 0.5 by a rounding error; it counts as reached.
        days = curve.loc[curve[column] <= left + 1e-12, "t_days"]
        return float(days.iloc[0]) if len(days) else float("nan")

    return reached("survival"), reached("low"), reached("high")


def cumulative_incidence(
    cases: pd.DataFrame, *, days: str = "duration_days", outcome: str = "outcome", level: float = 0.95
) -> pd.DataFrame:
    """The share that has come to each end by each number of days (Aalen–Johansen), with its interval.

    `cases` has one row per case: `days` as for `kaplan_meier`, `outcome` the way it ended (`won`, `lost`)
    and missing where it is still open. The shares of all outcomes and Kaplan–Meier's share still open add
    up to 1 on every day; one less Kaplan–Meier with the other outcome censored would not, and overstates
    each.

    One row per outcome and distinct day, a row at day 0 included, outcomes in alphabetical order; columns are
    `CUMULATIVE_INCIDENCE`, `n_at_risk` just before the day, the interval on the log(-log) scale of 1 - share.
    """
    how = cases[outcome].astype("object")
    over = how.notna().to_numpy(dtype=bool)
    lasted, _, start = _arrays(cases, days, None, over)
    times, at_risk = _risk_sets(lasted, start)
    n_over = _count(lasted[over], times)
    still_open = np.cumprod(1 - _ratio(n_over, at_risk))
    before = np.concatenate(([1.0], still_open[:-1]))
    frames = []
    for name in sorted({str(word) for word in how.dropna()}):
        n_ended = _count(lasted[(how == name).to_numpy(dtype=bool)], times)
        share = np.cumsum(before * _ratio(n_ended, at_risk))
        se = np.sqrt(_incidence_variance(share, before, n_ended, n_over, at_risk))
        low, high = _log_log(1 - share, se, level)
        frames.append(
            pd.DataFrame(
                {
                    "t_days": times,
                    "outcome": name,
                    "n_at_risk": at_risk,
                    "n_ended": n_ended,
                    "share": share,
                    "se": se,
                    "low": 1 - high,
                    "high": 1 - low,
                }
            )
        )
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in CUMULATIVE_INCIDENCE.items()})
    return pd.concat(frames, ignore_index=True).astype(CUMULATIVE_INCIDENCE)


def value_at(curve: pd.DataFrame, day: float, column: str = "survival") -> float:
    """The value of a step curve on a day: what its last row up to `day` says. NaN beyond the last day seen.

    Beyond it the estimate is not defined unless everything is over; carrying the last value on would be a
    guess.
    """
    if curve.empty or day < 0 or day > curve["t_days"].iloc[-1]:
        return float("nan")
    return float(curve.loc[curve["t_days"] <= day, column].iloc[-1])


def _arrays(
    cases: pd.DataFrame, days: str, entered: str | None, over: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    lasted = cases[days].to_numpy(dtype="float64")
    start = np.zeros_like(lasted) if entered is None else cases[entered].to_numpy(dtype="float64")
    if np.isnan(lasted).any() or np.isnan(start).any():
        raise ValueError(f"a case without {days!r}: leave out what has no beginning, and say how many")
    if (lasted < 0).any():
        raise ValueError(f"a negative {days!r}: it ended before it began")
    # Watched from the day it was over, a case was never seen open and tells nothing.
    watched = (start <= 0) | (start < lasted)
    return lasted[watched], over[watched], start[watched]


def _risk_sets(lasted: Floats, start: Floats) -> tuple[Floats, Floats]:
    times = np.unique(np.concatenate(([0.0], lasted)))
    ordered, begun = np.sort(lasted), np.sort(np.where(start <= 0, -1.0, start))
    still = len(ordered) - np.searchsorted(ordered, times, side="left")
    not_yet = len(begun) - np.searchsorted(begun, times, side="left")
    return times, (still - not_yet).astype("float64")


def _count(values: Floats, times: Floats) -> Floats:
    return np.bincount(np.searchsorted(times, values), minlength=len(times)).astype("float64")


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=(part > 0) & (whole > 0))


def _log_log(survival: NDArray[Any], se: NDArray[Any], level: float) -> tuple[Floats, Floats]:
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    low, high = survival.copy(), survival.copy()
    inside = (survival > 0) & (survival < 1)
    s: Any = survival[inside]
    theta = z * se[inside] / (s * np.log(s))  # negative: log(s) is
    low[inside], high[inside] = s ** np.exp(-theta), s ** np.exp(theta)
    return low, high


def _incidence_variance(share: Floats, before: Floats, n_ended: Floats, n_over: Floats, at_risk: Floats) -> Floats:
    # Marubini & Valsecchi's three sums, each a running one: (F(t) - F(s)) is multiplied out.
    a = _ratio(n_over, at_risk * (at_risk - n_over))
    b = before**2 * _ratio(n_ended * (at_risk - n_ended), at_risk**3)
    c = before * _ratio(n_ended, at_risk**2)
    first = share**2 * np.cumsum(a) - 2 * share * np.cumsum(share * a) + np.cumsum(share**2 * a)
    third = share * np.cumsum(c) - np.cumsum(share * c)
    variance: Floats = np.maximum(first + np.cumsum(b) - 2 * third, 0.0)
    return variance
