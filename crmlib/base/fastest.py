"""The fastest way that each database has to take rows: COPY on PostgreSQL, the driver's own executemany on SQLite."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, islice, repeat
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

Process = Callable[[Any], Any] | None


class Plan:
    """One table: which columns, in which form, and the statement."""

    def __init__(self, connection: Connection, table: Table, keys: list[str], columns: list[Column[Any]]) -> None:
        self.keys, self.columns = keys, columns
        dialect = self._dialect = connection.dialect
        self._connection = connection
        self.processes = [process_of(column, dialect) for column in columns]
        name = dialect.identifier_preparer.format_table(table)
        names = ", ".join(dialect.identifier_preparer.format_column(column) for column in columns)
        self._name, self._names = name, names
        self._copy = f"COPY {name} ({names}) FROM STDIN" if dialect.name == "postgresql" else ""

    def put(self, columns: Sequence[Iterable[Any]], size: int) -> None:
        """Write `size` rows, given by column in the database's form; `Always` is the same in all of them."""
        cursor = self._connection.connection.cursor()
        sql = self._copy
        try:
            if sql:
                each = [column.of(size) if isinstance(column, Always) else column for column in columns]
                with cursor.copy(sql) as copy:  # psycopg's cursors have it
                    for row in zip(*each, strict=True):
                        copy.write_row(row)
                return
            varying = [column for column in columns if not isinstance(column, Always)]
            usual = tuple(column.value for column in columns if isinstance(column, Always))
            at_once = min(_AT_ONCE, _MOST_VALUES // max(1, len(varying)))
            flat = chain.from_iterable(zip(*varying, strict=True))
            for times, rows in ((size // at_once, at_once), (size % at_once, 1)):
                if times:
                    sql = self._insert(tuple(isinstance(column, Always) for column in columns), rows)
                    batch = rows * len(varying)
                    values = (usual + tuple(islice(flat, batch)) for _ in range(times))
                    cursor.executemany(sql, values)  # type: ignore[arg-type]  # sqlite3 takes any iterable
        except self._dialect.loaded_dbapi.Error as error:
            # The driver's own errors become those that the rest of the house knows.
            raise DBAPIError.instance(sql, None, error, self._dialect.loaded_dbapi.Error) from error
        finally:
            cursor.close()

    @lru_cache(maxsize=8)  # noqa: B019  # a plan lives as long as its load
    def _insert(self, is_usual: tuple[bool, ...], rows: int) -> str:
        # One statement for many rows: what SQLite does for each statement costs as much as a row. What is the same
        # in all rows is handed over once.
        usual, varying = count(1), count(1 + sum(is_usual))
        places = [next(usual) if same else 0 for same in is_usual]
        row = ", ".join(f"({', '.join(f'?{place or next(varying)}' for place in places)})" for _ in range(rows))
        return f"INSERT INTO {self._name} ({self._names}) VALUES {row}"  # noqa: S608  # names of ours


@dataclass(frozen=True)
class Always:
    """A column with the same value in every row."""

    value: Any

    def of(self, size: int) -> Iterator[Any]:
        return repeat(self.value, size)

    def __iter__(self) -> Iterator[Any]:
        return repeat(self.value)


# SQLite: rows in one statement, and values, of which it takes 32,766.
_AT_ONCE, _MOST_VALUES = 100, 32_000


def process_of(column: Column[Any], dialect: Dialect) -> Process:
    return column.type.dialect_impl(dialect).bind_processor(dialect)
