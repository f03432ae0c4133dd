import pytest

from crmlib.base import InvalidInput
from crmlib.contacts import normalise_email, normalise_phone


def test_two_spellings_of_one_number_are_equal():
    assert normalise_phone("0721 234 567", country="RO") == normalise_phone("+40 (721) 234-567") == "+40721234567"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("+62 812 384", "Too short: 6 digits after \\+62"), ("call me", r"like \+40"), ("0721", "country code")],
)
def test_a_wrong_number_says_what_would_be_right(typed, expected):
    with pytest.raises(InvalidInput, match=expected):
        normalise_phone(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ana", "one @"),
        ("ana@example", "no ending"),
        ("@example.com", "before @"),
        ("ana@", "after @"),
        ("a na@example.com", "blank"),
        ("a@b..com", "cannot be"),
    ],
)
def test_a_wrong_address_says_which_part(typed, expected):
    with pytest.raises(InvalidInput, match=expected):
        normalise_email(typed)


def test_mail_addresses_are_compared_without_case():
    assert normalise_email(" Ana.Pop@Example.COM ") == "ana.pop@example.com"
