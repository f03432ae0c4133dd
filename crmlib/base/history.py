"""What the journal is good for: what changed since, the past of a record, how things stood, and taking back.

Undo walks a batch from its newest row to its oldest. What people changed since is spared, field by field, and told
with who did it and when. An undo is itself a batch of the journal: it can be undone, and that brings everything back.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Enum,
    MetaData,
    Table,
    delete,
    exists,
    insert,
    inspect,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session, selectin_polymorphic
from sqlalchemy.types import Boolean, Integer, Numeric, TypeDecorator, TypeEngine

from crmlib.base.errors import NotFound, Refused
from crmlib.base.journal import (
    CHANGES,
    Event,
    JournalEntry,
    as_json,
    flat,
    journalled_keys,
    keep_rows,
    kept_keys,
    now,
    record_name,
    stamp,
    tell,
)
from crmlib.base.records import Base, Journalled
from crmlib.i18n import format_date, lazy
from crmlib.i18n import gettext as _

# Rows of the journal that are taken back together.
CHUNK = 1_000
# What is spared is told one by one up to here, and counted beyond.
MOST_TOLD = 1_000

_CUSTOM = "custom."


@dataclass(frozen=True, kw_only=True)
class ChangeUndone(Event):
    """One change was taken back; `record_id` is its number in the journal."""

    record: ClassVar[str] = "journal"
    says: ClassVar[str] = lazy("A change was taken back")
    batch: str
    n_spared: int


@dataclass(frozen=True, kw_only=True)
class BatchUndone(Event):
    """A whole batch was taken back; `record_id` is the number of its first row in the journal."""

    record: ClassVar[str] = "journal"
    says: ClassVar[str] = lazy("A batch of {n_undone} changes was taken back")
    batch: str
    n_undone: int
    n_spared: int


@dataclass(frozen=True)
class Spared:
    """What an undo left as it is: a record, or one `field` of it, and the sentence that says why."""

    record: str
    record_id: int
    field: str | None
    why: str


@dataclass
class Undone:
    """What an undo did. `batch` is its own: undo that, and everything is back. `spared` lists up to `MOST_TOLD`."""

    batch: str
    n_undone: int = 0
    n_spared: int = 0
    spared: list[Spared] = field(default_factory=list)


# --- looking ------------------------------------------------------------------------------------------


def changes_since(
    session: Session,
    number: int,
    *,
    limit: int = 1_000,
    actor: str | None = None,
    record: str | type[Base] | None = None,
    record_id: int | None = None,
    not_by: str | None = None,
) -> list[JournalEntry]:
    """The rows of the journal after `number`, oldest first: the last one's number is where to go on from.

    Numbers come in the order of commits, so whoever follows them misses nothing. `actor`, `record` and `record_id`
    keep only some of the rows; `not_by` leaves out what that actor did, for "what changed since I looked".
    """
    rows = select(JournalEntry).where(JournalEntry.number > number).order_by(JournalEntry.number).limit(limit)
    if actor is not None:
        rows = rows.where(JournalEntry.actor == str(actor))
    if not_by is not None:
        rows = rows.where(JournalEntry.actor != str(not_by))
    if record is not None:
        rows = rows.where(JournalEntry.record == _name(record))
    if record_id is not None:
        rows = rows.where(JournalEntry.record_id == record_id)
    return list(session.scalars(rows))


def history_of(
    session: Session, record: str | type[Base], record_id: int, *, limit: int | None = None
) -> list[JournalEntry]:
    """All that the journal says of one record, newest first: changes, events, and the range it was inserted with."""
    name = _name(record)
    own = (
        select(JournalEntry)
        .where(JournalEntry.record == name, JournalEntry.record_id == record_id, JournalEntry.kind != "inserts")
        .order_by(JournalEntry.number.desc())
        .limit(limit)
    )
    found = [*session.scalars(own), *_ranges(session, name, record_id)]
    return sorted(found, key=lambda entry: entry.number, reverse=True)[:limit]


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
    """
    mapper = inspect(record)
    number = _number_key(mapper)
    keys = (*journalled_keys(mapper), *(("created_at",) if "created_at" in mapper.column_attrs else ()))
    wanted = None if ids is None else sorted(set(ids))
    columns = [getattr(record, key) for key in (number, *keys)]
    found: dict[int, dict[str, Any]] = {}
    for some in [None] if wanted is None else _chunks(wanted):
        rows = select(*columns)
        if some is not None:
            rows = rows.where(getattr(record, number).in_(some))
        for row in session.execute(rows):
            found[row[0]] = dict(zip((number, *keys), row, strict=True))
    for entry in _since(session, record_name(record), moment, wanted):
        _step_back(found, entry, mapper, number, keys)
    states = (found[key] for key in sorted(found))
    return [state for state in states if where is None or where(state)]


