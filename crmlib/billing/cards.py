"""What pages show of orders and money: plain dicts and Money, no frames, and fast where there are millions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from crmlib.base import (
    MOST_ROWS,
    ConvertedSum,
    Money,
    NotFound,
    Page,
    choose,
    convert_sum,
    like_pattern,
    page_of_stretches,
    stretches_by,
    total_of,
)
from crmlib.billing.records import (
    COUNTED,
    AppliedDiscount,
    Order,
    OrderLine,
    OrderStatus,
    PartyTotal,
    Payment,
    PaymentMethod,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from crmlib.billing.totals import reporting_currency
from crmlib.contacts import Party, folded
from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext

__all__ = [
    "PartyMoney",
    "coupons_used",
    "order_card",
    "order_sums",
    "orders_of",
    "orders_page",
    "party_money",
    "payment_methods",
    "payments_of",
    "refunds_of",
    "sum_in",
]


@dataclass(frozen=True)
class PartyMoney:
    """What a party comes to, for its page.

    `ordered`, `paid` and `refunded` hold one Money per currency, as it was; `paid` is net of what was paid back.
    `in_reporting` has the same three in the reporting currency by the days' rates, or nothing where none is known,
    and `n_unconverted` says how many orders, payments and refunds are not in it for lack of a rate.
    """

    party_id: int
    ordered: list[Money] = field(default_factory=list)
    paid: list[Money] = field(default_factory=list)
    refunded: list[Money] = field(default_factory=list)
    in_reporting: dict[str, Money] = field(default_factory=dict)
    n_orders: int = 0
    n_payments: int = 0
    n_refunds: int = 0
    n_unconverted: int = 0
    first_order_on: date | None = None
    last_order_on: date | None = None
    last_paid_on: date | None = None

    @property
    def average_order(self) -> Money | None:
        """What an order comes to on average, in the reporting currency; None where it cannot be said."""
        total = self.in_reporting.get("ordered")
        if total is None or not self.n_orders or self.n_unconverted:
            return None
        return Money(round(total.minor / self.n_orders), total.currency)

    @property
    def remark(self) -> str:
        """What has to be said beside the sums; nothing where they are whole."""
        if not self.n_unconverted:
            return ""
        said = ngettext(
            "{n} amount is not in this sum: there is no exchange rate for its day.",
            "{n} amounts are not in this sum: there is no exchange rate for their days.",
            self.n_unconverted,
        )
        return said.format(n=self.n_unconverted)


def party_money(session: Session, party_id: int, *, by_currency: bool = True) -> PartyMoney:
    """What a party ordered, paid and got back, and when. Nothing is found for a party that never did: all is empty.

    Without `by_currency` only `in_reporting` is there, which is read from one row, however often somebody paid.
    """
    total = session.scalar(select(PartyTotal).where(PartyTotal.party_id == party_id))
    if total is None:
        return PartyMoney(party_id)
    basis = total.currency or reporting_currency(session)
    ordered: dict[str, int] = {}
    paid: dict[str, int] = {}
    back: dict[str, int] = {}
    paid_back: dict[str, int] = {}
    if by_currency:
        ordered = _sums(session, Order, Order.total_minor, Order.party_id == party_id, Order.status.in_(COUNTED))
        received = Payment.status == PaymentStatus.RECEIVED
        paid = _sums(session, Payment, Payment.amount_minor, Payment.party_id == party_id, received)
    if by_currency and total.n_refunds:
        mine = Refund.party_id == party_id
        open_ones = Refund.status.in_([RefundStatus.CREDITED, RefundStatus.PAID])
        back = _sums(session, Refund, Refund.amount_minor, mine, open_ones)
        paid_back = _sums(session, Refund, Refund.amount_minor, mine, Refund.status == RefundStatus.PAID)
    net = {key: paid.get(key, 0) - paid_back.get(key, 0) for key in sorted({*paid, *paid_back})}
    in_reporting = {
        name: Money(minor, basis)
        for name, minor in (
            ("ordered", total.ordered_minor),
            ("paid", total.paid_minor),
            ("refunded", total.refunded_minor),
        )
        if basis is not None
    }
    return PartyMoney(
        party_id,
        ordered=_moneys(ordered),
        paid=_moneys(net),
        refunded=_moneys(back),
        in_reporting=in_reporting,
        n_orders=total.n_orders,
        n_payments=total.n_payments,
        n_refunds=total.n_refunds,
        n_unconverted=total.n_unconverted,
        first_order_on=total.first_order_on,
        last_order_on=total.last_order_on,
        last_paid_on=total.last_paid_on,
    )


def orders_of(session: Session, party_ids: Iterable[int], *, limit: int = 50) -> list[dict[str, Any]]:
    """The orders of any of these parties, newest first: order_id, number, ordered_on, status, total (Money)."""
    rows = (
        select(
            Order.id, Order.number, Order.ordered_on, Order.status, Order.total_minor, Order.currency, Order.party_id
        )
        .where(Order.party_id.in_(list(party_ids)))
        .order_by(Order.ordered_on.desc(), Order.id.desc())
        .limit(limit)
    )
    return [
        {
            "order_id": number_of,
            "number": number,
            "ordered_on": on,
            "status": status,
            "total": Money(minor, currency),
            "party_id": party_id,
        }
        for number_of, number, on, status, minor, currency, party_id in session.execute(rows)
    ]


def order_sums(session: Session, party_ids: Iterable[int]) -> dict[int, tuple[int, list[Money]]]:
    """What each party ordered: party id to the number of orders that count and their sums, one Money per currency."""
    rows = (
        select(Order.party_id, Order.currency, func.count(), func.sum(Order.total_minor))
        .where(Order.party_id.in_(list(party_ids)), Order.status.in_(COUNTED))
        .group_by(Order.party_id, Order.currency)
        .order_by(Order.party_id, Order.currency)
    )
    found: dict[int, tuple[int, list[Money]]] = {}
    for party_id, currency, count, minor in session.execute(rows):
        known, sums = found.get(party_id or 0, (0, []))
        found[party_id or 0] = (known + count, [*sums, Money(int(minor), currency)])
    return found


def sum_in(session: Session, moneys: Iterable[Money], *, on: date, to: str | None = None) -> ConvertedSum:
    """Amounts in any currencies as one sum, in the reporting currency unless another is named, and by which rates.

    Raises Refused, naming the rates that are missing.
    """
    return convert_sum(session, moneys, to or reporting_currency(session) or "", on)


def order_card(session: Session, order_id: int) -> Order:
    """An order with its lines, their products, discounts, coupon, history, party and owner. Raises NotFound."""
    loaded = (
        selectinload(Order.lines).selectinload(OrderLine.product),
        selectinload(Order.applied).selectinload(AppliedDiscount.discount),
        selectinload(Order.events),
        selectinload(Order.party),
        selectinload(Order.owner),
        selectinload(Order.coupon),
    )
    order = session.scalar(select(Order).where(Order.id == order_id).options(*loaded))
    if order is None:
        raise NotFound(_("order"), order_id)
    return order


# By what, and whether downwards and some have none; each is an index.
_ORDERS_BY: dict[str, tuple[Any, bool, bool]] = {
    "ordered_on": (Order.ordered_on, True, False),
    "oldest": (Order.ordered_on, False, False),
    "number": (Order.number, False, False),
    "total": (Order.reporting_minor, True, True),
}


def orders_page(
    session: Session,
    *,
    search: str = "",
    status: OrderStatus | str = "",
    since: date | None = None,
    until: date | None = None,
    order: str = "ordered_on",
    page: int = 1,
    per_page: int = 20,
    count: bool = True,
) -> Page:
    """A page of orders, newest first: order_id, number, party_id, party, ordered_on, status, total (Money), channel.

    `search` looks in numbers and names of parties. `order` is ordered_on, oldest, number or total. The count stops
    where `total_of` says; without `count` only what is on the pages so far is counted.
    """
    ids = select(Order.id)
    if search.strip():
        ids = ids.outerjoin(Party, Party.id == Order.party_id)
    for word in folded(search).split():
        pattern = like_pattern(word)
        found = func.lower(Order.number).like(pattern, escape="\\"), Party.folded.like(pattern, escape="\\")
        ids = ids.where(or_(*found))
    if status:
        ids = ids.where(Order.status == OrderStatus(status))
    if since is not None:
        ids = ids.where(Order.ordered_on >= since)
    if until is not None:
        ids = ids.where(Order.ordered_on <= until)
    by, descending, may_lack = choose(_ORDERS_BY, order, "ordered_on")
    key = Order.id.expression
    per_page = max(1, min(per_page, MOST_ROWS))
    stretches = stretches_by(ids, by=by, key=key, descending=descending, may_lack=may_lack)
    numbers = page_of_stretches(session, stretches, page=page, per_page=per_page)
    total = total_of(session, ids, len(numbers), page=page, per_page=per_page, count=count, key=key)
    rows = (
        select(
            Order.id.label("order_id"),
            Order.number,
            Order.party_id,
            Party.name.label("party"),
            Order.ordered_on,
            Order.status,
            Order.total_minor,
            Order.currency,
            Order.channel,
        )
        .outerjoin(Party, Party.id == Order.party_id)
        .where(Order.id.in_(numbers))
    )
    read = {row["order_id"]: dict(row) for row in session.execute(rows).mappings()}
    for row in read.values():
        row["total"] = Money(row.pop("total_minor"), row.pop("currency"))
    return Page([read[number] for number in numbers if number in read], *total)


def payments_of(session: Session, party_ids: Iterable[int], *, limit: int = 50) -> list[dict[str, Any]]:
    """The payments of any of these parties, newest first: payment_id, paid_on, amount, method, status, number."""
    rows = (
        select(Payment.id, Payment.paid_on, Payment.amount_minor, Payment.currency, Payment.method, Payment.status)
        .add_columns(Order.number, Payment.reference)
        .outerjoin(Order, Order.id == Payment.order_id)
        .where(Payment.party_id.in_(list(party_ids)))
        .order_by(Payment.paid_on.desc(), Payment.id.desc())
        .limit(limit)
    )
    return [
        {
            "payment_id": payment_id,
            "paid_on": on,
            "amount": Money(minor, currency),
            "method": method,
            "status": status,
            "number": number,
            "reference": reference,
        }
        for payment_id, on, minor, currency, method, status, number, reference in session.execute(rows)
    ]


def refunds_of(session: Session, party_ids: Iterable[int], *, limit: int = 50) -> list[dict[str, Any]]:
    """The refunds of any of these parties, newest first: refund_id, number, refunded_on, amount, reason, status."""
    rows = (
        select(Refund)
        .where(Refund.party_id.in_(list(party_ids)))
        .order_by(Refund.refunded_on.desc(), Refund.id.desc())
        .limit(limit)
    )
    return [
        {
            "refund_id": one.id,
            "number": one.number,
            "refunded_on": one.refunded_on,
            "amount": one.amount,
            "reason": one.reason,
            "status": one.status,
        }
        for one in session.scalars(rows)
    ]


def payment_methods(session: Session, party_id: int) -> list[dict[str, Any]]:
    """How a party pays and has paid, the preferred way first, then the one used last.

    One dict per method: method, labels, is_preferred, from_on and to_on as agreed; n_payments, first_used_on,
    last_used_on and sums (one Money per currency) as it was.
    """
    found: dict[str | None, dict[str, Any]] = {}

    def of(method: str | None) -> dict[str, Any]:
        blank = {"labels": [], "is_preferred": False, "from_on": None, "to_on": None, "n_payments": 0}
        more: dict[str, Any] = {"first_used_on": None, "last_used_on": None, "sums": []}
        return found.setdefault(method, {"method": method, **blank, **more})

    agreed = select(PaymentMethod).where(PaymentMethod.party_id == party_id).order_by(PaymentMethod.id)
    for one in session.scalars(agreed):
        entry = of(one.method)
        entry["is_preferred"] = entry["is_preferred"] or one.is_preferred
        entry["from_on"], entry["to_on"] = one.from_on, one.to_on
        if one.label:
            entry["labels"].append(one.label)
    used = (
        select(
            Payment.method,
            Payment.currency,
            func.count(),
            func.min(Payment.paid_on),
            func.max(Payment.paid_on),
            func.sum(Payment.amount_minor),
        )
        .where(Payment.party_id == party_id, Payment.status == PaymentStatus.RECEIVED)
        .group_by(Payment.method, Payment.currency)
        .order_by(Payment.currency)
    )
    for method, currency, count, first, last, minor in session.execute(used):
        entry = of(method)
        entry["n_payments"] += count
        entry["first_used_on"] = min(entry["first_used_on"] or first, first)
        entry["last_used_on"] = max(entry["last_used_on"] or last, last)
        entry["sums"].append(Money(int(minor), currency))
    return sorted(
        found.values(),
        key=lambda entry: (entry["is_preferred"], entry["last_used_on"] or date.min, entry["method"] or ""),
        reverse=True,
    )


def coupons_used(session: Session, party_id: int, *, limit: int = 50) -> list[dict[str, Any]]:
    """The coupons and discounts a party was given, newest order first: number, ordered_on, discount, taken_off (Money).

    `discount` is None, and `note` says why, where something was taken off by hand; `coupon` is its code, or None.
    """
    rows = (
        select(AppliedDiscount, Order)
        .join(Order, Order.id == AppliedDiscount.order_id)
        .where(Order.party_id == party_id, Order.status != OrderStatus.CANCELLED, AppliedDiscount.amount_minor != 0)
        .options(selectinload(AppliedDiscount.discount), selectinload(Order.coupon))
        .order_by(Order.ordered_on.desc(), AppliedDiscount.id.desc())
        .limit(limit)
    )
    return [
        {
            "order_id": order.id,
            "number": order.number,
            "ordered_on": order.ordered_on,
            "discount": one.discount.name if one.discount else None,
            "coupon": order.coupon.code
            if order.coupon is not None and order.coupon.discount_id == one.discount_id
            else None,
            "note": one.note,
            "taken_off": Money(one.amount_minor, order.currency),
        }
        for one, order in session.execute(rows)
    ]


def _sums(session: Session, record: Any, minor: Any, *which: Any) -> dict[str, int]:
    rows = select(record.currency, func.sum(minor)).where(*which).group_by(record.currency).order_by(record.currency)
    return {currency: int(total) for currency, total in session.execute(rows)}


def _moneys(sums: dict[str, int]) -> list[Money]:
    return [Money(minor, currency) for currency, minor in sums.items()]
