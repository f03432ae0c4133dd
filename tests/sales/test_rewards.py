from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.base import Conflict, InvalidInput, Money, Refused
from crmlib.sales import COMMISSIONS, TARGETS, CommissionPlan, CommissionTier, commission_minor

YEAR = date(2026, 1, 1)


@pytest.fixture
def mia(make_colleague):
    return make_colleague("Mia")


def euros(amount):
    return Money.of(amount, "EUR")


def test_a_worked_example_of_tiers_over_a_quarter(workbench, make_deal, mia):
    """5 % up to 10,000, 8 % beyond, 10 % beyond 50,000, counted by the quarter, reckoned by hand."""
    workbench.sales.add_commission_plan(
        name="2026", from_on=YEAR, percent="5", counting="quarter",
        tiers=[(euros("10000"), 8), (euros("50000"), "10")],
    )  # fmt: skip
    for amount in ("8000", "7000", "40000"):
        workbench.sales.win_deal(make_deal(amount=amount, owner=mia.id).id, closed_on=date(2026, 7, 1))
    rows = workbench.sales.commissions()
    # 8,000 at 5; then 2,000 at 5 and 5,000 at 8; then 35,000 at 8 (to 50,000) and 5,000 at 10
    assert list(rows["amount"]) == [400.0, 500.0, 3300.0]
    assert {key: str(dtype) for key, dtype in rows.dtypes.items()} == COMMISSIONS
    # a new quarter begins at nothing
    workbench.sales.win_deal(make_deal(amount="1000", owner=mia.id).id, closed_on=date(2026, 10, 1))
    assert workbench.sales.commissions()["amount"].iloc[-1] == 50.0


def test_half_a_cent_goes_to_the_even_one(workbench, make_deal, mia):
    workbench.sales.add_commission_plan(name="Five", from_on=YEAR, percent=5)
    for amount in ("0.50", "0.70", "0.90"):  # 2.5, 3.5 and 4.5 cents
        workbench.sales.win_deal(make_deal(amount=amount, owner=mia.id).id)
    assert list(workbench.sales.commissions()["amount"]) == [0.02, 0.04, 0.04]


def test_reopening_takes_back_and_winning_again_earns_again(workbench, make_deal, mia, told):
    workbench.sales.add_commission_plan(name="Five", from_on=YEAR, percent=5)
    deal = make_deal(amount="1000", owner=mia.id)
    workbench.sales.win_deal(deal.id)
    assert "Mia earned €50 by Sensors" in told(mia.id)
    assert workbench.sales.earn_commissions(deal.id) == []
    workbench.sales.reopen_deal(deal.id)
    assert workbench.sales.commissions_due()[0]["amount"] == euros("0")
    workbench.sales.win_deal(deal.id, amount=euros("800"))
    rows = workbench.sales.commissions()
    assert list(rows["amount"]) == [50.0, -50.0, 40.0]
    assert rows["reverses_id"][1] == rows["commission_id"][0]


def test_what_was_paid_and_taken_back_waits_for_the_next_payment(workbench, make_deal, mia):
    workbench.sales.add_commission_plan(name="Five", from_on=YEAR, percent=5)
    first, second = make_deal(amount="1000", owner=mia.id), make_deal(amount="3000", owner=mia.id)
    workbench.sales.win_deal(first.id)
    assert workbench.sales.pay_commissions(mia.id, until=date(2026, 7, 31)) == [euros("50")]
    with pytest.raises(Refused, match="nothing to pay"):
        workbench.sales.pay_commissions(mia.id, until=date(2026, 7, 31))
    workbench.sales.reopen_deal(first.id)
    with pytest.raises(Refused, match="50.00 to pay back"):
        workbench.sales.pay_commissions(mia.id, until=date(2026, 7, 31))
    workbench.sales.win_deal(second.id)
    assert workbench.sales.pay_commissions(mia.id, until=date(2026, 7, 31)) == [euros("100")]
    assert set(workbench.sales.commissions()["status"]) == {"paid"}
    with pytest.raises(Refused, match="was paid"):
        workbench.sales.delete_deal(second.id)


def test_the_plan_that_fits_closest_counts_and_only_that_one(workbench, make_deal, mia, make_colleague):
    sensor = workbench.catalog.add_product(name="Sensor")
    add = workbench.sales.add_commission_plan
    add(name="All", from_on=YEAR, percent=1)
    add(name="Sensors", from_on=YEAR, percent=2, product=sensor.id)
    add(name="Mia", from_on=YEAR, percent=3, owner=mia.id)
    add(name="Gone", from_on=date(2025, 1, 1), to_on=date(2025, 12, 31), percent=50)
    add(name="Dollars", from_on=YEAR, percent=50, currency="USD", owner=mia.id, product=sensor.id)
    udo = make_colleague("Udo")
    for owner, product in ((mia, sensor), (udo, sensor)):
        workbench.sales.win_deal(make_deal(owner=owner.id, product=product.id).id)
    workbench.sales.win_deal(make_deal(owner=udo.id).id)
    assert list(workbench.sales.commissions()["plan"]) == ["Mia", "Sensors", "All"]


def test_owners_share_a_commission_and_no_cent_is_lost(workbench, make_deal, mia, make_colleague):
    workbench.sales.add_commission_plan(name="All", from_on=YEAR, percent=100)
    udo, eva = make_colleague("Udo"), make_colleague("Eva")
    deal = make_deal(amount="100.01", owner=mia.id)
    workbench.sales.share_deal(deal.id, udo.id, "33.33")
    workbench.sales.share_deal(deal.id, eva.id, "33.33")
    workbench.sales.win_deal(deal.id)
    rows = workbench.sales.commissions()
    assert list(rows["amount"]) == [33.33, 33.33, 33.35]
    assert list(rows["share"]) == [33.33, 33.33, 33.34]


