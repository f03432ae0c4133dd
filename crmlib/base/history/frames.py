"""The past as frames, for analysts: what changed, the history of a record, and how a list stood."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Boolean, Date, DateTime, Enum, Integer, Numeric, inspect
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.types import TypeDecorator

from crmlib.base.errors import InvalidInput
from crmlib.base.fields import own_fields, read_day
from crmlib.base.frames import frame_of
from crmlib.base.history.kinds import number_key
from crmlib.base.history.looking import changes_since, history_of
from crmlib.base.history.moments import as_of
from crmlib.base.history.telling import sentence_of
from crmlib.base.history.values import CUSTOM
from crmlib.base.journal import JournalEntry, journalled_keys, record_name
from crmlib.base.records import Base, Journalled
from crmlib.base.types import to_amount
from crmlib.i18n import gettext as _

if TYPE_CHECKING:
    import pandas as pd

CHANGES_FRAME = {
    "number": "int64",
    "at": "datetime64[us, UTC]",
    "happened_at": "datetime64[us, UTC]",
    "actor": "str",
    "door": "category",
    "batch": "str",
    "kind": "category",
    "record": "category",
    "record_id": "int64",
    "party_id": "Int64",
    "says": "str",
    "before": "object",
    "after": "object",
}


def changes_frame(
    session: Session,
    *,
    since: int | datetime | date | str = 0,
    record: str | type[Base] | tuple[str, int] | None = None,
    actor: str | None = None,
    batch: str | None = None,
    limit: int = 10_000,
) -> "pd.DataFrame":
    """What changed and what happened since a number of the journal, a moment or a day, oldest first.

    One row per row of the journal; `number` is unique. Columns are `CHANGES_FRAME`, also when nothing changed. `record`
    is a kind ("party") or one record ("party", 12). `at` is when it was written, `happened_at` when it happened;
    `before` and `after` are dicts of the fields that differ, as JSON has them; `says` is a sentence. At most `limit`
    rows: go on from the last `number`.
    """
    kind, number = record if isinstance(record, tuple) else (record, None)
    name = None if kind is None else record_name(class_called(kind))
    start = since if isinstance(since, int) else moment_of(session, since)
    entries = changes_since(
        session, start, record=name, record_id=number, actor=actor, batch=batch, limit=limit
    )  # fmt: skip
    return _frame(session, entries)


def history_frame(session: Session, record: str | type[Base], record_id: int) -> "pd.DataFrame":
    """All that the journal says of one record, newest first. Columns are `CHANGES_FRAME`."""
    return _frame(session, history_of(session, record_name(class_called(record)), record_id))


def as_of_frame(session: Session, record: str | type[Base], moment: datetime | date | str) -> "pd.DataFrame":
    """How the records of a kind stood at a moment; a day means its end, in the workbench's zone.

    One row per record that was there then, by number. The columns are the record's attributes, with those of its
    custom fields as `custom.<key>`; an amount stands in major units under its field's name (`amount`), in `currency`.
    """
    kind = class_called(record)
    mapper = inspect(kind)
    states = as_of(session, kind, moment_of(session, moment, ends=True))
    contract = _contract(session, mapper)
    amounts = {
        composite.key: [prop.key for prop in composite.props]
        for composite in mapper.composites
        if len(composite.props) == 2
    }
    for state in states:
        for key, (minor, currency) in amounts.items():
            state[key] = to_amount(state.get(minor), state[currency]) if state.get(currency) else None
        for name, value in (state.get("custom") or {}).items():
            state[f"{CUSTOM}{name}"] = value
    return frame_of(states, contract)


def moment_of(session: Session, said: datetime | date | str, *, ends: bool = False) -> datetime:
    """The moment that is meant: a day is its beginning in the workbench's zone, or its end (`ends`)."""
    zone = session.info.get("zone") or UTC
    if isinstance(said, str):
        said = datetime.fromisoformat(said) if len(said) > 10 and _is_moment(said) else read_day(_("Day"), said)
    if isinstance(said, datetime):
        return (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)
    start = datetime.combine(said + timedelta(days=1) if ends else said, time(), zone).astimezone(UTC)
    return start - timedelta(microseconds=1) if ends else start


def class_called(record: str | type[Base]) -> type[Base]:
    """The class of a kind of record, by its name. Raises InvalidInput where there is none of that name."""
    if not isinstance(record, str):
        return record
    Base.registry.configure()
    kinds: list[Any] = [one.class_ for one in Base.registry.mappers]
    known = {kind.__tablename__: kind for kind in kinds if issubclass(kind, Journalled)}
    if record not in known:
        says = _("is no kind of record; there are {names}").format(names=", ".join(sorted(known)))
        raise InvalidInput(_("Record"), record, says)
    found: type[Base] = known[record]
    return found


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _frame(session: Session, entries: list[JournalEntry]) -> "pd.DataFrame":
    rows = []
    for entry in entries:
        row = {name: getattr(entry, name) for name in CHANGES_FRAME if name != "says"}
        rows.append({**row, "says": sentence_of(session, entry)})
    return frame_of(rows, CHANGES_FRAME)


def _contract(session: Session, mapper: Mapper[Any]) -> dict[str, str]:
    in_amounts = {prop.key: one.key for one in mapper.composites for prop in one.props[:1]}
    contract = {number_key(mapper): "int64"}
    for key in (*journalled_keys(mapper), *(("created_at",) if "created_at" in mapper.column_attrs else ())):
        if key in in_amounts:
            contract[in_amounts[key]] = "float64"
        elif key != "custom":
            contract[key] = _dtype(mapper.column_attrs[key].columns[0].type)
    if "custom" in mapper.column_attrs:
        own = own_fields(session, record_name(mapper.class_))
        contract |= {f"{CUSTOM}{key}": "float64" if about.kind == "decimal" else "object" for key, about in own.items()}
    return contract


def _dtype(kind: Any) -> str:
    if isinstance(kind, TypeDecorator) and kind.python_type is Decimal:
        return "float64"
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    for sort, dtype in (
        (Enum, "category"),
        (DateTime, "datetime64[us, UTC]"),
        (Date, "datetime64[s]"),
        (Boolean, "boolean"),
        (JSON, "object"),
        (Integer, "Int64"),
        (Numeric, "float64"),
    ):
        if isinstance(plain, sort):
            return dtype
    return "str"
