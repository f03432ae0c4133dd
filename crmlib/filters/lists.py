"""Any list, page by page: filtered, sorted and shown by the keys of the catalogue, at a million rows as at ten."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from crmlib.base import (
    MOST_ROWS,
    InvalidInput,
    Money,
    Page,
    Stretch,
    count_up_to,
    different_values,
    directed,
    folded_sql,
    page_of_stretches,
    stretches_by,
    stretches_of_values,
    total_of,
)
from crmlib.filters.asking import filter_clause, filter_for_list
from crmlib.filters.catalogue import Fields, fields_for
from crmlib.filters.meaning import FAMILIES
from crmlib.filters.offered import Offered, record_class, record_key
from crmlib.filters.plain import Link
from crmlib.filters.sql import bare, is_indexed
from crmlib.filters.tree import Tree
from crmlib.i18n import gettext as _

__all__ = ["count_rows", "default_columns", "list_page", "read_rows", "stretches_by_link"]

# What a list shows where nobody has said.
_FEW = 8

# A column of no more different values is sorted by one value after the other.
_FEW_VALUES = 200


def list_page(
    session: Session,
    record: str,
    *,
    filter: str | Tree = "",  # noqa: A002  # the word of the trade
    sort: str = "",
    descending: bool = False,
    columns: Sequence[str] = (),
    page: int = 1,
    per_page: int = 20,
    where: Sequence[ColumnElement[bool]] = (),
    count: bool = True,
) -> Page:
    """A page of the records of a kind that fit a filter, as rows of `id` and the keys in `columns`.

    Values are as records have them: choices as their word, `Money`, days, aware moments, for a link `Link(id, name)`,
    for a field with many values a list. Sorted by the field `sort`, those without a value last; without one, by
    number. Links are sorted by the name of what they lead to, amounts in several currencies by their figures.
    `where` adds conditions of the caller's own. Without `count` only what is on the pages so far is counted, and
    `count_rows` tells the rest when somebody asks. Raises FilterError, and InvalidInput for a field that there is not
    or that cannot be sorted by.
    """
    fields = fields_for(session, record)
    per_page = max(1, min(per_page, MOST_ROWS))
    kind: Any = fields.record
    ids, most, beside = select(kind.id).where(*where), None, None
    if filter != "":
        clause, most, beside = filter_for_list(session, fields, filter, sort)
        ids = ids.where(clause)
    if beside is None or sort or most is not None:
        stretches = stretches_of(session, fields, ids, sort, descending)
    else:
        # By number: the numbers are those of the other table too, and there all that can fit are in a row.
        number = beside.key if fields.dialect == "postgresql" else bare(beside.key)
        stretches = [Stretch(ids.where(record_key(kind) == number), directed(descending, beside.key))]
    found = page_of_stretches(session, stretches, page=page, per_page=per_page)
    total, is_more = total_of(
        session,
        ids,
        len(found),
        page=page,
        per_page=per_page,
        count=count,
        key=record_key(kind) if most is None else None,
    )
    return Page(read_rows(session, record, found, columns or default_columns(fields)), total, is_more)


def count_rows(
    session: Session,
    record: str,
    *,
    filter: str | Tree = "",  # noqa: A002
    most: int = 2**62,
    where: Sequence[ColumnElement[bool]] = (),
) -> int:
    """How many records fit a filter, all of them counted: for when somebody asks, not for every page."""
    return count_up_to(session, _ids(session, fields_for(session, record), filter, where), most)[0]


def default_columns(fields: Fields) -> list[str]:
    """The columns of a list for which nobody has chosen any."""
    usual = [key for key, one in fields.by_key.items() if "list" in one.about.shown and one.about.kind != "long"]
    return usual[:_FEW]


def check_order(fields: Fields, sort: str) -> Offered:
    """The field to sort by. Raises InvalidInput where there is none, or where it has several values."""
    one = _known(fields, sort)
    if one.about.many:
        raise InvalidInput(_("Order"), sort, _("has several values and cannot be sorted by"))
    return one


def stretches_of(session: Session, fields: Fields, ids: Any, sort: str, descending: bool) -> list[Stretch]:
    """A list in the order of a field, as stretches that an index can be walked for. Raises InvalidInput."""
    key = record_key(fields.record)
    if not sort:
        return [Stretch(ids, directed(descending, key))]
    one = check_order(fields, sort)
    family = FAMILIES[one.about.kind]
    if len(one.parts) == 1 and one.parts[0].at is None and family not in ("text", "link"):
        return _by_kept(one, ids, key, descending)
    if one.folded is not None:
        then = () if one.then is None else (one.then,)
        return stretches_by(ids, by=one.folded, then=then, key=key, descending=descending, may_lack=one.may_lack)
    value = one.scalar(fields.record)
    if family == "link":
        return stretches_by_link(
            session, ids, by=value, to=record_class(one.about.record or "party"), key=key, descending=descending
        )
    if family == "text":
        value = folded_sql(value)
    elif family == "exact" and is_indexed(value):
        words = different_values(session, value, _FEW_VALUES)
        if words is not None:
            return stretches_of_values(ids, words, by=value, key=key, descending=descending)
    return stretches_by(ids, by=value, key=key, descending=descending, may_lack=one.may_lack)


def stretches_by_link(
    session: Session, ids: Any, *, by: Any, to: type[Any], key: Any, descending: bool = False
) -> list[Stretch]:
    """A list ordered by the name of the record that `by`, a number, leads to; those that lead nowhere come last."""
    other: Any = aliased(to)
    name = getattr(other, "folded", None)
    order = directed(descending, folded_sql(other.name) if name is None else name, other.id, key)
    few = different_values(session, by, _FEW_VALUES) if is_indexed(by) else None
    nowhere = Stretch(ids.where(by.is_(None)), order[2:])
    if few is None:
        # Of what this actor may not see there is no name.
        unseen = ids.where(by.is_not(None), ~exists(select(other.id).where(other.id == by).correlate(key.table)))
        return [Stretch(ids.where(by == other.id), order), Stretch(unseen, order[2:]), nowhere]
    # So few owners that each is a stretch of the list, in which the records of one are in their order already.
    known = list(session.scalars(select(other.id).where(other.id.in_(few)).order_by(*order[:2])))
    unseen = ids.where(by.in_(set(few) - set(known)))
    return [*(Stretch(ids.where(by == one), order[2:]) for one in known), Stretch(unseen, order[2:]), nowhere]


def _by_kept(one: Offered, ids: Any, key: Any, descending: bool) -> list[Stretch]:
    """By a number or a day that another table keeps: that table's index is walked, and its rows are looked up here."""
    part = one.parts[0]
    rows = ids.where(part.key == key, *part.where)
    order = directed(descending, part.value, part.key)
    mine = select(part.key).where(part.key == key, *part.where)
    if one.otherwise is None:
        has_none = ~exists(mine.where(part.value.is_not(None)).correlate(key.table))
        return [
            Stretch(rows.where(part.value.is_not(None)), order),
            Stretch(ids.where(has_none), directed(descending, key)),
        ]
    other = ~exists(mine.where(part.value != one.otherwise).correlate(key.table))
    found = [
        Stretch(rows.where(part.value < one.otherwise), order),
        Stretch(ids.where(other), directed(descending, key)),
        Stretch(rows.where(part.value > one.otherwise), order),
    ]
    return found[::-1] if descending else found


