"""How a party leaves: into the archive, or for good where nothing hangs on it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, func, or_, select
from sqlalchemy.orm import Session

from crmlib.base import Base, Refused, find, tell
from crmlib.contacts.actions.tag import untag_everything
from crmlib.contacts.editing import refuse_stale
from crmlib.contacts.events import PartyArchived, PartyDeleted, PartyRestored
from crmlib.contacts.records import ConsentEvent, Fact, Party, Relation, TeamMember
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy

__all__ = ["archive_party", "delete_party", "restore_party"]

# What is a part of the party, and goes with it.
_PARTS = frozenset(
    {
        "contact_point.party_id",
        "address.party_id",
        "affiliation.person_id",
        "affiliation.organization_id",
        "lifecycle_event.party_id",
        "fact.party_id",
        "fact.source_party_id",
        "consent_event.party_id",
        "relation.party_id",
        "relation.other_id",
        "team_member.party_id",
    }
)
# What people call what holds on to a party, where the table's own name says less.
_CALLED = {
    "participation.party_id": lazy("activities with it"),
    "party.owner_id": lazy("parties it looks after"),
    "team_member.colleague_id": lazy("parties it works on"),
    "organization.parent_id": lazy("organizations that belong to it"),
}


def archive_party(session: Session, party: Party | int, *, at: datetime) -> Party:
    """Put a party away: lists, searches and counts leave it out, and its history stays."""
    party = find(session, Party, party)
    if not party.is_archived:
        party.is_archived = True
        session.flush()
        tell(session, PartyArchived(record_id=party.id, party_id=party.id, at=at, name=party.name))
    return party


def restore_party(session: Session, party: Party | int, *, at: datetime) -> Party:
    """Take a party out of the archive."""
    party = find(session, Party, party)
    if party.is_archived:
        party.is_archived = False
        session.flush()
        tell(session, PartyRestored(record_id=party.id, party_id=party.id, at=at, name=party.name))
    return party


def delete_party(session: Session, party: Party | int, *, at: datetime, was: Mapping[str, Any] | None = None) -> None:
    """Delete a party with all its parts: contact points, addresses, facts, tags, relations, consents, standing.

    The journal keeps every one of them, so that undo brings them back. Raises Refused, saying what it is, where
    something else hangs on the party (a deal, an activity, a payment); archive it then.
    """
    party = find(session, Party, party)
    refuse_stale(party, dict.fromkeys(was or {}), was)
    session.flush()
    held = [f"{_(label)} ({n})" for label, n in _held_by(session, party.id)]
    if held:
        says = _("{name} cannot be deleted, because of: {reasons}. Archive it instead.")
        raise Refused(says.format(name=party.name, reasons=", ".join(held)))
    told = PartyDeleted(record_id=party.id, party_id=party.id, at=at, name=party.name)
    for fact in session.scalars(select(Fact).where(Fact.source_party_id == party.id)):
        fact.source_party_id = None
    parts: list[Any] = [Fact.party_id == party.id, ConsentEvent.party_id == party.id]
    parts += [or_(Relation.party_id == party.id, Relation.other_id == party.id), TeamMember.party_id == party.id]
    for kind, mine in zip((Fact, ConsentEvent, Relation, TeamMember), parts, strict=True):
        for part in session.scalars(select(kind).where(mine)).all():
            session.delete(part)
    untag_everything(session, Party, party.id)
    session.delete(party)
    session.flush()
    tell(session, told)


def _held_by(session: Session, party_id: int) -> Iterator[tuple[str, int]]:
    for column, name in _references():
        count = session.connection().execute(select(func.count()).select_from(column.table).where(column == party_id))
        if n := count.scalar():
            yield _CALLED.get(name, column.table.description.replace("_", " ")), n


def _references() -> Iterator[tuple[Column[Any], str]]:
    """The columns of all rooms, upper ones too, that hold a party's number."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            targets = {key.column.table.name for key in column.foreign_keys}
            name = f"{table.name}.{column.name}"
            # A row numbered as the party is the party itself, or a sum that is kept beside it.
            if targets & {"party", "person", "organization"} and not column.primary_key and name not in _PARTS:
                yield column, name
