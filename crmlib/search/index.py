"""Keeping the search index: rebuilding it at once, and looking whether it is whole.

Triggers keep it row by row, which is right for people's work and for imports of some ten thousand rows. A load of
very many rows is faster with the triggers at rest and one rebuild at its end:

    with wb.session() as session, rebuilt_after(session, reason="demo"):
        insert_many(session, Person, rows)
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, insert, inspect, text
from sqlalchemy.orm import Session

from crmlib.search.records import CODES, SHIFT, SearchPause

_WORDS = {
    "sqlite": (
        "INSERT INTO search_word(word) SELECT DISTINCT word FROM ("
        "WITH RECURSIVE cut(word, rest) AS (SELECT '', name || ' ' FROM search_entry UNION ALL "
        "SELECT substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM cut WHERE rest <> '') "
        "SELECT word FROM cut WHERE length(word) BETWEEN 3 AND 40)"
    ),
    "postgresql": (
        "INSERT INTO search_word(word) SELECT DISTINCT found.word "
        "FROM search_entry e, unnest(string_to_array(e.name, ' ')) AS found(word) "
        "WHERE length(found.word) BETWEEN 3 AND 40"
    ),
}


# PostgreSQL's indexes for any part of a word and for beginnings of words, as in migration 0008.
_GIN = {"ix_search_entry_text": "text gin_trgm_ops", "ix_search_entry_text_begin": "search_begin(text)"}


def rest(session: Session, *, reason: str) -> int:
    """Let the triggers rest until `reindex(session, resting=…)` is told the number that this gives.

    For a load in several transactions: once this one is committed, the index holds for nobody what comes meanwhile.
    """
    session.flush()
    pause = session.connection().execute(insert(SearchPause).values(reason=reason))
    number: int = pause.inserted_primary_key[0]  # type: ignore[index]  # one row was inserted
    return number


def reindex(session: Session, *, resting: int | None = None) -> int:
    """Build the whole index anew from the records, in this transaction; how many entries it has.

    Set-based: a million parties take a minute or so. On PostgreSQL nobody else searches or writes meanwhile. The rest
    `resting` ends.
    """
    session.flush()
    connection = session.connection()
    if resting is not None:
        _resume(connection, resting)
    dialect = connection.dialect.name
    pause = connection.execute(insert(SearchPause).values(reason="rebuild"))
    _empty(connection)
    for view in _sources(connection):
        connection.execute(text(f"INSERT INTO search_entry SELECT id, record, record_id, name, text FROM {view}"))  # noqa: S608
    connection.execute(text(_WORDS[dialect]))
    if dialect == "sqlite":
        for table in ("search_fts", "search_fts_begin"):
            connection.execute(text(f"INSERT INTO {table}({table}) VALUES ('rebuild')"))  # noqa: S608
            # One segment instead of many: what is read a thousand times is put in order once.
            connection.execute(text(f"INSERT INTO {table}({table}) VALUES ('optimize')"))  # noqa: S608
        connection.execute(text("ANALYZE search_entry"))
    else:
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        for name, on in _GIN.items():
            connection.execute(
                text(f"CREATE INDEX {name} ON search_entry USING gin ({on}) WITH (gin_pending_list_limit = 256)")
            )
        connection.execute(text("ANALYZE search_entry, search_word"))
    # Where something failed, the pause goes with the transaction.
    _resume(connection, pause.inserted_primary_key[0])  # type: ignore[index]  # one row was inserted
    return connection.scalar(text("SELECT count(*) FROM search_entry")) or 0


@contextmanager
def rebuilt_after(session: Session, *, reason: str) -> Iterator[None]:
    """Let the triggers rest while very many rows are loaded in this transaction, and rebuild the index at the end.

    Others' transactions keep their triggers: the pause is seen by nobody but this one, and goes with it if it fails.
    """
    session.flush()
    connection = session.connection()
    pause = connection.execute(insert(SearchPause).values(reason=reason))
    yield
    session.flush()
    _resume(connection, pause.inserted_primary_key[0])  # type: ignore[index]  # one row was inserted
    reindex(session)


def index_is_complete(session: Session, *, thorough: bool = True) -> bool:
    """Does the index hold what the records say, no less and no more?

    `thorough` compares every entry, some seconds for a million; otherwise the counts and a thousand entries.
    """
    session.flush()
    connection = session.connection()
    if connection.scalar(text("SELECT count(*) FROM search_pause")):
        return False
    sources = _sources(connection)
    n_sources = 0
    for view in sources:
        table = view.removeprefix("search_source_")
        low, high = CODES[table] << SHIFT, (CODES[table] + 1) << SHIFT
        count = connection.scalar(text(f'SELECT count(*) FROM "{table}"')) or 0  # noqa: S608
        n_sources += count
        newest = connection.scalar(text(f'SELECT max(id) FROM "{table}"')) or 0  # noqa: S608
        # Spread over all numbers, newest included: what fails to be kept fails for new rows, or for all.
        some = "" if thorough else f" AND record_id % {max(1, newest // 1000)} = {newest % max(1, newest // 1000)}"
        ours = f"SELECT id, name, text FROM search_entry WHERE id >= {low} AND id < {high}{some}"  # noqa: S608
        theirs = f"SELECT id, name, text FROM {view} WHERE 1 = 1{some}"  # noqa: S608
        for one, other in ((ours, theirs), (theirs, ours)):
            if connection.scalar(text(f"SELECT count(*) FROM ({one} EXCEPT {other}) AS missing")):  # noqa: S608
                return False
    counted = ["SELECT count(*) FROM search_entry"]
    if connection.dialect.name == "sqlite":
        counted += [f"SELECT count(*) FROM {table}_docsize" for table in ("search_fts", "search_fts_begin")]  # noqa: S608
    return all(connection.scalar(text(count)) == n_sources for count in counted)


def _sources(connection: Connection) -> list[str]:
    names = inspect(connection).get_view_names()
    return [f"search_source_{table}" for table in CODES if f"search_source_{table}" in names]


def _empty(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        for name in _GIN:
            connection.execute(text(f"DROP INDEX IF EXISTS {name}"))
        connection.execute(text("TRUNCATE search_entry, search_word"))
        return
    for table in ("search_entry", "search_word"):
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608


def _resume(connection: Connection, pause: int) -> None:
    connection.execute(text("DELETE FROM search_pause WHERE id = :id"), {"id": pause})
