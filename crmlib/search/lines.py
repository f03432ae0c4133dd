"""What a list of hits shows of each record, and the parts of it in which a word may have been found."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session, aliased

from crmlib.activities import Activity, Part, Participation
from crmlib.base import Money
from crmlib.billing import Order
from crmlib.catalog import Product
from crmlib.contacts import (
    Address,
    Affiliation,
    ContactKind,
    ContactPoint,
    Organization,
    Party,
    PartyKind,
    shown_phone,
)
from crmlib.sales import Deal


@dataclass(frozen=True)
class Line:
    """One record's line: see `Hit`. `parts` are pairs of a part's name and what stands there, the title left out."""

    record_id: int
    title: str
    parts: tuple[tuple[str, str], ...] = ()
    organization: str | None = None
    amount: Money | None = None
    on: date | None = None
    party_id: int | None = None
    sort: str | None = None


def read_lines(session: Session, record: str, numbers: Sequence[int]) -> dict[int, Line]:
    """The lines of these records, by number, in a fixed number of queries."""
    if not numbers:
        return {}
    return {line.record_id: line for line in _READERS[record](session, numbers)}


# Put together once: that takes longer than asking.
_NUMBERS = bindparam("numbers", expanding=True, type_=BigInteger())
_above = aliased(Party)
_PARTIES = select(Party.id, Party.name, Party.kind).where(Party.id.in_(_NUMBERS))
_EMPLOYERS = (
    select(Affiliation.person_id, _above.name)
    .join(_above, _above.id == Affiliation.organization_id)
    .where(Affiliation.person_id.in_(_NUMBERS), Affiliation.to_on.is_(None))
    .order_by(Affiliation.is_primary.desc(), Affiliation.id.desc())
)
_PARENTS = (
    select(Organization.id, _above.name)
    .join(_above, _above.id == Organization.parent_id)
    .where(Organization.id.in_(_NUMBERS))
)
_POINTS = (
    select(ContactPoint.party_id, ContactPoint.kind, ContactPoint.value, ContactPoint.normalised)
    .where(ContactPoint.party_id.in_(_NUMBERS))
    .order_by(ContactPoint.is_preferred.desc(), ContactPoint.id)
)
_PLACES = (
    select(Address.party_id, Address.city)
    .where(Address.party_id.in_(_NUMBERS), Address.city.is_not(None))
    .order_by(Address.is_preferred.desc(), Address.id)
)
_DEALS = (
    select(
        Deal.id,
        Deal.name,
        Party.name,
        Deal.amount_minor,
        Deal.currency,
        Deal.expected_close_on,
        Deal.closed_on,
        Deal.party_id,
    )
    .outerjoin(Party, Party.id == Deal.party_id)
    .where(Deal.id.in_(_NUMBERS))
)
_ACTIVITIES = select(Activity.id, Activity.subject, Activity.body, Activity.kind, Activity.shown_at).where(
    Activity.id.in_(_NUMBERS)
)
_TARGETS = (
    select(Participation.activity_id, Party.id, Party.name)
    .join(Party, Party.id == Participation.party_id)
    .where(Participation.activity_id.in_(_NUMBERS), Participation.part == Part.TARGET)
    .order_by(Participation.id)
)
_PRODUCTS = select(Product.id, Product.name, Product.code, Product.price_minor, Product.price_currency).where(
    Product.id.in_(_NUMBERS)
)
_ORDERS = (
    select(Order.id, Order.number, Party.name, Order.total_minor, Order.currency, Order.ordered_on, Order.party_id)
    .outerjoin(Party, Party.id == Order.party_id)
    .where(Order.id.in_(_NUMBERS))
)


def _parties(session: Session, numbers: Sequence[int]) -> list[Line]:
    asked = {"numbers": numbers}
    found = session.execute(_PARTIES, asked).all()
    people = [party for party, _name, kind in found if kind is PartyKind.PERSON]
    organizations = [party for party, _name, kind in found if kind is PartyKind.ORGANIZATION]
    parts: dict[int, list[tuple[str, str]]] = defaultdict(list)
    above: dict[int, str] = {}
    if people:
        for party, name in session.execute(_EMPLOYERS, {"numbers": people}):
            above.setdefault(party, name)
            parts[party].append(("organization", name))
    for party, kind, value, normalised in session.execute(_POINTS, asked):
        if kind is ContactKind.EMAIL:
            parts[party].append(("email", value))
        elif normalised.startswith("+"):
            parts[party].append(("phone", shown_phone(normalised)))
        else:
            parts[party].append((kind.value, value))
    for party, city in session.execute(_PLACES, asked):
        parts[party].append(("city", city or ""))
    if organizations:
        above.update((child, parent) for child, parent in session.execute(_PARENTS, {"numbers": organizations}))
    return [
        Line(party, name, tuple(parts[party]), above.get(party), party_id=party, sort=kind.value)
        for party, name, kind in found
    ]


def _deals(session: Session, numbers: Sequence[int]) -> list[Line]:
    return [
        Line(deal, name, (), whose, _money(minor, currency), closed or expected, party)
        for deal, name, whose, minor, currency, expected, closed, party in session.execute(_DEALS, {"numbers": numbers})
    ]


def _activities(session: Session, numbers: Sequence[int]) -> list[Line]:
    whom: dict[int, tuple[int, str]] = {}
    for activity, party, whose in session.execute(_TARGETS, {"numbers": numbers}):
        whom.setdefault(activity, (party, whose))
    lines = []
    for activity, subject, body, kind, at in session.execute(_ACTIVITIES, {"numbers": numbers}):
        concerned, name = whom.get(activity, (None, None))
        parts = (("body", body),) if body else ()
        lines.append(Line(activity, subject, parts, name, on=at.date(), party_id=concerned, sort=kind.value))
    return lines


def _products(session: Session, numbers: Sequence[int]) -> list[Line]:
    return [
        Line(product, name, (("code", code),) if code else (), amount=_money(minor, currency))
        for product, name, code, minor, currency in session.execute(_PRODUCTS, {"numbers": numbers})
    ]


def _orders(session: Session, numbers: Sequence[int]) -> list[Line]:
    return [
        Line(number, title, (), whose, _money(minor, currency), on, party)
        for number, title, whose, minor, currency, on, party in session.execute(_ORDERS, {"numbers": numbers})
    ]


def _money(minor: int | None, currency: str | None) -> Money | None:
    return None if minor is None or currency is None else Money(minor, currency)


_READERS: dict[str, Callable[[Any, Sequence[int]], list[Line]]] = {
    "party": _parties,
    "deal": _deals,
    "activity": _activities,
    "product": _products,
    "order": _orders,
}
