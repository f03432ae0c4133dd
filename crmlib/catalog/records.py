"""What the business sells, at which prices and taxes, and what it takes off them."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship, validates

from crmlib.base import (
    Base,
    BigId,
    CountryCode,
    CurrencyCode,
    Customizable,
    LongText,
    Money,
    Scaled,
    Tracked,
    field,
    folded_from,
    folded_lines,
    money_columns,
)
from crmlib.contacts import Party
from crmlib.i18n import lazy


class ProductKind(StrEnum):
    """What is sold: a thing that is delivered, or work that is done."""

    GOODS = "goods"
    SERVICE = "service"

    @property
    def label(self) -> str:
        return _KIND_LABELS[self]


_KIND_LABELS = {ProductKind.GOODS: lazy("Goods"), ProductKind.SERVICE: lazy("Service")}

TAX_CLASSES = (
    ("standard", lazy("Standard rate")),
    ("reduced", lazy("Reduced rate")),
    ("zero", lazy("Zero rate")),
    ("exempt", lazy("Exempt")),
)


class Product(Customizable, Tracked, Base):
    """A thing or a service with a name and a list price without tax.

    `code` is what the business calls it in its own lists (SKU); `series` is the family it belongs to, `category`
    where a shop would show it. `cost` is what it costs us, `unit` what a quantity of 1 means (piece, kg, hour).
    `tax_class` picks the tax rate by country and day. A product that is no longer sold stays, and is not `is_active`.
    """

    __tablename__ = "product"

    name: Mapped[str] = mapped_column(info=field(lazy("Product"), required=True))
    code: Mapped[str | None] = mapped_column(unique=True, info=field(lazy("Code"), sensitivity="public"))
    kind: Mapped[ProductKind] = mapped_column(
        default=ProductKind.GOODS,
        server_default=ProductKind.GOODS.value,
        info=field(lazy("Kind"), "choice", choices=ProductKind, required=True),
    )
    series: Mapped[str | None] = mapped_column(index=True, info=field(lazy("Series")))
    category: Mapped[str | None] = mapped_column(index=True, info=field(lazy("Category")))
    price_minor, price_currency = money_columns(
        "price_minor", "price_currency", info=field(lazy("Price"), "money", low=0, sensitivity="public")
    )
    price: Mapped[Money | None] = composite(
        price_minor, price_currency, return_none_on=lambda minor, currency: minor is None
    )
    cost_minor, cost_currency = money_columns("cost_minor", "cost_currency", info=field(lazy("Cost"), "money", low=0))
    cost: Mapped[Money | None] = composite(
        cost_minor, cost_currency, return_none_on=lambda minor, currency: minor is None
    )
    tax_class: Mapped[str | None] = mapped_column(info=field(lazy("Tax class"), "choice", choices=TAX_CLASSES))
    unit: Mapped[str | None] = mapped_column(info=field(lazy("Unit"), hint=lazy("What one is: piece, kg, hour")))
    barcode: Mapped[str | None] = mapped_column(index=True, info=field(lazy("Barcode")))
    description: Mapped[LongText | None] = mapped_column(info=field(lazy("Description"), "long"))
    is_active: Mapped[bool] = mapped_column(
        default=True, info=field(lazy("Sold now"), "flag", shown=("list", "filter", "import", "export"))
    )
    folded: Mapped[str | None] = mapped_column(default=folded_from("name", "code"))

    price_entries: Mapped[list["PriceEntry"]] = relationship(
        back_populates="product", order_by="PriceEntry.id", cascade="all, delete-orphan"
    )

    @validates("name", "code")
    def _fold(self, key: str, value: str | None) -> str | None:
        now = {"name": self.name, "code": self.code, key: value}
        self.folded = folded_lines(now["name"], now["code"])
        return value


class PriceList(Tracked, Base):
    """Prices that hold for some parties, or for everybody who has no list of their own (`is_default`)."""

    __tablename__ = "price_list"

    name: Mapped[str] = mapped_column(unique=True, info=field(lazy("Price list"), required=True))
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    note: Mapped[LongText | None] = mapped_column(info=field(lazy("Note"), "long"))
    entries: Mapped[list["PriceEntry"]] = relationship(
        back_populates="price_list", order_by="PriceEntry.id", cascade="all, delete-orphan"
    )


class PriceEntry(Tracked, Base):
    """The price without tax of one unit of a product in a price list, for at least `min_quantity` of them.

    It holds from `from_on` to `to_on`, both days included, None for always. Prices may be finer than the currency.
    """

    __tablename__ = "price_entry"
    __table_args__ = (
        Index("ix_price_entry_product_id_price_list_id", "product_id", "price_list_id", "currency"),
        CheckConstraint("from_on IS NULL OR to_on IS NULL OR from_on <= to_on", name="from_before_to"),
    )

    price_list_id: Mapped[int] = mapped_column(ForeignKey("price_list.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    unit_price: Mapped[Decimal] = mapped_column(Scaled(4), info=field(lazy("Price"), "decimal", required=True))
    currency: Mapped[CurrencyCode] = mapped_column(String(3), info=field(lazy("Currency"), required=True))
    min_quantity: Mapped[Decimal] = mapped_column(
        Scaled(3), default=Decimal(0), info=field(lazy("From quantity"), "decimal")
    )
    from_on: Mapped[date | None] = mapped_column(info=field(lazy("From"), "date"))
    to_on: Mapped[date | None] = mapped_column(info=field(lazy("To"), "date"))
    price_list: Mapped[PriceList] = relationship(back_populates="entries")
    product: Mapped[Product] = relationship(back_populates="price_entries")


class PartyPriceList(Tracked, Base):
    """The price list that was agreed with a party; at most one."""

    __tablename__ = "party_price_list"

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), unique=True)
    price_list_id: Mapped[int] = mapped_column(ForeignKey("price_list.id"), index=True)
    party: Mapped[Party] = relationship()
    price_list: Mapped[PriceList] = relationship()


class TaxRate(Tracked, Base):
    """What a country takes of goods of a tax class, in per cent, from one day to another, both included."""

    __tablename__ = "tax_rate"
    __table_args__ = (
        Index("ix_tax_rate_country_tax_class", "country", "tax_class", "from_on"),
        CheckConstraint("from_on IS NULL OR to_on IS NULL OR from_on <= to_on", name="from_before_to"),
    )

    tax_class: Mapped[str] = mapped_column(info=field(lazy("Tax class"), "choice", choices=TAX_CLASSES, required=True))
    country: Mapped[CountryCode] = mapped_column(String(2), info=field(lazy("Country"), "country", required=True))
    rate: Mapped[Decimal] = mapped_column(Scaled(4), info=field(lazy("Rate in %"), "decimal", required=True))
    name: Mapped[str | None] = mapped_column(info=field(lazy("Name")))
    from_on: Mapped[date | None] = mapped_column(info=field(lazy("From"), "date"))
    to_on: Mapped[date | None] = mapped_column(info=field(lazy("To"), "date"))


class DiscountKind(StrEnum):
    """How a discount is reckoned."""

    PERCENT = "percent"
    AMOUNT = "amount"

    @property
    def label(self) -> str:
        return _DISCOUNT_LABELS[self]


_DISCOUNT_LABELS = {DiscountKind.PERCENT: lazy("Per cent"), DiscountKind.AMOUNT: lazy("An amount")}


class DiscountScope(StrEnum):
    """What a discount is taken off."""

    PRODUCT = "product"
    SERIES = "series"
    ORDER = "order"

    @property
    def label(self) -> str:
        return _SCOPE_LABELS[self]


_SCOPE_LABELS = {
    DiscountScope.PRODUCT: lazy("One product"),
    DiscountScope.SERIES: lazy("A series"),
    DiscountScope.ORDER: lazy("The whole order"),
}


class Discount(Tracked, Base):
    """Something off: `percent` of what it is taken off, or `amount` once per order.

    It holds for orders from `from_on` to `to_on`, both days included. One that is not `is_stackable` stands alone on
    an order.
    """

    __tablename__ = "discount"
    __table_args__ = (
        CheckConstraint("(percent IS NULL) <> (amount_minor IS NULL)", name="percent_or_amount"),
        CheckConstraint("(amount_minor IS NULL) OR (currency IS NOT NULL)", name="amount_has_currency"),
        CheckConstraint("from_on IS NULL OR to_on IS NULL OR from_on <= to_on", name="from_before_to"),
    )

    name: Mapped[str] = mapped_column(info=field(lazy("Discount"), required=True))
    kind: Mapped[DiscountKind] = mapped_column(info=field(lazy("Kind"), "choice", choices=DiscountKind, required=True))
    percent: Mapped[Decimal | None] = mapped_column(Scaled(4), info=field(lazy("Per cent"), "decimal", low=0, high=100))
    amount_minor, currency = money_columns("amount_minor", "currency")
    amount: Mapped[Money | None] = composite(
        amount_minor, currency, return_none_on=lambda minor, currency: minor is None
    )
    scope: Mapped[DiscountScope] = mapped_column(
        default=DiscountScope.ORDER, info=field(lazy("Taken off"), "choice", choices=DiscountScope, required=True)
    )
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    series: Mapped[str | None] = mapped_column(info=field(lazy("Series")))
    from_on: Mapped[date | None] = mapped_column(info=field(lazy("From"), "date"))
    to_on: Mapped[date | None] = mapped_column(info=field(lazy("To"), "date"))
    is_stackable: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    product: Mapped[Product | None] = relationship()
    coupons: Mapped[list["Coupon"]] = relationship(
        back_populates="discount", order_by="Coupon.id", cascade="all, delete-orphan"
    )


class Coupon(Tracked, Base):
    """A code that gives a discount to whoever names it. How often it was used is counted from the orders.

    `limit_total` and `limit_per_party` are the most orders it may be used in, None for as often as one likes.
    """

    __tablename__ = "coupon"
    __table_args__ = (CheckConstraint("from_on IS NULL OR to_on IS NULL OR from_on <= to_on", name="from_before_to"),)

    code: Mapped[str] = mapped_column(unique=True, info=field(lazy("Code"), required=True))
    discount_id: Mapped[int] = mapped_column(BigId, ForeignKey("discount.id"), index=True)
    limit_total: Mapped[int | None] = mapped_column(info=field(lazy("Uses at most"), "number", low=1))
    limit_per_party: Mapped[int | None] = mapped_column(info=field(lazy("Uses per customer"), "number", low=1))
    from_on: Mapped[date | None] = mapped_column(info=field(lazy("From"), "date"))
    to_on: Mapped[date | None] = mapped_column(info=field(lazy("To"), "date"))
    is_active: Mapped[bool] = mapped_column(default=True)
    discount: Mapped[Discount] = relationship(back_populates="coupons")
