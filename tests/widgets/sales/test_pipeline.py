"""The board, without a browser."""

import pytest

from crmlib.base import Money
from widgets.sales.pipeline import PipelineModel


@pytest.fixture
def pipeline(workbench):
    return workbench.sales.add_pipeline(name="Instruments")


@pytest.fixture
def make_deal(workbench, pipeline):
    def make(name="Sensors", amount="100", currency="EUR", **more):
        money = Money.of(amount, currency) if amount else None
        return workbench.sales.open_deal(name=name, amount=money, **more)

    return make


@pytest.fixture
def model(workbench, make_deal):
    make_deal()
    made = PipelineModel(workbench)
    made.show({})
    return made


def names(model, stage):
    return [card["name"] for column in model.columns if column["name"] == stage for card in column["cards"]]


def card(model, name="Sensors"):
    return next(card for column in model.columns for card in column["cards"] if card["name"] == name)


def stage(model, name):
    return next(column["id"] for column in model.columns if column["name"] == name)


def test_a_desk_without_a_pipeline_is_empty_and_says_nothing_wrong(workbench):
    model = PipelineModel(workbench)
    model.show({})
    assert (model.pipelines, model.columns, model.message) == ([], [], "")


def test_open_stages_and_won_are_columns_and_lost_is_not(model):
    assert [column["kind"] for column in model.columns] == ["open"] * 4 + ["won"]
    assert model.columns[-1]["title"] == "Won this month"


def test_a_move_is_kept_told_and_taken_back(model):
    model.move(card(model)["id"], stage(model, "Offer sent"))
    assert (names(model, "Offer sent"), names(model, "Qualified")) == (["Sensors"], [])
    assert (model.toast["text"], model.toast["undo"]) == ("“Sensors” moved to Offer sent.", True)
    model.undo()
    assert names(model, "Qualified") == ["Sensors"]
    assert (model.toast["text"], model.toast["undo"]) == ("“Sensors” is back in Qualified.", False)


def test_undo_is_once(model):
    model.move(card(model)["id"], stage(model, "Offer sent"))
    model.undo()
    told = model.toast
    model.undo()
    assert (model.toast, names(model, "Qualified")) == (told, ["Sensors"])


def test_a_drop_where_it_lay_says_nothing(model):
    model.move(card(model)["id"], stage(model, "Qualified"))
    assert model.toast == {}


def test_sums_move_with_the_card_and_currencies_stay_apart(model, make_deal):
    make_deal("Leases", "200")
    make_deal("Tokyo", "9000", "JPY")
    make_deal("Unsaid", None)
    model.refresh()
    first = model.columns[0]
    assert (first["count"], len(first["sum"].split(" + "))) == (4, 2)
    assert len(model.open_text.split(" + ")) == 2
    model.move(card(model, "Tokyo")["id"], stage(model, "Negotiation"))
    assert len(model.columns[0]["sum"].split(" + ")) == 1
    assert model.columns[2]["sum"] == "–"


def test_won_is_a_column_and_can_be_undone(model):
    deal = card(model)["id"]
    model.win(deal)
    assert names(model, "Won") == ["Sensors"]
    assert "is won" in model.toast["text"]
    model.undo()
    assert names(model, "Qualified") == ["Sensors"]


def test_losing_without_a_reason_changes_nothing(model):
    model.lose(card(model)["id"], "")
    assert names(model, "Qualified") == ["Sensors"]
    assert "why" in model.toast["text"]
    assert model.toast["undo"] is False


def test_lost_leaves_the_board_and_undo_brings_it_back(model):
    deal = card(model)["id"]
    model.lose(deal, "price", "Ten per cent")
    assert all(column["count"] == 0 for column in model.columns)
    assert {one["value"]: one["count"] for one in model.reasons}["price"] == "1"
    model.open_deal(deal)
    assert (model.deal["kind"], model.deal["lost_reason"], model.deal["lost_note"]) == ("lost", "Price", "Ten per cent")
    model.undo()
    assert names(model, "Qualified") == ["Sensors"]
    assert (model.deal["kind"], model.deal["lost_reason"]) == ("open", "")


def test_a_deal_that_is_closed_already_slides_back_and_says_why(workbench, model):
    deal = card(model)["id"]
    workbench.sales.win_deal(deal)
    model.move(deal, stage(model, "Offer sent"))
    assert model.refused["deal_id"] == deal
    assert "is Won" in model.toast["text"]
    assert names(model, "Won") == ["Sensors"]


def test_a_stage_of_another_pipeline_is_refused(workbench, model):
    other = workbench.sales.add_pipeline(name="Service")
    model.move(card(model)["id"], other.stages[0].id)
    assert "another pipeline" in model.toast["text"]
    assert names(model, "Qualified") == ["Sensors"]


def test_a_deal_that_is_not_there_is_told(model):
    model.move(999_999, stage(model, "Offer sent"))
    assert "no deal" in model.toast["text"]
    model.open_deal(999_999)
    assert "no deal" in model.message
    assert model.deal == {}


