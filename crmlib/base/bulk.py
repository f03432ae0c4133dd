"""Very many rows at once: columns as they are, gapless numbers, the journal, and memory that stays flat.

A session that makes a million objects is slow and large. This writes rows past it, in chunks, by the fastest way each
database has, and still keeps what the house promises: numbers that nobody else was given, the types of the columns,
and the journal.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice, repeat
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

from sqlalchemy import Column, Connection, Table, func, inspect, literal_column, select, text
from sqlalchemy.orm import Mapper, Session

from crmlib.base.fastest import Plan, Process
from crmlib.base.journal import flat, journalled_keys, keep_rows, record_name, stamp
from crmlib.base.records import Base, Journalled, Tracked

# Rows between two statements: enough that the statement costs nothing, few enough to hold.
CHUNK = 5_000


def insert_many(
    session: Session,
    record: type[Base],
    rows: Iterable[dict[str, Any]],
    *,
    journal: Literal["rows", "range"] = "rows",
) -> range:
    """Write `rows` as new records of this type, and return their numbers, which have no gap.

    A row names attributes of columns: a subclass such as Person takes those of both tables, Money its two columns.
    Which columns are written is read from the first chunk of rows; a later row may leave some out but not bring new
    ones (TypeError). `id`, `version`, `created_at` (where the rows do not say), `updated_at`, defaults and the word
    for the subclass are filled in. No validator and no relationship of the record is asked.

    The journal gets a row for each (`rows`), or one for all of them (`range`), which is enough to undo them and to
    see them as of any moment. Nobody else can add rows to the table until the transaction ends; what produces `rows`
    must not add any to it either.
    """
    session.flush()
    source = iter(rows)
    head = list(islice(source, CHUNK))
    if not head:
        return range(0)
    connection = session.connection()
    mapper = inspect(record)
    first = number = _reserve(connection, mapper)
    writer = _Writer(connection, mapper, head, stamp(session)["at"])
    chunk = head
    while chunk:
        writer.write(chunk, number)
        if journal == "rows" and issubclass(record, Journalled):
            keep_rows(session, _inserts(session, mapper, chunk, number, writer.fixed))
        number += len(chunk)
        chunk = list(islice(source, CHUNK))
    numbers = range(first, number)
    _give_back(connection, mapper, numbers)
    if journal == "range" and issubclass(record, Journalled):
        mark = stamp(session)
        whole = {"kind": "inserts", "record": record_name(record), "record_id": first, "party_id": None}
        through = {"before": {}, "after": {"through": numbers[-1]}}
        keep_rows(session, [{**mark, "happened_at": mark["at"], **whole, **through}])
    return numbers


def _reserve(connection: Connection, mapper: Mapper[Any]) -> int:
    """The first of the numbers that from here on are ours alone."""
    table, key = _numbered(mapper)
    newest = select(func.coalesce(func.max(key), 0))
    if connection.dialect.name == "postgresql":
        # Whoever wants to add a row takes its number only once we are done.
        connection.execute(text(f'LOCK TABLE "{table.name}" IN SHARE ROW EXCLUSIVE MODE'))
        newest_given: Any = literal_column("last_value - (NOT is_called)::int")
        given = connection.scalar(select(newest_given).select_from(text(_sequence(connection, mapper))))
    else:
        # SQLite lets one transaction write at a time.
        given = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    return max(int(given or 0), int(connection.scalar(newest) or 0)) + 1


def _give_back(connection: Connection, mapper: Mapper[Any], numbers: range) -> None:
    # SQLite has kept count by itself.
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.setval(_sequence(connection, mapper), numbers[-1])))


def _sequence(connection: Connection, mapper: Mapper[Any]) -> str:
    table, key = _numbered(mapper)
    name: str | None = connection.scalar(select(func.pg_get_serial_sequence(f'"{table.name}"', key.name)))
    assert name is not None, f"{table.name} does not number its rows"
    return name


def _numbered(mapper: Mapper[Any]) -> tuple[Table, Column[int]]:
    table = mapper.base_mapper.local_table
    assert isinstance(table, Table)
    key: Any = next(iter(table.primary_key))
    return table, key


class _Row(NamedTuple):
    """What a column's default is asked with, in the shape in which SQLAlchemy asks: see `base.words.from_row`."""

    values: dict[str, Any]

    def get_current_parameters(self, **_isolated: Any) -> dict[str, Any]:
        return self.values


