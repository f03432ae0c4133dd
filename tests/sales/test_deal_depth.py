from datetime import date

import pytest
from sqlalchemy import select

from crmlib.base import Conflict, InvalidInput, JournalEntry, Money, NotFound, Refused
from crmlib.sales import (
    AMOUNT_EVENTS,
    DEAL_OWNERS,
    DEAL_SOURCES,
    EXPECTED_CLOSE_EVENTS,
    SLIPPAGE,
    AmountEvent,
    Deal,
    DealContact,
    StageEvent,
    StageKind,
    converted_sum,
)


def euros(amount):
    return Money.of(amount, "EUR")


def test_every_amount_a_deal_had_is_kept_with_when_and_why(workbench, make_deal, clock, told):
    firm = workbench.contacts.add_organization(name="Acme")
    deal = make_deal(amount="100", party=firm.id)
    clock.advance(days=1)
    workbench.sales.edit_deal(deal.id, {"amount": "150"}, why="Two more")
    workbench.sales.edit_deal(deal.id, {"amount": "150"}, currency="USD")
    workbench.sales.edit_deal(deal.id, {"amount": ""})
    workbench.sales.win_deal(deal.id, amount=euros("140"))
    rows = workbench.sales.amount_events()
    assert {key: str(dtype) for key, dtype in rows.dtypes.items()} == AMOUNT_EVENTS
    assert rows["after"].astype(object).where(rows["after"].notna(), None).tolist() == [100, 150, 150, None, 140]
    assert rows["after_currency"].astype(object).where(rows["after_currency"].notna(), None).tolist() == [
        "EUR", "EUR", "USD", None, "EUR",
    ]  # fmt: skip
    assert (rows["why"][1], (rows["at"][1] - rows["at"][0]).days) == ("Two more", 1)
    assert "Sensors: amount now €150, before €100" in told(firm.id)


def test_a_path_that_knows_of_no_history_writes_it_all_the_same(workbench, make_deal, clock):
    deal = make_deal(amount="100", expected_close_on=date(2026, 8, 1))
    clock.advance(days=2)
    with workbench.session() as session:
        loaded = session.get(Deal, deal.id)
        loaded.amount = euros("90")
        loaded.expected_close_on = date(2026, 9, 1)
    row = workbench.sales.amount_events().iloc[-1]
    assert (row["before"], row["after"], row["at"].to_pydatetime()) == (100.0, 90.0, clock.now)
    # An undo takes the row away and puts the amount back, in whatever order: nothing is written over it.
    with workbench.session() as session:
        session.delete(session.scalars(select(AmountEvent).order_by(AmountEvent.id.desc())).first())
        session.flush()
        session.expire_all()
        session.get(Deal, deal.id).amount = euros("100")
    assert list(workbench.sales.amount_events()["after"]) == [100.0]
    assert list(workbench.sales.expected_close_events()["after_on"].dt.month) == [8, 9]


def test_slippage_is_counted_from_the_day_first_expected(workbench, make_deal):
    slips = make_deal(expected_close_on=date(2026, 7, 10))
    for day in ("2026-07-20", "2026-08-10"):
        workbench.sales.edit_deal(slips.id, {"expected_close_on": day}, why="Holiday")
    early = make_deal(expected_close_on=date(2026, 7, 10))
    workbench.sales.win_deal(early.id, closed_on=date(2026, 7, 5))
    make_deal()
    frame = workbench.sales.slippage()
    assert {key: str(dtype) for key, dtype in frame.dtypes.items()} == SLIPPAGE
    assert list(frame["slipped_days"]) == [31.0, -5.0]
    assert list(frame["n_moves"]) == [2, 0]
    assert list(workbench.sales.expected_close_events().columns) == list(EXPECTED_CLOSE_EVENTS)


