"""Records that may be what is looked for, from the index of either database: few, and only those the actor may see.

Each step is a select over ORM entities, so that rights narrow it where they narrow everything, before its limit.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TableClause,
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
    asked: list[Any] = [
        select(SearchEntry.record).where(SearchEntry.record == record).limit(1).scalar_subquery() for record in CODES
    ]
    if session.get_bind().dialect.name == "sqlite":
        yield {record for record in session.execute(select(*asked)).one() if record}
        return
    were = [func.current_setting(setting) for setting in _PLANNER]
    set_ = [func.set_config(setting, "off", True) for setting in _PLANNER]
    row = session.execute(select(*asked, *were, *set_)).one()
    yield {record for record in row[: len(asked)] if record}
    # After an error the transaction takes the settings with it.
    before = row[len(asked) : len(asked) + len(were)]
    session.execute(select(*(func.set_config(*one, True) for one in zip(_PLANNER, before, strict=True))))


def fragment(word: str, *, starts: bool) -> Fragment:
    """One or two letters are looked for at the beginning of words only."""
    return Fragment(word, starts=starts or len(word) < 3)


def by_name(session: Session, kind: Kind, begins: Sequence[str], limit: int) -> list[Candidate]:
    """Whose title begins with one of `begins`, in the order of titles."""
    found: list[Candidate] = []
    for one in begins:
        # One range at a time is read from the index in order; several at once would be a scan of it.
        inside = (SearchEntry.record == kind.record, SearchEntry.name >= one, SearchEntry.name < one + _LAST)
        found += _read(session, _rows(kind).where(*inside).order_by(SearchEntry.name).limit(limit))
    return found


def by_number(session: Session, kind: Kind, numbers: Sequence[str], limit: int) -> list[Candidate]:
    """Parties with one of these whole phone numbers."""
    reached = select(ContactPoint.party_id).where(ContactPoint.normalised.in_(numbers))
    number = (CODES[kind.record] << SHIFT) + kind.entity.id
    rows = _rows(kind).where(kind.entity.id.in_(reached), SearchEntry.id == number)
    return _read(session, rows.limit(limit))


def by_begins(session: Session, kind: Kind, words: Sequence[Sequence[str]], limit: int) -> list[Candidate]:
    """In whose entry there is a word for each of `words` that begins in one of its ways.

    Of many some, on SQLite the newest.
    """
    if session.get_bind().dialect.name == "sqlite":
        match = " AND ".join("(" + " OR ".join(f'"{way}" *' for way in ways) + ")" for ways in words)
        return _read(session, _matching(kind, _BEGIN, match).limit(limit))
    query = " & ".join("(" + " | ".join(f"{_lexeme(way)}:*" for way in ways) + ")" for ways in words)
    held = func.search_begin(SearchEntry.text).op("@@")(cast(query, TSQUERY))
    return _read(session, _rows(kind).where(held, _is_of(kind)).limit(limit))


def by_text(session: Session, kind: Kind, words: Sequence[Sequence[Fragment]], limit: int) -> list[Candidate]:
    """Whose entry holds one of each of `words`, anywhere. Of many some, on SQLite the newest."""
    if session.get_bind().dialect.name == "sqlite":
        # The index says which entries have the trigrams; whether they stand together, the entry itself says.
        held = and_(*(or_(*(func.instr(SearchEntry.text, way.held) > 0 for way in ways)) for ways in words))
        return _read(session, _matching(kind, _FTS, _match(words)).where(held).limit(limit))
    if not any(all(_THREE_LETTERS.search(way.text) for way in ways) for ways in words):
        # Its trigrams are of letters and digits: without any, every entry would be looked at.
        return []
    held = and_(*(or_(*(SearchEntry.text.like(_pattern(way), escape="\\") for way in ways)) for ways in words))
    return _read(session, _rows(kind).where(held, _is_of(kind)).limit(limit))


def _matching(kind: Kind, index: TableClause, match: str) -> Select[*tuple[Any, ...]]:
    """The newest of `kind` that match in one of SQLite's full-text indexes."""
    low, high = CODES[kind.record] << SHIFT, (CODES[kind.record] + 1) << SHIFT
    matches = text(f"{index.name} MATCH :match").bindparams(bindparam("match", match, unique=True))
    return (
        _rows(kind, start=index.join(SearchEntry, SearchEntry.id == index.c.rowid))
        .where(matches, index.c.rowid >= low, index.c.rowid < high)
        .order_by(index.c.rowid.desc())
    )


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
    )


def _read(session: Session, rows: Select[*tuple[Any, ...]]) -> list[Candidate]:
    return [Candidate(*row) for row in session.execute(rows)]


def _match(words: Sequence[Sequence[Fragment]]) -> str:
    def one(way: Fragment) -> str:
        # A few that together cover the text say nearly as much as all of them, and each costs a walk along its list.
        every = trigrams(way.indexed)
        held = list(dict.fromkeys([*every[::3], every[-1]]))[:_MOST_TRIGRAMS]
        return "(" + " AND ".join('"' + piece.replace('"', '""') + '"' for piece in held) + ")"

    return " AND ".join("(" + " OR ".join(one(way) for way in ways) + ")" for ways in words)


def _pattern(way: Fragment) -> str:
    return like_pattern(way.indexed)
