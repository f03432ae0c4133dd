"""Journal rows that speak of many records at once: `inserts` of a gapless range, `deletes` with all that they held.

A row `deletes` says of at most `SPAN` neighbouring numbers: `record_id` is the lowest and `after["through"]` the
highest of those that went, `before` their values, `{"kind": …, "keys": [name, …], "rows": [[number, value, …], …]}`.
The database writes it by itself, in one statement, so that a million records go without passing through Python.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, and_, cast, func, insert, literal, literal_column, null, or_, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapper, Session

from crmlib.base.history.numbers import Spares, among
from crmlib.base.history.values import in_json
from crmlib.base.journal import JournalEntry, as_json, hold, kept_keys, record_name, stamp

#: How many neighbouring numbers one row `deletes` speaks of at most.
SPAN = 500

# The index of ranges is found only where the query says its condition in its own words.
IS_RANGE: Any = literal_column("journal.kind") == literal_column("'inserts'")
IS_DELETED_RANGE: Any = literal_column("journal.kind") == literal_column("'deletes'")


def ranges_with(session: Session, name: str, record_id: int) -> list[JournalEntry]:
    """The rows `inserts` and `deletes` that speak of a record, in no order."""
    rows = select(JournalEntry).where(JournalEntry.record == name, JournalEntry.record_id <= record_id)
    near = JournalEntry.record_id > record_id - SPAN
    found = [
        entry for entry in session.scalars(rows.where(IS_RANGE)) if entry.after["through"] >= record_id
    ]  # fmt: skip
    gone = session.scalars(rows.where(IS_DELETED_RANGE, near))
    return found + [one for one in gone if any(number == record_id for number, _said in deleted_in(one))]


def covers(ids: Sequence[int]) -> Any:
    """The condition that a row `deletes` may speak of one of these numbers, which are few and sorted."""
    return and_(
        IS_DELETED_RANGE,
        or_(*(JournalEntry.record_id.between(number - SPAN + 1, number) for number in ids)),
    )


def deleted_in(entry: JournalEntry) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of a row `deletes`: the number of each and what the journal keeps of it."""
    keys = entry.before["keys"]
    for number, *values in entry.before["rows"]:
        yield number, dict(zip(keys, values, strict=True))


def keep_deleted(session: Session, kind: Mapper[Any], ids: range, spares: Spares) -> None:
    """Have the journal keep the records of a kind among `ids`, but for `spares`, as they stand: they will go next."""
    hold(session)
    connection = session.connection()
    dialect = connection.dialect.name
    own, keys = kind.primary_key[0], kept_keys(kind)
    columns = [kind.column_attrs[key].columns[0] for key in keys]
    # An array takes a hundred values on either database, and no record of ours has that many.
    assert len(columns) < 99, record_name(kind.class_)
    row = [own, *(in_json(column, dialect) for column in columns)]
    block = (own - ids[0]) // SPAN
    names: Any = json.dumps(keys)
    identity = literal(as_json(kind.polymorphic_identity), String()) if kind.polymorphic_on is not None else null()
    before: Any
    after: Any
    if dialect == "sqlite":
        before = func.json_object(
            "kind", identity, "keys", func.json(names), "rows", func.json_group_array(func.json_array(*row))
        )
        after = func.json_object("through", func.max(own))
    else:
        word = cast(literal("kind"), String), cast(literal("keys"), String), cast(literal("rows"), String)
        keys_array = cast(literal(names, String()), postgresql.JSON)
        rows_array = func.json_agg(func.json_build_array(*row))
        before = func.json_build_object(word[0], cast(identity, String), word[1], keys_array, word[2], rows_array)
        after = func.json_build_object(cast(literal("through"), String), func.max(own))
    mark = stamp(session)
    moment: datetime = mark["at"]
    gone = (
        select(
            literal(moment, JournalEntry.at.type),
            literal(moment, JournalEntry.at.type),
            literal(mark["actor"], String()),
            literal(mark["door"], String()),
            literal(mark["batch"], String()),
            literal("deletes", String()),
            literal(record_name(kind.class_), String()),
            func.min(own),
            cast(null(), BigInteger),
            before,
            after,
        )
        .select_from(kind.persist_selectable)
        .where(among(own, ids), spares.without(own))
        .group_by(block)
        .order_by(func.min(own))
    )
    if kind.polymorphic_on is not None:
        gone = gone.where(kind.polymorphic_on == kind.polymorphic_identity)
    into = ["at", "happened_at", "actor", "door", "batch", "kind", "record", "record_id", "party_id", "before", "after"]
    connection.execute(insert(JournalEntry.__table__).from_select(into, gone))  # type: ignore[arg-type]  # it is a table
