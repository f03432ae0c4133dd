"""The list of customers, without a browser."""

import pytest

from crmlib import contacts
from crmlib.base import Money
from crmlib.contacts import Lifecycle
from widgets.contacts.customers import CustomersModel


@pytest.fixture
def everyone(workbench):
    """Forty-five persons in Bucharest and one organization with an accent, everybody added by hand."""
    with workbench.session() as session:
        owner = contacts.add_person(session, given_name="Suparman", lifecycle=Lifecycle.COLLEAGUE, at=workbench.now())
        for n in range(45):
            contacts.add_person(
                session,
                given_name=f"Ana {n:02}",
                city="București",
                country="RO",
                lifecycle=Lifecycle.CUSTOMER if n % 3 == 0 else Lifecycle.LEAD,
                owner=owner if n < 5 else None,
                at=workbench.now(),
            )
        contacts.add_organization(session, name="Ștefănescu & fiii", email="office@stef.example", at=workbench.now())


@pytest.fixture
def model(workbench, everyone):
    made = CustomersModel(workbench)
    made.show({})
    return made


def names(model):
    return [row["name"] for row in model.rows]


def test_a_page_holds_twenty_and_the_last_one_the_rest(model):
    assert (len(model.rows), model.total, model.total_text) == (20, 46, "46")
    model.show({"sort": "name", "descending": False})
    model.show({"page": 3})
    assert (model.page, names(model)[0], len(model.rows)) == (3, "Ana 40", 6)


def test_a_page_past_the_end_is_the_last_one(model):
    model.show({"page": 99})
    assert (model.page, len(model.rows)) == (3, 6)


def test_another_search_begins_at_the_first_page_again(model):
    model.show({"page": 3})
    model.show({"search": "ana"})
    assert model.page == 1
    model.show({"page": 2})
    model.show({"lifecycle": "lead"})
    assert model.page == 1


def test_what_is_left_out_stays_as_it_is(model):
    model.show({"search": "ana", "sort": "name", "descending": False})
    model.show({"page": 2})
    assert (model.search, model.sort, model.page, names(model)[0]) == ("ana", "name", 2, "Ana 20")


def test_the_database_sorts_both_ways(model):
    model.show({"sort": "name", "descending": False})
    assert names(model)[:2] == ["Ana 00", "Ana 01"]
    model.show({"descending": True})
    assert names(model)[:2] == ["Ștefănescu & fiii", "Ana 44"]
    model.show({"sort": "owner", "descending": False})
    assert [row["owner"] for row in model.rows[:6]] == ["Suparman"] * 5 + [""]


def test_accents_and_capitals_do_not_matter_in_a_search(model):
    for typed in ("stefanescu", "ȘTEFĂN", "FIII ștef", "office@stef.example"):
        model.show({"search": typed})
        assert names(model) == ["Ștefănescu & fiii"]


def test_signs_of_the_databases_own_language_are_plain_letters(model):
    for typed in ("%", "_", "a%a", "\\"):
        model.show({"search": typed})
        assert model.rows == []


def test_lifecycles_are_counted_over_everyone_and_chosen_one_at_a_time(model):
    assert {tab["value"]: tab["count"] for tab in model.tabs} == {
        "": "46", "prospect": "1", "lead": "30", "customer": "15"
    }  # fmt: skip
    model.show({"lifecycle": "customer"})
    assert model.total == 15
    assert {row["lifecycle"]["value"] for row in model.rows} == {"customer"}


def test_very_many_are_counted_no_further_and_it_says_so(model, monkeypatch):
    model.show({})
    assert not any("+" in tab["count"] for tab in model.tabs)
    monkeypatch.setattr("widgets.contacts.customers.model.MOST_COUNTED", 2)
    model.show({})
    assert model.tabs[0]["count"].endswith("+")
    assert {tab["count"] for tab in model.tabs[1:]} <= {"1", "2", "2+"}


def test_colleagues_are_no_customers(model):
    model.show({"search": "suparman"})
    assert model.total == 0


def test_open_deals_in_two_currencies_are_never_one_sum(workbench, everyone, model):
    party = workbench.contacts.find_parties("Ana 07")[0]["party_id"]
    workbench.sales.add_pipeline(name="Sales")
    for amount, currency in (("1000", "EUR"), ("500", "EUR"), ("90000", "JPY")):
        workbench.sales.open_deal(name="Sensors", party=party, amount=Money.of(amount, currency))
    model.show({"search": "Ana 07"})
    shown = model.rows[0]["open"]
    assert shown["count"] == 3
    assert len(shown["text"].split(" + ")) == 2


def test_an_address_says_descending_in_letters(model):
    model.show({"sort": "name", "descending": "0"})
    assert model.descending is False
    model.show({"sort": "name", "descending": "1"})
    assert model.descending is True


def test_whatever_is_asked_is_answered(model, survives):
    asked = ("search", "lifecycle", "sort", "descending", "page", "per_page")
    survives({name: lambda value, name=name: model.show({name: value}) for name in asked})
    assert model.per_page in (20, 50, 100)
    model.show({"search": "", "lifecycle": "", "sort": "name", "page": 1})
    assert (model.total, model.message) == (46, "")


def test_a_name_of_markup_stays_a_name(workbench, model):
    workbench.contacts.add_person(given_name="<img src=x onerror=alert(1)>")
    model.show({"search": "onerror"})
    assert names(model) == ["<img src=x onerror=alert(1)>"]
