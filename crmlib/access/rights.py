"""What an actor may see and do."""

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, Session

from crmlib.access.actor import Actor, actor_of


class _Narrowed(LoaderCriteriaOption):
    """The condition of a rule, wherever the record stands in a statement, under whatever alias.

    SQLAlchemy puts a condition that is given as an expression into the joins to an alias as it is, about the record
    itself; given as a function, it keeps the values of one actor for the next. So it is translated here.
    """

    # Statements are cached by what the option says, with the values of each actor put in anew.
    _traverse_internals = LoaderCriteriaOption._traverse_internals  # noqa: SLF001  # an extension of its class

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:
        condition = super()._resolve_where_criteria(ext_info)
        adapter = ext_info._adapter if ext_info.is_aliased_class else None  # noqa: SLF001  # as it does itself for WHERE
        return condition if adapter is None else cast("ColumnElement[bool]", adapter.traverse(condition))


def narrow(state: ORMExecuteState) -> None:
    """Narrow what the session is about to read, change or delete to what its actor may see.

    Listens to every statement of a session: lists, counts, single records, related records and frames alike. Where
    the actor has no rules it does nothing.
    """
    rules = actor_of(state.session).rules
    # A record that is known already may be read again; its own columns are loaded without asking anew.
    if not rules or not state.is_orm_statement or state.is_column_load:
        return
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(
            *(
                _Narrowed(record, rule(record), include_aliases=True, propagate_to_loaders=False)
                for record, rule in rules.items()
            )
        )


def visible(session: Session, record: type[Any], ids: Iterable[int]) -> list[int]:
    """Those of these numbers whose records the session's actor may see, in the order they came.

    For what is found by number and not through the record itself, such as rows of the journal.
    """
    ids = list(ids)
    if record not in actor_of(session).rules:
        return ids
    found = set(session.scalars(select(record.id).where(record.id.in_(ids))))
    return [number for number in ids if number in found]


def check(action: str, record: Any, actor: Actor) -> None:
    """Whether `actor` may do this with `record`: "insert", "update" or "delete". Raises PermissionDenied if not.

    Everybody may do everything today.
    """


def guard(session: Session, *_: Any) -> None:
    """Before a session writes: check everything that it is about to write."""
    actor = actor_of(session)
    if not actor.rules:
        return
    for action, records in (("insert", session.new), ("update", session.dirty), ("delete", session.deleted)):
        for record in records:
            check(action, record, actor)
