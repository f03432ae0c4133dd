"""An update is set back where today's value is still the one that it wrote."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Mapper, selectin_polymorphic

from crmlib.base.history.rights import has_rules, is_narrowed, may_change, says_no
from crmlib.base.history.saying import Unit, said_changed, said_gone, shown, unit_of
from crmlib.base.history.undone import Undoing
from crmlib.base.history.values import CUSTOM, read_value, with_custom
from crmlib.base.journal import JournalEntry, as_json, now


def change_back(work: Undoing, mapper: Mapper[Any], run: list[JournalEntry]) -> None:
    """Take back updates of different records of one kind."""
    number, session = mapper.primary_key[0], work.session
    subclasses = [one.class_ for one in mapper.self_and_descendants if one is not mapper]
    rows = select(mapper.class_).where(number.in_([entry.record_id for entry in run]))
    if subclasses:
        rows = rows.options(selectin_polymorphic(mapper.class_, subclasses))
    held = set(session.identity_map.keys())
    records = {inspect(one).identity[0]: one for one in session.scalars(rows)}
    since = _since(work, mapper, run)
    for entry in run:
        record = records.get(entry.record_id)
        if record is None and has_rules(session) and is_narrowed(session, mapper):
            work.spare(entry.record, entry.record_id, None, says_no())
        elif record is None:
            work.spare_entry(entry, lambda entry=entry: said_gone(session, entry))  # type: ignore[misc]  # bound now
        elif why := may_change(session, record):
            work.spare(entry.record, entry.record_id, None, why)
        elif _set_back(work, record, entry, since.get(entry.record_id, [])):
            work.done.n_undone += 1
    session.flush()
    for record in records.values():
        if inspect(record).key not in held:
            session.expunge(record)


def _since(work: Undoing, mapper: Mapper[Any], run: list[JournalEntry]) -> dict[int, list[JournalEntry]]:
    """Later rows by record, oldest first, for those whose change speaks of only a part of a field."""
    wanted = {
        entry.record_id: entry.number
        for entry in run
        if any(len(unit_of(kind, name).columns) > 1 for kind in mapper.self_and_descendants for name in entry.after)
    }
    found: dict[int, list[JournalEntry]] = {}
    if wanted:
        rows = (
            select(JournalEntry)
            .where(JournalEntry.record == run[0].record, JournalEntry.record_id.in_(wanted))
            .where(JournalEntry.number > min(wanted.values()), JournalEntry.kind == "update")
            .where((JournalEntry.batch != work.done.batch) | JournalEntry.batch.is_(None))
            .order_by(JournalEntry.number)
        )
        for entry in work.session.scalars(rows):
            if entry.number > wanted[entry.record_id]:
                found.setdefault(entry.record_id, []).append(entry)
    return found


def _set_back(work: Undoing, record: Any, entry: JournalEntry, since: list[JournalEntry]) -> bool:
    kind = inspect(record).mapper
    is_done = False
    units: dict[Unit, list[str]] = {}
    for name in {**entry.before, **entry.after}:
        if name.startswith(CUSTOM) or name in kind.column_attrs:
            units.setdefault(unit_of(kind, name), []).append(name)
    for unit, names in units.items():
        if any(work.is_spared(entry.record, entry.record_id, name) for name in names):
            continue
        changes = {name: _sides(kind, record, entry, name) for name in names}
        others = [column for column in unit.columns if column not in names] if len(unit.columns) > 1 else []
        is_other = any(here not in (wrote, was) for here, wrote, was in changes.values()) or _changed(
            kind, record, others, since
        )
        if is_other:
            _spare(work, record, entry, unit, names)
        elif any(here == wrote for here, wrote, _was in changes.values()):
            for name, (_here, _wrote, was) in changes.items():
                is_own = name.startswith(CUSTOM)
                value = with_custom(getattr(record, "custom", None), name, was) if is_own else was
                setattr(record, "custom" if is_own else name, value)
            is_done = True
    return is_done


def _sides(kind: Mapper[Any], record: Any, entry: JournalEntry, name: str) -> tuple[Any, Any, Any]:
    """A value as it is here, as the change wrote it, and as it was before."""
    if name.startswith(CUSTOM):
        here = (getattr(record, "custom", None) or {}).get(name.removeprefix(CUSTOM))
    else:
        here = read_value(kind, name, as_json(getattr(record, name)))
    wrote, was = (read_value(kind, name, side.get(name)) for side in (entry.after, entry.before))
    return here, wrote, was


def _changed(kind: Mapper[Any], record: Any, names: list[str], since: list[JournalEntry]) -> bool:
    """Whether the part of a field that a change did not touch is another by now than it was then."""
    for name in names:
        then: Mapping[str, Any] | None = next(
            (one.before for one in since if name in {**one.before, **one.after}), None
        )
        if then is not None and read_value(kind, name, then.get(name)) != getattr(record, name):
            return True
    return False


def _spare(work: Undoing, record: Any, entry: JournalEntry, unit: Unit, names: list[str]) -> None:
    session, kind = work.session, inspect(record).mapper
    touched = unit.columns if len(unit.columns) > 1 else tuple(names)

    def why() -> str:
        rows = select(JournalEntry).where(
            JournalEntry.record == entry.record,
            JournalEntry.record_id == entry.record_id,
            JournalEntry.number > entry.number,
        )
        who, at = "", now(session)
        for later in session.scalars(rows.order_by(JournalEntry.number.desc())):
            if any(name in later.after or name in later.before for name in touched):
                who, at = later.actor, later.at
                break
        values = {key: getattr(record, key) for key in (*unit.columns, "custom") if key in kind.column_attrs}
        return said_changed(session, kind, (who, at), names[0], shown(session, kind, names[0], values))

    for name in names:
        work.spare(entry.record, entry.record_id, name, why)
