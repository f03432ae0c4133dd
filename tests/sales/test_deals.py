from datetime import date, timedelta

import pytest

from crmlib.base import Conflict, InvalidInput, InvalidTransition, Money, Refused
from crmlib.contacts import Lifecycle
from crmlib.sales import DEALS, STAGE_EVENTS, StageKind


def test_a_deal_remembers_every_stage_it_was_in(workbench, pipeline, make_deal, clock):
    deal = make_deal()
    clock.advance(days=3)
    workbench.sales.move_deal(deal.id, pipeline.stages[2].id)
    clock.advance(days=2)
    workbench.sales.win_deal(deal.id)
    steps = workbench.sales.stage_events()
    assert list(steps["stage"]) == ["Qualified", "Offer sent", "Won"]
    assert list((steps["left_at"] - steps["entered_at"]).dt.days[:2]) == [3, 2]
    assert list(steps.columns) == list(STAGE_EVENTS)


def test_a_won_deal_stays_won(workbench, pipeline, make_deal):
    won = make_deal()
    workbench.sales.win_deal(won.id)
    with pytest.raises(InvalidTransition, match="is Won"):
        workbench.sales.move_deal(won.id, pipeline.stages[0].id)


def test_winning_makes_a_customer_and_dates_the_close(workbench, make_deal):
    party = workbench.contacts.add_organization(name="Acme")
    deal = make_deal(party=party.id)
    workbench.sales.win_deal(deal.id, closed_on=date(2026, 6, 30))
    assert workbench.contacts.party_card(party.id).lifecycle is Lifecycle.CUSTOMER
    row = workbench.sales.deals().iloc[0]
    assert (row["status"], str(row["closed_on"].date())) == ("won", "2026-06-30")


def test_losing_needs_a_reason_and_reopening_forgets_it(workbench, make_deal):
    deal = make_deal()
    with pytest.raises(InvalidInput, match="say why"):
        workbench.sales.lose_deal(deal.id, reason=" ")
    workbench.sales.lose_deal(deal.id, reason="price", note="Ten per cent")
    assert workbench.sales.lost_reason_counts(since=date(2026, 1, 1)) == {"price": 1}
    again = workbench.sales.reopen_deal(deal.id)
    assert (again.stage.name, again.closed_on, again.lost_reason) == ("Qualified", None, None)
    assert [event.stage.name for event in again.stage_events] == ["Qualified", "Lost", "Qualified"]


def test_a_deal_does_not_change_pipelines_by_a_drop(workbench, make_deal):
    other = workbench.sales.add_pipeline(name="Service")
    with pytest.raises(InvalidTransition, match="another pipeline"):
        workbench.sales.move_deal(make_deal().id, other.stages[0].id)


def test_a_drop_where_it_lay_changes_nothing(workbench, pipeline, make_deal):
    deal = make_deal()
    workbench.sales.move_deal(deal.id, pipeline.stages[0].id)
    assert len(workbench.sales.stage_events()) == 1


def test_without_a_pipeline_a_deal_is_refused_kindly(workbench):
    with pytest.raises(Refused, match="no pipeline yet"):
        workbench.sales.open_deal(name="Sensors")


def test_sums_stay_apart_by_currency(workbench, pipeline, make_deal):
    make_deal(amount="100.50")
    make_deal(amount="200")
    make_deal(amount="1000", currency="JPY")
    first = workbench.sales.board(pipeline.id, closed_since=date(2026, 7, 1))[0]
    assert (first["count"], first["sums"]) == (3, [Money(30050, "EUR"), Money(1000, "JPY")])


def test_a_board_shows_the_first_cards_and_counts_all(workbench, pipeline, make_deal):
    for n in range(5):
        make_deal(name=f"Deal {n}", expected_close_on=date(2026, 8, 9) - timedelta(days=n))
    first = workbench.sales.board(pipeline.id, closed_since=date(2026, 7, 1), cards=2)[0]
    assert (first["count"], [card["deal"] for card in first["cards"]]) == (5, ["Deal 4", "Deal 3"])
    wider = workbench.sales.board(pipeline.id, closed_since=date(2026, 7, 1), cards=2, more={first["stage_id"]: 4})[0]
    assert len(wider["cards"]) == 4


def test_the_frame_keeps_its_contract_when_empty(workbench):
    frame = workbench.sales.deals()
    assert list(frame.columns) == list(DEALS)
    assert str(frame["amount"].dtype) == "float64"
    assert str(frame["closed_on"].dtype) == "datetime64[s]"


def test_an_amount_is_exact_in_any_currency(workbench, make_deal):
    for amount, currency in (("1234.56", "EUR"), ("1234", "JPY"), ("1.234", "KWD")):
        make_deal(amount=amount, currency=currency)
    assert list(workbench.sales.deals()["amount"]) == [1234.56, 1234.0, 1.234]


def test_an_edit_over_a_newer_one_is_a_conflict(workbench, make_deal):
    deal = make_deal()
    workbench.sales.edit_deal(deal.id, {"amount": "150"}, was={"amount": "100.00"})
    with pytest.raises(Conflict, match="150"):
        workbench.sales.edit_deal(deal.id, {"amount": "175"}, was={"amount": "100.00"})
    with pytest.raises(InvalidInput, match="0 is the least"):
        workbench.sales.edit_deal(deal.id, {"amount": "-5"})
    with pytest.raises(InvalidInput, match="nothing or more"):
        make_deal(amount="-5")


def test_a_pipeline_has_one_stage_for_won_and_one_for_lost(pipeline):
    assert [stage.kind for stage in pipeline.stages][-2:] == [StageKind.WON, StageKind.LOST]


def test_a_deal_can_begin_in_the_open_stages_of_every_pipeline(workbench, pipeline):
    workbench.sales.add_pipeline(name="Service", open_stages=["Asked"])
    found = [(one["pipeline"], one["stage"]) for one in workbench.sales.open_stages()]
    assert found[-1] == ("Service", "Asked")
    assert found[0] == ("Instruments", "Qualified")
    assert len(found) == 5
