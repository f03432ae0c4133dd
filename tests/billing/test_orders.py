from datetime import date
from decimal import Decimal

import pytest

from crmlib.base import Conflict, InvalidInput, InvalidTransition, Money, NotFound, Refused
from crmlib.billing import ORDER_LINES, ORDERS, OrderStatus
from crmlib.contacts import Lifecycle


def test_an_order_is_added_up_and_makes_a_customer(workbench, acme, order_of, clock):
    number = order_of((3, "1.0050"), ("2.5", "0.333"), party=acme)
    order = workbench.billing.order_card(number)
    assert [line.amount_minor for line in order.lines] == [302, 83]
    assert sum(line.exact for line in order.lines) == Decimal("3.8475")
    assert (order.total, order.status, order.reporting_minor) == (Money(385, "EUR"), OrderStatus.CONFIRMED, 385)
    assert workbench.contacts.party_card(acme.id).lifecycle is Lifecycle.CUSTOMER
    titles = [entry.title for entry in workbench.activities.timeline([acme.id], what="event")]
    assert f"Order {order.number} placed" in titles
    clock.advance(days=1)
    workbench.billing.fulfil_order(number)
    assert list(workbench.billing.order_events()["status"]) == ["confirmed", "fulfilled"]
    with pytest.raises(InvalidTransition, match="is Fulfilled"):
        workbench.billing.cancel_order(number)


def test_half_a_cent_goes_to_the_even_one(workbench, order_of):
    order = workbench.billing.order_card(order_of((1, "0.125"), (1, "0.135"), (1, "0.1251")))
    assert [line.amount_minor for line in order.lines] == [12, 14, 13]


def test_an_order_has_one_currency(workbench, order_of):
    number = order_of((1, "10"))
    with pytest.raises(Refused, match="in EUR; USD cannot be mixed"):
        workbench.billing.add_line(number, description="Other", unit_price=Money(100, "USD"))
    with pytest.raises(Refused, match="USD cannot be mixed"):
        workbench.billing.record_payment(order=number, amount=Money(100, "USD"))
    yen = workbench.billing.order_card(order_of((3, "0.5"), currency="JPY"))
    assert yen.total == Money(2, "JPY")


def test_what_cannot_be_ordered_is_refused_kindly(workbench, order_of):
    with pytest.raises(InvalidInput, match="what comes back is a refund"):
        order_of((-1, "10"))
    with pytest.raises(InvalidInput, match="more than 3 digits"):
        order_of(("0.0001", "10"))
    with pytest.raises(Refused, match="no line yet"):
        workbench.billing.place_order()
    with pytest.raises(InvalidInput, match="no such field"):
        workbench.billing.place_order(lines=[{"colour": "red"}])
    order_of((1, "10"), number="A-7")
    with pytest.raises(Refused, match="A-7 already"):
        order_of((1, "10"), number="A-7")
    assert len(workbench.billing.orders()) == 1


def test_a_number_that_an_import_took_is_not_given_again(workbench, order_of):
    order_of((1, "10"), number="2")
    assert workbench.billing.order_card(order_of((1, "10"))).number == "2-2"


def test_lines_can_be_changed_until_the_order_is_fulfilled(workbench, order_of):
    number = order_of((1, "10"), (2, "20"))
    first, second = workbench.billing.order_card(number).lines
    workbench.billing.edit_line(first.id, {"quantity": "3"}, was={"quantity": "1.0"})
    with pytest.raises(Conflict) as conflict:
        workbench.billing.edit_line(first.id, {"quantity": "4"}, was={"quantity": "1"})
    assert (conflict.value.mine, conflict.value.theirs) == ({"quantity": "4"}, {"quantity": "3"})
    workbench.billing.remove_line(second.id)
    workbench.billing.add_line(number, description="Freight", unit_price="4.99")
    assert workbench.billing.order_card(number).total == Money(3499, "EUR")
    workbench.billing.fulfil_order(number)
    with pytest.raises(InvalidTransition, match="stay as they are"):
        workbench.billing.add_line(number, description="More", unit_price="1")


def test_two_who_change_one_order_do_not_overwrite_each_other(workbench, order_of):
    from crmlib.billing import Order

    number = order_of((1, "10"))
    with workbench.session() as session:
        mine = session.get(Order, number)
        version = mine.version
    workbench.billing.edit_order(number, {"note": "Call first"}, was={"note": None})
    with pytest.raises(Conflict), workbench.session() as session:
        session.add(mine)
        assert mine.version == version
        mine.note = "Leave at the door"
    assert workbench.billing.order_card(number).note == "Call first"


