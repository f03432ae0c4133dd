"""What may be asked about views and custom fields."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crmlib.base import Base, CrmError, Page, find
from crmlib.filters.catalogue import custom_fields, fields_for
from crmlib.filters.lists import check_order, list_page
from crmlib.filters.parsing import parse
from crmlib.filters.records import SavedView
from crmlib.filters.stored import load

__all__ = ["ViewEntry", "custom_fields", "custom_values", "open_view", "saved_views", "view_problem"]


@dataclass(frozen=True)
class ViewEntry:
    """A saved view as a menu shows it; `problem` says why it cannot be opened as it is, and is empty otherwise."""

    id: int
    record: str
    name: str
    filter: str
    columns: tuple[str, ...]
    sort: str
    descending: bool
    owner: str
    is_shared: bool
    is_mine: bool
    problem: str


def saved_views(session: Session, record: str = "") -> list[ViewEntry]:
    """The views that the actor may open: their own in their order, then those that others share, by name."""
    me = str(session.info.get("actor") or "")
    rows = select(SavedView).where(or_(SavedView.owner == me, SavedView.is_shared))
    if record:
        rows = rows.where(SavedView.record == record)
    found = sorted(
        session.scalars(rows),
        key=lambda one: (one.owner != me, one.position if one.owner == me else 0, one.name, one.id),
    )
    return [
        ViewEntry(
            one.id,
            one.record,
            one.name,
            one.filter,
            tuple(one.columns),
            one.sort,
            one.descending,
            one.owner,
            one.is_shared,
            one.owner == me,
            view_problem(session, one),
        )
        for one in found
    ]


def view_problem(session: Session, view: SavedView | int) -> str:
    """Why a view cannot be opened as it was saved (a field was archived since), as a sentence; empty if it can."""
    view = find(session, SavedView, view)
    try:
        fields = fields_for(session, view.record)
        parse(view.filter, fields)
        if view.sort:
            check_order(fields, view.sort)
    except CrmError as error:
        return str(error)
    return ""


def open_view(session: Session, view: SavedView | int, *, page: int = 1, per_page: int = 20, **more: Any) -> Page:
    """A page of the list that a view keeps. Columns that are gone are left out; a filter that is broken is an error."""
    view = find(session, SavedView, view)
    known = fields_for(session, view.record).by_key
    return list_page(
        session,
        view.record,
        filter=more.pop("filter", view.filter),
        sort=more.pop("sort", view.sort if view.sort in known else ""),
        descending=more.pop("descending", view.descending),
        columns=more.pop("columns", [key for key in view.columns if key in known]),
        page=page,
        per_page=per_page,
        **more,
    )


def custom_values(session: Session, record: Base) -> dict[str, Any]:
    """The custom fields of a record and its values of them, None where it has none; in the fields' order."""
    stored: dict[str, Any] = getattr(record, "custom", None) or {}
    known = fields_for(session, type(record)).by_key
    return {key: load(one.about, stored.get(key)) for key, one in known.items() if one.about.is_custom}
