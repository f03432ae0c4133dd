from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.base import InvalidInput, Money


@given(st.integers(-(2**62), 2**62), st.sampled_from(["EUR", "JPY", "KWD", "IDR"]))
def test_an_amount_survives_its_text(minor, currency):
    money = Money(minor, currency)
    assert Money.of(money.amount, currency) == money


def test_each_currency_has_its_own_minor_unit():
    assert Money.of("12.5", "EUR").minor == 1250
    assert Money.of("12", "JPY").minor == 12
    assert Money.of("1.234", "KWD").minor == 1234


def test_two_currencies_are_never_added():
    with pytest.raises(TypeError, match="without a rate"):
        Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("12.345", "2 digits"), ("twelve", "such as"), ("1e400", "such as|larger"), ("9" * 30, "larger")],
)
def test_what_cannot_be_an_amount_says_why(typed, expected):
    with pytest.raises(InvalidInput, match=expected):
        Money.of(typed, "EUR")


def test_a_machine_made_float_is_rounded_to_the_cent():
    assert Money.of(0.1 + 0.2, "EUR") == Money(30, "EUR")
    assert Money.of(Decimal("0.30"), "EUR").amount == Decimal("0.30")


def test_an_unknown_currency_is_refused():
    with pytest.raises(InvalidInput, match="three-letter code"):
        Money.of("1", "EURO")
