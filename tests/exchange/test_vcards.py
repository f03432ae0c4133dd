"""Cards as eight address books and two RFCs write them, checked against what the files say."""

import tarfile

import pytest

from crmlib.base import InvalidInput
from crmlib.exchange.reading import BadRow, open_table


@pytest.fixture
def cards(real_data, tmp_path):
    with tarfile.open(real_data / "vcards_visible.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")

    def read(name):
        rows = list(open_table(next(tmp_path.rglob(name))).rows())
        assert not [row for row in rows if isinstance(row, BadRow)]
        return [{key: value for key, value in row.values.items() if value} for row in rows]

    return read


@pytest.fixture
def card(tmp_path):
    def read(text):
        path = tmp_path / "card.vcf"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [row if isinstance(row, BadRow) else {k: v for k, v in row.values.items() if v} for row in open_table(path).rows()]  # fmt: skip  # noqa: E501

    return read


CLIENTS = {
    "John_Doe_EVOLUTION.vcf": ("Richter, James", "john.doe@ibm.com", "905-666-1234", "1980-03-22"),
    "John_Doe_GMAIL.vcf": ("Richter, James", "john.doe@ibm.com", "905-555-1234", "1980-03-22"),
    "John_Doe_IPHONE.vcf": ("Richter James", "john.doe@ibm.com", "905-555-1234", "2012-06-06"),
    "John_Doe_LOTUS_NOTES.vcf": ("Johny", "john.doe@ibm.com", "+1 (212) 204-34456", "1980-05-21"),
    "John_Doe_MAC_ADDRESS_BOOK.vcf": ("Richter,James", "john.doe@ibm.com", "905-777-1234", "2012-06-06"),
    "John_Doe_MS_OUTLOOK.vcf": ("Richter James", "john.doe@ibm.cm", "(905) 555-1234", "1980-03-22"),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_john_doe_is_the_same_from_every_client(cards, name):
    (john,) = cards(name)
    told = (john["Middle Name"], john["E-mail 1 - Value"], john["Phone 1 - Value"], john["Birthday"])
    assert told == CLIENTS[name]
    assert (john["First Name"], john["Last Name"], john["Name Prefix"]) == ("John", "Doe", "Mr.")
    assert john["Organization Name"] == "IBM"
    assert john.get("Notes", "").startswith("THIS SOFTWARE IS PROVIDED") or "IPHONE" in name
    assert not any("PHOTO" in column for column in john)


def test_the_phone_that_writes_quoted_printable(cards):
    people = cards("John_Doe_ANDROID.vcf")
    assert len(people) == 6
    assert people[3]["Last Name"] == "Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ Ñ"
    assert [people[3][f"Phone {n} - Label"] for n in (1, 2, 3, 4)] == ["mobile", "home", "mobile", "home"]
    assert people[4]["E-mail 2 - Value"] == "Ñ" * 14
    assert people[5]["Organization Name"].startswith("ÑÑÑ")
    (john,) = cards("John_Doe_BLACK_BERRY.vcf")
    assert (john["First Name"], john["Phone 1 - Value"]) == ("john", "+96123456789")


def test_the_examples_of_the_standards(cards):
    frank, tim = cards("rfc2426-example.vcf")
    assert (frank["Formatted Name"], frank["Phone 2 - Label"], frank["Address 1 - City"]) == (
        "Frank Dawson", "work fax", "Raleigh",
    )  # fmt: skip
    assert (tim["Address 1 - Region"], tim["Address 1 - Postal Code"]) == ("CA", "94043")
    (simon,) = cards("rfc6350-example.vcf")
    assert simon["Name Suffix"] == "ing. jr, M.Sc."
    assert simon["Birthday"] == "--02-03"
    assert simon["Phone 1 - Value"] == "+1-418-656-9254 ext. 102"
    assert simon["Event 1 - Value"] == "2009-08-08"
    assert "HTTP" not in simon


def test_a_damaged_card_is_told_and_the_others_go_on(card):
    whole = "BEGIN:VCARD\nVERSION:3.0\nFN:{}\nEND:VCARD\n"
    rows = card(whole.format("Ana") + "BEGIN:VCARD\nFN:Cut\n" + whole.format("Dan") + "BEGIN:VCARD\nFN:End\n")
    assert [row if isinstance(row, dict) else row.line for row in rows] == [
        {"Formatted Name": "Ana"}, 5, {"Formatted Name": "Dan"}, 11,
    ]  # fmt: skip


def test_charsets_folds_and_escapes(card):
    (ana,) = card(
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-2;ENCODING=QUOTED-PRINTABLE:=A3ucja;Ana\r\n"
        b"NOTE:a\\;b\\, c\\nd \\\\ e\r\nEND:VCARD\r\n"
    )
    assert (ana["Last Name"], ana["Notes"]) == ("Łucja", "a;b, c\nd \\ e")
    # A fold may split a character in two.
    data = "BEGIN:VCARD\nVERSION:3.0\nFN:Ș".encode()[:-1] + b"\n " + "Ș".encode()[1:] + b"tefan\nEND:VCARD\n"
    assert card(data)[0]["Formatted Name"] == "Ștefan"


def test_nested_cards_and_huge_ones_end(card):
    with pytest.raises(InvalidInput):
        card("BEGIN:VCARD\nAGENT:\n" * 1_000)
    assert isinstance(
        card("BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nNOTE:" + "x" * 3_000_000 + "\nEND:VCARD\n")[1], BadRow
    )
    semicolons = "BEGIN:VCARD\nFN;" + ";" * 1_500_000 + ":A\nFN:B\nEND:VCARD\n"
    assert len(card(semicolons)) == 1
