"""Very many rows at once: columns as they are, gapless numbers, the journal, and memory that stays flat.

A session that makes a million objects is slow and large. This writes rows past it, in chunks, by the fastest way each
database has, and still keeps what the house promises: numbers that nobody else was given, the types of the columns,
and the journal.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from itertools import chain, islice
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

from sqlalchemy import JSON, Column, Connection, Table, func, inspect, literal_column, select, text
from sqlalchemy.orm import Mapper, Session

from crmlib.base.fastest import Always, Plan, Process
from crmlib.base.journal import flat, journalled_keys, keep_rows, record_name, stamp
from crmlib.base.records import Base, Journalled, Tracked

# Rows between two statements: enough that the statement costs nothing, few enough to hold.
CHUNK = 5_000

# How many values of a column are remembered in the database's form.
_REMEMBERED = 50_000

#: A chunk of rows by column: a list or a range has a value for each row, anything else is the same in all of them.
Columns = Mapping[str, Any]


@contextmanager
def few_collections() -> Iterator[None]:
    """Let Python look for circular garbage seldom, where very many objects are made and next to none in circles."""
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(max(before[0], 100_000), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


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
    writer = _Writer(connection, mapper, frozenset(chain.from_iterable(head)), stamp(session)["at"])
    chunk = head
    while chunk:
        writer.write(chunk, number)
        if journal == "rows" and issubclass(record, Journalled):
            keep_rows(session, _inserts(session, mapper, chunk, number, writer.fixed))
        number += len(chunk)
        chunk = list(islice(source, CHUNK))
    numbers = range(first, number)
    _give_back(connection, mapper, numbers)
    if journal == "range":
        _keep_range(session, record, numbers)
    return numbers


def insert_columns(session: Session, record: type[Base], chunks: Iterable[Columns]) -> range:
    """Write new records from columns instead of rows: `{"party_id": [1, 2, 3], "currency": "EUR"}` are three of them.

    For millions of rows that a computation makes: no row is ever put together in Python but the one that is written.
    A default that is made anew for each row, such as an empty dict, is made once. All else is as in
    `insert_many` with `journal="range"`; each chunk brings the columns of the first one.
    """
    session.flush()
    source = iter(chunks)
    head = next(source, None)
    if head is None:
        return range(0)
    connection = session.connection()
    mapper = inspect(record)
    first = number = _reserve(connection, mapper)
    writer = _Writer(connection, mapper, frozenset(head), stamp(session)["at"])
    for chunk in chain([head], source):
        number += writer.write_columns(chunk, number)
    numbers = range(first, number)
    if numbers:
        _give_back(connection, mapper, numbers)
        _keep_range(session, record, numbers)
    return numbers


def _keep_range(session: Session, record: type[Base], numbers: range) -> None:
    if not issubclass(record, Journalled):
        return
    mark = stamp(session)
    whole = {"kind": "inserts", "record": record_name(record), "record_id": numbers[0], "party_id": None}
    through = {"before": {}, "after": {"through": numbers[-1]}}
    keep_rows(session, [{**mark, "happened_at": mark["at"], **whole, **through}])


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

    def __init__(self, connection: Connection, mapper: Mapper[Any], named: frozenset[str], moment: datetime) -> None:
        self._connection = connection
        self._known = frozenset(attribute.key for attribute in mapper.column_attrs)
        self._named = named
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
            plan.put(columns, len(rows))

    def write_columns(self, columns: Columns, first: int) -> int:
        """Write a chunk of columns with the numbers from `first` on; how many rows they are."""
        if columns.keys() != self._named:
            raise TypeError(f"each chunk has the columns {', '.join(sorted(self._named))}")
        sizes = {len(values) for values in columns.values() if isinstance(values, list | range)}
        if len(sizes) != 1:
            raise TypeError("one column at least is a list or a range, and all of those are of one length")
        size = sizes.pop()
        for plan, forms in zip(self._plans, self._forms, strict=True):
            put: list[Iterable[Any]] = []
            for key, form in zip(plan.keys, forms, strict=True):
                usual = self.fixed.get(key)
                values = columns.get(key, usual)
                if key == self._number:
                    put.append(range(first, first + size))
                elif isinstance(values, list | range) and key in columns:
                    put.append(values if form is None else map(form, values))
                elif key not in columns and callable(usual):
                    put.append(_derived(usual, columns, size, form))
                else:
                    put.append(Always(values if form is None else form(values)))
            plan.put(put, size)
        return size

    @cached_property
    def _forms(self) -> list[list[Process]]:
        return [
            [
                process if process is None or isinstance(column.type, JSON) else _Remembered(process).__getitem__
                for process, column in zip(plan.processes, plan.columns, strict=True)
            ]
            for plan in self._plans
        ]

    def _column(self, rows: list[dict[str, Any]], key: str, process: Process) -> Iterable[Any]:
        usual = self.fixed.get(key)
        if key not in self._named:
            once = None if usual is None or callable(usual) else usual
            if callable(usual):
                values = [usual(_Row(row)) for row in rows]
            else:
                return Always(once if process is None else process(once))
        elif callable(usual):
            values = [row[key] if key in row else usual(_Row(row)) for row in rows]
        else:
            values = [row.get(key, usual) for row in rows]
        return values if process is None else list(map(process, values))

    def _plan(self, mapper: Mapper[Any], table: Table) -> "Plan":
        keys, columns = [], []
        for column in table.columns:
            key = mapper.get_property_by_column(column).key
            # What the database fills in by itself, be it nothing, is left to it where the rows do not say.
            if key in self._named or key in self.fixed or key == self._number or not _is_left_out(column):
                keys.append(key)
                columns.append(column)
        return Plan(self._connection, table, keys, columns)


def _derived(usual: Any, columns: Columns, size: int, form: Process) -> Iterable[Any]:
    """A default for each row of a chunk; one that looks at no other column is the same for all of them."""
    looked_at = getattr(usual, "looks_at", ())
    if not looked_at:
        once = usual(_Row({}))
        return Always(once if form is None else form(once))
    texts = [
        columns[name] if isinstance(columns.get(name), list | range) else [columns.get(name)] * size
        for name in looked_at
    ]
    found = (usual(_Row(dict(zip(looked_at, row, strict=True)))) for row in zip(*texts, strict=True))
    return found if form is None else map(form, found)


class _Remembered(dict[Any, Any]):
    """Values in the database's form by value: a column of a million days has a thousand different ones."""

    def __init__(self, process: Callable[[Any], Any]) -> None:
        super().__init__()
        self._process = process

    def __missing__(self, value: Any) -> Any:
        if len(self) >= _REMEMBERED:
            self.clear()
        form = self[value] = self._process(value)
        return form


