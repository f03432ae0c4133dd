"""A customer's page, without a browser."""

import pytest

from crmlib.base import Money
from widgets.contacts.customer import CustomerModel


@pytest.fixture
def ana(workbench):
    firm = workbench.contacts.add_organization(name="Tomar Instruments", city="Cluj", country="RO")
    return workbench.contacts.add_person(
        given_name="Ana", family_name="Ștefănescu", email="ana@tomar.example", organization=firm.id, job_title="Buyer"
    )


@pytest.fixture
def model(workbench, ana):
    made = CustomerModel(workbench)
    made.show({"id": ana.id})
    return made


def fact(model, key):
    return next(field for field in model.facts if field["key"] == key)


def entries(model):
    return [entry for day in model.days for entry in day["entries"]]


def test_the_page_shows_who_it_is(model):
    assert (model.party["name"], model.party["role"], model.party["above"]) == (
        "Ana Ștefănescu", "Buyer", "Tomar Instruments"
    )  # fmt: skip
    assert [point["value"] for point in model.contact_points] == ["ana@tomar.example"]
    assert [one["name"] for one in model.related] == ["Tomar Instruments"]


def test_somebody_who_is_not_there_leaves_words_and_an_empty_page(model):
    model.show({"id": 999_999})
    assert "no customer" in model.message
    assert (model.party, model.facts, model.contact_points, model.deals, model.days) == ({}, [], [], [], [])


def test_the_words_go_when_somebody_is_there_again(model, ana):
    model.show({"id": 999_999})
    model.show({"id": str(ana.id)})
    assert (model.message, model.party["id"]) == ("", ana.id)


def test_a_fact_is_edited_and_read_anew(model):
    model.edit("family_name", " Marin ", "Ștefănescu")
    assert model.field_error["text"] == ""
    assert (model.party["name"], fact(model, "family_name")["value"]) == ("Ana Marin", "Marin")


def test_a_fact_that_cannot_be_is_told_beside_it_and_nothing_is_kept(model):
    model.edit("birthday_on", "2026-02-30", "")
    assert model.field_error["key"] == "birthday_on"
    assert "2026-02-28" in model.field_error["text"]
    assert fact(model, "birthday_on")["value"] == ""


def test_an_empty_name_is_refused(model):
    model.edit("given_name", "   ", "Ana")
    assert "needed" in model.field_error["text"]
    assert model.party["name"] == "Ana Ștefănescu"


def test_of_two_who_edit_one_fact_the_second_is_told_what_the_first_wrote(workbench, model, ana):
    other = CustomerModel(workbench)
    other.show({"id": ana.id})
    other.edit("job_title", "Head of purchasing", "Buyer")
    model.edit("job_title", "Assistant", "Buyer")
    assert "Head of purchasing" in model.field_error["text"]
    other.refresh()
    assert fact(other, "job_title")["value"] == "Head of purchasing"


def test_after_a_conflict_one_can_overwrite_knowingly(workbench, model, ana):
    workbench.contacts.edit_party(ana.id, {"job_title": "Director"})
    model.edit("job_title", "Assistant", "Buyer")
    assert model.field_error["text"]
    assert fact(model, "job_title")["value"] == "Director"
    model.edit("job_title", "Assistant", fact(model, "job_title")["value"])
    assert (model.field_error["text"], fact(model, "job_title")["value"]) == ("", "Assistant")


def test_two_who_edit_different_facts_both_keep_theirs(workbench, model, ana):
    other = CustomerModel(workbench)
    other.show({"id": ana.id})
    other.edit("job_title", "Head of purchasing", "Buyer")
    model.edit("birthday_on", "1990-02-28", "")
    assert model.field_error["text"] == ""
    assert (fact(model, "job_title")["value"], fact(model, "birthday_on")["value"]) == (
        "Head of purchasing", "1990-02-28"
    )  # fmt: skip


def test_a_field_that_is_not_the_pages_to_edit_is_refused(model):
    for key in ("id", "kind", "version", "folded", "owner_id", "__class__"):
        model.edit(key, "1", "")
        assert model.field_error["key"] == key
        assert model.field_error["text"]


def test_a_mail_address_is_checked_added_once_changed_and_removed(model):
    model.add_contact("email", "ana@tomar")
    assert "ending" in model.field_error["text"]
    model.add_contact("email", "Ana@Tomar.example")
    assert "already" in model.field_error["text"]
    model.add_contact("email", "ana.s@home.example")
    assert (model.field_error["text"], len(model.contact_points)) == ("", 2)
    point = model.contact_points[1]
    model.edit_contact(point["id"], "ana@home.example", point["value"])
    assert model.contact_points[1]["value"] == "ana@home.example"
    model.edit_contact(point["id"], "", "ana@home.example")
    assert [one["value"] for one in model.contact_points] == ["ana@tomar.example"]


