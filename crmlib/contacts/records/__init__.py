"""What is stored about whom the business knows, one module a noun."""

from crmlib.contacts.likeness import folded
from crmlib.contacts.records.consent import ConsentChange, ConsentEvent, LawfulBasis, Purpose
from crmlib.contacts.records.fact import Fact, FactTopic
from crmlib.contacts.records.party import (
    GENDERS,
    LEVELS,
    SOURCES,
    Address,
    AddressKind,
    Affiliation,
    Channel,
    ContactKind,
    ContactPoint,
    Lifecycle,
    LifecycleEvent,
    Organization,
    Party,
    PartyKind,
    Person,
    primary_affiliation,
)
from crmlib.contacts.records.relation import Relation, RelationKind
from crmlib.contacts.records.tag import TAG_COLOURS, Tag, Tagging
from crmlib.contacts.records.team import TeamMember, TeamRole

__all__ = [
    "GENDERS",
    "LEVELS",
    "SOURCES",
    "TAG_COLOURS",
    "Address",
    "AddressKind",
    "Affiliation",
    "Channel",
    "ConsentChange",
    "ConsentEvent",
    "ContactKind",
    "ContactPoint",
    "Fact",
    "FactTopic",
    "LawfulBasis",
    "Lifecycle",
    "LifecycleEvent",
    "Organization",
    "Party",
    "PartyKind",
    "Person",
    "Purpose",
    "Relation",
    "RelationKind",
    "Tag",
    "Tagging",
    "TeamMember",
    "TeamRole",
    "folded",
    "primary_affiliation",
]
