"""What can be asked of a party beside its own columns: where it is, whom it belongs to, how it is reached."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from crmlib.base import READ_ONLY, Field
from crmlib.contacts.records import Address, Affiliation, ContactKind, ContactPoint, Organization, Party
from crmlib.filters import Part, find_me_with, offer
from crmlib.i18n import lazy

__all__: list[str] = []


def _current(link: Any) -> ColumnElement[bool]:
    """Of the affiliations that still hold, the one to show: the primary one, else the newest."""
    other = aliased(Affiliation)
    better = exists(
        select(other.id).where(
            other.person_id == link.person_id,
            other.to_on.is_(None),
            or_(
                and_(other.is_primary, not_(link.is_primary)),
                and_(other.is_primary == link.is_primary, other.id > link.id),
            ),
        )
    )
    return and_(link.to_on.is_(None), ~better)


def _place(column: str) -> tuple[Part, ...]:
    """Of its preferred address, or where that says nothing, of the organization that a party belongs to."""
    home, work, link = aliased(Address), aliased(Address), aliased(Affiliation)
    parent, above = Organization.__table__.alias(), aliased(Address)

    def says_nothing(party_id: Any) -> ColumnElement[bool]:
        own = aliased(Address)
        said = getattr(own, column)
        return ~exists(select(own.id).where(own.party_id == party_id, own.is_preferred, said.is_not(None)))

    return (
        Part(home.party_id, getattr(home, column), where=(home.is_preferred,)),
        Part(
            link.person_id,
            getattr(work, column),
            where=(
                work.party_id == link.organization_id,
                work.is_preferred,
                _current(link),
                says_nothing(link.person_id),
            ),
        ),
        Part(
            parent.c.id,
            getattr(above, column),
            where=(
                parent.c.parent_id.is_not(None),
                above.party_id == parent.c.parent_id,
                above.is_preferred,
                says_nothing(parent.c.id),
            ),
        ),
    )


def _offer_fields() -> None:
    offer(Party, Field("city", lazy("City"), shown=READ_ONLY), one=_place("city"))
    offer(Party, Field("region", lazy("Region"), shown=READ_ONLY), one=_place("region"))
    offer(Party, Field("country", lazy("Country"), "country", shown=READ_ONLY), one=_place("country"))

    link, above = aliased(Affiliation), Organization.__table__.alias()
    offer(
        Party,
        Field("organization", lazy("Organization"), "party", record="party", shown=READ_ONLY),
        one=(
            Part(link.person_id, link.organization_id, where=(_current(link),)),
            Part(above.c.id, above.c.parent_id),
        ),
    )
    for key, label, kind, kinds in (
        ("email", lazy("E-mail"), "email", (ContactKind.EMAIL,)),
        ("phone", lazy("Phone"), "phone", (ContactKind.PHONE, ContactKind.MOBILE, ContactKind.WHATSAPP)),
    ):
        point = aliased(ContactPoint)
        offer(
            Party,
            Field(key, label, kind, shown=READ_ONLY, sensitivity="personal"),
            many=Part(point.party_id, point.normalised, where=(point.kind.in_(kinds),)),
        )
    counted = aliased(ContactPoint)
    offer(
        Party,
        Field("n_contact_points", lazy("Ways to reach them"), "number", shown=READ_ONLY),
        expression=select(func.count(counted.id))
        .where(counted.party_id == Party.id)
        .correlate(Party)
        .scalar_subquery(),
        may_lack=False,
    )


def _who_acts(session: Session) -> int | None:
    from crmlib.contacts.queries.party import colleague_called

    return colleague_called(session, str(session.info.get("actor") or ""))


_offer_fields()
find_me_with(_who_acts)
