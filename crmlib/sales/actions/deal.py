"""What may be done with a deal: open, move, win, lose, reopen, edit, duplicate, delete."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import Field, InvalidInput, InvalidTransition, Money, Refused, fields_of, find
from crmlib.catalog import Product
from crmlib.contacts import Lifecycle, Party, set_lifecycle
from crmlib.filters import set_custom
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy
from crmlib.sales.actions.owners import assign_deal
from crmlib.sales.actions.rewards import earn_commissions, reverse_commissions
from crmlib.sales.editing import plain_money, read_edit
from crmlib.sales.events import (
    DealAmountChanged,
    DealDeleted,
    DealDuplicated,
    DealLost,
    DealMoved,
    DealOpened,
    DealPipelineChanged,
    DealReopened,
    DealWon,
)
from crmlib.sales.keeping import session_time, set_amount, set_expected_close
from crmlib.sales.reasons import read_lost_reason
from crmlib.sales.records import (
    Deal,
    DealCompetitor,
    DealContact,
    DealLine,
    DealOwner,
    Lead,
    Pipeline,
    Stage,
    StageEvent,
    StageKind,
)
from crmlib.sales.telling import tell_deal

__all__ = [
    "change_pipeline",
    "delete_deal",
    "duplicate_deal",
    "edit_deal",
    "lose_deal",
    "move_deal",
    "open_deal",
    "reopen_deal",
    "win_deal",
]

# With these, winning a deal makes a customer; a partner who buys stays a partner.
_NOT_YET_CUSTOMERS = frozenset({Lifecycle.PROSPECT, Lifecycle.LEAD, Lifecycle.FORMER})


def open_deal(
    session: Session,
    *,
    name: str,
    at: datetime,
    party: Party | int | None = None,
    owner: Party | int | None = None,
    product: Product | int | None = None,
    stage: Stage | int | None = None,
    amount: Money | None = None,
    opened_on: date | None = None,
    expected_close_on: date | None = None,
    lead: Lead | int | None = None,
    **facts: Any,
) -> Deal:
    """A sale that may happen, in an open stage; without one, in the first of the oldest pipeline.

    `lead` is the inquiry it comes from; `facts` are `probability`, `next_step`, `next_step_on`.

    Raises Refused where there is no pipeline yet, InvalidTransition where the stage is not an open one.
    """
    stage = find(session, Stage, stage) if stage is not None else _first_stage(session)
    if stage.kind is not StageKind.OPEN:
        raise InvalidTransition(_("A deal begins in an open stage; {stage} is not one.").format(stage=stage.name))
    _usable(stage)
    known = fields_of(Deal)
    unknown = set(facts) - {"probability", "next_step", "next_step_on"}
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    deal = Deal(
        name=known["name"].read(name),
        party=None if party is None else find(session, Party, party),
        owner=None if owner is None else find(session, Party, owner),
        product=None if product is None else find(session, Product, product),
        lead=None if lead is None else find(session, Lead, lead),
        stage=stage,
        opened_on=known["opened_on"].read(opened_on) or at.date(),
        **{key: known[key].read(value) for key, value in facts.items()},
    )
    set_amount(deal, _not_negative(amount), at=at)
    set_expected_close(deal, known["expected_close_on"].read(expected_close_on), at=at)
    deal.stage_events.append(StageEvent(stage=stage, entered_at=at))
    session.add(deal)
    session.flush()
    tell_deal(session, deal, DealOpened, at)
    return deal


def move_deal(
    session: Session,
    deal: Deal | int,
    stage: Stage | int,
    *,
    at: datetime,
    reason: str | None = None,
    closed_on: date | None = None,
) -> Deal:
    """Move an open deal into another stage of its pipeline and remember when; into the stage it is in, nothing.

    Into a stage of won or lost deals it is closed on `closed_on`, or the day of `at`. Raises InvalidTransition where
    the deal is won or lost already (reopen it first) or the stage belongs to another pipeline.
    """
    deal, stage = find(session, Deal, deal), find(session, Stage, stage)
    if stage is deal.stage:
        return deal
    if deal.stage.kind is not StageKind.OPEN:
        raise InvalidTransition(
            _("“{deal}” is {stage}. Reopen it before you move it.").format(deal=deal.name, stage=deal.stage.name)
        )
    if stage.pipeline_id != deal.stage.pipeline_id:
        raise InvalidTransition(
            _("{stage} belongs to another pipeline than “{deal}”.").format(stage=stage.name, deal=deal.name)
        )
    _usable(stage)
    enter_stage(deal, stage, at)
    if stage.kind is StageKind.OPEN:
        tell_deal(session, deal, DealMoved, at)
        return deal
    deal.closed_on = closed_on or at.date()
    if stage.kind is StageKind.WON:
        if deal.party is not None and deal.party.lifecycle in _NOT_YET_CUSTOMERS:
            set_lifecycle(session, deal.party, Lifecycle.CUSTOMER, at=at, reason=_("Won a deal"))
        tell_deal(session, deal, DealWon, at)
        earn_commissions(session, deal, at=at)
    else:
        deal.lost_reason = read_lost_reason(session, reason)
        tell_deal(session, deal, DealLost, at, reason=deal.lost_reason)
    return deal


def win_deal(
    session: Session, deal: Deal | int, *, at: datetime, closed_on: date | None = None, amount: Money | None = None
) -> Deal:
    """Close a deal as won, for the `amount` agreed where it is another than was expected; commissions are earned.

    Raises InvalidTransition where it is closed already.
    """
    deal = find(session, Deal, deal)
    stage = _closing_stage(session, deal, StageKind.WON)
    if amount is not None and deal.stage.kind is StageKind.OPEN:
        _change_amount(session, deal, amount, at=at, why=_("Agreed"))
    return move_deal(session, deal, stage, at=at, closed_on=closed_on)


def lose_deal(
    session: Session,
    deal: Deal | int,
    *,
    reason: str,
    at: datetime,
    note: str | None = None,
    closed_on: date | None = None,
    competitor: str | None = None,
) -> Deal:
    """Close a deal as lost, and say why: one of `lost_reasons`, or words of one's own; and to whom it went.

    Raises InvalidInput without a reason, InvalidTransition where the deal is closed already.
    """
    deal = find(session, Deal, deal)
    known = fields_of(Deal)
    if not (reason or "").strip():
        raise InvalidInput(_(known["lost_reason"].label), "", _("say why the deal was lost"))
    note = known["lost_note"].read(note)
    lost = _closing_stage(session, deal, StageKind.LOST)
    move_deal(session, deal, lost, at=at, reason=reason, closed_on=closed_on)
    deal.lost_note = note
    if competitor and (name := fields_of(DealCompetitor)["name"].read(competitor)):
        there = next((one for one in deal.competitors if one.name.casefold() == name.casefold()), None)
        if there is None:
            there = DealCompetitor(name=name)
            deal.competitors.append(there)
        there.has_won = True
    return deal


def reopen_deal(session: Session, deal: Deal | int, *, at: datetime, stage: Stage | int | None = None) -> Deal:
    """Take a closed deal back into an open stage, or into the last open one it was in.

    Raises InvalidTransition where it is open. What made it close stays in its history; commissions it earned are
    taken back.
    """
    deal = find(session, Deal, deal)
    if deal.stage.kind is StageKind.OPEN:
        raise InvalidTransition(_("“{deal}” is open already.").format(deal=deal.name))
    if stage is None:
        first = [one for one in deal.stage.pipeline.stages if one.kind is StageKind.OPEN and one.archived_at is None]
        open_ones = [event.stage for event in deal.stage_events if event.stage in first]
        stage = (open_ones or first[:1])[-1]
    stage = find(session, Stage, stage)
    if stage.kind is not StageKind.OPEN or stage.pipeline_id != deal.stage.pipeline_id:
        raise InvalidTransition(_("{stage} is not an open stage of this pipeline.").format(stage=stage.name))
    _usable(stage)
    enter_stage(deal, stage, at)
    for competitor in deal.competitors:
        competitor.has_won = False
    deal.closed_on = deal.lost_reason = deal.lost_note = None
    tell_deal(session, deal, DealReopened, at)
    reverse_commissions(session, deal, at=at)
    return deal


def change_pipeline(
    session: Session,
    deal: Deal | int,
    pipeline: Pipeline | int,
    *,
    at: datetime,
    stage: Stage | int | None = None,
) -> Deal:
    """Let a deal go on in another pipeline, in `stage` or in the one there that stands for the same.

    The same is: a stage of that name, else of that canonical status, else (for an open deal) as far along, else the
    stage for won or lost deals. Whether it is open, won or lost does not change; its history stays. Raises
    InvalidTransition where it is in that pipeline already or the stage does not fit.
    """
    deal, pipeline = find(session, Deal, deal), find(session, Pipeline, pipeline)
    left = deal.stage.pipeline
    if left is pipeline:
        raise InvalidTransition(_("“{deal}” is in this pipeline already.").format(deal=deal.name))
    stage = find(session, Stage, stage) if stage is not None else _same_stage(deal.stage, pipeline)
    if stage.pipeline_id != pipeline.id or stage.kind is not deal.stage.kind:
        raise InvalidTransition(
            _("{stage} does not fit: choose a stage of that pipeline that means the same.").format(stage=stage.name)
        )
    _usable(stage)
    enter_stage(deal, stage, at)
    tell_deal(session, deal, DealPipelineChanged, at, pipeline=pipeline.name, left_pipeline=left.name)
    return deal


def duplicate_deal(session: Session, deal: Deal | int, *, at: datetime, name: str | None = None) -> Deal:
    """A new open deal after the pattern of another: same party, owners, product, amount, lines, people, competitors.

    It begins in the first stage of the same pipeline, with no history and no dates of its own. The inquiry stays
    with the deal that came from it.
    """
    old = find(session, Deal, deal)
    stage = next(
        (one for one in old.stage.pipeline.stages if one.kind is StageKind.OPEN and one.archived_at is None), None
    )
    if stage is None:
        raise Refused(_("This pipeline has no stage for {kind} deals.").format(kind=StageKind.OPEN.value))
    new = Deal(
        name=fields_of(Deal)["name"].read(name or old.name),
        party_id=old.party_id,
        owner_id=old.owner_id,
        product_id=old.product_id,
        stage=stage,
        opened_on=at.date(),
    )
    set_amount(new, old.amount, at=at)
    new.stage_events.append(StageEvent(stage=stage, entered_at=at))
    session.add(new)
    for owner in old.owners:
        new.owners.append(DealOwner(party_id=owner.party_id, share=owner.share, role=owner.role))
    for contact in old.contacts:
        new.contacts.append(DealContact(party_id=contact.party_id, role=contact.role, note=contact.note))
    for one in old.competitors:
        new.competitors.append(
            DealCompetitor(name=one.name, party_id=one.party_id, strengths=one.strengths, weaknesses=one.weaknesses)
        )
    for line in old.lines:
        new.lines.append(
            DealLine(
                position=line.position,
                product_id=line.product_id,
                quantity=line.quantity,
                unit_price=line.unit_price,
                currency=line.currency,
            )
        )
    tell_deal(session, new, DealDuplicated, at, original=old.name, original_id=old.id)
    return new


def delete_deal(session: Session, deal: Deal | int, *, at: datetime, reason: str | None = None) -> None:
    """Delete a deal and its parts; the journal keeps them all, so that it can be brought back.

    Raises Refused where a commission on it was paid: then reopen it or lose it, and the payment stays explained.
    """
    deal = find(session, Deal, deal)
    if any(one.paid_on is not None for one in deal.commissions):
        raise Refused(_("A commission on “{deal}” was paid, so it cannot be deleted.").format(deal=deal.name))
    tell_deal(session, deal, DealDeleted, at, reason=reason)
    session.delete(deal)
    session.flush()


# What a form asks for and `Deal.amount` keeps.
AMOUNT = Field("amount", lazy("Amount"), "money", low=0)


# What links a deal to other records, for `edit_deal`.
LINKS: dict[str, Any] = {"party_id": Party, "owner_id": Party, "product_id": Product, "lead_id": Lead}


def edit_deal(
    session: Session,
    deal: Deal | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    currency: str = "",
    at: datetime | None = None,
    why: str | None = None,
) -> Deal:
    """Change fields of a deal to what was typed: name, amount (in `currency`), expected_close_on, opened_on,
    probability, next_step, next_step_on, party_id, owner_id, product_id, lead_id, custom ones.

    `was` is what the editor saw: where another value is stored by now, nothing changes and Conflict has both. `why`
    stands beside a new amount or expected close in the deal's history.
    """
    deal = find(session, Deal, deal)
    at = session_time(session, at)
    known = {**fields_of(Deal, shown="form"), "amount": AMOUNT}
    more = {key: value for key, value in typed.items() if key not in known and key not in LINKS}
    typed = {key: value for key, value in typed.items() if key not in more}
    if more:
        set_custom(session, deal, more, was=was, currency=currency)
    values = read_edit(session, deal, typed, was=was, known=known, links=LINKS, currency=currency)
    if "lost_reason" in values:
        values["lost_reason"] = read_lost_reason(session, values["lost_reason"])
    if "amount" in values:
        _not_negative(values["amount"])
    for key, value in values.items():
        if key == "amount":
            _change_amount(session, deal, value, at=at, why=why)
        elif key == "expected_close_on":
            set_expected_close(deal, value, at=at, why=why)
        elif key == "owner_id":
            assign_deal(session, deal, value, at=at, reason=why)
        else:
            setattr(deal, key, value)
    return deal


def _change_amount(session: Session, deal: Deal, amount: Money | None, *, at: datetime, why: str | None) -> None:
    before = deal.amount
    if set_amount(deal, _not_negative(amount), at=at, why=why):
        told = {"before": plain_money(before), "after": plain_money(amount), "why": why}
        tell_deal(session, deal, DealAmountChanged, at, **told)


def enter_stage(deal: Deal, stage: Stage, at: datetime) -> None:
    deal.stage = stage
    deal.stage_events.append(StageEvent(stage=stage, entered_at=at))


def _first_stage(session: Session) -> Stage:
    rows = (
        select(Stage)
        .join(Pipeline, Pipeline.id == Stage.pipeline_id)
        .where(Stage.kind == StageKind.OPEN, Stage.archived_at.is_(None), Pipeline.archived_at.is_(None))
    )
    stage = session.scalar(rows.order_by(Stage.pipeline_id, Stage.position).limit(1))
    if stage is None:
        raise Refused(_("There is no pipeline yet. Add one before the first deal."))
    return stage


def _closing_stage(session: Session, deal: Deal, kind: StageKind) -> Stage:
    rows = select(Stage).where(
        Stage.pipeline_id == deal.stage.pipeline_id, Stage.kind == kind, Stage.archived_at.is_(None)
    )
    stage = session.scalar(rows.order_by(Stage.position).limit(1))
    if stage is None:
        raise Refused(_("This pipeline has no stage for {kind} deals.").format(kind=kind.value))
    return stage


def _same_stage(stage: Stage, pipeline: Pipeline) -> Stage:
    """The stage of another pipeline that stands for the same."""
    there = [one for one in pipeline.stages if one.kind is stage.kind and one.archived_at is None]
    if not there:
        raise Refused(_("This pipeline has no stage for {kind} deals.").format(kind=stage.kind.value))
    named = [one for one in there if one.name.casefold() == stage.name.casefold()]
    alike = [one for one in there if stage.canonical is not None and one.canonical is stage.canonical]
    here = [one for one in stage.pipeline.stages if one.kind is stage.kind]
    as_far = round(here.index(stage) * (len(there) - 1) / max(1, len(here) - 1))
    return next(iter(named + alike), there[min(as_far, len(there) - 1)])


def _usable(stage: Stage) -> None:
    if stage.archived_at is not None or stage.pipeline.archived_at is not None:
        raise InvalidTransition(_("{stage} is archived and takes no deals.").format(stage=stage.name))


def _not_negative(amount: Money | None) -> Money | None:
    if amount is not None and amount.minor < 0:
        raise InvalidInput(_(AMOUNT.label), amount.amount, _("a deal is worth nothing or more"))
    return amount
