"""What is taken off an order: discounts of the catalog, coupons, and amounts by hand."""

from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Money, NotFound, Refused, find
from crmlib.billing.actions.editable import editable, same_currency, tell_order
from crmlib.billing.events import CouponUsed
from crmlib.billing.reckoning import chosen_discounts, matching_lines, reckon
from crmlib.billing.records import AppliedDiscount, Order, OrderLine, OrderStatus
from crmlib.catalog import Coupon, Discount, DiscountScope
from crmlib.i18n import format_date
from crmlib.i18n import gettext as _


def apply_discount(session: Session, order: Order | int, discount: Discount | int) -> Order:
    """Give an order a discount of the catalog; the total follows.

    Raises Refused where it does not hold on the order's day, is of another currency, takes off what is not in the
    order, or does not go together with a discount that is there.
    """
    order = editable(session, order)
    discount = find(session, Discount, discount)
    _check_discount(order, discount)
    order.applied.append(AppliedDiscount(discount=discount, amount_minor=0))
    reckon(order)
    session.flush()
    return order


def remove_discount(session: Session, order: Order | int, discount: Discount | int) -> Order:
    """Take a discount back; a coupon that gave it goes with it."""
    order = editable(session, order)
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
    order = editable(session, order)
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
    check_coupon(session, order, coupon)
    apply_discount(session, order, coupon.discount)
    order.coupon = coupon
    session.flush()
    tell_order(session, order, CouponUsed, at, coupon=coupon.code)
    return order


def remove_coupon(session: Session, order: Order | int) -> Order:
    """Take a coupon and its discount back from an order."""
    order = editable(session, order)
    return order if order.coupon is None else remove_discount(session, order, order.coupon.discount)


def take_off(
    session: Session, order: Order | int, amount: Money, *, note: str, line: OrderLine | int | None = None
) -> Order:
    """Take an amount off an order, or off one of its lines, by hand, and say why.

    Raises Refused where it is of another currency or more than there is.
    """
    order = editable(session, order)
    target = None if line is None else find(session, OrderLine, line)
    if target is not None and target.order_id != order.id:
        raise Refused(_("That line belongs to another order."))
    if not (note or "").strip():
        raise InvalidInput(_("Note"), "", _("say why something is taken off"))
    same_currency(order, amount)
    there = order.total_minor if target is None else target.amount_minor
    if not 0 < amount.minor <= there:
        raise Refused(_("At most {amount} can be taken off.").format(amount=Money(max(there, 0), order.currency)))
    order.applied.append(AppliedDiscount(line=target, amount_minor=amount.minor, note=note.strip()))
    reckon(order)
    session.flush()
    return order


def _holds_on(thing: Discount | Coupon, day: date) -> bool:
    return thing.is_active and (thing.from_on or day) <= day <= (thing.to_on or day)


def _check_discount(order: Order, discount: Discount) -> None:
    name = discount.name
    if not _holds_on(discount, order.ordered_on):
        said = _("“{name}” does not hold on {day}.")
        raise Refused(said.format(name=name, day=format_date(order.ordered_on)))
    if discount.amount is not None:
        same_currency(order, discount.amount)
    there = chosen_discounts(order)
    if discount in there:
        raise Refused(_("Order {number} has “{name}” already.").format(number=order.number, name=name))
    alone = next((one for one in [discount, *there] if there and not one.is_stackable), None)
    if alone is not None:
        raise Refused(_("“{name}” cannot be given together with another discount.").format(name=alone.name))
    if discount.scope is not DiscountScope.ORDER and not matching_lines(discount, order.lines):
        said = _("Nothing in order {number} is what “{name}” is taken off.")
        raise Refused(said.format(number=order.number, name=name))


def check_coupon(session: Session, order: Order, coupon: Coupon) -> None:
    """Raises Refused where a coupon does not hold for an order: its days, its limits, and whose it is."""
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
