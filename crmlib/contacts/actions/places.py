"""Where parties are and whom they belong to, as lists ask for it: worked out anew, and around a load of very many.

Triggers (migration 0017) keep `Party.kept_…` at each change of an address, an affiliation or a parent. To load very
many of them, load without:

    with wb.session() as session, without_places(session):
        insert_many(session, Address, rows)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from crmlib.base import put_triggers_back, take_triggers_off
from crmlib.contacts.records import Address, Affiliation, Organization, Party

__all__ = ["keep_places_anew", "without_places"]

_TRIGGERS = {
    "address": ("kept_address_insert", "kept_address_update", "kept_address_delete"),
    "affiliation": ("kept_affiliation_insert", "kept_affiliation_update", "kept_affiliation_delete"),
    "organization": ("kept_organization_insert", "kept_organization_update"),
}


def keep_places_anew(session: Session) -> int:
    """Work out `Party.kept_…` of every party from the addresses, affiliations and parents; how many were otherwise."""
    session.flush()
    party: Any = Party.__table__
    places = _places()
    kept = [(column, places.c[column.name]) for column in party.c if column.name in places.c and column.name != "id"]
    wrong = or_(*(column.is_distinct_from(should) for column, should in kept))
    # Derived, and so in no journal and no version.
    changed = update(party).where(party.c.id == places.c.id, wrong).values({column.name: new for column, new in kept})
    count: int = session.connection().execute(changed).rowcount
    if count:
        for one in session.identity_map.values():
            if isinstance(one, Party):
                session.expire(one, [column.name for column, _new in kept])
    return count


@contextmanager
def without_places(session: Session) -> Iterator[None]:
    """Load addresses, affiliations and organizations without a look at each party: all are looked at at the end.

    What a row of Party says of its `kept_…` is taken for what it is, and costs nothing then where it is right. All in
    the transaction of `session`; nobody else writes to these tables meanwhile (PostgreSQL keeps them locked).
    """
    session.flush()
    made = take_triggers_off(session.connection(), _TRIGGERS)
    yield
    session.flush()
    put_triggers_back(session.connection(), made)
    keep_places_anew(session)


def _places() -> Any:
    """As migration 0017 has it: one row per party, `id` and what its columns of the same names should be."""
    party: Any = Party.__table__
    organization: Any = Organization.__table__
    works_for = (
        select(Affiliation.organization_id)
        .where(Affiliation.person_id == party.c.id, Affiliation.to_on.is_(None))
        .order_by(Affiliation.is_primary.desc(), Affiliation.id.desc())
        .limit(1)
        .correlate(party)
        .scalar_subquery()
    )
    parent = select(organization.c.parent_id).where(organization.c.id == party.c.id).correlate(party).scalar_subquery()
    belongs = select(party.c.id, func.coalesce(works_for, parent).label("kept_organization_id")).subquery()
    home, work = aliased(Address), aliased(Address)
    return (
        select(
            belongs.c.id,
            belongs.c.kept_organization_id,
            func.coalesce(home.city, work.city).label("kept_city"),
            case((home.city.is_not(None), home.folded), else_=work.folded).label("kept_city_folded"),
            func.coalesce(home.region, work.region).label("kept_region"),
            func.coalesce(home.country, work.country).label("kept_country"),
        )
        .select_from(belongs)
        .outerjoin(home, (home.party_id == belongs.c.id) & home.is_preferred)
        .outerjoin(work, (work.party_id == belongs.c.kept_organization_id) & work.is_preferred)
        .subquery()
    )
