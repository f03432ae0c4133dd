"""Who of us looks after whom, who helps, and how all of it goes to another colleague."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import Refused, fields_of, find, tell
from crmlib.contacts.events import OwnerAssigned, PartiesHandedOver, TeamChanged, TeamLeft
from crmlib.contacts.records import Party, TeamMember, TeamRole
from crmlib.i18n import gettext as _

__all__ = ["assign_owner", "hand_over_parties", "join_team", "leave_team"]


def assign_owner(session: Session, party: Party | int, owner: Party | int | None, *, at: datetime) -> Party:
    """Give a party to the colleague who answers for it, or to nobody; nothing happens where that is so already."""
    party = find(session, Party, party)
    new = None if owner is None else find(session, Party, owner)
    if party.owner_id == (new.id if new else None):
        return party
    before = find(session, Party, party.owner_id).name if party.owner_id is not None else ""
    party.owner_id = new.id if new else None
    # Who answers for a party is no helper besides.
    for one in session.scalars(
        select(TeamMember).where(TeamMember.party_id == party.id, TeamMember.colleague_id == party.owner_id)
    ):
        session.delete(one)
    session.flush()
    session.expire(party, ["owner"])
    told = OwnerAssigned(
        record_id=party.id, party_id=party.id, at=at, name=party.name, owner=new.name if new else "–", before=before
    )
    tell(session, told)
    return party


def join_team(
    session: Session,
    party: Party | int,
    colleague: Party | int,
    role: TeamRole | str = TeamRole.HELPER,
    *,
    at: datetime,
) -> TeamMember:
    """Let a colleague own a party too, or help with it; another role takes the place of the one before.

    Raises Refused where the colleague answers for it already.
    """
    party, colleague = find(session, Party, party), find(session, Party, colleague)
    role = TeamRole(fields_of(TeamMember)["role"].read(role))
    if party.owner_id == colleague.id:
        raise Refused(_("{name} looks after {party} already.").format(name=colleague.name, party=party.name))
    if party.id == colleague.id:
        raise Refused(_("{name} cannot be related to itself.").format(name=party.name))
    rows = select(TeamMember).where(TeamMember.party_id == party.id, TeamMember.colleague_id == colleague.id)
    member = session.scalars(rows).first()
    if member is not None and member.role is role:
        return member
    if member is None:
        member = TeamMember(party_id=party.id, colleague_id=colleague.id, role=role)
        session.add(member)
    member.role = role
    session.flush()
    told = TeamChanged(record_id=party.id, party_id=party.id, at=at, colleague=colleague.name, role=role)
    tell(session, told)
    return member


def leave_team(session: Session, party: Party | int, colleague: Party | int, *, at: datetime) -> bool:
    """Say that a colleague no longer works on a party; whether there was anything to say."""
    party, colleague = find(session, Party, party), find(session, Party, colleague)
    rows = select(TeamMember).where(TeamMember.party_id == party.id, TeamMember.colleague_id == colleague.id)
    member = session.scalars(rows).first()
    if member is None:
        return False
    session.delete(member)
    session.flush()
    tell(session, TeamLeft(record_id=party.id, party_id=party.id, at=at, colleague=colleague.name))
    return True


def hand_over_parties(
    session: Session,
    giver: Party | int,
    taker: Party | int,
    *,
    with_teams: bool = True,
    reason: str | None = None,
    at: datetime,
) -> int:
    """Give everything that one colleague looks after to another; how many parties that were.

    `with_teams` passes on the places in the teams of others as well. Deals and activities have their own hand-over.
    Raises Refused where the two are one.
    """
    giver, taker = find(session, Party, giver), find(session, Party, taker)
    if giver.id == taker.id:
        raise Refused(_("Choose another colleague than {name}.").format(name=giver.name))
    owned = session.scalars(select(Party).where(Party.owner_id == giver.id).order_by(Party.id)).all()
    for party in owned:
        assign_owner(session, party, taker, at=at)
    if with_teams:
        for member in session.scalars(select(TeamMember).where(TeamMember.colleague_id == giver.id)).all():
            party, role = find(session, Party, member.party_id), member.role
            leave_team(session, party, giver, at=at)
            there = select(TeamMember).where(TeamMember.party_id == party.id, TeamMember.colleague_id == taker.id)
            has = session.scalars(there).first()
            # A co-owner is no less for what he takes over; who is the party, or answers for it, is not its helper.
            if taker.id not in (party.owner_id, party.id) and (has is None or has.role is TeamRole.HELPER):
                join_team(session, party, taker, role, at=at)
    for colleague in (giver, taker):
        tell(
            session,
            PartiesHandedOver(
                record_id=colleague.id,
                party_id=colleague.id,
                at=at,
                giver=giver.name,
                taker=taker.name,
                n_parties=len(owned),
                reason=reason,
            ),
        )
    return len(owned)
