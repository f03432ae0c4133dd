"""Whom the business knows: parties, how to reach them, where they are, and who belongs to whom."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Double, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship, validates

from crmlib.base import (
    READ_ONLY,
    Base,
    BigId,
    CountryCode,
    Customizable,
    Journalled,
    LongText,
    Money,
    Tracked,
    field,
    folded,
    folded_from,
    from_row,
    money_columns,
)
from crmlib.contacts.likeness import back_key, name_key
from crmlib.i18n import lazy


class PartyKind(StrEnum):
    """What a party is."""

    PERSON = "person"
    ORGANIZATION = "organization"

    @property
    def label(self) -> str:
        return lazy("Person") if self is PartyKind.PERSON else lazy("Organization")


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
    FAX = "fax"
    PAGER = "pager"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    SIGNAL = "signal"
    VIBER = "viber"
    SKYPE = "skype"
    MESSENGER = "messenger"
    WECHAT = "wechat"
    LINE = "line"
    TEAMS = "teams"
    LINKEDIN = "linkedin"
    XING = "xing"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    X = "x"
    TIKTOK = "tiktok"
    YOUTUBE = "youtube"
    WEBSITE = "website"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _CONTACT_LABELS[self]


_CONTACT_LABELS = {
    ContactKind.EMAIL: lazy("E-mail"),
    ContactKind.PHONE: lazy("Phone"),
    ContactKind.MOBILE: lazy("Mobile"),
    ContactKind.FAX: lazy("Fax"),
    ContactKind.PAGER: lazy("Pager"),
    ContactKind.WHATSAPP: lazy("WhatsApp"),
    ContactKind.TELEGRAM: lazy("Telegram"),
    ContactKind.SIGNAL: lazy("Signal"),
    ContactKind.VIBER: lazy("Viber"),
    ContactKind.SKYPE: lazy("Skype"),
    ContactKind.MESSENGER: lazy("Messenger"),
    ContactKind.WECHAT: lazy("WeChat"),
    ContactKind.LINE: lazy("LINE"),
    ContactKind.TEAMS: lazy("Teams"),
    ContactKind.LINKEDIN: lazy("LinkedIn"),
    ContactKind.XING: lazy("XING"),
    ContactKind.FACEBOOK: lazy("Facebook"),
    ContactKind.INSTAGRAM: lazy("Instagram"),
    ContactKind.X: lazy("X (Twitter)"),
    ContactKind.TIKTOK: lazy("TikTok"),
    ContactKind.YOUTUBE: lazy("YouTube"),
    ContactKind.WEBSITE: lazy("Website"),
    ContactKind.OTHER: lazy("Other"),
}


class Channel(StrEnum):
    """The ways we may turn to a party, for what it prefers and what it consents to; `ANY` is all of them."""

    EMAIL = "email"
    PHONE = "phone"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    MESSENGER = "messenger"
    SOCIAL = "social"
    POST = "post"
    FAX = "fax"
    IN_PERSON = "in person"
    ANY = "any"

    @property
    def label(self) -> str:
        return _CHANNEL_LABELS[self]


_CHANNEL_LABELS = {
    Channel.EMAIL: lazy("E-mail"),
    Channel.PHONE: lazy("Phone"),
    Channel.SMS: lazy("SMS"),
    Channel.WHATSAPP: lazy("WhatsApp"),
    Channel.MESSENGER: lazy("Another messenger"),
    Channel.SOCIAL: lazy("Social media"),
    Channel.POST: lazy("Post"),
    Channel.FAX: lazy("Fax"),
    Channel.IN_PERSON: lazy("In person"),
    Channel.ANY: lazy("Any way"),
}


class AddressKind(StrEnum):
    """What an address is used for."""

    HOME = "home"
    WORK = "work"
    BILLING = "billing"
    SHIPPING = "shipping"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _ADDRESS_LABELS[self]


_ADDRESS_LABELS = {
    AddressKind.HOME: lazy("Home"),
    AddressKind.WORK: lazy("Work"),
    AddressKind.BILLING: lazy("Billing"),
    AddressKind.SHIPPING: lazy("Shipping"),
    AddressKind.OTHER: lazy("Other"),
}

SOURCES = (
    ("organic search", lazy("Organic search")),
    ("paid search", lazy("Paid search")),
    ("social", lazy("Social media")),
    ("store visit", lazy("Store visit")),
    ("event", lazy("Event")),
    ("referral", lazy("Referral")),
    ("outbound", lazy("We contacted them")),
    ("email", lazy("E-mail campaign")),
    ("direct", lazy("Came directly")),
    ("partner", lazy("Through a partner")),
    ("import", lazy("Imported")),
    ("other", lazy("Other")),
)
PREFERRED_CHANNELS = tuple((one.value, one.label) for one in Channel if one is not Channel.ANY)
GENDERS = (("female", lazy("Female")), ("male", lazy("Male")), ("other", lazy("Other")))
LEVELS = (("low", lazy("Low")), ("medium", lazy("Medium")), ("high", lazy("High")))


# An affiliation goes with either of its ends, and is nobody's orphan while it is being made.
_WITH_IT = "save-update, merge, delete"
_BYTES = String().with_variant(String(collation="C"), "postgresql")
# Set elsewhere than in the form of the record: seen, filtered, mapped, exported.
_NOT_TYPED = ("list", "filter", "import", "export")
# Worked out from other rows: no part of the record's history, nor of an export of everything.
_KEPT = {"journal": False, "derived": True}


class Party(Customizable, Tracked, Base):
    """A person or an organization: whatever can be sold to, served, mailed, or work with us.

    `owner_id` is the colleague who looks after the party. Everything else in the house hangs on `party.id`.
    """

    __tablename__ = "party"
    __table_args__ = (
        Index("ix_party_lifecycle_folded", "lifecycle", "folded"),
        # The number beside the key: of a name that thousands bear the newest are read from the index alone.
        Index("ix_party_name_key", "name_key", "id"),
        Index("ix_party_back_key", "back_key", "id"),
        # A list is sorted by a value and then by number: an index of both is walked from either end.
        Index("ix_party_owner_id", "owner_id", "id"),
        Index("ix_party_source", "source", "id"),
        Index("ix_party_last_activity_at", "last_activity_at", "id"),
        Index("ix_party_created_at", "created_at", "id"),
        Index("ix_party_lifecycle_is_archived", "lifecycle", "is_archived"),
        Index("ix_party_kept_city_folded", "kept_city_folded", "folded", "id"),
        Index("ix_party_kept_region", "kept_region", "id"),
        Index("ix_party_kept_country", "kept_country", "id"),
        Index("ix_party_kept_organization_id", "kept_organization_id", "id"),
    )

    kind: Mapped[PartyKind] = mapped_column(
        info=field(lazy("Kind"), "choice", choices=PartyKind, shown=READ_ONLY, sensitivity="public")
    )
    name: Mapped[str] = mapped_column(info=field(lazy("Name"), required=True, shown=_NOT_TYPED))
    folded: Mapped[str] = mapped_column(index=True, default=from_row(folded, "name"))
    lifecycle: Mapped[Lifecycle] = mapped_column(
        default=Lifecycle.PROSPECT, info=field(lazy("Lifecycle"), "choice", choices=Lifecycle, required=True)
    )
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("party.id"), info=field(lazy("Owner"), "party", shown=_NOT_TYPED)
    )
    source: Mapped[str | None] = mapped_column(info=field(lazy("Found us by"), "choice", choices=SOURCES))
    source_detail: Mapped[str | None] = mapped_column(
        info=field(lazy("Found us by, in detail"), hint=lazy("The campaign, the fair, who referred them"))
    )
    first_touch_on: Mapped[date | None] = mapped_column(info=field(lazy("First touch"), "date"))
    preferred_channel: Mapped[str | None] = mapped_column(
        String(32), info=field(lazy("Prefers to be reached by"), "choice", choices=PREFERRED_CHANNELS)
    )
    description: Mapped[LongText | None] = mapped_column(info=field(lazy("Description"), "long"))
    # Kept for whoever looks up history, and out of everyday lists.
    is_archived: Mapped[bool] = mapped_column(default=False, server_default=false())

    # By which a party that looks like another is found without a scan; see `likeness`. Derived from the name. Under
    # the "C" order a range of keys is a prefix on both databases.
    name_key: Mapped[str | None] = mapped_column(_BYTES, default=from_row(name_key, "name"))
    back_key: Mapped[str | None] = mapped_column(_BYTES, default=from_row(back_key, "name"))

    # The newest activity that has happened. Kept by triggers on `activities`' tables, outside version and journal,
    # because every list is sorted by it.
    last_activity_at: Mapped[datetime | None] = mapped_column(
        info=field(lazy("Last activity"), "moment", shown=READ_ONLY)
    )

    # Where the party is and whom it belongs to, for lists: of its preferred address, and what that does not say of the
    # one of its organization (where a person works now, what an organization is part of). Kept by the database's
    # triggers beside addresses, affiliations and parents, outside version and journal; see migration 0017.
    kept_organization_id: Mapped[int | None] = mapped_column(BigInteger, info=_KEPT)
    kept_city: Mapped[str | None] = mapped_column(info=_KEPT)
    kept_city_folded: Mapped[str | None] = mapped_column(_BYTES, info=_KEPT)
    kept_region: Mapped[str | None] = mapped_column(info=_KEPT)
    kept_country: Mapped[CountryCode | None] = mapped_column(String(2), info=_KEPT)

    contact_points: Mapped[list["ContactPoint"]] = relationship(
        back_populates="party", order_by="ContactPoint.id", cascade="all, delete-orphan"
    )
    addresses: Mapped[list["Address"]] = relationship(
        back_populates="party", order_by="Address.id", cascade="all, delete-orphan"
    )
    lifecycle_events: Mapped[list["LifecycleEvent"]] = relationship(
        order_by="LifecycleEvent.id", cascade="all, delete-orphan"
    )
    owner: Mapped["Party | None"] = relationship(remote_side="Party.id", foreign_keys="Party.owner_id")

    __mapper_args__ = {"polymorphic_on": "kind", **Tracked.__mapper_args__}  # noqa: RUF012

    @validates("name")
    def _fold(self, _key: str, name: str) -> str:
        self.folded = folded(name)
        self.name_key, self.back_key = name_key(self.folded), back_key(self.folded)
        return name

    @property
    def concerns_party_id(self) -> int | None:
        return self.id

    @property
    def address(self) -> "Address | None":
        """The preferred address, or the first one."""
        return next((one for one in self.addresses if one.is_preferred), next(iter(self.addresses), None))


class Person(Party):
    """A human being. One name is a whole name (Suparman): only `given_name` is needed.

    `salutation` (Dr., Mrs.) and `suffix` (Jr., PhD) stand around the name in letters and are no part of it in lists.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(BigId, ForeignKey("party.id"), primary_key=True)
    given_name: Mapped[str] = mapped_column(info=field(lazy("Given names"), required=True, sensitivity="personal"))
    family_name: Mapped[str | None] = mapped_column(
        info=field(lazy("Family name"), hint=lazy("Leave empty if the person has one name"), sensitivity="personal")
    )
    salutation: Mapped[str | None] = mapped_column(info=field(lazy("Salutation"), hint=lazy("Such as Mrs. or Dr.")))
    middle_name: Mapped[str | None] = mapped_column(info=field(lazy("Middle name")))
    suffix: Mapped[str | None] = mapped_column(info=field(lazy("Suffix"), hint=lazy("Such as Jr. or PhD")))
    nickname: Mapped[str | None] = mapped_column(info=field(lazy("Nickname")))
    phonetic_given_name: Mapped[str | None] = mapped_column(info=field(lazy("Given names as spoken")))
    phonetic_family_name: Mapped[str | None] = mapped_column(info=field(lazy("Family name as spoken")))
    pronouns: Mapped[str | None] = mapped_column(info=field(lazy("Pronouns")))
    gender: Mapped[str | None] = mapped_column(info=field(lazy("Gender"), "choice", choices=GENDERS))
    job_title: Mapped[str | None] = mapped_column(info=field(lazy("Job title")))
    birthday_on: Mapped[date | None] = mapped_column(
        info=field(lazy("Birthday"), "date", sensitivity="personal"), index=True
    )
    anniversary_on: Mapped[date | None] = mapped_column(
        info=field(lazy("Anniversary"), "date", hint=lazy("Such as the wedding day"), sensitivity="personal")
    )
    languages: Mapped[str | None] = mapped_column(info=field(lazy("Languages"), sensitivity="personal"))
    education: Mapped[str | None] = mapped_column(info=field(lazy("Education"), sensitivity="personal"))
    income_band: Mapped[str | None] = mapped_column(info=field(lazy("Income band"), sensitivity="sensitive"))
    tech_literacy: Mapped[str | None] = mapped_column(
        info=field(lazy("Tech literacy"), "choice", choices=LEVELS, sensitivity="personal")
    )

    affiliations: Mapped[list["Affiliation"]] = relationship(
        back_populates="person", foreign_keys="Affiliation.person_id", order_by="Affiliation.id", cascade=_WITH_IT
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
    legal_name: Mapped[str | None] = mapped_column(info=field(lazy("Legal name")))
    registration_number: Mapped[str | None] = mapped_column(info=field(lazy("Registration number")))
    tax_number: Mapped[str | None] = mapped_column(info=field(lazy("Tax number")), index=True)
    sector: Mapped[str | None] = mapped_column(info=field(lazy("Sector"), sensitivity="public"))
    founded_year: Mapped[int | None] = mapped_column(info=field(lazy("Founded"), "number", low=1000, high=2200))
    n_employees: Mapped[int | None] = mapped_column(info=field(lazy("Employees"), "number", low=0))
    website: Mapped[str | None] = mapped_column(info=field(lazy("Website"), "url", sensitivity="public"))
    annual_revenue_minor, annual_revenue_currency = money_columns(
        "annual_revenue_minor", "annual_revenue_currency", info=field(lazy("Turnover a year"), "money")
    )
    annual_revenue: Mapped[Money | None] = composite(
        annual_revenue_minor, annual_revenue_currency, return_none_on=lambda minor, currency: minor is None
    )
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("organization.id"), index=True, info=field(lazy("Belongs to"), "party", shown=_NOT_TYPED)
    )

    parent: Mapped["Organization | None"] = relationship(
        foreign_keys=parent_id, remote_side="Organization.id", back_populates="subsidiaries"
    )
    subsidiaries: Mapped[list["Organization"]] = relationship(
        foreign_keys=parent_id, back_populates="parent", order_by="Organization.name"
    )
    affiliations: Mapped[list["Affiliation"]] = relationship(
        back_populates="organization",
        foreign_keys="Affiliation.organization_id",
        order_by="Affiliation.id",
        cascade=_WITH_IT,
    )

    __mapper_args__ = {  # noqa: RUF012
        "polymorphic_identity": PartyKind.ORGANIZATION,
        "inherit_condition": id == Party.id,  # noqa: A003
    }


