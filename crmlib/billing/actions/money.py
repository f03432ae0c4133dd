"""What must hold for any payment or refund."""

from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, InvalidTransition, Money, Refused, find
from crmlib.billing.records import Order, Payment, Refund
from crmlib.contacts import Party
from crmlib.i18n import gettext as _


def payer_of(session: Session, party: Party | int | None, order: Order | None) -> Party | None:
    """Whose money it is: the party that is named, or else the one of the order."""
    if party is not None:
        return find(session, Party, party)
    return order.party if order is not None else None


def wrong_status(thing: Payment | Refund) -> InvalidTransition:
    """What is raised where a payment or refund has gone a step too far."""
    said = _("This is {status} already; that step is not possible.")
    return InvalidTransition(said.format(status=_(thing.status.label)))


def above_nothing(amount: Money) -> None:
    """Raises InvalidInput for nothing and less."""
    if amount.minor <= 0:
        raise InvalidInput(_("Amount"), amount.amount, _("write an amount above nothing"))


def same_currency(currency: str, money: Money) -> None:
    """Raises Refused where an amount is of another currency."""
    if money.currency != currency:
        raise Refused(
            _("This is in {currency}; {other} cannot be mixed in. Convert the amount first.")
            .format(currency=currency, other=money.currency)
        )  # fmt: skip
