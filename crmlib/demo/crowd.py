"""A crowd: as many customers and payments as a large firm has, made in bulk to see how everything does at that size.

The company is the demo's own; its customers are drawn by chance from the same names, towns and sectors. They have no
two years of stories behind them, only what lists, totals and reports ask: how to reach them, where they are, whom they
work for, what they ordered, what they paid, a deal here and there. Made chunk by chunk from a seed, so that memory
stays flat and the same seed on the same day makes the same crowd.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from crmlib.activities import Activity, Participation
from crmlib.base import Base, folded, insert_many
from crmlib.billing import Order, OrderLine, Payment, without_triggers
from crmlib.contacts import (
    Address,
    Affiliation,
    ContactPoint,
    LifecycleEvent,
    Organization,
    Person,
    back_key,
    name_key,
)
from crmlib.demo.market import SOURCES, slug
from crmlib.demo.sources import fill, read
from crmlib.sales import Deal, StageEvent

#: How many of each there are for every 1,000 parties.
ORGANIZATIONS, DEALS, ACTIVITIES, ORDERS, PAYMENTS = 100, 40, 250, 1_000, 10_000
DAYS = 1_095
CHUNK = 5_000

Progress = Callable[[str, int], None]


@dataclass
class Crowd:
    """One crowd on its way into the database: `begin` opens a transaction for each half.

    `staff`, `products` (number, name, price in minor units) and `stages` are the company's own, made before.
    """

    begin: Callable[[], AbstractContextManager[Session]]
    seed: int
    today: date
    n_parties: int
    staff: list[int]
    products: list[tuple[int, str, int]]
    stages: list[tuple[int, str]]
    progress: Progress
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def n_organizations(self) -> int:
        return max(1, self.n_parties * ORGANIZATIONS // 1000)

    @property
    def n_persons(self) -> int:
        return self.n_parties - self.n_organizations

    @cached_property
    def countries(self) -> tuple[list[dict[str, Any]], list[str], list[int]]:
        """The countries, their codes, and how many of a hundred customers live where, added up."""
        known = read("countries")
        return list(known.values()), list(known), list(accumulate(about["weight"] for about in known.values()))

    @cached_property
    def days(self) -> list[date]:
        """Every day of the crowd's past, the last one yesterday."""
        return [self.today - timedelta(days=DAYS - number) for number in range(DAYS)]

    @cached_property
    def mornings(self) -> list[datetime]:
        """Nine o'clock (UTC) of each of `days`."""
        return [datetime(day.year, day.month, day.day, 9, tzinfo=UTC) for day in self.days]

    def make(self) -> dict[str, int]:
        """Write all of it, first who they are, then what they bought."""
        with self.begin() as session:
            self.organizations = self._write(session, "organizations", Organization, self._organization_rows())
            self.persons = self._write(session, "persons", Person, self._person_rows())
            self._write(session, "contact points", ContactPoint, self._contact_rows())
            self._write(session, "addresses", Address, self._address_rows())
            self._write(session, "affiliations", Affiliation, self._affiliation_rows())
            self._write(session, "lifecycle events", LifecycleEvent, self._lifecycle_rows())
            deals = self._write(session, "deals", Deal, self._deal_rows())
            self._write(session, "stage events", StageEvent, self._stage_rows(deals))
            activities = self._write(session, "activities", Activity, self._activity_rows())
            self._write(session, "participations", Participation, self._participation_rows(activities))
        with self.begin() as session, without_triggers(session):
            orders = self._write(session, "orders", Order, self._order_rows())
            self._write(session, "order lines", OrderLine, self._line_rows(orders))
            self._write(session, "payments", Payment, self._payment_rows(orders))
        return self.counts

    def _write(self, session: Session, name: str, record: type[Base], rows: Iterator[dict[str, Any]]) -> range:
        numbers = insert_many(session, record, self._counted(name, rows), journal="range")
        self.counts[name.replace(" ", "_")] = len(numbers)
        return numbers

    def _counted(self, name: str, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for number, row in enumerate(rows):
            if number % 100_000 == 0:
                self.progress(name, number)
            yield row

    def _chunks(self, what: str, count: int) -> Iterator[tuple[Random, range]]:
        """Numbers from nought to `count` in chunks, each with chance of its own: `what` is asked the same way again."""
        for first in range(0, count, CHUNK):
            yield Random(f"{self.seed} {what} {first}"), range(first, min(first + CHUNK, count))

    def _places(self, who: str, count: int, purpose: str) -> Iterator[tuple[int, Random, str, dict[str, Any]]]:
        """Each number with a country, and chance for one purpose; the country of a number is always the same."""
        abouts, codes, weights = self.countries
        chunks = zip(self._chunks(f"{who} country", count), self._chunks(f"{who} {purpose}", count), strict=True)
        for (where, numbers), (rng, _same) in chunks:
            places = where.choices(range(len(codes)), cum_weights=weights, k=len(numbers))
            for number, place in zip(numbers, places, strict=True):
                yield number, rng, codes[place], abouts[place]

    def _people(self, purpose: str) -> Iterator[tuple[int, Random, dict[str, Any], str, str | None]]:
        """Each person's number, chance for one purpose, country and name; always the same name for a number."""
        names = (_name(rng, about) for _number, rng, _code, about in self._places("person", self.n_persons, "name"))
        places = self._places("person", self.n_persons, purpose)
        for (number, rng, _code, about), (given, family) in zip(places, names, strict=True):
            yield number, rng, about, given, family

    def _known(self, rng: Random) -> datetime:
        return self.mornings[int(rng.random() ** 1.3 * (DAYS - 1))]

    def _standing(self, rng: Random) -> str:
        chance = rng.random()
        return "customer" if chance < 0.55 else "prospect" if chance < 0.8 else "lead" if chance < 0.92 else "former"

    def _party(self, rng: Random, name: str) -> dict[str, Any]:
        known = self._known(rng)
        quiet = rng.randrange(0, 400)
        return {
            "name": name,
            "folded": folded(name),
            "name_key": name_key(name),
            "back_key": back_key(name),
            "lifecycle": self._standing(rng),
            "owner_id": rng.choice(self.staff),
            "source": rng.choice(_SOURCES),
            "created_at": known,
            "last_activity_at": None if rng.random() < 0.3 else max(known, self.mornings[-1] - timedelta(days=quiet)),
        }

    def _organization_rows(self) -> Iterator[dict[str, Any]]:
        for number, rng, _code, about in self._places("organization", self.n_organizations, "facts"):
            sector = rng.choice(list(about["organizations"]))
            form = rng.choice(about["organizations"][sector])
            city = rng.choice(about["cities"])[0]
            name = fill(form, x=rng.choice(about["words"]), f=rng.choice(about["family"]), c=city)
            if number >= 1_000:
                name = f"{name} {city} {number}"
            yield self._party(rng, name) | {
                "sector": sector,
                "founded_year": rng.randrange(1900, self.today.year),
                "n_employees": int(rng.lognormvariate(3.5, 1.2)) + 1,
            }

    def _person_rows(self) -> Iterator[dict[str, Any]]:
        for _number, rng, _about, given, family in self._people("facts"):
            yield self._party(rng, f"{given} {family}" if family else given) | {
                "given_name": given,
                "family_name": family,
                "birthday_on": date(rng.randrange(1945, 2004), rng.randrange(1, 13), rng.randrange(1, 29)),
            }

    def _contact_rows(self) -> Iterator[dict[str, Any]]:
        for number, _rng, about, given, family in self._people("reach"):
            local = ".".join(slug(part).replace("-", "") for part in (given, family) if part)
            address = f"{local or 'kontakt'}{number}@mail.example"
            party = self.persons[number]
            yield {"party_id": party, "kind": "email", "value": address, "normalised": address, "is_preferred": True}
            if number % 5 < 3:
                prefix, digits = about["phone"]
                phone = f"{prefix}{number % 10**digits:0{digits}d}"
                yield {"party_id": party, "kind": "mobile", "value": phone, "normalised": phone, "is_preferred": False}
        for number in range(self.n_organizations):
            address = f"info@firm{number}.example"
            party = self.organizations[number]
            yield {"party_id": party, "kind": "email", "value": address, "normalised": address, "is_preferred": True}

    def _address_rows(self) -> Iterator[dict[str, Any]]:
        for what, parties in (("person", self.persons), ("organization", self.organizations)):
            for number, rng, code, about in self._places(what, len(parties), "address"):
                city, region, _postal = about["cities"][rng.randrange(len(about["cities"]))]
                street = fill(
                    about["street_form"], street=about["streets"][number % len(about["streets"])], n=number % 190
                )
                yield {
                    "party_id": parties[number],
                    "street": street,
                    "city": city,
                    "region": region,
                    "country": code,
                    "is_preferred": True,
                }

    def _affiliation_rows(self) -> Iterator[dict[str, Any]]:
        for rng, numbers in self._chunks("affiliation", self.n_persons):
            for number in numbers:
                if rng.random() < 0.5:
                    organization = self.organizations[rng.randrange(len(self.organizations))]
                    yield {"person_id": self.persons[number], "organization_id": organization, "is_primary": True}

    def _lifecycle_rows(self) -> Iterator[dict[str, Any]]:
        parties = ((self.organizations, self._organization_rows()), (self.persons, self._person_rows()))
        for numbers, rows in parties:
            for party, row in zip(numbers, rows, strict=True):
                yield {"party_id": party, "lifecycle": row["lifecycle"], "at": row["created_at"]}

    def _deal_rows(self) -> Iterator[dict[str, Any]]:
        for rng, numbers in self._chunks("deal", self.n_parties * DEALS // 1000):
            for _number in numbers:
                product, name, price = rng.choice(self.products)
                stage, kind = rng.choices(self.stages, _STAGE_WEIGHTS[: len(self.stages)])[0]
                opened = rng.randrange(DAYS - 1)
                closed = min(DAYS - 1, opened + rng.randrange(10, 120))
                organization = rng.randrange(len(self.organizations))
                yield {
                    "name": f"{name} {organization}",
                    "party_id": self.organizations[organization],
                    "owner_id": rng.choice(self.staff),
                    "product_id": product,
                    "stage_id": stage,
                    "amount_minor": price * rng.randrange(1, 40),
                    "currency": "EUR",
                    "opened_on": self.days[opened],
                    "expected_close_on": self.days[closed]
                    if kind != "open"
                    else self.today + timedelta(days=rng.randrange(-20, 120)),
                    "closed_on": self.days[closed] if kind != "open" else None,
                    "lost_reason": rng.choice(("price", "competitor", "no answer")) if kind == "lost" else None,
                    "created_at": self.mornings[opened],
                }

    def _stage_rows(self, deals: range) -> Iterator[dict[str, Any]]:
        first = self.stages[0][0]
        for deal, row in zip(deals, self._deal_rows(), strict=True):
            yield {"deal_id": deal, "stage_id": first, "entered_at": row["created_at"]}
            if row["stage_id"] != first:
                later = row["created_at"] + timedelta(days=9) if row["closed_on"] is None else _nine(row["closed_on"])
                yield {"deal_id": deal, "stage_id": row["stage_id"], "entered_at": later}

    def _activity_rows(self) -> Iterator[dict[str, Any]]:
        words = (
            "Call about the order",
            "Asked for an offer",
            "Service visit",
            "Follow-up on the offer",
            "Delivery date",
        )
        for rng, numbers in self._chunks("activity", self.n_parties * ACTIVITIES // 1000):
            for _number in numbers:
                at = self.mornings[rng.randrange(DAYS)] + timedelta(minutes=rng.randrange(480))
                is_open = rng.random() < 0.03
                yield {
                    "kind": rng.choice(("call", "meeting", "email", "task", "note")),
                    "subject": rng.choice(words),
                    "starts_at": None if is_open else at,
                    "due_at": self.mornings[-1] + timedelta(days=rng.randrange(-5, 30)) if is_open else None,
                    "done_at": None if is_open else at,
                    "created_at": at,
                }

    def _participation_rows(self, activities: range) -> Iterator[dict[str, Any]]:
        for rng, numbers in self._chunks("participation", len(activities)):
            for number in numbers:
                party = self.persons[rng.randrange(len(self.persons))]
                yield {"activity_id": activities[number], "party_id": party, "part": "target"}
                yield {"activity_id": activities[number], "party_id": rng.choice(self.staff), "part": "assignee"}

    def _order_rows(self) -> Iterator[dict[str, Any]]:
        for rng, numbers in self._chunks("order", self.n_parties * ORDERS // 1000):
            for number in numbers:
                _product, _name, price = self.products[number % len(self.products)]
                total = price * (1 + number % 7)
                at = rng.randrange(DAYS)
                yield {
                    "number": f"S{number + 1:08d}",
                    "party_id": self._buyer(rng),
                    "ordered_on": self.days[at],
                    "ordered_at": self.mornings[at],
                    "status": "fulfilled",
                    "currency": "EUR",
                    "total_minor": total,
                    "reporting_minor": total,
                    "channel": "online" if number % 3 else "shop",
                    "created_at": self.mornings[at],
                }

    def _line_rows(self, orders: range) -> Iterator[dict[str, Any]]:
        for number, order in enumerate(orders):
            product, name, price = self.products[number % len(self.products)]
            quantity = 1 + number % 7
            yield {
                "order_id": order,
                "product_id": product,
                "description": name,
                "quantity": Decimal(quantity),
                "unit_price": Decimal(price) / 100,
                "amount_minor": price * quantity,
            }

    def _payment_rows(self, orders: range) -> Iterator[dict[str, Any]]:
        """Each order is paid once; the rest are instalments and subscriptions, without an order of their own."""
        for order, row in zip(orders, self._order_rows(), strict=True):
            yield {
                "order_id": order,
                "party_id": row["party_id"],
                "amount_minor": row["total_minor"],
                "currency": "EUR",
                "reporting_minor": row["total_minor"],
                "paid_on": row["ordered_on"],
                "method": "card",
                "status": "received",
            }
        methods, days = ("card", "transfer", "paypal", "direct debit"), self.days
        for rng, numbers in self._chunks("payment", self.n_parties * PAYMENTS // 1000 - len(orders)):
            chance = rng.random
            for number in numbers:
                minor = 500 + int(chance() ** 3 * 60_000)
                yield {
                    "order_id": None,
                    "party_id": self._buyer(rng),
                    "amount_minor": minor,
                    "currency": "EUR",
                    "reporting_minor": minor,
                    "paid_on": days[int(chance() * DAYS)],
                    "method": methods[number & 3],
                    "status": "received",
                }

    def _buyer(self, rng: Random) -> int:
        # Some buy often, most seldom, many never.
        return self.persons[int(rng.random() ** 2 * len(self.persons))]


_SOURCES = [source for source, share in SOURCES.items() for _ in range(share)]
_STAGE_WEIGHTS = (6, 5, 4, 3, 48, 34)


def _name(rng: Random, about: dict[str, Any]) -> tuple[str, str | None]:
    if "single" in about and rng.random() < 0.1:
        return rng.choice(about["single"]), None
    return rng.choice(about["female"] if rng.random() < 0.5 else about["male"]), rng.choice(about["family"])


def _nine(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
