"""What may be done with parties."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import Field, InvalidInput, Money, Refused, as_json, fields_of, find, tell
from crmlib.contacts.editing import conflict as _conflict
from crmlib.contacts.editing import refuse_backwards
from crmlib.contacts.events import LifecycleChanged, PartyAdded
from crmlib.contacts.reach import normalise
from crmlib.contacts.records import (
    Address,
    Affiliation,
    ContactKind,
    ContactPoint,
    Lifecycle,
    LifecycleEvent,
    Organization,
    Party,
    Person,
    primary_affiliation,
)
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy


def add_person(
    session: Session,
    *,
    given_name: str,
    family_name: str | None = None,
    at: datetime,
    email: str | None = None,
    phone: str | None = None,
    organization: Organization | int | None = None,
    role: str | None = None,
    lifecycle: Lifecycle = Lifecycle.PROSPECT,
    owner: Party | int | None = None,
    phone_country: str | None = None,
    **facts: Any,
) -> Person:
    """A person we know from now on. `facts` are other fields of Person or Address (`city`, `country`, `birthday_on`).

    Raises InvalidInput for a value that cannot be; nothing is kept then.
    """
    known = fields_of(Person)
    person = Person(
        given_name=known["given_name"].read(given_name),
        family_name=known["family_name"].read(family_name),
        name="",
        lifecycle=lifecycle,
    )
    person.rename(person.given_name, person.family_name)
    _settle(session, person, at=at, owner=owner, facts=facts)
    if organization is not None:
        affiliate(session, person, organization, role=role or facts.get("job_title"), is_primary=True)
    _reach(session, person, email=email, phone=phone, phone_country=phone_country)
    return person


def add_organization(
    session: Session,
    *,
    name: str,
    at: datetime,
    email: str | None = None,
    phone: str | None = None,
    parent: Organization | int | None = None,
    annual_revenue: Money | None = None,
    lifecycle: Lifecycle = Lifecycle.PROSPECT,
    owner: Party | int | None = None,
    phone_country: str | None = None,
    **facts: Any,
) -> Organization:
    """An organization we know from now on. `facts` are other fields of Organization or Address.

    Raises InvalidInput for a value that cannot be; nothing is kept then.
    """
    organization = Organization(name=NAME.read(name), lifecycle=lifecycle, annual_revenue=annual_revenue)
    if parent is not None:
        organization.parent = find(session, Organization, parent)
    _settle(session, organization, at=at, owner=owner, facts=facts)
    _reach(session, organization, email=email, phone=phone, phone_country=phone_country)
    return organization


def add_contact_point(
    session: Session,
    party: Party | int,
    *,
    kind: ContactKind | str,
    value: str,
    label: str | None = None,
    is_preferred: bool = False,
    country: str | None = None,
    keep_doubtful: bool = False,
) -> ContactPoint:
    """One more way to reach `party`. A number without a country code is read as one of `country`.

    Raises InvalidInput for what cannot be an address or a number of that kind; an import that must lose nothing
    says `keep_doubtful`, and then it is kept as it came, flagged `is_doubtful`.
    """
    party = find(session, Party, party)
    known = fields_of(ContactPoint)
    kind = ContactKind(known["kind"].read(kind))
    value = known["value"].read(value)
    try:
        normalised, is_doubtful = normalise(kind, value, country=country or _home(session, party)), False
    except InvalidInput:
        if not keep_doubtful:
            raise
        normalised, is_doubtful = value.casefold(), True
    point = ContactPoint(
        kind=kind,
        value=value,
        normalised=normalised,
        label=known["label"].read(label),
        is_preferred=is_preferred,
        is_doubtful=is_doubtful,
    )
    if any((one.kind, one.normalised) == (kind, point.normalised) for one in party.contact_points):
        raise Refused(_("{value} is here already.").format(value=value))
    if is_preferred:
        for other in party.contact_points:
            other.is_preferred = other.is_preferred and other.kind != kind
    party.contact_points.append(point)
    return point


def edit_contact_point(
    session: Session,
    point: ContactPoint | int,
    value: str,
    *,
    was: str | None = None,
    country: str | None = None,
) -> ContactPoint:
    """Write a contact point anew; an empty value removes it. `was` is the value that the editor saw."""
    point = find(session, ContactPoint, point)
    if was is not None and point.value != was:
        raise _conflict({"value": value}, {"value": point.value})
    if not value.strip():
        point.party.contact_points.remove(point)
        return point
    read = fields_of(ContactPoint)["value"].read(value)
    normalised = normalise(point.kind, read, country=country or _home(session, point.party))
    if point.normalised != normalised:
        # What was proved of the old address says nothing of the new one.
        point.verified_at = point.bounced_at = point.bounce_reason = None
    point.value, point.normalised, point.is_doubtful = read, normalised, False
    return point


def affiliate(
    session: Session,
    person: Person | int,
    organization: Organization | int,
    *,
    role: str | None = None,
    department: str | None = None,
    from_on: date | None = None,
    to_on: date | None = None,
    is_primary: bool = False,
) -> Affiliation:
    """Say that `person` belongs to `organization`; a primary affiliation takes that place from another."""
    person, organization = find(session, Person, person), find(session, Organization, organization)
    if is_primary:
        for other in person.affiliations:
            other.is_primary = False
    refuse_backwards(from_on, to_on)
    link = Affiliation(role=role, department=department, from_on=from_on, to_on=to_on, is_primary=is_primary)
    person.affiliations.append(link)
    link.organization = organization
    return link


def set_lifecycle(
    session: Session,
    party: Party | int,
    lifecycle: Lifecycle | str,
    *,
    at: datetime,
    reason: str | None = None,
) -> Party:
    """Move a party to another standing and remember when; nothing happens where it stands there already."""
    party = find(session, Party, party)
    lifecycle = Lifecycle(fields_of(Party)["lifecycle"].read(lifecycle))
    if party.lifecycle == lifecycle:
        return party
    was, party.lifecycle = party.lifecycle, lifecycle
    party.lifecycle_events.append(LifecycleEvent(lifecycle=lifecycle, at=at, reason=reason))
    session.flush()
    tell(
        session,
        LifecycleChanged(
            record_id=party.id, party_id=party.id, at=at, name=party.name, was=was, now=lifecycle, reason=reason
        ),
    )
    return party


def edit_party(
    session: Session,
    party: Party | int,
    typed: Mapping[str, Any],
    *,
    at: datetime,
    was: Mapping[str, Any] | None = None,
    currency: str = "",
) -> Party:
    """Change fields of a party, or of its address, to what was typed.

    `was` holds what the editor saw in those fields: where a stored value is another by now, nothing changes and
    Conflict carries both versions. InvalidInput where a value cannot be.
    """
    party = find(session, Party, party)
    known = editable_fields(party)
    unknown = set(typed) - set(known)
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    theirs = {key: _current(party, key) for key in typed}
    seen = {key: as_json(value) for key, value in (was or {}).items() if key in typed}
    changed_since = {key: theirs[key] for key in seen if (theirs[key] or None) != (seen[key] or None)}
    if changed_since:
        raise _conflict({key: typed[key] for key in changed_since}, changed_since)
    values = {key: known[key].read(value, currency=currency) for key, value in typed.items()}
    if "lifecycle" in values:
        set_lifecycle(session, party, values.pop("lifecycle"), at=at)
    if isinstance(party, Person) and {"given_name", "family_name"} & set(values):
        party.rename(values.pop("given_name", party.given_name), values.pop("family_name", party.family_name))
    for key, value in values.items():
        if key in ADDRESS_FIELDS:
            if party.address is None:
                party.addresses.append(Address(is_preferred=True))
            setattr(party.address, key, value)
        else:
            setattr(party, key, value)
    return party


NAME = Field("name", lazy("Name"), required=True)
ADDRESS_FIELDS = ("street", "postal_code", "city", "region", "country")


def editable_fields(party: Party | type[Party]) -> dict[str, Field]:
    """The fields of a party that may be edited in place, those of its address included."""
    kind = party if isinstance(party, type) else type(party)
    address = {key: about for key, about in fields_of(Address).items() if key in ADDRESS_FIELDS}
    own = fields_of(kind)
    if issubclass(kind, Organization):
        money = Field("annual_revenue", lazy("Turnover a year"), "money")
        own = {"name": NAME, **own, "annual_revenue": money}
    return {**own, **address}


def _settle(
    session: Session, party: Party, *, at: datetime, owner: Party | int | None, facts: Mapping[str, Any]
) -> None:
    known = editable_fields(party)
    values = {}
    for key, value in facts.items():
        if key not in known:
            raise InvalidInput(_("Field"), key, _("no such field here"))
        values[key] = known[key].read(value)
    address = {key: values.pop(key) for key in ADDRESS_FIELDS if key in values}
    for key, value in values.items():
        setattr(party, key, value)
    if any(address.values()):
        party.addresses.append(Address(**address, is_preferred=True))
    if owner is not None:
        party.owner_id = find(session, Party, owner).id
    party.lifecycle_events.append(LifecycleEvent(lifecycle=party.lifecycle, at=at))
    session.add(party)
    session.flush()
    tell(
        session,
        PartyAdded(record_id=party.id, party_id=party.id, at=at, name=party.name, party_kind=party.kind),
    )


def _reach(session: Session, party: Party, *, email: str | None, phone: str | None, phone_country: str | None) -> None:
    for kind, value in ((ContactKind.EMAIL, email), (ContactKind.PHONE, phone)):
        if value and value.strip():
            normalised = normalise(kind, value, country=phone_country or _home(session, party))
            party.contact_points.append(
                ContactPoint(
                    kind=kind,
                    value=value.strip(),
                    normalised=normalised,
                    is_preferred=not any(one.kind is kind for one in party.contact_points),
                )
            )


def _home(session: Session, party: Party) -> str | None:
    """Where a phone number without a country code is meant to be: where the party is, or works, or the workbench."""
    work = primary_affiliation(party) if isinstance(party, Person) else None
    addresses = (party.address, work.organization.address if work else None)
    known = (address.country for address in addresses if address is not None and address.country)
    return next(known, None) or session.info.get("country")


def _current(party: Party, key: str) -> Any:
    holder: object = party.address if key in ADDRESS_FIELDS else party
    value = getattr(holder, key, None)
    return str(value.amount) if isinstance(value, Money) else as_json(value)


__all__ = [
    "add_contact_point",
    "add_organization",
    "add_person",
    "affiliate",
    "edit_contact_point",
    "edit_party",
    "set_lifecycle",
]
