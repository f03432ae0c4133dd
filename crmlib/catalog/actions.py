"""What may be done with products, prices, taxes, discounts and coupons."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import (
    Field,
    InvalidInput,
    Money,
    Refused,
    check_currency,
    check_seen,
    edit_fields,
    find,
    read_fields,
)
from crmlib.catalog.records import (
    Coupon,
    Discount,
    DiscountKind,
    DiscountScope,
    PartyPriceList,
    PriceEntry,
    PriceList,
    Product,
    ProductKind,
    TaxRate,
)
from crmlib.contacts import Party
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy

__all__ = [
    "COST",
    "PRICE",
    "add_coupon",
    "add_discount",
    "add_price_list",
    "add_product",
    "add_tax_rate",
    "agree_price_list",
    "deactivate_coupon",
    "deactivate_discount",
    "deactivate_product",
    "edit_coupon",
    "edit_discount",
    "edit_price",
    "edit_price_list",
    "edit_product",
    "edit_tax_rate",
    "reactivate_product",
    "set_price",
]

# What a form asks for and a composite of two columns keeps.
PRICE = Field("price", lazy("Price"), "money", low=0)
COST = Field("cost", lazy("Cost"), "money", low=0)
AMOUNT = Field("amount", lazy("Amount"), "money", low=0)


def add_product(
    session: Session,
    *,
    name: str,
    series: str | None = None,
    code: str | None = None,
    price: Money | None = None,
    cost: Money | None = None,
    kind: ProductKind | str = ProductKind.GOODS,
    **facts: Any,
) -> Product:
    """A product we sell from now on. `facts` are its other fields: category, tax_class, unit, barcode, description.

    Raises InvalidInput where it has no name or a value cannot be, Refused where its code is another product's.
    """
    typed = {"name": name, "series": series, "code": code, "kind": kind, **facts}
    values = read_fields(Product, typed)
    _free_code(session, Product, values["code"])
    product = Product(**values, price=_not_negative(PRICE, price), cost=_not_negative(COST, cost))
    session.add(product)
    session.flush()
    return product


def edit_product(
    session: Session,
    product: Product | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    currency: str = "",
) -> Product:
    """Change fields of a product to what was typed, `price` and `cost` (in `currency`) among them.

    `was` is what the editor saw: where another value is stored by now, nothing changes and Conflict has both.
    """
    product = find(session, Product, product)
    currency = currency or product.price_currency or session.info.get("currency") or ""
    check_seen(product, typed, was)
    if "code" in typed:
        _free_code(session, Product, read_fields(Product, {"code": typed["code"]})["code"], but=product.id)
    for key, about in (("price", PRICE), ("cost", COST)):
        if isinstance(typed.get(key), Money):
            _not_negative(about, typed[key])
    edit_fields(product, typed, currency=currency, price=PRICE, cost=COST)
    session.flush()
    return product


def deactivate_product(session: Session, product: Product | int) -> Product:
    """Sell a product no longer; what was sold of it stays."""
    product = find(session, Product, product)
    product.is_active = False
    return product


def reactivate_product(session: Session, product: Product | int) -> Product:
    """Sell a product again."""
    product = find(session, Product, product)
    product.is_active = True
    return product


def add_price_list(session: Session, *, name: str, is_default: bool = False, note: str | None = None) -> PriceList:
    """A new, empty price list. The default one holds for whoever has none of their own: there is one at most.

    Raises Refused where there is a list of that name.
    """
    values = read_fields(PriceList, {"name": name, "note": note})
    if session.scalar(select(PriceList.id).where(PriceList.name == values["name"])) is not None:
        raise Refused(_("There is a price list called “{name}” already.").format(name=values["name"]))
    if is_default:
        _no_default(session)
    made = PriceList(**values, is_default=is_default)
    session.add(made)
    session.flush()
    return made


def edit_price_list(
    session: Session,
    price_list: PriceList | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    is_default: bool | None = None,
    is_active: bool | None = None,
) -> PriceList:
    """Change name and note of a price list, whether it holds for everybody, and whether it holds at all."""
    price_list = find(session, PriceList, price_list)
    edit_fields(price_list, typed, was=was)
    if is_default is not None and is_default != price_list.is_default:
        if is_default:
            _no_default(session)
        price_list.is_default = is_default
    if is_active is not None:
        price_list.is_active = is_active
    session.flush()
    return price_list


def set_price(
    session: Session,
    price_list: PriceList | int,
    product: Product | int,
    unit_price: Decimal | int | str,
    *,
    currency: str,
    min_quantity: Decimal | int | str = 0,
    from_on: date | None = None,
    to_on: date | None = None,
) -> PriceEntry:
    """The price of a product in a list, for at least so many, from one day to another (both included).

    The same list, product, currency, quantity and first day are one entry: its price is replaced. Raises InvalidInput
    where the price is below nothing or the days are the wrong way round.
    """
    price_list, product = find(session, PriceList, price_list), find(session, Product, product)
    values = read_fields(
        PriceEntry,
        {"unit_price": unit_price, "min_quantity": min_quantity, "from_on": from_on, "to_on": to_on},
    )
    values["currency"] = check_currency(currency)
    _price_is_possible(values)
    same = select(PriceEntry).where(
        PriceEntry.price_list_id == price_list.id,
        PriceEntry.product_id == product.id,
        PriceEntry.currency == values["currency"],
        PriceEntry.min_quantity == values["min_quantity"],
        PriceEntry.from_on.is_(None) if values["from_on"] is None else PriceEntry.from_on == values["from_on"],
    )
    entry = session.scalar(same)
    if entry is None:
        entry = PriceEntry(price_list=price_list, product=product, **values)
        session.add(entry)
    else:
        entry.unit_price, entry.to_on = values["unit_price"], values["to_on"]
    session.flush()
    return entry


def edit_price(
    session: Session, entry: PriceEntry | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> PriceEntry:
    """Change an entry of a price list. Raises Conflict where it is not what the editor saw."""
    entry = find(session, PriceEntry, entry)
    check_seen(entry, typed, was)
    values = read_fields(PriceEntry, typed)
    _price_is_possible({key: values.get(key, getattr(entry, key)) for key in ("unit_price", "from_on", "to_on")})
    for key, value in values.items():
        setattr(entry, key, check_currency(value) if key == "currency" else value)
    session.flush()
    return entry


def agree_price_list(session: Session, party: Party | int, price_list: PriceList | int | None) -> PartyPriceList | None:
    """The price list that holds for a party from now on, instead of the one before; None for none of their own."""
    party = find(session, Party, party)
    kept = session.scalar(select(PartyPriceList).where(PartyPriceList.party_id == party.id))
    if price_list is None:
        if kept is not None:
            session.delete(kept)
            session.flush()
        return None
    price_list = find(session, PriceList, price_list)
    if kept is None:
        kept = PartyPriceList(party=party, price_list=price_list)
        session.add(kept)
    else:
        kept.price_list = price_list
    session.flush()
    return kept


def add_tax_rate(
    session: Session,
    *,
    country: str,
    rate: Decimal | int | str,
    tax_class: str = "standard",
    name: str | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
) -> TaxRate:
    """What a country takes of a class of goods, in per cent, from one day to another (both included).

    A rate that begins later ends the one before it. Raises InvalidInput where a value cannot be, Refused where the
    days run into a rate that is there already.
    """
    values = read_fields(
        TaxRate,
        {
            "country": country,
            "rate": rate,
            "tax_class": tax_class,
            "name": name,
            "from_on": from_on,
            "to_on": to_on,
        },
    )
    _rate_is_possible(values)
    _days_in_order(values["from_on"], values["to_on"])
    others = list(session.scalars(_tax_rates_like(values["country"], values["tax_class"])))
    begins = values["from_on"]
    for other in others:
        if begins is not None and other.to_on is None and (other.from_on is None or other.from_on < begins):
            other.to_on = date.fromordinal(begins.toordinal() - 1)
    _no_overlap(values["from_on"], values["to_on"], others)
    made = TaxRate(**values)
    session.add(made)
    session.flush()
    return made


def edit_tax_rate(
    session: Session, rate: TaxRate | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> TaxRate:
    """Correct a tax rate. Raises Conflict where it is not what the editor saw, Refused where its days meet another."""
    rate = find(session, TaxRate, rate)
    check_seen(rate, typed, was)
    values = {key: getattr(rate, key) for key in ("country", "tax_class", "rate", "from_on", "to_on")}
    values |= read_fields(TaxRate, typed)
    _rate_is_possible(values)
    _days_in_order(values["from_on"], values["to_on"])
    others = session.scalars(_tax_rates_like(values["country"], values["tax_class"]))
    _no_overlap(values["from_on"], values["to_on"], [other for other in others if other is not rate])
    for key, value in values.items():
        setattr(rate, key, value)
    session.flush()
    return rate


def add_discount(
    session: Session,
    *,
    name: str,
    percent: Decimal | int | str | None = None,
    amount: Money | None = None,
    scope: DiscountScope | str = DiscountScope.ORDER,
    product: Product | int | None = None,
    series: str | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
    is_stackable: bool = False,
) -> Discount:
    """Something off a product, a series or a whole order: a `percent` of it, or an `amount` once per order.

    Raises InvalidInput where neither or both are given, or the scope lacks its product or series.
    """
    typed = {"name": name, "percent": percent, "scope": scope, "series": series, "from_on": from_on, "to_on": to_on}
    values = read_fields(Discount, typed)
    made = Discount(
        **values,
        kind=DiscountKind.PERCENT if percent is not None else DiscountKind.AMOUNT,
        amount=amount,
        product=None if product is None else find(session, Product, product),
        is_stackable=is_stackable,
        is_active=True,
    )
    _discount_is_possible(made)
    session.add(made)
    session.flush()
    return made


def edit_discount(
    session: Session,
    discount: Discount | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    currency: str = "",
) -> Discount:
    """Change a discount for orders to come: name, percent, amount, days, series. Orders keep what they were given.

    Raises Conflict where it is not what the editor saw.
    """
    discount = find(session, Discount, discount)
    check_seen(discount, typed, was)
    values = read_fields(Discount, typed, currency=currency or discount.currency or "", amount=AMOUNT)
    now = {key: getattr(discount, key) for key in ("percent", "amount", "scope", "product_id", "series")}
    trial = Discount(**{**now, "from_on": discount.from_on, "to_on": discount.to_on, **values})
    _discount_is_possible(trial, product_id=discount.product_id)
    for key, value in values.items():
        setattr(discount, key, value)
    discount.kind = DiscountKind.PERCENT if discount.percent is not None else DiscountKind.AMOUNT
    session.flush()
    return discount


def deactivate_discount(session: Session, discount: Discount | int) -> Discount:
    """Give a discount no longer, nor its coupons; orders keep what they were given."""
    discount = find(session, Discount, discount)
    discount.is_active = False
    return discount


def add_coupon(
    session: Session,
    discount: Discount | int,
    *,
    code: str,
    limit_total: int | None = None,
    limit_per_party: int | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
) -> Coupon:
    """A code that gives a discount. Capitals and blanks make no difference. Raises Refused where the code is taken."""
    values = read_fields(
        Coupon,
        {
            "code": code,
            "limit_total": limit_total,
            "limit_per_party": limit_per_party,
            "from_on": from_on,
            "to_on": to_on,
        },
    )
    values["code"] = values["code"].upper()
    _days_in_order(values["from_on"], values["to_on"])
    _free_code(session, Coupon, values["code"])
    made = Coupon(discount=find(session, Discount, discount), **values)
    session.add(made)
    session.flush()
    return made


def edit_coupon(
    session: Session, coupon: Coupon | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Coupon:
    """Change code, limits and days of a coupon. Raises Conflict where it is not what the editor saw."""
    coupon = find(session, Coupon, coupon)
    check_seen(coupon, typed, was)
    values = read_fields(Coupon, typed)
    if "code" in values:
        values["code"] = values["code"].upper()
        _free_code(session, Coupon, values["code"], but=coupon.id)
    _days_in_order(values.get("from_on", coupon.from_on), values.get("to_on", coupon.to_on))
    for key, value in values.items():
        setattr(coupon, key, value)
    session.flush()
    return coupon


def deactivate_coupon(session: Session, coupon: Coupon | int) -> Coupon:
    """Take a coupon no longer."""
    coupon = find(session, Coupon, coupon)
    coupon.is_active = False
    return coupon


def _free_code(
    session: Session, kind: type[Product] | type[Coupon], code: str | None, *, but: int | None = None
) -> None:
    if not code:
        return
    same = func.upper(kind.code) == code.upper() if kind is Coupon else kind.code == code
    taken = session.scalar(select(kind.id).where(same, kind.id != (but or 0)).limit(1))
    if taken is None:
        return
    if kind is Coupon:
        raise Refused(_("There is a coupon {code} already.").format(code=code))
    raise Refused(_("There is a product with the code {code} already.").format(code=code))


def _no_default(session: Session) -> None:
    for other in session.scalars(select(PriceList).where(PriceList.is_default)):
        other.is_default = False


def _not_negative(about: Field, money: Money | None) -> Money | None:
    if money is not None and money.minor < 0:
        raise InvalidInput(_(about.label), money.amount, _("{n} is the least it can be").format(n=0))
    return money


def _price_is_possible(values: Mapping[str, Any]) -> None:
    if values["unit_price"] < 0:
        raise InvalidInput(_("Price"), values["unit_price"], _("{n} is the least it can be").format(n=0))
    _days_in_order(values["from_on"], values["to_on"])


def _rate_is_possible(values: Mapping[str, Any]) -> None:
    if not 0 <= values["rate"] <= 100:
        raise InvalidInput(_("Rate in %"), values["rate"], _("a tax is between 0 and 100 per cent"))


def _days_in_order(from_on: date | None, to_on: date | None) -> None:
    if from_on is not None and to_on is not None and to_on < from_on:
        raise InvalidInput(_("To"), to_on, _("the last day comes before the first"))


def _tax_rates_like(country: str, tax_class: str) -> Any:
    return select(TaxRate).where(TaxRate.country == country, TaxRate.tax_class == tax_class)


def _no_overlap(from_on: date | None, to_on: date | None, others: list[TaxRate]) -> None:
    for other in others:
        begins = max(from_on or date.min, other.from_on or date.min)
        ends = min(to_on or date.max, other.to_on or date.max)
        if begins <= ends:
            raise Refused(
                _("On {day} there is a rate of {rate} % already. End that one first, or begin later.")
                .format(day=begins if begins > date.min else ends, rate=f"{other.rate.normalize():f}")
            )  # fmt: skip


def _discount_is_possible(made: Discount, *, product_id: int | None = None) -> None:
    if (made.percent is None) == (made.amount is None):
        raise InvalidInput(_("Discount"), made.name, _("give a percentage or an amount, one of them"))
    if made.percent is not None and not 0 < made.percent <= 100:
        raise InvalidInput(_("Per cent"), made.percent, _("a discount is above 0 and at most 100 per cent"))
    if made.amount is not None and made.amount.minor <= 0:
        raise InvalidInput(_("Amount"), made.amount.amount, _("a discount is above nothing"))
    if made.scope is DiscountScope.PRODUCT and made.product is None and product_id is None:
        raise InvalidInput(_("Product"), "", _("say which product it is taken off"))
    if made.scope is DiscountScope.SERIES and not made.series:
        raise InvalidInput(_("Series"), "", _("say which series it is taken off"))
    _days_in_order(made.from_on, made.to_on)
