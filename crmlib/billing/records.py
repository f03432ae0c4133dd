"""What was ordered, paid and given back, and what each party comes to."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from crmlib.base import (
    Base,
    BigId,
    CountryCode,
    CurrencyCode,
    Customizable,
    Journalled,
    LongText,
    Money,
    Scaled,
    Tracked,
    field,
)
from crmlib.catalog import Coupon, Discount, Product
from crmlib.contacts import Party
from crmlib.i18n import lazy


class OrderStatus(StrEnum):
    """How far an order has come. Only what is confirmed or fulfilled counts in sums."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _ORDER_LABELS[self]


_ORDER_LABELS = {
    OrderStatus.DRAFT: lazy("Draft"),
    OrderStatus.CONFIRMED: lazy("Confirmed"),
    OrderStatus.FULFILLED: lazy("Fulfilled"),
    OrderStatus.CANCELLED: lazy("Cancelled"),
}

# The orders that count; the triggers of migration 0007 say the same.
COUNTED = (OrderStatus.CONFIRMED, OrderStatus.FULFILLED)


class PaymentStatus(StrEnum):
    """What became of a payment. Only what was received counts in sums."""

    PENDING = "pending"
    RECEIVED = "received"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _PAYMENT_LABELS[self]


_PAYMENT_LABELS = {
    PaymentStatus.PENDING: lazy("Pending"),
    PaymentStatus.RECEIVED: lazy("Received"),
    PaymentStatus.FAILED: lazy("Failed"),
    PaymentStatus.CANCELLED: lazy("Cancelled"),
}


class RefundStatus(StrEnum):
    """What became of a refund: credited means owed but not paid back (so what was paid stands as it is)."""

    CREDITED = "credited"
    PAID = "paid"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _REFUND_LABELS[self]


_REFUND_LABELS = {
    RefundStatus.CREDITED: lazy("Credited"),
    RefundStatus.PAID: lazy("Paid back"),
    RefundStatus.CANCELLED: lazy("Cancelled"),
}

METHODS = (
    ("cash", lazy("Cash")),
    ("card", lazy("Card")),
    ("transfer", lazy("Bank transfer")),
    ("direct debit", lazy("Direct debit")),
    ("paypal", lazy("PayPal")),
    ("wallet", lazy("Mobile wallet")),
    ("cheque", lazy("Cheque")),
    ("invoice", lazy("On account")),
    ("other", lazy("Other")),
)
CHANNELS = (
    ("shop", lazy("Shop")),
    ("online", lazy("Online shop")),
    ("phone", lazy("Phone")),
    ("field", lazy("Sales visit")),
    ("marketplace", lazy("Marketplace")),
    ("import", lazy("Imported")),
)
REFUND_REASONS = (
    ("returned", lazy("Goods came back")),
    ("damaged", lazy("Arrived damaged")),
    ("wrong", lazy("Wrong goods or price")),
    ("late", lazy("Came too late")),
    ("cancelled", lazy("Order cancelled")),
    ("goodwill", lazy("Goodwill")),
    ("other", lazy("Other")),
)


class Order(Customizable, Tracked, Base):
    """Goods or work that somebody bought, in one currency.

    `number` is the business's own, unique. `party_id` is None where nobody said who bought. `ordered_on` is the day,
    `ordered_at` the moment where it is known. `total_minor` is the sum of the lines, less `discount_minor` (what came
    off the order as a whole), plus `tax_minor` unless `tax_included`: prices then hold it already. `reporting_minor`
    is the total in the reporting currency by the rate of `ordered_on`, None where no rate is known.
    """

    __tablename__ = "order"
    __table_args__ = (
        Index("ix_order_party_id_ordered_on", "party_id", "ordered_on"),
        Index("ix_order_ordered_on", "ordered_on", "id"),
        Index("ix_order_total_minor", "total_minor", "id"),
        Index("ix_order_reporting_minor", "reporting_minor", "id"),
    )

    number: Mapped[str] = mapped_column(unique=True, info=field(lazy("Order number"), required=True))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    deal_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("deal.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    ordered_at: Mapped[datetime | None]
    ordered_on: Mapped[date] = mapped_column(info=field(lazy("Ordered"), "date", required=True))
    status: Mapped[OrderStatus] = mapped_column(
        default=OrderStatus.DRAFT, info=field(lazy("Status"), "choice", choices=OrderStatus, required=True)
    )
    currency: Mapped[CurrencyCode] = mapped_column(String(3), info=field(lazy("Currency"), required=True))
    total_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_included: Mapped[bool] = mapped_column(default=False)
    reporting_minor: Mapped[int | None] = mapped_column(BigInteger)
    coupon_id: Mapped[int | None] = mapped_column(ForeignKey("coupon.id"), index=True)
    channel: Mapped[str | None] = mapped_column(info=field(lazy("Channel"), "choice", choices=CHANNELS))
    source: Mapped[str | None] = mapped_column(info=field(lazy("Came from")))
    shipping_country: Mapped[CountryCode | None] = mapped_column(String(2), info=field(lazy("Shipped to"), "country"))
    note: Mapped[LongText | None] = mapped_column(info=field(lazy("Note"), "long"))

    party: Mapped[Party | None] = relationship(foreign_keys=party_id)
    owner: Mapped[Party | None] = relationship(foreign_keys=owner_id)
    coupon: Mapped[Coupon | None] = relationship()
    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order", order_by="(OrderLine.position, OrderLine.id)", cascade="all, delete-orphan"
    )
    events: Mapped[list["OrderEvent"]] = relationship(
        back_populates="order", order_by="OrderEvent.id", cascade="all, delete-orphan"
    )
    applied: Mapped[list["AppliedDiscount"]] = relationship(
        back_populates="order", order_by="AppliedDiscount.id", cascade="all, delete-orphan"
    )

    @property
    def total(self) -> Money:
        return Money(self.total_minor or 0, self.currency)