class ContactPoint(Tracked, Base):
    """One way to reach a party: `value` as it was typed, `normalised` as machines compare it (E.164, lower case).

    `is_preferred` is the one to use among those of its kind. `is_doubtful` marks what an import kept although it
    cannot be an address or a number; `verified_at` when it was proved right, `bounced_at` when it was proved wrong.
    """

    __tablename__ = "contact_point"

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[ContactKind] = mapped_column(info=field(lazy("Kind"), "choice", choices=ContactKind, required=True))
    value: Mapped[str] = mapped_column(info=field(lazy("Contact"), required=True, sensitivity="personal"))
    normalised: Mapped[str] = mapped_column(index=True)
    label: Mapped[str | None] = mapped_column(info=field(lazy("Label")))
    is_preferred: Mapped[bool] = mapped_column(default=False, info=field(lazy("Preferred"), "flag", shown=_NOT_TYPED))
    is_doubtful: Mapped[bool] = mapped_column(default=False, server_default=false())
    verified_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    bounce_reason: Mapped[str | None] = mapped_column(info=field(lazy("Why it came back")))
    party: Mapped[Party] = relationship(back_populates="contact_points")

    @property
    def is_verified(self) -> bool:
        """Proved right, and not proved wrong since."""
        return self.verified_at is not None and (self.bounced_at is None or self.bounced_at < self.verified_at)

    @property
    def is_bounced(self) -> bool:
        """Proved wrong, and not proved right since."""
        return self.bounced_at is not None and not self.is_verified


