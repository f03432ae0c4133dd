"""What may be asked about parties."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased, selectinload

from crmlib.base import (
    MOST_ROWS,
    NotFound,
    Page,
    choose,
    folded,
    like_pattern,
    page_of_stretches,
    read_frame,
    stretches_by,
    total_of,
)
from crmlib.contacts.records import (
    Affiliation,
    ContactKind,
    ContactPoint,
    Lifecycle,
    Organization,
    Party,
    PartyKind,
    Person,
)
from crmlib.filters import fields_for, filter_clause
from crmlib.filters.asking import filter_for_list
from crmlib.filters.lists import stretches_by_link
from crmlib.i18n import gettext as _

if TYPE_CHECKING:
    import pandas as pd

PARTIES = {
    "party_id": "int64",
    "kind": "category",
    "party": "str",
    "lifecycle": "category",
    "organization": "str",
    "owner_id": "Int64",
    "owner": "str",
    "city": "str",
    "country": "category",
    "source": "category",
    "created_at": "datetime64[us, UTC]",
    "last_activity_at": "datetime64[us, UTC]",
}

_Owner = aliased(Party, name="owner")
_Employer = aliased(Party, name="employer")

# By which columns a list of parties can be ordered, beside its owner, and whether some have no value there; what comes
# from an address is looked up here.
_ORDERS: dict[str, tuple[ColumnElement[Any], bool]] = {
    "name": (Party.folded.expression, False),
    "lifecycle": (Party.lifecycle.expression, False),
    # Who was just added has done nothing yet, and is worked with now all the same.
    "last_activity_at": (func.coalesce(Party.last_activity_at, Party.created_at), False),
    "created_at": (Party.created_at.expression, False),
    "city": (Party.kept_city_folded.expression, True),
    "country": (Party.kept_country.expression, True),
}


def parties(
    session: Session,
    filter: str = "",  # noqa: A002  # the word of the trade
    *,
    search: str = "",
    with_colleagues: bool = False,
    with_archived: bool = False,
) -> "pd.DataFrame":
    """Everyone we know, or those who fit a filter such as `city == "Jakarta" and open_deals > 0`, by name.

    One row per party; `party_id` is unique. Columns are `PARTIES`, also when there is nobody. `organization` is
    where a person works now, or what an organization belongs to; `city` and `country` (ISO 3166) are of the
    preferred address, or where there is none of that organization's; `last_activity_at` is the newest
    activity that has happened, NaT where there was none. The archive is left out unless it is asked for. Raises
    FilterError, which shows the place.
    """
    rows = _rows(search, with_colleagues, with_archived)
    if filter:
        rows = rows.where(filter_clause(session, "party", filter))
    return read_frame(session, rows.order_by(Party.folded, Party.id), PARTIES)


def parties_page(
    session: Session,
    *,
    search: str = "",
    lifecycle: Lifecycle | None = None,
    kind: PartyKind | None = None,
    owner_id: int | None = None,
    is_archived: bool = False,
    filter: str = "",  # noqa: A002  # the word of the trade
    sort: str = "name",
    descending: bool = False,
    page: int = 1,
    per_page: int = 20,
    count: bool = True,
) -> Page:
    """A page of a list of parties, with the columns of `PARTIES`, sorted by any of them that makes sense.

    Who stands on the page is found first, and only their rows are read; the count stops where `Page` says, and is left
    out without `count`, as `list_page` has it. `is_archived` shows the archive instead of everybody else.
    """
    with_colleagues = lifecycle is Lifecycle.COLLEAGUE
    if search:
        ids = _rows(search, with_colleagues, with_archived=True).with_only_columns(Party.id)
    else:
        ids = select(Party.id)
        ids = ids if with_colleagues else ids.where(Party.lifecycle != Lifecycle.COLLEAGUE)
    ids = ids.where(Party.is_archived if is_archived else Party.is_archived.is_(False))
    if lifecycle is not None:
        ids = ids.where(Party.lifecycle == lifecycle)
    if kind is not None:
        ids = ids.where(Party.kind == kind)
    if owner_id is not None:
        ids = ids.where(Party.owner_id == owner_id)
    most = None
    if filter:
        clause, most, _beside = filter_for_list(session, fields_for(session, "party"), filter, sort)
        ids = ids.where(clause)
    key = Party.id.expression
    if sort == "owner":
        stretches = stretches_by_link(session, ids, by=Party.owner_id, to=Party, key=key, descending=descending)
    else:
        by, may_lack = choose(_ORDERS, sort, "name")
        then = (Party.folded.expression,) if sort == "city" else ()
        stretches = stretches_by(ids, by=by, then=then, key=key, descending=descending, may_lack=may_lack)
    per_page = max(1, min(per_page, MOST_ROWS))
    found = page_of_stretches(session, stretches, page=page, per_page=per_page)
    total, is_more = total_of(
        session,
        ids,
        len(found),
        page=page,
        per_page=per_page,
        count=count,
        key=key if most is None else None,
    )
    shown = session.execute(_rows("", with_colleagues=True, with_archived=True).where(Party.id.in_(found))).mappings()
    rows = {row["party_id"]: dict(row) for row in shown}
    return Page([rows[number] for number in found], total, is_more)


def lifecycle_counts(session: Session, *, most: int | None = None) -> dict[str, int]:
    """How many parties stand where, colleagues and the archive left out: lifecycle to count.

    With `most`, each is counted no further: one that says `most` may be more.
    """
    if most is not None:
        counted = [
            select(literal(one.value), func.count()).select_from(
                select(Party.id).where(Party.lifecycle == one, Party.is_archived.is_(False)).limit(most).subquery()
            )
            for one in Lifecycle
            if one is not Lifecycle.COLLEAGUE
        ]
        return {lifecycle: count for lifecycle, count in session.execute(union_all(*counted)) if count}
    rows = select(Party.lifecycle, func.count()).where(Party.lifecycle != Lifecycle.COLLEAGUE)
    rows = rows.where(Party.is_archived.is_(False)).group_by(Party.lifecycle)
    return {lifecycle.value: count for lifecycle, count in session.execute(rows)}


def find_parties(
    session: Session,
    text: str,
    *,
    kind: PartyKind | None = None,
    colleagues: bool | None = False,
    limit: int = 8,
) -> list[dict[str, Any]]:
    """The parties that fit what is being typed: whose name begins with it first, then those that hold it.

    One dict per party: party_id, party, kind, lifecycle, organization. `colleagues` asks for them instead of for
    customers, None for both.
    """
    rows = _rows(text, with_colleagues=colleagues is not False)
    if colleagues is not None:
        is_colleague = Party.lifecycle == Lifecycle.COLLEAGUE
        rows = rows.where(is_colleague if colleagues else ~is_colleague)
    if kind is not None:
        rows = rows.where(Party.kind == kind)
    begins = Party.folded.like(like_pattern(folded(text))[1:], escape="\\")
    rows = rows.order_by(begins.desc(), Party.folded, Party.id).limit(limit)
    wanted = ("party_id", "party", "kind", "lifecycle", "organization")
    return [{key: row[key] for key in wanted} for row in session.execute(rows).mappings()]


def party_card(session: Session, party_id: int) -> Party:
    """A party with all that its page shows of it, read in a fixed number of queries. Raises NotFound."""
    loaded = (selectinload(Party.contact_points), selectinload(Party.addresses), selectinload(Party.owner))
    people = selectinload(Person.affiliations).selectinload(Affiliation.organization)
    members = selectinload(Organization.affiliations).selectinload(Affiliation.person)
    family = (selectinload(Organization.parent), selectinload(Organization.subsidiaries))
    found = session.scalar(select(Party).where(Party.id == party_id).options(*loaded))
    if found is None:
        raise NotFound(_("customer"), party_id)
    if isinstance(found, Person):
        session.scalar(select(Person).where(Person.id == party_id).options(people))
    else:
        session.scalar(select(Organization).where(Organization.id == party_id).options(members, *family))
    return found


def colleagues(session: Session) -> list[dict[str, Any]]:
    """The people on our side, by name: dicts of party_id and party."""
    rows = select(Party.id.label("party_id"), Party.name.label("party"))
    rows = rows.where(Party.lifecycle == Lifecycle.COLLEAGUE, Party.is_archived.is_(False))
    rows = rows.order_by(Party.folded, Party.id)
    return [dict(row) for row in session.execute(rows).mappings()]


# What people put between the digits of a phone number.
_PHONE_SIGNS = str.maketrans("", "", "+-()./")


def colleague_called(session: Session, name: str) -> int | None:
    """The number of the colleague of this name; None where there is none, or more than one."""
    rows = select(Party.id).where(Party.lifecycle == Lifecycle.COLLEAGUE, Party.folded == folded(name)).limit(2)
    found = session.scalars(rows).all()
    return found[0] if name and len(found) == 1 else None


def _rows(search: str, with_colleagues: bool, with_archived: bool = False) -> Select[*tuple[Any, ...]]:
    rows: Select[*tuple[Any, ...]] = (
        select(
            Party.id.label("party_id"),
            Party.kind,
            Party.name.label("party"),
            Party.lifecycle,
            _Employer.name.label("organization"),
            Party.owner_id,
            _Owner.name.label("owner"),
            Party.kept_city.label("city"),
            Party.kept_country.label("country"),
            Party.source,
            Party.created_at,
            Party.last_activity_at,
        )
        .outerjoin(_Owner, _Owner.id == Party.owner_id)
        .outerjoin(_Employer, _Employer.id == Party.kept_organization_id)
    )
    if not with_colleagues:
        rows = rows.where(Party.lifecycle != Lifecycle.COLLEAGUE)
    if not with_archived:
        rows = rows.where(Party.is_archived.is_(False))
    for word in folded(search).split():
        rows = rows.where(_holds(word))
    return rows


def _holds(word: str) -> ColumnElement[bool]:
    pattern = like_pattern(word)
    reached: ColumnElement[bool] = exists().where(
        ContactPoint.party_id == Party.id, ContactPoint.normalised.like(pattern, escape="\\")
    )
    digits = word.translate(_PHONE_SIGNS)
    if len(digits) >= 4 and digits.isdecimal():
        # 0721234567 is how people type what is kept as +40721234567.
        by_phone = and_(
            ContactPoint.party_id == Party.id,
            ContactPoint.kind != ContactKind.EMAIL,
            ContactPoint.normalised.like(like_pattern(digits.lstrip("0")), escape="\\"),
        )
        reached = or_(reached, exists().where(by_phone))
    return or_(Party.folded.like(pattern, escape="\\"), _Employer.folded.like(pattern, escape="\\"), reached)


__all__ = [
    "PARTIES",
    "colleague_called",
    "colleagues",
    "find_parties",
    "lifecycle_counts",
    "parties",
    "parties_page",
    "party_card",
]
