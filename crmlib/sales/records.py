"""What may be sold, to whom, by whom, and how far each sale has come."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship, validates

from crmlib.base import Base, BigId, LongText, Money, Tracked, field, folded, folded_from, money_columns
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.i18n import lazy


class StageKind(StrEnum):
    """What a stage means, whatever it is called: a deal is won because its stage says so."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


LOST_REASONS = (
    ("price", lazy("Price")),
    ("competitor", lazy("Went with another supplier")),
    ("no budget", lazy("No budget this year")),
    ("no answer", lazy("No answer")),
    ("cannot deliver", lazy("We cannot deliver it")),
    ("other", lazy("Other")),
)


class Pipeline(Tracked, Base):
    """A way of selling, with the stages that a deal goes through."""

    __tablename__ = "pipeline"

    name: Mapped[str] = mapped_column(unique=True, info=field(lazy("Pipeline"), required=True))
    stages: Mapped[list["Stage"]] = relationship(back_populates="pipeline", order_by="Stage.position")


class Stage(Tracked, Base):
    """A step of a pipeline. `position` orders them from 0; `kind` says what being here means."""

    __tablename__ = "stage"
    __table_args__ = (UniqueConstraint("pipeline_id", "name"),)

    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipeline.id"), index=True)
    name: Mapped[str] = mapped_column(info=field(lazy("Stage"), required=True))
    position: Mapped[int]
    kind: Mapped[StageKind] = mapped_column(default=StageKind.OPEN)
    pipeline: Mapped[Pipeline] = relationship(back_populates="stages")


class Seller(Base):
    """A colleague's part in selling: who leads them, and the region they sell in."""

    __tablename__ = "seller"

    party_id: Mapped[int] = mapped_column(BigId, ForeignKey("party.id"), primary_key=True)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    region: Mapped[str | None]
    party: Mapped[Party] = relationship(foreign_keys=party_id)
    manager: Mapped[Party | None] = relationship(foreign_keys=manager_id)


class Deal(Tracked, Base):
    """A sale that may happen; other systems say *opportunity*.

    `amount` is the expected total without tax, and the agreed one when it is won; None where nobody has said.
    `expected_close_on` is a hope, `closed_on` a fact: it is there exactly when the stage is won or lost.
    `opened_on` is the day work on it began, None where the source does not say.
    """

    __tablename__ = "deal"
    __table_args__ = (
        CheckConstraint("(amount_minor IS NULL) OR (currency IS NOT NULL)", name="amount_has_currency"),
        Index("ix_deal_stage_id_expected", "stage_id", "expected_close_on", "id"),
    )

    name: Mapped[str] = mapped_column(info=field(lazy("Deal"), required=True))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    stage_id: Mapped[int] = mapped_column(ForeignKey("stage.id"))
    amount_minor, currency = money_columns("amount_minor", "currency")
    amount: Mapped[Money | None] = composite(
        amount_minor, currency, return_none_on=lambda minor, currency: minor is None
    )
    opened_on: Mapped[date | None] = mapped_column(info=field(lazy("Opened"), "date"))
    expected_close_on: Mapped[date | None] = mapped_column(info=field(lazy("Expected close"), "date"))
    closed_on: Mapped[date | None] = mapped_column(index=True)
    lost_reason: Mapped[str | None] = mapped_column(info=field(lazy("Reason"), choices=LOST_REASONS))
    lost_note: Mapped[LongText | None] = mapped_column(info=field(lazy("What could we have done?"), "long"))
    folded: Mapped[str | None] = mapped_column(default=folded_from("name"))

    stage: Mapped[Stage] = relationship()
    party: Mapped[Party | None] = relationship(foreign_keys=party_id)
    owner: Mapped[Party | None] = relationship(foreign_keys=owner_id)
    product: Mapped[Product | None] = relationship()
    stage_events: Mapped[list["StageEvent"]] = relationship(back_populates="deal", order_by="StageEvent.id")

    @validates("name")
    def _fold(self, _key: str, name: str) -> str:
        self.folded = folded(name)
        return name


class StageEvent(Base):
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
