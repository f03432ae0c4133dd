"""What may be done with orders: placing, changing, fulfilling, cancelling them; coupons and discounts.

What is paid and given back is in `money_actions.py`.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crmlib.base import (
    InvalidInput,
    InvalidTransition,
    Money,
    NotFound,
    Refused,
    check_currency,
    check_seen,
    find,
    read_fields,
    tell,
)
from crmlib.billing.events import (
    CouponUsed,
    OrderCancelled,
    OrderDrafted,
    OrderEventTold,
    OrderFulfilled,
    OrderPlaced,
)
from crmlib.billing.reckoning import chosen_discounts, matching_lines, reckon
from crmlib.billing.records import AppliedDiscount, Order, OrderEvent, OrderLine, OrderStatus, RefundLine
from crmlib.catalog import Coupon, Discount, DiscountScope, Product, price_of, tax_rate_of
from crmlib.contacts import Lifecycle, Party, set_lifecycle
from crmlib.i18n import format_date
from crmlib.i18n import gettext as _

__all__ = [
    "add_line",
    "apply_coupon",
    "apply_discount",
    "cancel_order",
    "confirm_order",
    "edit_line",
    "edit_order",
    "fulfil_order",
    "place_order",
    "remove_coupon",
    "remove_discount",
    "remove_line",
    "reopen_order",
    "take_off",
]

# With these, buying makes a customer; a partner or supplier who buys stays what they are.
_NOT_YET_CUSTOMERS = frozenset({Lifecycle.PROSPECT, Lifecycle.LEAD, Lifecycle.FORMER})

_EDITABLE = frozenset({OrderStatus.DRAFT, OrderStatus.CONFIRMED})
_FACTS = ("channel", "source", "shipping_country", "note")
_LINE = frozenset({"product", "quantity", "unit_price", "description", "tax_rate", "discount", "position"})


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
    wanted = [_line_facts(line) for line in lines]
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
            _append_line(session, order, {"position": position, **facts_of})
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


def add_line(
    session: Session,
    order: Order | int,
    *,
    product: Product | int | None = None,
    description: str | None = None,
    quantity: Decimal | int | str = 1,
    unit_price: Money | Decimal | int | str | None = None,
    tax_rate: Decimal | int | str | None = None,
    discount: Money | None = None,
) -> OrderLine:
    """One more line of an order that is a draft or confirmed; the total follows. Raises as `place_order` does."""
    order = _editable(session, order)
    position = max((line.position for line in order.lines), default=-1) + 1
    facts = {
        "product": product,
        "description": description,
        "quantity": quantity,
        "unit_price": unit_price,
        "tax_rate": tax_rate,
        "discount": discount,
        "position": position,
    }
    with session.no_autoflush:
        line = _append_line(session, order, facts)
    reckon(order)
    session.flush()
    return line


def edit_line(
    session: Session, line: OrderLine | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> OrderLine:
    """Change quantity, unit_price, description or tax_rate of a line; the order's total follows.

    `was` is what the editor saw: where another value is stored by now, nothing changes and Conflict has both.
    """
    line = find(session, OrderLine, line)
    order = _editable(session, line.order)
    check_seen(line, typed, was)
    values = read_fields(OrderLine, typed)
    _check_quantity(values.get("quantity", line.quantity))
    if values.get("tax_rate") is not None:
        _check_tax(values["tax_rate"])
    for key, value in values.items():
        setattr(line, key, value)
    reckon(order)
    session.flush()
    return line


def remove_line(session: Session, line: OrderLine | int) -> Order:
    """Take a line out of an order that is a draft or confirmed. Raises Refused where some of it went back already."""
    line = find(session, OrderLine, line)
    order = _editable(session, line.order)
    if session.scalar(select(RefundLine.id).where(RefundLine.order_line_id == line.id).limit(1)) is not None:
        raise Refused(_("Some of this line was refunded already; it has to stay."))
    for one in [one for one in order.applied if one.line is line]:
        alone = sum(other.discount is one.discount for other in order.applied) == 1
        if one.discount is not None and alone:
            one.line = None  # the order keeps the discount, for lines to come
        else:
            order.applied.remove(one)
    order.lines.remove(line)
    reckon(order)
    session.flush()
    return order


def confirm_order(session: Session, order: Order | int, *, at: datetime) -> Order:
    """Agree an order that was a draft; whoever was not a customer is one now.

    Raises InvalidTransition where it is no draft, Refused where it has no line.
    """
    order = find(session, Order, order)
    if order.status is not OrderStatus.DRAFT:
        raise _not_from(order, _("confirm"))
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
        raise _not_from(order, _("fulfil"))
    order.status = OrderStatus.FULFILLED
    _enter(session, order, OrderStatus.FULFILLED, at, OrderFulfilled)
    return order


def cancel_order(session: Session, order: Order | int, *, at: datetime, reason: str | None = None) -> Order:
    """Cancel an order before it is fulfilled: it counts no more, and gives its coupon back.

    Raises InvalidTransition where it is fulfilled (refund it instead) or cancelled already.
    """
    order = find(session, Order, order)
    if order.status not in _EDITABLE:
        raise _not_from(order, _("cancel"))
    order.status = OrderStatus.CANCELLED
    _enter(session, order, OrderStatus.CANCELLED, at, OrderCancelled, note=reason, reason=reason)
    return order


def reopen_order(session: Session, order: Order | int, *, at: datetime) -> Order:
    """Take a cancelled order up again as a draft. Raises InvalidTransition where it is not cancelled."""
    order = find(session, Order, order)
    if order.status is not OrderStatus.CANCELLED:
        raise _not_from(order, _("reopen"))
    if order.coupon is not None:
        _check_coupon(session, order, order.coupon)
    order.status = OrderStatus.DRAFT
    _enter(session, order, OrderStatus.DRAFT, at, OrderDrafted)
    return order


def apply_discount(session: Session, order: Order | int, discount: Discount | int) -> Order:
    """Give an order a discount of the catalog; the total follows.

    Raises Refused where it does not hold on the order's day, is of another currency, takes off what is not in the
    order, or does not go together with a discount that is there.
    """
    order = _editable(session, order)
    discount = find(session, Discount, discount)
    _check_discount(order, discount)
    order.applied.append(AppliedDiscount(discount=discount, amount_minor=0))
    reckon(order)
    session.flush()
    return order


def remove_discount(session: Session, order: Order | int, discount: Discount | int) -> Order:
    """Take a discount back; a coupon that gave it goes with it."""
    order = _editable(session, order)
    discount = find(session, Discount, discount)
    if order.coupon is not None and order.coupon.discount is discount:
        order.coupon = None
    for one in [one for one in order.applied if one.discount is discount]:
        order.applied.remove(one)
    reckon(order)
    session.flush()
    return order


def apply_coupon(session: Session, order: Order | int, code: str, *, at: datetime) -> Order:
    """Give an order the discount of a coupon; one coupon per order.

    Raises NotFound where there is no such code, Refused where it does not hold on the order's day, was used as often
    as it may be, in all or by this party, or its discount cannot be given (see `apply_discount`).
    """
    order = _editable(session, order)
    tidy = (code or "").strip().upper()
    # Whoever uses it at the same time waits here, so that the limits hold.
    coupon = session.scalar(select(Coupon).where(func.upper(Coupon.code) == tidy).with_for_update())
    if coupon is None:
        raise NotFound(_("coupon"), code)
    if order.coupon is coupon:
        return order
    if order.coupon is not None:
        raise Refused(
            _("Order {number} uses coupon {coupon} already. Take that one back first.")
            .format(number=order.number, coupon=order.coupon.code)
        )  # fmt: skip
    _check_coupon(session, order, coupon)
    apply_discount(session, order, coupon.discount)
    order.coupon = coupon
    session.flush()
    _tell(session, order, CouponUsed, at, coupon=coupon.code)
    return order


def remove_coupon(session: Session, order: Order | int) -> Order:
    """Take a coupon and its discount back from an order."""
    order = _editable(session, order)
    return order if order.coupon is None else remove_discount(session, order, order.coupon.discount)


def take_off(
    session: Session, order: Order | int, amount: Money, *, note: str, line: OrderLine | int | None = None
) -> Order:
    """Take an amount off an order, or off one of its lines, by hand, and say why.

    Raises Refused where it is of another currency or more than there is.
    """
    order = _editable(session, order)
    target = None if line is None else find(session, OrderLine, line)
    if target is not None and target.order_id != order.id:
        raise Refused(_("That line belongs to another order."))
    if not (note or "").strip():
        raise InvalidInput(_("Note"), "", _("say why something is taken off"))
    _same_currency(order, amount)
    there = order.total_minor if target is None else target.amount_minor
    if not 0 < amount.minor <= there:
        raise Refused(_("At most {amount} can be taken off.").format(amount=Money(max(there, 0), order.currency)))
    order.applied.append(AppliedDiscount(line=target, amount_minor=amount.minor, note=note.strip()))
    reckon(order)
    session.flush()
    return order


def _editable(session: Session, order: Order | int) -> Order:
    order = find(session, Order, order)
    if order.status not in _EDITABLE:
        raise InvalidTransition(
            _("Order {number} is {status}; its lines and discounts stay as they are.")
            .format(number=order.number, status=_(order.status.label))
        )  # fmt: skip
    return order


def _not_from(order: Order, verb: str) -> InvalidTransition:
    said = _("Order {number} is {status}; there is nothing to {verb}.")
    return InvalidTransition(said.format(number=order.number, status=_(order.status.label), verb=verb))


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
    _tell(session, order, event, at, **more)


def _tell(session: Session, order: Order, event: type[OrderEventTold], at: datetime, **more: Any) -> None:
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


def _line_facts(line: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(line) - _LINE
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    return dict(line)


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


def _append_line(session: Session, order: Order, facts: Mapping[str, Any]) -> OrderLine:
    product = None if facts.get("product") is None else find(session, Product, facts["product"])
    price = facts.get("unit_price")
    if isinstance(price, Money):
        _same_currency(order, price)
        price = price.amount
    asked = {"quantity": facts.get("quantity", 1), "description": facts.get("description")}
    values = read_fields(OrderLine, {**asked, "tax_rate": facts.get("tax_rate")})
    _check_quantity(values["quantity"])
    if product is None and not values["description"]:
        raise InvalidInput(_("Description"), "", _("say what was ordered: a product, or a few words"))
    if price is None:
        price = _catalog_price(session, order, product, values["quantity"])
    values["unit_price"] = read_fields(OrderLine, {"unit_price": price})["unit_price"]
    if values["tax_rate"] is None and product is not None:
        country = order.shipping_country or session.info.get("country")
        values["tax_rate"] = tax_rate_of(session, product.tax_class, country, order.ordered_on)
    elif values["tax_rate"] is not None:
        _check_tax(values["tax_rate"])
    line = OrderLine(
        product=product,
        position=facts.get("position") or 0,
        amount_minor=0,
        discount_minor=0,
        **{**values, "description": values["description"] or (product.name if product else None)},
    )
    order.lines.append(line)
    discount = facts.get("discount")
    if discount is not None:
        _same_currency(order, discount)
        if discount.minor < 0 or discount.amount > line.exact:
            raise InvalidInput(_("Discount"), discount.amount, _("a discount is at most what the line comes to"))
        order.applied.append(AppliedDiscount(line=line, amount_minor=discount.minor))
    return line


def _catalog_price(session: Session, order: Order, product: Product | None, quantity: Decimal) -> Decimal:
    if product is None:
        raise InvalidInput(_("Unit price"), "", _("this is needed"))
    found = price_of(
        session,
        product,
        on=order.ordered_on,
        party=order.party,
        quantity=quantity,
        currency=order.currency,
    )
    if found is None:
        raise Refused(
            _("{product} has no price in {currency} on {day}. Name one, or add it to a price list.")
            .format(product=product.name, currency=order.currency, day=format_date(order.ordered_on))
        )  # fmt: skip
    return found.amount


def _check_quantity(quantity: Decimal) -> None:
    if quantity <= 0:
        raise InvalidInput(_("Quantity"), quantity, _("above nothing; what comes back is a refund"))


def _check_tax(rate: Decimal) -> None:
    if not 0 <= rate <= 100:
        raise InvalidInput(_("Tax in %"), rate, _("a tax is between 0 and 100 per cent"))


def _same_currency(order: Order, money: Money) -> None:
    if money.currency != order.currency:
        raise Refused(
            _("This order is in {currency}; {other} cannot be mixed in. Convert the amount first.")
            .format(currency=order.currency, other=money.currency)
        )  # fmt: skip


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


def _holds_on(thing: Discount | Coupon, day: date) -> bool:
    return thing.is_active and (thing.from_on or day) <= day <= (thing.to_on or day)


def _check_discount(order: Order, discount: Discount) -> None:
    name = discount.name
    if not _holds_on(discount, order.ordered_on):
        said = _("“{name}” does not hold on {day}.")
        raise Refused(said.format(name=name, day=format_date(order.ordered_on)))
    if discount.amount is not None:
        _same_currency(order, discount.amount)
    there = chosen_discounts(order)
    if discount in there:
        raise Refused(_("Order {number} has “{name}” already.").format(number=order.number, name=name))
    alone = next((one for one in [discount, *there] if there and not one.is_stackable), None)
    if alone is not None:
        raise Refused(_("“{name}” cannot be given together with another discount.").format(name=alone.name))
    if discount.scope is not DiscountScope.ORDER and not matching_lines(discount, order.lines):
        said = _("Nothing in order {number} is what “{name}” is taken off.")
        raise Refused(said.format(number=order.number, name=name))


def _check_coupon(session: Session, order: Order, coupon: Coupon) -> None:
    code = coupon.code
    if not _holds_on(coupon, order.ordered_on):
        raise Refused(_("Coupon {code} does not hold on {day}.").format(code=code, day=format_date(order.ordered_on)))
    used = select(func.count()).where(
        Order.coupon_id == coupon.id, Order.status != OrderStatus.CANCELLED, Order.id != order.id
    )
    if coupon.limit_total is not None and (session.scalar(used) or 0) >= coupon.limit_total:
        raise Refused(_("Coupon {code} was used as often as it may be.").format(code=code))
    if coupon.limit_per_party is None:
        return
    if order.party_id is None and order.party is None:
        raise Refused(_("Coupon {code} is limited per customer. Say whose order this is first.").format(code=code))
    if (session.scalar(used.where(Order.party_id == order.party_id)) or 0) >= coupon.limit_per_party:
        raise Refused(_("This customer used coupon {code} as often as they may.").format(code=code))
