"""What may be done with deals and pipelines."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import (
    Conflict,
    Field,
    InvalidInput,
    InvalidTransition,
    Money,
    Refused,
    as_json,
    fields_of,
    find,
    tell,
)
from crmlib.catalog import Product
from crmlib.contacts import Lifecycle, Party, set_lifecycle
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy
from crmlib.sales.events import DealEvent, DealLost, DealMoved, DealOpened, DealReopened, DealWon
from crmlib.sales.records import Deal, Pipeline, Seller, Stage, StageEvent, StageKind

__all__ = [
    "add_pipeline",
    "add_seller",
    "edit_deal",
    "lose_deal",
    "move_deal",
    "open_deal",
    "reopen_deal",
    "win_deal",
]

# With these, winning a deal makes a customer; a partner who buys stays a partner.
_NOT_YET_CUSTOMERS = frozenset({Lifecycle.PROSPECT, Lifecycle.LEAD, Lifecycle.FORMER})

DEFAULT_STAGES = (lazy("Qualified"), lazy("Needs analysis"), lazy("Offer sent"), lazy("Negotiation"))
WON, LOST = lazy("Won"), lazy("Lost")


def add_pipeline(
    session: Session,
    *,
    name: str,
    open_stages: Sequence[str] = (),
    won: str = "",
    lost: str = "",
) -> Pipeline:
    """A pipeline with its open stages in order, then the stage of won and the stage of lost deals.

    Raises Refused where a pipeline of that name exists already.
    """
    name = fields_of(Pipeline)["name"].read(name)
    if session.scalar(select(Pipeline).where(Pipeline.name == name)) is not None:
        raise Refused(_("There is a pipeline called “{name}” already.").format(name=name))
    names = list(open_stages) or [_(stage) for stage in DEFAULT_STAGES]
    kinds = [StageKind.OPEN] * len(names) + [StageKind.WON, StageKind.LOST]
    names += [won or _(WON), lost or _(LOST)]
    pipeline = Pipeline(name=name)
    pipeline.stages = [
        Stage(name=stage, position=position, kind=kind)
        for position, (stage, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    session.add(pipeline)
    session.flush()
    return pipeline


def add_seller(
    session: Session, party: Party | int, *, manager: Party | int | None = None, region: str | None = None
) -> Seller:
    """Say that a colleague sells, under whom and where; what was said before is replaced."""
    party = find(session, Party, party)
    seller = session.get(Seller, party.id) or Seller(party_id=party.id)
    seller.manager_id = None if manager is None else find(session, Party, manager).id
    seller.region = region
    session.add(seller)
    session.flush()
    return seller


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
) -> Deal:
    """A sale that may happen, in an open stage; without one, in the first of the oldest pipeline.

    Raises Refused where there is no pipeline yet, InvalidTransition where the stage is not an open one.
    """
    stage = find(session, Stage, stage) if stage is not None else _first_stage(session)
    if stage.kind is not StageKind.OPEN:
        raise InvalidTransition(_("A deal begins in an open stage; {stage} is not one.").format(stage=stage.name))
    known = fields_of(Deal)
    deal = Deal(
        name=known["name"].read(name),
        party=None if party is None else find(session, Party, party),
        owner=None if owner is None else find(session, Party, owner),
        product=None if product is None else find(session, Product, product),
        stage=stage,
        amount=_not_negative(amount),
        opened_on=known["opened_on"].read(opened_on) or at.date(),
        expected_close_on=known["expected_close_on"].read(expected_close_on),
    )
    deal.stage_events.append(StageEvent(stage=stage, entered_at=at))
    session.add(deal)
    session.flush()
    _tell(session, deal, DealOpened, at)
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
    _enter(deal, stage, at)
    if stage.kind is StageKind.OPEN:
        _tell(session, deal, DealMoved, at)
        return deal
    deal.closed_on = closed_on or at.date()
    if stage.kind is StageKind.WON:
        if deal.party is not None and deal.party.lifecycle in _NOT_YET_CUSTOMERS:
            set_lifecycle(session, deal.party, Lifecycle.CUSTOMER, at=at, reason=_("Won a deal"))
        _tell(session, deal, DealWon, at)
    else:
        deal.lost_reason = fields_of(Deal)["lost_reason"].read(reason)
        _tell(session, deal, DealLost, at, reason=deal.lost_reason)
    return deal


def win_deal(session: Session, deal: Deal | int, *, at: datetime, closed_on: date | None = None) -> Deal:
    """Close a deal as won. Raises InvalidTransition where it is closed already."""
    deal = find(session, Deal, deal)
    return move_deal(session, deal, _closing_stage(session, deal, StageKind.WON), at=at, closed_on=closed_on)


def lose_deal(
    session: Session,
    deal: Deal | int,
    *,
    reason: str,
    at: datetime,
    note: str | None = None,
    closed_on: date | None = None,
) -> Deal:
    """Close a deal as lost, and say why: one of LOST_REASONS, or words of one's own.

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
    return deal


