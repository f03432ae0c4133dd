"""What may be done with relations between parties."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from crmlib.base import InvalidTransition, Refused, fields_of, find, tell
from crmlib.contacts.editing import as_typed, refuse_backwards, refuse_stale, write
from crmlib.contacts.events import RelationEnded, RelationNoted
from crmlib.contacts.records import Party, Relation, RelationKind
from crmlib.i18n import gettext as _

__all__ = ["edit_relation", "end_relation", "relate", "remove_relation"]


def relate(
    session: Session,
    party: Party | int,
    kind: RelationKind | str,
    other: Party | int,
    *,
    from_on: date | str | None = None,
    to_on: date | str | None = None,
    note: str | None = None,
    at: datetime,
) -> Relation:
    """Say what `party` is to `other`: `relate(ana, "refers", dan)` reads *Ana refers Dan*.

    Raises Refused where the two are one, or are this to each other already in some of those days.
    """
    party, other, known = find(session, Party, party), find(session, Party, other), fields_of(Relation)
    relation = Relation(
        party_id=party.id,
        other_id=other.id,
        kind=known["kind"].read(kind),
        from_on=known["from_on"].read(as_typed(from_on)),
        to_on=known["to_on"].read(as_typed(to_on)),
        note=known["note"].read(note),
    )
    refuse_backwards(relation.from_on, relation.to_on)
    if party.id == other.id:
        raise Refused(_("{name} cannot be related to itself.").format(name=party.name))
    _refuse_twice(session, relation, party, other)
    session.add(relation)
    session.flush()
    _tell_both(session, RelationNoted, relation, party, other, at)
    return relation


def edit_relation(
    session: Session, relation: Relation | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Relation:
    """Change kind, days or note. Raises Conflict where a field holds another value than `was`."""
    relation = find(session, Relation, relation)
    party, other = relation.party, relation.other
    with session.no_autoflush:
        write(relation, typed, was=was)
        try:
            refuse_backwards(relation.from_on, relation.to_on)
            _refuse_twice(session, relation, party, other)
        except (ValueError, Refused):
            session.refresh(relation)
            raise
    return relation


def end_relation(session: Session, relation: Relation | int, *, on: date, at: datetime) -> Relation:
    """Say that a relation ended on a day. Raises InvalidTransition where it has ended."""
    relation = find(session, Relation, relation)
    if relation.to_on is not None:
        raise InvalidTransition(_("This has ended on {day} already.").format(day=relation.to_on))
    refuse_backwards(relation.from_on, on)
    relation.to_on = on
    session.flush()
    _tell_both(session, RelationEnded, relation, relation.party, relation.other, at)
    return relation


def remove_relation(session: Session, relation: Relation | int, *, was: Mapping[str, Any] | None = None) -> None:
    """Take back what was never so; what has ended is told by `end_relation`."""
    relation = find(session, Relation, relation)
    refuse_stale(relation, dict.fromkeys(was or {}), was)
    session.delete(relation)
    session.flush()


def _refuse_twice(session: Session, relation: Relation, party: Party, other: Party) -> None:
    there: ColumnElement[bool] = (Relation.party_id == party.id) & (Relation.other_id == other.id)
    if relation.kind.is_mutual:
        there = or_(there, (Relation.party_id == other.id) & (Relation.other_id == party.id))
    for one in session.scalars(select(Relation).where(there, Relation.kind == relation.kind)):
        mine = (relation.from_on or date.min, relation.to_on or date.max)
        theirs = (one.from_on or date.min, one.to_on or date.max)
        if one is not relation and mine[0] <= theirs[1] and theirs[0] <= mine[1]:
            says = _("This is known already: {name} {words} {other}.")
            raise Refused(says.format(name=party.name, words=_(relation.kind.label), other=other.name))


def _tell_both(
    session: Session,
    event: type[RelationNoted] | type[RelationEnded],
    relation: Relation,
    party: Party,
    other: Party,
    at: datetime,
) -> None:
    for one, words, two in ((party, relation.kind.label, other), (other, relation.kind.inverse, party)):
        tell(
            session,
            event(record_id=relation.id, party_id=one.id, at=at, name=one.name, words=words, other=two.name),
        )
