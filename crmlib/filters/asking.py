"""From a filter's text to what a query needs, in one call."""

from sqlalchemy.orm import Session

from crmlib.filters.catalogue import Fields, fields_for
from crmlib.filters.meaning import Context, context_of
from crmlib.filters.offered import Part
from crmlib.filters.parsing import parse
from crmlib.filters.sql import Clause, as_clause, clause_and_most
from crmlib.filters.tree import Me, Tree, conditions

__all__ = ["context_for", "filter_clause", "filter_for_list"]


def filter_clause(session: Session, record: str, filter: str | Tree, fields: Fields | None = None) -> Clause:  # noqa: A002
    """A filter on a kind of record as a condition for `select(…).where(…)`. Raises FilterError."""
    fields = fields or fields_for(session, record)
    tree = parse(filter, fields) if isinstance(filter, str) else filter
    return as_clause(tree, fields, context_for(session, tree), session)


def filter_for_list(
    session: Session,
    fields: Fields,
    filter: str | Tree,  # noqa: A002
    sort: str,
) -> tuple[Clause, int | None, Part | None]:
    """The same for a list ordered by a field, and what `clause_and_most` knows of how to read it."""
    tree = parse(filter, fields) if isinstance(filter, str) else filter
    return clause_and_most(tree, fields, context_for(session, tree), session, sort)


def context_for(session: Session, tree: Tree) -> Context:
    """The context of a session; who `me` is, is only looked for where the filter asks."""
    asked = any(isinstance(value, Me) for one in conditions(tree) for value in one.values)
    return context_of(session, me=asked)
