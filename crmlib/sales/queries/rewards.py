"""What may be asked about targets and commissions."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Double, case, cast, func, select
from sqlalchemy.orm import Session, aliased, selectinload

from crmlib.base import Money, find, major_units, read_frame
from crmlib.contacts import Party
from crmlib.sales.queries.sums import converted_sum
from crmlib.sales.records import Commission, CommissionPlan, Deal, Measure, Seller, Stage, StageKind, Target

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COMMISSIONS",
    "TARGETS",
    "Attainment",
    "attainment",
    "commissions",
    "commissions_due",
    "targets",
    "team_of",
]

TARGETS = {
    "target_id": "int64",
    "level": "category",
    "who_id": "Int64",
    "who": "str",
    "period": "category",
    "from_on": "datetime64[s]",
    "to_on": "datetime64[s]",
    "measure": "category",
    "target": "float64",
    "currency": "category",
    "won": "float64",
    "n_won": "int64",
    "attainment_rate": "float64",
}
COMMISSIONS = {
    "commission_id": "int64",
    "deal_id": "int64",
    "deal": "str",
    "seller_id": "int64",
    "seller": "str",
    "plan": "str",
    "share": "float64",
    "base": "float64",
    "amount": "float64",
    "currency": "category",
    "earned_on": "datetime64[s]",
    "paid_on": "datetime64[s]",
    "status": "category",
    "reverses_id": "Int64",
}


@dataclass(frozen=True)
class Attainment:
    """How far a target is reached. `won` is what was won in its period, one Money per currency; `counted` the part of
    it that counts towards an amount, in the target's currency, and `left_out` what did not because it is in another.
    `n_won` counts deals. `rate` is 1 where the target is just reached; `rates_on` the day of the oldest exchange rate
    used, None where there was none.
    """

    target: Target
    won: list[Money]
    counted: Money | None
    left_out: list[Money]
    n_won: int
    rate: Decimal
    rates_on: date | None


def attainment(session: Session, target: Target | int, *, converted: bool = False) -> Attainment:
    """How far a target is reached by the deals won in its period.

    A deal counts for each owner by their share, for a team by the shares of its sellers; it counts as one deal for
    its main owner and their team. An amount counts deals in the target's currency; with `converted` those in
    others too, at the rates of the period's last day or the newest of the days before, and Refused is raised where
    one is missing.
    """
    target = find(session, Target, target)
    who = {target.owner_id} if target.owner_id else team_of(session, target.team_id) if target.team_id else None
    sums: dict[str, Decimal] = {}
    n_won = 0
    rows = (
        select(Deal)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Stage.kind == StageKind.WON, Deal.closed_on >= target.from_on, Deal.closed_on <= target.to_on)
        .options(selectinload(Deal.owners))
        .order_by(Deal.id)
    )
    for deal in session.scalars(rows):
        others = {one.party_id: one.share for one in deal.owners if one.party_id != deal.owner_id}
        main = 100 - sum(others.values(), Decimal())
        if who is None:
            share = Decimal(100)
        else:
            share = sum((part for party_id, part in others.items() if party_id in who), Decimal())
            share += main if deal.owner_id in who else 0
        n_won += who is None or deal.owner_id in who
        if deal.amount and share:
            sums[deal.amount.currency] = sums.get(deal.amount.currency, Decimal()) + deal.amount.minor * share / 100
    won = [Money(int(sums[one].to_integral_value(ROUND_HALF_EVEN)), one) for one in sorted(sums)]
    if target.measure is Measure.COUNT:
        return Attainment(target, won, None, [], n_won, Decimal(n_won) / (target.n_deals or 1), None)
    assert target.amount is not None
    currency = target.amount.currency
    if converted:
        one = converted_sum(session, won, currency, on=target.to_on)
        counted, left_out, rates_on = one.total, [], one.rates_on
    else:
        counted = next((money for money in won if money.currency == currency), Money(0, currency))
        left_out, rates_on = [money for money in won if money.currency != currency], None
    rate = Decimal(counted.minor) / target.amount.minor
    return Attainment(target, won, counted, left_out, n_won, rate, rates_on)


def targets(session: Session, *, on: date | None = None) -> "pd.DataFrame":
    """Every target and how far it is reached, by its first day; only those that run on a day where `on` is given.

    One row per target. Columns are `TARGETS`. `level` is seller, team or all; `who` the seller or who leads the team.
    `target` is an amount in major units of `currency`, or a number of deals; `won` is counted alike, in that currency
    only. `attainment_rate` is 1 where the target is just reached.
    """
    import pandas as pd

    rows = select(Target).options(selectinload(Target.owner), selectinload(Target.team))
    found = session.scalars(rows.order_by(Target.from_on, Target.id)).all()
    shown: list[dict[str, Any]] = []
    for target in found:
        if on is not None and not target.from_on <= on <= target.to_on:
            continue
        reached = attainment(session, target)
        who = target.owner or target.team
        is_amount = target.amount is not None
        shown.append(
            {
                "target_id": target.id,
                "level": "seller" if target.owner_id else "team" if target.team_id else "all",
                "who_id": who.id if who else None,
                "who": who.name if who else None,
                "period": target.period.value,
                "from_on": pd.Timestamp(target.from_on),
                "to_on": pd.Timestamp(target.to_on),
                "measure": target.measure.value,
                "target": float(target.amount.amount) if target.amount else float(target.n_deals or 0),
                "currency": target.currency if is_amount else None,
                "won": float(reached.counted.amount) if reached.counted else float(reached.n_won),
                "n_won": reached.n_won,
                "attainment_rate": float(reached.rate),
            }
        )
    return pd.DataFrame({name: pd.Series([row[name] for row in shown], dtype=dtype) for name, dtype in TARGETS.items()})


def team_of(session: Session, leader_id: int) -> set[int]:
    """Who sells under somebody, however many levels down, and they themselves."""
    below: dict[int, list[int]] = {}
    for seller_id, manager_id in session.execute(select(Seller.party_id, Seller.manager_id)):
        if manager_id is not None:
            below.setdefault(manager_id, []).append(seller_id)
    team, to_see = {leader_id}, [leader_id]
    while to_see:
        for seller_id in below.get(to_see.pop(), []):
            if seller_id not in team:
                team.add(seller_id)
                to_see.append(seller_id)
    return team


def commissions(session: Session) -> "pd.DataFrame":
    """Every commission and every reversal, in the order they arose.

    One row each. Columns are `COMMISSIONS`. `share` is in percent, `base` the seller's part of the deal and `amount`
    what it earned, in major units of `currency` (never add two); both below nothing in a reversal. `status` is
    payable or paid; `reverses_id` says which commission a reversal takes back.
    """
    seller = aliased(Party, name="seller")
    rows = (
        select(
            Commission.id.label("commission_id"),
            Commission.deal_id,
            Deal.name.label("deal"),
            Commission.party_id.label("seller_id"),
            seller.name.label("seller"),
            CommissionPlan.name.label("plan"),
            (cast(Commission.share, Double) / 100).label("share"),
            major_units(Commission.base_minor, Commission.currency).label("base"),
            major_units(Commission.amount_minor, Commission.currency).label("amount"),
            Commission.currency,
            Commission.earned_on,
            Commission.paid_on,
            case((Commission.paid_on.is_(None), "payable"), else_="paid").label("status"),
            Commission.reverses_id,
        )
        .join(Deal, Deal.id == Commission.deal_id)
        .join(seller, seller.id == Commission.party_id)
        .join(CommissionPlan, CommissionPlan.id == Commission.plan_id)
        .order_by(Commission.id)
    )
    return read_frame(session, rows, COMMISSIONS)


def commissions_due(session: Session, *, until: date | None = None) -> list[dict[str, Any]]:
    """What is to be paid to whom: dicts of party_id, seller, amount (Money, below nothing where owed back), n.

    One per seller and currency, by name; earned until a day where one is given.
    """
    rows = (
        select(
            Commission.party_id,
            Party.name.label("seller"),
            Commission.currency,
            func.sum(Commission.amount_minor).label("minor"),
            func.count().label("n"),
        )
        .join(Party, Party.id == Commission.party_id)
        .where(Commission.paid_on.is_(None))
        .group_by(Commission.party_id, Party.name, Party.folded, Commission.currency)
        .order_by(Party.folded, Commission.party_id, Commission.currency)
    )
    if until is not None:
        rows = rows.where(Commission.earned_on <= until)
    return [
        {"party_id": party_id, "seller": name, "amount": Money(int(minor), currency), "n": n}
        for party_id, name, currency, minor, n in session.execute(rows)
    ]
