"""Where records live: an engine for an address, and sessions that keep the house rules on either database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import StaticPool

from crmlib.base import journal
from crmlib.base.errors import Busy, Conflict, InvalidInput, Refused, Unavailable
from crmlib.base.words import teach_folding
from crmlib.i18n import gettext as _

# SQLite answers a wrong statement of ours with the same error as a missing disk.
_OUR_BUGS = ("no such", "syntax error", "misuse", "ambiguous", "has no column")

# PostgreSQL's words for: serialization failure, deadlock, lock not available. What was done is undone, try again.
_TRY_AGAIN = ("40001", "40P01", "55P03")

# How long a SQLite writer waits for its turn, in seconds.
_PATIENCE = 30


def connect(address: str) -> Engine:
    """An engine for a database address: `sqlite:///path/crm.sqlite` or `postgresql://user@host/name`.

    Raises InvalidInput for an address of another kind. Nothing is opened yet.
    """
    try:
        url = make_url(address)
    except ArgumentError:
        raise InvalidInput(_("Database"), address, _("use sqlite:///FILE or postgresql://USER@HOST/NAME")) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "postgresql":
        try:
            # A statement that is prepared is soon planned for any value at all, and so for none: of a list that
            # somebody comes back to, the sixth look took four times as long as the first.
            engine = create_engine(url, pool_pre_ping=True, connect_args={"prepare_threshold": None})
        except ImportError:
            raise Unavailable(_("PostgreSQL needs one more package: pip install psycopg[binary]")) from None
        event.listen(engine, "connect", _open_postgresql)
        return engine
    if url.get_backend_name() != "sqlite":
        raise InvalidInput(_("Database"), address, _("use sqlite:///FILE or postgresql://USER@HOST/NAME"))
    options: dict[str, Any] = {"connect_args": {"timeout": _PATIENCE}}
    if url.database in (None, "", ":memory:"):
        options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def sqlite_address(path: Path) -> str:
    """The address of the SQLite database in `path`."""
    return f"sqlite:///{path}"


def sessions(
    engine: Engine,
    *,
    clock: Callable[[], datetime],
    actor: Any,
    door: str,
    country: str | None = None,
    currency: str | None = None,
    narrow: Callable[[ORMExecuteState], None] | None = None,
    guard: Callable[..., None] | None = None,
    check: Callable[[str, Any, Any], None] | None = None,
) -> tuple[sessionmaker[Session], sessionmaker[Session]]:
    """Makers of writing and of reading sessions, which know the time, who acts, through which door, our country and
    the currency we report in.

    `actor` is anything whose `str()` is a name. `narrow` hears of every statement before it is carried out, and
    `guard` of every flush: there rights are kept. `check` answers whether an actor may do something with a record,
    for what is written past the session.
    """
    info = {
        "clock": clock, "actor": actor, "door": door, "country": country, "currency": currency, "check": check,
    }  # fmt: skip
    writing = sessionmaker(engine.execution_options(crm_write=True), info=info, expire_on_commit=False)
    reading = sessionmaker(engine, info=info, expire_on_commit=False)
    if guard is not None:
        event.listen(writing, "before_flush", guard)
    journal.listen(writing)
    event.listen(reading, "before_flush", _refuse_to_write)
    if narrow is not None:
        event.listen(writing, "do_orm_execute", narrow)
        event.listen(reading, "do_orm_execute", narrow)
    return writing, reading


@contextmanager
def transaction(maker: sessionmaker[Session]) -> Iterator[Session]:
    """A session that commits on leaving and rolls back on an error; database errors leave as ours.

    Of two who changed the same record, the second gets Conflict with both versions.
    """
    with told(), maker.begin() as session:
        try:
            yield session
            while (savepoint := session.get_nested_transaction()) is not None:
                savepoint.commit()
            session.flush()
        except StaleDataError as stale:
            raise _conflict(session) from stale


def _conflict(session: Session) -> Conflict:
    """Both versions of the record that somebody else changed first: mine as I had it, theirs as it is stored now."""
    mine = list(journal.pending(session).mine)
    engine = session.get_bind()
    session.rollback()
    with engine.engine.execution_options(crm_write=False).connect() as connection:
        for kind, number, version, values in mine:
            mapper = inspect(kind)
            keys = journal.journalled_keys(mapper)
            columns = [mapper.column_attrs[key].columns[0] for key in ("version", *keys)]
            rows = select(*columns).select_from(mapper.persist_selectable).where(mapper.primary_key[0] == number)
            stored = connection.execute(rows).first()
            if stored is None:
                says = _("Someone else deleted this record in the meantime.")
                return Conflict(says, mine=journal.flat(values, keys))
            if stored[0] != version:
                theirs = dict(zip(keys, stored[1:], strict=True))
                ours, theirs = journal.flat(values, keys), journal.flat(theirs, keys)
                differ = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
                return Conflict(
                    _("Someone else changed this record in the meantime. Reload it to see both versions."),
                    mine={key: ours.get(key) for key in differ},
                    theirs={key: theirs.get(key) for key in differ},
                )
    return Conflict(_("Someone else changed this record in the meantime. Reload it to see both versions."))


@contextmanager
def told() -> Iterator[None]:
    """Say what the database's refusal means to people, instead of what it means to the database."""
    try:
        yield
    except StaleDataError as stale:
        raise Conflict(
            _("Someone else changed this record in the meantime. Reload it to see both versions.")
        ) from stale
    except IntegrityError as error:
        if "append-only" in str(error.orig):
            raise Refused(_("What the journal has written stays as it is; nobody can change or delete it.")) from error
        raise Refused(
            _("The database refused this, because other records depend on it or it exists already.")
        ) from error
    except OperationalError as error:
        if any(words in str(error.orig) for words in _OUR_BUGS):
            raise
        if getattr(error.orig, "sqlstate", None) in _TRY_AGAIN or "is locked" in str(error.orig):
            raise Busy(
                _("Someone else was changing the same records at the same moment. Nothing was kept; please try again.")
            ) from error
        raise Unavailable(_("The database does not answer: {reason}").format(reason=_reason(error))) from error


def _reason(error: OperationalError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error).__name__


def _refuse_to_write(session: Session, *_: Any) -> None:
    if session.new or session.deleted or any(session.is_modified(record) for record in session.dirty):
        raise TypeError("this session only reads; write inside `with workbench.session() as session:`")


def _open_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin late and deferred; `_begin_sqlite` begins them as we need.
    connection.isolation_level = None
    # A cache of 64 MB where it is needed: lists of a million rows look up thousands of them.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    teach_folding(connection)


def _open_postgresql(connection: Any, _record: Any) -> None:
    # Compiling a query costs it seconds wherever many rows are guessed, and a page reads twenty of them.
    with connection.cursor() as cursor:
        cursor.execute("SET jit = off")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that writes later fails at once when another writer came between; an immediate one waits.
    write = connection.get_execution_options().get("crm_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