class Address(Tracked, Base):
    """Where a party can be visited or written to, one of them preferred. `country` is an ISO 3166 code.

    `latitude` and `longitude` are degrees (WGS 84), north and east positive.
    """

    __tablename__ = "address"
    __table_args__ = (
        Index(
            "uq_address_preferred",
            "party_id",
            unique=True,
            sqlite_where=text("is_preferred"),
            postgresql_where=text("is_preferred"),
        ),
        Index("ix_address_postal_code", "postal_code", "id"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[AddressKind | None] = mapped_column(info=field(lazy("Kind"), "choice", choices=AddressKind))
    street: Mapped[str | None] = mapped_column(info=field(lazy("Street"), sensitivity="personal"))
    extra: Mapped[str | None] = mapped_column(info=field(lazy("Building, floor, flat")))
    po_box: Mapped[str | None] = mapped_column(info=field(lazy("Post office box")))
    postal_code: Mapped[str | None] = mapped_column(info=field(lazy("Postal code"), sensitivity="personal"))
    city: Mapped[str | None] = mapped_column(info=field(lazy("City")), index=True)
    region: Mapped[str | None] = mapped_column(info=field(lazy("Region")))
    country: Mapped[CountryCode | None] = mapped_column(String(2), info=field(lazy("Country"), "country"))
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    is_preferred: Mapped[bool] = mapped_column(default=False, info=field(lazy("Preferred"), "flag", shown=_NOT_TYPED))
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
    department: Mapped[str | None] = mapped_column(info=field(lazy("Department")))
    from_on: Mapped[date | None] = mapped_column(info=field(lazy("From"), "date"))
    to_on: Mapped[date | None] = mapped_column(info=field(lazy("Until"), "date"))
    is_primary: Mapped[bool] = mapped_column(
        default=False, info=field(lazy("Main occupation"), "flag", shown=_NOT_TYPED)
    )
    person: Mapped[Person] = relationship(back_populates="affiliations", foreign_keys=person_id)
    organization: Mapped[Organization] = relationship(back_populates="affiliations", foreign_keys=organization_id)

    @property
    def concerns_party_id(self) -> int | None:
        return self.person_id


class LifecycleEvent(Journalled, Base):
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
