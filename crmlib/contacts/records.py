"""Whom the business knows: parties, how to reach them, where they are, and who belongs to whom."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship, validates

from crmlib.base import Base, BigId, CountryCode, LongText, Money, Tracked, field, folded, folded_from, money_columns
from crmlib.i18n import lazy


class PartyKind(StrEnum):
    """What a party is."""

    PERSON = "person"
    ORGANIZATION = "organization"


class Lifecycle(StrEnum):
    """Where a party stands with us."""

    PROSPECT = "prospect"
    LEAD = "lead"
    CUSTOMER = "customer"
    FORMER = "former"
    PARTNER = "partner"
    SUPPLIER = "supplier"
    COLLEAGUE = "colleague"

    @property
    def label(self) -> str:
        return _LIFECYCLE_LABELS[self]


_LIFECYCLE_LABELS = {
    Lifecycle.PROSPECT: lazy("Prospect"),
    Lifecycle.LEAD: lazy("Lead"),
    Lifecycle.CUSTOMER: lazy("Customer"),
    Lifecycle.FORMER: lazy("Former customer"),
    Lifecycle.PARTNER: lazy("Partner"),
    Lifecycle.SUPPLIER: lazy("Supplier"),
    Lifecycle.COLLEAGUE: lazy("Colleague"),
}


class ContactKind(StrEnum):
    """A way to reach a party."""

    EMAIL = "email"
    PHONE = "phone"
    MOBILE = "mobile"
    WHATSAPP = "whatsapp"
    WEBSITE = "website"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _CONTACT_LABELS[self]


_CONTACT_LABELS = {
    ContactKind.EMAIL: lazy("E-mail"),
    ContactKind.PHONE: lazy("Phone"),
    ContactKind.MOBILE: lazy("Mobile"),
    ContactKind.WHATSAPP: lazy("WhatsApp"),
    ContactKind.WEBSITE: lazy("Website"),
    ContactKind.OTHER: lazy("Other"),
}

SOURCES = (
    ("organic search", lazy("Organic search")),
    ("paid search", lazy("Paid search")),
    ("social", lazy("Social media")),
    ("store visit", lazy("Store visit")),
    ("event", lazy("Event")),
    ("referral", lazy("Referral")),
    ("outbound", lazy("We contacted them")),
    ("import", lazy("Imported")),
)
LEVELS = (("low", lazy("Low")), ("medium", lazy("Medium")), ("high", lazy("High")))


class Party(Tracked, Base):
    """A person or an organization: whatever can be sold to, served, mailed, or work with us.

    `owner_id` is the colleague who looks after the party. Everything else in the house hangs on `party.id`.
    """

    __tablename__ = "party"
    __table_args__ = (Index("ix_party_lifecycle_folded", "lifecycle", "folded"),)

    kind: Mapped[PartyKind]
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True, default=folded_from("name"))
    lifecycle: Mapped[Lifecycle] = mapped_column(
        default=Lifecycle.PROSPECT, info=field(lazy("Lifecycle"), "choice", choices=Lifecycle, required=True)
    )
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    source: Mapped[str | None] = mapped_column(info=field(lazy("Found us by"), "choice", choices=SOURCES))

    # The newest activity that has happened. Kept by `activities` beside its own rows, outside version and journal,
    # because every list is sorted by it.
    last_activity_at: Mapped[datetime | None] = mapped_column(index=True)

    contact_points: Mapped[list["ContactPoint"]] = relationship(
        back_populates="party", order_by="ContactPoint.id", cascade="all, delete-orphan"
    )
    addresses: Mapped[list["Address"]] = relationship(
        back_populates="party", order_by="Address.id", cascade="all, delete-orphan"
    )
    lifecycle_events: Mapped[list["LifecycleEvent"]] = relationship(order_by="LifecycleEvent.id")
    owner: Mapped["Party | None"] = relationship(remote_side="Party.id", foreign_keys="Party.owner_id")

    __mapper_args__ = {"polymorphic_on": "kind", **Tracked.__mapper_args__}  # noqa: RUF012

    @validates("name")
    def _fold(self, _key: str, name: str) -> str:
        self.folded = folded(name)
        return name

    @property
    def concerns_party_id(self) -> int | None:
        return self.id

    @property
    def address(self) -> "Address | None":
        """The preferred address, or the first one."""
        return next((one for one in self.addresses if one.is_preferred), next(iter(self.addresses), None))


class Person(Party):
    """A human being. One name is a whole name (Suparman): only `given_name` is needed."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(BigId, ForeignKey("party.id"), primary_key=True)
    given_name: Mapped[str] = mapped_column(info=field(lazy("Given names"), required=True))
    family_name: Mapped[str | None] = mapped_column(
        info=field(lazy("Family name"), hint=lazy("Leave empty if the person has one name"))
    )
    job_title: Mapped[str | None] = mapped_column(info=field(lazy("Job title")))
    birthday_on: Mapped[date | None] = mapped_column(info=field(lazy("Birthday"), "date"))
    languages: Mapped[str | None] = mapped_column(info=field(lazy("Languages")))
    education: Mapped[str | None] = mapped_column(info=field(lazy("Education")))
    income_band: Mapped[str | None] = mapped_column(info=field(lazy("Income band")))
    tech_literacy: Mapped[str | None] = mapped_column(info=field(lazy("Tech literacy"), "choice", choices=LEVELS))

    affiliations: Mapped[list["Affiliation"]] = relationship(
        back_populates="person", foreign_keys="Affiliation.person_id", order_by="Affiliation.id"
    )

    __mapper_args__ = {"polymorphic_identity": PartyKind.PERSON}  # noqa: RUF012

    def rename(self, given_name: str, family_name: str | None) -> None:
        """Set both names and the whole name that lists show."""
        self.given_name, self.family_name = given_name, family_name or None
        self.name = " ".join(part for part in (given_name, family_name) if part)


