"""The tree that a filter is, between its text and whatever answers it.

A tree is `Everything`, a `Condition`, or `And`, `Or`, `Not` of trees. It is plain data: comparable, hashable, without
a session. `And` and `Or` are flat (`both` and `either` make them so), and so one meaning has one tree.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Word:
    """A text, a choice or a name."""

    text: str


@dataclass(frozen=True)
class Number:
    """A number; for a link, the number of the record."""

    value: Decimal


@dataclass(frozen=True)
class Amount:
    """An amount of money in major units; without a currency, in the reporting currency."""

    value: Decimal
    currency: str = ""


@dataclass(frozen=True)
class Day:
    """One calendar day."""

    day: date


@dataclass(frozen=True)
class Moment:
    """One moment, aware."""

    at: datetime


@dataclass(frozen=True)
class Relative:
    """A time seen from now: an anchor of `ANCHORS`, and durations added to it in their order."""

    anchor: str
    shifts: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    value: bool


@dataclass(frozen=True)
class Me:
    """The party of whoever asks."""


Value = Word | Number | Amount | Day | Moment | Relative | Flag | Me

#: Times that a filter can begin with, and `UNITS` what can be added to them.
ANCHORS = ("now", "today", "yesterday", "tomorrow", "this week", "this month", "this quarter", "this year")
UNITS = ("min", "h", "d", "w", "m", "y")

#: What a condition can ask, and which of them are the contrary of which.
CONTRARY = {
    "!=": "==",
    "not in": "in",
    "not contains": "contains",
    "not starts with": "starts with",
    "is not empty": "is empty",
}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
OPERATORS = (*COMPARISONS, "in", *CONTRARY.values(), *CONTRARY)


@dataclass(frozen=True)
class Condition:
    """One field of the catalogue, an operator of `OPERATORS`, and what it is compared with."""

    field: str
    op: str
    values: tuple[Value, ...] = ()
    position: int = field(default=0, compare=False)
    length: int = field(default=0, compare=False)


@dataclass(frozen=True)
class And:
    """All of these hold."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Or:
    """One of these holds, or more."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Not:
    """This does not hold."""

    part: "Tree"


@dataclass(frozen=True)
class Everything:
    """No condition at all."""


Tree = Everything | Condition | And | Or | Not


def both(parts: Iterable[Tree]) -> Tree:
    """All of `parts`, in one flat tree."""
    flat: list[Tree] = []
    for part in parts:
        flat += part.parts if isinstance(part, And) else () if isinstance(part, Everything) else (part,)
    return And(tuple(flat)) if len(flat) > 1 else flat[0] if flat else Everything()


def either(parts: Iterable[Tree]) -> Tree:
    """Any of `parts`, in one flat tree; without any, or with one that always holds, everything."""
    flat: list[Tree] = []
    for part in parts:
        if isinstance(part, Everything):
            return Everything()
        flat += part.parts if isinstance(part, Or) else (part,)
    return Or(tuple(flat)) if len(flat) > 1 else flat[0] if flat else Everything()


def conditions(tree: Tree) -> Iterator[Condition]:
    """Every condition of a tree, from left to right."""
    match tree:
        case Condition():
            yield tree
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions(part)
        case Not(part):
            yield from conditions(part)
