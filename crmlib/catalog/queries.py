"""What may be asked about products."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import major_units, read_frame
from crmlib.catalog.records import Product

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PRODUCTS", "product_choices", "products"]

PRODUCTS = {
    "product_id": "int64",
    "product": "str",
    "code": "str",
    "series": "str",
    "price": "float64",
    "currency": "category",
    "is_active": "bool",
}


def products(session: Session) -> "pd.DataFrame":
    """What we sell and have sold, by name.

    One row per product; `product_id` is unique. `price` is the list price without tax in `currency` (ISO 4217),
    NaN where there is none.
    """
    rows = select(
        Product.id.label("product_id"),
        Product.name.label("product"),
        Product.code,
        Product.series,
        major_units(Product.price_minor, Product.price_currency).label("price"),
        Product.price_currency.label("currency"),
        Product.is_active,
    ).order_by(Product.name, Product.id)
    return read_frame(session, rows, PRODUCTS)


def product_choices(session: Session) -> list[dict[str, Any]]:
    """The products that can be sold now, by name: dicts of product_id and product."""
    rows = select(Product.id.label("product_id"), Product.name.label("product"))
    rows = rows.where(Product.is_active).order_by(Product.name, Product.id)
    return [dict(row) for row in session.execute(rows).mappings()]
