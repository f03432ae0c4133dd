"""The journal: what changed, when, by whom and through which door, in the transaction of the change itself.

Two kinds of rows stand in one numbered, append-only table. A *change* (`insert`, `update`, `delete`, or `inserts` and
`deletes` of many at once) of a journalled record is written by the session on every flush, so no action can forget
it. An *event* is what the business calls it (`DealMoved`), told by the action with `tell`. Timeline, audit, undo,
automation and refresh all read it.

Whoever follows the numbers must never miss a row, and so numbers have to come in the order of commits. Rows are
therefore kept in the session and written at the very end of its transaction; on PostgreSQL, where several write at
once, one after the other, under a lock that the commit gives back. A session that reads the journal sees its own rows
like any others: they are settled first. Savepoints that are rolled back take their rows with them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Connection, Index, func, insert, inspect, select, text
from sqlalchemy import event as events
from sqlalchemy.orm import (
    Mapped,
    Mapper,
    ORMExecuteState,
    Session,
    SessionTransaction,
    mapped_column,
    object_session,
)
from sqlalchemy.sql import visitors

from crmlib.base.fastest import Plan
from crmlib.base.records import Base, Journalled, Tracked
from crmlib.base.types import BigId

# The kinds of rows that are changes; every other kind is the name of an event.
CHANGES = ("insert", "update", "delete", "inserts", "deletes")

# Bookkeeping that every change touches: in the journal it would only be noise.
_BOOKKEEPING = frozenset(
    {"id", "version", "created_at", "updated_at", "folded", "name_key", "back_key", "last_activity_at"}
)
# What a record that comes back after it was deleted is given anew.
_GIVEN_ANEW = frozenset({"id", "updated_at"})
# The column of values that people defined themselves; each stands in the journal by its own key.
_CUSTOM = "custom"

# A transaction of very many changes writes them before its end, for the sake of memory. On PostgreSQL nobody else
# can commit changes from then until it ends.
MOST_PENDING = 5_000
# From here on the fastest way of writing pays.
_MANY = 200
# "CRMJ"; the same number for everybody who writes into this journal.
_LOCK = 0x43524D4A


class JournalEntry(Base):
    """One change or one event.

    `at` is when it was written; `happened_at` when it happened in the world (an imported call is of last year).
    `party_id` says on whose timeline it stands. `before` and `after` hold only the fields that differ, as JSON; a
    deleted record's `before` holds all that is needed to bring it back. Of kind `inserts`, `record_id` is the first
    of a gapless range of new numbers, and `after` is `{"through": the last one}`. Of kind `deletes`, it is the lowest
    of up to 500 neighbouring numbers, and `before` holds all of these records (`crmlib.base.history.ranges`).
    """

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_record_record_id", "record", "record_id", "number"),
        Index("ix_journal_party_id_happened_at", "party_id", "happened_at"),
        Index("ix_journal_record_at", "record", "at"),
        Index(
            "ix_journal_batch",
            "batch",
            "number",
            sqlite_where=text("batch IS NOT NULL"),
            postgresql_where=text("batch IS NOT NULL"),
        ),
        Index(
            "ix_journal_ranges",
            "record",
            "record_id",
            sqlite_where=text("kind = 'inserts'"),
            postgresql_where=text("kind = 'inserts'"),
        ),
        Index(
            "ix_journal_deleted_ranges",
            "record",
            "record_id",
            sqlite_where=text("kind = 'deletes'"),
            postgresql_where=text("kind = 'deletes'"),
        ),
    )

    number: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    happened_at: Mapped[datetime]
    actor: Mapped[str]
    door: Mapped[str]
    batch: Mapped[str | None]
    kind: Mapped[str]
    record: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigInteger)
    party_id: Mapped[int | None] = mapped_column(BigInteger)
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What the business says has happened; rooms name theirs in the past tense in `events.py`.

    `record` is the kind of record it is about, `record_id` which one, `party_id` whose timeline it belongs on,
    `at` when it happened. `says` is the sentence a timeline shows, with the event's own fields in braces.
    """

    record: ClassVar[str]
    says: ClassVar[str]
    kinds: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        Event.kinds[cls.__name__] = cls

    record_id: int
    at: datetime
    party_id: int | None = None


