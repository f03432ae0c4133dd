"""What may be done with targets, commission plans and commissions."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import Field, InvalidInput, Money, Refused, check_currency, fields_of, find, tell
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy
from crmlib.sales.editing import plain_money, read_edit, read_percent
from crmlib.sales.events import CommissionEarned, CommissionEvent, CommissionPaid, CommissionReversed
from crmlib.sales.records import (
    Commission,
    CommissionPlan,
    CommissionTier,
    Counting,
    Deal,
    Measure,
    Period,
    StageKind,
    Target,
)

__all__ = [
    "add_commission_plan",
    "delete_target",
    "earn_commissions",
    "edit_target",
    "end_commission_plan",
    "pay_commissions",
    "reverse_commissions",
    "set_target",
]

TARGET_AMOUNT = Field("amount", lazy("Amount"), "money", low=0, required=True)


def set_target(
    session: Session,
    *,
    period: Period | str,
    from_on: date,
    amount: Money | None = None,
    n_deals: int | None = None,
    owner: Party | int | None = None,
    team: Party | int | None = None,
) -> Target:
    """What is to be won from the first day of a month on, for a month, a quarter or a year (which may be a fiscal one).

    By one seller (`owner`), by a team (`team` is who leads it), or by everybody where neither is named; as an
    `amount` or as a number of deals. Raises InvalidInput for a target that cannot be, Refused where there is one.
    """
    known = fields_of(Target)
    if (amount is None) == (n_deals is None):
        raise InvalidInput(_("Target"), "", _("give an amount or a number of deals"))
    if owner is not None and team is not None:
        raise InvalidInput(_("Target"), "", _("a target is a seller's or a team's, not both"))
    if amount is not None and amount.minor <= 0:
        raise InvalidInput(_("Amount"), amount.amount, _("a target is more than nothing"))
    target = Target(
        owner=None if owner is None else find(session, Party, owner),
        team=None if team is None else find(session, Party, team),
        period=known["period"].read(period),
        from_on=known["from_on"].read(from_on),
        measure=Measure.COUNT if amount is None else Measure.AMOUNT,
        n_deals=known["n_deals"].read(n_deals),
    )
    target.amount = amount
    if target.from_on.day != 1:
        raise InvalidInput(_("From"), target.from_on, _("a period begins on the first of a month"))
    same = select(Target).where(
        Target.period == target.period,
        Target.from_on == target.from_on,
        Target.measure == target.measure,
        Target.owner_id.is_not_distinct_from(target.owner.id if target.owner else None),
        Target.team_id.is_not_distinct_from(target.team.id if target.team else None),
        Target.currency.is_not_distinct_from(target.currency),
    )
    with session.no_autoflush:
        if session.scalar(same) is not None:
            raise Refused(_("There is such a target for this period already. Change that one."))
    session.add(target)
    session.flush()
    return target


def edit_target(
    session: Session, target: Target | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Target:
    """Change what is aimed at: `amount` in the target's own currency, or `n_deals`. Raises Conflict as every edit."""
    target = find(session, Target, target)
    measured = (
        {"amount": TARGET_AMOUNT} if target.measure is Measure.AMOUNT else {"n_deals": fields_of(Target)["n_deals"]}
    )
    for key, value in read_edit(session, target, typed, was=was, known=measured).items():
        if value is None:
            raise InvalidInput(_("Target"), "", _("give an amount or a number of deals"))
        setattr(target, key, value)
    return target


def delete_target(session: Session, target: Target | int) -> None:
    """Aim at this no longer."""
    session.delete(find(session, Target, target))
    session.flush()


