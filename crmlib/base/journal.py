"""The journal: what changed, when, by whom and through which door, in the transaction of the change itself.

Two kinds of rows stand in one numbered, append-only table. A *change* (`insert`, `update`, `delete`) of a tracked
record is written by the session on every flush, so no action can forget it. An *event* is what the business calls
it (`DealMoved`), told by the action with `tell`. Timeline, audit, undo, automation and refresh all read it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, insert, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.attributes import History

from crmlib.base.records import Base, Tracked
from crmlib.base.types import BigId

# Bookkeeping that every change touches: in the journal it would only be noise.
_NOT_JOURNALLED = frozenset(
    {"id", "version", "created_at", "updated_at", "folded", "name_key", "back_key", "last_activity_at"}
)


class JournalEntry(Base):
    """One change or one event.

    `at` is when it was written; `happened_at` when it happened in the world (an imported call is of last year).
    `party_id` says on whose timeline it stands. `before` and `after` hold only the fields that differ, as JSON.
    """

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_record_record_id", "record", "record_id", "number"),
        Index("ix_journal_party_id_happened_at", "party_id", "happened_at"),
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
    session.add(
        JournalEntry(
            **_stamp(session),
            happened_at=event.at,
            kind=type(event).__name__,
            record=event.record,
            record_id=event.record_id,
            party_id=event.party_id,
            before={},
            after=as_json(facts),
        )
    )


def stamp_records(session: Session, *_: Any) -> None:
    """Before a flush: date what is new or changed; refuse to touch what the journal has written."""
    now = _now(session)
    for record in session.dirty | session.deleted:
        if isinstance(record, JournalEntry) and (record in session.deleted or session.is_modified(record)):
            raise TypeError("the journal is append-only")
    for record in session.new:
        if isinstance(record, Tracked):
            record.created_at = getattr(record, "created_at", None) or now
            record.updated_at = now
    for record in session.dirty:
        if isinstance(record, Tracked) and session.is_modified(record):
            record.updated_at = now


def write_changes(session: Session, *_: Any) -> None:
    """After a flush: one row for each tracked record that it wrote."""
    rows = [
        *_changes(session, "insert", session.new),
        *_changes(session, "update", session.dirty),
        *_changes(session, "delete", session.deleted),
    ]
    if rows:
        session.connection().execute(insert(JournalEntry), rows)


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


def _changes(session: Session, kind: str, records: Iterable[object]) -> list[dict[str, Any]]:
    stamp = _stamp(session)
    rows = []
    for record in _in_order(records):
        before, after = _difference(record, kind)
        if kind == "update" and not after:
            continue
        rows.append(
            {
                **stamp,
                "happened_at": stamp["at"],
                "kind": kind,
                "record": record_name(record),
                "record_id": record.id,
                "party_id": record.concerns_party_id,
                "before": before,
                "after": after,
            }
        )
    return rows


def _in_order(records: Iterable[object]) -> list[Any]:
    # A session holds sets: by table and number, the same work writes the same journal each time.
    tracked = [record for record in records if isinstance(record, Tracked) and isinstance(record, Base)]
    return sorted(tracked, key=lambda record: (record_name(record), record.id))


def _difference(record: Base, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = {}, {}
    state = inspect(record)
    for column in state.mapper.column_attrs:
        key = column.key
        if key in _NOT_JOURNALLED:
            continue
        if kind == "update":
            history: History = state.attrs[key].history
            if history.has_changes():
                was, now = (next(iter(side or [None])) for side in (history.deleted, history.added))
                before[key], after[key] = as_json(was), as_json(now)
        elif (value := state.dict.get(key)) is not None:
            (before if kind == "delete" else after)[key] = as_json(value)
    return before, after


def _stamp(session: Session) -> dict[str, Any]:
    info = session.info
    return {
        "at": _now(session),
        "actor": info.get("actor", ""),
        "door": info.get("door", "library"),
        "batch": info.get("batch"),
    }


def _now(session: Session) -> datetime:
    clock = session.info.get("clock")
    moment: datetime = clock() if clock else datetime.now(UTC)
    return moment