def test_a_contact_that_somebody_changed_is_a_conflict(model):
    point = model.contact_points[0]
    model.edit_contact(point["id"], "mine@tomar.example", "what-it-was@tomar.example")
    assert "ana@tomar.example" in model.field_error["text"]
    assert model.contact_points[0]["value"] == "ana@tomar.example"


def test_a_note_is_on_the_timeline_at_once(model, clock):
    clock.advance(minutes=1)
    model.log("note", "Wants the lease first\nand delivery in June")
    assert (model.field_error["key"], model.field_error["text"]) == ("log", "")
    first = entries(model)[0]
    assert (first["title"], first["body"]) == ("Wants the lease first", "and delivery in June")


def test_an_empty_note_is_refused_beside_its_field(model):
    before = len(entries(model))
    model.log("note", "  ")
    assert model.field_error["key"] == "log"
    assert model.field_error["text"]
    assert len(entries(model)) == before


def test_a_task_is_done_taken_back_and_done_again(workbench, model, ana):
    workbench.activities.plan_activity("task", subject="Send the lease", due_at=None, with_parties=[ana.id])
    model.refresh()
    task = next(entry for entry in entries(model) if entry["open_id"])
    model.finish(task["open_id"])
    assert model.toast["undo"] is True
    assert not any(entry["open_id"] for entry in entries(model))
    model.undo()
    assert model.toast["undo"] is False
    assert [entry["title"] for entry in entries(model) if entry["open_id"]] == ["Send the lease"]
    model.undo()
    assert [entry["title"] for entry in entries(model) if entry["open_id"]] == ["Send the lease"]


def test_a_second_click_on_a_task_leaves_the_page_as_it_is(workbench, model, ana):
    workbench.activities.plan_activity("task", subject="Send the lease", due_at=None, with_parties=[ana.id])
    model.refresh()
    task = next(entry for entry in entries(model) if entry["open_id"])
    model.finish(task["open_id"])
    model.finish(task["open_id"])
    assert (model.message, model.party["id"]) == ("", ana.id)


def test_the_timeline_is_sifted_and_goes_on_where_it_stopped(workbench, model, ana, clock):
    for n in range(35):
        clock.advance(minutes=1)
        workbench.activities.log_activity("call", subject=f"Call {n}", with_parties=[ana.id])
    model.sift("call")
    assert ([entry["title"] for entry in entries(model)][:2], model.has_more) == (["Call 34", "Call 33"], True)
    model.more()
    assert [entry["title"] for entry in entries(model)] == [f"Call {n}" for n in reversed(range(35))]
    assert model.has_more is False
    model.sift("note")
    assert entries(model) == []


def test_moments_that_fall_together_are_all_on_the_timeline(workbench, model, ana):
    for n in range(45):
        workbench.activities.log_activity("call", subject=f"Call {n}", with_parties=[ana.id])
    model.sift("call")
    while model.has_more:
        before = len(entries(model))
        model.more()
        assert len(entries(model)) > before
    assert {entry["title"] for entry in entries(model)} == {f"Call {n}" for n in range(45)}


def test_deals_are_listed_with_their_own_currency(workbench, model, ana):
    workbench.sales.add_pipeline(name="Sales")
    workbench.sales.open_deal(name="Rupiah", party=ana.id, amount=Money.of("486000000", "IDR"))
    workbench.sales.open_deal(name="Unsaid", party=ana.id)
    model.refresh()
    amounts = {deal["name"]: deal["amount"] for deal in model.deals}
    assert amounts["Rupiah"].startswith("IDR")
    assert amounts["Unsaid"] == ""


def test_whatever_arrives_is_answered_in_words(model, ana, survives):
    point = model.contact_points[0]["id"]
    survives(
        {
            "show": lambda value: (model.show({"id": value}), model.show({"id": ana.id})),
            "key": lambda value: model.edit(value, "x", ""),
            "typed": lambda value: model.edit("job_title", value, fact(model, "job_title")["value"]),
            "was": lambda value: model.edit("job_title", "x", value),
            "point": lambda value: model.edit_contact(value, "x@tomar.example", None),
            "contact": lambda value: model.edit_contact(point, value or "x", "ana@tomar.example"),
            "kind": lambda value: model.add_contact(value, "x@tomar.example"),
            "email": lambda value: model.add_contact("email", value),
            "other": lambda value: model.add_contact("other", value),
            "log kind": lambda value: model.log(value, "x"),
            "note": lambda value: model.log("note", value),
            "finish": lambda value: model.finish(value),
            "sift": lambda value: model.sift(value),
        }
    )
    model.show({"id": ana.id})
    assert (model.message, model.party["id"]) == ("", ana.id)
