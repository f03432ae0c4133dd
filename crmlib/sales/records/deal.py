"""Deals, the pipelines they go through, and the rows that tell how they went."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship, validates

from crmlib.base import (
    READ_ONLY,
    Base,
    BigId,
    Customizable,
    Journalled,
    LongText,
    Money,
    Tracked,
    field,
    folded,
    folded_from,
    money_columns,
)
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.i18n import lazy

if TYPE_CHECKING:
    from crmlib.sales.records.lead import Lead
    from crmlib.sales.records.parts import DealCompetitor, DealContact, DealLine, DealOwner
    from crmlib.sales.records.rewards import Commission


class StageKind(StrEnum):
    """What a stage means, whatever it is called: a deal is won because its stage says so."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class CanonicalStatus(StrEnum):
    """Where a stage stands in any way of selling, so that pipelines with other words can be compared."""

    CONTACT = "contact"
    NEED = "need"
    OFFER = "offer"
    NEGOTIATION = "negotiation"
    COMMITMENT = "commitment"

    @property
    def label(self) -> str:
        return _CANONICAL_LABELS[self]


_CANONICAL_LABELS = {
    CanonicalStatus.CONTACT: lazy("First contact"),
    CanonicalStatus.NEED: lazy("Need understood"),
    CanonicalStatus.OFFER: lazy("Offer made"),
    CanonicalStatus.NEGOTIATION: lazy("In negotiation"),
    CanonicalStatus.COMMITMENT: lazy("Promised"),
}

# Set elsewhere than in the form of the record: seen, filtered, mapped, exported.
_NOT_TYPED = ("list", "filter", "import", "export")

# What a new workbench begins with; `lost_reasons` has the list as it was edited since.
LOST_REASONS = (
    ("price", lazy("Price")),
    ("competitor", lazy("Went with another supplier")),
    ("no budget", lazy("No budget this year")),
    ("no answer", lazy("No answer")),
    ("cannot deliver", lazy("We cannot deliver it")),
    ("other", lazy("Other")),
)


class LostReason(Tracked, Base):
    """Why deals are lost: `word` is what a deal keeps, `label` what people read; an archived one is not offered."""

    __tablename__ = "lost_reason"

    word: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(info=field(lazy("Reason"), required=True))
    position: Mapped[int]
    archived_at: Mapped[datetime | None]


class Pipeline(Tracked, Base):
    """A way of selling, with the stages that a deal goes through. An archived one takes no new deals."""

    __tablename__ = "pipeline"

    name: Mapped[str] = mapped_column(unique=True, info=field(lazy("Pipeline"), required=True))
    archived_at: Mapped[datetime | None]
    stages: Mapped[list["Stage"]] = relationship(back_populates="pipeline", order_by="Stage.position")


class Stage(Tracked, Base):
    """A step of a pipeline. `position` orders them from 0; `kind` says what being here means.

    `probability` (percent) is the usual chance that a deal here is won. It weighs forecasts and is never a state: a
    deal is won because its stage is of that kind. `canonical` says where the stage stands in any way of selling,
    `target_days` after how many days a deal has been here too long. An archived stage takes no deals.
    """

    __tablename__ = "stage"
    __table_args__ = (UniqueConstraint("pipeline_id", "name"),)

    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipeline.id"), index=True)
    name: Mapped[str] = mapped_column(info=field(lazy("Stage"), required=True))
    position: Mapped[int]
    kind: Mapped[StageKind] = mapped_column(default=StageKind.OPEN)
    probability: Mapped[int | None] = mapped_column(info=field(lazy("Probability in %"), "number", low=0, high=100))
    canonical: Mapped[CanonicalStatus | None] = mapped_column(
        info=field(lazy("Stands for"), "choice", choices=CanonicalStatus)
    )
    target_days: Mapped[int | None] = mapped_column(info=field(lazy("Days at most"), "number", low=1, high=3650))
    archived_at: Mapped[datetime | None]
    pipeline: Mapped[Pipeline] = relationship(back_populates="stages")


class Seller(Journalled, Base):
    """A colleague's part in selling: who leads them, and the region they sell in."""

    __tablename__ = "seller"

    party_id: Mapped[int] = mapped_column(BigId, ForeignKey("party.id"), primary_key=True)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    region: Mapped[str | None]
    party: Mapped[Party] = relationship(foreign_keys=party_id)
    manager: Mapped[Party | None] = relationship(foreign_keys=manager_id)


