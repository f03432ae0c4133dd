"""The page of custom fields, without a browser."""

import pytest

from crmlib import filters
from widgets.admin.fields import FieldsModel
from widgets.admin.fields.model import RECORDS

REGION = {
    "label": "Sales region",
    "kind": "choice",
    "choices": [{"value": "", "label": "North"}, {"value": "", "label": "South"}, {"value": "", "label": "  "}],
    "required": True,
    "hint": "As on the map",
    "sensitivity": "internal",
    "key": "",
}


@pytest.fixture
def model(workbench):
    made = FieldsModel(workbench)
    made.show({})
    return made


@pytest.fixture
def add(model):
    """Add a field by the form; its number."""

    def run(**typed):
        model.begin()
        model.save({"kind": "text", "sensitivity": "internal", **typed})
        assert (model.errors, model.summary, model.message) == ({}, "", "")
        return next(one["id"] for one in model.fields if one["label"] == typed["label"].strip())

    return run


def edited(model, number, **typed):
    model.begin(number)
    model.save(dict(model.form) | typed)


def labels(model):
    return [one["label"] for one in model.fields]


def test_every_kind_of_record_that_can_have_them_is_offered(model, session):
    for one in model.records:
        filters.add_custom_field(session, one["value"], label="Anything")
    assert [one["value"] for one in model.records] == [name for name, _label, _icon in RECORDS]
    assert set(filters.known_records()) >= {name for name, _label, _icon in RECORDS}


def test_a_field_is_added_with_all_that_was_said_of_it(model):
    model.begin()
    model.save(REGION)
    assert (model.errors, model.message, model.form) == ({}, "", {})
    field = model.fields[0]
    assert (field["key"], field["kind"], field["required"], field["hint"]) == (
        "sales_region", "choice", True, "As on the map"
    )  # fmt: skip
    assert [one["label"] for one in field["choices"]] == ["North", "South"]
    assert model.records[0]["count"] == 1
    assert "Sales region" in model.toast["text"]


def test_each_kind_of_record_has_fields_of_its_own(model, add):
    add(label="Tier")
    model.show({"record": "deal"})
    assert (model.record, model.fields) == ("deal", [])
    add(label="Rival")
    assert labels(model) == ["Rival"]
    model.show({"record": "nothing there is"})
    assert (model.record, labels(model)) == ("party", ["Tier"])


@pytest.mark.parametrize(
    ("typed", "key", "told"),
    [
        ({"label": " "}, "label", "This is needed"),
        ({"label": "x" * 600}, "label", "Longer than 500"),
        ({"label": "Lifecycle"}, "label", "built in"),
        ({"label": "Tier", "key": "Not a key"}, "key", "small letters"),
        ({"label": "Tier", "key": "name"}, "key", "built in"),
        ({"label": "Tier", "kind": "spell"}, "kind", "Choose one of"),
        ({"label": "Tier", "sensitivity": "secret"}, "sensitivity", "Choose one of"),
        ({"label": "Tier", "kind": "choice", "choices": []}, "choices", "at least one choice"),
        ({"label": "Tier", "kind": "choices", "choices": [{"label": "A"}, {"label": "a"}]}, "choices", "twice"),
        ({"label": "Tier", "kind": "choice", "choices": [{"label": "A, B"}]}, "choices", "no comma"),
        ({"label": "Tier", "kind": "choice", "choices": [{"label": "", "value": "a"}]}, "choices", "1 to 100"),
        ({"label": "Tier", "hint": "x" * 600}, "hint", "Longer than 500"),
    ],
)
def test_what_is_wrong_is_told_beside_it_and_nothing_is_kept(model, typed, key, told):
    model.begin()
    model.save({"kind": "text", "sensitivity": "internal"} | typed)
    assert list(model.errors) == [key]
    assert told in model.errors[key]
    assert "One field" in model.summary
    model.refresh()
    assert model.fields == []


def test_a_part_is_looked_at_as_it_is_left_and_only_that_part(model):
    model.begin()
    typed = {"label": "", "kind": "choice", "sensitivity": "internal", "choices": []}
    model.check("hint", typed)
    assert model.errors == {}
    model.check("label", typed)
    assert list(model.errors) == ["label"]
    model.check("label", typed | {"label": "Tier"})
    assert model.errors == {}


def test_the_kind_of_a_field_with_values_stays(workbench, model, add):
    number = add(label="Tier")
    workbench.contacts.edit_party(workbench.contacts.add_person(given_name="Ana").id, {"tier": "gold"})
    model.begin(number)
    assert model.form["has_values"]
    edited(model, number, kind="date")
    assert "has values already" in model.errors["kind"]
    assert model.fields[0]["kind"] == "text"


