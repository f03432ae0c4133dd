"""What an actor may see and do."""

from typing import Any

from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from crmlib.access.actor import Actor, actor_of


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
                with_loader_criteria(record, rule(record), include_aliases=True, propagate_to_loaders=False)
                for record, rule in rules.items()
            )
        )


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
