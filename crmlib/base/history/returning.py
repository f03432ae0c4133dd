"""A deleted record comes back under its old number, with what it said and what it was linked to."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Mapper, Session

from crmlib.base.fastest import Plan
from crmlib.base.history.kinds import concrete, kind_of, links_from, mapper_of, number_key
from crmlib.base.history.numbers import chunks
from crmlib.base.history.rights import may_bring_back
from crmlib.base.history.saying import named_in, word_for
from crmlib.base.history.undone import Undoing
from crmlib.base.history.values import reader_of, values_of
from crmlib.base.journal import JournalEntry, as_json, flat, journalled_keys, keep_rows, now, record_name, stamp
from crmlib.i18n import gettext as _

#: A row of the journal, the number of a record in it, and the record's attributes.
Coming = tuple[JournalEntry, int, dict[str, Any]]


def bring_back(work: Undoing, mapper: Mapper[Any], run: list[JournalEntry]) -> None:
    """Take back deletions of different records of one kind, each with a row of its own."""
    here = existing(work.session, mapper, [entry.record_id for entry in run])
    by_kind: dict[Mapper[Any], list[Coming]] = {}
    for entry in sorted(run, key=lambda one: one.record_id):
        if entry.record_id not in here:
            kind = kind_of(mapper, entry.before)
            by_kind.setdefault(kind, []).append((entry, entry.record_id, values_of(kind, entry.before)))
    for kind, coming in by_kind.items():
        able = _able(work, kind, coming)
        _insert(work, kind, able)
        keep_rows(work.session, _insertions(work.session, kind, able))


def bring_many_back(work: Undoing, mapper: Mapper[Any], run: list[JournalEntry]) -> None:
    """Take back one row of the journal that speaks of many deleted records."""
    for entry in run:
        identity = entry.before["kind"]
        kind = next((one for one in concrete(mapper) if as_json(one.polymorphic_identity) == identity), mapper)
        gone = _read_many(kind, entry)
        here = existing(work.session, mapper, gone)
        coming = [(entry, number, gone[number]) for number in sorted(gone) if number not in here]
        able = _able(work, kind, coming)
        _insert(work, kind, able)
        work.came_back(entry.record, [number for _entry, number, _values in able])


def _read_many(kind: Mapper[Any], entry: JournalEntry) -> dict[int, dict[str, Any]]:
    """The attributes of the records in a row `deletes`, read column by column: there may be very many."""
    numbers, *columns = zip(*entry.before["rows"], strict=True)
    known: dict[str, Sequence[Any]] = {}
    for key, column in zip(entry.before["keys"], columns, strict=True):
        if key in kind.column_attrs and any(value is not None for value in column):
            read = reader_of(kind.column_attrs[key].columns[0].type)
            known[key] = column if read is None else [None if value is None else read(value) for value in column]
    return {
        number: dict(zip(known, values, strict=True)) for number, *values in zip(numbers, *known.values(), strict=True)
    }


def existing(session: Session, mapper: Mapper[Any], ids: Iterable[int]) -> set[int]:
    """Those of these numbers that are there, also where the actor may not see them."""
    number = next(iter(mapper.local_table.primary_key))
    found: set[int] = set()
    for some in chunks(sorted(set(ids))):
        found.update(session.connection().scalars(select(number).where(number.in_(some))))
    return found


def _able(work: Undoing, kind: Mapper[Any], coming: list[Coming]) -> list[Coming]:
    """Without those whose whole is gone, or that the actor may not bring back; what may yet come is linked later."""
    number = number_key(kind)
    kept: list[Coming] = []
    for entry, record_id, values in coming:
        if why := may_bring_back(work.session, kind, entry, values):
            work.spare(entry.record, record_id, None, why)
        else:
            kept.append((entry, record_id, values))
    for key, column, target in links_from(kind):
        coming, kept = kept, []
        links = [record_id if key == number else values.get(key) for _entry, record_id, values in coming]
        there = existing(work.session, target, [link for link in links if link is not None])
        for (entry, record_id, values), link in zip(coming, links, strict=True):
            if link is not None and link not in there:
                if not column.nullable:
                    says = _("The {what} it belongs to is not there any more.")
                    _spare(work, entry, record_id, says.format(what=word_for(record_name(target.class_))))
                    continue
                values[key] = None
                work.later.append((entry.record, record_id, key, link))
            kept.append((entry, record_id, values))
    return kept


def _spare(work: Undoing, entry: JournalEntry, record_id: int, why: str) -> None:
    if entry.kind == "deletes":
        work.spare(entry.record, record_id, None, why, named_in(entry).get(record_id, ""))
    else:
        work.spare_entry(entry, why)


def _insert(work: Undoing, kind: Mapper[Any], coming: list[Coming]) -> None:
    if not coming:
        return
    moment, number = now(work.session), number_key(kind)
    rows = []
    for _entry, record_id, values in coming:
        row = {**values, number: record_id}
        if "version" in kind.column_attrs:
            row |= {"version": (values.get("version") or 0) + 1, "updated_at": moment}
            row["created_at"] = values.get("created_at") or moment
        rows.append(row)
    known = {key for row in rows for key in row}
    connection = work.session.connection()
    for table in kind.tables:
        assert isinstance(table, Table)
        columns = [column for column in table.columns if kind.get_property_by_column(column).key in known]
        keys = [kind.get_property_by_column(column).key for column in columns]
        if len(rows) < _MANY:
            names = [column.name for column in columns]
            given = [dict(zip(names, map(row.get, keys), strict=True)) for row in rows]
            connection.execute(insert(table), given)
            continue
        plan = Plan(connection, table, keys, columns)
        taken = ([row.get(key) for row in rows] for key in keys)
        plan.put(
            [one if go is None else map(go, one) for one, go in zip(taken, plan.processes, strict=True)], len(rows)
        )
    work.done.n_undone += len(rows)


# From here on the fastest way of writing pays.
_MANY = 200


def _insertions(session: Session, kind: Mapper[Any], coming: list[Coming]) -> Iterable[dict[str, Any]]:
    mark, keys = stamp(session), journalled_keys(kind)
    for entry, record_id, values in coming:
        yield {
            **mark,
            "happened_at": mark["at"],
            "kind": "insert",
            "record": entry.record,
            "record_id": record_id,
            "party_id": entry.party_id,
            "before": {},
            "after": flat(values, keys),
        }


def link_again(work: Undoing) -> None:
    """Set the links that waited for what they link to; what never came back is told."""
    for (name, key), same in groupby(sorted(work.later), key=lambda one: (one[0], one[2])):
        mapper = mapper_of(name)
        assert mapper is not None
        kind = next(one for one in mapper.self_and_descendants if key in one.column_attrs)
        target = next(to for one, _column, to in links_from(kind) if one == key)
        column = kind.column_attrs[key].columns[0]
        table: Any = column.table
        own = next(iter(table.primary_key))
        for some in chunks(list(same)):
            there = existing(work.session, target, [link for *_rest, link in some])
            here = existing(work.session, mapper, [record_id for _name, record_id, *_rest in some])
            mark = stamp(work.session)
            for _record, record_id, _attribute, link in some:
                if record_id not in here:
                    continue
                if link not in there:
                    says = _("The {what} it named is not there any more.")
                    work.spare(name, record_id, key, says.format(what=word_for(record_name(target.class_))))
                    continue
                # Past the session, and journalled by hand just below.
                change = update(table).where(own == record_id).values({column.name: link})
                work.session.connection().execute(change)
                about = {"kind": "update", "record": name, "record_id": record_id, "party_id": None}
                sides = {"before": {key: None}, "after": {key: link}}
                keep_rows(work.session, [{**mark, "happened_at": mark["at"], **about, **sides}])
    work.later = []
