"""What the business sells."""

from sqlalchemy.orm import Mapped, composite, mapped_column

from crmlib.base import Base, Customizable, Money, Tracked, field, money_columns
from crmlib.i18n import lazy


class Product(Customizable, Tracked, Base):
    """A thing or a service with a name and a list price without tax.

    `code` is what the business calls it in its own lists; `series` is the family it belongs to. A product that is
    no longer sold stays, and is not `is_active`.
    """

    __tablename__ = "product"

    name: Mapped[str] = mapped_column(info=field(lazy("Product"), required=True))
    code: Mapped[str | None] = mapped_column(unique=True, info=field(lazy("Code"), sensitivity="public"))
    series: Mapped[str | None] = mapped_column(info=field(lazy("Series")))
    price_minor, price_currency = money_columns(
        "price_minor", "price_currency", info=field(lazy("Price"), "money", low=0, sensitivity="public")
    )
    price: Mapped[Money | None] = composite(
        price_minor, price_currency, return_none_on=lambda minor, currency: minor is None
    )
    is_active: Mapped[bool] = mapped_column(
        default=True, info=field(lazy("Sold now"), "flag", shown=("list", "filter", "import", "export"))
    )
