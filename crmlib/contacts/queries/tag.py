"""What may be asked about tags."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crmlib.base import Base, read_frame, record_name
from crmlib.contacts.records import Tag, Tagging, folded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TAGS", "tagged", "tags", "tags_of"]

TAGS = {
    "tag_id": "int64",
    "tag": "str",
    "colour": "category",
    "description": "str",
    "n_records": "int64",
}


def tags(session: Session, *, record: str | type[Base] | None = None) -> "pd.DataFrame":
    """All tags, by the alphabet, and how many records have each.

    One row per tag; `tag_id` is unique. Columns are `TAGS`. `record` counts only records of that kind ("party").
    """
    counted = select(Tagging.tag_id, func.count().label("n")).group_by(Tagging.tag_id)
    if record is not None:
        counted = counted.where(Tagging.record == _kind(record))
    counts = counted.subquery()
    rows = (
        select(
            Tag.id.label("tag_id"),
            Tag.name.label("tag"),
            Tag.colour,
            Tag.description,
            func.coalesce(counts.c.n, 0).label("n_records"),
        )
        .outerjoin(counts, counts.c.tag_id == Tag.id)
        .order_by(Tag.folded)
    )
    return read_frame(session, rows, TAGS)


def tags_of(session: Session, record: str | type[Base], record_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """The tags on each of some records of a kind: number to dicts of tag_id, tag and colour, by the alphabet."""
    rows = (
        select(Tagging.record_id, Tag.id, Tag.name, Tag.colour)
        .join(Tag, Tag.id == Tagging.tag_id)
        .where(Tagging.record == _kind(record), Tagging.record_id.in_(list(record_ids)))
        .order_by(Tag.folded)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for record_id, tag_id, name, colour in session.execute(rows):
        found.setdefault(record_id, []).append({"tag_id": tag_id, "tag": name, "colour": colour})
    return found


def tagged(record: str | type[Base], *names: str) -> Select[int]:
    """A select of the numbers of records of a kind that have any of these tags, to be used as a subquery."""
    return (
        select(Tagging.record_id)
        .join(Tag, Tag.id == Tagging.tag_id)
        .where(Tagging.record == _kind(record), Tag.folded.in_([folded(name) for name in names]))
    )


def _kind(record: str | type[Base]) -> str:
    return record if isinstance(record, str) else record_name(record)
