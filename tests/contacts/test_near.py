import csv
import gzip
from datetime import date

import pytest

from crmlib.contacts import add_person, back_key, name_key, name_likeness, near_parties


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ("PT. Maju Jaya", "Maju Jaya, PT", 100, 100),
        ("Mega Com SRL", "Megacom S.R.L.", 100, 100),
        ("Ștefan Țurcanu", "TURCANU Stefan", 100, 100),
        ("Acme GmbH & Co. KG", "ACME", 100, 100),
        ("Dr. Ana Pop", "Ana Pop", 100, 100),
        ("John Smith", "J. Smith", 93, 99),
        ("Jon Smith", "John Smith", 86, 99),
        ("John Smith", "Jane Smith", 0, 85),
        ("Livada", "Livada Transilvană", 0, 85),
        ("", "Ana", 0, 0),
    ],
)
def test_how_alike_names_are_follows_what_people_mean(one, other, low, high):
    assert low <= name_likeness(one, other) <= high
    assert name_likeness(one, other) == name_likeness(other, one)


def test_the_keys_of_a_name_know_no_order_and_no_form():
    assert name_key("Smith, John") == name_key("JOHN SMITH Ltd.") == "john smith"
    assert back_key("Smith, John") == "smith john"
    assert (name_key("Suparman"), back_key("Suparman"), name_key("GmbH"), name_key("")) == (
        "suparman", "suparman", "gmbh", "")  # fmt: skip


@pytest.fixture
def people(workbench):
    add = workbench.contacts
    firm = add.add_organization(name="PT Maju Jaya", city="Jakarta", country="ID", email="info@majujaya.co.id")
    return {
        "firm": firm.id,
        "john": add.add_person(given_name="John", family_name="Smith", city="Jakarta", country="ID").id,
        "ana": add.add_person(given_name="Ana", family_name="Popescu", organization=firm.id, phone="+40721234567").id,
    }


def near(workbench, **wanted):
    return [(one["party"], one["why"], one["score"]) for one in workbench.contacts.near_parties(**wanted)]


def test_a_number_is_the_same_whatever_rings(workbench, people):
    workbench.contacts.add_contact_point(people["john"], kind="whatsapp", value="+62 812 384 9920")
    found = near(workbench, phone="0812-384-9920", country="ID")
    assert found == [("John Smith", "same phone", 95)]


def test_a_name_that_differs_by_a_letter_counts_in_the_same_place_only(workbench, people):
    assert near(workbench, name="Jon Smith", city="jakarta", country="ID")[0][:2] == (
        "John Smith", "nearly the same name, same city")  # fmt: skip
    assert near(workbench, name="Jon Smith", city="Cluj", country="RO") == []
    assert near(workbench, name="Smith John", city="Cluj", country="RO") == [("John Smith", "same name", 50)]
    assert near(workbench, name="Smith John") == [("John Smith", "same name", 70)]
    assert near(workbench, name="Jane Smith", city="Jakarta", country="ID") == []


def test_where_somebody_works_is_a_place_too(workbench, people):
    assert near(workbench, name="Anna Popescu", organization="Maju Jaya")[0][:2] == (
        "Ana Popescu", "nearly the same name, same organization")  # fmt: skip
    assert near(workbench, name="Maju Jaya Tbk", email="sales@majujaya.co.id")[0][:2] == (
        "PT Maju Jaya", "same name, same e-mail domain")  # fmt: skip


def test_two_reasons_are_ranked_before_one_and_nothing_is_prevented(workbench, people):
    workbench.contacts.add_person(given_name="Another", email="john@example.com")
    workbench.contacts.add_contact_point(people["john"], kind="email", value="John@example.com")
    found = near(workbench, name="John Smith", email="JOHN@example.com", city="Jakarta")
    assert [one[0] for one in found] == ["John Smith", "Another"]
    assert near(workbench, name="%_\\", email="nonsense", phone="nonsense") == []
    left = workbench.contacts.near_parties(name="John Smith", leave_out=[people["john"]])
    assert left == []


def test_known_duplicates_are_found_among_many(workbench, real_data):
    """FEBRL 1: 500 records and a damaged copy of each. What was measured when this was written is the floor."""
    with gzip.open(real_data / "febrl" / "dataset1.csv.gz", "rt") as file:
        rows = [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(file)]
    rows = [row for row in rows if row["given_name"] or row["surname"]]
    number = {}
    right = pointed = pairs = 0
    with workbench.session() as session:
        for row in rows:
            if row["rec_id"].endswith("-org"):
                given, family = row["given_name"] or row["surname"], row["surname"] if row["given_name"] else None
                born = _day(row["date_of_birth"])
                made = add_person(
                    session, given_name=given, family_name=family, city=row["suburb"] or None, country="AU",
                    postal_code=row["postcode"] or None, birthday_on=born.isoformat() if born else None,
                    at=workbench.now())  # fmt: skip
                number[row["rec_id"].rsplit("-", 1)[0]] = made.id
        session.flush()
        for row in rows:
            if row["rec_id"].endswith("-org"):
                continue
            name = f"{row['given_name']} {row['surname']}"
            found = near_parties(
                session, name=name, city=row["suburb"], postal_code=row["postcode"], country="AU",
                birthday_on=_day(row["date_of_birth"]))  # fmt: skip
            pointed += len(found)
            wanted = number.get(row["rec_id"].rsplit("-", 2)[0])
            pairs += wanted is not None
            right += wanted in [one["party_id"] for one in found]
    print(f"recall {right / pairs:.3f} precision {right / pointed:.3f} of {pairs}")
    assert right / pairs > 0.75
    assert right / pointed > 0.9


def _day(text):
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