class OrderLine(Tracked, Base):
    """So much of one thing in an order.

    What it comes to is `quantity * unit_price`, exact; `amount_minor` is that less `discount_minor`, rounded half-even
    to the order's currency, without tax unless the order says that prices hold it. `tax_rate` is in per cent, None
    where nobody has said. Shops book corrections as lines too: quantity and price may be below nothing.
    """

    __tablename__ = "order_line"

    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    description: Mapped[str | None] = mapped_column(info=field(lazy("Description")))
    quantity: Mapped[Decimal] = mapped_column(Scaled(3), info=field(lazy("Quantity"), "decimal", required=True))
    unit_price: Mapped[Decimal] = mapped_column(Scaled(4), info=field(lazy("Unit price"), "decimal", required=True))
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_rate: Mapped[Decimal | None] = mapped_column(Scaled(4), info=field(lazy("Tax in %"), "decimal", low=0))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product | None] = relationship()

    @property
    def exact(self) -> Decimal:
        """Quantity times unit price, in major units, nothing rounded."""
        return self.quantity * self.unit_price

    @property
    def concerns_party_id(self) -> int | None:
        order: Order | None = self.order
        return order.party_id if order else None


class AppliedDiscount(Tracked, Base):
    """What one discount took off an order: off a line, or off the whole of it where `line_id` is None.

    `discount_id` is None where somebody took something off by hand, and then `note` says why.
    """

    __tablename__ = "applied_discount"

    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("order_line.id"), index=True)
    discount_id: Mapped[int | None] = mapped_column(ForeignKey("discount.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str | None]
    order: Mapped[Order] = relationship(back_populates="applied")
    line: Mapped[OrderLine | None] = relationship()
    discount: Mapped[Discount | None] = relationship()

    @property
    def concerns_party_id(self) -> int | None:
        order: Order | None = self.order
        return order.party_id if order else None


class OrderEvent(Journalled, Base):
    """An order came to a status. The rows together are its history; `at` is None where the source does not say."""

    __tablename__ = "order_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    status: Mapped[OrderStatus]
    at: Mapped[datetime | None]
    note: Mapped[LongText | None]
    order: Mapped[Order] = relationship(back_populates="events")


class Payment(Tracked, Base):
    """Money that came from a party, for an order where one is known.

    `paid_on` is the day, `paid_at` the moment where it is known. `reporting_minor` is the amount in the reporting
    currency by the rate of `paid_on`, None where no rate is known.
    """

    __tablename__ = "payment"
    __table_args__ = (
        Index("ix_payment_party_id_paid_on", "party_id", "paid_on"),
        Index("ix_payment_paid_on", "paid_on", "id"),
        Index("ix_payment_amount_minor", "amount_minor", "id"),
    )

    order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[CurrencyCode] = mapped_column(String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    reporting_minor: Mapped[int | None] = mapped_column(BigInteger)
    paid_at: Mapped[datetime | None]
    paid_on: Mapped[date] = mapped_column(info=field(lazy("Paid"), "date", required=True))
    method: Mapped[str | None] = mapped_column(info=field(lazy("Method"), "choice", choices=METHODS))
    reference: Mapped[str | None] = mapped_column(index=True, info=field(lazy("Reference")))
    status: Mapped[PaymentStatus] = mapped_column(
        default=PaymentStatus.RECEIVED, info=field(lazy("Status"), "choice", choices=PaymentStatus, required=True)
    )
    note: Mapped[LongText | None] = mapped_column(info=field(lazy("Note"), "long"))
    order: Mapped[Order | None] = relationship()
    party: Mapped[Party | None] = relationship()


class Refund(Tracked, Base):
    """Money given back, or credited: of an order, of a payment, or of neither where the source does not say.

    `number` is the business's own (a credit note, a shop's cancellation), unique where there is one. `amount_minor`
    is positive: what went back. Its lines, where there are any, say for what.
    """

    __tablename__ = "refund"
    __table_args__ = (Index("ix_refund_party_id_refunded_on", "party_id", "refunded_on"),)

    number: Mapped[str | None] = mapped_column(unique=True, info=field(lazy("Refund number")))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), index=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[CurrencyCode] = mapped_column(String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    reporting_minor: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(info=field(lazy("Reason"), choices=REFUND_REASONS))
    refunded_at: Mapped[datetime | None]
    refunded_on: Mapped[date] = mapped_column(index=True, info=field(lazy("Refunded"), "date", required=True))
    status: Mapped[RefundStatus] = mapped_column(
        default=RefundStatus.PAID, info=field(lazy("Status"), "choice", choices=RefundStatus, required=True)
    )
    note: Mapped[LongText | None] = mapped_column(info=field(lazy("Note"), "long"))
    order: Mapped[Order | None] = relationship()
    payment: Mapped[Payment | None] = relationship()
    party: Mapped[Party | None] = relationship()
    lines: Mapped[list["RefundLine"]] = relationship(
        back_populates="refund", order_by="(RefundLine.position, RefundLine.id)", cascade="all, delete-orphan"
    )


class RefundLine(Tracked, Base):
    """So much of one thing that came back. `quantity` is positive for what came back.

    `quantity * unit_price` is exact; `amount_minor` is what was given back for it (that figure rounded half-even, less
    its part of the order's discounts, with its tax). The lines of a refund come to its amount.
    """

    __tablename__ = "refund_line"

    refund_id: Mapped[int] = mapped_column(ForeignKey("refund.id"), index=True)
    order_line_id: Mapped[int | None] = mapped_column(ForeignKey("order_line.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    description: Mapped[str | None] = mapped_column(info=field(lazy("Description")))
    quantity: Mapped[Decimal] = mapped_column(Scaled(3), info=field(lazy("Quantity"), "decimal", required=True))
    unit_price: Mapped[Decimal] = mapped_column(Scaled(4), info=field(lazy("Unit price"), "decimal", required=True))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    refund: Mapped[Refund] = relationship(back_populates="lines")
    order_line: Mapped[OrderLine | None] = relationship()
    product: Mapped[Product | None] = relationship()

    @property
    def exact(self) -> Decimal:
        """Quantity times unit price, in major units, nothing rounded."""
        return self.quantity * self.unit_price

    @property
    def concerns_party_id(self) -> int | None:
        refund: Refund | None = self.refund
        return refund.party_id if refund else None


class PaymentMethod(Tracked, Base):
    """How a party pays, from one day to another: what was agreed, whether or not it was used yet.

    `label` tells one from another (“Visa ending in 4242”); numbers of cards and accounts are never kept here.
    """

    __tablename__ = "payment_method"

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    method: Mapped[str] = mapped_column(info=field(lazy("Method"), "choice", choices=METHODS, required=True))
    label: Mapped[str | None] = mapped_column(info=field(lazy("Label")))
    is_preferred: Mapped[bool] = mapped_column(default=False)
    from_on: Mapped[date | None] = mapped_column(info=field(lazy("From"), "date"))
    to_on: Mapped[date | None] = mapped_column(info=field(lazy("To"), "date"))
    party: Mapped[Party] = relationship()


class ReportingBasis(Base):
    """The one row that says in which currency `reporting_minor` and the sums per party are."""

    __tablename__ = "reporting_basis"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    currency: Mapped[CurrencyCode]


class PartyTotal(Base):
    """What a party comes to, kept by the database's triggers beside every order, payment and refund.

    One row per party that has any. Amounts are in `currency`, the reporting currency, by the day's rates: `ordered`
    of confirmed and fulfilled orders, `paid` of received payments less refunds that were paid back, `refunded` of
    refunds credited or paid back. `n_unconverted` orders, payments and refunds are not in them, for lack of a rate.
    """

    __tablename__ = "party_total"
    # Lists of parties are sorted by each of these.
    __table_args__ = (
        *(
            Index(f"ix_party_total_{name}", name, "party_id")
            for name in (
                "paid_minor",
                "ordered_minor",
                "refunded_minor",
                "n_orders",
                "n_payments",
                "n_refunds",
                "first_order_on",
                "last_order_on",
                "last_paid_on",
            )
        ),
        {"info": {"derived": True}},
    )

    party_id: Mapped[int] = mapped_column(BigId, ForeignKey("party.id", ondelete="CASCADE"), primary_key=True)
    currency: Mapped[CurrencyCode | None]
    paid_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    ordered_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refunded_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    n_orders: Mapped[int] = mapped_column(server_default="0")
    n_payments: Mapped[int] = mapped_column(server_default="0")
    n_refunds: Mapped[int] = mapped_column(server_default="0")
    n_unconverted: Mapped[int] = mapped_column(server_default="0")
    first_order_on: Mapped[date | None]
    last_order_on: Mapped[date | None]
    last_paid_on: Mapped[date | None]
