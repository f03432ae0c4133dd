"""Whose a deal is: one main owner, and others with a share."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Refused, fields_of, find, tell
from crmlib.contacts import Party
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy
from crmlib.sales.editing import read_percent
from crmlib.sales.events import DealAssigned, DealsHandedOver, DealShared, DealUnshared
from crmlib.sales.records import Deal, DealOwner, Stage, StageKind
from crmlib.sales.telling import tell_deal

__all__ = ["assign_deal", "hand_over_deals", "share_deal", "unshare_deal"]

NOBODY = lazy("nobody")


def assign_deal(
    session: Session, deal: Deal | int, owner: Party | int | None, *, at: datetime, reason: str | None = None
) -> Deal:
    """Give a deal another main owner, or none; nothing happens where it is theirs already.

    A share that the new owner had in it becomes part of the main owner's.
    """
    deal = find(session, Deal, deal)
    owner = None if owner is None else find(session, Party, owner)
    if deal.owner_id == (owner.id if owner else None):
        return deal
    before = find(session, Party, deal.owner_id).name if deal.owner_id else _(NOBODY)
    deal.owner = owner
    for share in [one for one in deal.owners if owner is not None and one.party_id == owner.id]:
        deal.owners.remove(share)
    called = owner.name if owner else _(NOBODY)
    tell_deal(session, deal, DealAssigned, at, owner=called, before=before, reason=reason)
    return deal


def hand_over_deals(
    session: Session, colleague: Party | int, to: Party | int, *, at: datetime, reason: str | None = None
) -> list[Deal]:
    """Give all open deals of a colleague to another, such as before a long leave; the deals that changed hands.

    Won and lost deals stay whose they were: they are history, and commissions hang on them. A colleague's shares in
    deals of others stay too.
    """
    colleague, to = find(session, Party, colleague), find(session, Party, to)
    if colleague is to:
        raise Refused(_("Choose another colleague to hand the deals over to."))
    rows = select(Deal).join(Stage, Stage.id == Deal.stage_id)
    rows = rows.where(Deal.owner_id == colleague.id, Stage.kind == StageKind.OPEN)
    deals = list(session.scalars(rows.order_by(Deal.id)))
    for deal in deals:
        assign_deal(session, deal, to, at=at, reason=reason)
    if deals:
        told = DealsHandedOver(
            record_id=colleague.id,
            party_id=colleague.id,
            at=at,
            before=colleague.name,
            owner=to.name,
            n=len(deals),
            reason=reason,
        )
        tell(session, told)
    return deals


def share_deal(
    session: Session, deal: Deal | int, party: Party | int, share: Any, *, at: datetime, role: str | None = None
) -> DealOwner:
    """Give a colleague a share of a deal in percent, or another than before; the rest stays the main owner's.

    Raises Refused where the colleague is the main owner, InvalidInput where the shares would be more than 100 %.
    """
    deal, party = find(session, Deal, deal), find(session, Party, party)
    if deal.owner_id == party.id:
        raise Refused(_("{name} is the main owner, and has what the others leave.").format(name=party.name))
    percent = read_percent(_("Share in %"), share)
    others = sum((one.share for one in deal.owners if one.party_id != party.id), Decimal())
    if others + percent > 100:
        left = _("{n} % is what the others leave").format(n=100 - others)
        raise InvalidInput(_("Share in %"), share, left)
    row = next((one for one in deal.owners if one.party_id == party.id), None)
    if row is None:
        row = DealOwner(party=party)
        deal.owners.append(row)
    row.share = percent
    row.role = fields_of(DealOwner)["role"].read(role) if role is not None else row.role
    tell_deal(session, deal, DealShared, at, owner=party.name, share=f"{percent.normalize():f}")
    return row


def unshare_deal(session: Session, deal: Deal | int, party: Party | int, *, at: datetime) -> Deal:
    """Take a colleague's share back; nothing happens where there is none."""
    deal, party = find(session, Deal, deal), find(session, Party, party)
    row = next((one for one in deal.owners if one.party_id == party.id), None)
    if row is not None:
        deal.owners.remove(row)
        tell_deal(session, deal, DealUnshared, at, owner=party.name)
    return deal
