"""The fastest way that each database has to take rows: COPY on PostgreSQL, the driver's own executemany on SQLite."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

Process = Callable[[Any], Any] | None


class Plan:
    """One table: which columns, in which form, and the statement."""

    def __init__(self, connection: Connection, table: Table, keys: list[str], columns: list[Column[Any]]) -> None:
        self.keys = keys
        dialect = self._dialect = connection.dialect
        self._connection = connection
        self.processes = [process_of(column, dialect) for column in columns]
        name = dialect.identifier_preparer.format_table(table)
        names = ", ".join(dialect.identifier_preparer.format_column(column) for column in columns)
        if dialect.name == "postgresql":
            self._sql = f"COPY {name} ({names}) FROM STDIN"
        else:
            self._sql = f"INSERT INTO {name} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # names of ours

    def put(self, rows: Iterator[tuple[Any, ...]]) -> None:
        """Write rows that have the database's form."""
        cursor = self._connection.connection.cursor()
        try:
            if self._dialect.name == "postgresql":
                with cursor.copy(self._sql) as copy:  # psycopg's cursors have it
                    for row in rows:
                        copy.write_row(row)
            else:
                cursor.executemany(self._sql, rows)  # type: ignore[arg-type]  # sqlite3 takes any iterable
        except self._dialect.loaded_dbapi.Error as error:
            # The driver's own errors become those that the rest of the house knows.
            raise DBAPIError.instance(self._sql, None, error, self._dialect.loaded_dbapi.Error) from error
        finally:
            cursor.close()


def process_of(column: Column[Any], dialect: Dialect) -> Process:
    return column.type.dialect_impl(dialect).bind_processor(dialect)
