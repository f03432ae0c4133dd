import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.analytics import (
    COMPARED_WITH_REST,
    WIN_RATES,
    compare_with_rest,
    rate_difference,
    wilson_interval,
    win_rates,
)
from crmlib.analytics.winrate import holm


def deals(*groups: tuple[str | None, int, int, int]) -> pd.DataFrame:
    """A frame of deals from (seller, won, lost, open) counts."""
    rows = [
        (seller, status)
        for seller, *counts in groups
        for status, count in zip(("won", "lost", "open"), counts, strict=True)
        for _ in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["owner", "status"])
    return frame.astype({"owner": "str", "status": pd.CategoricalDtype(["open", "won", "lost"])})


@pytest.mark.parametrize(
    ("n_won", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_that_newcombe_printed_in_1998(n_won, n, low, high):
    assert wilson_interval(n_won, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_differences_are_those_of_newcombes_method_ten(first, second, low, high):
    difference, *interval = rate_difference(*first, *second)
    assert difference == pytest.approx(first[0] / first[1] - second[0] / second[1])
    assert interval == pytest.approx([low, high], abs=5e-5)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.99))
def test_an_interval_holds_its_rate_stays_a_share_and_mirrors(counts, level):
    n_won, n = counts
    low, high = wilson_interval(n_won, n, level)
    assert 0 <= low <= (n_won / n if n else 0.5) <= high <= 1
    assert wilson_interval(n - n_won, n, level) == pytest.approx((1 - high, 1 - low))


@given(st.integers(0, 40), st.integers(1, 40))
def test_a_higher_level_never_gives_a_narrower_interval(n_won, n_lost):
    narrow, wide = (wilson_interval(n_won, n_won + n_lost, level) for level in (0.8, 0.95))
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


def test_what_is_no_proportion_is_refused():
    with pytest.raises(ValueError, match="no proportion"):
        wilson_interval(3, 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson_interval(1, 2, level=95)


def test_open_deals_are_neither_won_nor_lost():
    rate = win_rates(deals(("Ana", 30, 10, 500))).iloc[0]
    assert (rate.n_won, rate.n_lost, rate.n_closed, rate.win_rate) == (30, 10, 40, 0.75)


def test_groups_come_with_the_most_closed_deals_first_and_a_missing_seller_is_a_group():
    rates = win_rates(deals(("Ana", 10, 15, 0), (None, 20, 10, 1), ("Ion", 0, 0, 3)), "owner")
    assert rates["n_closed"].tolist() == [30, 25]
    assert rates["owner"].isna().tolist() == [True, False]


def test_too_little_data_is_said_and_not_estimated():
    rate = win_rates(deals(("Ana", 19, 0, 0)), "owner").iloc[0]
    assert not rate.enough
    assert pd.isna(rate.win_rate)
    assert pd.isna(rate.low)
    assert rate.n_won == 19


@pytest.mark.parametrize("frame", [deals(), deals(("Ana", 12, 3, 4))])
def test_columns_and_types_hold_with_no_rows_and_with_some(frame):
    rates = win_rates(frame, "owner")
    compared = compare_with_rest(frame, "owner")
    assert list(rates) == ["owner", *WIN_RATES]
    assert list(compared) == ["owner", *COMPARED_WITH_REST]
    for contract, made in ((WIN_RATES, rates), (COMPARED_WITH_REST, compared)):
        assert {name: str(made[name].dtype) for name in contract} == contract


def test_holms_example_steps_down_and_never_falls():
    # Aickin & Gensler 1996: raw p of .01, .04, .03, .005 become .03, .06, .06, .02.
    adjusted = holm(pd.Series([0.01, 0.04, 0.03, 0.005, float("nan")]))
    assert adjusted.tolist()[:4] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert pd.isna(adjusted[4])


def test_a_seller_who_wins_far_more_stands_out_and_luck_does_not():
    frame = deals(("Ana", 90, 10, 0), ("Ion", 55, 45, 0), ("Sri", 52, 48, 0), ("Kai", 48, 52, 0), ("Abe", 3, 0, 0))
    verdicts = compare_with_rest(frame, "owner").set_index("owner")["verdict"]
    assert verdicts["Ana"] == "higher"
    assert verdicts["Ion"] == "no clear difference"
    assert verdicts["Abe"] == "too little data"


def test_a_single_group_has_nobody_to_be_compared_with():
    assert compare_with_rest(deals(("Ana", 50, 50, 0)), "owner")["verdict"].tolist() == ["too little data"]
