"""A filter read in plain Python, on rows as lists give them: what rules, previews and tests go by.

A row maps the key of a field to its value: text, a choice or its word, a number, `Money`, a day, a moment, a yes or
no, for a link `Link` (or a dict of `id` and `name`), and for a field with many values a list of those.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from crmlib.base import Money, folded
from crmlib.filters.backends import walk
from crmlib.filters.catalogue import Fields
from crmlib.filters.meaning import (
    FAMILIES,
    Context,
    Costs,
    Holds,
    Lacks,
    Linked,
    Range,
    Same,
    Test,
    Within,
    comparable,
)
from crmlib.filters.offered import Offered
from crmlib.filters.tree import Tree


@dataclass(frozen=True)
class Link:
    """Another record: its number and its name."""

    id: int
    name: str


Row = Mapping[str, Any]
Predicate = Callable[[Row], bool]


def matches(tree: Tree, row: Row, fields: Fields, context: Context) -> bool:
    """Whether a row fits a filter."""
    return as_predicate(tree, fields, context)(row)


def as_predicate(tree: Tree, fields: Fields, context: Context) -> Predicate:
    """The filter as a function of a row, for many rows."""
    return walk(tree, fields, context, PlainBackend())


class PlainBackend:
    """Predicates are functions of a row."""

    def everything(self) -> Predicate:
        return lambda row: True

    def both(self, parts: Sequence[Predicate]) -> Predicate:
        return lambda row: all(part(row) for part in parts)

    def either(self, parts: Sequence[Predicate]) -> Predicate:
        return lambda row: any(part(row) for part in parts)

    def contrary(self, part: Predicate) -> Predicate:
        return lambda row: not part(row)

    def test(self, field: Offered, test: Test) -> Predicate:
        key = field.about.key

        def holds(row: Row) -> bool:
            value = row.get(key)
            values = [one for one in (value or ()) if _is(one)] if field.about.many else [value] if _is(value) else []
            if isinstance(test, Lacks):
                return not values
            if isinstance(test, Same) and test.or_lacks and not values:
                return True
            return any(_fits(one, field.about.kind, test) for one in values)

        return holds


def _is(value: Any) -> bool:
    return value is not None and value != ""


def _fits(value: Any, kind: str, test: Test) -> bool:
    family = FAMILIES[kind]
    if family == "link":
        return _leads(value if isinstance(value, Link) else Link(**value), test)
    if family == "money":
        return _costs(value, test)
    if family == "text":
        return _says(comparable(kind, str(value)), test)
    if isinstance(value, Enum):
        value = value.value
    match test:
        case Same(values):
            return value in values
        case Within(ranges):
            number = Decimal(str(value)) if family == "number" else value
            return any(_lies(number, one) for one in ranges)
    raise AssertionError(test)


def _says(text: str, test: Test) -> bool:
    match test:
        case Same(values):
            return text in values
        case Holds(part, at_start):
            return text.startswith(part) if at_start else part in text
    raise AssertionError(test)


def _leads(link: Link, test: Test) -> bool:
    assert isinstance(test, Linked)
    return link.id in test.numbers or any(_says(folded(link.name), name) for name in test.names)


def _costs(money: Money, test: Test) -> bool:
    assert isinstance(test, Costs)
    return any(money.currency == currency and _lies(money.minor, one) for currency, one in test.ranges)


def _lies(value: Any, span: Range) -> bool:
    if span.low is not None and (value < span.low or (span.low_open and value == span.low)):
        return False
    return not (span.high is not None and (value > span.high or (span.high_open and value == span.high)))
