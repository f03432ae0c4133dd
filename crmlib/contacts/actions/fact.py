"""What may be done with the Farley file of a party."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Refused, fields_of, find, tell
from crmlib.contacts.editing import as_typed, refuse_stale, write
from crmlib.contacts.events import FactForgotten, FactNoted
from crmlib.contacts.records import Fact, FactTopic, Party, folded
from crmlib.i18n import gettext as _

__all__ = ["add_fact", "add_interests", "edit_fact", "forget_fact"]


def add_fact(
    session: Session,
    party: Party | int,
    topic: FactTopic | str,
    value: str,
    *,
    source: str | None = None,
    source_party: Party | int | None = None,
    said_on: date | str | None = None,
    day_on: date | str | None = None,
    remind_yearly: bool = False,
    at: datetime,
) -> Fact:
    """Remember something about `party`, and who said it or where it is from.

    Raises Refused where it is in the file already, InvalidInput for a value that cannot be, or a yearly reminder
    without its day.
    """
    party, known = find(session, Party, party), fields_of(Fact)
    fact = Fact(
        party_id=party.id,
        topic=known["topic"].read(topic),
        value=known["value"].read(value),
        source=known["source"].read(source),
        source_party_id=None if source_party is None else find(session, Party, source_party).id,
        said_on=known["said_on"].read(as_typed(said_on)),
        day_on=known["day_on"].read(as_typed(day_on)),
        remind_yearly=remind_yearly,
    )
    _check(fact)
    if _same(session, fact) is not None:
        raise Refused(_("This is in the file already: {value}").format(value=fact.value))
    session.add(fact)
    session.flush()
    told = FactNoted(
        record_id=fact.id, party_id=party.id, at=at, topic=fact.topic, value=fact.value, source=fact.source
    )
    tell(session, told)
    return fact


def add_interests(
    session: Session, party: Party | int, interests: list[str], *, source: str | None = None, at: datetime
) -> list[Fact]:
    """Remember what a party is interested in; what is in the file already is passed over. Gives what was new."""
    party = find(session, Party, party)
    added = []
    for interest in dict.fromkeys(one.strip() for one in interests if one.strip()):
        candidate = Fact(party_id=party.id, topic=FactTopic.INTEREST, value=interest)
        if _same(session, candidate) is None:
            added.append(add_fact(session, party, FactTopic.INTEREST, interest, source=source, at=at))
    return added


def edit_fact(
    session: Session, fact: Fact | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Fact:
    """Change fields of a fact. Raises Conflict where one holds another value than `was`, what the editor saw."""
    fact = find(session, Fact, fact)
    with session.no_autoflush:
        write(fact, typed, was=was, readers={"remind_yearly": bool})
        try:
            _check(fact)
        except InvalidInput:
            session.refresh(fact)
            raise
    return fact


def forget_fact(session: Session, fact: Fact | int, *, at: datetime, was: Mapping[str, Any] | None = None) -> None:
    """Take a fact out of the file; the journal keeps who did."""
    fact = find(session, Fact, fact)
    refuse_stale(fact, dict.fromkeys(was or {}), was)
    told = FactForgotten(record_id=fact.id, party_id=fact.party_id, at=at, topic=fact.topic, value=fact.value)
    session.delete(fact)
    session.flush()
    tell(session, told)


def _check(fact: Fact) -> None:
    if fact.remind_yearly and fact.day_on is None:
        raise InvalidInput(_("Day"), "", _("a yearly reminder needs its day"))


def _same(session: Session, fact: Fact) -> Fact | None:
    rows = select(Fact).where(
        Fact.party_id == fact.party_id, Fact.topic == fact.topic, Fact.folded == folded(fact.value)
    )
    return session.scalars(rows.limit(1)).first()