def test_an_edit_that_comes_too_late_shows_both_versions_of_all_fields(workbench, make_deal):
    deal = make_deal(expected_close_on=date(2026, 8, 1))
    workbench.sales.edit_deal(deal.id, {"amount": "150", "next_step": "Call"})
    with pytest.raises(Conflict) as refused:
        workbench.sales.edit_deal(
            deal.id,
            {"amount": "175", "next_step": "Visit", "expected_close_on": "2026-09-01"},
            was={"amount": "100.00", "next_step": "", "expected_close_on": "2026-08-01"},
        )
    assert refused.value.mine == {"amount": "175", "next_step": "Visit"}
    assert refused.value.theirs == {"amount": "150.00", "next_step": "Call"}
    assert str(workbench.sales.deals()["expected_close_on"][0].date()) == "2026-08-01"


def test_a_deal_has_one_main_owner_and_others_with_a_share(workbench, make_deal, make_colleague, told):
    mia, udo, eva = (make_colleague(name) for name in ("Mia", "Udo", "Eva"))
    firm = workbench.contacts.add_organization(name="Acme")
    deal = make_deal(owner=mia.id, party=firm.id)
    workbench.sales.share_deal(deal.id, udo.id, "33.33", role="presales")
    workbench.sales.share_deal(deal.id, eva.id, 20)
    workbench.sales.share_deal(deal.id, eva.id, 10)
    frame = workbench.sales.deal_owners()
    assert {key: str(dtype) for key, dtype in frame.dtypes.items()} == DEAL_OWNERS
    assert list(zip(frame["owner"], frame["share"].round(2), frame["is_main"], strict=True)) == [
        ("Mia", 56.67, True), ("Udo", 33.33, False), ("Eva", 10.0, False),
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="66.67 % is what"):
        workbench.sales.share_deal(deal.id, eva.id, 70)
    with pytest.raises(Refused, match="main owner"):
        workbench.sales.share_deal(deal.id, mia.id, 10)
    workbench.sales.assign_deal(deal.id, udo.id)
    assert list(workbench.sales.deal_owners()["share"]) == [90.0, 10.0]
    assert "Sensors: owner now Udo, before Mia" in told(firm.id)
    assert "Sensors shared with Udo: 33.33 %" in told(firm.id)
    workbench.sales.unshare_deal(deal.id, eva.id)
    assert list(workbench.sales.deal_owners()["share"]) == [100.0]


def test_all_open_deals_of_a_colleague_change_hands(workbench, make_deal, make_colleague, told):
    mia, udo = make_colleague("Mia"), make_colleague("Udo")
    make_deal(name="A", owner=mia.id)
    make_deal(name="B", owner=mia.id)
    won = make_deal(name="C", owner=mia.id)
    workbench.sales.win_deal(won.id)
    changed = workbench.sales.hand_over_deals(mia.id, udo.id, reason="Leave")
    assert [deal.name for deal in changed] == ["A", "B"]
    assert list(workbench.sales.deals()["owner"]) == ["Udo", "Udo", "Mia"]
    assert "Open deals of Mia handed over to Udo: 2" in told(mia.id)
    with workbench.reading() as session:
        assert session.query(JournalEntry).filter_by(kind="DealAssigned").count() == 2
    with pytest.raises(Refused, match="another colleague"):
        workbench.sales.hand_over_deals(mia.id, mia.id)
    assert workbench.sales.hand_over_deals(mia.id, udo.id) == []


def test_an_owner_changed_by_an_edit_is_told_as_well(workbench, make_deal, make_colleague):
    mia, udo = make_colleague("Mia"), make_colleague("Udo")
    deal = make_deal(owner=mia.id)
    workbench.sales.edit_deal(deal.id, {"owner_id": udo.id}, was={"owner_id": mia.id})
    with workbench.reading() as session:
        assert session.query(JournalEntry).filter_by(kind="DealAssigned").one().after["owner"] == "Udo"
    assert workbench.sales.deals()["owner"][0] == "Udo"