def tell(session: Session, event: Event) -> None:
    """Write `event` into the journal of this transaction, so that a crash can lose neither without the other."""
    facts = asdict(event)
    for key in ("record_id", "party_id", "at"):
        facts.pop(key)
    keep_rows(
        session,
        [
            {
                **stamp(session),
                "happened_at": event.at,
                "kind": type(event).__name__,
                "record": event.record,
                "record_id": event.record_id,
                "party_id": event.party_id,
                "before": {},
                "after": as_json(facts),
            }
        ],
    )


def as_json(value: Any) -> Any:
    """`value` as JSON keeps it: days and moments as ISO text, choices as their word, amounts as text."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def record_name(record: Base | type[Base]) -> str:
    """What the journal calls this kind of record: the name of its base table."""
    mapper = inspect(record).mapper if isinstance(record, Base) else inspect(record)
    return str(mapper.base_mapper.persist_selectable.description)


def record_number(record: Any) -> int:
    """The number of a record: its primary key, whatever the column is called."""
    number: int = inspect(record).mapper.primary_key_from_instance(record)[0]
    return number


@cache
def journalled_keys(mapper: Mapper[Any]) -> tuple[str, ...]:
    """The attributes whose changes the journal writes down."""
    return tuple(key for key in kept_keys(mapper) if key not in _BOOKKEEPING)


@cache
def kept_keys(mapper: Mapper[Any]) -> tuple[str, ...]:
    """The attributes that a deleted record needs to come back: the journalled ones and some bookkeeping."""
    number = mapper.get_property_by_column(mapper.primary_key[0]).key
    return tuple(
        attribute.key
        for attribute in mapper.column_attrs
        if attribute.key not in _GIVEN_ANEW
        and attribute.key != number
        and attribute.columns[0].info.get("journal", True)
        and attribute.columns[0].table is not None
    )


@cache
def depth(record: str) -> int:
    """How far a kind of record stands above the ones that refer to nothing: 0 for these."""

    def below(table: Any, seen: frozenset[Any]) -> int:
        targets = {key.column.table for key in table.foreign_keys} - seen - {table}
        return max((1 + below(target, seen | {table}) for target in targets), default=0)

    table = Base.metadata.tables.get(record)
    return 0 if table is None else below(table, frozenset())


def flat(values: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """What the journal writes down of a whole record: what is there, custom values one key each."""
    found: dict[str, Any] = {}
    for key in keys:
        value = values.get(key)
        if value is None:
            continue
        if key == _CUSTOM:
            found |= {f"{_CUSTOM}.{name}": as_json(one) for name, one in value.items() if one is not None}
        else:
            found[key] = as_json(value)
    return found


# --- what a session does ------------------------------------------------------------------------------


@dataclass
class Pending:
    """What a session has still to write into the journal, and what it must remember until its flush is over."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    # By savepoint: what was pending when it began.
    savepoints: dict[SessionTransaction, list[dict[str, Any]]] = field(default_factory=dict)
    ended: tuple[SessionTransaction | None, list[dict[str, Any]] | None] = (None, None)
    deleted: list[dict[str, Any]] = field(default_factory=list)
    # By record: the stored values of attributes that were set without being read.
    stored: dict[Any, dict[str, Any]] = field(default_factory=dict)
    # My version of what the last flush was about to change: class, number, version and values.
    mine: list[tuple[type[Any], int, int | None, dict[str, Any]]] = field(default_factory=list)


def pending(session: Session) -> Pending:
    """What this session keeps for the journal."""
    found: Pending = session.info.setdefault("journal", Pending())
    return found


def listen(maker: Any) -> None:
    """Have every session that `maker` makes write the journal."""
    events.listen(maker, "before_flush", _before_flush)
    events.listen(maker, "after_flush", _after_flush)
    events.listen(maker, "do_orm_execute", _refuse_unjournalled)
    events.listen(maker, "do_orm_execute", _before_reading)
    events.listen(maker, "before_commit", _before_commit)
    events.listen(maker, "after_transaction_create", _transaction_begun)
    events.listen(maker, "after_transaction_end", _transaction_ended)
    events.listen(maker, "after_soft_rollback", _rolled_back)


