"""A crowd: as many customers and payments as a large firm has, made in bulk to see how everything does at that size.

The company is the demo's own; its customers are drawn by chance from the same names, towns and sectors. They have no
two years of stories behind them, only what lists, totals and reports ask: how to reach them, where they are, whom they
work for, what they ordered, what they paid, a deal here and there. Everything is computed column by column, in chunks
whose chance comes from the seed and their place, so that memory stays flat, the same number means the same person in
every table, and the same seed on the same day makes the same crowd.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from crmlib.activities import Activity, Participation
from crmlib.base import Base, folded, insert_columns, without_indexes
from crmlib.base.bulk import Columns
from crmlib.billing import Order, OrderLine, PartyTotal, Payment, without_triggers
from crmlib.contacts import (
    Address,
    Affiliation,
    ContactPoint,
    LifecycleEvent,
    Organization,
    Person,
    without_places,
)
from crmlib.demo.chance import ACTIVITIES, CHUNK, DAYS, DEALS, ORDERS, PAYMENTS, Chance, early
from crmlib.demo.market import SOURCES
from crmlib.demo.pool import Numbers, keys, objects, one_of
from crmlib.demo.sources import fill
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy
from crmlib.sales import Deal, StageEvent
from crmlib.search import reindex, rest

#: Told what is being made, how many rows are there by now, and how many there will be.
Progress = Callable[[str, int, int], None]


@dataclass
class Crowd(Chance):
    """One crowd on its way into the database: `begin` opens a transaction for each part.

    `staff`, `products` (number, name, price in minor units) and `stages` (number, kind) are the company's own, made
    before. Amounts are in euros, which is what the company reports in.
    """

    begin: Callable[[], AbstractContextManager[Session]]
    staff: list[int]
    products: list[tuple[int, str, int]]
    stages: list[tuple[int, str]]
    progress: Progress
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """About how many rows there will be, in all tables."""
        for_each = 2 * (DEALS + ORDERS) + 3 * ACTIVITIES + PAYMENTS
        return self._share(for_each) + self.n_parties * 3 + int(self.n_persons * 2.1) + self.n_organizations

    def make(self) -> dict[str, int]:
        """Write all of it, first who they are, then what they bought; how many rows of each there are."""
        self._done = 0
        with self.begin() as session:
            # From here on the search index is left alone, and built at once at the end.
            resting = rest(session, reason="demo")
        # Places are looked at last of all, by what the indexes find.
        with self.begin() as session, without_places(session), without_indexes(session, *_WHO):
            self.organizations = self._write(session, Organization, self._organization_columns())
            self.persons = self._write(session, Person, self._person_columns())
            self._write(session, ContactPoint, self._contact_columns())
            self._write(session, Address, self._address_columns())
            self._write(session, Affiliation, self._affiliation_columns())
            self._write(session, LifecycleEvent, self._lifecycle_columns())
            deals = self._write(session, Deal, self._deal_columns())
            self._write(session, StageEvent, self._stage_columns(deals))
            activities = self._write(session, Activity, self._activity_columns())
            self._write(session, Participation, self._participation_columns(activities))
            self._tell(_("indexes"))
        with self.begin() as session, without_indexes(session, *_WHAT):
            with without_triggers(session):
                orders = self._write(session, Order, self._order_columns())
                self._write(session, OrderLine, self._line_columns(orders))
                self._write(session, Payment, self._payment_columns(orders))
                self._tell(_("sums per customer"))
            self._tell(_("indexes"))
        with self.begin() as session:
            self._tell(_("search index"))
            reindex(session, resting=resting)
        return self.counts

    def _write(self, session: Session, record: type[Base], chunks: Iterator[Columns]) -> range:
        name, label = _CALLED[record]
        numbers = insert_columns(session, record, self._counted(_(label), chunks))
        self.counts[name] = len(numbers)
        return numbers

    def _counted(self, label: str, chunks: Iterator[Columns]) -> Iterator[Columns]:
        for chunk in chunks:
            self._tell(label)
            yield chunk
            self._done += next(len(values) for values in chunk.values() if isinstance(values, list | range))

    def _tell(self, label: str) -> None:
        self.progress(label, self._done, max(self._done, self.n_rows))

    # --- who they are ---------------------------------------------------------------------------------------------

    def _party(self, rng: np.random.Generator, count: int, known: Numbers) -> dict[str, Any]:
        return {
            "lifecycle": _STANDING[np.searchsorted(_STANDING_SHARES, rng.random(count))].tolist(),
            "owner_id": np.array(self.staff)[rng.integers(len(self.staff), size=count)].tolist(),
            "source": _SOURCES[rng.integers(len(_SOURCES), size=count)].tolist(),
            "created_at": self._mornings[known].tolist(),
        }

    def _organization_columns(self) -> Iterator[Columns]:
        for rng, numbers in self._chunks("organization", self.n_organizations):
            count = len(numbers)
            names, sectors = [], []
            drawn = rng.random((count, 5)).tolist()
            for number, home, chance in zip(numbers, self._homes("organization", numbers), drawn, strict=True):
                about = self._pool.abouts[home]
                sector = one_of(list(about["organizations"]), chance[0])
                form = one_of(about["organizations"][sector], chance[1])
                city = one_of(about["cities"], chance[2])[0]
                name = fill(form, x=one_of(about["words"], chance[3]), f=one_of(about["family"], chance[4]), c=city)
                # There are more firms than names: the town and a number tell them apart.
                names.append(name if number < 1_000 else f"{name} {city} {number}")
                sectors.append(sector)
            yield self._party(rng, count, early(rng, count)) | {
                **keys(names),
                "sector": sectors,
                "founded_year": rng.integers(1900, self.today.year, count).tolist(),
                "n_employees": (rng.lognormal(3.5, 1.2, count).astype(int) + 1).tolist(),
                **self._kept("organization", numbers),
            }

    def _person_columns(self) -> Iterator[Columns]:
        first, days = date(1945, 1, 1), 59 * 365
        birthdays = objects([first + timedelta(days=number) for number in range(days)])
        for rng, numbers in self._chunks("person", self.n_persons):
            names = self._names(numbers)
            last = self._last_done[numbers.start : numbers.stop]
            moments = self._moments(last)
            firms = self._employers(numbers).tolist()
            yield self._party(rng, len(numbers), self._known[numbers.start : numbers.stop]) | {
                **{key: values[names].tolist() for key, values in self._pool.columns.items()},
                "birthday_on": birthdays[rng.integers(days, size=len(numbers))].tolist(),
                "last_activity_at": [
                    moment if minute >= 0 else None for moment, minute in zip(moments, last.tolist(), strict=True)
                ],
                "kept_organization_id": [firm + self.organizations.start if firm >= 0 else None for firm in firms],
                **self._kept("person", numbers),
            }

    def _contact_columns(self) -> Iterator[Columns]:
        for _rng, numbers in self._chunks("contact", self.n_persons):
            homes, locals_ = self._homes("person", numbers), self._pool.locals[self._names(numbers)]
            parties, kinds, values = [], [], []
            for number, home, local in zip(numbers, homes.tolist(), locals_.tolist(), strict=True):
                parties.append(self.persons[number])
                kinds.append("email")
                values.append(f"{local}{number}@mail.example")
                if number % 5 < 3:
                    prefix, digits = self._pool.abouts[home]["phone"]
                    parties.append(self.persons[number])
                    kinds.append("mobile")
                    values.append(f"{prefix}{number % 10**digits:0{digits}d}")
            preferred = [kind == "email" for kind in kinds]
            yield {"party_id": parties, "kind": kinds, "value": values, "normalised": values, "is_preferred": preferred}
        for _rng, numbers in self._chunks("contact", self.n_organizations):
            values = [f"info@firm{number}.example" for number in numbers]
            yield {
                "party_id": self.organizations[numbers.start : numbers.stop],
                "kind": "email",
                "value": values,
                "normalised": values,
                "is_preferred": True,
            }

    def _kept(self, who: str, numbers: range) -> dict[str, Any]:
        """What the house keeps beside a party of where it is: said with its row, the triggers need not come back."""
        cities, regions, homes = self._towns(who, numbers)
        return {
            "kept_city": cities,
            "kept_city_folded": list(map(_folded, cities)),
            "kept_region": regions,
            "kept_country": self._codes[homes].tolist(),
        }

    def _address_columns(self) -> Iterator[Columns]:
        for who, parties in (("person", self.persons), ("organization", self.organizations)):
            for _rng, numbers in self._chunks(f"{who} address", len(parties)):
                cities, regions, homes = self._towns(who, numbers)
                streets = [self._pool.streets[home] for home in homes.tolist()]
                yield {
                    "party_id": parties[numbers.start : numbers.stop],
                    "street": [some[number % len(some)] for number, some in zip(numbers, streets, strict=True)],
                    "city": cities,
                    "region": regions,
                    "country": self._codes[homes].tolist(),
                    "is_preferred": True,
                }

    def _affiliation_columns(self) -> Iterator[Columns]:
        for _rng, numbers in self._chunks("affiliation", self.n_persons):
            firms = self._employers(numbers)
            working = np.flatnonzero(firms >= 0)
            yield {
                "person_id": (working + numbers.start + self.persons.start).tolist(),
                "organization_id": (firms[working] + self.organizations.start).tolist(),
                "is_primary": True,
            }

    def _lifecycle_columns(self) -> Iterator[Columns]:
        """That each came to stand where they stand, on the day we came to know them."""
        for parties, chunks in (
            (self.organizations, self._organization_columns()),
            (self.persons, self._person_columns()),
        ):
            first = 0
            for chunk in chunks:
                count = len(chunk["lifecycle"])
                numbers = parties[first : first + count]
                yield {"party_id": numbers, "lifecycle": chunk["lifecycle"], "at": chunk["created_at"]}
                first += count

    # --- what is done with them -----------------------------------------------------------------------------------

    def _deal_columns(self) -> Iterator[Columns]:
        stages, prices = objects(self.stages), np.array([price for _number, _name, price in self.products])
        weights = np.array(_STAGE_WEIGHTS[: len(self.stages)], float)
        reasons = objects(["price", "competitor", "no answer"])
        for rng, numbers in self._chunks("deal", self._share(DEALS)):
            count = len(numbers)
            products = rng.integers(len(self.products), size=count)
            places = rng.choice(len(weights), count, p=weights / weights.sum())
            kinds = [kind for _number, kind in stages[places]]
            opened = rng.integers(DAYS - 1, size=count)
            closed = np.minimum(DAYS - 1, opened + rng.integers(10, 120, count))
            ahead = rng.integers(-20, 120, count).tolist()
            firms = rng.integers(self.n_organizations, size=count)
            closing = self._days[closed].tolist()
            why = reasons[rng.integers(len(reasons), size=count)].tolist()
            yield {
                "name": [
                    f"{self.products[product][1]} {firm}"
                    for product, firm in zip(products.tolist(), firms.tolist(), strict=True)
                ],
                "party_id": (firms + self.organizations.start).tolist(),
                "owner_id": np.array(self.staff)[rng.integers(len(self.staff), size=count)].tolist(),
                "product_id": [self.products[product][0] for product in products],
                "stage_id": [number for number, _kind in stages[places]],
                "amount_minor": (prices[products] * rng.integers(1, 40, count)).tolist(),
                "currency": "EUR",
                "opened_on": self._days[opened].tolist(),
                "expected_close_on": [
                    self.today + timedelta(days=days) if kind == "open" else day
                    for kind, days, day in zip(kinds, ahead, closing, strict=True)
                ],
                "closed_on": [None if kind == "open" else day for kind, day in zip(kinds, closing, strict=True)],
                "lost_reason": [reason if kind == "lost" else None for kind, reason in zip(kinds, why, strict=True)],
                "created_at": self._mornings[opened].tolist(),
            }

    def _stage_columns(self, deals: range) -> Iterator[Columns]:
        first = self.stages[0][0]
        last_morning = self._mornings[-1]
        done = 0
        for chunk in self._deal_columns():
            numbers, stages, moments = [], [], []
            for place, (stage, opened, closed) in enumerate(
                zip(chunk["stage_id"], chunk["created_at"], chunk["closed_on"], strict=True), done
            ):
                numbers.append(deals[place])
                stages.append(first)
                moments.append(opened)
                if stage != first:
                    numbers.append(deals[place])
                    stages.append(stage)
                    moments.append(_nine(closed) if closed else min(opened + timedelta(days=9), last_morning))
            done += len(chunk["stage_id"])
            yield {"deal_id": numbers, "stage_id": stages, "entered_at": moments}

    @cached_property
    def _last_done(self) -> Numbers:
        """The minute, counted from the first morning, of the newest thing done with each person; -1 for nothing."""
        last = np.full(self.n_persons, -1, np.int32)
        for drawn in self._drawn_activities():
            done = ~drawn["open"]
            np.maximum.at(last, drawn["person"][done], drawn["minute"][done])
        return last

    def _drawn_activities(self) -> Iterator[dict[str, Numbers]]:
        """What is drawn of each activity: with whom, in which minute, and whether it is still to be done."""
        for rng, numbers in self._chunks("activity", self._share(ACTIVITIES) if self.n_persons else 0):
            people = (rng.random(len(numbers)) * self.n_persons).astype(int)
            days = self._known[people] + (rng.random(len(numbers)) * (DAYS - self._known[people])).astype(int)
            yield {
                "person": people,
                "minute": (days * 1440 + rng.integers(480, size=len(numbers))).astype(np.int32),
                "open": rng.random(len(numbers)) < 0.03,
                "kind": rng.integers(len(_KINDS), size=len(numbers)),
                "subject": rng.integers(len(_SUBJECTS), size=len(numbers)),
                "due": rng.integers(-5, 30, len(numbers)),
                "staff": rng.integers(len(self.staff), size=len(numbers)),
            }

    def _activity_columns(self) -> Iterator[Columns]:
        last_morning = self._mornings[-1]
        for drawn in self._drawn_activities():
            moments, still = self._moments(drawn["minute"]), drawn["open"].tolist()
            done = [None if is_open else moment for moment, is_open in zip(moments, still, strict=True)]
            due = [
                last_morning + timedelta(days=days) if is_open else None
                for days, is_open in zip(drawn["due"].tolist(), still, strict=True)
            ]
            kinds = _KINDS[drawn["kind"]].tolist()
            yield {
                "kind": ["task" if is_open else kind for kind, is_open in zip(kinds, still, strict=True)],
                "subject": _SUBJECTS[drawn["subject"]].tolist(),
                "starts_at": done,
                "due_at": due,
                "done_at": done,
                "created_at": moments,
            }

    def _participation_columns(self, activities: range) -> Iterator[Columns]:
        first = 0
        for drawn in self._drawn_activities():
            count = len(drawn["person"])
            numbers = activities[first : first + count]
            targets = (drawn["person"] + self.persons.start).tolist()
            yield {"activity_id": numbers, "party_id": targets, "part": "target"}
            doing = np.array(self.staff)[drawn["staff"]].tolist()
            yield {"activity_id": numbers, "party_id": doing, "part": "assignee"}
            first += count

    # --- what they bought -----------------------------------------------------------------------------------------

    def _order_columns(self) -> Iterator[Columns]:
        prices = np.array([price for _number, _name, price in self.products])
        for rng, numbers in self._chunks("order", self._share(ORDERS) if self.n_persons else 0):
            each = np.arange(numbers.start, numbers.stop)
            totals = (prices[each % len(prices)] * (1 + each % 7)).tolist()
            people, days = self._buyers(rng, len(numbers))
            mornings = self._mornings[days].tolist()
            yield {
                "number": [f"S{number:08d}" for number in range(numbers.start + 1, numbers.stop + 1)],
                "party_id": (people + self.persons.start).tolist(),
                "ordered_on": self._days[days].tolist(),
                "ordered_at": mornings,
                "status": "fulfilled",
                "currency": "EUR",
                "total_minor": totals,
                "reporting_minor": totals,
                "channel": _CHANNELS[each % 3].tolist(),
                "created_at": mornings,
            }

    def _line_columns(self, orders: range) -> Iterator[Columns]:
        numbers = objects([number for number, _name, _price in self.products])
        names = objects([name for _number, name, _price in self.products])
        prices = np.array([price for _number, _name, price in self.products])
        units, quantities = objects([Decimal(int(price)) / 100 for price in prices]), objects(map(Decimal, range(8)))
        for first in range(0, len(orders), CHUNK):
            each = np.arange(first, min(first + CHUNK, len(orders)))
            which, count = each % len(prices), 1 + each % 7
            yield {
                "order_id": orders[first : first + CHUNK],
                "product_id": numbers[which].tolist(),
                "description": names[which].tolist(),
                "quantity": quantities[count].tolist(),
                "unit_price": units[which].tolist(),
                "amount_minor": (prices[which] * count).tolist(),
            }

    def _payment_columns(self, orders: range) -> Iterator[Columns]:
        """Each order is paid once; the rest are instalments and subscriptions, without an order of their own."""
        same = {"currency": "EUR", "status": "received"}
        first = 0
        for order in self._order_columns():
            count = len(order["party_id"])
            yield same | {
                "order_id": orders[first : first + count],
                "party_id": order["party_id"],
                "amount_minor": order["total_minor"],
                "reporting_minor": order["total_minor"],
                "paid_on": order["ordered_on"],
                "method": "card",
            }
            first += count
        for rng, numbers in self._chunks(
            "payment", max(0, self._share(PAYMENTS) - len(orders)) if self.n_persons else 0
        ):
            amounts = (500 + (rng.random(len(numbers)) ** 3 * 60_000).astype(int)).tolist()
            people, days = self._buyers(rng, len(numbers))
            yield same | {
                "order_id": None,
                "party_id": (people + self.persons.start).tolist(),
                "amount_minor": amounts,
                "reporting_minor": amounts,
                "paid_on": self._days[days].tolist(),
                "method": _METHODS[rng.integers(len(_METHODS), size=len(numbers))].tolist(),
            }


def _nine(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


_folded = cache(folded)
_SOURCES = objects([source for source, share in SOURCES.items() for _ in range(share)])
_STANDING = objects(["customer", "prospect", "lead", "former"])
_STANDING_SHARES = np.array([0.55, 0.8, 0.92])
_STAGE_WEIGHTS = (6, 5, 4, 3, 48, 34)
_KINDS = objects(["call", "meeting", "email", "task", "note"])
_SUBJECTS = objects(
    ["Call about the order", "Asked for an offer", "Service visit", "Follow-up on the offer", "Delivery date"]
)
_CHANNELS = objects(["shop", "online", "online"])
_METHODS = objects(["card", "transfer", "paypal", "direct debit"])

_CALLED: dict[type[Base], tuple[str, Any]] = {
    Organization: ("organizations", lazy("organizations")),
    Person: ("persons", lazy("persons")),
    ContactPoint: ("contact_points", lazy("contact points")),
    Address: ("addresses", lazy("addresses")),
    Affiliation: ("affiliations", lazy("affiliations")),
    LifecycleEvent: ("lifecycle_events", lazy("lifecycle events")),
    Deal: ("deals", lazy("deals")),
    StageEvent: ("stage_events", lazy("stage events")),
    Activity: ("activities", lazy("activities")),
    Participation: ("participations", lazy("participations")),
    Order: ("orders", lazy("orders")),
    OrderLine: ("order_lines", lazy("order lines")),
    Payment: ("payments", lazy("payments")),
}
_WHO = (
    Organization,
    Person,
    ContactPoint,
    Address,
    Affiliation,
    LifecycleEvent,
    Deal,
    StageEvent,
    Activity,
    Participation,
)
_WHAT = (Order, OrderLine, Payment, PartyTotal)
