"""What happens to orders, payments and refunds."""

from dataclasses import dataclass
from typing import ClassVar

from crmlib.base import Event
from crmlib.i18n import lazy


@dataclass(frozen=True, kw_only=True)
class OrderEventTold(Event):
    """Something happened to an order; `amount_minor` is its total then, in minor units of `currency`."""

    record: ClassVar[str] = "order"
    says: ClassVar[str] = "{number}"
    number: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class OrderDrafted(OrderEventTold):
    """An order was written down, and is not agreed yet."""

    says: ClassVar[str] = lazy("Order {number} drafted")


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(OrderEventTold):
    """An order was placed, or a draft agreed."""

    says: ClassVar[str] = lazy("Order {number} placed")


@dataclass(frozen=True, kw_only=True)
class OrderFulfilled(OrderEventTold):
    """All of an order was delivered or done."""

    says: ClassVar[str] = lazy("Order {number} fulfilled")


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(OrderEventTold):
    """An order was cancelled before it was fulfilled."""

    says: ClassVar[str] = lazy("Order {number} cancelled")
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class CouponUsed(OrderEventTold):
    """An order was given the discount of a coupon."""

    says: ClassVar[str] = lazy("Coupon {coupon} used on order {number}")
    coupon: str


@dataclass(frozen=True, kw_only=True)
class OrderRefunded(OrderEventTold):
    """Money for an order went back; the amount is what went back, not the order's."""

    says: ClassVar[str] = lazy("Order {number} refunded")
    refund_id: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class PaymentEvent(Event):
    """Something happened to a payment of so many minor units of `currency`."""

    record: ClassVar[str] = "payment"
    says: ClassVar[str] = "{currency}"
    amount_minor: int
    currency: str
    method: str | None = None
    number: str | None = None


@dataclass(frozen=True, kw_only=True)
class PaymentReceived(PaymentEvent):
    """Money came in."""

    says: ClassVar[str] = lazy("Payment received")


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(PaymentEvent):
    """A payment did not arrive."""

    says: ClassVar[str] = lazy("Payment failed")
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class PaymentRefunded(PaymentEvent):
    """A payment went back, in whole or in part: the amount is what went back."""

    says: ClassVar[str] = lazy("Payment refunded")
    refund_id: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class RefundGiven(Event):
    """Money went back that belongs to no order or payment we know."""

    record: ClassVar[str] = "refund"
    says: ClassVar[str] = lazy("Refund given")
    amount_minor: int
    currency: str
    reason: str | None = None