def _step_back(
    found: dict[int, dict[str, Any]], entry: JournalEntry, mapper: Mapper[Any], number: str, keys: Sequence[str]
) -> None:
    if entry.kind == "insert":
        found.pop(entry.record_id, None)
    elif entry.kind == "inserts":
        for gone in [key for key in found if entry.record_id <= key <= entry.after["through"]]:
            del found[gone]
    elif entry.kind == "delete":
        if _kind_of(mapper, entry.before).isa(mapper):
            back = _values(mapper, entry.before)
            found[entry.record_id] = {number: entry.record_id, **{key: back.get(key) for key in keys}}
    elif (state := found.get(entry.record_id)) is not None:
        for name, value in entry.before.items():
            if name.startswith(_CUSTOM):
                state["custom"] = _with(state.get("custom"), name, value)
            elif name in state:
                state[name] = _read(mapper, name, value)


def _since(session: Session, name: str, moment: datetime, ids: Sequence[int] | None) -> Iterator[JournalEntry]:
    rows = (
        select(JournalEntry)
        .where(JournalEntry.record == name, JournalEntry.kind.in_(CHANGES), JournalEntry.at > moment)
        .order_by(JournalEntry.number.desc())
        .execution_options(yield_per=CHUNK)
    )
    if ids is None:
        yield from session.scalars(rows)
        return
    entries: dict[int, JournalEntry] = {}
    for some in _chunks(ids):
        own = rows.where(JournalEntry.record_id.in_(some), JournalEntry.kind != "inserts")
        entries |= {entry.number: entry for entry in session.scalars(own)}
    ranges = rows.where(literal_column("journal.kind") == literal_column("'inserts'"))
    entries |= {entry.number: entry for entry in session.scalars(ranges)}
    for number in sorted(entries, reverse=True):
        yield entries[number]


def _ranges(session: Session, name: str, record_id: int) -> list[JournalEntry]:
    # The index of ranges is found only where the query says its condition in its own words.
    rows = select(JournalEntry).where(
        literal_column("journal.kind") == literal_column("'inserts'"),
        JournalEntry.record == name,
        JournalEntry.record_id <= record_id,
    )
    return [entry for entry in session.scalars(rows) if record_id <= entry.after["through"]]


# --- taking back --------------------------------------------------------------------------------------


def undo_change(session: Session, number: int, *, at: datetime) -> Undone:
    """Take back one change of the journal, with the parts of the record that came or went with it.

    Raises NotFound where there is no such row, Refused where it is an event, which has happened once and for all.
    """
    entry = session.get(JournalEntry, number) if 0 <= number < 2**63 else None
    if entry is None:
        raise NotFound(_("change"), number)
    if entry.kind not in CHANGES:
        raise Refused(_("This is something that happened, not a change. Take back the changes that it made."))
    entries = sorted([entry, *_companions(session, entry)], key=lambda one: one.number, reverse=True)
    with _Undoing(session) as undoing:
        undoing.take_back(entries)
    done = undoing.done
    tell(
        session,
        ChangeUndone(record_id=number, party_id=entry.party_id, at=at, batch=done.batch, n_spared=done.n_spared),
    )
    return done


def undo_batch(session: Session, batch: str, *, at: datetime) -> Undone:
    """Take back all that a batch changed, from the newest change to the oldest, sparing what people changed since.

    Memory stays flat however long the batch is. Raises NotFound where the journal knows no such batch.
    """
    changes = select(JournalEntry).where(JournalEntry.batch == batch, JournalEntry.kind.in_(CHANGES))
    first = session.scalar(changes.order_by(JournalEntry.number).limit(1))
    if first is None:
        raise NotFound(_("batch"), batch)
    below: int | None = None
    with _Undoing(session) as undoing:
        while True:
            rows = changes if below is None else changes.where(JournalEntry.number < below)
            entries = list(session.scalars(rows.order_by(JournalEntry.number.desc()).limit(CHUNK)))
            if not entries:
                break
            below = entries[-1].number
            undoing.take_back(entries)
            for entry in entries:
                if entry in session:
                    session.expunge(entry)
    done = undoing.done
    tell(
        session,
        BatchUndone(record_id=first.number, at=at, batch=batch, n_undone=done.n_undone, n_spared=done.n_spared),
    )
    return done


