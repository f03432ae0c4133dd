"""Which orders may still be changed, and what must hold for what goes into them."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import InvalidTransition, Money, Refused, find, tell
from crmlib.billing.events import OrderEventTold
from crmlib.billing.records import Order, OrderStatus
from crmlib.i18n import gettext as _

EDITABLE = frozenset({OrderStatus.DRAFT, OrderStatus.CONFIRMED})


def editable(session: Session, order: Order | int) -> Order:
    """The order, where its lines and discounts may still change. Raises InvalidTransition where not."""
    order = find(session, Order, order)
    if order.status not in EDITABLE:
        raise InvalidTransition(
            _("Order {number} is {status}; its lines and discounts stay as they are.")
            .format(number=order.number, status=_(order.status.label))
        )  # fmt: skip
    return order


def not_from(order: Order, verb: str) -> InvalidTransition:
    """What is raised where an order of this status has nothing to `verb`."""
    said = _("Order {number} is {status}; there is nothing to {verb}.")
    return InvalidTransition(said.format(number=order.number, status=_(order.status.label), verb=verb))


def same_currency(order: Order, money: Money) -> None:
    """Raises Refused where an amount is of another currency than the order."""
    if money.currency != order.currency:
        raise Refused(
            _("This order is in {currency}; {other} cannot be mixed in. Convert the amount first.")
            .format(currency=order.currency, other=money.currency)
        )  # fmt: skip


def tell_order(session: Session, order: Order, event: type[OrderEventTold], at: datetime, **more: Any) -> None:
    """Tell an event of an order, with what every one of them says."""
    tell(
        session,
        event(
            record_id=order.id,
            party_id=order.party_id,
            at=at,
            number=order.number,
            amount_minor=order.total_minor,
            currency=order.currency,
            **more,
        ),
    )