def _is_left_out(column: Column[Any]) -> bool:
    return column.server_default is not None or bool(column.nullable)


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


class _Wholes:
    """What the rows of a chunk are parts of, as far as somebody asks: read once for the whole chunk."""

    def __init__(self, session: Session, mapper: Mapper[Any], rows: list[dict[str, Any]]) -> None:
        self._session, self._mapper, self._rows = session, mapper, rows
        self._read: dict[str, tuple[str, dict[Any, Any]]] = {}
        self.relations = frozenset(mapper.relationships.keys())

    def of(self, values: dict[str, Any], name: str) -> Any:
        """What `values` link to by the relationship `name`; None where they link to nothing."""
        if name not in self._read:
            self._read[name] = self._all(name)
        key, found = self._read[name]
        return found.get(values.get(key))

    def _all(self, name: str) -> tuple[str, dict[Any, Any]]:
        relation = self._mapper.relationships[name]
        ((here, there),) = relation.local_remote_pairs or ()
        key = self._mapper.get_property_by_column(here).key
        numbers = {row[key] for row in self._rows if row.get(key) is not None}
        wanted = {column.key: column.columns[0] for column in relation.mapper.column_attrs}
        rows = select(*(column.label(one) for one, column in wanted.items())).where(there.in_(numbers))
        found = self._session.connection().execute(rows).mappings()
        return key, {row[relation.mapper.get_property_by_column(there).key]: SimpleNamespace(**row) for row in found}


class _Written:
    """A row that was written, asked as the record that it is: for its columns, or for what it is a part of."""

    def __init__(self, values: dict[str, Any], wholes: _Wholes) -> None:
        self.__dict__.update(values)
        self.__dict__[""] = wholes

    def __getattr__(self, name: str) -> Any:
        wholes: _Wholes = self.__dict__[""]
        if name not in wholes.relations:
            raise AttributeError(name)
        return wholes.of(self.__dict__, name)


def _inserts(
    session: Session, mapper: Mapper[Any], rows: list[dict[str, Any]], first: int, fixed: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    mark, name, keys = stamp(session), record_name(mapper.class_), journalled_keys(mapper)
    number = mapper.get_property_by_column(mapper.primary_key[0]).key
    concerns: Any = mapper.class_.concerns_party_id
    wholes = _Wholes(session, mapper, rows)
    usual = {key: value for key, value in fixed.items() if key in keys and not callable(value)}
    for record_id, row in enumerate(rows, first):
        values = {**usual, **row, number: record_id}
        yield {
            **mark,
            "happened_at": mark["at"],
            "kind": "insert",
            "record": name,
            "record_id": record_id,
            "party_id": concerns.fget(_Written(values, wholes)),
            "before": {},
            "after": flat(values, keys),
        }
