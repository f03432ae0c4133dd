"""Consent: what a party allowed us, when and how, as rows that no edit touches."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crmlib.base import Base, LongText, Tracked, field
from crmlib.contacts.records.party import Channel
from crmlib.i18n import lazy


class Purpose(StrEnum):
    """What somebody is contacted, or their data used, for; `ANY` is all of it."""

    MARKETING = "marketing"
    NEWSLETTER = "newsletter"
    SALES = "sales"
    SERVICE = "service"
    SURVEY = "survey"
    EVENTS = "events"
    PROFILING = "profiling"
    SHARING = "sharing"
    ANY = "any"

    @property
    def label(self) -> str:
        return _PURPOSE_LABELS[self]


_PURPOSE_LABELS = {
    Purpose.MARKETING: lazy("Marketing"),
    Purpose.NEWSLETTER: lazy("Newsletter"),
    Purpose.SALES: lazy("Sales"),
    Purpose.SERVICE: lazy("Service"),
    Purpose.SURVEY: lazy("Surveys"),
    Purpose.EVENTS: lazy("Events"),
    Purpose.PROFILING: lazy("Profiling"),
    Purpose.SHARING: lazy("Sharing with partners"),
    Purpose.ANY: lazy("Any purpose"),
}


class LawfulBasis(StrEnum):
    """Why data may be used: the points of Article 6(1) of the GDPR."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal obligation"
    VITAL_INTERESTS = "vital interests"
    PUBLIC_TASK = "public task"
    LEGITIMATE_INTERESTS = "legitimate interests"

    @property
    def label(self) -> str:
        return _BASIS_LABELS[self]


_BASIS_LABELS = {
    LawfulBasis.CONSENT: lazy("Consent (6.1a)"),
    LawfulBasis.CONTRACT: lazy("Contract (6.1b)"),
    LawfulBasis.LEGAL_OBLIGATION: lazy("Legal obligation (6.1c)"),
    LawfulBasis.VITAL_INTERESTS: lazy("Vital interests (6.1d)"),
    LawfulBasis.PUBLIC_TASK: lazy("Public task (6.1e)"),
    LawfulBasis.LEGITIMATE_INTERESTS: lazy("Legitimate interests (6.1f)"),
}


class ConsentChange(StrEnum):
    """What was said. `LIFTED` takes back a *do not contact* and gives nothing by itself."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    LIFTED = "lifted"

    @property
    def label(self) -> str:
        return _CHANGE_LABELS[self]


_CHANGE_LABELS = {
    ConsentChange.GIVEN: lazy("Given"),
    ConsentChange.WITHDRAWN: lazy("Withdrawn"),
    ConsentChange.LIFTED: lazy("Lifted"),
}


class ConsentEvent(Tracked, Base):
    """What a party said about being contacted: never changed afterwards, only followed by another row.

    The proof that Article 7 asks for: `how` it was said (double opt-in, on paper, by phone), `source` where (a form's
    address, a fair), `text_version` which wording was shown, `evidence` what shows it (an IP address and moment, the
    number of a document).
    """

    __tablename__ = "consent_event"
    __table_args__ = (Index("ix_consent_event_party_id_at", "party_id", "at"),)

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    channel: Mapped[Channel] = mapped_column(info=field(lazy("Channel"), "choice", choices=Channel, required=True))
    purpose: Mapped[Purpose] = mapped_column(info=field(lazy("Purpose"), "choice", choices=Purpose, required=True))
    change: Mapped[ConsentChange] = mapped_column(
        info=field(lazy("Consent"), "choice", choices=ConsentChange, required=True)
    )
    basis: Mapped[LawfulBasis] = mapped_column(
        default=LawfulBasis.CONSENT, info=field(lazy("Lawful basis"), "choice", choices=LawfulBasis)
    )
    at: Mapped[datetime]
    how: Mapped[str | None] = mapped_column(info=field(lazy("How it was said")))
    source: Mapped[str | None] = mapped_column(info=field(lazy("Where it was said")))
    text_version: Mapped[str | None] = mapped_column(info=field(lazy("Wording")))
    evidence: Mapped[LongText | None] = mapped_column(info=field(lazy("Evidence"), "long"))
