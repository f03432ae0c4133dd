"""Records that may be what is looked for, from the index of either database: few, and only those the actor may see.

Each step is a select over ORM entities, so that rights narrow it where they narrow everything, before its limit.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from itertools import count
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    TableClause,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    or_,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from crmlib.base import like_pattern
from crmlib.contacts import ContactPoint
from crmlib.search.kinds import Kind
from crmlib.search.records import CODES, SHIFT, SearchEntry
from crmlib.search.words import spread, trigrams

_FTS = table("search_fts", column("rowid"))
_BEGIN = table("search_fts_begin", column("rowid"))
# What of PostgreSQL's planner rests while it searches.
_PLANNER = ("enable_seqscan", "jit")
_END = select(*(func.set_config(name, bindparam(name, type_=Text()), True) for name in _PLANNER))
_THREE_LETTERS = re.compile(r"[^\W_]{3}")
_LAST = "\U0010ffff"
# More than these do not make a search of one word any narrower.
_MOST_TRIGRAMS = 10


@dataclass(frozen=True)
class Candidate:
    """A record that may be meant, with what its rank depends on. `near` counts slips, 0 where it fits as typed."""

    record_id: int
    name: str
    text: str
    importance: int
    recent: datetime | None
    near: int = 0


@dataclass(frozen=True)
class Fragment:
    """A piece of text to look for. `starts` asks for it at the beginning of a word."""

    text: str
    starts: bool

    @property
    def held(self) -> str:
        """What an entry's text must hold."""
        return ("  " if self.starts else "") + spread(self.text)

    @property
    def indexed(self) -> str:
        """As much of it as trigrams are asked for: one blank is enough before two letters."""
        return self.held[1:] if self.starts and len(self.text) > 1 else self.held


@contextmanager
def looking(session: Session) -> Iterator[set[str]]:
    """Search inside this. Gives the kinds of which there is anything at all: the others need not be asked.

    PostgreSQL is kept from reading a whole table in the hope to meet enough hits soon: all may stand at its end.
    """
    sqlite = _on_sqlite(session)
    row = session.execute(_beginning(sqlite)).one()
    yield {record for record in row[: len(CODES)] if record}
    if not sqlite:
        # After an error the transaction takes the settings with it.
        session.execute(_END, dict(zip(_PLANNER, row[len(CODES) :], strict=False)))


@cache
def _beginning(sqlite: bool) -> Select[*tuple[Any, ...]]:
    asked: list[Any] = [
        select(SearchEntry.record).where(SearchEntry.record == record).limit(1).scalar_subquery() for record in CODES
    ]
    if not sqlite:
        asked += [func.current_setting(name) for name in _PLANNER]
        asked += [func.set_config(name, "off", True) for name in _PLANNER]
    return select(*asked)


def fragment(word: str, *, starts: bool) -> Fragment:
    """One or two letters are looked for at the beginning of words only."""
    return Fragment(word, starts=starts or len(word) < 3)


def by_name(session: Session, kind: Kind, begins: Sequence[str], limit: int) -> list[Candidate]:
    """Whose title begins with one of `begins`, in the order of titles."""
    found: list[Candidate] = []
    for one in begins:
        # One range at a time is read from the index in order; several at once would be a scan of it.
        found += _read(session, _named(kind), first=one, last=one + _LAST, most=limit)
    return found


def by_number(session: Session, kind: Kind, numbers: Sequence[str], limit: int) -> list[Candidate]:
    """Parties with one of these whole phone numbers."""
    return _read(session, _numbered(kind), numbers=list(numbers), most=limit)


def by_begins(session: Session, kind: Kind, words: Sequence[Sequence[str]], limit: int) -> list[Candidate]:
    """In whose entry there is a word for each of `words` that begins in one of its ways.

    Of many some, on SQLite the newest.
    """
    if _on_sqlite(session):
        match = " AND ".join("(" + " OR ".join(f'"{way}" *' for way in ways) + ")" for ways in words)
        return _read(session, _matching(kind, _BEGIN), match=match, most=limit)
    query = " & ".join("(" + " | ".join(f"{_lexeme(way)}:*" for way in ways) + ")" for ways in words)
    return _read(session, _beginning_so(kind), match=query, most=limit)