def add_commission_plan(
    session: Session,
    *,
    name: str,
    from_on: date,
    to_on: date | None = None,
    percent: Any = None,
    tiers: Sequence[tuple[Money, Any]] = (),
    counting: Counting | str = Counting.DEAL,
    currency: str | None = None,
    owner: Party | int | None = None,
    product: Product | int | None = None,
) -> CommissionPlan:
    """How deals that are won from one day to another are rewarded.

    `percent` of the amount; with `tiers` (an amount and the percent of what is won beyond it) what lies below the
    first of them earns `percent`. `counting` says what the tiers add up. Raises InvalidInput, Refused.
    """
    known = fields_of(CommissionPlan)
    plan = CommissionPlan(
        name=known["name"].read(name),
        percent=None if percent is None else read_percent(_("Percent"), percent),
        counting=known["counting"].read(counting),
        currency=check_currency(currency) if currency else None,
        from_on=known["from_on"].read(from_on),
        to_on=known["to_on"].read(to_on),
        owner=None if owner is None else find(session, Party, owner),
        product=None if product is None else find(session, Product, product),
    )
    if plan.percent is None and not tiers:
        raise InvalidInput(_("Percent"), "", _("give a percentage or tiers"))
    if plan.to_on is not None and plan.to_on < plan.from_on:
        raise InvalidInput(_("To"), plan.to_on, _("ends before it begins"))
    currencies = {above.currency for above, _percent in tiers} | ({plan.currency} if plan.currency else set())
    if len(currencies) > 1:
        raise InvalidInput(_("Tiers"), "", _("a plan counts in one currency"))
    if len({above.minor for above, _percent in tiers}) < len(tiers):
        raise InvalidInput(_("Tiers"), "", _("two tiers begin at the same amount"))
    plan.currency = next(iter(currencies), None)
    for above, earns in tiers:
        if above.minor < 0:
            raise InvalidInput(_("Tiers"), above.amount, _("a tier begins at nothing or more"))
        plan.tiers.append(CommissionTier(above_minor=above.minor, percent=read_percent(_("Percent"), earns)))
    with session.no_autoflush:
        if session.scalar(select(CommissionPlan).where(CommissionPlan.name == plan.name)) is not None:
            raise Refused(_("There is a plan called “{name}” already.").format(name=plan.name))
    session.add(plan)
    session.flush()
    return plan


def end_commission_plan(session: Session, plan: CommissionPlan | int, *, on: date) -> CommissionPlan:
    """Let a plan end with a day; what it has earned until then stays."""
    plan = find(session, CommissionPlan, plan)
    if on < plan.from_on:
        raise InvalidInput(_("To"), on, _("ends before it begins"))
    plan.to_on = on
    return plan


def earn_commissions(session: Session, deal: Deal | int, *, at: datetime) -> list[Commission]:
    """What a won deal earns its owners, by the plans of the day it was closed; winning a deal calls this.

    Each owner's share of the amount is rewarded by one plan: of those that fit, the one for this seller before the
    one for this product before the general one, the newest of equals. Where no plan fits, there is no commission.
    Shares are whole minor units that add up to the amount; a commission is rounded once, half to even. A deal that
    has earned already earns nothing again. Tiers go on from what the seller has earned by this plan in the period;
    what others earned stays when an earlier deal is reopened.
    """
    deal = find(session, Deal, deal)
    if deal.stage.kind is not StageKind.WON or deal.closed_on is None or not deal.amount or not deal.amount.minor:
        return []
    taken_back = {one.reverses_id or (one.reverses and one.reverses.id) for one in deal.commissions}
    if any(one.reverses_id is None and one.id not in taken_back for one in deal.commissions):
        return []
    earned = []
    for party_id, share, base in _shares(deal):
        plan = _plan(session, deal, party_id)
        if plan is None or base == 0:
            continue
        already = _already(session, plan, party_id, deal.amount.currency, deal.closed_on)
        row = Commission(
            plan=plan,
            party_id=party_id,
            share=share,
            base_minor=base,
            amount_minor=commission_minor(plan, base, already=already),
            currency=deal.amount.currency,
            earned_on=deal.closed_on,
        )
        deal.commissions.append(row)
        session.flush()
        earned.append(row)
        _tell(session, row, CommissionEarned, at)
    return earned


def reverse_commissions(session: Session, deal: Deal | int, *, at: datetime) -> list[Commission]:
    """Take back what a deal earned, by rows of the same amounts below nothing; reopening a deal calls this.

    What was paid already is owed back: it is settled with the seller's next payment.
    """
    deal = find(session, Deal, deal)
    taken_back = {one.reverses_id for one in deal.commissions}
    reversals = []
    for row in [one for one in deal.commissions if one.reverses_id is None and one.id not in taken_back]:
        reversal = Commission(
            plan_id=row.plan_id,
            party_id=row.party_id,
            share=row.share,
            base_minor=-row.base_minor,
            amount_minor=-row.amount_minor,
            currency=row.currency,
            earned_on=at.date(),
            reverses_id=row.id,
        )
        deal.commissions.append(reversal)
        session.flush()
        reversals.append(reversal)
        _tell(session, reversal, CommissionReversed, at)
    return reversals


