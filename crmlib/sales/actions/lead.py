"""What may be done with leads."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import Field, InvalidInput, InvalidTransition, Money, Refused, as_json, fields_of, find
from crmlib.catalog import Product
from crmlib.contacts import Lifecycle, Party, add_organization, add_person, affiliate, set_lifecycle
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy
from crmlib.sales.actions.deal import open_deal
from crmlib.sales.actions.owners import NOBODY
from crmlib.sales.editing import read_edit
from crmlib.sales.events import (
    LeadAssigned,
    LeadDeleted,
    LeadDisqualified,
    LeadMerged,
    LeadQualified,
    LeadReceived,
    LeadReopened,
    LeadResponded,
    LeadScored,
    LeadStatusChanged,
)
from crmlib.sales.keeping import session_time
from crmlib.sales.records import Deal, Lead, LeadKind, LeadStatus, LeadStatusEvent, Stage, StageKind
from crmlib.sales.telling import tell_lead

__all__ = [
    "assign_lead",
    "delete_lead",
    "disqualify_lead",
    "edit_lead",
    "merge_lead",
    "qualify_lead",
    "receive_lead",
    "reopen_lead",
    "respond_lead",
    "score_lead",
    "set_lead_status",
]

LEAD_AMOUNT = Field("amount", lazy("Expected amount"), "money", low=0)
# What `receive_lead` and `edit_lead` take; the rest has an action of its own, because it has a history.
_OWN_ACTIONS = frozenset({"status", "score", "score_reason", "disqualified_reason", "disqualified_note"})


def lead_fields() -> dict[str, Field]:
    """The fields of a lead that may be edited in place."""
    return {**{key: one for key, one in fields_of(Lead).items() if key not in _OWN_ACTIONS}, "amount": LEAD_AMOUNT}


def receive_lead(
    session: Session,
    *,
    at: datetime,
    party: Party | int | None = None,
    person: Mapping[str, Any] | None = None,
    organization: Mapping[str, Any] | None = None,
    received_at: datetime | None = None,
    owner: Party | int | None = None,
    product: Product | int | None = None,
    amount: Money | None = None,
    score: int | None = None,
    score_reason: str | None = None,
    details: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Lead:
    """An inquiry by a party we know, or by a new `person` or `organization` (what `add_person` and `add_organization`
    take); with both, the lead is the person's, who then belongs to the organization.

    `facts` are other fields of Lead (`source`, `campaign`, `origin`, `subject` …), `details` whatever a web form sent
    besides. A prospect who asks is a lead from then on. Raises InvalidInput for a value that cannot be.
    """
    known = lead_fields()
    unknown = set(facts) - set(known)
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    read = {key: known[key].read(value) for key, value in facts.items()}
    scores = fields_of(Lead)
    lead = Lead(
        received_at=received_at or at,
        amount=_not_negative(amount),
        score=scores["score"].read(score),
        score_reason=scores["score_reason"].read(score_reason),
        details=as_json(dict(details or {})),
        status=LeadStatus.NEW,
        **read,
    )
    with session.no_autoflush:
        lead.owner = None if owner is None else find(session, Party, owner)
        lead.product = None if product is None else find(session, Product, product)
    asks = _who_asks(session, at=at, party=party, person=person, organization=organization)
    lead.party = asks
    lead.status_events.append(LeadStatusEvent(status=lead.status, at=lead.received_at))
    session.add(lead)
    if asks.lifecycle is Lifecycle.PROSPECT:
        set_lifecycle(session, asks, Lifecycle.LEAD, at=at, reason=_("Asked"))
    tell_lead(session, lead, LeadReceived, lead.received_at or at, source=lead.source, origin=lead.origin)
    return lead


def edit_lead(
    session: Session,
    lead: Lead | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    currency: str = "",
    at: datetime | None = None,
) -> Lead:
    """Change fields of a lead to what was typed: subject, message, source, campaign, rating, amount (in `currency`),
    product_id, owner_id … Status, score and party have actions of their own.

    `was` is what the editor saw: where another value is stored by now, nothing changes and Conflict has both.
    """
    lead = find(session, Lead, lead)
    links = {"owner_id": Party, "product_id": Product}
    values = read_edit(session, lead, typed, was=was, known=lead_fields(), links=links, currency=currency)
    for key, value in values.items():
        if key == "owner_id":
            assign_lead(session, lead, value, at=session_time(session, at))
        else:
            setattr(lead, key, value)
    return lead


def assign_lead(session: Session, lead: Lead | int, owner: Party | int | None, *, at: datetime) -> Lead:
    """Give a lead to a colleague, or to nobody; nothing happens where it is theirs already."""
    lead = find(session, Lead, lead)
    owner = None if owner is None else find(session, Party, owner)
    if lead.owner_id == (owner.id if owner else None):
        return lead
    before = find(session, Party, lead.owner_id).name if lead.owner_id else _(NOBODY)
    lead.owner = owner
    tell_lead(session, lead, LeadAssigned, at, owner=owner.name if owner else _(NOBODY), before=before)
    return lead


def respond_lead(session: Session, lead: Lead | int, *, at: datetime) -> Lead:
    """Somebody answered. Only the first answer counts; a new lead is in work from then on."""
    lead = find(session, Lead, lead)
    if lead.first_response_at is not None:
        return lead
    lead.first_response_at = at
    waited = None if lead.received_at is None else max(0, int((at - lead.received_at).total_seconds() // 60))
    if lead.status is LeadStatus.NEW:
        _enter(lead, LeadStatus.WORKING, at)
    tell_lead(session, lead, LeadResponded, at, waited_minutes=waited)
    return lead


def set_lead_status(session: Session, lead: Lead | int, status: LeadStatus | str, *, at: datetime) -> Lead:
    """Move an open lead to another open status, such as waiting for better times.

    Raises InvalidTransition where it is closed (reopen it) or the status closes it (qualify or disqualify it).
    """
    lead = find(session, Lead, lead)
    status = LeadStatus(fields_of(Lead)["status"].read(status))
    _must_be_open(lead)
    if status.kind is not LeadKind.OPEN:
        raise InvalidTransition(_("Qualify or disqualify the inquiry instead."))
    if status is not lead.status:
        _enter(lead, status, at)
        tell_lead(session, lead, LeadStatusChanged, at, status=status.value)
    return lead


def score_lead(session: Session, lead: Lead | int, score: int | None, *, at: datetime, why: str | None = None) -> Lead:
    """Say how likely it is that there is a sale in a lead, from 0 to 100, and why."""
    lead = find(session, Lead, lead)
    known = fields_of(Lead)
    read, reason = known["score"].read(score), known["score_reason"].read(why)
    if (lead.score, lead.score_reason) != (read, reason):
        lead.score, lead.score_reason = read, reason
        tell_lead(session, lead, LeadScored, at, score=read, why=reason)
    return lead


def qualify_lead(
    session: Session,
    lead: Lead | int,
    *,
    at: datetime,
    name: str | None = None,
    amount: Money | None = None,
    owner: Party | int | None = None,
    product: Product | int | None = None,
    stage: Stage | int | None = None,
    expected_close_on: date | None = None,
) -> Deal:
    """There is a sale in it: open a deal that points to the lead, and close the lead. The deal.

    Nothing is copied. What was asked stays on the lead and is read there through `deal.lead`: its source, campaign,
    message, product of interest and expected amount. What is the deal's own is asked for: its amount, product and
    expected close stay empty until somebody says them. It is with the same party, and the colleague who works on
    it is the one named, or else the lead's owner. Without a name it is called after the product asked for and the
    party. Raises InvalidTransition where the lead is closed.
    """
    lead = find(session, Lead, lead)
    _must_be_open(lead)
    wanted = find(session, Product, product) if product is not None else lead.product
    called = name or ", ".join(filter(None, (wanted.name if wanted else None, lead.party.name)))
    deal = open_deal(
        session,
        name=called,
        at=at,
        party=lead.party,
        owner=owner if owner is not None else lead.owner_id,
        product=product,
        stage=stage,
        amount=amount,
        expected_close_on=expected_close_on,
        lead=lead,
    )
    _enter(lead, LeadStatus.QUALIFIED, at)
    lead.closed_at = at
    tell_lead(session, lead, LeadQualified, at, deal=deal.name, deal_id=deal.id)
    return deal


def disqualify_lead(session: Session, lead: Lead | int, *, reason: str, at: datetime, note: str | None = None) -> Lead:
    """There is no sale in it, and why: one of DISQUALIFIED_REASONS, or words of one's own.

    Raises InvalidInput without a reason, InvalidTransition where the lead is closed.
    """
    lead = find(session, Lead, lead)
    known = fields_of(Lead)
    why = known["disqualified_reason"].read(reason)
    if why is None:
        raise InvalidInput(_(known["disqualified_reason"].label), "", _("say why there is no sale in it"))
    note = known["disqualified_note"].read(note)
    _must_be_open(lead)
    _enter(lead, LeadStatus.DISQUALIFIED, at, why)
    lead.closed_at, lead.disqualified_reason, lead.disqualified_note = at, why, note
    tell_lead(session, lead, LeadDisqualified, at, reason=why)
    return lead


def reopen_lead(session: Session, lead: Lead | int, *, at: datetime, reason: str | None = None) -> Lead:
    """Take a closed lead into work again. Why it was closed stays in its history.

    Raises InvalidTransition where it is open, or a deal that came from it is open or won.
    """
    lead = find(session, Lead, lead)
    if lead.kind is LeadKind.OPEN:
        raise InvalidTransition(_("This inquiry is open already."))
    alive = next((deal for deal in lead.deals if deal.stage.kind is not StageKind.LOST), None)
    if alive is not None:
        raise InvalidTransition(
            _("“{deal}” came from this inquiry and is {stage}. Work on that deal.").format(
                deal=alive.name, stage=alive.stage.name
            )
        )
    _enter(lead, LeadStatus.WORKING, at, reason)
    lead.closed_at = lead.disqualified_reason = lead.disqualified_note = None
    tell_lead(session, lead, LeadReopened, at, reason=reason)
    return lead


def merge_lead(session: Session, lead: Lead | int, party: Party | int, *, at: datetime) -> Lead:
    """Say that a lead is by somebody we know: it, and the deals with the old party that came from it, are theirs now.

    The old party stays, for `contacts` to merge or delete. Nothing happens where it is theirs already.
    """
    lead, party = find(session, Lead, lead), find(session, Party, party)
    old = lead.party
    if old is party:
        return lead
    for deal in lead.deals:
        if deal.party_id == old.id:
            deal.party = party
    lead.party = party
    if party.lifecycle is Lifecycle.PROSPECT:
        set_lifecycle(session, party, Lifecycle.LEAD, at=at, reason=_("Asked"))
    tell_lead(session, lead, LeadMerged, at, party=party.name, before=old.name, before_id=old.id)
    return lead


def delete_lead(session: Session, lead: Lead | int, *, at: datetime) -> None:
    """Delete a lead. Deals that came from it stay, and point to it no longer."""
    lead = find(session, Lead, lead)
    tell_lead(session, lead, LeadDeleted, at)
    session.delete(lead)
    session.flush()


def _who_asks(
    session: Session,
    *,
    at: datetime,
    party: Party | int | None,
    person: Mapping[str, Any] | None,
    organization: Mapping[str, Any] | None,
) -> Party:
    if party is not None:
        if person is not None or organization is not None:
            raise Refused(_("A lead is by a party that is known, or by a new one, not by both."))
        return find(session, Party, party)
    if person is None and organization is None:
        raise InvalidInput(_("Lead"), "", _("say who asks"))
    lifecycle = {"lifecycle": Lifecycle.LEAD}
    firm = None if organization is None else add_organization(session, at=at, **{**lifecycle, **organization})
    if person is None:
        assert firm is not None
        return firm
    human = add_person(session, at=at, **{**lifecycle, **person})
    if firm is not None:
        affiliate(session, human, firm, role=person.get("job_title"), is_primary=True)
    return human


def _enter(lead: Lead, status: LeadStatus, at: datetime, reason: str | None = None) -> None:
    lead.status = status
    lead.status_events.append(LeadStatusEvent(status=status, at=at, reason=reason))


def _must_be_open(lead: Lead) -> None:
    if lead.kind is not LeadKind.OPEN:
        raise InvalidTransition(_("This inquiry is closed. Reopen it first."))


def _not_negative(amount: Money | None) -> Money | None:
    if amount is not None and amount.minor < 0:
        raise InvalidInput(_(LEAD_AMOUNT.label), amount.amount, _("an inquiry is worth nothing or more"))
    return amount
