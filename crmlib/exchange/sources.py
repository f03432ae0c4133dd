"""What earlier imports remember, asked in portions, so that memory does not grow with the length of a file."""

import hashlib
import json
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, ColumnElement, String, cast, column, func, select, true
from sqlalchemy.orm import Session

from crmlib.base import insert_columns
from crmlib.exchange.records import Import, SourceRecord

# Numbers of records that are kept at hand, by kind; what is older is asked again.
AT_HAND = 50_000
_as_text = json.JSONEncoder(sort_keys=True).encode
_quoted = json.encoder.encode_basestring_ascii


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier import remembers of a row: where it is kept, its hash, and the record it became."""

    source_id: int
    hash: str
    record_id: int
    record: str


class Kept(NamedTuple):
    """A row to be kept: its text as `payload_text` makes it, and the number of the record it became.

    `record` is the journal's name of that record, empty for the one that most rows of its kind become.
    """

    key: str
    payload: str
    hash: str
    record_id: int
    record: str = ""


class Sources:
    """The source records of one system, in one session."""

    def __init__(self, session: Session, system: str) -> None:
        self.session, self.system = session, system
        self._undone = set(session.scalars(select(Import.id).where(Import.undone_at.is_not(None))))
        self._numbers: dict[str, OrderedDict[str, int]] = {}
        #: Kinds of rows that no other row refers to: their numbers need not be at hand.
        self.forgotten: set[str] = set()
        #: Kinds of which nothing was remembered when this import began, and all that it has brought is at hand.
        self._all_at_hand: dict[str, bool] = {}

    def has(self, kind: str) -> bool:
        """Whether any row of a kind is remembered."""
        rows = select(SourceRecord.id).where(*self._of(kind), self._counts()).limit(1)
        return self.session.execute(rows).first() is not None

    def known(self, kind: str, keys: Sequence[str]) -> dict[str, Known]:
        """The newest source record of each of `keys` that has one."""
        if not keys:
            return {}
        columns = (
            SourceRecord.key, SourceRecord.id, SourceRecord.hash, SourceRecord.record_id, SourceRecord.record,
        )  # fmt: skip
        rows = self._each_of(keys, select(*columns).where(*self._of(kind), self._counts()))
        # Sorted here: asked to sort by number, a database may walk through all of them.
        found = sorted(self.session.execute(rows), key=itemgetter(1))
        return {key: Known(*rest) for key, *rest in found}

    def all_numbers(self, kind: str) -> dict[str, int]:
        """The number of the record that each key of a kind became: for kinds with few rows."""
        rows = select(SourceRecord.key, SourceRecord.record_id).where(*self._of(kind), self._counts())
        return dict(self.session.execute(rows.order_by(SourceRecord.id)).all())

    def numbers(self, kind: str, keys: Iterable[str]) -> dict[str, int]:
        """The number of the record that each of `keys` became; what is not known is left out."""
        at_hand = self._numbers.setdefault(kind, OrderedDict())
        wanted = list(dict.fromkeys(keys))
        unknown = [key for key in wanted if key not in at_hand]
        if unknown and kind not in self._all_at_hand:
            self._all_at_hand[kind] = not self.has(kind)
        if unknown and not self._all_at_hand[kind]:
            for key, known in self.known(kind, unknown).items():
                at_hand[key] = known.record_id
        found = {key: at_hand[key] for key in wanted if key in at_hand}
        for key in found:
            at_hand.move_to_end(key)
        self._forget_oldest(kind, at_hand)
        return found

    def payload(self, known: Known) -> Mapping[str, str]:
        """What the row said, as it came."""
        rows = select(SourceRecord.payload).where(SourceRecord.id == known.source_id)
        said: Mapping[str, str] = self.session.scalars(rows).one()
        return said

    def keep(self, import_id: int, kind: str, record: str, rows: Sequence[Kept]) -> None:
        """Keep rows as they came, each with the record it became."""
        if not rows:
            return
        keys, payloads, hashes, numbers, records = zip(*rows, strict=True)
        insert_columns(
            self.session,
            SourceRecord,
            [
                {
                    "import_id": import_id,
                    "system": self.system,
                    "kind": kind,
                    "key": list(keys),
                    "payload": list(payloads),
                    "hash": list(hashes),
                    "record": [own or record for own in records],
                    "record_id": list(numbers),
                }
            ],
        )
        at_hand = self._numbers.setdefault(kind, OrderedDict())
        if kind not in self.forgotten:
            at_hand.update(zip(keys[-AT_HAND:], numbers[-AT_HAND:], strict=True))
        self._forget_oldest(kind, at_hand)

    def _forget_oldest(self, kind: str, at_hand: OrderedDict[str, int]) -> None:
        while len(at_hand) > AT_HAND:
            at_hand.popitem(last=False)
            self._all_at_hand[kind] = False

    def keys(self, kind: str, *, before: int | None) -> Iterator[str]:
        """The keys of a kind, each once, of the imports before the one numbered `before`."""
        rows = select(SourceRecord.key).where(*self._of(kind), self._counts()).distinct()
        if before is not None:
            rows = rows.where(SourceRecord.import_id < before)
        yield from self.session.scalars(rows.execution_options(yield_per=5000))

    def _of(self, kind: str) -> tuple[ColumnElement[bool], ...]:
        return SourceRecord.system == self.system, SourceRecord.kind == kind

    def _counts(self) -> ColumnElement[bool]:
        # An import that was undone never happened, as far as its rows can say.
        return SourceRecord.import_id.not_in(self._undone) if self._undone else true()

    def _each_of(self, keys: Sequence[str], rows: Any) -> Any:
        """`rows` of these keys. They are one parameter: thousands of them take longer to write down than to find."""
        if self.session.get_bind().dialect.name != "postgresql":
            each = func.json_each(json.dumps(list(keys))).table_valued(column("value"))
            return rows.where(SourceRecord.key.in_(select(each.c.value)))
        # One look into the index for each key, whatever the database believes of a table that it has just been given.
        wanted = (
            func.unnest(cast(list(keys), ARRAY(String)))
            .table_valued(column("key", String))
            .render_derived(name="wanted")
        )
        found = rows.where(SourceRecord.key == wanted.c.key).offset(0).lateral("found")
        return select(*found.c).select_from(wanted).join(found, true())


class Seen:
    """Which keys a file has brought so far and on which line, in a file of its own that nobody sees.

    A set of a million keys would be a hundred megabytes of memory; here it is one of disk, and goes with the object.
    """

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-4000"):
            self._kept.execute(f"PRAGMA {pragma}")
        self._kept.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")

    def close(self) -> None:
        self._kept.close()

    def lines(self, keys: Sequence[str]) -> dict[str, int]:
        """The line of each of `keys` that came before."""
        rows = self._kept.execute(
            "SELECT key, line FROM seen WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(keys),)
        )
        return dict(rows.fetchall())

    def add(self, lines: Iterable[tuple[str, int]]) -> None:
        self._kept.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", lines)


def payload_text(values: Mapping[str, Any]) -> str:
    """A row as it is kept: JSON with its columns in order, so that one row has one text."""
    return _as_text(values if type(values) is dict else dict(values))


def payload_writer(columns: Sequence[str]) -> Callable[[Mapping[str, str]], str]:
    """`payload_text` for many rows with the same columns, several times as fast: their names are written once."""
    names = sorted(columns)
    pattern = "{" + ", ".join(f"{_quoted(name)}: ".replace("%", "%%") + "%s" for name in names) + "}"
    width = len(names)

    def write(values: Mapping[str, str]) -> str:
        if len(values) != width:
            return payload_text(values)
        return pattern % tuple([_quoted(values[name]) for name in names])

    return write


def payload_of(columns: Sequence[str]) -> Callable[[Mapping[str, str]], str]:
    """`payload_text` of some columns only, for rows in which others speak of other records."""
    return lambda values: payload_text({name: values[name] for name in columns})


def digest_of(text: str) -> str:
    """The hash of a row's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest(values: Mapping[str, Any]) -> str:
    """A hash of what a row says, whatever the order of its columns."""
    return digest_of(payload_text(values))
