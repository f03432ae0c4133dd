"""What is aimed at and what is earned: targets, commission plans, commissions."""

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from crmlib.base import Base, CurrencyCode, Money, Tracked, field, money_columns
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.i18n import lazy
from crmlib.sales.records.deal import Deal
from crmlib.sales.records.scaled import PERCENT_DIGITS, Scaled


class Period(StrEnum):
    """How long a target runs."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def label(self) -> str:
        return {"month": lazy("Month"), "quarter": lazy("Quarter"), "year": lazy("Year")}[self.value]

    @property
    def months(self) -> int:
        return {"month": 1, "quarter": 3, "year": 12}[self.value]

    def first_day(self, day: date) -> date:
        """The first day of the calendar's month, quarter or year that `day` is in."""
        return date(day.year, (day.month - 1) // self.months * self.months + 1, 1)

    def last_day(self, first: date) -> date:
        """The last day of the period that begins on `first`, the first of any month."""
        count = first.year * 12 + first.month - 1 + self.months
        return date(count // 12, count % 12 + 1, 1) - timedelta(days=1)


class Measure(StrEnum):
    """What a target counts: the amount of the deals that are won, or how many they are."""

    AMOUNT = "amount"
    COUNT = "count"

    @property
    def label(self) -> str:
        return {"amount": lazy("Amount won"), "count": lazy("Deals won")}[self.value]


class Counting(StrEnum):
    """What the tiers of a commission plan add up: each deal by itself, or all of a seller in a month, quarter, year."""

    DEAL = "deal"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def label(self) -> str:
        names = {
            "deal": lazy("Each deal by itself"),
            "month": lazy("All of a month"),
            "quarter": lazy("All of a quarter"),
            "year": lazy("All of a year"),
        }
        return names[self.value]


class Target(Tracked, Base):
    """What is to be won in a period, by one seller (`owner_id`), by a team (`team_id`, who leads it), or by all.

    `from_on` is the first day of the month, quarter or year. `amount` where `measure` is amount, `n_deals` where it
    is count; the other is None.
    """

    __tablename__ = "target"
    __table_args__ = (
        CheckConstraint("owner_id IS NULL OR team_id IS NULL", name="one_seller_or_a_team"),
        CheckConstraint(
            "(measure = 'amount' AND amount_minor IS NOT NULL AND currency IS NOT NULL AND n_deals IS NULL)"
            " OR (measure = 'count' AND n_deals IS NOT NULL AND amount_minor IS NULL)",
            name="has_what_it_measures",
        ),
        Index("ix_target_from_on", "from_on", "period"),
    )

    owner_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    period: Mapped[Period] = mapped_column(info=field(lazy("Period"), "choice", choices=Period, required=True))
    from_on: Mapped[date] = mapped_column(info=field(lazy("From"), "date", required=True))
    measure: Mapped[Measure] = mapped_column(info=field(lazy("Measured in"), "choice", choices=Measure, required=True))
    amount_minor, currency = money_columns("amount_minor", "currency")
    amount: Mapped[Money | None] = composite(
        amount_minor, currency, return_none_on=lambda minor, currency: minor is None
    )
    n_deals: Mapped[int | None] = mapped_column(info=field(lazy("Deals"), "number", low=1))
    owner: Mapped[Party | None] = relationship(foreign_keys=owner_id)
    team: Mapped[Party | None] = relationship(foreign_keys=team_id)

    @property
    def to_on(self) -> date:
        """The last day of its period."""
        return self.period.last_day(self.from_on)

    @property
    def concerns_party_id(self) -> int | None:
        return self.owner_id or self.team_id


class CommissionPlan(Tracked, Base):
    """How a won deal is rewarded: `percent` of its amount, or by tiers; from one day to another, both included.

    None in `owner_id` or `product_id` means for every seller, for every product. A plan with tiers counts in one
    `currency` and is for deals in that currency only: nothing is converted. Without tiers it is for deals in any,
    or in `currency` where one is named.
    """

    __tablename__ = "commission_plan"

    name: Mapped[str] = mapped_column(unique=True, info=field(lazy("Plan"), required=True))
    percent: Mapped[Decimal | None] = mapped_column(Scaled(PERCENT_DIGITS))
    counting: Mapped[Counting] = mapped_column(
        default=Counting.DEAL, info=field(lazy("Tiers count"), "choice", choices=Counting)
    )
    currency: Mapped[str | None] = mapped_column(String(3))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    from_on: Mapped[date] = mapped_column(info=field(lazy("From"), "date", required=True))
    to_on: Mapped[date | None] = mapped_column(info=field(lazy("To"), "date"))
    owner: Mapped[Party | None] = relationship(foreign_keys=owner_id)
    product: Mapped[Product | None] = relationship()
    tiers: Mapped[list["CommissionTier"]] = relationship(
        back_populates="plan", order_by="CommissionTier.above_minor", cascade="all, delete-orphan"
    )


class CommissionTier(Tracked, Base):
    """From `above_minor` on (minor units of the plan's currency), what is won beyond earns `percent`."""

    __tablename__ = "commission_tier"

    plan_id: Mapped[int] = mapped_column(ForeignKey("commission_plan.id"), index=True)
    above_minor: Mapped[int] = mapped_column(BigInteger)
    percent: Mapped[Decimal] = mapped_column(Scaled(PERCENT_DIGITS))
    plan: Mapped[CommissionPlan] = relationship(back_populates="tiers")


class Commission(Tracked, Base):
    """What a seller earned by a deal, or what was taken back when the deal was reopened; rows are never rewritten.

    `base` is the seller's share of the deal, `amount` what it earned; both are negative in a reversal, which points
    to what it takes back by `reverses_id`. `paid_on` is None while it is to be paid.
    """

    __tablename__ = "commission"
    __table_args__ = (
        Index("ix_commission_party_id_paid_on", "party_id", "paid_on"),
        Index("ix_commission_plan_id_party_id_earned_on", "plan_id", "party_id", "earned_on"),
    )

    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("commission_plan.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    share: Mapped[Decimal] = mapped_column(Scaled(PERCENT_DIGITS))
    base_minor: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[CurrencyCode]
    earned_on: Mapped[date]
    paid_on: Mapped[date | None]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("commission.id"), unique=True)
    deal: Mapped[Deal] = relationship(back_populates="commissions")
    plan: Mapped[CommissionPlan] = relationship()
    party: Mapped[Party] = relationship()
    reverses: Mapped["Commission | None"] = relationship(remote_side="Commission.id")

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def base(self) -> Money:
        return Money(self.base_minor, self.currency)