def test_people_competitors_and_lines_hang_on_a_deal(workbench, make_deal):
    firm = workbench.contacts.add_organization(name="Acme")
    ana = workbench.contacts.add_person(given_name="Ana")
    deal = make_deal(party=firm.id)
    contact = workbench.sales.add_deal_contact(deal.id, ana.id, role="decision maker")
    with pytest.raises(Refused, match="there already"):
        workbench.sales.add_deal_contact(deal.id, ana.id)
    workbench.sales.edit_deal_contact(contact.id, {"role": "champion"}, was={"role": "decision maker"})
    with pytest.raises(Conflict, match="champion"):
        workbench.sales.edit_deal_contact(contact.id, {"role": "user"}, was={"role": "decision maker"})
    rival = workbench.sales.add_competitor(deal.id, name="Rival Ltd", weaknesses="Late")
    with pytest.raises(Refused, match="there already"):
        workbench.sales.add_competitor(deal.id, name="rival ltd")
    workbench.sales.edit_competitor(rival.id, {"strengths": "Cheap"})
    workbench.sales.lose_deal(deal.id, reason="competitor", competitor="RIVAL LTD")
    with workbench.reading() as session:
        card = session.get(Deal, deal.id)
        assert [(one.name, one.has_won) for one in card.competitors] == [("Rival Ltd", True)]
        assert session.query(JournalEntry).filter_by(record="deal_contact", party_id=firm.id).count() == 2
    workbench.sales.remove_deal_contact(contact.id)
    workbench.sales.remove_competitor(rival.id)
    with workbench.reading() as session:
        assert session.get(DealContact, contact.id) is None


def test_lines_add_up_exactly_to_what_a_deal_is_worth(workbench, make_deal):
    sensor = workbench.catalog.add_product(name="Sensor", price=euros("19.90"))
    cable = workbench.catalog.add_product(name="Cable")
    deal = make_deal(amount=None)
    workbench.sales.add_deal_line(deal.id, sensor.id, quantity=3)
    line = workbench.sales.add_deal_line(deal.id, cable.id, quantity="2.5", unit_price="0.0149", currency="EUR")
    assert line.amount == euros("0.04")
    assert workbench.sales.price_by_lines(deal.id).amount == euros("59.74")
    workbench.sales.edit_deal_line(line.id, {"quantity": 100}, was={"quantity": "2.5"})
    with pytest.raises(Conflict, match="100"):
        workbench.sales.edit_deal_line(line.id, {"quantity": 5}, was={"quantity": "2.5"})
    for more, match in (({"quantity": -1}, "nothing or more"), ({"quantity": "1.2345"}, "at most 3")):
        with pytest.raises(InvalidInput, match=match):
            workbench.sales.edit_deal_line(line.id, more)
    with pytest.raises(InvalidInput, match="no list price"):
        workbench.sales.add_deal_line(deal.id, cable.id)
    with pytest.raises(Refused, match="one currency"):
        workbench.sales.add_deal_line(deal.id, cable.id, unit_price=Money.of(1, "USD"))
    workbench.sales.remove_deal_line(line.id)
    assert workbench.sales.price_by_lines(deal.id).amount == euros("59.70")
    assert workbench.sales.amount_events()["why"].iloc[-1] == "Sum of the lines"


def test_a_duplicate_begins_anew_with_the_same_parts(workbench, pipeline, make_deal, make_colleague):
    mia, udo = make_colleague("Mia"), make_colleague("Udo")
    sensor = workbench.catalog.add_product(name="Sensor", price=euros("19.90"))
    deal = make_deal(owner=mia.id, expected_close_on=date(2026, 8, 1))
    workbench.sales.share_deal(deal.id, udo.id, 20)
    workbench.sales.add_deal_line(deal.id, sensor.id)
    workbench.sales.add_competitor(deal.id, name="Rival Ltd")
    workbench.sales.win_deal(deal.id)
    copy = workbench.sales.duplicate_deal(deal.id, name="Sensors again")
    with workbench.reading() as session:
        new = session.get(Deal, copy.id)
        assert (new.stage.name, new.amount, new.expected_close_on, new.closed_on) == (
            "Qualified",
            euros(100),
            None,
            None,
        )
        assert [len(part) for part in (new.owners, new.lines, new.competitors, new.stage_events)] == [1, 1, 1, 1]


