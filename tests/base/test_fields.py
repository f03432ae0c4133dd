import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.base import InvalidInput, fields_of
from crmlib.contacts import Address, Lifecycle, Organization, Party, Person, editable_fields


@pytest.mark.parametrize(
    ("record", "key", "typed", "expected"),
    [
        (Person, "birthday_on", "31/02/1990", "2026-02-28"),
        (Person, "birthday_on", "1990-02-31", "not a day"),
        (Organization, "n_employees", "many", "whole number"),
        (Organization, "n_employees", "-4", "0 is the least"),
        (Party, "lifecycle", "friend", "Prospect, Lead"),
        (Address, "country", "Atlantis", "code such as RO"),
        (Person, "given_name", "  ", "this is needed"),
        (Person, "given_name", "x" * 501, "500 characters"),
    ],
)
def test_what_cannot_be_says_the_field_and_what_would_be_right(record, key, typed, expected):
    about = fields_of(record)[key]
    with pytest.raises(InvalidInput, match=expected) as caught:
        about.read(typed)
    assert caught.value.field == about.label


def test_choices_are_read_by_value_and_by_label():
    lifecycle = fields_of(Party)["lifecycle"]
    assert lifecycle.read("customer") is lifecycle.read("Customer") is Lifecycle.CUSTOMER


def test_countries_are_read_by_name_and_by_code():
    country = fields_of(Address)["country"]
    assert {country.read(text) for text in ("Romania", "ro", " RO ")} == {"RO"}


@given(st.text(max_size=600))
def test_any_text_is_a_value_or_a_refusal(text):
    for about in editable_fields(Organization).values():
        try:
            value = about.read(text, currency="EUR")
        except InvalidInput:
            continue
        assert value is not None or not text.strip()
