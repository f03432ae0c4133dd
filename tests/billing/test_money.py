from datetime import date
from decimal import Decimal

import pytest

from crmlib.base import InvalidTransition, Money, Refused
from crmlib.billing import PAYMENTS, REFUND_LINES, REFUNDS


def test_a_payment_stands_on_the_timeline_and_on_the_customers_page(workbench, acme, order_of, euros):
    number = order_of((1, "10"), party=acme)
    workbench.billing.record_payment(order=number, amount=euros("6"), method="card", paid_on=date(2026, 6, 1))
    waiting = workbench.billing.record_payment(order=number, amount=euros("4"), method="PayPal", status="pending")
    money = workbench.billing.party_money(acme.id)
    assert (money.paid, money.ordered, money.n_payments) == ([euros("6")], [euros("10")], 1)
    workbench.billing.receive_payment(waiting.id)
    money = workbench.billing.party_money(acme.id)
    assert (money.in_reporting["paid"], money.last_paid_on) == (euros("10"), date(2026, 7, 1))
    with pytest.raises(InvalidTransition, match="Received"):
        workbench.billing.receive_payment(waiting.id)
    titles = [entry.title for entry in workbench.activities.timeline([acme.id], what="event")]
    assert titles.count("Payment received") == 2
    methods = workbench.billing.payment_methods(acme.id)
    assert [(one["method"], one["sums"]) for one in methods] == [("paypal", [euros("4")]), ("card", [euros("6")])]
    by_method = workbench.billing.totals_by_method()
    assert list(by_method["paid"]) == [6.0, 4.0]


def test_what_goes_back_is_never_more_than_what_there_is(workbench, acme, order_of, euros):
    number = order_of((3, "3.333"), (1, "5"), party=acme)
    first, second = workbench.billing.order_card(number).lines
    back = workbench.billing.refund_order(number, lines={first.id: 1}, reason="damaged")
    assert (back.amount, back.lines[0].unit_price, back.lines[0].quantity) == (euros("3.33"), Decimal("3.333"), 1)
    with pytest.raises(Refused, match="2 can still come back"):
        workbench.billing.refund_order(number, lines={first.id: "2.5"})
    rest = workbench.billing.refund_order(number)
    assert rest.amount == euros("11.67")
    with pytest.raises(Refused, match="can still be refunded"):
        workbench.billing.refund_order(number, amount=euros("0.01"))
    money = workbench.billing.party_money(acme.id)
    assert (money.refunded, money.paid) == ([euros("15.00")], [euros("-15.00")])
    assert second.quantity == 1


def test_a_refunded_line_takes_its_part_of_discount_and_tax(workbench, euros):
    billing = workbench.billing
    lines = [{"description": "A", "unit_price": "10", "tax_rate": "19"}, {"description": "B", "unit_price": "30"}]
    order = billing.place_order(lines=lines)
    billing.take_off(order.id, euros("4"), note="Late")
    order = billing.order_card(order.id)
    assert order.total_minor == 1000 + 3000 - 400 + 171
    first = billing.refund_order(order.id, lines={order.lines[0].id: 1})
    second = billing.refund_order(order.id, lines={order.lines[1].id: 1})
    assert (first.amount, second.amount) == (euros("10.71"), euros("27"))


def test_a_credit_is_owed_until_it_is_paid(workbench, acme, order_of, euros):
    number = order_of((1, "10"), party=acme)
    workbench.billing.record_payment(order=number, amount=euros("10"))
    credit = workbench.billing.refund_order(number, amount=euros("4"), status="credited")
    assert workbench.billing.party_money(acme.id).paid == [euros("10")]
    workbench.billing.settle_refund(credit.id)
    assert workbench.billing.party_money(acme.id).paid == [euros("6")]
    payment = workbench.billing.payments()["payment_id"].iloc[0]
    with pytest.raises(Refused, match="can still be paid back"):
        workbench.billing.refund_payment(int(payment), amount=euros("11"))
    assert workbench.billing.refund_payment(int(payment), amount=euros("6")).party_id == acme.id
    frames = (workbench.billing.payments(), workbench.billing.refunds(), workbench.billing.refund_lines())
    assert [list(frame.columns) for frame in frames] == [list(PAYMENTS), list(REFUNDS), list(REFUND_LINES)]


def test_several_currencies_are_converted_by_the_days_rate_or_said_to_be_missing(workbench, acme, euros):
    billing = workbench.billing
    dollars = billing.record_payment(amount=Money(1084, "USD"), party=acme.id, paid_on=date(2026, 6, 7))
    billing.record_payment(amount=euros("5"), party=acme.id)
    money = billing.party_money(acme.id)
    assert (money.n_unconverted, money.in_reporting["paid"]) == (1, euros("5"))
    assert "no exchange rate" in money.remark
    billing.set_fx_rate(day=date(2026, 6, 5), currency="USD", rate="1.084")
    money = billing.party_money(acme.id)
    assert (money.n_unconverted, money.in_reporting["paid"]) == (0, euros("15"))
    assert money.paid == [euros("5"), Money(1084, "USD")]
    said = str(billing.sum_in(money.paid, on=date(2026, 6, 7)))
    assert "5 Jun 2026" in said
    with pytest.raises(Refused, match="from USD to EUR"):
        billing.sum_in(money.paid, on=date(2026, 6, 20))
    assert billing.restate(currency="USD") == 2  # the euros have no rate on their day
    money = billing.party_money(acme.id)
    assert (money.n_unconverted, money.in_reporting["paid"]) == (1, Money(1084, "USD"))
    assert dollars.currency == "USD"
