"""What sellers do beside moving deals: calls, visits, notes, quarrels, and what they still have to do."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from crmlib.demo.diary import working_day
from crmlib.demo.market import OrganizationPlan
from crmlib.demo.pipeline import DealPlan
from crmlib.demo.sources import fill, read

#: The part of `words.toml` that speaks of a stage.
CHAPTERS = {"Qualified": "qualified", "Needs analysis": "needs", "Offer sent": "offer", "Negotiation": "negotiation"}
OUTCOMES = ("Reached", "Left a message", "Call back next week", "Good talk", "Not reached")


@dataclass
class WorkPlan:
    """An activity to be: on which day at which hour (UTC), by whom, with whom, about which deal.

    With `due_on` it is still to be done then, and written down on `day`; with `planned_on` it was written down then,
    and done on `day`. `minutes` is how long a meeting or a visit takes.
    """

    day: date
    hour: float
    kind: str
    subject: str
    body: str | None
    outcome: str | None
    organization: OrganizationPlan
    contact: int
    seller: str
    deal: DealPlan | None = None
    due_on: date | None = None
    planned_on: date | None = None
    minutes: int = 0


def plan_deal_work(rng: Random, deal: DealPlan, *, today: date) -> list[WorkPlan]:
    """What was done for a deal in each of its stages, at its end, and what comes next where it is open."""
    words = read("words")
    until = deal.closed_on or today
    found: list[WorkPlan] = []
    for number, (stage, entered) in enumerate(deal.steps):
        left = deal.steps[number + 1][1] if number + 1 < len(deal.steps) else until
        stay = max(1, min((left - entered).days, 45))
        for _time in range(rng.choices((0, 1, 2, 3), (18, 40, 29, 13))[0]):
            day = working_day(entered + timedelta(days=rng.randrange(stay)))
            if day <= until:
                # The deal itself is written down in the morning of its first day.
                hour = rng.uniform(12.5 if day == deal.opened_on else 7, 15.5)
                found.append(_done(rng, words[CHAPTERS[stage]], deal, day, hour))
    if deal.ends != "open" and deal.closed_on is not None and rng.random() < 0.75:
        found.append(_last(rng, deal, deal.closed_on))
    if deal.ends == "open":
        found += _next(rng, deal, today)
    return found


def plan_care(rng: Random, organization: OrganizationPlan, *, today: date) -> list[WorkPlan]:
    """What is done with customers between deals, and now and then with those who may become one."""
    words = read("words")["care"]
    since = min(organization.won_on, default=organization.known_on)
    every = 66 if organization.won_on else 260
    found = []
    day = since + timedelta(days=rng.randrange(15, 15 + every))
    while day < today and (organization.left_on is None or day < organization.left_on):
        kind = rng.choices(("call", "email", "visit", "chat", "note"), (40, 25, 14, 9, 12))[0]
        contact = rng.randrange(len(organization.people))
        filled = {"p": organization.people[contact].given_name, "d": _product(rng), "o": organization.name}
        found.append(
            WorkPlan(
                day=working_day(day),
                hour=rng.uniform(7, 15.5),
                kind=kind,
                subject=fill(rng.choice(words[kind]), **filled),
                body=None,
                outcome=rng.choice(words["outcomes"]) if kind in ("call", "visit") else None,
                organization=organization,
                contact=contact,
                seller=organization.owner_on(day),
            )
        )
        day += timedelta(days=round(every * rng.uniform(0.5, 1.7)))
    return found


def plan_quarrels(rng: Random, market: list[OrganizationPlan], deals: list[DealPlan], today: date) -> list[WorkPlan]:
    """The complaints of the two years; two of them end with a customer who leaves."""
    last_opened: dict[str, date] = {}
    for deal in deals:
        last_opened[deal.organization.name] = deal.opened_on
    customers = [one for one in market if one.won_on and min(one.won_on) < today - timedelta(days=150)]
    found: list[WorkPlan] = []
    for quarrel in read("words")["quarrels"]:
        leaves = quarrel["ends"] == "leaves"
        fitting = [one for one in customers if not leaves or _is_quiet(one, deals, last_opened[one.name], today)]
        if not fitting:
            continue
        organization = rng.choice(fitting)
        customers.remove(organization)
        earliest = min(organization.won_on) + timedelta(days=20)
        if leaves:
            earliest = max(earliest, last_opened[organization.name])
        latest = today - timedelta(days=45)
        begins = earliest + timedelta(days=rng.randrange(max(1, (latest - earliest).days)))
        found += _quarrel(rng, quarrel["story"], organization, begins)
        if leaves:
            organization.left_on = begins + timedelta(days=quarrel["story"][-1][0] + 1)
    return found


def _is_quiet(organization: OrganizationPlan, deals: list[DealPlan], last: date, today: date) -> bool:
    """No deal is open with them, and none was begun in the last months."""
    own = [deal for deal in deals if deal.organization is organization]
    ended = all(deal.closed_on is not None and deal.reopened_on is None for deal in own)
    return ended and max(last, *(deal.closed_on or today for deal in own)) < today - timedelta(days=100)


def _quarrel(rng: Random, story: list[list[Any]], organization: OrganizationPlan, begins: date) -> list[WorkPlan]:
    contact = rng.randrange(len(organization.people))
    filled = {"p": organization.people[contact].given_name, "o": organization.name}
    return [
        WorkPlan(
            day=working_day(begins + timedelta(days=later)),
            hour=8 + number * 0.75 + rng.uniform(0, 0.5),
            kind=kind,
            subject=fill(subject, **filled),
            body=fill(body, **filled),
            outcome=outcome or None,
            organization=organization,
            contact=contact,
            seller=organization.owner_on(begins),
        )
        for number, (later, kind, subject, body, outcome) in enumerate(story)
    ]


def _done(rng: Random, words: dict[str, Any], deal: DealPlan, day: date, hour: float) -> WorkPlan:
    kinds = [kind for kind in words if kind != "notes"]
    kind = rng.choices(kinds, [3 if kind == "call" else 2 for kind in kinds])[0]
    filled = _filled(rng, deal)
    was_planned = kind in ("meeting", "visit") and (day - deal.opened_on).days > 12
    return WorkPlan(
        day=day,
        hour=hour,
        kind=kind,
        subject=fill(rng.choice(words[kind]), **filled),
        body=fill(rng.choice(words["notes"]), **filled) if rng.random() < 0.55 else None,
        outcome=rng.choice(OUTCOMES) if kind == "call" else None,
        organization=deal.organization,
        contact=deal.contact,
        seller=deal.seller.name,
        deal=deal,
        planned_on=working_day(day - timedelta(days=rng.randrange(5, 12))) if was_planned else None,
        minutes=rng.choice((30, 45, 60, 90)) if kind in ("meeting", "visit") else 0,
    )


def _last(rng: Random, deal: DealPlan, day: date) -> WorkPlan:
    words = read("words")[deal.ends]
    filled = _filled(rng, deal)
    kind = "call" if deal.ends == "lost" else rng.choice(("email", "call"))
    notes = words["notes"][deal.reason] if deal.ends == "lost" else words["notes"]
    return WorkPlan(
        day=day,
        hour=rng.uniform(13, 15.5),
        kind=kind,
        subject=fill(rng.choice(words[kind]), **filled),
        body=fill(rng.choice(notes), **filled),
        outcome=None,
        organization=deal.organization,
        contact=deal.contact,
        seller=deal.seller.name,
        deal=deal,
    )


def _next(rng: Random, deal: DealPlan, today: date) -> list[WorkPlan]:
    """The next step of an open deal: most have one, some are overdue, and those that nobody works on have none."""
    if rng.random() < (0.75 if deal.is_stale else 0.13):
        return []
    words = read("words")["next"]
    kind = rng.choices(("call", "meeting", "task"), (4, 2, 4))[0]
    due = working_day(today + timedelta(days=rng.randrange(-40, -10) if deal.is_stale else rng.randrange(-4, 15)))
    latest = min(due, today - timedelta(days=1))
    written = max(deal.steps[-1][1], latest - timedelta(days=rng.randrange(3, 12)))
    return [
        WorkPlan(
            day=min(written, today - timedelta(days=1)),
            hour=rng.uniform(14, 16),
            kind=kind,
            subject=fill(rng.choice(words[kind]), **_filled(rng, deal)),
            body=None,
            outcome=None,
            organization=deal.organization,
            contact=deal.contact,
            seller=deal.seller.name,
            deal=deal,
            due_on=max(due, written),
            minutes=60 if kind == "meeting" else 0,
        )
    ]


def _filled(rng: Random, deal: DealPlan) -> dict[str, object]:
    person = deal.organization.people[deal.contact]
    return {
        "p": person.given_name,
        "o": deal.organization.name,
        "d": read("words")["short"][deal.product],
        "n": rng.randrange(3, 13),
    }


def _product(rng: Random) -> str:
    short: list[str] = list(read("words")["short"].values())
    return rng.choice(short)
