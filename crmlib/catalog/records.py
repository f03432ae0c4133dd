"""What the business sells."""

from sqlalchemy.orm import Mapped, composite, mapped_column, validates

from crmlib.base import Base, Money, Tracked, field, folded_from, folded_lines, money_columns
from crmlib.i18n import lazy


class Product(Tracked, Base):
    """A thing or a service with a name and a list price without tax.

    `code` is what the business calls it in its own lists; `series` is the family it belongs to. A product that is
    no longer sold stays, and is not `is_active`.
    """

    __tablename__ = "product"

    name: Mapped[str] = mapped_column(info=field(lazy("Product"), required=True))
    code: Mapped[str | None] = mapped_column(unique=True, info=field(lazy("Code")))
    series: Mapped[str | None] = mapped_column(info=field(lazy("Series")))
    price_minor, price_currency = money_columns("price_minor", "price_currency")
    price: Mapped[Money | None] = composite(
        price_minor, price_currency, return_none_on=lambda minor, currency: minor is None
    )
    is_active: Mapped[bool] = mapped_column(default=True)
    folded: Mapped[str | None] = mapped_column(default=folded_from("name", "code"))

    @validates("name", "code")
    def _fold(self, key: str, value: str | None) -> str | None:
        now = {"name": self.name, "code": self.code, key: value}
        self.folded = folded_lines(now["name"], now["code"])
        return value
