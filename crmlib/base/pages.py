"""One page of a long list: the rows to show and how many there are in all.

At a million rows a page costs what its rows cost: which records stand on it is found first (`page_of_ids`), in the
order of an index, and only those are read with all their columns. Counting stops at `MOST_COUNTED`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

# No page shows more than this, whatever it is asked for.
MOST_ROWS = 500

# A list is counted up to here: nobody turns five hundred pages, and counting millions takes longer than the page.
MOST_COUNTED = 10_000


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
    """The `page`-th `per_page` rows of `rows`, counted from 1; a page past the end is empty."""
    per_page = max(1, min(per_page, MOST_ROWS))
    total = session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0
    window = rows.order_by(*order).limit(per_page).offset((max(page, 1) - 1) * per_page)
    return Page([dict(row) for row in session.execute(window).mappings()], total)


def count_up_to(session: Session, ids: Select[*tuple[Any, ...]], most: int = MOST_COUNTED) -> tuple[int, bool]:
    """How many rows `ids` has, and whether there are more than `most`, where the counting stops."""
    counted = session.scalar(select(func.count()).select_from(ids.order_by(None).limit(most + 1).subquery())) or 0
    return min(counted, most), counted > most


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
    """The numbers of the records on a page of `ids`, a select of one column, ordered by `by`.

    Records without a value of `by` come last, in both directions; `key` settles ties in the same direction. Those
    with a value are asked for first and the others only where the page reaches them (`may_lack` says that there can
    be some): so the order is that of a plain index, which either database walks forwards and backwards.
    """
    per_page = max(1, min(per_page, MOST_ROWS))
    skipped = min((max(page, 1) - 1) * per_page, 2**62)
    order = (by.desc(), key.desc()) if descending else (by.asc(), key.asc())
    if not may_lack:
        return list(session.scalars(ids.order_by(*order).limit(per_page).offset(skipped)))
    with_value = ids.where(by.is_not(None))
    found = list(session.scalars(with_value.order_by(*order).limit(per_page).offset(skipped)))
    if len(found) < per_page:
        passed = skipped + len(found)
        if not found and skipped:
            passed = count_up_to(session, with_value, skipped)[0]
        without = ids.where(by.is_(None)).order_by(order[1])
        rest = without.limit(per_page - len(found)).offset(max(0, skipped - passed))
        found += session.scalars(rest)
    return found


def like_pattern(text: str) -> str:
    r"""`text` anywhere in a value, for LIKE with the escape character `\`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def choose(options: Mapping[str, Any], wanted: str, default: str) -> Any:
    """The option called `wanted`, or the default one: what arrives in an address is never trusted as a column."""
    return options.get(wanted, options[default])
