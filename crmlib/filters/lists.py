"""Any list, page by page: filtered, sorted and shown by the keys of the catalogue, at a million rows as at ten."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Money, Page, count_up_to, folded_sql, page_of_ids
from crmlib.filters.asking import filter_clause
from crmlib.filters.catalogue import Fields, fields_for
from crmlib.filters.meaning import FAMILIES
from crmlib.filters.offered import Offered, record_class, record_key
from crmlib.filters.plain import Link
from crmlib.filters.tree import Tree
from crmlib.i18n import gettext as _

__all__ = ["count_rows", "default_columns", "list_page", "read_rows"]

# What a list shows where nobody has said.
_FEW = 8


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
) -> Page:
    """A page of the records of a kind that fit a filter, as rows of `id` and the keys in `columns`.

    Values are as records have them: choices as their word, `Money`, days, aware moments, for a link `Link(id, name)`,
    for a field with many values a list. Sorted by the field `sort`, those without a value last; without one, by
    number. Amounts in several currencies are sorted by their figures. `where` adds conditions of the caller's own.
    Raises FilterError, and InvalidInput for a field that there is not or that cannot be sorted by.
    """
    fields = fields_for(session, record)
    ids = _ids(session, fields, filter, where)
    by, may_lack = order_of(fields, sort) if sort else (record_key(fields.record), False)
    found = page_of_ids(
        session,
        ids,
        by=by,
        key=record_key(fields.record),
        descending=descending,
        may_lack=may_lack,
        page=page,
        per_page=per_page,
    )
    total, is_more = count_up_to(session, ids)
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


def order_of(fields: Fields, sort: str) -> tuple[Any, bool]:
    """What a list is ordered by for a field, and whether some records may have no value of it."""
    one = _known(fields, sort)
    if one.about.many:
        raise InvalidInput(_("Order"), sort, _("has several values and cannot be sorted by"))
    if one.folded is not None:
        return one.folded, one.may_lack
    value = one.scalar(fields.record)
    if FAMILIES[one.about.kind] == "text":
        value = folded_sql(value)
    return value, one.may_lack


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
    rows = [{"id": number, **dict.fromkeys(keys)} for number in ids if number in read]
    for number, (key, one) in enumerate(known.items()):
        if one.about.many:
            several = _several(session, fields, one, ids)
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


def _several(session: Session, fields: Fields, one: Offered, ids: Sequence[int]) -> dict[int, list[Any]]:
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
    names = dict(session.execute(select(other.id, other.name).where(other.id.in_(wanted))).all()) if wanted else {}
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
