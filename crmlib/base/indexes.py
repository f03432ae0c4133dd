"""What a database keeps at each row, around a load of very many rows: indexes made once at the end, triggers at rest,
and the statistics that tell it which index to take.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, inspect, select, text
from sqlalchemy.orm import Session

from crmlib.base.records import Base

# A table with more rows than this keeps its indexes: making them anew would cost more than it saves.
_FEW = 10_000


@contextmanager
def without_indexes(session: Session, *records: type[Base]) -> Iterator[None]:
    """Load very many rows into tables that are (nearly) empty: their indexes are made at the end, at once.

    Primary keys and unique constraints stay. On PostgreSQL references to other tables are checked at the end too, and
    a reference to nothing is refused then. All in the transaction of `session`: where it is rolled back, everything
    is as it was. Nobody else uses these tables meanwhile.
    """
    session.flush()
    connection = session.connection()
    tables = [table for table in _tables_of(records) if _has_few(connection, table)]
    take_off = _of_postgresql if connection.dialect.name == "postgresql" else _of_sqlite
    again: list[str] = []
    for table in tables:
        gone, back = take_off(connection, table.name)
        for statement in gone:
            connection.exec_driver_sql(statement)
        again += back
    if connection.dialect.name == "postgresql":
        # Until the end of this transaction: sorting in memory.
        connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
        connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")
    yield
    session.flush()
    # References come last: they are checked by what the indexes find.
    for statement in sorted(again, key=lambda one: one.startswith("ALTER")):
        connection.exec_driver_sql(statement)
    refresh_statistics(session)


def take_triggers_off(connection: Connection, triggers: Mapping[str, Sequence[str]]) -> list[str]:
    """Let triggers (table to their names) rest in this transaction; what `put_triggers_back` needs to wake them."""
    quoted: Any = connection.dialect.identifier_preparer.quote
    if connection.dialect.name == "postgresql":
        pairs = [(quoted(table), quoted(name)) for table, names in triggers.items() for name in names]
        gone = [f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name in pairs]
        back = [f"ALTER TABLE {table} ENABLE TRIGGER {name}" for table, name in pairs]
    else:
        ours = {name for names in triggers.values() for name in names}
        made = [(name, sql) for name, sql in connection.execute(_TRIGGERS) if name in ours]
        gone = [f"DROP TRIGGER {quoted(name)}" for name, _sql in made]
        back = [sql for _name, sql in made]
    for statement in gone:
        connection.exec_driver_sql(statement)
    return back


def put_triggers_back(connection: Connection, made: Sequence[str]) -> None:
    """Wake what `take_triggers_off` let rest."""
    for statement in made:
        connection.exec_driver_sql(statement)


def refresh_statistics(session: Session, *, whole: bool = True) -> None:
    """Let the database look at how its values are spread, which is how it chooses its ways. It takes seconds.

    Without `whole`, SQLite looks only at tables that have changed much since it last looked, and PostgreSQL, which
    does so by itself, at nothing.
    """
    session.flush()
    look_at_values(session.connection(), whole=whole)


def look_at_values(connection: Connection, *, whole: bool = True) -> None:
    """The same on a bare connection."""
    if connection.dialect.name == "postgresql":
        if whole:
            connection.exec_driver_sql("ANALYZE")
        return
    # A look at so many entries of each index tells as much as one at all of them.
    connection.exec_driver_sql("PRAGMA analysis_limit = 2000")
    connection.exec_driver_sql("ANALYZE" if whole else "PRAGMA optimize")


def lacks_statistics(session: Session, *records: type[Base]) -> bool:
    """Whether the database knows nothing of how the values of one of these are spread, although there are many."""
    connection = session.connection()
    for table in _tables_of(records):
        if _has_few(connection, table):
            continue
        if connection.dialect.name == "postgresql":
            looked_at = connection.scalar(_LOOKED_AT, {"table": table.name})
        else:
            there = connection.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"))
            looked_at = there and connection.scalar(_IN_STAT1, {"table": table.name})
        if not looked_at:
            return True
    return False


def _tables_of(records: tuple[type[Base], ...]) -> list[Table]:
    tables: dict[str, Table] = {}
    for record in records:
        for table in inspect(record).tables:
            if isinstance(table, Table):
                tables[table.name] = table
    return list(tables.values())


def _has_few(connection: Connection, table: Table) -> bool:
    some = select(next(iter(table.primary_key))).limit(_FEW + 1).subquery()
    return (connection.scalar(select(func.count()).select_from(some)) or 0) <= _FEW


def _of_sqlite(connection: Connection, table: str) -> tuple[list[str], list[str]]:
    found = connection.execute(_SQLITE, {"table": table}).all()
    return [f'DROP INDEX "{name}"' for name, _sql in found], [sql for _name, sql in found]


def _of_postgresql(connection: Connection, table: str) -> tuple[list[str], list[str]]:
    quoted: Any = connection.dialect.identifier_preparer.quote
    gone, back = [], []
    for name, made in connection.execute(_REFERENCES, {"table": table}):
        gone.append(f"ALTER TABLE {quoted(table)} DROP CONSTRAINT {quoted(name)}")
        back.append(f"ALTER TABLE {quoted(table)} ADD CONSTRAINT {quoted(name)} {made}")
    for name, made in connection.execute(_INDEXES, {"table": table}):
        gone.append(f"DROP INDEX {quoted(name)}")
        back.append(made)
    return gone, back


# What a constraint stands on has no statement of its own, or belongs to the constraint.
_SQLITE = text(
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL ORDER BY rowid"
).bindparams(bindparam("table"))
# As many indexes as have been looked at: one that came later is not known yet.
_IN_STAT1 = text(
    "SELECT count(*) FROM sqlite_stat1 WHERE tbl = :table AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE"
    " type = 'index' AND tbl_name = :table AND sql NOT LIKE '% WHERE %'"
    " AND name NOT IN (SELECT idx FROM sqlite_stat1 WHERE tbl = :table AND idx IS NOT NULL))"
)
_LOOKED_AT = text("SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename = :table")
_TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid")
_REFERENCES = text(
    "SELECT c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
    " WHERE c.contype = 'f' AND t.relname = :table AND pg_table_is_visible(t.oid) ORDER BY c.conname"
)
_INDEXES = text(
    "SELECT i.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
    " JOIN pg_class t ON t.oid = x.indrelid WHERE t.relname = :table AND pg_table_is_visible(t.oid)"
    " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid) ORDER BY i.relname"
)
