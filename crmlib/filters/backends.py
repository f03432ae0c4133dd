"""A tree is walked once, and whatever answers it says what each step is: SQL, plain Python, later Ibis."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from crmlib.filters.catalogue import Fields
from crmlib.filters.meaning import Context, Test, meaning
from crmlib.filters.offered import Offered
from crmlib.filters.tree import And, Condition, Everything, Not, Or, Tree

P = TypeVar("P")


class Backend(Protocol[P]):
    """What answers a filter: each method makes a predicate of it, or of predicates it made."""

    def everything(self) -> P:
        """What always holds."""

    def test(self, field: Offered, test: Test) -> P:
        """One plain test on one field; of a field with many values, one of them is enough."""

    def both(self, parts: Sequence[P]) -> P:
        """All of these."""

    def either(self, parts: Sequence[P]) -> P:
        """One of these."""

    def contrary(self, part: P) -> P:
        """Where this does not hold; where nothing is known, it does not."""


def walk(tree: Tree, fields: Fields, context: Context, backend: Backend[P]) -> P:
    """The predicate of `backend` that a tree means."""
    match tree:
        case Everything():
            return backend.everything()
        case And(parts):
            return backend.both([walk(part, fields, context, backend) for part in parts])
        case Or(parts):
            return backend.either([walk(part, fields, context, backend) for part in parts])
        case Not(part):
            return backend.contrary(walk(part, fields, context, backend))
        case Condition():
            field = fields.by_key[tree.field]
            test, contrary = meaning(tree, field.about, context)
            found = backend.test(field, test)
            return backend.contrary(found) if contrary else found