class Organization(Party):
    """A company, an authority, a school, a club. `parent_id` is the organization it belongs to.

    `annual_revenue` is what it turns over in a year, all its business and not only what it buys from us.
    """

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(BigId, ForeignKey("party.id"), primary_key=True)
    sector: Mapped[str | None] = mapped_column(info=field(lazy("Sector")))
    founded_year: Mapped[int | None] = mapped_column(info=field(lazy("Founded"), "number", low=1000, high=2200))
    n_employees: Mapped[int | None] = mapped_column(info=field(lazy("Employees"), "number", low=0))
    website: Mapped[str | None] = mapped_column(info=field(lazy("Website"), "url"))
    annual_revenue_minor, annual_revenue_currency = money_columns("annual_revenue_minor", "annual_revenue_currency")
    annual_revenue: Mapped[Money | None] = composite(
        annual_revenue_minor, annual_revenue_currency, return_none_on=lambda minor, currency: minor is None
    )
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)

    parent: Mapped["Organization | None"] = relationship(
        foreign_keys=parent_id, remote_side="Organization.id", back_populates="subsidiaries"
    )
    subsidiaries: Mapped[list["Organization"]] = relationship(
        foreign_keys=parent_id, back_populates="parent", order_by="Organization.name"
    )
    affiliations: Mapped[list["Affiliation"]] = relationship(
        back_populates="organization", foreign_keys="Affiliation.organization_id", order_by="Affiliation.id"
    )

    __mapper_args__ = {  # noqa: RUF012
        "polymorphic_identity": PartyKind.ORGANIZATION,
        "inherit_condition": id == Party.id,  # noqa: A003
    }


class ContactPoint(Tracked, Base):
    """One way to reach a party: `value` as it was typed, `normalised` as machines compare it (E.164, lower case)."""

    __tablename__ = "contact_point"

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[ContactKind] = mapped_column(info=field(lazy("Kind"), "choice", choices=ContactKind, required=True))
    value: Mapped[str] = mapped_column(info=field(lazy("Contact"), required=True))
    normalised: Mapped[str] = mapped_column(index=True)
    label: Mapped[str | None] = mapped_column(info=field(lazy("Label")))
    is_preferred: Mapped[bool] = mapped_column(default=False)
    party: Mapped[Party] = relationship(back_populates="contact_points")


class Address(Tracked, Base):
    """Where a party can be visited or written to, one of them preferred. `country` is an ISO 3166 code."""

    __tablename__ = "address"
    __table_args__ = (
        Index(
            "uq_address_preferred",
            "party_id",
            unique=True,
            sqlite_where=text("is_preferred"),
            postgresql_where=text("is_preferred"),
        ),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    street: Mapped[str | None] = mapped_column(info=field(lazy("Street")))
    postal_code: Mapped[str | None] = mapped_column(info=field(lazy("Postal code")))
    city: Mapped[str | None] = mapped_column(info=field(lazy("City")), index=True)
    region: Mapped[str | None] = mapped_column(info=field(lazy("Region")))
    country: Mapped[CountryCode | None] = mapped_column(String(2), info=field(lazy("Country"), "country"))
    is_preferred: Mapped[bool] = mapped_column(default=False)
    # The city as it is searched.
    folded: Mapped[str | None] = mapped_column(default=folded_from("city"))
    party: Mapped[Party] = relationship(back_populates="addresses")

    @validates("city")
    def _fold(self, _key: str, city: str | None) -> str | None:
        self.folded = folded(city) if city else None
        return city


class Affiliation(Tracked, Base):
    """A person's part in an organization, from one day to another."""

    __tablename__ = "affiliation"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    role: Mapped[str | None] = mapped_column(info=field(lazy("Role")))
    from_on: Mapped[date | None]
    to_on: Mapped[date | None]
    is_primary: Mapped[bool] = mapped_column(default=False)
    person: Mapped[Person] = relationship(back_populates="affiliations", foreign_keys=person_id)
    organization: Mapped[Organization] = relationship(back_populates="affiliations", foreign_keys=organization_id)

    @property
    def concerns_party_id(self) -> int | None:
        return self.person_id


class LifecycleEvent(Base):
    """The day a party changed its standing with us; the rows together are its history."""

    __tablename__ = "lifecycle_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    lifecycle: Mapped[Lifecycle]
    at: Mapped[datetime]
    reason: Mapped[LongText | None]


def primary_affiliation(person: Person) -> Affiliation | None:
    """The affiliation to show beside a person's name: the primary one that still holds, or the newest."""
    current = [one for one in person.affiliations if one.to_on is None]
    return next((one for one in current if one.is_primary), current[-1] if current else None)