def keep_rows(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    """Add rows to what the session writes into the journal at its end, or now where they have become many."""
    kept = pending(session).rows
    kept.extend(rows)
    if len(kept) >= MOST_PENDING:
        settle(session)


def settle(session: Session) -> None:
    """Write what is pending now. On PostgreSQL this holds the journal's lock until the transaction ends."""
    waiting = pending(session)
    if not waiting.rows:
        return
    rows, waiting.rows = waiting.rows, []
    connection = session.connection()
    _take_turn(connection)
    if len(rows) < _MANY:
        connection.execute(insert(JournalEntry), rows)
        return
    table: Any = JournalEntry.__table__
    columns = [column for column in table.columns if column.name != "number"]
    plan = Plan(connection, table, [column.name for column in columns], columns)
    taken = ([row[key] for row in rows] for key in plan.keys)
    plan.put([one if go is None else map(go, one) for one, go in zip(taken, plan.processes, strict=True)], len(rows))


def hold(session: Session) -> None:
    """Settle, and let nobody else write into the journal until this transaction ends: for who writes past `settle`."""
    settle(session)
    _take_turn(session.connection())


def _take_turn(connection: Connection) -> None:
    # SQLite lets one transaction write at a time anyhow.
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def stamp(session: Session) -> dict[str, Any]:
    """When, by whom, through which door and in which batch this session writes."""
    info = session.info
    return {
        "at": now(session),
        "actor": str(info.get("actor", "")),
        "door": info.get("door", "library"),
        "batch": info.get("batch"),
    }


def now(session: Session) -> datetime:
    """This moment by the session's clock, in UTC."""
    clock = session.info.get("clock")
    moment: datetime = clock() if clock else datetime.now(UTC)
    return moment


def _before_flush(session: Session, *_: Any) -> None:
    # Date what is new or changed; refuse to touch what the journal has written; remember what was there.
    moment, waiting = now(session), pending(session)
    waiting.mine.clear()
    for record in session.dirty | session.deleted:
        if isinstance(record, JournalEntry) and (record in session.deleted or session.is_modified(record)):
            raise TypeError("the journal is append-only")
    for record in session.new:
        if isinstance(record, Tracked):
            record.created_at = getattr(record, "created_at", None) or moment
            record.updated_at = moment
    changed: list[Any] = [one for one in session.dirty if isinstance(one, Journalled) and session.is_modified(one)]
    for record in changed:
        _remember_stored(session, record)
        if isinstance(record, Tracked):
            record.updated_at = moment
            values = {key: record.__dict__.get(key) for key in journalled_keys(inspect(type(record)))}
            waiting.mine.append((type(record), record_number(record), record.version, values))
    for record in session.deleted:
        if isinstance(record, Tracked) and isinstance(record, Base):
            waiting.mine.append((type(record), record_number(record), record.version, {}))


def _remember_stored(session: Session, record: Base) -> None:
    """The stored values of what was set without having been read, or changed in place: history has lost them."""
    state = inspect(record)
    keys = journalled_keys(state.mapper)
    unread = [key for key in keys if key in state.unloaded]
    if unread:
        getattr(record, unread[0])
    lost = [
        key
        for key in keys
        if key in state.committed_state
        and (history := state.attrs[key].history).has_changes()
        and not history.deleted
    ]  # fmt: skip
    if lost:
        columns = [state.mapper.column_attrs[key].columns[0] for key in lost]
        rows = select(*columns).select_from(state.mapper.persist_selectable)
        same = state.mapper.primary_key[0] == record_number(record)
        found = session.connection().execute(rows.where(same)).first()
        if found is not None:
            pending(session).stored[record] = dict(zip(lost, found, strict=True))


@events.listens_for(Journalled, "before_delete", propagate=True)
def _before_delete(mapper: Mapper[Any], _connection: Any, record: Any) -> None:
    # Parts that only lost their whole are deleted too, and stand in no list of the session's.
    session = object_session(record)
    if session is None or "clock" not in session.info:
        return
    values = {key: getattr(record, key) for key in kept_keys(mapper)}
    pending(session).deleted.append(_change("delete", record, flat(values, values), {}))


def _after_flush(session: Session, *_: Any) -> None:
    waiting = pending(session)
    gone = sorted(waiting.deleted, key=lambda row: (-depth(row["record"]), row["record"], row["record_id"]))
    rows = [*_inserted(session), *_updated(session), *gone]
    waiting.deleted, waiting.stored = [], {}
    if rows:
        mark = stamp(session)
        keep_rows(session, ({**mark, "happened_at": mark["at"], **row} for row in rows))


def _inserted(session: Session) -> list[dict[str, Any]]:
    rows = []
    for record in session.new:
        if isinstance(record, Journalled) and isinstance(record, Base):
            state = inspect(record)
            rows.append(_change("insert", record, {}, flat(state.dict, journalled_keys(state.mapper))))
    return _in_order(rows)


def _updated(session: Session) -> list[dict[str, Any]]:
    rows = []
    for record in session.dirty:
        if isinstance(record, Journalled) and isinstance(record, Base):
            before, after = _difference(record, pending(session).stored.get(record, {}))
            if after:
                rows.append(_change("update", record, before, after))
    return _in_order(rows)


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # A session holds sets: by table and number, the same work writes the same journal each time. What others refer
    # to comes first, and goes last: so the journal can be followed, and walked back, row by row.
    return sorted(rows, key=lambda row: (depth(row["record"]), row["record"], row["record_id"]))


def _change(kind: str, record: Any, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "record": record_name(record),
        "record_id": record_number(record),
        "party_id": record.concerns_party_id,
        "before": before,
        "after": after,
    }


def _difference(record: Base, stored: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = inspect(record)
    for key in journalled_keys(state.mapper):
        if key not in state.committed_state:
            continue
        history = state.attrs[key].history
        if not history.has_changes():
            continue
        was, is_now = (next(iter(side or [None])) for side in (history.deleted, history.added))
        was = stored.get(key, was)
        for name, old, new in _pairs(key, was, is_now):
            if old != new:
                before[name], after[name] = old, new
    return before, after


def _pairs(key: str, was: Any, is_now: Any) -> Iterator[tuple[str, Any, Any]]:
    if key == _CUSTOM:
        was, is_now = was or {}, is_now or {}
        for name in sorted({*was, *is_now}):
            yield f"{_CUSTOM}.{name}", as_json(was.get(name)), as_json(is_now.get(name))
    else:
        yield key, as_json(was), as_json(is_now)


def _refuse_unjournalled(state: ORMExecuteState) -> None:
    """A statement that changes records past the session is one that the journal would never hear of."""
    if state.is_select or state.execution_options.get("derived") or state.is_relationship_load:
        return
    table = getattr(state.statement, "table", None)
    if (state.is_insert or state.is_update or state.is_delete) and table in _journalled_tables():
        raise TypeError(
            f"the journal would not hear of this change of {table}: change its records, use insert_many, or say "
            "execution_options={'derived': True} of a column that is worked out from others"
        )


@cache
def _journalled_tables() -> frozenset[Any]:
    kinds: list[Mapper[Any]] = [one for one in Base.registry.mappers if issubclass(one.class_, Journalled)]
    return frozenset(table for kind in kinds for table in kind.tables)


def _before_reading(state: ORMExecuteState) -> None:
    if state.session.info.get("journal") and pending(state.session).rows and _reads_journal(state):
        settle(state.session)


def _reads_journal(state: ORMExecuteState) -> bool:
    if not state.is_select:
        return not state.is_orm_statement and "journal" in str(state.statement)
    table = JournalEntry.__table__
    return any(part is table or getattr(part, "table", None) is table for part in visitors.iterate(state.statement))  # type: ignore[arg-type]  # every statement can be walked through


def _before_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        session.flush()
        settle(session)


def _transaction_begun(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        # A copy: what is settled inside a savepoint is gone with it, also what was pending before.
        waiting = pending(session)
        waiting.savepoints[transaction] = list(waiting.rows)


def _transaction_ended(session: Session, transaction: SessionTransaction) -> None:
    # Whether it was given up is told only after this.
    waiting = pending(session)
    waiting.ended = transaction, waiting.savepoints.pop(transaction, None)


def _rolled_back(session: Session, transaction: SessionTransaction) -> None:
    waiting = pending(session)
    waiting.deleted, waiting.stored = [], {}
    ended, rows = waiting.ended
    if not transaction.nested:
        waiting.rows = []
    elif ended is transaction and rows is not None:
        waiting.rows = rows
