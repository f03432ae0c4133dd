"""How things stood: records of a type as of a moment."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Mapper, Session

from crmlib.base.history.kinds import kind_of, number_key
from crmlib.base.history.numbers import chunks
from crmlib.base.history.ranges import IS_RANGE, covers, deleted_in
from crmlib.base.history.rights import is_narrowed
from crmlib.base.history.values import CUSTOM, read_value, values_of, with_custom
from crmlib.base.journal import CHANGES, JournalEntry, journalled_keys, record_name
from crmlib.base.records import Base

# Rows that are read at a time: one of them may hold hundreds of records.
_ROWS = 50


def as_of(
    session: Session,
    record: type[Base],
    moment: datetime,
    ids: Collection[int] | None = None,
    where: Callable[[Mapping[str, Any]], bool] | None = None,
) -> list[dict[str, Any]]:
    """How records of a type stood at a moment, by number: those that were there, with the values they had.

    One dict per record: its number under the name of its attribute, its journalled attributes, and `created_at`
    where it has one. Records deleted since are back, later ones are not there. `ids` asks for some only, `where`
    keeps those of which it is true, as they stood. It begins with today's rows and walks back over what the journal
    says happened after `moment`, so it takes as long as there were changes.

    An actor who may not see every record sees the past of those that it may see today, and no deleted ones.
    """
    mapper = inspect(record)
    number = number_key(mapper)
    keys = (*journalled_keys(mapper), *(("created_at",) if "created_at" in mapper.column_attrs else ()))
    wanted = None if ids is None else sorted(set(ids))
    columns = [getattr(record, key) for key in (number, *keys)]
    found: dict[int, dict[str, Any]] = {}
    for some in [None] if wanted is None else chunks(wanted):
        rows = select(*columns)
        if some is not None:
            rows = rows.where(getattr(record, number).in_(some))
        for row in session.execute(rows):
            found[row[0]] = dict(zip((number, *keys), row, strict=True))
    among = None if wanted is None else frozenset(wanted)
    if is_narrowed(session, mapper):
        among = frozenset(found)
    back = _Back(found, mapper, number, keys, among)
    for entry in _since(session, record_name(record), moment, wanted):
        back.step(entry)
    states = (found[key] for key in sorted(found))
    return [state for state in states if where is None or where(state)]


class _Back:
    """Walks `found`, states by number, back over the journal; only numbers of `among` ever come in."""

    def __init__(
        self,
        found: dict[int, dict[str, Any]],
        mapper: Mapper[Any],
        number: str,
        keys: Sequence[str],
        among: frozenset[int] | None,
    ) -> None:
        self._found, self._mapper, self._number, self._keys, self._among = found, mapper, number, keys, among

    def step(self, entry: JournalEntry) -> None:
        """Take back what one row says, in `found` only."""
        found = self._found
        if entry.kind == "insert":
            found.pop(entry.record_id, None)
        elif entry.kind == "inserts":
            for gone in range(entry.record_id, entry.after["through"] + 1):
                found.pop(gone, None)
        elif entry.kind == "delete":
            self._add(entry.record_id, entry.before)
        elif entry.kind == "deletes":
            base = self._mapper.base_mapper
            kind_key = None if base.polymorphic_on is None else base.get_property_by_column(base.polymorphic_on).key
            for record_id, said in deleted_in(entry):
                self._add(record_id, said if kind_key is None else {**said, kind_key: entry.before["kind"]})
        elif (state := found.get(entry.record_id)) is not None:
            for name, value in entry.before.items():
                if name.startswith(CUSTOM):
                    state["custom"] = with_custom(state.get("custom"), name, value)
                elif name in state:
                    state[name] = read_value(self._mapper, name, value)

    def _add(self, record_id: int, said: Mapping[str, Any]) -> None:
        if (self._among is None or record_id in self._among) and kind_of(self._mapper, said).isa(self._mapper):
            back = values_of(self._mapper, said)
            if "custom" in self._keys:
                back.setdefault("custom", {})
            self._found[record_id] = {self._number: record_id, **{key: back.get(key) for key in self._keys}}


def _since(session: Session, name: str, moment: datetime, ids: Sequence[int] | None) -> Iterator[JournalEntry]:
    rows = (
        select(JournalEntry)
        .where(JournalEntry.record == name, JournalEntry.kind.in_(CHANGES), JournalEntry.at > moment)
        .order_by(JournalEntry.number.desc())
        .execution_options(yield_per=_ROWS)
    )
    if ids is None:
        yield from session.scalars(rows)
        return
    entries: dict[int, JournalEntry] = {}
    for some in chunks(ids):
        own = rows.where(JournalEntry.record_id.in_(some), JournalEntry.kind.not_in(("inserts", "deletes")))
        entries |= {entry.number: entry for entry in session.scalars(own)}
    entries |= {entry.number: entry for entry in session.scalars(rows.where(IS_RANGE))}
    for start in range(0, len(ids), _ROWS):
        own = rows.where(covers(ids[start : start + _ROWS]))
        entries |= {entry.number: entry for entry in session.scalars(own)}
    for number in sorted(entries, reverse=True):
        yield entries[number]