def pay_commissions(
    session: Session, party: Party | int, *, until: date, at: datetime, paid_on: date | None = None
) -> list[Money]:
    """Settle all that a seller earned, or owes back, until a day and that is not paid: the sums, one per currency.

    Raises Refused where there is nothing to pay, or more was taken back than earned in a currency.
    """
    party = find(session, Party, party)
    rows = select(Commission).where(
        Commission.party_id == party.id, Commission.paid_on.is_(None), Commission.earned_on <= until
    )
    due = list(session.scalars(rows.order_by(Commission.id)))
    if not due:
        raise Refused(_("There is nothing to pay to {name}.").format(name=party.name))
    sums: dict[str, Money] = {}
    for row in due:
        sums[row.currency] = sums.get(row.currency, Money(0, row.currency)) + row.amount
    owing = [money for money in sums.values() if money.minor < 0]
    if owing:
        says = _("{name} has {amount} to pay back; it waits for the next commission.")
        raise Refused(says.format(name=party.name, amount=Money(-owing[0].minor, owing[0].currency)))
    for row in due:
        row.paid_on = paid_on or at.date()
        _tell(session, row, CommissionPaid, at)
    return [sums[currency] for currency in sorted(sums)]


def commission_minor(plan: CommissionPlan, base: int, *, already: int = 0) -> int:
    """What `base` minor units earn by a plan, in minor units, where `already` were counted in the period before.

    Every slice between two tiers earns its own percent; the sum is rounded once, half to even.
    """
    tiers = {0: plan.percent or Decimal()}
    tiers |= {tier.above_minor: tier.percent for tier in plan.tiers}
    begins = sorted(tiers)
    earned = Decimal()
    for number, low in enumerate(begins):
        high = begins[number + 1] if number + 1 < len(begins) else None
        top = already + base if high is None else min(high, already + base)
        slice_minor = max(0, top - max(low, already))
        earned += slice_minor * tiers[low] / 100
    return int(earned.to_integral_value(ROUND_HALF_EVEN))


def deal_shares(deal: Deal) -> list[tuple[int, Decimal]]:
    """Who has how much of a deal in percent: the others by their rows, the main owner what they leave."""
    shares = [(one.party_id, one.share) for one in deal.owners if one.party_id != deal.owner_id]
    left = 100 - sum((share for _party, share in shares), Decimal())
    return [*shares, (deal.owner_id, left)] if deal.owner_id is not None and left > 0 else shares


def _shares(deal: Deal) -> list[tuple[int, Decimal, int]]:
    """The shares with their minor units; whoever comes last takes what rounding leaves, where all is shared out."""
    assert deal.amount is not None
    found = []
    left = deal.amount.minor
    shares = deal_shares(deal)
    is_all = sum(share for _party, share in shares) == 100
    for number, (party_id, share) in enumerate(shares):
        exact = Decimal(deal.amount.minor) * share / 100
        is_last = is_all and number == len(shares) - 1
        base = left if is_last else int(exact.to_integral_value(ROUND_HALF_EVEN))
        left -= base
        found.append((party_id, share, base))
    return found


def _plan(session: Session, deal: Deal, party_id: int) -> CommissionPlan | None:
    assert deal.amount is not None
    plan = CommissionPlan
    rows = select(plan).where(
        plan.from_on <= deal.closed_on,
        plan.to_on.is_(None) | (plan.to_on >= deal.closed_on),
        plan.currency.is_(None) | (plan.currency == deal.amount.currency),
        plan.owner_id.is_(None) | (plan.owner_id == party_id),
        plan.product_id.is_(None) | (plan.product_id == deal.product_id),
    )
    fitting = session.scalars(rows).all()
    return max(
        fitting,
        key=lambda one: (one.owner_id is not None, one.product_id is not None, one.from_on, one.id),
        default=None,
    )


def _already(session: Session, plan: CommissionPlan, party_id: int, currency: str, day: date) -> int:
    """What a seller has earned commission on by a plan in the period of a day, in minor units."""
    if plan.counting is Counting.DEAL:
        return 0
    period = Period(plan.counting.value)
    first = period.first_day(day)
    taken_back = select(Commission.reverses_id).where(Commission.reverses_id.is_not(None))
    rows = select(func.coalesce(func.sum(Commission.base_minor), 0)).where(
        Commission.plan_id == plan.id,
        Commission.party_id == party_id,
        Commission.currency == currency,
        Commission.earned_on >= first,
        Commission.earned_on <= period.last_day(first),
        Commission.reverses_id.is_(None),
        Commission.id.not_in(taken_back),
    )
    return int(session.scalar(rows) or 0)


def _tell(session: Session, row: Commission, event: type[CommissionEvent], at: datetime) -> None:
    session.flush()
    tell(
        session,
        event(
            record_id=row.id,
            party_id=row.party_id,
            at=at,
            deal=row.deal.name,
            deal_id=row.deal.id,
            seller=find(session, Party, row.party_id).name,
            amount=plain_money(row.amount),
        ),
    )
