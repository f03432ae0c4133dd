"""What may be asked about orders, payments and refunds: frames for analysts. What pages show is in `cards.py`."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from crmlib.base import major_units, product_of, read_frame, scaled_float
from crmlib.billing.records import (
    COUNTED,
    AppliedDiscount,
    Order,
    OrderEvent,
    OrderLine,
    OrderStatus,
    PartyTotal,
    Payment,
    PaymentStatus,
    Refund,
    RefundLine,
    ReportingBasis,
)
from crmlib.catalog import Coupon, Discount, Product
from crmlib.contacts import Party

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ORDERS",
    "ORDER_EVENTS",
    "ORDER_LINES",
    "PARTY_TOTALS",
    "PAYMENTS",
    "REFUNDS",
    "REFUND_LINES",
    "TOTALS_BY_COUPON",
    "TOTALS_BY_DISCOUNT",
    "TOTALS_BY_METHOD",
    "LineFigures",
    "line_figures",
    "order_events",
    "order_lines",
    "orders",
    "party_totals",
    "payments",
    "refund_lines",
    "refunds",
    "totals_by_coupon",
    "totals_by_discount",
    "totals_by_method",
]

ORDERS = {
    "order_id": "int64",
    "number": "str",
    "party_id": "Int64",
    "party": "str",
    "deal_id": "Int64",
    "owner": "str",
    "ordered_at": "datetime64[us, UTC]",
    "ordered_on": "datetime64[s]",
    "status": "category",
    "total": "float64",
    "discount": "float64",
    "tax": "float64",
    "currency": "category",
    "reporting_total": "float64",
    "reporting_currency": "category",
    "coupon": "str",
    "channel": "str",
    "source": "str",
    "shipping_country": "str",
}

ORDER_LINES = {
    "line_id": "int64",
    "order_id": "int64",
    "number": "str",
    "ordered_on": "datetime64[s]",
    "status": "category",
    "party_id": "Int64",
    "product_id": "Int64",
    "product": "str",
    "code": "str",
    "series": "str",
    "description": "str",
    "quantity": "float64",
    "unit_price": "float64",
    "discount": "float64",
    "tax_rate": "float64",
    "amount": "float64",
    "currency": "category",
}

ORDER_EVENTS = {"order_id": "int64", "number": "str", "status": "category", "at": "datetime64[us, UTC]", "note": "str"}

PAYMENTS = {
    "payment_id": "int64",
    "order_id": "Int64",
    "number": "str",
    "party_id": "Int64",
    "party": "str",
    "amount": "float64",
    "currency": "category",
    "reporting_amount": "float64",
    "reporting_currency": "category",
    "paid_at": "datetime64[us, UTC]",
    "paid_on": "datetime64[s]",
    "method": "category",
    "reference": "str",
    "status": "category",
}

REFUNDS = {
    "refund_id": "int64",
    "number": "str",
    "order_id": "Int64",
    "payment_id": "Int64",
    "party_id": "Int64",
    "party": "str",
    "amount": "float64",
    "currency": "category",
    "reporting_amount": "float64",
    "reporting_currency": "category",
    "refunded_at": "datetime64[us, UTC]",
    "refunded_on": "datetime64[s]",
    "reason": "str",
    "status": "category",
}

REFUND_LINES = {
    "line_id": "int64",
    "refund_id": "int64",
    "number": "str",
    "refunded_on": "datetime64[s]",
    "party_id": "Int64",
    "order_line_id": "Int64",
    "product_id": "Int64",
    "product": "str",
    "code": "str",
    "description": "str",
    "quantity": "float64",
    "unit_price": "float64",
    "amount": "float64",
    "currency": "category",
}

PARTY_TOTALS = {
    "party_id": "int64",
    "party": "str",
    "paid": "float64",
    "ordered": "float64",
    "refunded": "float64",
    "currency": "category",
    "n_orders": "int64",
    "n_payments": "int64",
    "n_refunds": "int64",
    "n_unconverted": "int64",
    "first_order_on": "datetime64[s]",
    "last_order_on": "datetime64[s]",
    "last_paid_on": "datetime64[s]",
}

TOTALS_BY_METHOD = {"method": "str", "currency": "str", "n_payments": "int64", "paid": "float64"}
TOTALS_BY_DISCOUNT = {
    "discount_id": "Int64",
    "discount": "str",
    "currency": "str",
    "n_orders": "int64",
    "taken_off": "float64",
}
TOTALS_BY_COUPON = {
    "coupon_id": "int64",
    "coupon": "str",
    "currency": "str",
    "n_orders": "int64",
    "taken_off": "float64",
    "ordered": "float64",
}

_Owner = aliased(Party, name="owner")


@dataclass(frozen=True)
class LineFigures:
    """All lines of orders and refunds that are kept, whatever their status: how many, and their exact sum.

    `total` is quantity times unit price of the lines of orders less those of refunds, in major units of `currency`.
    `n_refund_lines` of the `n_lines` are of refunds, `n_without_party` of the lines name no party.
    """

    currency: str
    n_lines: int
    n_refund_lines: int
    n_without_party: int
    total: Decimal


def line_figures(session: Session) -> list[LineFigures]:
    """How many lines there are and what they come to, exact and before discounts and tax; one per currency."""
    found: dict[str, list[Any]] = {}
    bought = (
        select(
            Order.currency,
            func.count(),
            func.sum(case((Order.party_id.is_(None), 1), else_=0)),
            func.sum(product_of(OrderLine.quantity, OrderLine.unit_price)),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .group_by(Order.currency)
    )
    back = (
        select(
            Refund.currency,
            func.count(),
            func.sum(case((Refund.party_id.is_(None), 1), else_=0)),
            func.sum(product_of(RefundLine.quantity, RefundLine.unit_price)),
        )
        .join(Refund, Refund.id == RefundLine.refund_id)
        .group_by(Refund.currency)
    )
    for rows, sign in ((bought, 1), (back, -1)):
        for currency, n_lines, n_nobody, exact in session.execute(rows):
            figures = found.setdefault(currency, [0, 0, 0, Decimal(0)])
            figures[0] += n_lines
            figures[1] += n_lines if sign < 0 else 0
            figures[2] += int(n_nobody or 0)
            figures[3] += sign * exact
    return [LineFigures(currency, *figures) for currency, figures in sorted(found.items())]


def orders(session: Session) -> "pd.DataFrame":
    """Every order, oldest first.

    One row per order; `order_id` and `number` are unique. `total` is what it comes to in `currency` (ISO 4217), its
    `discount` taken off and `tax` in it: never add two currencies. `reporting_total` is that in `reporting_currency` by
    the day's rate, NaN where no rate is known. Drafts and cancelled ones are there: see `status`.
    """
    basis = _basis()
    rows = (
        select(
            Order.id.label("order_id"),
            Order.number,
            Order.party_id,
            Party.name.label("party"),
            Order.deal_id,
            _Owner.name.label("owner"),
            Order.ordered_at,
            Order.ordered_on,
            Order.status,
            major_units(Order.total_minor, Order.currency).label("total"),
            major_units(Order.discount_minor, Order.currency).label("discount"),
            major_units(Order.tax_minor, Order.currency).label("tax"),
            Order.currency,
            major_units(Order.reporting_minor, basis).label("reporting_total"),
            basis.label("reporting_currency"),
            Coupon.code.label("coupon"),
            Order.channel,
            Order.source,
            Order.shipping_country,
        )
        .outerjoin(Party, Party.id == Order.party_id)
        .outerjoin(_Owner, _Owner.id == Order.owner_id)
        .outerjoin(Coupon, Coupon.id == Order.coupon_id)
        .order_by(Order.ordered_on, Order.id)
    )
    return read_frame(session, rows, ORDERS)


def order_lines(session: Session) -> "pd.DataFrame":
    """Every line of every order, by order and position.

    One row per line; `line_id` is unique. `amount` is `quantity * unit_price` less `discount`, rounded to `currency`,
    the discounts on the whole order not taken off. For exact sums: `line_figures`.
    """
    rows = (
        select(
            OrderLine.id.label("line_id"),
            OrderLine.order_id,
            Order.number,
            Order.ordered_on,
            Order.status,
            Order.party_id,
            OrderLine.product_id,
            Product.name.label("product"),
            Product.code,
            Product.series,
            OrderLine.description,
            scaled_float(OrderLine.quantity).label("quantity"),
            scaled_float(OrderLine.unit_price).label("unit_price"),
            major_units(OrderLine.discount_minor, Order.currency).label("discount"),
            scaled_float(OrderLine.tax_rate).label("tax_rate"),
            major_units(OrderLine.amount_minor, Order.currency).label("amount"),
            Order.currency,
        )
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(Product, Product.id == OrderLine.product_id)
        .order_by(OrderLine.order_id, OrderLine.position, OrderLine.id)
    )
    return read_frame(session, rows, ORDER_LINES)


def order_events(session: Session) -> "pd.DataFrame":
    """Every status that an order came to, by order and in order. `at` is NaT where the source does not say."""
    rows = (
        select(OrderEvent.order_id, Order.number, OrderEvent.status, OrderEvent.at, OrderEvent.note)
        .join(Order, Order.id == OrderEvent.order_id)
        .order_by(OrderEvent.order_id, OrderEvent.id)
    )
    return read_frame(session, rows, ORDER_EVENTS)


def payments(session: Session) -> "pd.DataFrame":
    """Every payment, oldest first.

    One row per payment; `payment_id` is unique. `amount` is in `currency`: never add two currencies;
    `reporting_amount` is that in `reporting_currency` by the day's rate, NaN where no rate is known. Those that failed
    or are pending are there: see `status`.
    """
    basis = _basis()
    rows = (
        select(
            Payment.id.label("payment_id"),
            Payment.order_id,
            Order.number,
            Payment.party_id,
            Party.name.label("party"),
            major_units(Payment.amount_minor, Payment.currency).label("amount"),
            Payment.currency,
            major_units(Payment.reporting_minor, basis).label("reporting_amount"),
            basis.label("reporting_currency"),
            Payment.paid_at,
            Payment.paid_on,
            Payment.method,
            Payment.reference,
            Payment.status,
        )
        .outerjoin(Order, Order.id == Payment.order_id)
        .outerjoin(Party, Party.id == Payment.party_id)
        .order_by(Payment.paid_on, Payment.id)
    )
    return read_frame(session, rows, PAYMENTS)


def refunds(session: Session) -> "pd.DataFrame":
    """Every refund, oldest first. One row per refund; `refund_id` is unique.

    `amount` is what went back, above nothing, in `currency`; `reporting_amount` as in `payments`.
    """
    basis = _basis()
    rows = (
        select(
            Refund.id.label("refund_id"),
            Refund.number,
            Refund.order_id,
            Refund.payment_id,
            Refund.party_id,
            Party.name.label("party"),
            major_units(Refund.amount_minor, Refund.currency).label("amount"),
            Refund.currency,
            major_units(Refund.reporting_minor, basis).label("reporting_amount"),
            basis.label("reporting_currency"),
            Refund.refunded_at,
            Refund.refunded_on,
            Refund.reason,
            Refund.status,
        )
        .outerjoin(Party, Party.id == Refund.party_id)
        .order_by(Refund.refunded_on, Refund.id)
    )
    return read_frame(session, rows, REFUNDS)


def refund_lines(session: Session) -> "pd.DataFrame":
    """Every line that came back (a shop's cancellation lines), by refund and position.

    One row per line; `line_id` is unique. `quantity` is above nothing for what came back.
    """
    rows = (
        select(
            RefundLine.id.label("line_id"),
            RefundLine.refund_id,
            Refund.number,
            Refund.refunded_on,
            Refund.party_id,
            RefundLine.order_line_id,
            RefundLine.product_id,
            Product.name.label("product"),
            Product.code,
            RefundLine.description,
            scaled_float(RefundLine.quantity).label("quantity"),
            scaled_float(RefundLine.unit_price).label("unit_price"),
            major_units(RefundLine.amount_minor, Refund.currency).label("amount"),
            Refund.currency,
        )
        .join(Refund, Refund.id == RefundLine.refund_id)
        .outerjoin(Product, Product.id == RefundLine.product_id)
        .order_by(RefundLine.refund_id, RefundLine.position, RefundLine.id)
    )
    return read_frame(session, rows, REFUND_LINES)


def party_totals(session: Session) -> "pd.DataFrame":
    """What each party comes to, by name: one row per party that ordered, paid or got money back.

    `paid` is net of what was paid back; all amounts are in `currency`, the reporting currency, by the day's rates.
    `n_unconverted` orders, payments and refunds are not in them, for lack of a rate.
    """
    total, basis = PartyTotal, _basis()
    rows = (
        select(
            total.party_id,
            Party.name.label("party"),
            major_units(total.paid_minor, basis).label("paid"),
            major_units(total.ordered_minor, basis).label("ordered"),
            major_units(total.refunded_minor, basis).label("refunded"),
            basis.label("currency"),
            total.n_orders,
            total.n_payments,
            total.n_refunds,
            total.n_unconverted,
            total.first_order_on,
            total.last_order_on,
            total.last_paid_on,
        )
        .join(Party, Party.id == total.party_id)
        .order_by(Party.folded, Party.id)
    )
    return read_frame(session, rows, PARTY_TOTALS)


def totals_by_method(session: Session) -> "pd.DataFrame":
    """What was received by each method in each currency, refunds not taken off; `method` is NA where nobody said."""
    rows = (
        select(
            Payment.method,
            Payment.currency,
            func.count().label("n_payments"),
            major_units(func.sum(Payment.amount_minor), Payment.currency).label("paid"),
        )
        .where(Payment.status == PaymentStatus.RECEIVED)
        .group_by(Payment.method, Payment.currency)
        .order_by(Payment.method.asc().nulls_last(), Payment.currency)
    )
    return read_frame(session, rows, TOTALS_BY_METHOD)


def totals_by_discount(session: Session) -> "pd.DataFrame":
    """What each discount took off confirmed and fulfilled orders, in each currency.

    One row per discount and currency, and one per currency, with NA, for what was taken off by hand.
    """
    rows = (
        select(
            AppliedDiscount.discount_id,
            Discount.name.label("discount"),
            Order.currency,
            func.count(AppliedDiscount.order_id.distinct()).label("n_orders"),
            major_units(func.sum(AppliedDiscount.amount_minor), Order.currency).label("taken_off"),
        )
        .join(Order, Order.id == AppliedDiscount.order_id)
        .outerjoin(Discount, Discount.id == AppliedDiscount.discount_id)
        .where(Order.status.in_(COUNTED))
        .group_by(AppliedDiscount.discount_id, Discount.name, Order.currency)
        .order_by(Discount.name.asc().nulls_last(), AppliedDiscount.discount_id, Order.currency)
    )
    return read_frame(session, rows, TOTALS_BY_DISCOUNT)


def totals_by_coupon(session: Session) -> "pd.DataFrame":
    """What each coupon took off orders that were not cancelled, and what those came to, in each currency.

    One row per coupon and currency; coupons that nobody used are not there.
    """
    taken = (
        select(
            AppliedDiscount.order_id,
            AppliedDiscount.discount_id,
            func.sum(AppliedDiscount.amount_minor).label("off"),
        )
        .group_by(AppliedDiscount.order_id, AppliedDiscount.discount_id)
        .subquery()
    )
    rows = (
        select(
            Coupon.id.label("coupon_id"),
            Coupon.code.label("coupon"),
            Order.currency,
            func.count(Order.id).label("n_orders"),
            major_units(func.coalesce(func.sum(taken.c.off), 0), Order.currency).label("taken_off"),
            major_units(func.sum(Order.total_minor), Order.currency).label("ordered"),
        )
        .join(Coupon, Coupon.id == Order.coupon_id)
        .outerjoin(taken, (taken.c.order_id == Order.id) & (taken.c.discount_id == Coupon.discount_id))
        .where(Order.status != OrderStatus.CANCELLED)
        .group_by(Coupon.id, Coupon.code, Order.currency)
        .order_by(Coupon.code, Order.currency)
    )
    return read_frame(session, rows, TOTALS_BY_COUPON)


def _basis() -> Any:
    return select(ReportingBasis.currency).scalar_subquery()
