"""Numbers, days and words as people write them in columns."""

import contextlib
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.base import InvalidInput, Money
from crmlib.exchange.values import (
    date_order,
    find_country,
    look_at,
    number_style,
    read_date,
    read_flag,
    read_moment,
    read_money,
    read_number,
)


@pytest.mark.parametrize(
    ("text", "style", "number"),
    [
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,56", ",", "1234.56"),
        ("1'234.5", ".", "1234.5"),
        ("12,34,567", ".", "1234567"),
        ("-5", ".", "-5"),
        ("(12.50)", ".", "-12.50"),
        ("38,54 %", ",", "38.54"),
        ("1.5e3", ".", "1500"),
    ],
)
def test_a_number_is_read_in_the_style_of_its_column(text, style, number):
    assert read_number(text, style) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "style"), [("1,5", "."), ("1.5", ","), ("abc", "."), ("", "."), ("1.2.3", "."), ("NaN", ".")]
)
def test_a_mark_in_the_wrong_place_is_refused_and_not_read_as_something_else(text, style):
    with pytest.raises(InvalidInput):
        read_number(text, style)


def test_the_decimal_mark_is_decided_by_the_whole_column():
    assert number_style(["1.234,50", "12"]) == (",", False)
    assert number_style(["1,234", "5.25"]) == (".", False)
    assert number_style(["1,234", "5,678"]) == ("", True)
    assert number_style(["1", "2"]) == ("", False)
    assert number_style(["0,125"]) == (",", False)


def test_the_order_of_day_and_month_is_decided_by_the_whole_column():
    assert date_order(["01/02/2024", "29/09/2024"]) == ("dmy", False)
    assert date_order(["01/02/2024", "09/29/2024"]) == ("mdy", False)
    assert date_order(["01/02/2024"]) == ("dmy", True)
    assert date_order(["01.02.2024"]) == ("dmy", False)
    assert date_order(["2024-02-01"]) == ("ymd", False)
    assert date_order(["13/14/2024", "14/13/2024"]) == ("", True)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("29/09/2024", "dmy", date(2024, 9, 29)),
        ("9/29/24", "mdy", date(2024, 9, 29)),
        ("31.12.2026", "dmy", date(2026, 12, 31)),
        ("20240929", "", date(2024, 9, 29)),
        ("45631", "", date(2024, 12, 5)),
        ("24 October 2011", "", date(2011, 10, 24)),
        ("3. März 2020", "", date(2020, 3, 3)),
        ("Oct 5, 2021", "", date(2021, 10, 5)),
        ("2010-12-01 08:26:00", "", date(2010, 12, 1)),
    ],
)
def test_days_are_read_as_they_are_written(text, order, day):
    assert read_date(text, order) == day


@pytest.mark.parametrize("text", ["31/02/2024", "00/01/2024", "soon", "", "99999"])
def test_a_day_that_no_calendar_has_is_refused(text):
    with pytest.raises(InvalidInput):
        read_date(text, "dmy")


def test_moments_amounts_flags_and_countries():
    assert read_moment("8/9/14 19:00", "mdy") == datetime.fromisoformat("2014-08-09T19:00")
    assert read_moment("05/10/2021 1:30 PM", "dmy") == datetime.fromisoformat("2021-10-05T13:30")
    assert read_money("€ 1.250,00", ",") == Money(125000, "EUR")
    assert read_money("$12.50", ".", "CAD") == Money(1250, "CAD")
    assert read_money("1 200 zł", ",") == Money(120000, "PLN")
    assert [read_flag(word) for word in ("Yes", "nein", "1", "", "tak")] == [True, False, True, False, True]
    found = [find_country(name) for name in ("Deutschland", "United states", "DE", "Türkei", "Nowhere", "usa")]
    assert found == ["DE", "US", "DE", "TR", "", "US"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a@example.com", "n/a", "b@example.com"], "email"),
        (["yes", "no", "yes"], "flag"),
        (["1.50 €", "2,000.00 €"], "money"),
        (["2024-01-01 10:00", "2024-01-02 11:00"], "moment"),
        (["1", "2", "3"], "number"),
        (["Ana", "Dan"], "text"),
        (["", "null"], "empty"),
        (["070 7086 0753", "082 118 9037"], "phone"),
    ],
)
def test_a_column_is_recognised_by_its_values(values, kind):
    assert look_at(values).kind == kind


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from([".", ",", ""]), st.sampled_from(["dmy", "mdy", "ymd", ""]))
def test_any_text_is_read_or_refused(text, style, order):
    look_at([text])
    for read, how in ((read_number, style), (read_date, order), (read_moment, order)):
        with contextlib.suppress(InvalidInput):
            read(text, how)


@settings(max_examples=200, deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2), st.sampled_from([".", ","]))
def test_a_number_written_in_a_style_comes_back(number, mark):
    text = f"{number:,.2f}"
    if mark == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    assert read_number(text, mark) == number
