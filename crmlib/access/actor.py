"""Who acts: a person at a page, an analyst, a schedule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

#: Takes a record class and says, as a condition, which of its rows the actor may see.
Rule = Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True)
class Actor:
    """Who acts. `str()` of it is the name, as the journal keeps it.

    `party_id` is the colleague among the parties, None for a schedule or somebody unknown. `rules` narrow what the
    actor may see, by type of record; a type that is not in there is seen whole.
    """

    name: str = ""
    party_id: int | None = None
    rules: Mapping[type[Any], Rule] = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of(cls, who: "Actor | str | None") -> "Actor":
        """An actor, given one, or the name of one."""
        return who if isinstance(who, Actor) else cls(who or "")


def actor_of(session: Session) -> Actor:
    """Who acts in this session."""
    return Actor.of(session.info.get("actor"))
