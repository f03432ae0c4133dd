"""What hangs on a deal: further owners, the people who decide at the buyer's, who else bids, what is in it."""

from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import get_currency_precision
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmlib.base import Base, CurrencyCode, LongText, Money, Tracked, field
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.i18n import lazy
from crmlib.sales.records.deal import Deal
from crmlib.sales.records.scaled import PERCENT_DIGITS, Scaled

OWNER_ROLES = (
    ("co-owner", lazy("Co-owner")),
    ("presales", lazy("Presales")),
    ("account manager", lazy("Account manager")),
    ("opener", lazy("Opened the door")),
    ("partner", lazy("Partner")),
)
BUYING_ROLES = (
    ("decision maker", lazy("Decides")),
    ("budget holder", lazy("Holds the budget")),
    ("influencer", lazy("Influences")),
    ("champion", lazy("Speaks for us")),
    ("blocker", lazy("Is against it")),
    ("user", lazy("Will use it")),
    ("technical", lazy("Checks the technology")),
    ("legal", lazy("Checks the contract")),
    ("purchasing", lazy("Buys")),
)


class _Part(Tracked):
    """A part of a deal: what happens to it stands on the timeline of the deal's party."""

    @property
    def concerns_party_id(self) -> int | None:
        deal: Deal | None = getattr(self, "deal", None)
        return deal.party_id if deal is not None else None


class DealOwner(_Part, Base):
    """A colleague who has a share in a deal beside its main owner, who is `Deal.owner_id`.

    `share` is in percent of the deal; what the rows leave of 100 is the main owner's.
    """

    __tablename__ = "deal_owner"
    __table_args__ = (
        UniqueConstraint("deal_id", "party_id"),
        CheckConstraint("share BETWEEN 0 AND 10000", name="share_is_a_percentage"),
    )

    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    share: Mapped[Decimal] = mapped_column(Scaled(PERCENT_DIGITS))
    role: Mapped[str | None] = mapped_column(info=field(lazy("Role"), "choice", choices=OWNER_ROLES))
    deal: Mapped[Deal] = relationship(back_populates="owners")
    party: Mapped[Party] = relationship()


class DealContact(_Part, Base):
    """Somebody at the buyer's, and the part they play in buying."""

    __tablename__ = "deal_contact"
    __table_args__ = (UniqueConstraint("deal_id", "party_id"),)

    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    role: Mapped[str | None] = mapped_column(info=field(lazy("Part in buying"), "choice", choices=BUYING_ROLES))
    note: Mapped[LongText | None] = mapped_column(info=field(lazy("Note"), "long"))
    deal: Mapped[Deal] = relationship(back_populates="contacts")
    party: Mapped[Party] = relationship()


class DealCompetitor(_Part, Base):
    """Who else bids for a deal: a name, and the party where we know it. `has_won` once the deal went to them."""

    __tablename__ = "deal_competitor"
    __table_args__ = (UniqueConstraint("deal_id", "name"),)

    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    name: Mapped[str] = mapped_column(index=True, info=field(lazy("Competitor"), required=True))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    strengths: Mapped[LongText | None] = mapped_column(info=field(lazy("Strengths"), "long"))
    weaknesses: Mapped[LongText | None] = mapped_column(info=field(lazy("Weaknesses"), "long"))
    has_won: Mapped[bool] = mapped_column(default=False)
    deal: Mapped[Deal] = relationship(back_populates="competitors")
    party: Mapped[Party | None] = relationship()


class DealLine(_Part, Base):
    """A product in a deal: `quantity` of it at a unit price without tax, which may be finer than the currency is."""

    __tablename__ = "deal_line"

    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    position: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    quantity: Mapped[Decimal] = mapped_column(Scaled(3))
    unit_price: Mapped[Decimal] = mapped_column(Scaled(4))
    currency: Mapped[CurrencyCode]
    deal: Mapped[Deal] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship()

    @property
    def amount(self) -> Money:
        """Quantity times price, rounded half to even to what the currency knows."""
        minor = (self.quantity * self.unit_price).scaleb(get_currency_precision(self.currency))
        return Money(int(minor.to_integral_value(ROUND_HALF_EVEN)), self.currency)