def read_rows(session: Session, record: str, ids: Sequence[int], columns: Iterable[str]) -> list[dict[str, Any]]:
    """The records of these numbers in their order, as rows of `id` and the keys in `columns`.

    Only what these rows show is computed: what others have on other pages costs nothing.
    """
    fields = fields_for(session, record)
    keys = list(dict.fromkeys(columns))
    known = {key: _known(fields, key) for key in keys}
    kind: Any = record_class(record)
    asked: list[Any] = [kind.id.label("id")]
    for number, one in enumerate(known.values()):
        if not one.about.many:
            asked.append(one.scalar(fields.record).label(f"c{number}"))
            if one.about.kind == "money":
                asked.append(one.scalar(fields.record, currency=True).label(f"m{number}"))
    read = {row["id"]: row for row in session.execute(select(*asked).where(kind.id.in_(ids))).mappings()}
    rows: list[dict[str, Any]] = [
        {"id": number, **{key: None for key in keys if key != "id"}} for number in ids if number in read
    ]
    for number, (key, one) in enumerate(known.items()):
        if one.about.many:
            several = _several(session, one, ids)
            for row in rows:
                row[key] = several.get(row["id"], [])
            continue
        for row in rows:
            value = read[row["id"]][f"c{number}"]
            if one.about.kind == "money":
                row[key] = None if value is None else Money(int(value), read[row["id"]][f"m{number}"])
            else:
                row[key] = getattr(value, "value", value)
        if FAMILIES[one.about.kind] == "link":
            _name(session, one, key, rows)
    return rows


def _several(session: Session, one: Offered, ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for part in one.parts:
        asked = [part.key.label("id"), part.value.label("value")]
        asked += [part.currency.label("currency")] if part.currency is not None else []
        rows = select(*asked).where(part.key.in_(ids), *part.where)
        if part.grouped:
            rows = rows.group_by(part.key, *(() if part.currency is None else (part.currency,)))
        for row in session.execute(rows).mappings():
            value = row["value"]
            if value is not None:
                money = part.currency is not None
                found.setdefault(row["id"], []).append(
                    Money(int(value), row["currency"]) if money else getattr(value, "value", value)
                )
    return found


def _name(session: Session, one: Offered, key: str, rows: list[dict[str, Any]]) -> None:
    other: Any = record_class(one.about.record or "party")
    wanted = {row[key] for row in rows if row[key] is not None}
    names: dict[int, str] = (
        dict(session.execute(select(other.id, other.name).where(other.id.in_(wanted))).all()) if wanted else {}
    )
    for row in rows:
        row[key] = None if row[key] is None else Link(row[key], names.get(row[key], ""))


def _ids(session: Session, fields: Fields, filter: str | Tree, where: Sequence[ColumnElement[bool]]) -> Any:  # noqa: A002
    kind: Any = fields.record
    ids = select(kind.id).where(*where)
    return ids.where(filter_clause(session, fields.name, filter, fields)) if filter != "" else ids


def _known(fields: Fields, key: str) -> Offered:
    found = fields.by_key.get(key)
    if found is None:
        raise InvalidInput(_("Field"), str(key)[:60], _("no such field here"))
    return found
