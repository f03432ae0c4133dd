"""Telling the journal what happened to a deal or a lead, with what every such event carries."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import tell
from crmlib.sales.events import DealEvent, LeadEvent
from crmlib.sales.records import Deal, Lead


def tell_deal(session: Session, deal: Deal, event: type[DealEvent], at: datetime, **more: Any) -> None:
    """Something happened to a deal: it stands on its party's timeline, with the amount the deal has now."""
    session.flush()
    tell(
        session,
        event(
            record_id=deal.id,
            party_id=deal.party_id,
            at=at,
            deal=deal.name,
            stage=deal.stage.name,
            amount_minor=deal.amount.minor if deal.amount else None,
            currency=deal.currency,
            **more,
        ),
    )


def tell_lead(session: Session, lead: Lead, event: type[LeadEvent], at: datetime, **more: Any) -> None:
    """Something happened to an inquiry: it stands on the timeline of who asks."""
    session.flush()
    called = lead.subject or lead.party.name
    tell(session, event(record_id=lead.id, party_id=lead.party_id, at=at, lead=called, **more))
