"""Leads: inquiries, before it is known whether there is a sale in them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from crmlib.base import Base, BigId, Customizable, Journalled, LongText, Money, Tracked, field, money_columns
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.i18n import lazy
from crmlib.sales.records.deal import Deal


class LeadKind(StrEnum):
    """What a lead's status means, whatever it is called."""

    OPEN = "open"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"


class LeadStatus(StrEnum):
    """How far an inquiry has come; `kind` says what that means."""

    NEW = "new"
    WORKING = "working"
    WAITING = "waiting"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"

    @property
    def label(self) -> str:
        return _STATUS_LABELS[self]

    @property
    def kind(self) -> LeadKind:
        return LeadKind(self.value) if self.value in {"qualified", "disqualified"} else LeadKind.OPEN

    @classmethod
    def of_kind(cls, kind: LeadKind) -> list["LeadStatus"]:
        """All that mean this."""
        return [status for status in cls if status.kind is kind]


_STATUS_LABELS = {
    LeadStatus.NEW: lazy("New"),
    LeadStatus.WORKING: lazy("In work"),
    LeadStatus.WAITING: lazy("Later"),
    LeadStatus.QUALIFIED: lazy("Qualified"),
    LeadStatus.DISQUALIFIED: lazy("Disqualified"),
}

LEAD_ORIGINS = (
    ("landing page", lazy("Landing page")),
    ("form", lazy("Form")),
    ("api", lazy("API")),
    ("e-mail", lazy("E-mail")),
    ("phone", lazy("Phone")),
    ("chat", lazy("Chat")),
    ("visit", lazy("Visit")),
    ("event", lazy("Event")),
    ("referral", lazy("Referral")),
    ("import", lazy("Import")),
    ("by hand", lazy("Entered by hand")),
)
RATINGS = (("hot", lazy("Hot")), ("warm", lazy("Warm")), ("cold", lazy("Cold")))
DISQUALIFIED_REASONS = (
    ("no interest", lazy("No interest")),
    ("no budget", lazy("No budget")),
    ("no answer", lazy("No answer")),
    ("not a fit", lazy("Not what we offer")),
    ("already customer", lazy("Is a customer already")),
    ("duplicate", lazy("Asked twice")),
    ("wrong data", lazy("Cannot be reached")),
    ("spam", lazy("Spam")),
    ("other", lazy("Other")),
)


class Lead(Customizable, Tracked, Base):
    """An inquiry about a party: somebody may want something, and nobody knows yet whether there is a sale in it.

    Who asks is a party like any other; the same party may ask again, which is another lead. `source` is where it
    came from in a word (Google, referral), `source_detail`, `campaign` and `keyword` say it closer; `origin` is the
    door it came through (landing page, API, import). `score` is 0 to 100, higher is likelier, `score_reason` why.
    `first_response_at` is when somebody first answered, `closed_at` when it was qualified or disqualified. `amount`
    is what the sale might be worth without tax. What a web form sent besides is kept in `details` as it came.

    A lead that is qualified opens a deal that points back by `Deal.lead_id`; nothing is copied onto it.
    """

    __tablename__ = "lead"
    __table_args__ = (
        CheckConstraint("(amount_minor IS NULL) OR (currency IS NOT NULL)", name="amount_has_currency"),
        CheckConstraint("(score IS NULL) OR (score BETWEEN 0 AND 100)", name="score_is_a_percentage"),
        Index("ix_lead_status_received_at", "status", "received_at", "id"),
        Index("ix_lead_owner_id_status", "owner_id", "status"),
        Index("ix_lead_received_at", "received_at", "id"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    status: Mapped[LeadStatus] = mapped_column(
        default=LeadStatus.NEW, info=field(lazy("Status"), "choice", choices=LeadStatus, required=True)
    )
    subject: Mapped[str | None] = mapped_column(info=field(lazy("Subject")))
    message: Mapped[LongText | None] = mapped_column(info=field(lazy("Message"), "long"))
    source: Mapped[str | None] = mapped_column(index=True, info=field(lazy("Source")))
    source_detail: Mapped[str | None] = mapped_column(info=field(lazy("Source in detail")))
    campaign: Mapped[str | None] = mapped_column(info=field(lazy("Campaign")))
    keyword: Mapped[str | None] = mapped_column(info=field(lazy("Keyword")))
    origin: Mapped[str | None] = mapped_column(info=field(lazy("Came by"), "choice", choices=LEAD_ORIGINS))
    rating: Mapped[str | None] = mapped_column(info=field(lazy("Rating"), "choice", choices=RATINGS))
    score: Mapped[int | None] = mapped_column(info=field(lazy("Score"), "number", low=0, high=100))
    score_reason: Mapped[LongText | None] = mapped_column(info=field(lazy("Why this score"), "long"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    amount_minor, currency = money_columns("amount_minor", "currency")
    amount: Mapped[Money | None] = composite(
        amount_minor, currency, return_none_on=lambda minor, currency: minor is None
    )
    received_at: Mapped[datetime | None]
    first_response_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    disqualified_reason: Mapped[str | None] = mapped_column(info=field(lazy("Reason"), choices=DISQUALIFIED_REASONS))
    disqualified_note: Mapped[LongText | None] = mapped_column(info=field(lazy("Note"), "long"))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    party: Mapped[Party] = relationship(foreign_keys=party_id)
    owner: Mapped[Party | None] = relationship(foreign_keys=owner_id)
    product: Mapped[Product | None] = relationship()
    deals: Mapped[list[Deal]] = relationship(back_populates="lead", order_by="Deal.id")
    status_events: Mapped[list["LeadStatusEvent"]] = relationship(
        back_populates="lead", order_by="LeadStatusEvent.id", cascade="all, delete-orphan"
    )

    @property
    def kind(self) -> LeadKind:
        """Whether it is open, qualified or disqualified."""
        return self.status.kind


class LeadStatusEvent(Journalled, Base):
    """A lead took a status. The rows together are its history, and are never changed.

    `at` is None where the source of an imported lead does not say when.
    """

    __tablename__ = "lead_status_event"
    __table_args__ = (Index("ix_lead_status_event_lead_id", "lead_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"))
    status: Mapped[LeadStatus]
    at: Mapped[datetime | None]
    reason: Mapped[str | None]
    lead: Mapped[Lead] = relationship(back_populates="status_events")
