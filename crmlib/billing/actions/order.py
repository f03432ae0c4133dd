"""An order from its placing to its delivery or its end."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Money, Refused, check_currency, check_seen, find, read_fields
from crmlib.billing.actions.discount import apply_coupon, check_coupon
from crmlib.billing.actions.editable import EDITABLE, not_from, tell_order
from crmlib.billing.actions.line import append_line, line_facts
from crmlib.billing.events import OrderCancelled, OrderDrafted, OrderEventTold, OrderFulfilled, OrderPlaced
from crmlib.billing.reckoning import reckon
from crmlib.billing.records import Order, OrderEvent, OrderStatus
from crmlib.catalog import Product, price_of
from crmlib.contacts import Lifecycle, Party, set_lifecycle
from crmlib.i18n import gettext as _

# With these, buying makes a customer; a partner or supplier who buys stays what they are.
_NOT_YET_CUSTOMERS = frozenset({Lifecycle.PROSPECT, Lifecycle.LEAD, Lifecycle.FORMER})


_FACTS = ("channel", "source", "shipping_country", "note")


def place_order(
    session: Session,
    *,
    at: datetime,
    lines: Iterable[Mapping[str, Any]] = (),
    party: Party | int | None = None,
    currency: str | None = None,
    number: str | None = None,
    ordered_on: date | None = None,
    deal_id: int | None = None,
    owner: Party | int | None = None,
    coupon: str | None = None,
    tax_included: bool = False,
    draft: bool = False,
    **facts: Any,
) -> Order:
    """An order of one party, or of nobody known, in one currency; agreed at once unless it is a `draft`.

    Each line is a mapping with `product` or `description`, `quantity` (1), and where they are not the catalog's,
    `unit_price` (a number, or Money in the order's currency), `tax_rate` in per cent and `discount` (Money). Without
    a `currency` it is that of the first price, or the reporting one. `facts` are channel, source, shipping_country,
    note. A party that was not a customer yet is one when it is agreed.

    Raises InvalidInput for what cannot be, Refused where the number is taken, a price is missing or of another
    currency, or the coupon is not valid: nothing is kept then.
    """
    wanted = [line_facts(line) for line in lines]
    party = None if party is None else find(session, Party, party)
    values = read_fields(Order, {key: facts.pop(key, None) for key in _FACTS})
    if facts:
        raise InvalidInput(_("Field"), ", ".join(sorted(facts)), _("no such field here"))
    order = Order(
        number="",
        party=party,
        owner=None if owner is None else find(session, Party, owner),
        deal_id=deal_id,
        ordered_at=at,
        ordered_on=ordered_on or at.date(),
        status=OrderStatus.DRAFT,
        currency=_currency_of(session, currency, wanted, party, ordered_on or at.date()),
        tax_included=tax_included,
        **values,
    )
    with session.no_autoflush:
        for position, facts_of in enumerate(wanted):
            append_line(session, order, {"position": position, **facts_of})
    order.id, order.number = _number(session, number)
    reckon(order)
    session.add(order)
    session.flush()
    if coupon:
        apply_coupon(session, order, coupon, at=at)
    if draft:
        _enter(session, order, OrderStatus.DRAFT, at, OrderDrafted)
    else:
        confirm_order(session, order, at=at)
    return order


def edit_order(
    session: Session, order: Order | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Order:
    """Change number, day, channel, source, country or note of an order, or whose it is (`party_id`, `owner_id`).

    `was` is what the editor saw: where another value is stored by now, nothing changes and Conflict has both. The
    currency stays: prices are in it.
    """
    order = find(session, Order, order)
    check_seen(order, typed, was)
    links = {key: typed[key] for key in ("party_id", "owner_id") if key in typed}
    rest = {key: value for key, value in typed.items() if key not in links}
    closed = set(rest) & {"currency", "status"}
    if closed:
        raise InvalidInput(_("Field"), ", ".join(sorted(closed)), _("this cannot be changed here"))
    values = read_fields(Order, rest)
    if "number" in values and values["number"] != order.number:
        _free_number(session, values["number"])
    for key, value in links.items():
        setattr(order, key, None if value in (None, "", 0) else find(session, Party, int(value)).id)
    for key, value in values.items():
        setattr(order, key, value)
    session.flush()
    return order


def confirm_order(session: Session, order: Order | int, *, at: datetime) -> Order:
    """Agree an order that was a draft; whoever was not a customer is one now.

    Raises InvalidTransition where it is no draft, Refused where it has no line.
    """
    order = find(session, Order, order)
    if order.status is not OrderStatus.DRAFT:
        raise not_from(order, _("confirm"))
    if not order.lines:
        raise Refused(_("Order {number} has no line yet. Add what was ordered first.").format(number=order.number))
    order.status = OrderStatus.CONFIRMED
    _enter(session, order, OrderStatus.CONFIRMED, at, OrderPlaced)
    if order.party is not None and order.party.lifecycle in _NOT_YET_CUSTOMERS:
        set_lifecycle(session, order.party, Lifecycle.CUSTOMER, at=at, reason=_("Placed an order"))
    return order


def fulfil_order(session: Session, order: Order | int, *, at: datetime) -> Order:
    """Say that all of an order was delivered or done. Raises InvalidTransition where it is not a confirmed one."""
    order = find(session, Order, order)
    if order.status is not OrderStatus.CONFIRMED:
        raise not_from(order, _("fulfil"))
    order.status = OrderStatus.FULFILLED
    _enter(session, order, OrderStatus.FULFILLED, at, OrderFulfilled)
    return order


def cancel_order(session: Session, order: Order | int, *, at: datetime, reason: str | None = None) -> Order:
    """Cancel an order before it is fulfilled: it counts no more, and gives its coupon back.

    Raises InvalidTransition where it is fulfilled (refund it instead) or cancelled already.
    """
    order = find(session, Order, order)
    if order.status not in EDITABLE:
        raise not_from(order, _("cancel"))
    order.status = OrderStatus.CANCELLED
    _enter(session, order, OrderStatus.CANCELLED, at, OrderCancelled, note=reason, reason=reason)
    return order


def reopen_order(session: Session, order: Order | int, *, at: datetime) -> Order:
    """Take a cancelled order up again as a draft. Raises InvalidTransition where it is not cancelled."""
    order = find(session, Order, order)
    if order.status is not OrderStatus.CANCELLED:
        raise not_from(order, _("reopen"))
    if order.coupon is not None:
        check_coupon(session, order, order.coupon)
    order.status = OrderStatus.DRAFT
    _enter(session, order, OrderStatus.DRAFT, at, OrderDrafted)
    return order


def _enter(
    session: Session,
    order: Order,
    status: OrderStatus,
    at: datetime,
    event: type[OrderEventTold],
    *,
    note: str | None = None,
    **more: Any,
) -> None:
    order.events.append(OrderEvent(status=status, at=at, note=note))
    session.flush()
    tell_order(session, order, event, at, **more)


def _currency_of(
    session: Session, currency: str | None, lines: list[dict[str, Any]], party: Party | None, on: date
) -> str:
    if currency:
        return check_currency(currency)
    for line in lines:
        if isinstance(line.get("unit_price"), Money):
            return str(line["unit_price"].currency)
    ours: str | None = session.info.get("currency")
    for line in lines:
        product = line.get("product")
        if product is not None and line.get("unit_price") is None:
            product = find(session, Product, product)
            if ours and price_of(session, product, on=on, party=party, currency=ours) is not None:
                return ours
            if product.price is not None:
                return str(product.price.currency)
    if not ours:
        raise InvalidInput(_("Currency"), "", _("say which currency the order is in"))
    return ours


def _number(session: Session, wanted: str | None) -> tuple[int, str]:
    # The number is the record's own, so that it is known before the order is written, and no two writers meet.
    if session.get_bind().dialect.name == "postgresql":
        own: int = session.scalar(text("SELECT nextval(pg_get_serial_sequence('\"order\"', 'id'))")) or 1
    else:
        given = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'order'")) or 0
        own = max(given, session.scalar(select(func.max(Order.id))) or 0) + 1
    if wanted is not None and str(wanted).strip():
        number: str = read_fields(Order, {"number": wanted})["number"]
        _free_number(session, number)
        return own, number
    number, tries = str(own), 1
    while session.scalar(select(Order.id).where(Order.number == number)) is not None:
        tries += 1
        number = f"{own}-{tries}"
    return own, number


def _free_number(session: Session, number: str) -> None:
    if session.scalar(select(Order.id).where(Order.number == number)) is not None:
        raise Refused(_("There is an order {number} already.").format(number=number))