def _companions(session: Session, entry: JournalEntry) -> list[JournalEntry]:
    """What was written in the same flush as parts of the record, or as what referred to a record that was deleted."""
    if entry.kind not in ("insert", "delete"):
        return []
    rows = select(JournalEntry).where(
        JournalEntry.at == entry.at,
        JournalEntry.actor == entry.actor,
        JournalEntry.door == entry.door,
        JournalEntry.number.between(entry.number - CHUNK, entry.number + CHUNK),
        JournalEntry.number != entry.number,
        JournalEntry.kind.in_((entry.kind, "update") if entry.kind == "delete" else (entry.kind,)),
        JournalEntry.batch == entry.batch if entry.batch else JournalEntry.batch.is_(None),
    )
    left = list(session.scalars(rows.order_by(JournalEntry.number)))
    wholes, found = [entry], []
    while wholes:
        whole = wholes.pop()
        parts = [one for one in left if _belongs(one, whole)]
        left = [one for one in left if one not in parts]
        found += parts
        wholes += [one for one in parts if one.kind != "update"]
    return found


def _belongs(part: JournalEntry, whole: JournalEntry) -> bool:
    for link in _links(whole.record):
        said = part.before if part.kind != "insert" else part.after
        if link.record != part.record or said.get(link.key) != whole.record_id:
            continue
        if link.is_part or part.kind == "update":
            return part.kind != "update" or part.after.get(link.key) is None
    return False


