"""What may be done with money: payments, refunds, exchange rates, and the sums kept of them."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import (
    FxRate,
    InvalidInput,
    InvalidTransition,
    Money,
    Refused,
    edit_fields,
    find,
    read_fields,
    tell,
)
from crmlib.base import set_rates as write_rates
from crmlib.base.fx import DAYS_BACK
from crmlib.billing.events import (
    OrderRefunded,
    PaymentEvent,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
    RefundGiven,
)
from crmlib.billing.reckoning import share_out, shares
from crmlib.billing.records import (
    COUNTED,
    Order,
    OrderLine,
    Payment,
    PaymentMethod,
    PaymentStatus,
    Refund,
    RefundLine,
    RefundStatus,
)
from crmlib.billing.totals import convert_anew, count_anew, reporting_currency
from crmlib.contacts import Party
from crmlib.i18n import gettext as _

__all__ = [
    "add_payment_method",
    "cancel_payment",
    "cancel_refund",
    "edit_payment",
    "end_payment_method",
    "fail_payment",
    "receive_payment",
    "record_payment",
    "record_refund",
    "recount_totals",
    "refund_order",
    "refund_payment",
    "restate",
    "set_fx_rate",
    "set_fx_rates",
    "settle_refund",
]

_OPEN_REFUNDS = (RefundStatus.CREDITED, RefundStatus.PAID)


def record_payment(
    session: Session,
    *,
    amount: Money,
    at: datetime,
    order: Order | int | None = None,
    party: Party | int | None = None,
    paid_on: date | None = None,
    method: str | None = None,
    reference: str | None = None,
    status: PaymentStatus | str = PaymentStatus.RECEIVED,
    note: str | None = None,
) -> Payment:
    """Money that came from a party, for an order where one is named; the party is the order's unless another paid.

    Raises InvalidInput where it is not above nothing, Refused where it is not in the order's currency.
    """
    order = None if order is None else find(session, Order, order)
    payer = _party(session, party, order)
    _above_nothing(amount)
    if order is not None:
        _same_currency(order.currency, amount)
    values = read_fields(Payment, {"method": method, "reference": reference, "status": status, "note": note})
    payment = Payment(order=order, party=payer, amount=amount, paid_at=at, paid_on=paid_on or at.date(), **values)
    session.add(payment)
    session.flush()
    if payment.status is PaymentStatus.RECEIVED:
        _tell_payment(session, payment, PaymentReceived, at)
    return payment


def edit_payment(
    session: Session, payment: Payment | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Payment:
    """Correct day, method, reference or note of a payment. Raises Conflict where it is not what the editor saw."""
    payment = find(session, Payment, payment)
    if "status" in typed:
        raise InvalidInput(_("Field"), "status", _("this cannot be changed here"))
    edit_fields(payment, typed, was=was)
    session.flush()
    return payment


def receive_payment(session: Session, payment: Payment | int, *, at: datetime, paid_on: date | None = None) -> Payment:
    """A pending payment arrived. Raises InvalidTransition where it is not pending."""
    payment = _pending(session, payment)
    payment.status, payment.paid_at, payment.paid_on = PaymentStatus.RECEIVED, at, paid_on or at.date()
    session.flush()
    _tell_payment(session, payment, PaymentReceived, at)
    return payment


def fail_payment(session: Session, payment: Payment | int, *, at: datetime, reason: str | None = None) -> Payment:
    """A payment did not arrive, or was charged back. Raises InvalidTransition where it is cancelled or failed."""
    payment = find(session, Payment, payment)
    if payment.status not in (PaymentStatus.PENDING, PaymentStatus.RECEIVED):
        raise _wrong_status(payment)
    payment.status = PaymentStatus.FAILED
    if reason:
        payment.note = f"{payment.note}\n{reason}" if payment.note else reason
    session.flush()
    _tell_payment(session, payment, PaymentFailed, at, reason=reason)
    return payment


def cancel_payment(session: Session, payment: Payment | int) -> Payment:
    """A pending payment is not expected any more. Raises InvalidTransition where it is not pending."""
    payment = _pending(session, payment)
    payment.status = PaymentStatus.CANCELLED
    session.flush()
    return payment


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
        _same_currency(order.currency, amount)
        _above_nothing(amount)
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
        raise _wrong_status(payment)
    left = payment.amount_minor - _refunded(session, Refund.payment_id == payment.id)
    money = amount or Money(left, payment.currency)
    _same_currency(payment.currency, money)
    if left > 0:
        _above_nothing(money)
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
    _tell_payment(session, payment, PaymentRefunded, at, amount_minor=money.minor, **more)
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
    _above_nothing(amount)
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
        raise _wrong_status(refund)
    refund.status, refund.refunded_at, refund.refunded_on = RefundStatus.PAID, at, refunded_on or at.date()
    session.flush()
    return refund


def cancel_refund(session: Session, refund: Refund | int) -> Refund:
    """A refund that was credited is not given after all. Raises InvalidTransition where it was paid back."""
    refund = find(session, Refund, refund)
    if refund.status is not RefundStatus.CREDITED:
        raise _wrong_status(refund)
    refund.status = RefundStatus.CANCELLED
    session.flush()
    return refund


def add_payment_method(
    session: Session,
    party: Party | int,
    *,
    method: str,
    label: str | None = None,
    is_preferred: bool = False,
    from_on: date | None = None,
) -> PaymentMethod:
    """How a party pays from now on; a preferred one takes the place of the one that was."""
    party = find(session, Party, party)
    values = read_fields(PaymentMethod, {"method": method, "label": label, "from_on": from_on})
    if is_preferred:
        for other in session.scalars(
            select(PaymentMethod).where(PaymentMethod.party_id == party.id, PaymentMethod.is_preferred)
        ):
            other.is_preferred = False
    made = PaymentMethod(party=party, is_preferred=is_preferred, **values)
    session.add(made)
    session.flush()
    return made


def end_payment_method(session: Session, payment_method: PaymentMethod | int, *, on: date) -> PaymentMethod:
    """A party pays in this way no longer; that they did stays known."""
    payment_method = find(session, PaymentMethod, payment_method)
    payment_method.to_on, payment_method.is_preferred = on, False
    session.flush()
    return payment_method


def set_fx_rate(
    session: Session,
    *,
    day: date,
    currency: str,
    rate: Decimal | int | str,
    base: str | None = None,
    source: str | None = None,
) -> FxRate:
    """One `base` (the reporting currency) was worth `rate` of `currency` on `day`. What had no rate is converted."""
    return set_fx_rates(session, [(day, currency, rate)], base=base, source=source)[0]


def set_fx_rates(
    session: Session,
    rows: Iterable[tuple[date, str, Decimal | int | str]],
    *,
    base: str | None = None,
    source: str | None = None,
) -> list[FxRate]:
    """Many rates at once, as (day, currency, rate) for one `base` (the reporting currency unless another is named).

    Those of the same day and pair are replaced. Orders, payments and refunds of the days they count for are converted
    anew, and with them the sums per party.
    """
    ours = reporting_currency(session)
    base = base or ours
    if base is None:
        raise InvalidInput(_("Base currency"), "", _("say what the rates are of"))
    rates = write_rates(session, rows, base=base, source=source)
    if rates and ours is not None:
        days = [rate.day for rate in rates]
        convert_anew(session, days=(min(days), max(days) + timedelta(days=DAYS_BACK)))
    return rates


def recount_totals(session: Session) -> int:
    """Count the sums per party anew, in one statement; how many parties have any."""
    return count_anew(session)


def restate(session: Session, *, currency: str | None = None) -> int:
    """Convert everything anew by the rates known now, into another reporting currency where one is named.

    How many orders, payments and refunds have another amount than before; the sums per party follow.
    """
    return convert_anew(session, currency=currency)


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


def _party(session: Session, party: Party | int | None, order: Order | None) -> Party | None:
    if party is not None:
        return find(session, Party, party)
    return order.party if order is not None else None


def _pending(session: Session, payment: Payment | int) -> Payment:
    payment = find(session, Payment, payment)
    if payment.status is not PaymentStatus.PENDING:
        raise _wrong_status(payment)
    return payment


def _wrong_status(thing: Payment | Refund) -> InvalidTransition:
    said = _("This is {status} already; that step is not possible.")
    return InvalidTransition(said.format(status=_(thing.status.label)))


def _above_nothing(amount: Money) -> None:
    if amount.minor <= 0:
        raise InvalidInput(_("Amount"), amount.amount, _("write an amount above nothing"))


def _same_currency(currency: str, money: Money) -> None:
    if money.currency != currency:
        raise Refused(
            _("This is in {currency}; {other} cannot be mixed in. Convert the amount first.")
            .format(currency=currency, other=money.currency)
        )  # fmt: skip


def _tell_payment(session: Session, payment: Payment, event: type[PaymentEvent], at: datetime, **more: Any) -> None:
    facts = {"amount_minor": payment.amount_minor, **more}
    tell(
        session,
        event(
            record_id=payment.id,
            party_id=payment.party_id,
            at=at,
            currency=payment.currency,
            method=payment.method,
            number=payment.order.number if payment.order else None,
            **facts,
        ),
    )
