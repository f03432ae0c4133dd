"""What may be asked about products, prices, taxes, discounts and coupons."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import find, major_units, read_decimal, read_frame, scaled_float
from crmlib.catalog.records import Coupon, Discount, PartyPriceList, PriceEntry, PriceList, Product, TaxRate
from crmlib.contacts import Party
from crmlib.i18n import gettext as _

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COUPONS",
    "DISCOUNTS",
    "PRICE_ENTRIES",
    "PRODUCTS",
    "TAX_RATES",
    "UnitPrice",
    "coupons",
    "discounts",
    "price_entries",
    "price_list_of",
    "price_of",
    "product_choices",
    "products",
    "tax_rate_of",
    "tax_rates",
]

PRODUCTS = {
    "product_id": "int64",
    "product": "str",
    "code": "str",
    "kind": "category",
    "series": "str",
    "category": "str",
    "price": "float64",
    "currency": "category",
    "cost": "float64",
    "cost_currency": "category",
    "tax_class": "str",
    "unit": "str",
    "barcode": "str",
    "is_active": "bool",
}

PRICE_ENTRIES = {
    "price_entry_id": "int64",
    "price_list": "str",
    "is_default": "bool",
    "is_active": "bool",
    "product_id": "int64",
    "product": "str",
    "code": "str",
    "unit_price": "float64",
    "currency": "category",
    "min_quantity": "float64",
    "from_on": "datetime64[s]",
    "to_on": "datetime64[s]",
}

TAX_RATES = {
    "tax_rate_id": "int64",
    "country": "category",
    "tax_class": "category",
    "rate": "float64",
    "name": "str",
    "from_on": "datetime64[s]",
    "to_on": "datetime64[s]",
}

DISCOUNTS = {
    "discount_id": "int64",
    "discount": "str",
    "kind": "category",
    "percent": "float64",
    "amount": "float64",
    "currency": "category",
    "scope": "category",
    "product_id": "Int64",
    "product": "str",
    "series": "str",
    "from_on": "datetime64[s]",
    "to_on": "datetime64[s]",
    "is_stackable": "bool",
    "is_active": "bool",
}

COUPONS = {
    "coupon_id": "int64",
    "coupon": "str",
    "discount_id": "int64",
    "discount": "str",
    "limit_total": "Int64",
    "limit_per_party": "Int64",
    "from_on": "datetime64[s]",
    "to_on": "datetime64[s]",
    "is_active": "bool",
}


@dataclass(frozen=True)
class UnitPrice:
    """The price without tax of one unit: exact, in `currency`. `source` names where it comes from: a price list, or
    nothing for the product's own list price.
    """

    amount: Decimal
    currency: str
    source: str = ""
    price_entry_id: int | None = None


def products(session: Session) -> "pd.DataFrame":
    """What we sell and have sold, by name.

    One row per product; `product_id` is unique. `price` is the list price without tax in `currency` (ISO 4217),
    `cost` what one costs us in `cost_currency`, both NaN where there is none.
    """
    rows = select(
        Product.id.label("product_id"),
        Product.name.label("product"),
        Product.code,
        Product.kind,
        Product.series,
        Product.category,
        major_units(Product.price_minor, Product.price_currency).label("price"),
        Product.price_currency.label("currency"),
        major_units(Product.cost_minor, Product.cost_currency).label("cost"),
        Product.cost_currency,
        Product.tax_class,
        Product.unit,
        Product.barcode,
        Product.is_active,
    ).order_by(Product.name, Product.id)
    return read_frame(session, rows, PRODUCTS)


def product_choices(session: Session) -> list[dict[str, Any]]:
    """The products that can be sold now, by name: dicts of product_id and product."""
    rows = select(Product.id.label("product_id"), Product.name.label("product"))
    rows = rows.where(Product.is_active).order_by(Product.name, Product.id)
    return [dict(row) for row in session.execute(rows).mappings()]


def price_list_of(session: Session, party: Party | int | None) -> PriceList | None:
    """The list whose prices hold for a party: their own, or the default one; None where there is neither."""
    if party is not None:
        number = party if isinstance(party, int) else party.id
        own = session.scalar(
            select(PriceList)
            .join(PartyPriceList, PartyPriceList.price_list_id == PriceList.id)
            .where(PartyPriceList.party_id == number, PriceList.is_active)
        )
        if own is not None:
            return own
    return session.scalar(
        select(PriceList).where(PriceList.is_default, PriceList.is_active).order_by(PriceList.id).limit(1)
    )


def price_of(
    session: Session,
    product: Product | int,
    *,
    on: date,
    party: Party | int | None = None,
    price_list: PriceList | int | None = None,
    quantity: Decimal | int | str = 1,
    currency: str | None = None,
) -> UnitPrice | None:
    """What one unit of a product costs on a day, for so many of them.

    Looked for in `price_list`, else in the party's own list, then in the default one, and last in the product's own
    price. In a list the entry with the largest quantity that is reached counts, and of those the one that began
    last. Only prices in `currency`, where one is named. None where there is no such price.
    """
    product = find(session, Product, product)
    wanted = read_decimal(_("Quantity"), quantity, digits=3)
    lists: list[PriceList] = []
    if price_list is not None:
        lists.append(find(session, PriceList, price_list))
    else:
        lists += [one for one in (price_list_of(session, party), price_list_of(session, None)) if one is not None]
    for one in dict.fromkeys(lists):
        rows = (
            select(PriceEntry)
            .where(
                PriceEntry.price_list_id == one.id,
                PriceEntry.product_id == product.id,
                PriceEntry.min_quantity <= wanted,
                (PriceEntry.from_on.is_(None)) | (PriceEntry.from_on <= on),
                (PriceEntry.to_on.is_(None)) | (PriceEntry.to_on >= on),
            )
            .order_by(PriceEntry.min_quantity.desc(), PriceEntry.from_on.desc().nulls_last(), PriceEntry.id.desc())
            .limit(1)
        )
        if currency:
            rows = rows.where(PriceEntry.currency == currency)
        entry = session.scalar(rows)
        if entry is not None:
            return UnitPrice(entry.unit_price, entry.currency, one.name, entry.id)
    if product.price is not None and currency in (None, "", product.price.currency):
        return UnitPrice(product.price.amount, product.price.currency)
    return None


def tax_rate_of(session: Session, tax_class: str | None, country: str | None, on: date) -> Decimal | None:
    """The rate in per cent of a class of goods in a country on a day; None where nobody has said."""
    if not tax_class or not country:
        return None
    rate: Decimal | None = session.scalar(
        select(TaxRate.rate)
        .where(
            TaxRate.tax_class == tax_class,
            TaxRate.country == country,
            (TaxRate.from_on.is_(None)) | (TaxRate.from_on <= on),
            (TaxRate.to_on.is_(None)) | (TaxRate.to_on >= on),
        )
        .order_by(TaxRate.from_on.desc().nulls_last(), TaxRate.id.desc())
        .limit(1)
    )
    return rate


def price_entries(session: Session, *, product_id: int | None = None) -> "pd.DataFrame":
    """Every price in every list, by list, product and quantity.

    One row per entry; `price_entry_id` is unique. `unit_price` is without tax, in `currency`, for at least
    `min_quantity`, from `from_on` to `to_on` (both included, NaT for always).
    """
    rows = (
        select(
            PriceEntry.id.label("price_entry_id"),
            PriceList.name.label("price_list"),
            PriceList.is_default,
            PriceList.is_active,
            PriceEntry.product_id,
            Product.name.label("product"),
            Product.code,
            scaled_float(PriceEntry.unit_price).label("unit_price"),
            PriceEntry.currency,
            scaled_float(PriceEntry.min_quantity).label("min_quantity"),
            PriceEntry.from_on,
            PriceEntry.to_on,
        )
        .join(PriceList, PriceList.id == PriceEntry.price_list_id)
        .join(Product, Product.id == PriceEntry.product_id)
        .order_by(PriceList.name, Product.name, PriceEntry.min_quantity, PriceEntry.id)
    )
    if product_id is not None:
        rows = rows.where(PriceEntry.product_id == product_id)
    return read_frame(session, rows, PRICE_ENTRIES)


def tax_rates(session: Session) -> "pd.DataFrame":
    """Every tax rate in per cent, by country, class and first day. One row per rate; `tax_rate_id` is unique."""
    rows = select(
        TaxRate.id.label("tax_rate_id"),
        TaxRate.country,
        TaxRate.tax_class,
        scaled_float(TaxRate.rate).label("rate"),
        TaxRate.name,
        TaxRate.from_on,
        TaxRate.to_on,
    ).order_by(TaxRate.country, TaxRate.tax_class, TaxRate.from_on.asc().nulls_first(), TaxRate.id)
    return read_frame(session, rows, TAX_RATES)


def discounts(session: Session) -> "pd.DataFrame":
    """Every discount, by name. One row per discount; `discount_id` is unique.

    `percent` or `amount` (in `currency`) is NaN. How often and how much: `billing.totals_by_discount`.
    """
    rows = (
        select(
            Discount.id.label("discount_id"),
            Discount.name.label("discount"),
            Discount.kind,
            scaled_float(Discount.percent).label("percent"),
            major_units(Discount.amount_minor, Discount.currency).label("amount"),
            Discount.currency,
            Discount.scope,
            Discount.product_id,
            Product.name.label("product"),
            Discount.series,
            Discount.from_on,
            Discount.to_on,
            Discount.is_stackable,
            Discount.is_active,
        )
        .outerjoin(Product, Product.id == Discount.product_id)
        .order_by(Discount.name, Discount.id)
    )
    return read_frame(session, rows, DISCOUNTS)


def coupons(session: Session) -> "pd.DataFrame":
    """Every coupon, by code. One row per coupon; `coupon_id` is unique. Limits are NA where there are none."""
    rows = (
        select(
            Coupon.id.label("coupon_id"),
            Coupon.code.label("coupon"),
            Coupon.discount_id,
            Discount.name.label("discount"),
            Coupon.limit_total,
            Coupon.limit_per_party,
            Coupon.from_on,
            Coupon.to_on,
            Coupon.is_active,
        )
        .join(Discount, Discount.id == Coupon.discount_id)
        .order_by(Coupon.code, Coupon.id)
    )
    return read_frame(session, rows, COUPONS)
