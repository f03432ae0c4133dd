"""What happens to parties."""

from dataclasses import dataclass
from typing import ClassVar

from crmlib.base import Event
from crmlib.i18n import lazy


@dataclass(frozen=True, kw_only=True)
class PartyAdded(Event):
    """A person or an organization is known from now on."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{name} added")
    name: str
    party_kind: str


@dataclass(frozen=True, kw_only=True)
class LifecycleChanged(Event):
    """A party changed its standing with us."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{name} is now a {now}")
    name: str
    was: str | None
    now: str
    reason: str | None = None