def test_tax_is_by_class_country_and_day_and_on_what_is_left(workbench):
    catalog, billing = workbench.catalog, workbench.billing
    catalog.add_tax_rate(country="DE", rate="19", from_on=date(2007, 1, 1))
    catalog.add_tax_rate(country="DE", rate="16", from_on=date(2020, 7, 1), to_on=date(2020, 12, 31))
    catalog.add_tax_rate(country="DE", rate="19", from_on=date(2021, 1, 1))
    probe = catalog.add_product(name="Probe", tax_class="standard", price=Money(10000, "EUR"))
    then = billing.place_order(lines=[{"product": probe.id}], ordered_on=date(2020, 8, 1))
    now = billing.place_order(lines=[{"product": probe.id}])
    assert (then.tax_minor, now.tax_minor, now.total_minor) == (1600, 1900, 11900)
    billing.take_off(now.id, Money(1000, "EUR"), note="Regular customer")
    now = billing.order_card(now.id)
    assert (now.discount_minor, now.tax_minor, now.total_minor) == (1000, 1710, 10710)
    gross = billing.place_order(lines=[{"product": probe.id, "unit_price": "119"}], tax_included=True)
    assert (gross.tax_minor, gross.total_minor) == (1900, 11900)


def test_discounts_hold_on_their_days_and_their_goods(workbench):
    catalog, billing = workbench.catalog, workbench.billing
    gtx = catalog.add_product(name="GTX", series="GT", price=Money(1000, "EUR"))
    mg = catalog.add_product(name="MG", series="M", price=Money(500, "EUR"))
    tenth = catalog.add_discount(name="Ten off GT", percent="10", scope="series", series="GT", is_stackable=True)
    spring = catalog.add_discount(name="Spring", amount=Money(300, "EUR"), is_stackable=True, to_on=date(2026, 7, 31))
    alone = catalog.add_discount(name="Half", percent=50)
    order = billing.place_order(lines=[{"product": gtx.id, "quantity": 2}, {"product": mg.id}])
    billing.apply_discount(order.id, tenth.id)
    billing.apply_discount(order.id, spring.id)
    with pytest.raises(Refused, match="together"):
        billing.apply_discount(order.id, alone.id)
    order = billing.order_card(order.id)
    assert (order.total_minor, order.discount_minor, order.lines[0].amount_minor) == (2000, 300, 1800)
    later = billing.place_order(lines=[{"product": mg.id}], ordered_on=date(2026, 8, 1))
    with pytest.raises(Refused, match="does not hold on"):
        billing.apply_discount(later.id, spring.id)
    with pytest.raises(Refused, match="is what “Ten off GT” is taken off"):
        billing.apply_discount(later.id, tenth.id)
    by_discount = billing.totals_by_discount().set_index("discount")["taken_off"]
    assert dict(by_discount) == {"Spring": 3.0, "Ten off GT": 2.0}
    billing.remove_line(order.lines[0].id)
    assert billing.order_card(order.id).total_minor == 200
    billing.remove_discount(order.id, spring.id)
    assert billing.order_card(order.id).total_minor == 500


def test_a_coupon_is_used_as_often_as_it_may_be(workbench, acme, order_of):
    catalog, billing = workbench.catalog, workbench.billing
    tenth = catalog.add_discount(name="Welcome", percent="10")
    catalog.add_coupon(tenth.id, code="hello", limit_total=2, limit_per_party=1)
    beta = workbench.contacts.add_organization(name="Beta")
    first = order_of((1, "10"), party=acme, coupon="HELLO ")
    with pytest.raises(Refused, match="This customer used"):
        order_of((1, "10"), party=acme, coupon="hello")
    with pytest.raises(Refused, match="whose order"):
        order_of((1, "10"), coupon="hello")
    order_of((1, "10"), party=beta, coupon="hello")
    gamma = workbench.contacts.add_organization(name="Gamma")
    with pytest.raises(Refused, match="as often as it may"):
        order_of((1, "10"), party=gamma, coupon="hello")
    billing.cancel_order(first, reason="changed their mind")
    order_of((1, "10"), party=acme, coupon="hello")
    with pytest.raises(NotFound):
        order_of((1, "10"), coupon="NOBODY")
    used = billing.totals_by_coupon().iloc[0]
    assert (used["n_orders"], used["taken_off"], used["ordered"]) == (2, 2.0, 18.0)
    assert [one["coupon"] for one in billing.coupons_used(acme.id)] == ["HELLO"]


def test_pages_and_frames_of_orders(workbench, acme, order_of):
    assert list(workbench.billing.orders().columns) == list(ORDERS)
    assert list(workbench.billing.order_lines().columns) == list(ORDER_LINES)
    order_of((1, "10"), party=acme, number="X1")
    order_of((1, "30"), number="Y2", draft=True)
    page = workbench.billing.orders_page(search="acme")
    assert (page.total, page.rows[0]["number"], page.rows[0]["total"]) == (1, "X1", Money(1000, "EUR"))
    assert workbench.billing.orders_page(status="draft").rows[0]["number"] == "Y2"
    assert [one["number"] for one in workbench.billing.orders_of([acme.id])] == ["X1"]
    assert workbench.billing.order_lines()["amount"].sum() == 40
