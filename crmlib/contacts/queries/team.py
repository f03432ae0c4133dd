"""Who of us works on whom."""

from typing import TYPE_CHECKING

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session, aliased

from crmlib.base import read_frame
from crmlib.contacts.records import Party, TeamMember

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TEAMS", "teams"]

TEAMS = {
    "party_id": "int64",
    "party": "str",
    "colleague_id": "int64",
    "colleague": "str",
    "role": "category",
    "answers_for_it": "bool",
}


def teams(session: Session, *, party_id: int | None = None, colleague_id: int | None = None) -> "pd.DataFrame":
    """Which colleagues own or help with which parties, by party.

    One row per party and colleague. Columns are `TEAMS`; `answers_for_it` marks the one owner who looks after the
    party, other owners stand beside. Archived parties are left out.
    """
    owners = select(
        Party.id.label("party_id"),
        Party.owner_id.label("colleague_id"),
        literal("owner").label("role"),
        literal(1).label("answers"),
    ).where(Party.owner_id.is_not(None))
    members = select(
        TeamMember.party_id, TeamMember.colleague_id, TeamMember.role.label("role"), literal(0).label("answers")
    )
    both = union_all(owners, members).subquery()
    party, colleague = aliased(Party), aliased(Party)
    rows = (
        select(
            both.c.party_id,
            party.name.label("party"),
            both.c.colleague_id,
            colleague.name.label("colleague"),
            both.c.role,
            (both.c.answers == 1).label("answers_for_it"),
        )
        .select_from(both)
        .join(party, party.id == both.c.party_id)
        .join(colleague, colleague.id == both.c.colleague_id)
        .where(party.is_archived.is_(False))
        .order_by(party.folded, both.c.party_id, both.c.answers.desc(), both.c.role.desc(), colleague.folded)
    )
    if party_id is not None:
        rows = rows.where(both.c.party_id == party_id)
    if colleague_id is not None:
        rows = rows.where(both.c.colleague_id == colleague_id)
    return read_frame(session, rows, TEAMS)
