"""What may be done with a contact point once it is there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import find
from crmlib.contacts.editing import refuse_stale
from crmlib.contacts.records import ContactPoint

__all__ = ["mark_bounced", "mark_verified", "prefer_contact_point", "remove_contact_point"]


def prefer_contact_point(session: Session, point: ContactPoint | int) -> ContactPoint:
    """Use this one from now on among those of its kind."""
    point = find(session, ContactPoint, point)
    for other in point.party.contact_points:
        if other.kind is point.kind:
            other.is_preferred = other is point
    return point


def mark_verified(session: Session, point: ContactPoint | int, *, at: datetime) -> ContactPoint:
    """Remember that the party answered there, or confirmed it."""
    point = find(session, ContactPoint, point)
    point.verified_at, point.is_doubtful = at, False
    return point


def mark_bounced(
    session: Session, point: ContactPoint | int, *, at: datetime, reason: str | None = None
) -> ContactPoint:
    """Remember that what was sent there came back."""
    point = find(session, ContactPoint, point)
    point.bounced_at, point.bounce_reason = at, reason
    return point


def remove_contact_point(session: Session, point: ContactPoint | int, *, was: Mapping[str, Any] | None = None) -> None:
    """Take a contact point away. Raises Conflict where it says something else than `was` by now."""
    point = find(session, ContactPoint, point)
    refuse_stale(point, dict.fromkeys(was or {}), was)
    point.party.contact_points.remove(point)
