"""Contact points and addresses: several of each, preferred, proved, kept as typed."""

import gzip
import json
import xml.etree.ElementTree as ET

import pytest

from crmlib.base import Conflict, InvalidInput
from crmlib.contacts import ContactKind, normalise, normalise_email, normalise_phone


@pytest.fixture
def ana(workbench):
    return workbench.contacts.add_person(given_name="Ana", email="ana@example.com", phone="+40721234567").id


def points(workbench, ana):
    return workbench.contacts.party_card(ana).contact_points


def test_one_is_preferred_of_each_kind(workbench, ana):
    other = workbench.contacts.add_contact_point(ana, kind="email", value="ana@home.example", label="home")
    assert [one.is_preferred for one in points(workbench, ana)] == [True, True, False]
    workbench.contacts.prefer_contact_point(other.id)
    assert [one.is_preferred for one in points(workbench, ana)] == [False, True, True]


def test_what_bounced_is_doubted_until_it_answers(workbench, ana, clock):
    mail = points(workbench, ana)[0]
    workbench.contacts.mark_verified(mail.id)
    clock.advance(days=1)
    workbench.contacts.mark_bounced(mail.id, reason="mailbox full")
    assert (points(workbench, ana)[0].is_bounced, points(workbench, ana)[0].is_verified) == (True, False)
    workbench.contacts.edit_contact_point(mail.id, "ana.pop@example.com")
    assert not points(workbench, ana)[0].is_bounced
    with pytest.raises(Conflict):
        workbench.contacts.remove_contact_point(mail.id, was={"value": "ana@example.com"})


def test_an_import_keeps_what_cannot_be_and_says_so(workbench, ana):
    with pytest.raises(InvalidInput):
        workbench.contacts.add_contact_point(ana, kind="email", value="ana at example")
    kept = workbench.contacts.add_contact_point(ana, kind="email", value="Ana at example", keep_doubtful=True)
    assert (kept.value, kept.is_doubtful) == ("Ana at example", True)
    workbench.contacts.edit_contact_point(kept.id, "ana3@example.com")
    assert not points(workbench, ana)[-1].is_doubtful


@pytest.mark.parametrize(
    ("kind", "typed", "normal"),
    [
        ("linkedin", "https://www.linkedin.com/in/Ana-Pop/?trk=x", "in/ana-pop"),
        ("linkedin", "https://id.linkedin.com/company/acme", "company/acme"),
        ("linkedin", "ana-pop", "in/ana-pop"),
        ("facebook", "https://facebook.com/profile.php?id=1000", "1000"),
        ("facebook", "fb.com/ana.pop", "ana.pop"),
        ("instagram", "@Ana", "ana"),
        ("x", "https://twitter.com/Ana", "ana"),
        ("x", "x.com/Ana?s=20", "ana"),
        ("telegram", "https://t.me/AnaPop", "anapop"),
        ("telegram", "+40 721 234 567", "+40721234567"),
        ("signal", "ana.01", "ana.01"),
        ("signal", "+40721234567", "+40721234567"),
        ("skype", "skype:live:ana?chat", "live:ana"),
        ("fax", "+49 30 123456", "+4930123456"),
        ("teams", "ana@example.com", "ana@example.com"),
        ("website", "https://Example.com/", "example.com"),
    ],
)
def test_two_spellings_of_one_name_are_equal(kind, typed, normal):
    assert normalise(ContactKind(kind), typed) == normal


@pytest.mark.parametrize(
    ("kind", "typed"), [("x", "no name here"), ("linkedin", "https://linkedin.com/"), ("skype", "")]
)
def test_what_holds_no_name_is_refused_kindly(kind, typed):
    with pytest.raises(InvalidInput, match="name there"):
        normalise(ContactKind(kind), typed)


def test_tortured_addresses_are_normalised_or_refused_in_words(real_data):
    tests = ET.fromstring(gzip.decompress((real_data / "email_torture" / "isemail_tests.xml.gz").read_bytes()))
    accepted = refused = 0
    for case in tests.iter("test"):
        address = case.findtext("address") or ""
        try:
            normal = normalise_email(address)
        except InvalidInput as error:
            refused += 1
            assert str(error)
            continue
        accepted += 1
        assert normalise_email(normal) == normal
    assert accepted + refused == 164
    assert accepted >= 20


def test_tortured_addresses_are_kept_as_typed(workbench, ana, real_data):
    tests = ET.fromstring(gzip.decompress((real_data / "email_torture" / "isemail_tests.xml.gz").read_bytes()))
    typed = {(case.findtext("address") or "").strip() for case in tests.iter("test")}
    kept = 0
    for address in sorted(typed):
        try:
            with workbench.session() as session:
                from crmlib.contacts import add_contact_point

                add_contact_point(session, ana, kind="email", value=address, keep_doubtful=True)
                kept += 1
        except InvalidInput:
            # Nothing, or a character that no database keeps.
            assert not address or "\x00" in address or any(ord(sign) < 32 for sign in address)
        except Exception as error:
            assert "here already" in str(error)
    assert kept > 120
    stored = {one.value for one in points(workbench, ana)}
    assert len(stored & typed) == kept


def test_a_number_of_every_country_is_read(real_data):
    examples = json.loads(gzip.decompress((real_data / "phone_examples" / "examples.mobile.json.gz").read_bytes()))
    assert len(examples) >= 240
    for country, national in examples.items():
        number = normalise_phone(national, country=country)
        assert number.startswith("+")
        assert normalise_phone(number) == number


def test_several_addresses_one_of_them_preferred(workbench, ana):
    add = workbench.contacts
    first = add.add_address(ana, kind="home", street="Str. Lungă 1", city="Cluj", country="Romania")
    second = add.add_address(ana, kind="billing", city="Arad", latitude="46.1866", longitude=21.3123, is_preferred=True)
    card = add.party_card(ana)
    assert (card.address.city, len(card.addresses)) == ("Arad", 2)
    assert card.address.latitude == 46.1866
    add.prefer_address(first.id)
    assert add.party_card(ana).address.city == "Cluj"
    add.edit_address(second.id, {"city": "Oradea"}, was={"city": "Arad"})
    with pytest.raises(Conflict):
        add.edit_address(second.id, {"city": "Deva"}, was={"city": "Arad"})
    add.remove_address(first.id)
    assert add.party_card(ana).address.city == "Oradea"
    with pytest.raises(InvalidInput, match="degrees"):
        add.add_address(ana, latitude="91")
    with pytest.raises(InvalidInput, match="needed"):
        add.add_address(ana, kind="home")