class _Undoing:
    """An undo under way: a batch of its own in the journal, and what it has spared so far."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.done = Undone(f"undo {uuid4()}")
        self._spared: set[tuple[str, int, str | None]] = set()
        self._before: Any = None
        # Links to records that may still come back: record, number, attribute, the number it links to.
        self._later: list[tuple[str, int, str, int]] = []

    def __enter__(self) -> "_Undoing":
        self.session.flush()
        self._before = self.session.info.get("batch")
        self.session.info["batch"] = self.done.batch
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        try:
            if kind is None:
                self._link()
                self.session.flush()
                self.session.expire_all()
        finally:
            self.session.info["batch"] = self._before

    def take_back(self, entries: Iterable[JournalEntry]) -> None:
        """Take back changes that come newest first."""
        for (kind, name), same in groupby(entries, key=lambda entry: (entry.kind, entry.record)):
            mapper = _mapper(name)
            for run in _distinct(same):
                if mapper is None:
                    for entry in run:
                        self._spare(name, entry.record_id, None, _("This version does not know such records."))
                elif kind == "update":
                    self._guarded(self._change_back, mapper, run)
                elif kind == "delete":
                    self._guarded(self._bring_back, mapper, run)
                elif kind == "insert":
                    self._remove(mapper, sorted(entry.record_id for entry in run), min(entry.number for entry in run))
                else:
                    for entry in run:
                        self._remove(mapper, range(entry.record_id, entry.after["through"] + 1), entry.number)

    def _guarded(self, work: Callable[[Mapper[Any], list[JournalEntry]], None], mapper: Any, run: Any) -> None:
        # All at once, and where the database refuses something, one by one to find out what.
        done, spared = self.done.n_undone, self.done.n_spared
        told, known, later = list(self.done.spared), set(self._spared), list(self._later)
        try:
            with self.session.begin_nested():
                work(mapper, run)
                self.session.flush()
        except IntegrityError:
            self.done.n_undone, self.done.n_spared, self.done.spared = done, spared, told
            self._spared, self._later = known, later
            if len(run) == 1:
                says = _("Something else has this place now: the database keeps a value only once.")
                self._spare(run[0].record, run[0].record_id, None, says)
                return
            for entry in run:
                self._guarded(work, mapper, [entry])

    # An update is set back where today's value is still the one that it wrote.

    def _change_back(self, mapper: Mapper[Any], run: list[JournalEntry]) -> None:
        number = mapper.primary_key[0]
        subclasses = [one.class_ for one in mapper.self_and_descendants if one is not mapper]
        rows = select(mapper.class_).where(number.in_([entry.record_id for entry in run]))
        if subclasses:
            rows = rows.options(selectin_polymorphic(mapper.class_, subclasses))
        held = set(self.session.identity_map.keys())
        records = {inspect(one).identity[0]: one for one in self.session.scalars(rows)}
        for entry in run:
            record = records.get(entry.record_id)
            if record is None:
                self._spare_gone(entry)
            elif self._set_back(record, entry):
                self.done.n_undone += 1
        self.session.flush()
        for record in records.values():
            if inspect(record).key not in held:
                self.session.expunge(record)

    def _set_back(self, record: Any, entry: JournalEntry) -> bool:
        kind = inspect(record).mapper
        is_done = False
        for name in {**entry.before, **entry.after}:
            if (entry.record, entry.record_id, name) in self._spared:
                continue
            key = "custom" if name.startswith(_CUSTOM) else name
            if key not in kind.column_attrs:
                continue
            here = getattr(record, key)
            if name.startswith(_CUSTOM):
                here = (here or {}).get(name.removeprefix(_CUSTOM))
            was, wrote = (_read(kind, name, side.get(name)) for side in (entry.before, entry.after))
            here = _read(kind, name, as_json(here))
            if here == wrote:
                value = _with(getattr(record, "custom", None), name, was) if name.startswith(_CUSTOM) else was
                setattr(record, key, value)
                is_done = True
            elif here != was:
                self._spare_changed(entry.record, entry.record_id, name, here, entry.number)
        return is_done

    # A deleted record comes back under its old number.

    def _bring_back(self, mapper: Mapper[Any], run: list[JournalEntry]) -> None:
        here = self._existing(mapper, [entry.record_id for entry in run])
        by_kind: dict[Mapper[Any], list[tuple[JournalEntry, dict[str, Any]]]] = {}
        for entry in sorted(run, key=lambda one: one.record_id):
            if entry.record_id not in here:
                kind = _kind_of(mapper, entry.before)
                by_kind.setdefault(kind, []).append((entry, _values(kind, entry.before)))
        for kind, coming in by_kind.items():
            self._insert(kind, self._linkable(kind, coming))

    def _linkable(
        self, kind: Mapper[Any], coming: list[tuple[JournalEntry, dict[str, Any]]]
    ) -> list[tuple[JournalEntry, dict[str, Any]]]:
        """Without those whose whole is gone; links to what may yet come back are kept for later."""
        number = _number_key(kind)
        for key, column, target in _foreign_keys(kind):
            links = [entry.record_id if key == number else values.get(key) for entry, values in coming]
            there = self._existing(target, [link for link in links if link is not None])
            kept = []
            for (entry, values), link in zip(coming, links, strict=True):
                if link is not None and link not in there:
                    if not column.nullable:
                        says = _("The {what} it belongs to is not there any more.").format(what=_label(target))
                        self._spare(entry.record, entry.record_id, None, says)
                        continue
                    values[key] = None
                    self._later.append((entry.record, entry.record_id, key, link))
                kept.append((entry, values))
            coming = kept
        return coming

    def _insert(self, kind: Mapper[Any], coming: list[tuple[JournalEntry, dict[str, Any]]]) -> None:
        if not coming:
            return
        moment, number = now(self.session), _number_key(kind)
        rows, changes, mark = [], [], stamp(self.session)
        for entry, values in coming:
            row = {**values, number: entry.record_id}
            if "version" in kind.column_attrs:
                row |= {"version": (values.get("version") or 0) + 1, "updated_at": moment}
                row["created_at"] = values.get("created_at") or moment
            rows.append(row)
            changes.append(
                {
                    **mark,
                    "happened_at": mark["at"],
                    "kind": "insert",
                    "record": entry.record,
                    "record_id": entry.record_id,
                    "party_id": entry.party_id,
                    "before": {},
                    "after": flat(values, journalled_keys(kind)),
                }
            )
        connection = self.session.connection()
        for table in kind.tables:
            assert isinstance(table, Table)
            named = [(kind.get_property_by_column(column).key, column.name) for column in table.columns]
            known = {key for row in rows for key in row}
            connection.execute(
                insert(table), [{name: row.get(key) for key, name in named if key in known} for row in rows]
            )
        keep_rows(self.session, changes)
        self.done.n_undone += len(rows)

    def _link(self) -> None:
        """Set the links that waited for what they link to; what never came back is told."""
        later = sorted(self._later)
        for (name, key), same in groupby(later, key=lambda one: (one[0], one[2])):
            mapper = _mapper(name)
            assert mapper is not None
            links = list(same)
            kind = next(one for one in mapper.self_and_descendants if key in one.column_attrs)
            target = next(to for one, _column, to in _foreign_keys(kind) if one == key)
            for some in _chunks(links):
                there = self._existing(target, [link for *_rest, link in some])
                here = self._existing(mapper, [record_id for _name, record_id, *_rest in some])
                column = kind.column_attrs[key].columns[0]
                table = column.table
                mark = stamp(self.session)
                for _record, record_id, _attribute, link in some:
                    if record_id not in here:
                        continue
                    if link not in there:
                        says = _("The {what} it named is not there any more.").format(what=_label(target))
                        self._spare(name, record_id, key, says)
                        continue
                    own = next(iter(table.primary_key))
                    change = update(table).where(own == record_id).values({column.name: link})
                    self.session.connection().execute(change)
                    about = {"kind": "update", "record": name, "record_id": record_id, "party_id": None}
                    sides = {"before": {key: None}, "after": {key: link}}
                    keep_rows(self.session, [{**mark, "happened_at": mark["at"], **about, **sides}])
        self._later = []

    # An inserted record goes, unless somebody changed it since or something else needs it.

    def _remove(self, mapper: Mapper[Any], ids: Sequence[int], number: int) -> None:
        self.session.flush()
        stays = self._needed(mapper, ids, self._changed(mapper, ids, number))
        for record_id, why in stays.items():
            self._spare(record_name(mapper.class_), record_id, None, why)
        for kind in _concrete(mapper):
            for some in self._stored(kind, ids):
                gone = [(record_id, values) for record_id, values in some if record_id not in stays]
                keep_rows(self.session, self._deletions(kind, gone))
                self._forget(mapper, gone)
                self.done.n_undone += len(gone)
        # One statement for each table: rows of it may refer to each other. What a table was joined to goes last.
        spared = _Numbers(self.session, stays)
        tables = dict.fromkeys(table for kind in _concrete(mapper) for table in reversed(kind.tables))
        for table in sorted(tables, key=lambda one: one is mapper.local_table):
            own: Any = next(iter(table.primary_key))
            self.session.connection().execute(delete(table).where(_among(own, ids), spared.without(own)))

    def _deletions(self, kind: Mapper[Any], gone: list[tuple[int, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
        mark, name, number = stamp(self.session), record_name(kind.class_), _number_key(kind)
        for record_id, values in gone:
            # The property of an object, asked of its values: making a million objects would take minutes.
            self_like = _Like({**values, number: record_id})
            yield {
                **mark,
                "happened_at": mark["at"],
                "kind": "delete",
                "record": name,
                "record_id": record_id,
                "party_id": kind.class_.concerns_party_id.fget(self_like),
                "before": flat(values, kept_keys(kind)),
                "after": {},
            }

    def _forget(self, mapper: Mapper[Any], gone: list[tuple[int, dict[str, Any]]]) -> None:
        if self.session.identity_map:
            for record_id, _was in gone:
                record = self.session.identity_map.get(mapper.identity_key_from_primary_key((record_id,)))
                if record is not None:
                    self.session.expunge(record)

    def _stored(self, kind: Mapper[Any], ids: Sequence[int]) -> Iterator[list[tuple[int, dict[str, Any]]]]:
        """The stored rows of these numbers, in chunks."""
        # Tables and not records: what this actor may not see must not be taken for gone.
        own, keys = kind.primary_key[0], kept_keys(kind)
        columns = [own, *(kind.column_attrs[key].columns[0] for key in keys)]
        of_kind = [] if kind.polymorphic_on is None else [kind.polymorphic_on == kind.polymorphic_identity]
        last = ids[0] - 1 if ids else 0
        while True:
            rows = select(*columns).select_from(kind.persist_selectable).where(_among(own, ids), own > last, *of_kind)
            found = self.session.connection().execute(rows.order_by(own).limit(CHUNK)).all()
            if not found:
                return
            last = found[-1][0]
            yield [(row[0], dict(zip(keys, row[1:], strict=True))) for row in found]

    def _changed(self, mapper: Mapper[Any], ids: Sequence[int], number: int) -> dict[int, str]:
        """Which of these records are not any more as they were inserted, and why."""
        name = record_name(mapper.class_)
        row = JournalEntry
        later = (
            select(row.record_id, row.kind, row.actor, row.at, row.before, row.after)
            .where(
                JournalEntry.record == name,
                _among(JournalEntry.record_id, ids),
                JournalEntry.number > number,
                JournalEntry.kind.in_(("update", "delete")),
            )
            .order_by(JournalEntry.number)
        )
        first: dict[int, dict[str, Any]] = {}
        last: dict[tuple[int, str], tuple[str, datetime]] = {}
        for entry in self.session.execute(later.execution_options(yield_per=CHUNK)):
            known = first.setdefault(entry.record_id, {})
            for key, value in entry.before.items():
                known.setdefault(key, value)
            if entry.kind == "update":
                for key in {**entry.before, **entry.after}:
                    last[entry.record_id, key] = entry.actor, entry.at
        stays: dict[int, str] = {}
        for kind in _concrete(mapper) if first else ():
            keys = journalled_keys(kind)
            for some in _chunks(sorted(first)):
                for stored in self._stored(kind, some):
                    for record_id, values in stored:
                        here = flat(values, keys)
                        for key in first[record_id]:
                            if (key.startswith(_CUSTOM) or key in keys) and _differ(
                                kind, key, here.get(key), first[record_id][key]
                            ):
                                who, at = last.get((record_id, key), ("", now(self.session)))
                                stays[record_id] = _said_changed(who, at, key, here.get(key))
        return stays

    def _needed(self, mapper: Mapper[Any], ids: Sequence[int], stays: dict[int, str]) -> dict[int, str]:
        """`stays`, with those that a record refers to which stays itself."""
        own = {table for one in mapper.base_mapper.self_and_descendants for table in one.tables}
        links = [link for link in _links(record_name(mapper.class_)) if link.table is not None]
        connection = self.session.connection()
        among = _Members(ids)
        for link in links:
            number = next(iter(link.table.primary_key))  # type: ignore[var-annotated]  # as above
            rows = select(link.column, number).where(_among(link.column, ids), *link.only)
            for needed, by in connection.execute(rows.execution_options(yield_per=CHUNK)):
                if needed not in stays and not (link.table in own and by in among):
                    stays[needed] = self._said_needed(link.record, by) if len(stays) < MOST_TOLD else ""
        new = list(stays)
        while new:
            found: list[int] = []
            for link in links:
                if link.table not in own:
                    continue
                number = next(iter(link.table.primary_key))
                for some in _chunks(new):
                    rows = select(link.column, number).where(number.in_(some), link.column.is_not(None))
                    for needed, by in connection.execute(rows):
                        if needed in among and needed not in stays:
                            stays[needed] = self._said_needed(link.record, by)
                            found.append(needed)
            new = found
        return stays

    def _existing(self, mapper: Mapper[Any], ids: Iterable[int]) -> set[int]:
        number = next(iter(mapper.local_table.primary_key))  # type: ignore[attr-defined]  # a record has a table
        found: set[int] = set()
        for some in _chunks(sorted(set(ids))):
            found.update(self.session.connection().scalars(select(number).where(number.in_(some))))
        return found

    # What stays, and why.

    def _spare(self, record: str, record_id: int, key: str | None, why: str) -> None:
        if (record, record_id, key) in self._spared:
            return
        self._spared.add((record, record_id, key))
        self.done.n_spared += 1
        if len(self.done.spared) < MOST_TOLD:
            self.done.spared.append(Spared(record, record_id, key, why))

    def _spare_gone(self, entry: JournalEntry) -> None:
        rows = (
            select(JournalEntry.actor, JournalEntry.at)
            .where(JournalEntry.record == entry.record, JournalEntry.record_id == entry.record_id)
            .where(JournalEntry.kind == "delete", JournalEntry.number > entry.number)
        )
        found = self.session.execute(rows.order_by(JournalEntry.number.desc()).limit(1)).first()
        says = _("It is not there any more.")
        if found is not None:
            says = _("{who} deleted it on {day}.").format(who=_who(found[0]), day=format_date(found[1].date()))
        self._spare(entry.record, entry.record_id, None, says)

    def _spare_changed(self, record: str, record_id: int, key: str, here: Any, number: int) -> None:
        rows = select(JournalEntry).where(
            JournalEntry.record == record, JournalEntry.record_id == record_id, JournalEntry.number > number
        )
        who, at = "", now(self.session)
        for entry in self.session.scalars(rows.order_by(JournalEntry.number.desc())):
            if key in entry.after or key in entry.before:
                who, at = entry.actor, entry.at
                break
        self._spare(record, record_id, key, _said_changed(who, at, key, as_json(here)))

    def _said_needed(self, record: str, by: int) -> str:
        rows = (
            select(JournalEntry.actor, JournalEntry.at)
            .where(JournalEntry.record == record, JournalEntry.record_id == by, JournalEntry.kind.in_(CHANGES))
            .order_by(JournalEntry.number.desc())
            .limit(1)
        )
        what = _(record.replace("_", " "))
        found = self.session.execute(rows).first()
        if found is None:
            return _("The {what} {key} refers to it.").format(what=what, key=by)
        return _("The {what} {key} refers to it, as {who} left it on {day}.").format(
            what=what, key=by, who=_who(found[0]), day=format_date(found[1].date())
        )


def _said_changed(who: str, at: datetime, key: str, here: Any) -> str:
    name = key.removeprefix(_CUSTOM).replace("_", " ")
    return _("{who} changed {field} on {day}: it says “{value}” now.").format(
        who=_who(who), field=name, day=format_date(at.date()), value="–" if here in (None, "") else here
    )


def _who(actor: str) -> str:
    return actor or _("Somebody")


# --- what is known of records -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Link:
    """A column that refers to a record: in which table, of which record, and under which attribute."""

    record: str
    key: str
    table: Any
    column: Any
    is_part: bool = False
    only: tuple[ColumnElement[bool], ...] = ()


@cache
def _mappers() -> dict[str, Mapper[Any]]:
    Base.registry.configure()
    kinds = [mapper.base_mapper for mapper in Base.registry.mappers]
    return {record_name(mapper.class_): mapper for mapper in kinds if issubclass(mapper.class_, Journalled)}


def _mapper(name: str) -> Mapper[Any] | None:
    return _mappers().get(name)


@cache
def _links(name: str) -> tuple[_Link, ...]:
    """Everything that refers to records of this name: foreign keys, and pairs of `record` and `record_id`."""
    target = _mapper(name)
    if target is None:
        return ()
    family = list(target.self_and_descendants)
    own = {table for one in family for table in one.tables}
    parts = {
        (relation.mapper.base_mapper, remote.name)
        for one in family
        for relation in one.relationships
        if relation.cascade.delete
        for _local, remote in relation.local_remote_pairs or ()
    }
    found = []
    for mapper in Base.registry.mappers:
        tables = list(mapper.tables) if mapper.inherits is None else [mapper.local_table]
        base = record_name(mapper.class_)
        for table in tables:
            assert isinstance(table, Table)
            for key in table.foreign_keys:
                joins_family = table in own and key.parent.primary_key
                if key.column.table in own and not joins_family:
                    attribute = mapper.get_property_by_column(key.parent).key
                    is_part = (mapper.base_mapper, key.parent.name) in parts
                    found.append(_Link(base, attribute, table, key.parent, is_part))
        columns = mapper.local_table.c
        pair = mapper.inherits is None and "record" in columns and "record_id" in columns
        if pair and issubclass(mapper.class_, Journalled):
            only = (columns["record"] == name,)
            found.append(_Link(base, "record_id", mapper.local_table, columns["record_id"], only=only))
    return tuple(found)


@cache
def _foreign_keys(kind: Mapper[Any]) -> tuple[tuple[str, Column[Any], Mapper[Any]], ...]:
    """What records of a kind refer to: attribute, column, and the kind it names."""
    by_table = {mapper.local_table: mapper for mapper in Base.registry.mappers}
    found = []
    for table in kind.tables:
        assert isinstance(table, Table)
        for key in table.foreign_keys:
            if key.column.table in kind.tables and key.parent.primary_key:
                continue
            found.append((kind.get_property_by_column(key.parent).key, key.parent, by_table[key.column.table]))
    return tuple(found)


def _concrete(mapper: Mapper[Any]) -> list[Mapper[Any]]:
    """The kinds that a record of this name may be: itself, or its subclasses."""
    if mapper.polymorphic_on is None:
        return [mapper]
    return [one for one in mapper.self_and_descendants if one.polymorphic_identity is not None]


def _kind_of(mapper: Mapper[Any], values: Mapping[str, Any]) -> Mapper[Any]:
    base = mapper.base_mapper
    if base.polymorphic_on is None:
        return base
    says = values.get(base.get_property_by_column(base.polymorphic_on).key)
    return next((one for one in _concrete(base) if as_json(one.polymorphic_identity) == says), base)


def _number_key(mapper: Mapper[Any]) -> str:
    return str(mapper.get_property_by_column(mapper.primary_key[0]).key)


def _label(mapper: Mapper[Any]) -> str:
    return _(record_name(mapper.class_).replace("_", " "))


def _name(record: str | type[Base]) -> str:
    return record if isinstance(record, str) else record_name(record)


def _values(mapper: Mapper[Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a record from what the journal says of it."""
    kind = _kind_of(mapper, said)
    found: dict[str, Any] = {}
    for name, value in said.items():
        if name.startswith(_CUSTOM):
            found["custom"] = _with(found.get("custom"), name, value)
        elif name in kind.column_attrs:
            found[name] = _read(kind, name, value)
    return found