class Deal(Customizable, Tracked, Base):
    """A sale that may happen; other systems say *opportunity*.

    `amount` is the expected total without tax, and the agreed one when it is won; None where nobody has said.
    `expected_close_on` is a hope, `closed_on` a fact: it is there exactly when the stage is won or lost.
    `opened_on` is the day work on it began, None where the source does not say. `lead_id` is the inquiry it came
    from. `probability` (percent) is what somebody thinks of this very deal; None leaves it to the stage.
    `next_step` says what is to be done next, `next_step_on` by when.
    """

    __tablename__ = "deal"
    __table_args__ = (
        CheckConstraint("(amount_minor IS NULL) OR (currency IS NOT NULL)", name="amount_has_currency"),
        Index("ix_deal_stage_id_expected", "stage_id", "expected_close_on", "id"),
        Index("ix_deal_stage_id_closed_on", "stage_id", "closed_on", "id"),
    )

    name: Mapped[str] = mapped_column(info=field(lazy("Deal"), required=True))
    party_id: Mapped[int | None] = mapped_column(
        ForeignKey("party.id"), index=True, info=field(lazy("Customer"), "party", shown=_NOT_TYPED)
    )
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("party.id"), index=True, info=field(lazy("Owner"), "party", shown=_NOT_TYPED)
    )
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    stage_id: Mapped[int] = mapped_column(ForeignKey("stage.id"))
    amount_minor, currency = money_columns("amount_minor", "currency", info=field(lazy("Amount"), "money", low=0))
    amount: Mapped[Money | None] = composite(
        amount_minor, currency, return_none_on=lambda minor, currency: minor is None
    )
    opened_on: Mapped[date | None] = mapped_column(info=field(lazy("Opened"), "date"))
    expected_close_on: Mapped[date | None] = mapped_column(info=field(lazy("Expected close"), "date"))
    closed_on: Mapped[date | None] = mapped_column(index=True, info=field(lazy("Closed"), "date", shown=READ_ONLY))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("lead.id"), index=True)
    probability: Mapped[int | None] = mapped_column(info=field(lazy("Probability in %"), "number", low=0, high=100))
    next_step: Mapped[str | None] = mapped_column(info=field(lazy("Next step")))
    next_step_on: Mapped[date | None] = mapped_column(info=field(lazy("Next step by"), "date"))
    lost_reason: Mapped[str | None] = mapped_column(info=field(lazy("Reason"), choices=LOST_REASONS, takes_others=True))
    lost_note: Mapped[LongText | None] = mapped_column(info=field(lazy("What could we have done?"), "long"))
    folded: Mapped[str | None] = mapped_column(default=folded_from("name"))

    stage: Mapped[Stage] = relationship()
    party: Mapped[Party | None] = relationship(foreign_keys=party_id)
    owner: Mapped[Party | None] = relationship(foreign_keys=owner_id)
    product: Mapped[Product | None] = relationship()
    lead: Mapped["Lead | None"] = relationship(back_populates="deals")
    stage_events: Mapped[list["StageEvent"]] = relationship(
        back_populates="deal", order_by="StageEvent.id", cascade="all, delete-orphan"
    )
    amount_events: Mapped[list["AmountEvent"]] = relationship(
        back_populates="deal", order_by="AmountEvent.id", cascade="all, delete-orphan"
    )
    expected_close_events: Mapped[list["ExpectedCloseEvent"]] = relationship(
        back_populates="deal", order_by="ExpectedCloseEvent.id", cascade="all, delete-orphan"
    )
    owners: Mapped[list["DealOwner"]] = relationship(
        back_populates="deal", order_by="DealOwner.id", cascade="all, delete-orphan"
    )
    contacts: Mapped[list["DealContact"]] = relationship(
        back_populates="deal", order_by="DealContact.id", cascade="all, delete-orphan"
    )
    competitors: Mapped[list["DealCompetitor"]] = relationship(
        back_populates="deal", order_by="DealCompetitor.id", cascade="all, delete-orphan"
    )
    lines: Mapped[list["DealLine"]] = relationship(
        back_populates="deal", order_by="DealLine.position", cascade="all, delete-orphan"
    )
    commissions: Mapped[list["Commission"]] = relationship(
        back_populates="deal", order_by="Commission.id", cascade="all, delete-orphan"
    )

    @validates("name")
    def _fold(self, _key: str, name: str) -> str:
        self.folded = folded(name)
        return name


class StageEvent(Journalled, Base):
    """A deal entered a stage. The rows together are the deal's history, and are never changed.

    `entered_at` is None where the source of an imported deal does not say when.
    """

    __tablename__ = "stage_event"
    __table_args__ = (Index("ix_stage_event_deal_id", "deal_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    stage_id: Mapped[int] = mapped_column(ForeignKey("stage.id"), index=True)
    entered_at: Mapped[datetime | None]
    deal: Mapped[Deal] = relationship(back_populates="stage_events")
    stage: Mapped[Stage] = relationship()


class AmountEvent(Journalled, Base):
    """A deal's amount became another, or its first one. The rows together are its history, and are never changed.

    Both sides are minor units of their currency; None where there was, or is, no amount. A deal that came by an
    import with its amount begins its history with the first change.
    """

    __tablename__ = "amount_event"
    __table_args__ = (Index("ix_amount_event_deal_id", "deal_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    before_minor: Mapped[int | None] = mapped_column(BigInteger)
    before_currency: Mapped[str | None] = mapped_column(String(3))
    after_minor: Mapped[int | None] = mapped_column(BigInteger)
    after_currency: Mapped[str | None] = mapped_column(String(3))
    at: Mapped[datetime | None]
    why: Mapped[str | None]
    deal: Mapped[Deal] = relationship(back_populates="amount_events")


class ExpectedCloseEvent(Journalled, Base):
    """The day a deal was expected to close became another. The rows are its history, and tell how far it slipped."""

    __tablename__ = "expected_close_event"
    __table_args__ = (Index("ix_expected_close_event_deal_id", "deal_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    before_on: Mapped[date | None]
    after_on: Mapped[date | None]
    at: Mapped[datetime | None]
    why: Mapped[str | None]
    deal: Mapped[Deal] = relationship(back_populates="expected_close_events")
