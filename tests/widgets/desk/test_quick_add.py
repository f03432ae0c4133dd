"""Quick add, without a browser."""

import gzip
import json

import pytest
from sqlalchemy import func, select

from crmlib import contacts, sales
from crmlib.base import Base
from crmlib.contacts import ContactPoint, Organization, Person
from widgets.desk.quick_add import QuickAddModel

PERSON = {"given_name": "Ana", "family_name": "Ștefănescu", "email": "ana@tomar.example", "phone": "+40 721 234 567"}


@pytest.fixture
def model(workbench):
    made = QuickAddModel(workbench)
    made.prepare()
    return made


@pytest.fixture
def pipeline(workbench):
    return workbench.sales.add_pipeline(name="Instruments")


def count(workbench):
    """How many rows there are in all tables together."""
    with workbench.reading() as session:
        return sum(session.scalar(select(func.count()).select_from(one)) for one in Base.metadata.sorted_tables)


def field(model, form, key):
    fields = next(one["fields"] for one in model.forms if one["form"] == form)
    return next(one for one in fields if one["key"] == key)


def test_a_person_is_added_with_ways_to_reach_them(workbench, model):
    firm = workbench.contacts.add_organization(name="Tomar Instruments")
    model.save(
        "person", PERSON | {"organization_id": firm.id, "job_title": "Buyer", "city": "Cluj", "country": "Romania"}
    )
    assert model.errors == {}
    assert (model.saved["text"], model.saved["view"]) == ("Ana Ștefănescu is in your customers.", "party")
    with workbench.reading() as session:
        kept = contacts.party_card(session, model.saved["id"])
        assert [point.normalised for point in kept.contact_points] == ["ana@tomar.example", "+40721234567"]
        assert (kept.address.city, kept.address.country) == ("Cluj", "RO")
        assert contacts.primary_affiliation(kept).organization.name == "Tomar Instruments"


def test_one_name_is_a_whole_name(workbench, model):
    model.save("person", {"given_name": "Suparman"})
    assert model.saved["text"] == "Suparman is in your customers."


def test_an_organization_is_added(workbench, model):
    model.save("organization", {"name": "Ștefănescu & fiii", "sector": "medical"})
    with workbench.reading() as session:
        assert session.scalar(select(Organization.name)) == "Ștefănescu & fiii"


def test_a_deal_is_added_in_its_stage_with_its_own_currency(workbench, pipeline, model):
    model.save("deal", {"name": "Sensors", "amount": "1,250.50", "currency": "ron", "stage_id": pipeline.stages[1].id})
    assert model.errors == {}
    assert "Needs analysis" in model.saved["text"]
    assert "1,250.50" in model.saved["text"]
    assert "RON" in model.saved["text"]


def test_an_activity_is_planned_where_the_workbench_is(workbench, model):
    party = workbench.contacts.add_person(given_name="Ana")
    model.save(
        "activity",
        {
            "kind": "call",
            "subject": "Ask for the order",
            "party_id": party.id,
            "when": "planned",
            "due_at": "2026-07-02T14:30",
        },
    )
    assert model.saved["text"] == "“Ask for the order” is planned."
    assert str(workbench.activities.activities()["due_at"][0]) == "2026-07-02 14:30:00+00:00"