def reopen_deal(session: Session, deal: Deal | int, *, at: datetime, stage: Stage | int | None = None) -> Deal:
    """Take a closed deal back into an open stage, or into the last open one it was in.

    Raises InvalidTransition where it is open. What made it close stays in its history.
    """
    deal = find(session, Deal, deal)
    if deal.stage.kind is StageKind.OPEN:
        raise InvalidTransition(_("“{deal}” is open already.").format(deal=deal.name))
    if stage is None:
        open_ones = [event.stage for event in deal.stage_events if event.stage.kind is StageKind.OPEN]
        first = [one for one in deal.stage.pipeline.stages if one.kind is StageKind.OPEN]
        stage = (open_ones or first[:1])[-1]
    stage = find(session, Stage, stage)
    if stage.kind is not StageKind.OPEN or stage.pipeline_id != deal.stage.pipeline_id:
        raise InvalidTransition(_("{stage} is not an open stage of this pipeline.").format(stage=stage.name))
    _enter(deal, stage, at)
    deal.closed_on = deal.lost_reason = deal.lost_note = None
    _tell(session, deal, DealReopened, at)
    return deal


# What a form asks for and `Deal.amount` keeps.
AMOUNT = Field("amount", lazy("Amount"), "money", low=0)


def edit_deal(
    session: Session,
    deal: Deal | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    currency: str = "",
) -> Deal:
    """Change fields of a deal to what was typed: name, amount (in `currency`), expected_close_on, opened_on,
    party_id, owner_id, product_id.

    `was` is what the editor saw: where another value is stored by now, nothing changes and Conflict has both.
    """
    deal = find(session, Deal, deal)
    known = {**fields_of(Deal), "amount": AMOUNT}
    links: dict[str, Any] = {"party_id": Party, "owner_id": Party, "product_id": Product}
    for key in typed:
        if key not in known and key not in links:
            raise InvalidInput(_("Field"), key, _("no such field here"))
        theirs = _current(deal, key)
        if was is not None and key in was and (as_json(was[key]) or None) != (theirs or None):
            message = _("Someone changed this in the meantime: it says {value} now.").format(value=theirs or "–")
            raise Conflict(message, mine={key: typed[key]}, theirs={key: theirs})
    for key, value in typed.items():
        if key in links:
            setattr(deal, key, _link(session, links[key], value))
        elif key == "amount":
            money = currency or deal.currency or ""
            deal.amount = _not_negative(AMOUNT.read(value, currency=money))
        else:
            setattr(deal, key, known[key].read(value))
    return deal


def _enter(deal: Deal, stage: Stage, at: datetime) -> None:
    deal.stage = stage
    deal.stage_events.append(StageEvent(stage=stage, entered_at=at))


def _tell(session: Session, deal: Deal, event: type[DealEvent], at: datetime, **more: Any) -> None:
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


def _first_stage(session: Session) -> Stage:
    rows = select(Stage).where(Stage.kind == StageKind.OPEN).order_by(Stage.pipeline_id, Stage.position).limit(1)
    stage = session.scalar(rows)
    if stage is None:
        raise Refused(_("There is no pipeline yet. Add one before the first deal."))
    return stage


def _closing_stage(session: Session, deal: Deal, kind: StageKind) -> Stage:
    rows = select(Stage).where(Stage.pipeline_id == deal.stage.pipeline_id, Stage.kind == kind)
    stage = session.scalar(rows.order_by(Stage.position).limit(1))
    if stage is None:
        raise Refused(_("This pipeline has no stage for {kind} deals.").format(kind=kind.value))
    return stage


def _link(session: Session, kind: type[Any], value: Any) -> int | None:
    if value in (None, "", 0):
        return None
    written = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19
    if not written and not isinstance(value, int):
        raise InvalidInput(_(kind.__name__), str(value)[:40], _("choose one that is there"))
    number: int = find(session, kind, int(value)).id
    return number


def _not_negative(amount: Money | None) -> Money | None:
    if amount is not None and amount.minor < 0:
        raise InvalidInput(_(AMOUNT.label), amount.amount, _("a deal is worth nothing or more"))
    return amount


def _current(deal: Deal, key: str) -> Any:
    value = getattr(deal, key)
    return str(value.amount) if isinstance(value, Money) else as_json(value)
