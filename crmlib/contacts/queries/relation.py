"""Who belongs together: relations, affiliations and the hierarchy, as lists and as a graph."""

from collections import deque
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, literal, or_, select
from sqlalchemy.orm import Session, aliased

from crmlib.base import Base, find, read_frame
from crmlib.contacts.records import Affiliation, Organization, Party, Relation
from crmlib.i18n import gettext as _

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AFFILIATIONS", "RELATIONS", "affiliations", "hierarchy", "neighbourhood", "relations"]

RELATIONS = {
    "relation_id": "int64",
    "party_id": "int64",
    "party": "str",
    "relation": "category",
    "other_id": "int64",
    "other": "str",
    "from_on": "datetime64[s]",
    "to_on": "datetime64[s]",
    "note": "str",
}
AFFILIATIONS = {
    "affiliation_id": "int64",
    "person_id": "int64",
    "person": "str",
    "organization_id": "int64",
    "organization": "str",
    "role": "str",
    "department": "str",
    "from_on": "datetime64[s]",
    "to_on": "datetime64[s]",
    "is_primary": "bool",
}
_First, _Second = aliased(Party, name="first_party"), aliased(Party, name="second_party")

# A graph of more is a blot: the nearest are shown, and that there are more is said.
MOST_NODES = 200


def relations(session: Session, *, party_id: int | None = None) -> "pd.DataFrame":
    """Relations as they were noted, by name; of one party in either direction where `party_id` is given.

    One row per relation; `relation_id` is unique. Columns are `RELATIONS`; it reads *party relation other*.
    `to_on` is NaT while it holds.
    """
    rows = (
        select(
            Relation.id.label("relation_id"),
            Relation.party_id,
            _First.name.label("party"),
            Relation.kind.label("relation"),
            Relation.other_id,
            _Second.name.label("other"),
            Relation.from_on,
            Relation.to_on,
            Relation.note,
        )
        .join(_First, _First.id == Relation.party_id)
        .join(_Second, _Second.id == Relation.other_id)
        .order_by(_First.folded, Relation.party_id, Relation.id)
    )
    if party_id is not None:
        rows = rows.where(or_(Relation.party_id == party_id, Relation.other_id == party_id))
    return read_frame(session, rows, RELATIONS)


def affiliations(
    session: Session, *, party_id: int | None = None, on: date | None = None, with_ended: bool = True
) -> "pd.DataFrame":
    """Who belongs or belonged to which organization, the newest first for each person.

    One row per affiliation; `affiliation_id` is unique. Columns are `AFFILIATIONS`. `party_id` keeps those of a person
    or an organization, `on` those that held on a day; without `with_ended` only those that nobody has ended.
    """
    rows = (
        select(
            Affiliation.id.label("affiliation_id"),
            Affiliation.person_id,
            _First.name.label("person"),
            Affiliation.organization_id,
            _Second.name.label("organization"),
            Affiliation.role,
            Affiliation.department,
            Affiliation.from_on,
            Affiliation.to_on,
            Affiliation.is_primary,
        )
        .join(_First, _First.id == Affiliation.person_id)
        .join(_Second, _Second.id == Affiliation.organization_id)
        .order_by(_First.folded, Affiliation.person_id, Affiliation.from_on.desc().nulls_last(), Affiliation.id.desc())
    )
    if party_id is not None:
        rows = rows.where(or_(Affiliation.person_id == party_id, Affiliation.organization_id == party_id))
    if on is not None:
        rows = rows.where(or_(Affiliation.from_on.is_(None), Affiliation.from_on <= on))
        rows = rows.where(or_(Affiliation.to_on.is_(None), Affiliation.to_on >= on))
    if not with_ended:
        rows = rows.where(Affiliation.to_on.is_(None))
    return read_frame(session, rows, AFFILIATIONS)