def test_a_plan_that_cannot_be_is_refused_with_words(workbench):
    add = workbench.sales.add_commission_plan
    for more, match in (
        ({}, "percentage or tiers"),
        ({"percent": 101}, "from 0 to 100"),
        ({"percent": "1.234"}, "two digits"),
        ({"percent": 5, "to_on": date(2025, 1, 1)}, "ends before"),
        ({"tiers": [(euros(1), 5), (Money.of(2, "USD"), 6)]}, "one currency"),
        ({"tiers": [(euros(1), 5), (euros(1), 6)]}, "same amount"),
    ):
        with pytest.raises(InvalidInput, match=match):
            add(name="Plan", from_on=YEAR, **more)
    plan = add(name="Plan", from_on=YEAR, percent=5)
    with pytest.raises(Refused, match="already"):
        add(name="Plan", from_on=YEAR, percent=5)
    assert workbench.sales.end_commission_plan(plan.id, on=date(2026, 6, 30)).to_on == date(2026, 6, 30)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**4)), max_size=5), st.integers(0, 10**10),
       st.integers(0, 10**10))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_slices_of_a_period_earn_what_the_whole_would(tiers, first, second):
    plan = CommissionPlan(percent=Decimal("2.5"))
    known = {above: Decimal(percent) / 100 for above, percent in tiers}
    plan.tiers = [CommissionTier(above_minor=above, percent=percent) for above, percent in known.items()]
    apart = commission_minor(plan, first) + commission_minor(plan, second, already=first)
    assert abs(apart - commission_minor(plan, first + second)) <= 1


def test_targets_count_what_was_won_in_their_period(workbench, make_deal, mia, make_colleague):
    boss, udo = make_colleague("Boss"), make_colleague("Udo")
    workbench.sales.add_seller(mia.id, manager=boss.id)
    workbench.sales.add_seller(udo.id, manager=mia.id)
    set_target = workbench.sales.set_target
    set_target(period="quarter", from_on=date(2026, 7, 1), amount=euros("1000"), owner=mia.id)
    set_target(period="quarter", from_on=date(2026, 7, 1), amount=euros("1000"), team=boss.id)
    everybody = set_target(period="year", from_on=date(2026, 4, 1), amount=euros("2000"))
    set_target(period="month", from_on=date(2026, 7, 1), n_deals=4, team=boss.id)
    shared = make_deal(amount="800", owner=mia.id)
    workbench.sales.share_deal(shared.id, udo.id, 25)
    workbench.sales.win_deal(shared.id)
    workbench.sales.win_deal(make_deal(amount="300", currency="USD", owner=udo.id).id)
    workbench.sales.win_deal(make_deal(amount="400").id, closed_on=date(2026, 6, 30))
    frame = workbench.sales.targets(on=date(2026, 7, 1)).set_index("target_id")
    assert {key: str(dtype) for key, dtype in frame.reset_index().dtypes.items()} == {
        **TARGETS, "currency": "category", "level": "category",
    }  # fmt: skip
    assert frame.loc[1, ["level", "who", "won", "attainment_rate"]].tolist() == ["seller", "Mia", 600.0, 0.6]
    assert frame.loc[2, ["level", "won"]].tolist() == ["team", 800.0]
    assert frame.loc[3, ["level", "won", "to_on"]].tolist() == ["all", 1200.0, pd.Timestamp("2027-03-31")]
    assert frame.loc[4, ["n_won", "attainment_rate"]].tolist() == [2, 0.5]
    reached = workbench.sales.attainment(everybody.id)
    assert (reached.counted, reached.left_out) == (euros("1200"), [Money.of(300, "USD")])
    workbench.billing.set_fx_rate(day=date(2027, 3, 26), currency="EUR", rate="0.9", base="USD")
    both = workbench.sales.attainment(everybody.id, converted=True)
    # The last rate before the period's last day, and the day it is of.
    assert (both.counted, both.left_out, both.rates_on) == (euros("1470"), [], date(2027, 3, 26))


def test_a_target_is_said_once_and_edited_as_everything(workbench, mia):
    target = workbench.sales.set_target(period="month", from_on=date(2026, 7, 1), amount=euros(100), owner=mia.id)
    with pytest.raises(Refused, match="already"):
        workbench.sales.set_target(period="month", from_on=date(2026, 7, 1), amount=euros(200), owner=mia.id)
    for more, match in (
        ({"from_on": date(2026, 7, 2), "n_deals": 1}, "first of a month"),
        ({"from_on": YEAR}, "an amount or a number"),
        ({"from_on": YEAR, "n_deals": 1, "owner": mia.id, "team": mia.id}, "not both"),
        ({"from_on": YEAR, "amount": euros(0)}, "more than nothing"),
    ):
        with pytest.raises(InvalidInput, match=match):
            workbench.sales.set_target(period="month", **more)
    workbench.sales.edit_target(target.id, {"amount": "150"}, was={"amount": "100.00"})
    with pytest.raises(Conflict, match="150"):
        workbench.sales.edit_target(target.id, {"amount": "170"}, was={"amount": "100.00"})
    workbench.sales.delete_target(target.id)
    assert list(workbench.sales.targets().columns) == list(TARGETS)
    assert {key: str(dtype) for key, dtype in workbench.sales.targets().dtypes.items()} == TARGETS
