"""What happens to activities."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from crmlib.activities.records import Reply
from crmlib.base import Event
from crmlib.i18n import lazy


@dataclass(frozen=True, kw_only=True)
class ActivityPlanned(Event):
    """Something is to be done."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject} planned")
    activity_kind: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class ActivityDone(Event):
    """Something was done."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject} done")
    activity_kind: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class ActivityCancelled(Event):
    """Something that was planned will not take place."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject} cancelled")
    subject: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class ActivityMoved(Event):
    """Something is to be done at another moment."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject} moved to {to_at}")
    moments: ClassVar[frozenset[str]] = frozenset({"to_at", "from_at"})
    subject: str
    from_at: str | None
    to_at: str | None


@dataclass(frozen=True, kw_only=True)
class ActivityReassigned(Event):
    """Somebody else is to do it."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject}: from {giver} to {taker}")
    subject: str
    giver: str
    taker: str


@dataclass(frozen=True, kw_only=True)
class ActivitiesHandedOver(Event):
    """All that one colleague was to do went to another."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{giver} handed over activities to {taker}: {n_activities}")
    giver: str
    taker: str
    n_activities: int


@dataclass(frozen=True, kw_only=True)
class InvitationAnswered(Event):
    """Somebody answered an invitation."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject}, {name}: {reply}")
    labels: ClassVar[dict[str, type[Enum]]] = {"reply": Reply}
    name: str
    subject: str
    reply: str


@dataclass(frozen=True, kw_only=True)
class SeriesStopped(Event):
    """Something no longer repeats."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject} no longer repeats")
    subject: str
