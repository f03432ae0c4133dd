from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.base import InvalidInput
from crmlib.reporting.sales_review import Quarter

days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(days)
def test_every_day_lies_in_its_quarter_and_quarters_join_without_a_gap(day):
    quarter = Quarter.of(day)
    assert quarter.start <= day <= quarter.end
    assert quarter.next.previous == quarter
    assert (quarter.next.start - quarter.end).days == 1
    assert Quarter.parse(str(quarter)) == quarter
    assert quarter.year_before < quarter.previous < quarter


def test_a_quarter_is_named_as_people_say_it():
    quarter = Quarter.parse("2017-q4")
    assert (str(quarter), quarter.name) == ("2017-Q4", "Q4 2017")
    assert quarter.previous.beside(quarter) == "Q3"
    assert quarter.year_before.beside(quarter) == "Q4 2016"


@pytest.mark.parametrize("text", ["2017", "Q4 2017", "2017-Q0", "0000-Q1", "2017-Q44"])
def test_what_is_no_quarter_is_refused_with_an_example(text):
    with pytest.raises(InvalidInput, match="write a quarter as 2017-Q4"):
        Quarter.parse(text)
