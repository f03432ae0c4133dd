import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.analytics import (
    CUMULATIVE_INCIDENCE,
    KAPLAN_MEIER,
    cumulative_incidence,
    kaplan_meier,
    quantile_days,
    value_at,
)

# Freireich et al. 1963, weeks of remission under 6-mercaptopurine; True: relapsed. The literature's
# standard example.
ENDED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
CENSORED = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
LEUKAEMIA = pd.DataFrame({"duration_days": [*ENDED, *CENSORED], "ended": [True] * len(ENDED) + [False] * len(CENSORED)})
# Survival, Greenwood's standard error and the log(-log) interval, as Stata's `sts list` prints them.
PUBLISHED = {
    6: (0.8571, 0.0764, 0.6197, 0.9516),
    7: (0.8067, 0.0869, 0.5631, 0.9228),
    10: (0.7529, 0.0963, 0.5032, 0.8894),
    13: (0.6902, 0.1068, 0.4316, 0.8491),
    16: (0.6275, 0.1141, 0.3675, 0.8049),
    22: (0.5378, 0.1282, 0.2678, 0.7468),
    23: (0.4482, 0.1346, 0.1881, 0.6801),
}

cases = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["won", "lost", None])), min_size=1, max_size=60).map(
    lambda rows: pd.DataFrame(rows, columns=["duration_days", "outcome"]).assign(
        ended=lambda frame: frame["outcome"].notna()
    )
)


def test_the_leukaemia_curve_is_the_published_one():
    curve = kaplan_meier(LEUKAEMIA).set_index("t_days")
    for week, published in PUBLISHED.items():
        assert curve.loc[week, ["survival", "se", "low", "high"]].tolist() == pytest.approx(published, abs=5e-5)
    assert curve.loc[6, ["n_at_risk", "n_ended", "n_censored"]].tolist() == [21, 3, 1]


def test_the_leukaemia_median_is_23_weeks_with_an_open_upper_end():
    median, low, high = quantile_days(kaplan_meier(LEUKAEMIA))
    assert (median, low) == (23, 13)
    assert pd.isna(high)
    assert quantile_days(kaplan_meier(LEUKAEMIA), 0.25)[0] == 13


def test_a_curve_says_nothing_beyond_the_last_day_seen():
    curve = kaplan_meier(LEUKAEMIA)
    assert value_at(curve, 9.5) == pytest.approx(0.8067, abs=5e-5)
    assert value_at(curve, 35) == pytest.approx(0.4482, abs=5e-5)
    assert pd.isna(value_at(curve, 36))


def test_cases_that_came_under_watch_late_count_only_from_then_on():
    # Risk sets by hand: day 2 sees a, b (not c, watched from 3): 1/2; day 5 sees b, c: 1/4; day 7 sees c: 0.
    late = pd.DataFrame({"duration_days": [2, 5, 7], "ended": [True] * 3, "watched": [0, 0, 3]})
    curve = kaplan_meier(late, entered="watched").set_index("t_days")
    assert curve["n_at_risk"].tolist() == [2, 2, 2, 1]
    assert curve["survival"].tolist() == pytest.approx([1, 0.5, 0.25, 0])


@given(cases)
def test_with_nothing_censored_the_curve_is_the_plain_share_still_going(frame):
    frame = frame.assign(ended=True)
    curve = kaplan_meier(frame)
    for day, survival in zip(curve["t_days"], curve["survival"], strict=True):
        assert survival == pytest.approx((frame["duration_days"] > day).mean())


@given(cases)
def test_a_curve_falls_from_one_within_its_interval_and_counts_every_case(frame):
    curve = kaplan_meier(frame)
    assert curve["t_days"].iloc[0] == 0
    assert curve["survival"].is_monotonic_decreasing
    assert (curve["low"] <= curve["survival"] + 1e-12).all()
    assert (curve["survival"] <= curve["high"] + 1e-12).all()
    assert curve[["low", "high"]].stack().between(0, 1).all()
    assert curve["n_ended"].sum() + curve["n_censored"].sum() == len(frame)


@given(cases)
def test_won_lost_and_still_open_add_up_to_one_on_every_day(frame):
    shares = cumulative_incidence(frame)
    if shares.empty:
        return
    by_day = shares.pivot_table(index="t_days", values="share", aggfunc="sum")["share"]
    still_open = kaplan_meier(frame).set_index("t_days")["survival"]
    assert (by_day + still_open).tolist() == pytest.approx([1.0] * len(still_open))


@given(cases)
def test_with_nothing_censored_shares_and_errors_are_those_of_plain_counting(frame):
    frame = frame.assign(outcome=frame["outcome"].fillna("lost"))
    n = len(frame)
    for row in cumulative_incidence(frame).itertuples():
        counted = ((frame["duration_days"] <= row.t_days) & (frame["outcome"] == row.outcome)).mean()
        assert row.share == pytest.approx(counted)
        assert row.se == pytest.approx((counted * (1 - counted) / n) ** 0.5, abs=1e-7)


@pytest.mark.parametrize("rows", [LEUKAEMIA, LEUKAEMIA.head(0)])
def test_columns_and_types_hold_with_no_rows_and_with_some(rows):
    frame = rows.assign(outcome="won")
    curve, shares = kaplan_meier(frame), cumulative_incidence(frame)
    assert {name: str(dtype) for name, dtype in curve.dtypes.items()} == KAPLAN_MEIER
    assert {name: str(dtype) for name, dtype in shares.dtypes.items()} == CUMULATIVE_INCIDENCE


@pytest.mark.parametrize(("days", "reason"), [(-1, "before it began"), (float("nan"), "no beginning")])
def test_durations_that_cannot_be_are_refused(days, reason):
    with pytest.raises(ValueError, match=reason):
        kaplan_meier(pd.DataFrame({"duration_days": [3.0, days], "ended": [True, True]}))