class _Writer:
    """Writes chunks of rows into the table of a record, or the tables of a subclass, with the columns of the first.

    Chunks are turned into columns, and each column is put into the database's form at once: that is several times
    faster than going row by row, and what is the same in every row is worked out only once.
    """

    def __init__(
        self, connection: Connection, mapper: Mapper[Any], head: Sequence[dict[str, Any]], moment: datetime
    ) -> None:
        self._connection = connection
        self._known = frozenset(attribute.key for attribute in mapper.column_attrs)
        self._named = frozenset(chain.from_iterable(head))
        if strange := self._named - self._known:
            raise TypeError(f"{mapper.class_.__name__} has no column {', '.join(sorted(strange))}")
        self._number = mapper.get_property_by_column(mapper.primary_key[0]).key
        self.fixed = _fixed(mapper, moment)
        self._plans = [self._plan(mapper, table) for table in mapper.tables if isinstance(table, Table)]

    def write(self, rows: list[dict[str, Any]], first: int) -> None:
        """Write `rows` with the numbers from `first` on."""
        if any(not row.keys() <= self._named for row in rows):
            strange = frozenset(chain.from_iterable(rows)) - self._named
            raise TypeError(f"only the first rows say which columns there are; new here: {', '.join(sorted(strange))}")
        for plan in self._plans:
            columns = [
                range(first, first + len(rows)) if key == self._number else self._column(rows, key, process)
                for key, process in zip(plan.keys, plan.processes, strict=True)
            ]
            plan.put(zip(*columns, strict=True))

    def _column(self, rows: list[dict[str, Any]], key: str, process: Process) -> Iterable[Any]:
        usual = self.fixed.get(key)
        if key not in self._named:
            once = None if usual is None or callable(usual) else usual
            if callable(usual):
                values = [usual(_Row(row)) for row in rows]
            else:
                return repeat(once if process is None else process(once), len(rows))
        elif callable(usual):
            values = [row[key] if key in row else usual(_Row(row)) for row in rows]
        else:
            values = [row.get(key, usual) for row in rows]
        return values if process is None else list(map(process, values))

    def _plan(self, mapper: Mapper[Any], table: Table) -> "Plan":
        keys, columns = [], []
        for column in table.columns:
            key = mapper.get_property_by_column(column).key
            # What the database fills in by itself is left to it where the rows do not say.
            if key in self._named or key in self.fixed or key == self._number or column.server_default is None:
                keys.append(key)
                columns.append(column)
        return Plan(self._connection, table, keys, columns)


def _fixed(mapper: Mapper[Any], moment: datetime) -> dict[str, Any]:
    """What a column gets where a row does not say: a value, or a function of the `_Row` that makes one."""
    found: dict[str, Any] = {}
    for attribute in mapper.column_attrs:
        default = attribute.columns[0].default
        if default is not None and default.is_scalar:
            found[attribute.key] = default.arg  # a scalar default has it
        elif default is not None and default.is_callable:
            found[attribute.key] = default.arg
    if issubclass(mapper.class_, Tracked):
        found |= {"version": 1, "created_at": moment, "updated_at": moment}
    if mapper.polymorphic_on is not None and mapper.polymorphic_identity is not None:
        found[mapper.get_property_by_column(mapper.polymorphic_on).key] = mapper.polymorphic_identity
    return found


def _inserts(
    session: Session, mapper: Mapper[Any], rows: list[dict[str, Any]], first: int, fixed: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    mark, name, keys = stamp(session), record_name(mapper.class_), journalled_keys(mapper)
    number = mapper.get_property_by_column(mapper.primary_key[0]).key
    concerns: Any = mapper.class_.concerns_party_id
    usual = {key: value for key, value in fixed.items() if key in keys and not callable(value)}
    for record_id, row in enumerate(rows, first):
        values = {**usual, **row, number: record_id}
        yield {
            **mark,
            "happened_at": mark["at"],
            "kind": "insert",
            "record": name,
            "record_id": record_id,
            "party_id": concerns.fget(SimpleNamespace(**values)),
            "before": {},
            "after": flat(values, keys),
        }