def _with(custom: Mapping[str, Any] | None, name: str, value: Any) -> dict[str, Any]:
    """Custom values with one of them set, or taken out."""
    kept = dict(custom or {})
    key = name.removeprefix(_CUSTOM)
    if value is None:
        kept.pop(key, None)
    else:
        kept[key] = value
    return kept


def _read(mapper: Mapper[Any], name: str, value: Any) -> Any:
    """A value of the journal as its attribute holds it."""
    if value is None or name.startswith(_CUSTOM) or name not in mapper.column_attrs:
        return value
    return _from_json(mapper.column_attrs[name].columns[0].type, value)


def _from_json(kind: TypeEngine[Any], value: Any) -> Any:
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    if isinstance(plain, Enum) and plain.enum_class is not None:
        return plain.enum_class(value)
    if isinstance(plain, DateTime):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(plain, Date):
        return date.fromisoformat(value)
    if isinstance(plain, (Integer, BigInteger, Numeric)) and isinstance(value, str):
        return Decimal(value)
    return bool(value) if isinstance(plain, Boolean) else value


def _differ(mapper: Mapper[Any], name: str, one: Any, other: Any) -> bool:
    return bool(_read(mapper, name, one) != _read(mapper, name, other))


# --- many numbers -------------------------------------------------------------------------------------


