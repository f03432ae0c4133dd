"""The shell, without a browser."""

import pytest

from crmlib import billing
from crmlib.base import Money
from widgets.contacts.customer import Customer
from widgets.desk import Desk, DeskModel


@pytest.fixture
def company(workbench):
    return workbench.contacts.add_organization(name="Ștefănescu & fiii", city="Cluj", country="RO")


def test_an_address_opens_its_view_and_builds_no_other(workbench, company):
    desk = Desk(workbench, {"view": "party", "id": str(company.id)})
    assert (desk.view, desk.title, list(desk.panels)) == ("party", "Ștefănescu & fiii", ["party"])
    assert isinstance(desk.panels["party"], Customer)


def test_a_view_there_is_not_is_the_list_of_customers(workbench):
    for asked in ({}, {"view": "nope"}, {"view": "<script>"}):
        assert Desk(workbench, asked).view == "customers"


def test_a_view_is_built_on_its_first_visit_and_kept(workbench, company):
    desk = Desk(workbench)
    first = desk.panels["customers"]
    desk.vue_go({"view": "party", "query": {"id": company.id}})
    desk.vue_go({"view": "customers", "query": {}})
    assert desk.panels["customers"] is first
    assert list(desk.panels) == ["customers", "party"]


def test_the_list_keeps_its_search_when_one_comes_back_to_it(workbench, company):
    desk = Desk(workbench, {"search": "stefan"})
    desk.vue_go({"view": "party", "query": {"id": company.id}})
    desk.vue_go({"view": "customers", "query": {}})
    assert desk.panels["customers"].search == "stefan"
    desk.vue_go({"view": "customers", "query": {}})
    assert desk.panels["customers"].search == ""


def test_a_customer_who_is_not_there_is_told_by_the_page(workbench):
    desk = Desk(workbench, {"view": "party", "id": "999999"})
    assert "no customer" in desk.panels["party"].message


def test_what_was_added_is_in_the_list_at_once(workbench):
    desk = Desk(workbench)
    assert desk.panels["customers"].rows == []
    desk.adder.vue_save({"form": "person", "typed": {"given_name": "Suparman"}})
    assert [row["name"] for row in desk.panels["customers"].rows] == ["Suparman"]


def test_search_finds_without_accents_and_offers_eight_at_most(workbench, company):
    model = DeskModel(workbench)
    for n in range(12):
        workbench.contacts.add_person(given_name=f"Stefan {n}")
    model.find("STEFANESCU")
    assert [one["name"] for one in model.found] == ["Ștefănescu & fiii"]
    assert model.found[0]["about"] == "Organization"
    model.find("stefan")
    assert len(model.found) == 8
    model.find("  ")
    assert model.found == []


def test_whatever_arrives_is_answered(workbench, company, survives):
    desk = Desk(workbench)
    keys = ("id", "deal", "pipeline", "owner", "search", "page", "sort", "lifecycle", "descending")
    views = ("party", "pipeline", "customers")
    survives(
        {
            "view": lambda value: desk.vue_go({"view": value, "query": {}}),
            "query": lambda value: desk.vue_go({"view": "customers", "query": value}),
            "find": desk.vue_find,
            **{
                f"{view} {key}": lambda value, view=view, key=key: desk.vue_go({"view": view, "query": {key: value}})
                for view in views
                for key in keys
            },
        }
    )
    desk.vue_go({"view": "party", "query": {"id": company.id}})
    assert desk.title == "Ștefănescu & fiii"


def test_an_address_of_nonsense_still_opens_the_desk(workbench, survives):
    survives(
        {
            f"{view} {key}": lambda value, view=view, key=key: Desk(workbench, {"view": view, key: str(value)})
            for view, key in (("party", "id"), ("pipeline", "deal"), ("pipeline", "owner"), ("customers", "page"))
        }
    )


def test_search_offers_every_kind_with_where_it_opens(workbench, company):
    model = DeskModel(workbench)
    workbench.catalog.add_product(name="Ștefan rope", code="SR-1")
    with workbench.session() as session:
        line = {"description": "Rope", "unit_price": Money.of(12, "EUR")}
        billing.place_order(session, at=workbench.now(), lines=[line], party=company.id, number="STEF-42")
    model.find("stef")
    assert [one["group"] for one in model.found] == ["Customers", "Products", "Orders"]
    by_name = {one["name"]: one for one in model.found}
    assert by_name["STEF-42"]["go"] == {"view": "party", "query": {"id": company.id}}
    assert by_name["Ștefan rope"]["go"] is None
    assert by_name["Ștefan rope"]["name_parts"] == [{"text": "Ștef", "hit": True}, {"text": "an rope", "hit": False}]
    model.find("sr-1")
    assert [one["about"] for one in model.found] == ["SR-1"]
