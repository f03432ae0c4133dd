"""Lines of an order: adding, changing, taking them out, and what a line costs where nobody says."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Money, Refused, check_seen, find, read_fields
from crmlib.billing.actions.editable import editable, same_currency
from crmlib.billing.reckoning import reckon
from crmlib.billing.records import AppliedDiscount, Order, OrderLine, RefundLine
from crmlib.catalog import Product, price_of, tax_rate_of
from crmlib.i18n import format_date
from crmlib.i18n import gettext as _

_LINE = frozenset({"product", "quantity", "unit_price", "description", "tax_rate", "discount", "position"})


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
    order = editable(session, order)
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
        line = append_line(session, order, facts)
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
    order = editable(session, line.order)
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
    order = editable(session, line.order)
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


def line_facts(line: Mapping[str, Any]) -> dict[str, Any]:
    """What was said of a line. Raises InvalidInput for what no line has."""
    unknown = set(line) - _LINE
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    return dict(line)


def append_line(session: Session, order: Order, facts: Mapping[str, Any]) -> OrderLine:
    """A further line, priced and taxed by the catalog where `facts` do not say. Sums are not reckoned yet."""
    product = None if facts.get("product") is None else find(session, Product, facts["product"])
    price = facts.get("unit_price")
    if isinstance(price, Money):
        same_currency(order, price)
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
        same_currency(order, discount)
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
