from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.base import (
    ConvertedSum,
    FxRate,
    InvalidInput,
    Money,
    RateUsed,
    Refused,
    Scaled,
    convert,
    convert_sum,
    find_rate,
    round_minor,
    set_rate,
    set_rates,
)
from crmlib.base.types import DecimalText

DAY = date(2026, 6, 5)


def test_a_rate_holds_for_the_day_and_a_week_after(session):
    set_rate(session, day=DAY, currency="USD", base="EUR", rate="1.0840")
    assert convert(session, Money(1084, "USD"), "EUR", DAY) == Money(1000, "EUR")
    assert convert(session, Money(1000, "EUR"), "USD", DAY + timedelta(days=7)) == Money(1084, "USD")
    for day in (DAY - timedelta(days=1), DAY + timedelta(days=8)):
        with pytest.raises(Refused, match="from USD to EUR"):
            convert(session, Money(1084, "USD"), "EUR", day)


def test_currencies_meet_over_a_base_that_both_have(session):
    set_rates(session, [(DAY, "USD", "1.08"), (DAY, "IDR", "17600"), (DAY, "JPY", "170.25")], base="EUR")
    assert convert(session, Money(108, "USD"), "IDR", DAY) == Money(1760000, "IDR")
    assert convert(session, Money(17025, "JPY"), "USD", DAY) == Money(10800, "USD")
    used = find_rate(session, "USD", "IDR", DAY)
    assert (used.via, used.day, used.rate) == ("EUR", DAY, Fraction(17600) / Fraction("1.08"))


def test_a_sum_says_which_rates_it_stands_on_or_what_is_missing(session):
    set_rate(session, day=DAY, currency="USD", base="EUR", rate="1.25")
    moneys = [Money(100, "EUR"), Money(125, "USD"), Money(125, "USD")]
    found = convert_sum(session, moneys, "EUR", DAY)
    assert (found.total, [rate.currency for rate in found.rates]) == (Money(300, "EUR"), ["USD"])
    assert "1 USD = 0.8 EUR" in str(found)
    with pytest.raises(Refused, match="GBP, RON"):
        convert_sum(session, [*moneys, Money(1, "RON"), Money(1, "GBP")], "EUR", DAY)
    assert convert_sum(session, [], "EUR", DAY) == ConvertedSum(Money(0, "EUR"))


def test_a_rate_of_the_same_day_and_pair_is_replaced(session):
    for rate in ("1.1", "1.2"):
        set_rate(session, day=DAY, currency="USD", base="EUR", rate=rate)
    assert [one.rate for one in session.query(FxRate)] == [Decimal("1.2")]


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1,08", "1e40", "one"])
def test_a_rate_that_cannot_be_is_refused(session, rate):
    with pytest.raises(InvalidInput):
        set_rate(session, day=DAY, currency="USD", base="EUR", rate=rate)
    assert session.query(FxRate).count() == 0


def test_no_float_comes_near_a_rate_or_a_quantity(session):
    with pytest.raises(TypeError):
        set_rate(session, day=DAY, currency="USD", base="EUR", rate=1.08)
    for kind in (Scaled(3), DecimalText()):
        with pytest.raises(TypeError):
            kind.process_bind_param(0.1, None)
    with pytest.raises(ValueError, match="more than 3"):
        Scaled(3).process_bind_param(Decimal("0.0001"), None)


RATES = st.decimals(min_value="0.0001", max_value="100000", places=4)


@settings(max_examples=200, deadline=None)
@given(minor=st.integers(-(10**14), 10**14), rate=RATES)
def test_a_conversion_is_off_by_at_most_half_a_unit(minor, rate):
    used = RateUsed("USD", "EUR", 1 / Fraction(rate), DAY)
    converted = used.minor(minor)
    assert abs(converted - Fraction(minor) / Fraction(rate)) <= Fraction(1, 2)
    assert used.minor(-minor) == -converted


@settings(max_examples=200, deadline=None)
@given(
    quantity=st.decimals(min_value=-100000, max_value=100000, places=3),
    price=st.decimals(min_value=-100000, max_value=100000, places=4),
)
def test_scaled_decimals_come_back_as_they_were(quantity, price):
    for digits, value in ((3, quantity), (4, price)):
        kind = Scaled(digits)
        assert kind.process_result_value(kind.process_bind_param(value, None), None) == value
    exact = Fraction(quantity) * Fraction(price)
    assert abs(round_minor(quantity * price, "EUR") - exact * 100) <= Fraction(1, 2)
    assert round_minor(exact, "EUR") == round_minor(quantity * price, "EUR")