class _Like:
    """Has these values as attributes, and is otherwise nothing."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values


class _Members:
    """Whether a number is among many, without a copy of a range."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = ids if isinstance(ids, range) else frozenset(ids)

    def __contains__(self, number: object) -> bool:
        return number in self._ids


class _Numbers:
    """Numbers to leave out: in the statement where they are few, in a temporary table where they are many."""

    FEW = 500

    def __init__(self, session: Session, numbers: Collection[int]) -> None:
        self._numbers = list(numbers)
        self._table: Table | None = None
        if len(self._numbers) > self.FEW:
            self._table = Table(
                "spared_by_undo", MetaData(), Column("number", BigInteger, primary_key=True), prefixes=["TEMPORARY"]
            )
            connection = session.connection()
            self._table.create(connection, checkfirst=True)
            connection.execute(delete(self._table))
            connection.execute(insert(self._table), [{"number": number} for number in self._numbers])

    def without(self, column: Any) -> Any:
        if self._table is not None:
            return ~exists().where(self._table.c.number == column)
        return column.not_in(self._numbers)


def _among(column: Any, ids: Sequence[int]) -> Any:
    return column.between(ids[0], ids[-1]) if isinstance(ids, range) else column.in_(ids)


def _chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]


def _distinct(entries: Iterable[JournalEntry]) -> Iterator[list[JournalEntry]]:
    """Runs in which no record comes twice."""
    run: list[JournalEntry] = []
    seen: set[int] = set()
    for entry in entries:
        if entry.record_id in seen:
            yield run
            run, seen = [], set()
        run.append(entry)
        seen.add(entry.record_id)
    if run:
        yield run
