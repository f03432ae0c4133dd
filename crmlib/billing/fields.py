"""What can be asked of a party about its orders and payments, and of an order beside its own columns.

The sums are the ones the database keeps (`party_total`), so that a filter over them reads one row per party.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import case, func, literal, select

from crmlib.base import Field
from crmlib.billing.records import Order, PartyTotal, Payment, PaymentStatus, ReportingBasis
from crmlib.catalog import Coupon
from crmlib.contacts import Party
from crmlib.i18n import lazy

__all__ = ["offer_fields"]

# Kept by the house: seen, sorted, filtered and exported, never typed.
_KEPT: dict[str, Any] = {"shown": ("list", "filter", "export")}


def offer_fields(offer: Callable[..., None]) -> None:
    """Offer billing's fields to filters and lists; `offer` is `crmlib.filters.offer`."""
    basis = select(ReportingBasis.currency).scalar_subquery()
    for key, label, minor in (
        ("total_paid", lazy("Paid in all"), PartyTotal.paid_minor),
        ("total_ordered", lazy("Ordered in all"), PartyTotal.ordered_minor),
        ("total_refunded", lazy("Refunded in all"), PartyTotal.refunded_minor),
    ):
        offer(
            Party,
            Field(key, label, "money", **_KEPT),
            expression=func.coalesce(_kept(minor), 0),
            currency=basis,
            may_lack=False,
        )
    average = case((PartyTotal.n_orders > 0, PartyTotal.ordered_minor / PartyTotal.n_orders))
    offer(
        Party,
        Field("average_order", lazy("Average order"), "money", **_KEPT),
        expression=_kept(average),
        currency=basis,
    )
    for key, label, count in (
        ("n_orders", lazy("Orders"), PartyTotal.n_orders),
        ("n_payments", lazy("Payments"), PartyTotal.n_payments),
        ("n_refunds", lazy("Refunds"), PartyTotal.n_refunds),
    ):
        offer(
            Party,
            Field(key, label, "number", **_KEPT),
            expression=func.coalesce(_kept(count), 0),
            may_lack=False,
        )
    for key, label, day in (
        ("first_order_on", lazy("First order"), PartyTotal.first_order_on),
        ("last_order_on", lazy("Last order"), PartyTotal.last_order_on),
        ("last_paid_on", lazy("Last payment"), PartyTotal.last_paid_on),
    ):
        offer(Party, Field(key, label, "date", **_KEPT), expression=_kept(day))
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


def _kept(column: Any) -> Any:
    return select(column).where(PartyTotal.party_id == Party.id).correlate(Party).scalar_subquery()