def test_a_deleted_deal_takes_its_parts_along_and_the_journal_keeps_them(workbench, make_deal, make_colleague):
    mia, udo = make_colleague("Mia"), make_colleague("Udo")
    workbench.sales.add_commission_plan(name="Five", from_on=date(2026, 1, 1), percent=5)
    deal = make_deal(owner=mia.id, expected_close_on=date(2026, 8, 1))
    workbench.sales.share_deal(deal.id, udo.id, 20)
    workbench.sales.add_competitor(deal.id, name="Rival Ltd")
    workbench.sales.win_deal(deal.id)
    workbench.sales.reopen_deal(deal.id)
    workbench.sales.delete_deal(deal.id, reason="Entered twice")
    with pytest.raises(NotFound):
        workbench.sales.deal_card(deal.id)
    with workbench.reading() as session:
        assert session.scalars(select(StageEvent)).all() == []
        gone = {entry.record for entry in session.query(JournalEntry).filter_by(kind="delete")}
        assert {"deal", "deal_owner", "deal_competitor", "commission"} <= gone


def test_deals_without_a_next_step_are_found(workbench, make_deal):
    make_deal(name="Later", expected_close_on=date(2026, 9, 1))
    make_deal(name="Sooner", expected_close_on=date(2026, 8, 1), next_step="  ")
    make_deal(name="Planned", next_step="Call Ana", next_step_on="2026-07-03")
    won = make_deal(name="Won")
    workbench.sales.win_deal(won.id)
    found = workbench.sales.deals_without_next_step()
    assert [one["deal"] for one in found] == ["Sooner", "Later"]
    assert found[0]["amount"] == euros(100)


def test_sums_are_one_for_each_currency_until_a_rate_is_given(workbench, pipeline, make_deal):
    workbench.sales.edit_stage(pipeline.stages[0].id, {"probability": 25})
    make_deal(amount="100.10")
    make_deal(amount="200", probability=50)
    make_deal(amount="1000", currency="JPY")
    make_deal(amount=None)
    sums = workbench.sales.deal_sums()
    assert sums == [euros("300.10"), Money(1000, "JPY")]
    # 25.025 and 100: rounded once, half to even
    assert workbench.sales.deal_sums(weighted=True) == [euros("125.02"), Money(250, "JPY")]
    assert workbench.sales.deal_sums(kind=StageKind.WON) == []
    workbench.billing.set_fx_rate(day=date(2026, 6, 26), currency="JPY", rate="160", base="EUR")
    with workbench.reading() as session:
        one = converted_sum(session, sums, "EUR", on=date(2026, 7, 1))
        # At the newest rate before that day, and it says which day that was.
        assert (one.total, one.rates_on) == (euros("306.35"), date(2026, 6, 26))
        same = converted_sum(session, sums[:1], "EUR", on=date(2026, 7, 1))
        assert (same.total, same.rates_on) == (euros("300.10"), None)
        with pytest.raises(Refused):
            converted_sum(session, sums, "IDR", on=date(2026, 7, 1))


def test_the_frames_of_history_keep_their_contract_when_empty(workbench):
    for frame, contract in (
        (workbench.sales.amount_events(), AMOUNT_EVENTS),
        (workbench.sales.expected_close_events(), EXPECTED_CLOSE_EVENTS),
        (workbench.sales.slippage(), SLIPPAGE),
        (workbench.sales.deal_owners(), DEAL_OWNERS),
        (workbench.sales.deal_sources(), DEAL_SOURCES),
    ):
        assert {key: str(dtype) for key, dtype in frame.dtypes.items()} == contract
