"""What is given back: of an order, of a payment, or by itself."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, InvalidTransition, Money, Refused, find, read_fields, tell
from crmlib.billing.actions.money import above_nothing, same_currency, wrong_status
from crmlib.billing.actions.payment import tell_payment
from crmlib.billing.events import OrderRefunded, PaymentRefunded, RefundGiven
from crmlib.billing.reckoning import share_out, shares
from crmlib.billing.records import COUNTED, Order, OrderLine, Payment, PaymentStatus, Refund, RefundLine, RefundStatus
from crmlib.contacts import Party
from crmlib.i18n import gettext as _

_OPEN_REFUNDS = (RefundStatus.CREDITED, RefundStatus.PAID)


def refund_order(
    session: Session,
    order: Order | int,
    *,
    at: datetime,
    lines: Mapping[int, Decimal | int | str] | None = None,
    amount: Money | None = None,
    reason: str | None = None,
    refunded_on: date | None = None,
    number: str | None = None,
    status: RefundStatus | str = RefundStatus.PAID,
    note: str | None = None,
) -> Refund:
    """Give back what an order came to, or a part: the quantities in `lines` (by line number), or an `amount`.

    A line's part is what it came to in the end, its discounts and tax included; the last part takes what rounding
    left. `status` credited means owed, and not paid back yet.

    Raises Refused where more would go back than the order came to, or more of a line than was ordered, or in another
    currency; InvalidTransition where the order is a draft or cancelled.
    """
    order = find(session, Order, order)
    if order.status not in COUNTED:
        said = _("Order {number} is {status}; there is nothing to refund.")
        raise InvalidTransition(said.format(number=order.number, status=_(order.status.label)))
    if lines is not None and amount is not None:
        raise InvalidInput(_("Amount"), amount.amount, _("give lines or an amount, not both"))
    left = order.total_minor - _refunded(session, Refund.order_id == order.id)
    parts: list[tuple[OrderLine, Decimal, int]] = []
    if amount is not None:
        same_currency(order.currency, amount)
        above_nothing(amount)
        minor = amount.minor
    else:
        minor, parts = _refunded_lines(session, order, lines, left)
    if minor > left or left <= 0:
        most = Money(max(left, 0), order.currency)
        raise Refused(_("Of order {number} {amount} can still be refunded.").format(number=order.number, amount=most))
    refund = _refund(
        session,
        Money(minor, order.currency),
        at=at,
        refunded_on=refunded_on,
        typed={"reason": reason, "number": number, "status": status, "note": note},
        order=order,
        party_id=order.party_id,
    )
    for position, (line, quantity, part) in enumerate(parts):
        refund.lines.append(
            RefundLine(
                order_line=line,
                position=position,
                product_id=line.product_id,
                description=line.description,
                quantity=quantity,
                unit_price=line.unit_price,
                amount_minor=part,
            )
        )
    session.flush()
    tell(
        session,
        OrderRefunded(
            record_id=order.id,
            party_id=order.party_id,
            at=at,
            number=order.number,
            amount_minor=minor,
            currency=order.currency,
            refund_id=refund.id,
            reason=refund.reason,
        ),
    )
    return refund


def refund_payment(
    session: Session,
    payment: Payment | int,
    *,
    at: datetime,
    amount: Money | None = None,
    reason: str | None = None,
    refunded_on: date | None = None,
    number: str | None = None,
    note: str | None = None,
) -> Refund:
    """Pay a payment back, or a part of it.

    Raises Refused where more would go back than came in, or in another currency; InvalidTransition where the payment
    was not received.
    """
    payment = find(session, Payment, payment)
    if payment.status is not PaymentStatus.RECEIVED:
        raise wrong_status(payment)
    left = payment.amount_minor - _refunded(session, Refund.payment_id == payment.id)
    money = amount or Money(left, payment.currency)
    same_currency(payment.currency, money)
    if left > 0:
        above_nothing(money)
    if money.minor > left or left <= 0:
        most = Money(max(left, 0), payment.currency)
        raise Refused(_("Of this payment {amount} can still be paid back.").format(amount=most))
    refund = _refund(
        session,
        money,
        at=at,
        refunded_on=refunded_on,
        typed={"reason": reason, "number": number, "status": RefundStatus.PAID, "note": note},
        payment=payment,
        order=payment.order,
        party_id=payment.party_id,
    )
    session.flush()
    more = {"refund_id": refund.id, "reason": refund.reason}
    tell_payment(session, payment, PaymentRefunded, at, amount_minor=money.minor, **more)
    return refund


def record_refund(
    session: Session,
    *,
    amount: Money,
    at: datetime,
    party: Party | int | None = None,
    reason: str | None = None,
    refunded_on: date | None = None,
    number: str | None = None,
    status: RefundStatus | str = RefundStatus.PAID,
    note: str | None = None,
) -> Refund:
    """Money given back that belongs to no order or payment we know. Raises InvalidInput where it is nothing."""
    above_nothing(amount)
    refund = _refund(
        session,
        amount,
        at=at,
        refunded_on=refunded_on,
        typed={"reason": reason, "number": number, "status": status, "note": note},
        party_id=None if party is None else find(session, Party, party).id,
    )
    session.flush()
    tell(
        session,
        RefundGiven(
            record_id=refund.id,
            party_id=refund.party_id,
            at=at,
            amount_minor=amount.minor,
            currency=amount.currency,
            reason=refund.reason,
        ),
    )
    return refund


def settle_refund(session: Session, refund: Refund | int, *, at: datetime, refunded_on: date | None = None) -> Refund:
    """What was credited is paid back now. Raises InvalidTransition where it is not open."""
    refund = find(session, Refund, refund)
    if refund.status is not RefundStatus.CREDITED:
        raise wrong_status(refund)
    refund.status, refund.refunded_at, refund.refunded_on = RefundStatus.PAID, at, refunded_on or at.date()
    session.flush()
    return refund


def cancel_refund(session: Session, refund: Refund | int) -> Refund:
    """A refund that was credited is not given after all. Raises InvalidTransition where it was paid back."""
    refund = find(session, Refund, refund)
    if refund.status is not RefundStatus.CREDITED:
        raise wrong_status(refund)
    refund.status = RefundStatus.CANCELLED
    session.flush()
    return refund


def _refund(
    session: Session,
    amount: Money,
    *,
    at: datetime,
    refunded_on: date | None,
    typed: Mapping[str, Any],
    **links: Any,
) -> Refund:
    values = read_fields(Refund, typed)
    if values["number"] is not None:
        taken = session.scalar(select(Refund.id).where(Refund.number == values["number"]))
        if taken is not None:
            raise Refused(_("There is a refund {number} already.").format(number=values["number"]))
    refund = Refund(amount=amount, refunded_at=at, refunded_on=refunded_on or at.date(), **links, **values)
    session.add(refund)
    return refund


def _refunded(session: Session, which: Any) -> int:
    rows = select(func.sum(Refund.amount_minor)).where(which, Refund.status.in_(_OPEN_REFUNDS))
    return int(session.scalar(rows) or 0)


def _refunded_lines(
    session: Session, order: Order, lines: Mapping[int, Decimal | int | str] | None, left: int
) -> tuple[int, list[tuple[OrderLine, Decimal, int]]]:
    back: dict[int | None, Decimal] = dict(
        session.execute(
            select(RefundLine.order_line_id, func.sum(RefundLine.quantity))
            .join(Refund, Refund.id == RefundLine.refund_id)
            .where(Refund.order_id == order.id, Refund.status.in_(_OPEN_REFUNDS))
            .group_by(RefundLine.order_line_id)
        ).all()
    )
    own = {line.id: line for line in order.lines}
    unknown = set(lines or {}) - set(own)
    if unknown:
        raise InvalidInput(_("Line"), min(unknown), _("that line is not in this order"))
    wanted: list[tuple[OrderLine, Decimal, Fraction]] = []
    everything = True
    for line, share in shares(order):
        open_quantity = line.quantity - back.get(line.id, Decimal(0))
        typed = (lines or {}).get(line.id) if lines is not None else open_quantity
        quantity = Decimal(0) if typed is None else read_fields(RefundLine, {"quantity": typed})["quantity"]
        everything = everything and quantity == open_quantity
        if lines is not None and typed is not None and not 0 < quantity <= open_quantity:
            raise Refused(
                _("Of “{what}” {n} can still come back.")
                .format(what=line.description or line.position + 1, n=f"{open_quantity.normalize():f}")
            )  # fmt: skip
        if quantity:
            wanted.append((line, quantity, share * Fraction(quantity) / Fraction(line.quantity)))
    if not wanted:
        # Only the amount can be open still, where an amount went back before without lines.
        return (left if lines is None else 0), []
    exact = sum((part for _line, _quantity, part in wanted), Fraction(0))
    minor = left if everything else min(round(exact), left)
    if minor <= 0:
        raise Refused(_("These lines came to nothing; there is nothing to refund."))
    parts = share_out(minor, [part for _line, _quantity, part in wanted])
    return minor, [(line, quantity, part) for (line, quantity, _part), part in zip(wanted, parts, strict=True)]
