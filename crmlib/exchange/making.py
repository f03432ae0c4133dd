"""New parties by the hundred: the rows of every table that a party brings along, written a table at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import insert_many
from crmlib.contacts import (
    Address,
    ContactKind,
    ContactPoint,
    Lifecycle,
    LifecycleEvent,
    Organization,
    PartyAdded,
    PartyKind,
    Person,
    folded,
)
from crmlib.contacts.likeness import back_key, name_key
from crmlib.exchange.telling import tell_all


@dataclass(slots=True)
class Reach:
    """A way to reach a party: as it was written, and as machines compare it."""

    kind: ContactKind
    value: str
    normalised: str
    label: str | None = None


@dataclass(slots=True)
class NewParty:
    """A party to be made. `columns` are further columns of Person or Organization; `since` when it got its standing."""

    kind: PartyKind
    name: str
    lifecycle: Lifecycle = Lifecycle.PROSPECT
    since: datetime | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    reach: list[Reach] = field(default_factory=list)


def person_name(given: str, family: str | None) -> str:
    """The whole name that lists show."""
    return " ".join(part for part in (given, family) if part)


def add_parties(session: Session, parties: Sequence[NewParty], *, at: datetime) -> list[int]:
    """Make parties with their addresses, contact points and standing; the number of each, in their order."""
    numbers = [0] * len(parties)
    for kind, record in ((PartyKind.PERSON, Person), (PartyKind.ORGANIZATION, Organization)):
        places = [place for place, party in enumerate(parties) if party.kind is kind]
        # Every row has every column that any has: which are written is read from the first ones.
        blank = dict.fromkeys(name for place in places for name in parties[place].columns)
        made = insert_many(session, record, (_columns(parties[place], blank) for place in places))
        for place, number in zip(places, made, strict=True):
            numbers[place] = number
    placed = list(zip(numbers, parties, strict=True))
    insert_many(
        session,
        Address,
        [
            {**_NO_ADDRESS, **address, "party_id": number, "is_preferred": n == 0}
            for number, party in placed
            for n, address in enumerate(party.addresses)
        ],
    )
    insert_many(
        session,
        ContactPoint,
        [
            {
                "party_id": number,
                "kind": one.kind,
                "value": one.value,
                "normalised": one.normalised,
                "label": one.label,
                "is_preferred": n == 0,
            }
            for number, party in placed
            for n, one in enumerate(party.reach)
        ],
    )
    insert_many(
        session,
        LifecycleEvent,
        [
            {"party_id": number, "lifecycle": party.lifecycle, "at": party.since or at, "reason": None}
            for number, party in placed
        ],
    )
    tell_all(
        session,
        (
            PartyAdded(record_id=number, party_id=number, at=at, name=party.name, party_kind=party.kind)
            for number, party in placed
        ),
    )
    return numbers


_NO_ADDRESS = {"street": None, "postal_code": None, "city": None, "region": None, "country": None}


def _columns(party: NewParty, blank: dict[str, Any]) -> dict[str, Any]:
    plain = folded(party.name)
    return {
        **blank,
        "owner_id": None,
        "source": "import",
        **party.columns,
        "name": party.name,
        "folded": plain,
        "name_key": name_key(plain),
        "back_key": back_key(plain),
        "lifecycle": party.lifecycle,
    }
