"""Who belongs to whom: a person's part in organizations, and an organization's place under another."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import InvalidTransition, Refused, find, tell
from crmlib.contacts.editing import refuse_backwards, refuse_stale, write
from crmlib.contacts.events import AffiliationEnded, ParentSet
from crmlib.contacts.records import Affiliation, Organization
from crmlib.i18n import gettext as _

__all__ = ["edit_affiliation", "end_affiliation", "prefer_affiliation", "remove_affiliation", "set_parent"]


def edit_affiliation(
    session: Session,
    affiliation: Affiliation | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
) -> Affiliation:
    """Change role, department or days. Raises Conflict where a field holds another value than `was`."""
    affiliation = find(session, Affiliation, affiliation)
    with session.no_autoflush:
        write(affiliation, typed, was=was)
        _check_days(session, affiliation)
    return affiliation


def end_affiliation(session: Session, affiliation: Affiliation | int, *, on: date, at: datetime) -> Affiliation:
    """Say that a person's part in an organization ended on a day. Raises InvalidTransition where it has ended."""
    affiliation = find(session, Affiliation, affiliation)
    person, organization = affiliation.person, affiliation.organization
    if affiliation.to_on is not None:
        raise InvalidTransition(
            _("{person} has left {organization} already.").format(person=person.name, organization=organization.name)
        )
    refuse_backwards(affiliation.from_on, on)
    affiliation.to_on, affiliation.is_primary = on, False
    session.flush()
    for party in (person, organization):
        tell(
            session,
            AffiliationEnded(
                record_id=affiliation.id, party_id=party.id, at=at, person=person.name, organization=organization.name
            ),
        )
    return affiliation


def prefer_affiliation(session: Session, affiliation: Affiliation | int) -> Affiliation:
    """Show this organization beside the person's name. Raises InvalidTransition where the person has left it."""
    affiliation = find(session, Affiliation, affiliation)
    if affiliation.to_on is not None:
        raise InvalidTransition(
            _("{person} has left {organization} already.").format(
                person=affiliation.person.name, organization=affiliation.organization.name
            )
        )
    for other in affiliation.person.affiliations:
        other.is_primary = other is affiliation
    return affiliation


def remove_affiliation(
    session: Session, affiliation: Affiliation | int, *, was: Mapping[str, Any] | None = None
) -> None:
    """Take back what was never so; what has ended is told by `end_affiliation`."""
    affiliation = find(session, Affiliation, affiliation)
    refuse_stale(affiliation, dict.fromkeys(was or {}), was)
    session.delete(affiliation)
    session.flush()
    session.expire(affiliation.person, ["affiliations"])
    session.expire(affiliation.organization, ["affiliations"])


def set_parent(
    session: Session, organization: Organization | int, parent: Organization | int | None, *, at: datetime
) -> Organization:
    """Put an organization under another, or under none. Raises Refused where it would be above itself."""
    organization = find(session, Organization, organization)
    above = None if parent is None else find(session, Organization, parent)
    if above is organization.parent:
        return organization
    if above is organization:
        raise Refused(_("{name} cannot belong to itself.").format(name=organization.name))
    step, seen = above, set[int]()
    while step is not None and above is not None and step.id not in seen:
        if step is organization:
            raise Refused(_("{parent} belongs to {name} itself.").format(parent=above.name, name=organization.name))
        seen.add(step.id)
        step = step.parent
    organization.parent = above
    session.flush()
    tell(
        session,
        ParentSet(
            record_id=organization.id,
            party_id=organization.id,
            at=at,
            name=organization.name,
            parent=above.name if above else "–",
        ),
    )
    return organization


def _check_days(session: Session, affiliation: Affiliation) -> None:
    try:
        refuse_backwards(affiliation.from_on, affiliation.to_on)
    except ValueError:
        session.refresh(affiliation)
        raise
