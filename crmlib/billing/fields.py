"""What can be asked of a party about its orders and payments, and of an order beside its own columns.

The sums are the ones the database keeps (`party_total`), so that a filter over them reads one row per party.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import aliased

from crmlib.base import Field
from crmlib.billing.records import Order, PartyTotal, Payment, PaymentStatus, Refund, ReportingBasis
from crmlib.catalog import Coupon
from crmlib.contacts import Party
from crmlib.filters import Part
from crmlib.i18n import lazy

__all__ = ["offer_fields"]

# Kept by the house: seen, sorted, filtered and exported, never typed.
_KEPT: dict[str, Any] = {"shown": ("list", "filter", "export")}


def offer_fields(offer: Callable[..., None]) -> None:
    """Offer billing's fields to filters and lists; `offer` is `crmlib.filters.offer`."""
    basis = select(ReportingBasis.currency).scalar_subquery()
    total = aliased(PartyTotal)
    for key, label, minor in (
        ("total_paid", lazy("Paid in all"), total.paid_minor),
        ("total_ordered", lazy("Ordered in all"), total.ordered_minor),
        ("total_refunded", lazy("Refunded in all"), total.refunded_minor),
    ):
        offer(
            Party,
            Field(key, label, "money", **_KEPT),
            one=Part(total.party_id, minor),
            currency=basis,
            otherwise=0,
            may_lack=False,
        )
    average = case((total.n_orders > 0, total.ordered_minor / total.n_orders))
    offer(
        Party,
        Field("average_order", lazy("Average order"), "money", **_KEPT),
        one=Part(total.party_id, average),
        currency=basis,
    )
    for key, label, count in (
        ("n_orders", lazy("Orders"), total.n_orders),
        ("n_payments", lazy("Payments"), total.n_payments),
        ("n_refunds", lazy("Refunds"), total.n_refunds),
    ):
        offer(
            Party,
            Field(key, label, "number", **_KEPT),
            one=Part(total.party_id, count),
            otherwise=0,
            may_lack=False,
        )
    for key, label, day in (
        ("first_order_on", lazy("First order"), total.first_order_on),
        ("last_order_on", lazy("Last order"), total.last_order_on),
        ("last_paid_on", lazy("Last payment"), total.last_paid_on),
    ):
        offer(Party, Field(key, label, "date", **_KEPT), one=Part(total.party_id, day))
    paid = (
        select(func.coalesce(func.sum(Payment.amount_minor), literal(0)))
        .where(Payment.order_id == Order.id, Payment.status == PaymentStatus.RECEIVED)
        .correlate(Order)
        .scalar_subquery()
    )
    offer(Order, Field("total", lazy("Total"), "money", **_KEPT), expression=Order.total_minor, currency=Order.currency)
    offer(
        Order, Field("paid", lazy("Paid"), "money", **_KEPT), expression=paid, currency=Order.currency, may_lack=False
    )
    coupon = select(Coupon.code).where(Coupon.id == Order.coupon_id).correlate(Order).scalar_subquery()
    offer(Order, Field("coupon", lazy("Coupon"), **_KEPT), expression=coupon)
    for record in (Order, Payment, Refund):
        about = Field("party", lazy("Customer"), "party", record="party", **_KEPT)
        offer(record, about, expression=record.party_id)
    for record in (Payment, Refund):
        about = Field("amount", lazy("Amount"), "money", **_KEPT)
        offer(record, about, expression=record.amount_minor, currency=record.currency, may_lack=False)
        number = select(Order.number).where(Order.id == record.order_id).correlate(record).scalar_subquery()
        offer(record, Field("order", lazy("Order"), **_KEPT), expression=number)
