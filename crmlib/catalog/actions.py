"""What may be done with products."""

from sqlalchemy.orm import Session

from crmlib.base import Money, fields_of
from crmlib.catalog.records import Product

__all__ = ["add_product"]


def add_product(
    session: Session,
    *,
    name: str,
    series: str | None = None,
    code: str | None = None,
    price: Money | None = None,
) -> Product:
    """A product we sell from now on. Raises InvalidInput where it has no name."""
    known = fields_of(Product)
    product = Product(
        name=known["name"].read(name),
        series=known["series"].read(series),
        code=known["code"].read(code),
        price=price,
    )
    session.add(product)
    session.flush()
    return product
