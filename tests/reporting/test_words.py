import pytest

from crmlib.i18n import use_locale
from crmlib.reporting import words


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "0"), (950, "€950"), (1500, "€1.5K"), (2000, "€2K"), (228_710, "€229K"), (1_338_466, "€1.3M"), (2e6, "€2M")],
)
def test_an_axis_says_money_in_three_figures(amount, said):
    assert words.money_on_axis(amount, "EUR") == said


def test_a_language_without_short_thousands_gets_its_separators():
    with use_locale("de"):
        assert words.money_on_axis(228_710, "EUR") == "228.710\u00a0€"
        assert words.money_on_axis(1_338_466, "EUR") == "1,3\u00a0Mio.\u00a0€"


def test_shares_and_ranges_never_claim_nothing_or_everything():
    assert words.percent(0.001) == "0.1%"
    assert words.percent(0.999) == "99.9%"
    assert words.percent_range(0.58, 0.62) == "58 to 62%"
    assert words.percent_range(0.0003, 0.008) == "0.0 to 0.8%"
    assert words.percent(float("nan")) == words.DASH


def test_days_say_when_an_end_is_not_reached():
    assert words.days_range(66.0, 72.0) == "66 to 72 days"
    assert words.days_range(66.0, float("nan")) == "66 days or more"
    assert words.days_range(float("nan"), float("nan")) == words.DASH


def test_numbers_are_the_readers():
    with use_locale("ro"):
        assert words.count(1196) == "1.196"
        assert words.percent(0.6) == "60\u00a0%"
    assert words.listed(["A", "B", "C"]) == "A, B and C"
    assert words.listed([]) == ""
