"""Rows that hold several records: a person, the organization, a deal, an activity and a note in one.

Such a file is read once for each of them, with the columns that speak of it; what the row itself connects is connected
by the keys, e-mails and names that stand in it. Somebody who is named in many rows is one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from crmlib.exchange.mapping import CUSTOM, IGNORE, ColumnMapping
from crmlib.exchange.mapping import Mapping as Meaning
from crmlib.exchange.reading import BadRow, Table
from crmlib.exchange.reading.table import Record
from crmlib.exchange.sources import Seen, digest_of

#: The records that may ride in the rows of these kinds of files.
_CARRIERS = frozenset({"contacts", "companies", "deals", "activities"})
NOTES = "notes"
_ALL = ("companies", "contacts", "products", "deals", "activities", NOTES)
_RECORD_OF = {"companies": "organization", "contacts": "person", "products": "product", "deals": "deal",
              "activities": "activity"}  # fmt: skip
_WITH_PERSON = frozenset({"person", "affiliation", "relation", "manager", "fact", "event"})
# What a column of a party's own says of whichever party its prefix names.
_OF_A_PARTY = frozenset({"address", "contact_point", "consent", "party", "tag", "custom"})
_NAMES = {
    "companies": ("organization.name",),
    "contacts": ("person.name", "person.given_name", "person.family_name", "contact_point.email"),
    "products": ("product.name", "product.code"), "deals": ("deal.name",), "activities": ("activity.subject",),
}  # fmt: skip
_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Part(Table):
    """The rows of a file that hold a record of one kind: those with a value at any of the places `needed`.

    `kept` are the columns that speak of it. With `named`, which tells a row's record from others, each is read once;
    `differs` is told the line of a row that says something else of one that was read before, `skipped` how many rows
    spoke of one again. Rows that cannot be read are left to the part that is the file's own.
    """

    of: Table
    kept: tuple[str, ...]
    needed: tuple[int, ...] = ()
    named: Callable[[dict[str, str]], str] | None = None
    differs: Callable[[int], None] | None = None
    skipped: Callable[[int], None] | None = None
    is_own: bool = False

    def records(self) -> Iterator[Record | BadRow]:
        rows = self._rows()
        if self.named is None:
            yield from rows
            return
        seen = Seen()
        try:
            while some := list(islice(rows, _AT_ONCE)):
                yield from self._once(some, seen)
        finally:
            seen.close()

    def _rows(self) -> Iterator[Record | BadRow]:
        for record in self.of.records():
            if isinstance(record, BadRow):
                if self.is_own:
                    yield record
            elif not self.needed or any(place < len(record[1]) and record[1][place].strip() for place in self.needed):
                yield record

    def _once(self, some: list[Record | BadRow], seen: Seen) -> Iterator[Record | BadRow]:
        assert self.named is not None
        told: list[tuple[str, str, Record | BadRow]] = []
        for record in some:
            if isinstance(record, BadRow):
                told.append(("", "", record))
                continue
            values = dict(zip(self.columns, map(str.strip, record[1]), strict=False))
            key = self.named(values).casefold()
            says = digest_of("\x1f".join(filter(None, (values.get(name) for name in self.kept))))
            told.append((key, f"{key}\x1f{says}", record))
        keys = {name for key, same, _record in told if key for name in (key, same)}
        here, n_skipped = seen.lines(list(keys)), 0
        for key, same, record in told:
            if not key or isinstance(record, BadRow) or key not in here:
                yield record
            else:
                n_skipped += 1
                if same not in here and self.differs is not None:
                    self.differs(record[0])
            if key and not isinstance(record, BadRow):
                here.setdefault(key, record[0])
                here.setdefault(same, record[0])
        seen.add(here.items())
        if self.skipped is not None and n_skipped:
            self.skipped(n_skipped)


def parts_of(meaning: Meaning) -> list[tuple[str, Meaning]]:
    """What rides in the rows of a file, each with the columns that speak of it; the file's own kind is among them.

    One pair alone where every row is one record.
    """
    own = meaning.kinds[0]
    if own not in _CARRIERS:
        return [(own, meaning)]
    found = [(kind, _meaning_of(meaning, kind)) for kind in _ALL if kind == own or _rides(meaning, kind)]
    # What no column names cannot be told from what other rows hold.
    found = [(kind, told) for kind, told in found if kind == own or _named_by(told, kind)]
    return found if len(found) > 1 else [(own, meaning)]


def part(table: Table, kind: str, meaning: Meaning, *, is_own: bool, **once: Any) -> Part:
    """The rows of `table` that hold a record of this kind."""
    places = [table.index[column] for column in _named_by(meaning, kind) if column in table.columns]
    about = {name: getattr(table, name) for name in Table.__dataclass_fields__}
    kept = tuple(one.column for one in meaning.columns if one.target not in (IGNORE, CUSTOM))
    return Part(**about, of=table, kept=kept, needed=() if is_own else tuple(places), is_own=is_own, **once)


def _named_by(meaning: Meaning, kind: str) -> list[str]:
    """The columns that name a record of this kind."""
    names = ("activity.body",) if kind == NOTES else _NAMES[kind]
    return [one.column for one in meaning.columns if one.target in names]


def _rides(meaning: Meaning, kind: str) -> bool:
    own = meaning.kinds[0]
    targets = {one.target for one in meaning.columns}
    if kind == NOTES:
        return "note.body" in targets
    if kind == "companies":
        plain = any(one.target.startswith("organization.") and one.target[13:] not in _BARE for one in meaning.columns)
        return plain or (_names_one(meaning, "organization") and any(_is_detail(one, kind) for one in meaning.columns))
    if kind == "contacts" and own != "companies":
        plain = any(one.target.startswith("person.") and one.target[7:] not in _BARE for one in meaning.columns)
        return plain or (_names_one(meaning, "person") and any(_is_detail(one, kind) for one in meaning.columns))
    return bool(targets & set(_NAMES[kind]))


_BARE = frozenset({"ref", "key", "name"})


def _is_detail(one: ColumnMapping, kind: str) -> bool:
    return one.of == kind and one.target.partition(".")[0] in _OF_A_PARTY


def _names_one(meaning: Meaning, record: str) -> bool:
    return any(
        one.target == f"{record}.name" or (one.target == f"{record}.ref" and one.by == "name")
        for one in meaning.columns
    )


def _meaning_of(meaning: Meaning, kind: str) -> Meaning:
    own = meaning.kinds[0]
    columns = [told for one in meaning.columns if (told := _column(one, own, kind)) is not None]
    return replace(meaning, kinds=("activities" if kind == NOTES else kind,), columns=tuple(columns))


def _column(one: ColumnMapping, own: str, kind: str) -> ColumnMapping | None:
    """What a column means in the part of this kind; None where it says nothing of it."""
    record, _dot, name = one.target.partition(".")
    of = one.of or own
    if kind == NOTES:
        if one.target == "note.body":
            return replace(one, target="activity.body", n=1)
        return _reference(one, own, kind)
    if record == _RECORD_OF[kind] and name != "ref":
        return replace(one, of="")
    if kind in ("contacts", "companies"):
        if kind == "contacts" and record in _WITH_PERSON and name != "ref":
            return one
        if record in _OF_A_PARTY and of == kind:
            return replace(one, of="")
        if name == "ref" and record == _RECORD_OF[kind]:
            # What refers to the record in the other parts is what it is told by here.
            told = {"key": f"{record}.key", "email": "contact_point.email"}
            return replace(one, target=told.get(one.by, f"{record}.name"), by="", of="")
        if record == "parent":
            return one if kind == "companies" else None
        if one.target == "manager.ref":
            return one if kind == "contacts" else None
        if record == "owner":
            return one if kind == own else None
        return _reference(one, own, kind) if kind == "contacts" and record == "organization" else None
    if record in ("custom", "tag"):
        return replace(one, of="") if of == kind else None
    if kind == "products":
        return None
    return _reference(one, own, kind)


def _reference(one: ColumnMapping, own: str, kind: str) -> ColumnMapping | None:
    """A column that tells another record of the row, as the reference to it that it is in this part."""
    record, _dot, name = one.target.partition(".")
    if name == "ref" and record not in ("parent", "manager"):
        return one
    if record in ("organization", "person", "deal") and record != _RECORD_OF.get(kind):
        if name in ("name", "key"):
            return replace(one, target=f"{record}.ref", by=name, of=one.of or own)
        if one.target in ("person.given_name", "person.family_name"):
            return one
    if one.target == "contact_point.email" and (one.of or own) == "contacts" and kind != "companies":
        return replace(one, target="person.ref", by="email", label="", of="contacts")
    if record == "product" and kind == "deals":
        return replace(one, target="product.ref", by="key" if name == "code" else "name") if name in _KEYS else None
    return None


_KEYS = frozenset({"name", "code"})
