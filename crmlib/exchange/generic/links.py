"""What parties are to each other: parents of organizations, managers, spouses and assistants of people.

A row may name one that comes later in its file, or in another file: so it is looked up once the rows it stands among
are kept, and again when the file is through.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select, tuple_

from crmlib.base import Refused, insert_many
from crmlib.contacts import Fact, FactTopic, Organization, PartyKind, Relation, RelationKind, folded
from crmlib.contacts.actions.affiliation import set_parent
from crmlib.exchange.generic.matches import Matches
from crmlib.exchange.loading import Doubt, Doubting, Loading, wait
from crmlib.exchange.matching import match_key
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy

# So many are held until the file is through; beyond it, what is not here by then is told at once.
MOST_HELD = 50_000
PARENT = "parent"

#: What the other one is to the row's own party: the relation, and whether the other one comes first in it.
_RELATIONS = {
    "manager": (RelationKind.MANAGES, True), "boss": (RelationKind.MANAGES, True),
    "assistant": (RelationKind.ASSISTS, True), "spouse": (RelationKind.SPOUSE, True),
    "partner": (RelationKind.SPOUSE, True), "domesticpartner": (RelationKind.SPOUSE, True),
    "husband": (RelationKind.SPOUSE, True), "wife": (RelationKind.SPOUSE, True),
    "children": (RelationKind.PARENT, False), "child": (RelationKind.PARENT, False),
    "son": (RelationKind.PARENT, False), "daughter": (RelationKind.PARENT, False),
    "parent": (RelationKind.PARENT, True), "mother": (RelationKind.PARENT, True), "father": (RelationKind.PARENT, True),
    "brother": (RelationKind.SIBLING, True), "sister": (RelationKind.SIBLING, True),
    "sibling": (RelationKind.SIBLING, True), "relative": (RelationKind.RELATIVE, True),
    "friend": (RelationKind.FRIEND, True), "referredby": (RelationKind.REFERS, True),
}  # fmt: skip
_AT_WORK = frozenset((RelationKind.MANAGES, RelationKind.ASSISTS))
#: What somebody is called in a fact who is no record here.
_WORDS = {
    RelationKind.MANAGES: lazy("Manager"), RelationKind.ASSISTS: lazy("Assistant"),
    RelationKind.SPOUSE: lazy("Partner"), RelationKind.PARENT: lazy("Parent or child"),
    RelationKind.SIBLING: lazy("Brother or sister"), RelationKind.RELATIVE: lazy("Relative"),
    RelationKind.FRIEND: lazy("Friend"), RelationKind.REFERS: lazy("Referred by"),
}  # fmt: skip


class Link(NamedTuple):
    """Whom a row names: as what (a word of `_RELATIONS`, or `parent` of an organization), by key or by name."""

    word: str
    by: str
    told: str


class _Held(NamedTuple):
    number: int
    link: Link
    doubt: Doubt


class Links:
    """The links of one kind of party that are not made yet."""

    def __init__(self, loading: Loading, matches: Matches, kind: str, party: PartyKind) -> None:
        self.loading, self.session, self.matches = loading, loading.session, matches
        self.kind, self.party = kind, party
        self._held: list[_Held] = []

    def hold(self, number: int, links: Sequence[Link], doubt: Doubt) -> None:
        """Remember whom the row of a party names. Its row counts as unsettled when it comes again."""
        if links and isinstance(doubt, Doubting):
            doubt.waits = True
        self._held += [_Held(number, link, doubt) for link in links]

    def settle(self, *, last: bool = False) -> int:
        """Make the links whose other end is here by now; how many. At the `last` time the others are told."""
        if not self._held:
            return 0
        last = last or len(self._held) > MOST_HELD
        keys = {one.link.told for one in self._held if one.link.by == "key"}
        names = {one.link.told for one in self._held if one.link.by != "key"}
        by_key = self.loading.sources.numbers(self.kind, keys)
        by_name = self.matches.meant(names, self.party, self.kind)
        found: list[tuple[_Held, int]] = []
        rest: list[_Held] = []
        for one in self._held:
            number = (by_key if one.link.by == "key" else by_name).get(one.link.told)
            if number is not None and number != one.number:
                found.append((one, number))
            elif last:
                self._missed(one, is_itself=number is not None)
            else:
                rest.append(one)
        self._held = rest
        if self.party is PartyKind.ORGANIZATION:
            return sum(self._put_under(one, number) for one, number in found)
        return self._relate(found)

    def _put_under(self, one: _Held, parent: int) -> bool:
        here = self.session.get(Organization, one.number)
        if here is None or here.parent_id == parent:
            return False
        try:
            set_parent(self.session, here, parent, at=self.loading.at)
        except Refused as error:
            one.doubt(str(error))
            return False
        return True

    def _relate(self, found: Sequence[tuple[_Held, int]]) -> int:
        wanted = dict.fromkeys(_ends(one, number) for one, number in found)
        numbers = sorted({number for one, number in found} | {one.number for one, _n in found})
        here: set[tuple[int, int, RelationKind]] = set()
        for place in range(0, len(numbers), 5000):
            some = numbers[place : place + 5000]
            rows = select(Relation.party_id, Relation.other_id, Relation.kind).where(Relation.party_id.in_(some))
            here |= {(party, other, kind) for party, other, kind in self.session.execute(rows)}
        fresh = []
        for party, other, kind in wanted:
            if (party, other, kind) in here or (kind.is_mutual and (other, party, kind) in here):
                continue
            here.add((party, other, kind))
            fresh.append({"party_id": party, "other_id": other, "kind": kind})
        insert_many(self.session, Relation, fresh)
        return len(fresh)

    def _missed(self, one: _Held, *, is_itself: bool) -> None:
        told = one.link.told
        if is_itself:
            one.doubt(_("“{name}” is the row itself; nobody is related to themselves").format(name=told))
        elif one.link.by == "key":
            says = _("nobody here has the key “{key}”; import the file that has it, and then this one again")
            wait(one.doubt, says.format(key=told))
        elif self.party is PartyKind.ORGANIZATION:
            says = _("no organization here is called “{name}”, so nothing is above it; import it, and this again")
            wait(one.doubt, says.format(name=told))
        else:
            self._note(one)

    def _note(self, one: _Held) -> None:
        """Somebody whom only the row knows is kept as a fact: her husband is called Tom."""
        kind, _first = _RELATIONS[one.link.word]
        topic = FactTopic.WORK if kind in _AT_WORK else FactTopic.FAMILY
        value = _("{relation}: {name}").format(relation=_(_WORDS[kind]), name=one.link.told)
        known = select(Fact.id).where(Fact.party_id == one.number, Fact.topic == topic, Fact.folded == folded(value))
        if self.session.scalar(known.limit(1)) is None:
            row = {"party_id": one.number, "topic": topic, "value": value, "source": self.loading.system}
            insert_many(self.session, Fact, [row])

    def remove(self, number: int, links: Sequence[Link]) -> None:
        """Take back relations that a newer version of a row no longer names, unless somebody changed them here."""
        for link in links:
            named = self.loading.sources.numbers(self.kind, [link.told]) if link.by == "key" else None
            found = named or self.matches.meant([link.told], self.party, self.kind)
            other = found.get(link.told)
            if other is None:
                continue
            ends = _ends(_Held(number, link, lambda says: None), other)
            rows = select(Relation).where(
                tuple_(Relation.party_id, Relation.other_id).in_([ends[:2], ends[:2][::-1]]), Relation.kind == ends[2]
            )
            for relation in self.session.scalars(rows).all():
                if relation.version == 1 and (relation.kind.is_mutual or relation.party_id == ends[0]):
                    self.session.delete(relation)


def relation_word(text: str) -> str:
    """The word of a relation that a label means; "relative" for one that we have no word for."""
    key = match_key(text)
    return key if key in _RELATIONS else "relative"


def _ends(one: _Held, other: int) -> tuple[int, int, RelationKind]:
    kind, other_first = _RELATIONS[one.link.word]
    return (other, one.number, kind) if other_first else (one.number, other, kind)