def test_the_kind_of_a_field_without_values_may_change(model, add):
    number = add(label="Tier")
    edited(model, number, kind="choice", choices=[{"label": "Gold"}])
    assert (model.errors, model.fields[0]["kind_title"], model.fields[0]["choices_text"]) == (
        {}, "One choice", "Gold"
    )  # fmt: skip
    edited(model, number, kind="number")
    assert (model.errors, model.fields[0]["choices"]) == ({}, [])


def test_a_choice_that_records_have_does_not_go_but_may_be_renamed(workbench, model):
    model.begin()
    model.save(REGION)
    field = model.fields[0]
    ana = workbench.contacts.add_person(given_name="Ana").id
    workbench.contacts.edit_party(ana, {"sales_region": "North"})
    edited(model, field["id"], choices=field["choices"][1:])
    assert "“North”" in model.errors["choices"]
    renamed = [field["choices"][0] | {"label": "Far north"}, field["choices"][1], {"value": "", "label": "North"}]
    edited(model, field["id"], choices=renamed)
    assert (model.errors, model.fields[0]["choices_text"]) == ({}, "Far north, South, North")
    with workbench.session() as session:
        assert workbench.contacts.party_card(ana).custom == {"sales_region": "North"}
        assert len({one[0] for one in filters.custom_fields(session, "party")[0].choices}) == 3


def test_fields_are_put_in_another_order_and_ends_are_ends(model, add):
    first, _second, third = (add(label=label) for label in ("A", "B", "C"))
    model.move(third, -1)
    assert labels(model) == ["A", "C", "B"]
    model.move(first, -1)
    model.move(first, 5)
    assert labels(model) == ["A", "C", "B"]
    model.move(first, 1)
    assert labels(model) == ["C", "A", "B"]


def test_an_archived_field_comes_back_by_undo_and_by_restoring(model, add):
    number = add(label="Tier")
    model.archive(number)
    assert (labels(model), [one["label"] for one in model.archived]) == ([], ["Tier"])
    assert model.toast["undo"]
    model.undo()
    assert (labels(model), model.archived, model.toast["undo"]) == (["Tier"], [], False)
    model.archive(number)
    model.restore(number)
    assert labels(model) == ["Tier"]


def test_a_field_of_the_name_of_an_archived_one_is_refused_with_words(model, add):
    model.archive(add(label="Tier"))
    model.begin()
    model.save({"label": "Tier", "kind": "text", "sensitivity": "internal"})
    assert "perhaps in the archive" in model.errors["label"]


def test_two_people_edit_one_field_and_the_second_sees_both(workbench, model, add):
    number = add(label="Tier")
    other = FieldsModel(workbench)
    other.show({})
    other.begin(number)
    theirs = dict(other.form)
    edited(model, number, label="Level")
    other.save(theirs | {"label": "Rank"})
    assert "it says Level now" in other.errors["label"]
    assert other.form["version"] != theirs["version"]
    # Saving again is knowingly.
    other.save(theirs | {"label": "Rank", "version": other.form["version"]})
    assert (other.errors, labels(other)) == ({}, ["Rank"])


def test_a_field_that_is_gone_is_told(model):
    model.begin(999_999)
    assert (model.form, bool(model.message)) == ({}, True)
    model.archive(999_999)
    assert model.message
    model.save({"id": 999_999, "label": "Tier", "kind": "text", "sensitivity": "internal"})
    assert "999" in model.summary


def test_anything_may_arrive(model, add, survives):
    number = add(label="Tier")
    survives(
        {
            "show": lambda strange: model.show({"record": strange}),
            "begin": model.begin,
            "check key": lambda strange: model.check(strange, {}),
            "check": lambda strange: model.check("label", strange),
            "save": model.save,
            "save label": lambda strange: model.save({"label": strange, "kind": strange, "choices": strange}),
            "save choice": lambda strange: model.save(
                {"label": "x", "kind": "choice", "choices": [strange, {"label": strange, "value": strange}]}
            ),
            "save number": lambda strange: model.save({"id": strange, "version": strange, "label": "x"}),
            "edit": lambda strange: model.save(
                {"id": number, "label": strange, "hint": strange, "sensitivity": strange}
            ),
            "move": lambda strange: model.move(number, strange),
            "move what": lambda strange: model.move(strange, 1),
            "archive": model.archive,
            "restore": model.restore,
        }
    )