@pytest.mark.parametrize(
    ("form", "key", "typed", "told"),
    [
        ("person", "given_name", "", "needed"),
        ("person", "given_name", " \t ", "needed"),
        ("person", "email", "ana@tomar", "ending"),
        ("person", "email", "ana tomar@x.com", "blank"),
        ("person", "phone", "+62 812 345", "Too short: 6 digits after +62"),
        ("person", "phone", "call me", "phone number"),
        ("person", "country", "Atlantis", "country"),
        ("person", "organization_id", "Tomar", "choose one from the list"),
        ("person", "source", "a friend", "choose one of"),
        ("deal", "name", "", "needed"),
        ("deal", "amount", "about ten", "such as"),
        ("deal", "amount", "-5", "0 is the least"),
        ("deal", "amount", "1.234", "digits after the point"),
        ("deal", "currency", "EURO", "three-letter"),
        ("deal", "expected_close_on", "2026-02-30", "2026-02-28"),
        ("activity", "subject", "", "needed"),
        ("activity", "kind", "sleep", "choose one of"),
        ("activity", "due_at", "tomorrow", "2026-02-28 14:30"),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_is_kept(workbench, pipeline, model, form, key, typed, told):
    right = {
        "person": PERSON,
        "deal": {"name": "Sensors", "amount": "100", "currency": "EUR"},
        "activity": {"kind": "task", "subject": "Call", "when": "planned"},
    }[form]
    before = count(workbench)
    model.save(form, right | {key: typed})
    assert list(model.errors) == [key]
    assert told.lower() in model.errors[key].lower()
    assert model.summary == "One field needs another look:"
    assert (count(workbench), model.saved) == (before, {})
    model.save(form, right)
    assert (model.errors, model.summary) == ({}, "")
    assert model.saved["form"] == form


def test_all_mistakes_are_told_at_once(model):
    model.save("person", {"email": "x", "phone": "x"})
    assert set(model.errors) == {"given_name", "email", "phone"}
    assert model.summary == "3 fields need another look:"


def test_a_field_is_looked_at_as_it_is_left(model):
    model.check("person", "email", "ana@tomar")
    model.check("person", "phone", "x")
    assert set(model.errors) == {"email", "phone"}
    model.check("person", "email", "ana@tomar.example")
    assert set(model.errors) == {"phone"}


@pytest.mark.parametrize(
    ("form", "key", "typed", "told"),
    [
        ("person", "email", "ANA@tomar.example", "Ana Ștefănescu is very likely the same: same e-mail."),
        ("person", "phone", "0040 721 234567", "Ana Ștefănescu is very likely the same: same phone."),
        ("organization", "name", "TOMAR instruments", "Tomar Instruments may be the same: same name."),
    ],
)
def test_somebody_near_is_pointed_out_and_saving_is_still_possible(workbench, model, form, key, typed, told):
    workbench.contacts.add_organization(name="Tomar Instruments")
    model.save("person", PERSON)
    model.check(form, key, typed)
    assert [one["text"] for one in model.near] == [told]
    model.save(form, {"given_name": "Ana", "name": "Tomar", key: typed})
    assert (model.near, model.saved["form"]) == ([], form)


def test_a_person_of_the_same_name_is_pointed_out(workbench, model):
    model.save("person", PERSON)
    model.check("person", "given_name", "ana")
    model.check("person", "family_name", "stefanescu")
    assert [one["text"] for one in model.near] == ["Ana Ștefănescu may be the same: same name."]


def test_a_deal_called_like_a_customer_is_no_duplicate(workbench, model):
    workbench.contacts.add_organization(name="Tomar Instruments")
    model.check("deal", "name", "Tomar Instruments")
    assert model.near == []


def test_a_near_one_goes_when_the_field_says_something_else(workbench, model):
    model.save("person", PERSON)
    model.check("person", "email", "ana@tomar.example")
    model.check("person", "email", "")
    assert model.near == []


def test_links_to_what_is_not_there_are_refused(workbench, pipeline, model):
    before = count(workbench)
    for form, typed in (
        ("person", {"given_name": "Ana", "organization_id": 999_999}),
        ("person", {"given_name": "Ana", "owner_id": 999_999}),
        ("deal", {"name": "Sensors", "party_id": 999_999}),
        ("deal", {"name": "Sensors", "stage_id": pipeline.stages[-1].id}),
    ):
        model.save(form, typed)
        assert model.summary
    assert (count(workbench), model.saved) == (before, {})


def test_without_a_pipeline_a_deal_is_refused_with_words(model):
    model.save("deal", {"name": "Sensors"})
    assert "no pipeline" in model.summary


def test_a_form_there_is_not_saves_nothing(workbench, model):
    before = count(workbench)
    model.save("invoice", {"name": "x"})
    model.save(None, None)
    assert count(workbench) == before


def test_suggestions_fit_what_is_typed_without_accents(workbench, model):
    workbench.contacts.add_organization(name="Ștefănescu & fiii")
    workbench.contacts.add_person(given_name="Ștefan")
    model.find("organization_id", "STEFAN", "organization")
    assert [one["title"] for one in model.options["organization_id"]] == ["Ștefănescu & fiii"]
    model.find("party_id", "stefan")
    assert len(model.options["party_id"]) == 2


def test_what_is_proposed_is_there_before_anyone_types(workbench, pipeline, model):
    model.prepare()
    assert field(model, "deal", "stage_id")["value"] == pipeline.stages[0].id
    assert field(model, "deal", "currency")["value"] == "EUR"
    assert next(one["title"] for one in field(model, "deal", "stage_id")["choices"]) == "Instruments, Qualified"


def test_whatever_arrives_is_answered_in_words(workbench, pipeline, model, survives):
    calls = {
        "form": lambda value: model.save(value, {"name": "x"}),
        "typed": lambda value: model.save("person", value),
        "find": lambda value: model.find("party_id", value),
        "find kind": lambda value: model.find("party_id", "x", value),
        "checked form": lambda value: model.check(value, "email", "x"),
        "checked key": lambda value: model.check("person", value, "x"),
    }
    right = {
        "person": PERSON,
        "organization": {"name": "x"},
        "deal": {"name": "x", "amount": "1"},
        "activity": {"subject": "x", "kind": "task", "when": "planned"},
    }
    for one in model.forms:
        for about in one["fields"]:
            form, key = one["form"], about["key"]
            calls[f"{form} {key} checked"] = lambda value, form=form, key=key: model.check(form, key, value)
            calls[f"{form} {key}"] = lambda value, form=form, key=key: model.save(form, right[form] | {key: value})
    survives(calls)
    model.prepare()
    assert model.message == ""


def test_the_big_list_of_naughty_strings_comes_back_as_it_was_typed(workbench, model, real_data):
    with gzip.open(real_data / "blns" / "blns.json.gz", "rt", encoding="utf-8") as file:
        naughty = [text.strip() for text in json.load(file)]
    naughty = list(dict.fromkeys(text for text in naughty if text))
    for text in naughty:
        model.save("person", {"given_name": text})
        assert model.errors == {}
    with workbench.reading() as session:
        assert list(session.scalars(select(Person.name).order_by(Person.id))) == naughty
        found = [contacts.find_parties(session, text[:100]) for text in naughty[::10]]
        assert all(found)
        assert session.scalar(select(func.count(ContactPoint.id))) == 0
        assert sales.pipelines(session) == []