def test_a_deal_is_reopened_once(model):
    deal = card(model)["id"]
    model.win(deal)
    model.reopen(deal)
    assert names(model, "Qualified") == ["Sensors"]
    model.reopen(deal)
    assert names(model, "Qualified") == ["Sensors"]


def test_the_deal_beside_the_board_follows_its_moves(model):
    deal = card(model)["id"]
    model.open_deal(deal)
    model.move(deal, stage(model, "Negotiation"))
    assert model.deal["stage"] == "Negotiation"
    assert [step["stage"] for step in model.deal["history"]] == ["Negotiation", "Qualified"]
    model.open_deal(0)
    assert model.deal == {}


def test_a_deal_is_edited_field_by_field(model):
    model.open_deal(card(model)["id"])
    model.edit("amount", "1,250.50", "100.00")
    assert model.field_error["text"] == ""
    assert next(field["value"] for field in model.deal["fields"] if field["key"] == "amount") == "1250.50"
    model.edit("name", "", "Sensors")
    assert "needed" in model.field_error["text"].lower()
    assert model.deal["name"] == "Sensors"


@pytest.mark.parametrize("typed", ["-5", "much", "1.234", "1e400", "99999999999999999999", "NaN"])
def test_an_amount_that_cannot_be_is_told_and_not_kept(model, typed):
    model.open_deal(card(model)["id"])
    model.edit("amount", typed, "100.00")
    assert model.field_error["key"] == "amount"
    assert model.field_error["text"]
    assert card(model)["amount"] == "€100"


def test_of_two_who_edit_one_deal_the_second_is_told(workbench, model):
    deal = card(model)["id"]
    other = PipelineModel(workbench)
    other.show({"deal": deal})
    model.open_deal(deal)
    other.edit("amount", "150", "100.00")
    model.edit("amount", "175", "100.00")
    assert "150.00" in model.field_error["text"]
    model.refresh()
    assert card(model)["amount"] == "€150"


def test_after_a_conflict_one_can_overwrite_knowingly(workbench, model):
    deal = card(model)["id"]
    model.open_deal(deal)
    workbench.sales.edit_deal(deal, {"amount": "150"})
    model.edit("amount", "175", "100.00")
    assert "150.00" in model.field_error["text"]
    stored = next(field["value"] for field in model.deal["fields"] if field["key"] == "amount")
    model.edit("amount", "175", stored)
    assert (model.field_error["text"], card(model)["amount"]) == ("", "€175")


def test_a_long_column_says_how_many_more_and_brings_them(model, make_deal):
    for n in range(44):
        make_deal(f"Deal {n:02}")
    model.refresh()
    first = model.columns[0]
    assert (first["count"], len(first["cards"]), first["more"]) == (45, 20, "25 more")
    model.more(first["id"])
    assert (len(model.columns[0]["cards"]), model.columns[0]["more"]) == (40, "5 more")
    model.more(first["id"])
    assert (len(model.columns[0]["cards"]), model.columns[0]["more"]) == (45, "")


def test_the_board_is_searched_by_deal_and_by_customer_without_accents(workbench, model, make_deal):
    party = workbench.contacts.add_organization(name="Ștefănescu")
    make_deal("Leases", party=party.id)
    for typed in ("stefan", "LEASES", "Ștefă lea"):
        model.show({"search": typed})
        assert names(model, "Qualified") == ["Leases"]


def test_the_board_of_one_owner(workbench, model, make_deal):
    from crmlib.contacts import Lifecycle

    owner = workbench.contacts.add_person(given_name="Suparman", lifecycle=Lifecycle.COLLEAGUE)
    make_deal("Leases", owner=owner.id)
    model.show({"owner": owner.id})
    assert names(model, "Qualified") == ["Leases"]
    model.show({"owner": 0})
    assert len(names(model, "Qualified")) == 2


def test_whatever_arrives_is_answered_in_words(model, survives):
    deal, second = card(model)["id"], model.columns[1]["id"]
    model.open_deal(deal)
    fields = {"name": "Sensors", "amount": "100.00", "owner_id": None, "product_id": None}
    survives(
        {
            "pipeline": lambda value: model.show({"pipeline": value}),
            "owner": lambda value: model.show({"owner": value}),
            "search": lambda value: model.show({"search": value, "owner": 0}),
            "moved": lambda value: model.move(value, second),
            "stage": lambda value: model.move(deal, value),
            "lost": lambda value: model.lose(value, "price"),
            "note": lambda value: model.lose(deal, "", value),
            "won": lambda value: model.win(value),
            "reopened": lambda value: model.reopen(value),
            "more": lambda value: model.more(value),
            "key": lambda value: model.edit(value, "x", ""),
            **{key: lambda value, key=key, was=was: model.edit(key, value, was) for key, was in fields.items()},
            "opened": lambda value: model.open_deal(value),
            "reason": lambda value: (model.lose(deal, value), model.undo()),
        }
    )
    model.show({"search": "", "owner": 0, "pipeline": 0, "deal": 0})
    assert (len(model.columns), model.message) == (5, "")
