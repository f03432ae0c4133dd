"""Payments, and the ways in which a party pays."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Money, edit_fields, find, read_fields, tell
from crmlib.billing.actions.money import above_nothing, payer_of, same_currency, wrong_status
from crmlib.billing.events import PaymentEvent, PaymentFailed, PaymentReceived
from crmlib.billing.records import Order, Payment, PaymentMethod, PaymentStatus
from crmlib.contacts import Party
from crmlib.i18n import gettext as _


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
    payer = payer_of(session, party, order)
    above_nothing(amount)
    if order is not None:
        same_currency(order.currency, amount)
    values = read_fields(Payment, {"method": method, "reference": reference, "status": status, "note": note})
    payment = Payment(order=order, party=payer, amount=amount, paid_at=at, paid_on=paid_on or at.date(), **values)
    session.add(payment)
    session.flush()
    if payment.status is PaymentStatus.RECEIVED:
        tell_payment(session, payment, PaymentReceived, at)
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
    tell_payment(session, payment, PaymentReceived, at)
    return payment


def fail_payment(session: Session, payment: Payment | int, *, at: datetime, reason: str | None = None) -> Payment:
    """A payment did not arrive, or was charged back. Raises InvalidTransition where it is cancelled or failed."""
    payment = find(session, Payment, payment)
    if payment.status not in (PaymentStatus.PENDING, PaymentStatus.RECEIVED):
        raise wrong_status(payment)
    payment.status = PaymentStatus.FAILED
    if reason:
        payment.note = f"{payment.note}\n{reason}" if payment.note else reason
    session.flush()
    tell_payment(session, payment, PaymentFailed, at, reason=reason)
    return payment


def cancel_payment(session: Session, payment: Payment | int) -> Payment:
    """A pending payment is not expected any more. Raises InvalidTransition where it is not pending."""
    payment = _pending(session, payment)
    payment.status = PaymentStatus.CANCELLED
    session.flush()
    return payment


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


def _pending(session: Session, payment: Payment | int) -> Payment:
    payment = find(session, Payment, payment)
    if payment.status is not PaymentStatus.PENDING:
        raise wrong_status(payment)
    return payment


def tell_payment(session: Session, payment: Payment, event: type[PaymentEvent], at: datetime, **more: Any) -> None:
    """Tell an event of a payment, with what every one of them says."""
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
