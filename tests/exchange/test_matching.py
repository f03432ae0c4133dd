import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.exchange.matching import SECTORS, find_match, match_key, nearest, nearest_country


def test_spacing_case_accents_and_signs_do_not_make_another_product():
    choices = {"GTX Pro": 1, "GTX Plus Pro": 2, "MG Special": 3}
    assert find_match("GTXPro", choices) == ("GTX Pro", 1)
    assert find_match("gtx-plus  PRO", choices) == ("GTX Plus Pro", 2)
    assert find_match("GTX Prov", choices) is None


def test_a_name_that_could_be_two_is_none():
    assert find_match("gtx pro", {"GTX Pro": 1, "GTXPro": 2}) is None
    assert find_match("GTXPro", {"GTX Pro": 1, "GTXPro": 2}) == ("GTXPro", 2)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("technolgy", "technology"),
        ("Retial", "retail"),
        ("technology", None),
        ("Technology", None),
        ("beekeeping", None),
        ("", None),
    ],
)
def test_a_slip_is_told_from_a_word_of_its_own(typed, meant):
    assert nearest(typed, SECTORS) == meant


def test_a_misspelt_country_is_recognised():
    assert nearest_country("Philipines") == ("PH", "Philippines")
    assert nearest_country("Atlantis") is None


@given(st.text(string.printable + "ăâîșțéßŁ"))
def test_a_key_of_a_key_is_itself(text):
    assert match_key(match_key(text)) == match_key(text)
