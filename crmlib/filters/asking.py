"""From a filter's text to what a query needs, in one call."""

from sqlalchemy.orm import Session

from crmlib.filters.catalogue import Fields, fields_for
from crmlib.filters.meaning import Context, context_of
from crmlib.filters.parsing import parse
from crmlib.filters.sql import Clause, as_clause
from crmlib.filters.tree import Me, Tree, conditions

__all__ = ["context_for", "filter_clause"]


def filter_clause(session: Session, record: str, filter: str | Tree, fields: Fields | None = None) -> Clause:  # noqa: A002
    """A filter on a kind of record as a condition for `select(…).where(…)`. Raises FilterError."""
    fields = fields or fields_for(session, record)
    tree = parse(filter, fields) if isinstance(filter, str) else filter
    return as_clause(tree, fields, context_for(session, tree))


def context_for(session: Session, tree: Tree) -> Context:
    """The context of a session; who `me` is, is only looked for where the filter asks."""
    asked = any(isinstance(value, Me) for one in conditions(tree) for value in one.values)
    return context_of(session, me=asked)
