"""One page of a long list: the rows to show and how many there are in all.

At a million rows a page costs what its rows cost: which records stand on it is found first (`page_of_ids`), in the
order of an index, and only those are read with all their columns. Counting stops at `MOST_COUNTED`; whoever wants to
know exactly asks `count_up_to` with a larger `most`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

# No page shows more than this, whatever it is asked for.
MOST_ROWS = 500

# A list is counted up to here: nobody turns two hundred and fifty pages, and counting more takes longer than the page.
MOST_COUNTED = 5_000

# So many records are looked at one by one to count those that fit: as many as a page may take the time for.
MOST_LOOKED_AT = 20_000


@dataclass(frozen=True)
class Page:
    """`rows` as plain dicts in order, and `total`, the count of all rows that match.

    Where `total_is_more`, there are more than `total` of them, and nobody has counted how many.
    """

    rows: list[dict[str, Any]]
    total: int
    total_is_more: bool = False


def read_page(
    session: Session,
    rows: Select[*tuple[Any, ...]],
    *,
    order: Sequence[ColumnElement[Any]],
    page: int = 1,
    per_page: int = 20,
) -> Page:
    """The `page`-th `per_page` rows of `rows`, counted from 1; a page past the end is empty. For lists of thousands."""
    per_page = max(1, min(per_page, MOST_ROWS))
    window = rows.order_by(*order).limit(per_page).offset((max(page, 1) - 1) * per_page)
    found = [dict(row) for row in session.execute(window).mappings()]
    return Page(found, *total_of(session, rows, len(found), page=page, per_page=per_page))


def count_up_to(
    session: Session,
    ids: Select[*tuple[Any, ...]],
    most: int = MOST_COUNTED,
    *,
    order: ColumnElement[Any] | None = None,
) -> tuple[int, bool]:
    """How many rows `ids` has, and whether there are more than `most`, where the counting stops."""
    rows = ids.order_by(None) if order is None else ids.order_by(None).order_by(order)
    counted = session.scalar(select(func.count()).select_from(rows.limit(most + 1).subquery())) or 0
    return min(counted, most), counted > most


def total_of(
    session: Session,
    ids: Select[*tuple[Any, ...]],
    n_found: int,
    *,
    page: int,
    per_page: int,
    count: bool = True,
    most: int = MOST_COUNTED,
    key: ColumnElement[int] | None = None,
) -> tuple[int, bool]:
    """How many rows there are in all, and whether there are more, where `n_found` of them stand on this page.

    The last page tells it by itself; otherwise rows are counted up to `most`, or not at all without `count`. With
    `key`, the number of the records, only the newest `MOST_LOOKED_AT` of them are looked at: of a table that has
    more, there are then at least as many as that.
    """
    seen = (max(page, 1) - 1) * per_page + n_found
    if n_found < per_page and (n_found or page <= 1):
        return seen, False
    if not count or (seen > most and n_found):
        return seen, n_found == per_page
    whole, order = True, None
    if key is not None:
        first, last = session.execute(select(select(func.min(key)).scalar_subquery(), func.max(key))).one()
        if last is not None and last - first >= MOST_LOOKED_AT:
            whole, ids = False, ids.where(key > last - MOST_LOOKED_AT)
            # In their order, so that SQLite walks nothing else than the numbers for them.
            order = key if session.get_bind().dialect.name == "sqlite" else None
    total, is_more = count_up_to(session, ids, most, order=order)
    return (total, False) if whole and not is_more else (max(total, seen), True)


@dataclass(frozen=True)
class Stretch:
    """A part of a list, whose rows come after those of the stretches before it: numbers of records, and their order.

    Each is walked by an index of its own, so that together they make an order that no index has.
    """

    ids: Select[*tuple[Any, ...]]
    order: tuple[ColumnElement[Any], ...]


def page_of_stretches(
    session: Session, stretches: Iterable[Stretch], *, page: int = 1, per_page: int = 20
) -> list[int]:
    """The numbers of the records on a page of a list. What lies behind the page is not looked at."""
    per_page = max(1, min(per_page, MOST_ROWS))
    skipped = min((max(page, 1) - 1) * per_page, 2**62)
    found: list[int] = []
    for one in stretches:
        rows = one.ids.order_by(*one.order).limit(per_page - len(found)).offset(skipped)
        here = list(session.scalars(rows))
        if here:
            skipped = 0
        elif skipped:
            skipped -= count_up_to(session, one.ids, skipped)[0]
        found += here
        if len(found) == per_page:
            break
    return found


def stretches_by(
    ids: Select[*tuple[Any, ...]],
    *,
    by: ColumnElement[Any],
    key: ColumnElement[int],
    then: Sequence[ColumnElement[Any]] = (),
    descending: bool = False,
    may_lack: bool = True,
) -> list[Stretch]:
    """A list, a select of one column, ordered by `by`; `then` and at last `key` settle ties in the same direction.

    Records without a value of `by` come last, in both directions (`may_lack` says that there can be some). They are a
    stretch of their own: so the order is that of a plain index, which either database walks forwards and backwards.
    """
    order = directed(descending, by, *then, key)
    if not may_lack:
        return [Stretch(ids, order)]
    return [Stretch(ids.where(by.is_not(None)), order), Stretch(ids.where(by.is_(None)), order[1:])]


def stretches_of_values(
    ids: Select[*tuple[Any, ...]],
    values: Sequence[Any],
    *,
    by: ColumnElement[Any],
    key: ColumnElement[int],
    descending: bool = False,
) -> list[Stretch]:
    """The same where `by` has few different values, given in their order: each is a stretch, ordered by `key`."""
    order = directed(descending, key)
    found = [Stretch(ids.where(by == value), order) for value in (reversed(values) if descending else values)]
    return [*found, Stretch(ids.where(by.is_(None)), order)]


def directed(descending: bool, *by: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    """All of these up, or all of them down: only so is one index walked for them."""
    return tuple(one.desc() if descending else one.asc() for one in by)


def page_of_ids(
    session: Session,
    ids: Select[*tuple[Any, ...]],
    *,
    by: ColumnElement[Any],
    key: ColumnElement[int],
    descending: bool = False,
    may_lack: bool = True,
    page: int = 1,
    per_page: int = 20,
) -> list[int]:
    """The numbers of the records on a page of `ids`, ordered as `stretches_by` has it."""
    stretches = stretches_by(ids, by=by, key=key, descending=descending, may_lack=may_lack)
    return page_of_stretches(session, stretches, page=page, per_page=per_page)


def different_values(session: Session, column: Any, most: int) -> list[Any] | None:
    """The different values of a column that an index begins with, in their order; None where they are more than `most`.

    Found by leaping from one to the next: it costs as many looks into the index as there are values.
    """
    source = next(iter(column.expression.base_columns)).table.alias()
    own = source.c[next(iter(column.expression.base_columns)).name]
    leaps = select(func.min(own).label("value")).cte(recursive=True)
    following = select(func.min(own)).where(own > leaps.c.value).correlate(leaps).scalar_subquery()
    leaps = leaps.union_all(select(following).where(leaps.c.value.is_not(None)))
    found = session.scalars(select(leaps.c.value).where(leaps.c.value.is_not(None)).limit(most + 1)).all()
    return list(found) if len(found) <= most else None


def like_pattern(text: str) -> str:
    r"""`text` anywhere in a value, for LIKE with the escape character `\`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def choose(options: Mapping[str, Any], wanted: str, default: str) -> Any:
    """The option called `wanted`, or the default one: what arrives in an address is never trusted as a column."""
    return options.get(wanted, options[default])