def by_text(session: Session, kind: Kind, words: Sequence[Sequence[Fragment]], limit: int) -> list[Candidate]:
    """Whose entry holds one of each of `words`, anywhere. Of many some, on SQLite the newest."""
    sqlite = _on_sqlite(session)
    if not sqlite and not any(all(_THREE_LETTERS.search(way.text) for way in ways) for ways in words):
        # Its trigrams are of letters and digits: without any, every entry would be looked at.
        return []
    rows = _holding(kind, sqlite, tuple(len(ways) for ways in words))
    ways = [way for ways in words for way in ways]
    asked: dict[str, Any] = {f"way_{n}": way.held if sqlite else _pattern(way) for n, way in enumerate(ways)}
    if sqlite:
        asked["match"] = _match(words)
    return _read(session, rows, **asked, most=limit)


# --- statements: each is put together once -----------------------------------------------------------


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


@cache
def _named(kind: Kind) -> Select[*tuple[Any, ...]]:
    first, last = bindparam("first", type_=Text()), bindparam("last", type_=Text())
    inside = (SearchEntry.record == kind.record, SearchEntry.name >= first, SearchEntry.name < last)
    return _rows(kind).where(*inside).order_by(SearchEntry.name)


@cache
def _numbered(kind: Kind) -> Select[*tuple[Any, ...]]:
    numbers = bindparam("numbers", expanding=True, type_=Text())
    reached = select(ContactPoint.party_id).where(ContactPoint.normalised.in_(numbers))
    number = (CODES[kind.record] << SHIFT) + kind.entity.id
    return _rows(kind).where(kind.entity.id.in_(reached), SearchEntry.id == number)


@cache
def _matching(kind: Kind, index: TableClause) -> Select[*tuple[Any, ...]]:
    """The newest of `kind` that match in one of SQLite's full-text indexes."""
    low, high = CODES[kind.record] << SHIFT, (CODES[kind.record] + 1) << SHIFT
    return (
        _rows(kind, start=index.join(SearchEntry, SearchEntry.id == index.c.rowid))
        .where(text(f"{index.name} MATCH :match"), index.c.rowid >= low, index.c.rowid < high)
        .order_by(index.c.rowid.desc())
    )


@cache
def _beginning_so(kind: Kind) -> Select[*tuple[Any, ...]]:
    match = cast(bindparam("match", type_=Text()), TSQUERY)
    return _rows(kind).where(func.search_begin(SearchEntry.text).op("@@")(match), _is_of(kind))


@lru_cache(200)
def _holding(kind: Kind, sqlite: bool, n_ways: tuple[int, ...]) -> Select[*tuple[Any, ...]]:
    """`n_ways` of each word."""
    number = count()
    ways = [[bindparam(f"way_{next(number)}", type_=Text()) for _way in range(n)] for n in n_ways]
    if sqlite:
        # The index says which entries have the trigrams; whether they stand together, the entry itself says.
        held = and_(*(or_(*(func.instr(SearchEntry.text, way) > 0 for way in word)) for word in ways))
        return _matching(kind, _FTS).where(held)
    held = and_(*(or_(*(SearchEntry.text.like(way, escape="\\") for way in word)) for word in ways))
    return _rows(kind).where(held, _is_of(kind))


def _is_of(kind: Kind) -> ColumnElement[bool]:
    """On PostgreSQL: of this kind, said so that no index offers itself for it."""
    return func.concat(SearchEntry.record) == kind.record


def _lexeme(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _rows(kind: Kind, start: Any = SearchEntry) -> Select[*tuple[Any, ...]]:
    columns = (SearchEntry.record_id, SearchEntry.name, SearchEntry.text, kind.importance, kind.recent)
    return (
        select(*columns)
        .select_from(start)
        .join(kind.entity, kind.entity.id == SearchEntry.record_id)
        .where(kind.condition if kind.condition is not None else true())
        .limit(bindparam("most", type_=Integer()))
    )


def _read(session: Session, rows: Select[*tuple[Any, ...]], **asked: Any) -> list[Candidate]:
    return [Candidate(*row) for row in session.execute(rows, asked)]


def _match(words: Sequence[Sequence[Fragment]]) -> str:
    def one(way: Fragment) -> str:
        # A few that together cover the text say nearly as much as all of them, and each costs a walk along its list.
        every = trigrams(way.indexed)
        held = list(dict.fromkeys([*every[::3], every[-1]]))[:_MOST_TRIGRAMS]
        return "(" + " AND ".join('"' + piece.replace('"', '""') + '"' for piece in held) + ")"

    return " AND ".join("(" + " OR ".join(one(way) for way in ways) + ")" for ways in words)


def _pattern(way: Fragment) -> str:
    return like_pattern(way.indexed)
