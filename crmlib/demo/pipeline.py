"""How deals go: who opens which, through which stages, how long it takes, how it ends. Plans only, no database."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from crmlib.demo.diary import working_day
from crmlib.demo.market import OrganizationPlan
from crmlib.demo.sources import fill, read

# Odds that an average seller wins an ordinary deal with somebody new; with what is added below, three in ten are won.
BASE_ODDS = 0.33
# Of the deals that will be lost, those that nobody works on and nobody closes for months: every pipeline has them.
STALE_SHARE = 0.09


@dataclass(frozen=True)
class SellerPlan:
    """A seller: `skill` multiplies the odds of winning, `pace` the days a stage takes, `share` the number of deals."""

    name: str
    region: str
    skill: float
    pace: float
    share: float
    joined_on: date


@dataclass
class DealPlan:
    """A deal to be. `steps` are the stages with the day each was entered; `ends` is won, lost or open.

    A lost one may be reopened, and end again.
    """

    name: str
    organization: OrganizationPlan
    seller: SellerPlan
    product: str
    quantity: int
    amount: int
    steps: list[tuple[str, date]]
    ends: str
    closed_on: date | None
    expected_on: date | None
    reason: str | None = None
    is_stale: bool = False
    reopened_on: date | None = None
    ends_again: str = "open"
    closed_again_on: date | None = None
    final_amount: int = 0
    record_id: int = 0
    contact: int = 0

    @property
    def opened_on(self) -> date:
        return self.steps[0][1]


def plan_deals(
    rng: Random, sellers: list[SellerPlan], market: list[OrganizationPlan], *, count: int, begins: date, today: date
) -> list[DealPlan]:
    """`count` deals in the order in which they are opened; some of them still open `today`."""
    season = read("company")["season"]["opened"]
    span = (today - begins).days
    chances: list[tuple[date, SellerPlan]] = []
    weights: list[float] = []
    for offset in range(5, span):
        day = begins + timedelta(days=offset)
        if day.weekday() >= 5:
            continue
        growth = 0.85 + 0.35 * offset / span
        for seller in sellers:
            settled = (day - seller.joined_on).days
            if settled >= 0:
                chances.append((day, seller))
                weights.append(season[day.month - 1] * growth * seller.share * min(1.0, 0.4 + settled / 150))
    opened = sorted(rng.choices(chances, weights, k=count), key=lambda chance: (chance[0], chance[1].name))
    deals = []
    for day, seller in opened:
        # Those who are known since yesterday at least; who has bought buys again more often.
        own = [one for one in market if one.may_buy and one.known_on < day and one.owner_on(day) == seller.name]
        if own:
            again = [2.6 if any(won <= day for won in one.won_on) else 1.0 for one in own]
            deals.append(_deal(rng, day, seller, rng.choices(own, again)[0], today))
    return deals


def _deal(rng: Random, day: date, seller: SellerPlan, organization: OrganizationPlan, today: date) -> DealPlan:
    products = read("company")["products"]
    product = rng.choice(products)
    quantity = max(1, round(product["typical"] * rng.lognormvariate(0, 0.6)))
    amount = round(quantity * product["price"] * rng.choice((1.0, 1.0, 0.97, 0.95)) / 10) * 10
    size = quantity / product["typical"]
    plan = DealPlan(
        name=_name(rng, product["name"], organization.sector),
        organization=organization,
        seller=seller,
        product=product["name"],
        quantity=quantity,
        amount=amount,
        steps=[],
        ends="open",
        closed_on=None,
        expected_on=None,
        contact=rng.randrange(len(organization.people)),
    )
    is_won = rng.random() < _chance(plan, day, size)
    _walk(rng, plan, day, is_won=is_won, today=today)
    for ends, closed_on in ((plan.ends, plan.closed_on), (plan.ends_again, plan.closed_again_on)):
        if ends == "won" and closed_on is not None:
            organization.won_on.append(closed_on)
    return plan


def _chance(plan: DealPlan, day: date, size: float) -> float:
    odds = BASE_ODDS * plan.seller.skill
    odds *= 2.0 if any(won <= day for won in plan.organization.won_on) else 1.0
    odds *= 1.35 if plan.organization.source == "referral" else 1.0
    odds *= 0.7 if size > 1.8 else 1.0
    return odds / (1 + odds)


def _walk(rng: Random, plan: DealPlan, day: date, *, is_won: bool, today: date) -> None:
    """Lead the deal through its stages, up to its end or to today."""
    stages = read("company")["stages"]
    names = [stage["name"] for stage in stages]
    dies_in = None if is_won else rng.choices(names, [stage["lost_here"] for stage in stages])[0]
    reasons = read("company")["lost_reasons"]
    reason = None if is_won else rng.choices(list(reasons), list(reasons.values()))[0]
    plan.is_stale = not is_won and rng.random() < STALE_SHARE
    planned = sum(stage["days"] for stage in stages) * rng.uniform(0.7, 1.25)
    plan.expected_on = working_day(day + timedelta(days=round(planned))) if rng.random() < 0.93 else None
    route = list(stages)
    if rng.random() < 0.08:
        route.pop(1)  # those who know what they want need no analysis
    if rng.random() < 0.06:
        route[-1:-1] = [stages[1], stages[2]]  # a new question after the offer: back, and a second offer
    at = day
    for stage in route:
        plan.steps.append((stage["name"], at))
        stay = stage["days"] * plan.seller.pace * rng.lognormvariate(0, 0.55)
        if dies_in == stage["name"]:
            stay *= 2.1 if reason == "no answer" else 1.2
        at = working_day(at + timedelta(days=max(1, round(stay))))
        if at >= today:
            return
        if dies_in == stage["name"]:
            break
    if plan.is_stale:
        # Left lying, but not for years: somebody clears the board every now and then.
        at = working_day(at + timedelta(days=rng.randrange(50, 170)))
        reason = "no answer"
        if at >= today:
            return
    plan.ends = "won" if is_won else "lost"
    plan.closed_on = _towards_quarter_end(rng, at, today) if is_won else at
    plan.reason = reason
    plan.final_amount = (
        round(plan.amount * rng.choice((1.0, 1.0, 0.96, 0.93, 0.9)) / 10) * 10 if is_won else plan.amount
    )
    if not is_won and reason in ("no budget", "no answer") and rng.random() < 0.07:
        again = working_day(at + timedelta(days=rng.randrange(40, 150)))
        plan.reopened_on = again if again < today else None
        ended = working_day(again + timedelta(days=rng.randrange(25, 80)))
        if ended < today:
            plan.ends_again, plan.closed_again_on = rng.choice(("won", "lost")), ended


def _towards_quarter_end(rng: Random, day: date, today: date) -> date:
    """One in four orders is signed in the last days of the quarter: targets are."""
    if rng.random() > 0.25:
        return day
    first = date(day.year + (day.month > 9), (day.month - 1) // 3 * 3 + 4 if day.month <= 9 else 1, 1)
    signed = first - timedelta(days=rng.randrange(1, 10))
    while signed.weekday() >= 5:
        signed -= timedelta(days=1)
    return signed if day < signed < today and (signed - day).days < 35 else day


def _name(rng: Random, product: str, sector: str) -> str:
    words = read("words")
    site = fill(rng.choice(words["sites"][sector]), n=rng.randrange(2, 12))
    return f"{words['short'][product]} for {site}"
