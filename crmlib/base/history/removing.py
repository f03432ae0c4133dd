"""An inserted record goes, unless somebody changed it since or something else needs it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, inspect, not_, select
from sqlalchemy.orm import Mapper

from crmlib.base.history.kinds import concrete, links_to
from crmlib.base.history.numbers import CHUNK, Spares, among, chunks
from crmlib.base.history.ranges import keep_deleted
from crmlib.base.history.rights import may_remove
from crmlib.base.history.saying import said_changed, said_needed, said_value
from crmlib.base.history.undone import MOST_TOLD, Undoing
from crmlib.base.history.values import CUSTOM, differ
from crmlib.base.journal import JournalEntry, flat, journalled_keys, keep_rows, kept_keys, now, record_name, stamp


def remove(
    work: Undoing, mapper: Mapper[Any], ids: Sequence[int], number: int, parties: Mapping[int, int | None] | None = None
) -> None:
    """Delete the records `ids` that the row `number` of the journal inserted; a range, or a sorted list of few.

    Those of a range go in a few statements that do not bring them to Python: what stays is found by joining, and what
    goes is kept by the database in rows `deletes`. `parties` says on whose timeline each of few stands.
    """
    session = work.session
    session.flush()
    stays = may_remove(session, mapper, ids)
    stays = _needed(work, mapper, ids, stays | _changed(work, mapper, ids, number))
    for record_id, why in stays.items():
        work.spare(record_name(mapper.class_), record_id, None, why)
    spares = Spares(session, stays)
    for kind in concrete(mapper):
        if isinstance(ids, range):
            keep_deleted(session, kind, ids, spares)
            continue
        for some in _stored(work, kind, ids):
            gone = [(record_id, values) for record_id, values in some if record_id not in stays]
            keep_rows(session, _deletions(work, kind, gone, parties or {}))
    _forget(work, mapper, ids, stays)
    # One statement for each table: rows of it may refer to each other. What a table was joined to goes last.
    tables = dict.fromkeys(table for kind in concrete(mapper) for table in reversed(kind.tables))
    for table in sorted(tables, key=lambda one: one is mapper.local_table):
        own: Any = next(iter(table.primary_key))
        # Past the session, and in the journal since a moment ago.
        gone_now = session.connection().execute(delete(table).where(among(own, ids), spares.without(own)))
        if table is mapper.local_table:
            work.done.n_undone += gone_now.rowcount


def _deletions(
    work: Undoing, kind: Mapper[Any], gone: list[tuple[int, dict[str, Any]]], parties: Mapping[int, int | None]
) -> Iterator[dict[str, Any]]:
    mark, name = stamp(work.session), record_name(kind.class_)
    for record_id, values in gone:
        yield {
            **mark,
            "happened_at": mark["at"],
            "kind": "delete",
            "record": name,
            "record_id": record_id,
            "party_id": parties.get(record_id),
            "before": flat(values, kept_keys(kind)),
            "after": {},
        }


def _forget(work: Undoing, mapper: Mapper[Any], ids: Sequence[int], stays: dict[int, str]) -> None:
    gone = ids if isinstance(ids, range) else frozenset(ids)
    for record in list(work.session.identity_map.values()):
        state = inspect(record)
        number = state.identity[0] if state.identity else None
        if state.mapper.base_mapper is mapper.base_mapper and number in gone and number not in stays:
            work.session.expunge(record)


def _stored(work: Undoing, kind: Mapper[Any], ids: Sequence[int]) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """The stored rows of these numbers, in chunks."""
    # Tables and not records: what this actor may not see must not be taken for gone.
    own, keys = kind.primary_key[0], kept_keys(kind)
    columns = [own, *(kind.column_attrs[key].columns[0] for key in keys)]
    of_kind = [] if kind.polymorphic_on is None else [kind.polymorphic_on == kind.polymorphic_identity]
    last = ids[0] - 1 if ids else 0
    while True:
        rows = select(*columns).select_from(kind.persist_selectable).where(among(own, ids), own > last, *of_kind)
        found = work.session.connection().execute(rows.order_by(own).limit(CHUNK)).all()
        if not found:
            return
        last = found[-1][0]
        yield [(row[0], dict(zip(keys, row[1:], strict=True))) for row in found]


def _changed(work: Undoing, mapper: Mapper[Any], ids: Sequence[int], number: int) -> dict[int, str]:
    """Which of these records are not any more as they were inserted, and why."""
    first: dict[int, dict[str, Any]] = {}
    later = (
        select(JournalEntry.record_id, JournalEntry.before)
        .where(
            JournalEntry.record == record_name(mapper.class_),
            among(JournalEntry.record_id, ids),
            JournalEntry.number > number,
            JournalEntry.kind.in_(("update", "delete")),
        )
        .order_by(JournalEntry.number)
    )
    for record_id, before in work.session.execute(later.execution_options(yield_per=CHUNK)):
        known = first.setdefault(record_id, {})
        for key, value in before.items():
            known.setdefault(key, value)
    stays: dict[int, str] = {}
    for kind in concrete(mapper) if first else ():
        keys = journalled_keys(kind)
        for some in chunks(sorted(first)):
            for stored in _stored(work, kind, some):
                for record_id, values in stored:
                    here = flat(values, keys)
                    for key, was in first[record_id].items():
                        if (key.startswith(CUSTOM) or key in keys) and differ(kind, key, here.get(key), was):
                            told = len(stays) < MOST_TOLD
                            stays[record_id] = _why(work, kind, record_id, here, key, number) if told else ""
                            break
    return stays


def _why(work: Undoing, kind: Mapper[Any], record_id: int, here: dict[str, Any], key: str, number: int) -> str:
    rows = select(JournalEntry.actor, JournalEntry.at, JournalEntry.before, JournalEntry.after).where(
        JournalEntry.record == record_name(kind.class_),
        JournalEntry.record_id == record_id,
        JournalEntry.number > number,
        JournalEntry.kind == "update",
    )
    entry = "", now(work.session)
    for actor, at, before, after in work.session.execute(rows.order_by(JournalEntry.number.desc())):
        if key in before or key in after:
            entry = actor, at
            break
    return said_changed(work.session, kind, entry, key, said_value(work.session, kind, here, key))


def _needed(work: Undoing, mapper: Mapper[Any], ids: Sequence[int], stays: dict[int, str]) -> dict[int, str]:
    """`stays`, with those that a record refers to which stays itself."""
    own = {table for one in mapper.base_mapper.self_and_descendants for table in one.tables}
    connection = work.session.connection()
    links = [link for link in links_to(record_name(mapper.class_)) if link.table is not None]
    for link in links:
        number = next(iter(link.table.primary_key))
        rows = select(link.column, number).where(among(link.column, ids), *link.only)
        if link.table in own:
            rows = rows.where(not_(among(number, ids)))
        for needed, by in connection.execute(rows.execution_options(yield_per=CHUNK)):
            if needed not in stays:
                stays[needed] = said_needed(work.session, link.record, by) if len(stays) < MOST_TOLD else ""
    # Among themselves: what stays keeps what it refers to.
    new, inside = list(stays), ids if isinstance(ids, range) else frozenset(ids)
    while new:
        found: list[int] = []
        for link in links:
            if link.table not in own:
                continue
            number = next(iter(link.table.primary_key))
            for some in chunks(new):
                rows = select(link.column, number).where(number.in_(some), link.column.is_not(None))
                for needed, by in connection.execute(rows).all():
                    if needed in inside and needed not in stays:
                        stays[needed] = said_needed(work.session, link.record, by)
                        found.append(needed)
        new = found
    return stays
