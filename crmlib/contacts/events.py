"""What happens to parties."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from crmlib.base import Event
from crmlib.contacts.records import Channel, FactTopic, Purpose, TeamRole
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


@dataclass(frozen=True, kw_only=True)
class FactNoted(Event):
    """Something personal is known of a party from now on."""

    record: ClassVar[str] = "fact"
    says: ClassVar[str] = lazy("{topic}: {value}")
    labels: ClassVar[dict[str, type[Enum]]] = {"topic": FactTopic}
    topic: str
    value: str
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class FactForgotten(Event):
    """A fact was taken out of the file."""

    record: ClassVar[str] = "fact"
    says: ClassVar[str] = lazy("Taken out of the file: {topic}, {value}")
    labels: ClassVar[dict[str, type[Enum]]] = {"topic": FactTopic}
    topic: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Tagged(Event):
    """A record got a tag; told of the record itself."""

    record: ClassVar[str] = "tagging"
    says: ClassVar[str] = lazy("Tagged {tag}")
    tag: str


@dataclass(frozen=True, kw_only=True)
class Untagged(Event):
    """A record lost a tag; told of the record itself."""

    record: ClassVar[str] = "tagging"
    says: ClassVar[str] = lazy("Tag {tag} taken off")
    tag: str


@dataclass(frozen=True, kw_only=True)
class RelationNoted(Event):
    """Two parties are something to each other; told once from either side."""

    record: ClassVar[str] = "relation"
    says: ClassVar[str] = lazy("{name} {words} {other}")
    translated: ClassVar[frozenset[str]] = frozenset({"words"})
    name: str
    words: str
    other: str


@dataclass(frozen=True, kw_only=True)
class RelationEnded(Event):
    """Two parties are no longer what they were to each other; told once from either side."""

    record: ClassVar[str] = "relation"
    says: ClassVar[str] = lazy("No longer so: {name} {words} {other}")
    translated: ClassVar[frozenset[str]] = frozenset({"words"})
    name: str
    words: str
    other: str


@dataclass(frozen=True, kw_only=True)
class AffiliationEnded(Event):
    """A person has no part in an organization any more; told of both."""

    record: ClassVar[str] = "affiliation"
    says: ClassVar[str] = lazy("{person} has left {organization}")
    person: str
    organization: str


@dataclass(frozen=True, kw_only=True)
class ConsentGiven(Event):
    """A party allowed to be contacted."""

    record: ClassVar[str] = "consent_event"
    says: ClassVar[str] = lazy("Consent given: {channel}, {purpose}")
    labels: ClassVar[dict[str, type[Enum]]] = {"channel": Channel, "purpose": Purpose}
    channel: str
    purpose: str
    basis: str


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(Event):
    """A party took back that it may be contacted."""

    record: ClassVar[str] = "consent_event"
    says: ClassVar[str] = lazy("Consent withdrawn: {channel}, {purpose}")
    labels: ClassVar[dict[str, type[Enum]]] = {"channel": Channel, "purpose": Purpose}
    channel: str
    purpose: str


@dataclass(frozen=True, kw_only=True)
class ContactRefused(Event):
    """A party does not want to be contacted at all."""

    record: ClassVar[str] = "consent_event"
    says: ClassVar[str] = lazy("{name} does not want to be contacted")
    name: str


@dataclass(frozen=True, kw_only=True)
class ContactAllowed(Event):
    """The wish not to be contacted was lifted."""

    record: ClassVar[str] = "consent_event"
    says: ClassVar[str] = lazy("{name} may be contacted again, as far as consent goes")
    name: str


@dataclass(frozen=True, kw_only=True)
class OwnerAssigned(Event):
    """Another colleague, or nobody, looks after a party."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{name}: looked after by {owner}")
    name: str
    owner: str
    before: str


@dataclass(frozen=True, kw_only=True)
class TeamChanged(Event):
    """A colleague began or ended to work on a party beside its owner."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{colleague}: {role}")
    labels: ClassVar[dict[str, type[Enum]]] = {"role": TeamRole}
    colleague: str
    role: str


@dataclass(frozen=True, kw_only=True)
class TeamLeft(Event):
    """A colleague no longer works on a party."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{colleague} no longer works on this")
    colleague: str


@dataclass(frozen=True, kw_only=True)
class PartiesHandedOver(Event):
    """All that one colleague looked after went to another."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{giver} handed over to {taker}: {n_parties}")
    giver: str
    taker: str
    n_parties: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class ParentSet(Event):
    """An organization belongs to another, or to none."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{name} belongs to {parent}")
    name: str
    parent: str


@dataclass(frozen=True, kw_only=True)
class PartyArchived(Event):
    """A party was put away, out of everyday lists."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{name} archived")
    name: str


@dataclass(frozen=True, kw_only=True)
class PartyRestored(Event):
    """A party was taken out of the archive."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{name} is back from the archive")
    name: str


@dataclass(frozen=True, kw_only=True)
class PartyDeleted(Event):
    """A party and all its parts were deleted; the journal can bring them back."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("{name} deleted")
    name: str