def hierarchy(session: Session, organization_id: int) -> list[dict[str, Any]]:
    """The whole tree that an organization stands in, the top first and each under its parent.

    One dict per organization: party_id, party, parent_id (None at the top), depth (0 at the top).
    """
    top, seen = find(session, Organization, organization_id), set[int]()
    while top.parent is not None and top.id not in seen:
        seen.add(top.id)
        top = top.parent
    below = (
        select(Organization.id, Organization.parent_id, literal(0).label("depth"))
        .where(Organization.id == top.id)
        .cte("below", recursive=True)
    )
    # A loop, which only a hand in the database can make, ends where it closes.
    below = below.union(
        select(Organization.id, Organization.parent_id, below.c.depth + 1).where(
            Organization.parent_id == below.c.id, Organization.id != top.id, below.c.depth < 50
        )
    )
    rows = select(below.c.id, Party.name, below.c.parent_id, below.c.depth).join(Party, Party.id == below.c.id)
    found = session.execute(rows.order_by(below.c.depth, Party.folded, Party.id)).all()
    children: dict[int | None, list[dict[str, Any]]] = {}
    for number, name, parent_id, depth in found:
        parent = None if number == top.id else parent_id
        children.setdefault(parent, []).append({"party_id": number, "party": name, "parent_id": parent, "depth": depth})
    ordered, waiting = list[dict[str, Any]](), deque(children.get(None, []))
    while waiting:
        one = waiting.popleft()
        ordered.append(one)
        waiting.extendleft(reversed(children.get(one["party_id"], [])))
    return ordered


def neighbourhood(
    session: Session, party_id: int, *, steps: int = 1, with_ended: bool = False, most: int = MOST_NODES
) -> dict[str, Any]:
    """Who is connected with a party within some `steps`, to be drawn as a graph.

    A dict of `nodes` (party_id, party, kind, lifecycle, step), the party itself first, `edges` (source, target, kind,
    words, from_on, to_on; words read from source to target), and `is_cut`, whether there are more than `most`.
    Edges are relations, affiliations ("belongs to") and the hierarchy ("part of").
    """
    find(session, Party, party_id)
    step_of, edges, frontier, is_cut = {party_id: 0}, dict[tuple[Any, ...], dict[str, Any]](), {party_id}, False
    for step in range(1, max(steps, 0) + 1):
        reached: dict[int, None] = {}
        for edge in _edges(session, frontier, with_ended):
            edges.setdefault((edge["source"], edge["target"], edge["kind"], edge["number"]), edge)
            reached |= dict.fromkeys((edge["source"], edge["target"]))
        new = [number for number in sorted(reached) if number not in step_of]
        room = max(most - len(step_of), 0)
        is_cut = is_cut or len(new) > room
        frontier = set(new[:room])
        step_of |= dict.fromkeys(new[:room], step)
        if not frontier:
            break
    rows = select(Party.id, Party.name, Party.kind, Party.lifecycle).where(Party.id.in_(step_of))
    parties = {row.id: row for row in session.execute(rows)}
    nodes = [
        {
            "party_id": number,
            "party": parties[number].name,
            "kind": parties[number].kind.value,
            "lifecycle": parties[number].lifecycle.value,
            "step": step,
        }
        for number, step in step_of.items()
        if number in parties
    ]
    shown = {node["party_id"] for node in nodes}
    kept = [
        {key: value for key, value in edge.items() if key != "number"}
        for edge in edges.values()
        if edge["source"] in shown and edge["target"] in shown
    ]
    return {"nodes": nodes, "edges": kept, "is_cut": is_cut}


def _edges(session: Session, around: Iterable[int], with_ended: bool) -> Iterable[dict[str, Any]]:
    here = list(around)
    related = select(Relation).where(or_(Relation.party_id.in_(here), Relation.other_id.in_(here)))
    belongs = select(Affiliation).where(or_(Affiliation.person_id.in_(here), Affiliation.organization_id.in_(here)))
    under: Select[int, int | None] = select(Organization.id, Organization.parent_id).where(
        Organization.parent_id.is_not(None), or_(Organization.id.in_(here), Organization.parent_id.in_(here))
    )
    for one in _kept(session, related.order_by(Relation.id), Relation, with_ended):
        yield _edge(one.id, one.party_id, one.other_id, one.kind.value, _(one.kind.label), one)
    for link in _kept(session, belongs.order_by(Affiliation.id), Affiliation, with_ended):
        words = link.role or _("belongs to")
        yield _edge(link.id, link.person_id, link.organization_id, "affiliation", words, link)
    for number, parent_id in session.execute(under.order_by(Organization.id)):
        yield _edge(number, number, parent_id, "part of", _("part of"), None)


def _kept(session: Session, rows: Select[Any], record: type[Any], with_ended: bool) -> Iterable[Any]:
    return session.scalars(rows if with_ended else rows.where(record.to_on.is_(None)))


def _edge(number: int, source: int, target: int | None, kind: str, words: str, dated: Base | None) -> dict[str, Any]:
    return {
        "number": number,
        "source": source,
        "target": target,
        "kind": kind,
        "words": words,
        "from_on": getattr(dated, "from_on", None),
        "to_on": getattr(dated, "to_on", None),
    }
