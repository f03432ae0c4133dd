"""One page of a long list: the rows to show and how many there are in all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

# No page shows more than this, whatever it is asked for.
MOST_ROWS = 500


@dataclass(frozen=True)
class Page:
    """`rows` as plain dicts in order, and `total`, the count of all rows that match."""

    rows: list[dict[str, Any]]
    total: int


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


def like_pattern(text: str) -> str:
    r"""`text` anywhere in a value, for LIKE with the escape character `\`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def choose(options: Mapping[str, Any], wanted: str, default: str) -> Any:
    """The option called `wanted`, or the default one: what arrives in an address is never trusted as a column."""
    return options.get(wanted, options[default])
