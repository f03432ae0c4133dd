"""Contacts: whom the business knows, how to reach them, where they stand with us.

A party is a person or an organization; whatever can be sold to, served or mailed hangs on its number. Others call
it contact, account, partner or constituent.
"""

from crmlib.base import folded
from crmlib.contacts.actions import (
    add_contact_point,
    add_organization,
    add_person,
    affiliate,
    assign_owner,
    edit_contact_point,
    edit_party,
    editable_fields,
    set_lifecycle,
)
from crmlib.contacts.events import LifecycleChanged, PartyAdded
from crmlib.contacts.queries import (
    PARTIES,
    colleague_called,
    colleagues,
    find_parties,
    lifecycle_counts,
    near_parties,
    parties,
    parties_page,
    party_card,
)
from crmlib.contacts.reach import normalise, normalise_email, normalise_phone, shown_phone
from crmlib.contacts.records import (
    Address,
    Affiliation,
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

__all__ = [
    "PARTIES",
    "Address",
    "Affiliation",
    "ContactKind",
    "ContactPoint",
    "Lifecycle",
    "LifecycleChanged",
    "LifecycleEvent",
    "Organization",
    "Party",
    "PartyAdded",
    "PartyKind",
    "Person",
    "add_contact_point",
    "add_organization",
    "add_person",
    "affiliate",
    "assign_owner",
    "colleague_called",
    "colleagues",
    "edit_contact_point",
    "edit_party",
    "editable_fields",
    "find_parties",
    "folded",
    "lifecycle_counts",
    "near_parties",
    "normalise",
    "normalise_email",
    "normalise_phone",
    "parties",
    "parties_page",
    "party_card",
    "primary_affiliation",
    "set_lifecycle",
    "shown_phone",
]
