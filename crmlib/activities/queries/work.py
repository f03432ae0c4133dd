"""Who works on whom, so that two of us never court one client unknowingly."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import case, func, literal, null, select, union_all
from sqlalchemy.orm import Session, aliased

from crmlib.activities.records import Activity, Part, Participation
from crmlib.base import Utc, read_frame
from crmlib.contacts import Lifecycle, Party, TeamMember, TeamRole

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WORK", "who_works_on_whom"]

WORK = {
    "party_id": "int64",
    "party": "str",
    "colleague_id": "int64",
    "colleague": "str",
    "role": "category",
    "n_activities": "int64",
    "n_open": "int64",
    "last_at": "datetime64[us, UTC]",
}


def who_works_on_whom(
    session: Session, *, since: datetime | None = None, party_id: int | None = None, only_shared: bool = False
) -> "pd.DataFrame":
    """Which of us own, help with or meet which parties, by party.

    One row per party and colleague. Columns are `WORK`; `role` is owner, helper, or contact for one who is neither and
    has done or is to do something with the party. `n_activities` counts what was done since `since` and all that is
    open, `n_open` the latter, `last_at` is the newest that was done. `only_shared` keeps the parties on which more
    than one of us works. Archived parties are left out.
    """
    rank = {"owner": 3, "helper": 2, "contact": 1}
    nothing = (literal(0).label("n"), literal(0).label("n_open"), null().cast(Utc()).label("last_at"))
    owners = select(
        Party.id.label("party_id"), Party.owner_id.label("colleague_id"), literal(rank["owner"]).label("rank"), *nothing
    ).where(Party.owner_id.is_not(None))
    as_rank = case((TeamMember.role == TeamRole.OWNER, rank["owner"]), else_=rank["helper"])
    members = select(TeamMember.party_id, TeamMember.colleague_id, as_rank.label("rank"), *nothing)
    doing, with_whom = aliased(Participation), aliased(Participation)
    done_at = case((Activity.done_at.is_not(None), Activity.shown_at))
    met = (
        select(
            with_whom.party_id,
            doing.party_id.label("colleague_id"),
            literal(rank["contact"]).label("rank"),
            func.count(Activity.id.distinct()).label("n"),
            func.count(case((Activity.done_at.is_(None), Activity.id)).distinct()).label("n_open"),
            func.max(done_at).label("last_at"),
        )
        .select_from(Activity)
        .join(doing, (doing.activity_id == Activity.id) & doing.part.in_((Part.ASSIGNEE, Part.ATTENDEE)))
        .join(with_whom, (with_whom.activity_id == Activity.id) & (with_whom.part == Part.TARGET))
        .group_by(with_whom.party_id, doing.party_id)
    )
    if since is not None:
        met = met.where((Activity.done_at.is_(None)) | (Activity.shown_at >= since))
    every = union_all(owners, members, met).subquery()
    pairs = (
        select(
            every.c.party_id,
            every.c.colleague_id,
            func.max(every.c.rank).label("rank"),
            func.sum(every.c.n).label("n_activities"),
            func.sum(every.c.n_open).label("n_open"),
            func.max(every.c.last_at).label("last_at"),
        )
        .group_by(every.c.party_id, every.c.colleague_id)
        .subquery()
    )
    party, colleague = aliased(Party), aliased(Party)
    in_words = case({number: word for word, number in rank.items()}, value=pairs.c.rank)
    rows = (
        select(
            pairs.c.party_id,
            party.name.label("party"),
            pairs.c.colleague_id,
            colleague.name.label("colleague"),
            in_words.label("role"),
            pairs.c.n_activities,
            pairs.c.n_open,
            pairs.c.last_at,
        )
        .select_from(pairs)
        .join(party, party.id == pairs.c.party_id)
        .join(colleague, colleague.id == pairs.c.colleague_id)
        .where(
            party.is_archived.is_(False),
            # Invited guests are no sellers, and colleagues among themselves court nobody.
            colleague.lifecycle == Lifecycle.COLLEAGUE,
            party.lifecycle != Lifecycle.COLLEAGUE,
        )
        .order_by(party.folded, pairs.c.party_id, pairs.c.rank.desc(), colleague.folded)
    )
    if party_id is not None:
        rows = rows.where(pairs.c.party_id == party_id)
    found = read_frame(session, rows, WORK)
    return found[found.duplicated("party_id", keep=False)].reset_index(drop=True) if only_shared else found
