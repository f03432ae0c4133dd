"""Chance that is the same whenever it is asked, so that a number means the same person in every table."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from hashlib import blake2b

import numpy as np

from crmlib.demo.pool import Numbers, Pool, objects, one_of
from crmlib.demo.sources import read

#: How many of each there are for every 1,000 parties.
ORGANIZATIONS, DEALS, ACTIVITIES, ORDERS, PAYMENTS = 100, 40, 500, 1_000, 10_000
DAYS = 1_095
CHUNK = 20_000


@dataclass
class Chance:
    """What is drawn for a crowd: nothing is kept of it but two arrays with a number per person."""

    seed: int
    today: date
    n_parties: int

    @property
    def n_organizations(self) -> int:
        return max(1, self.n_parties * ORGANIZATIONS // 1000)

    @property
    def n_persons(self) -> int:
        return self.n_parties - self.n_organizations

    def _share(self, of_a_thousand: int) -> int:
        return self.n_parties * of_a_thousand // 1000

    def _chance(self, what: str, first: int) -> np.random.Generator:
        told = blake2b(f"{self.seed} {what} {first}".encode(), digest_size=16).digest()
        return np.random.default_rng(int.from_bytes(told))

    def _chunks(self, what: str, count: int) -> Iterator[tuple[np.random.Generator, range]]:
        """Numbers from nought to `count` in chunks, each with chance of its own: `what` is asked the same way again."""
        for first in range(0, count, CHUNK):
            yield self._chance(what, first), range(first, min(first + CHUNK, count))

    def _homes(self, who: str, numbers: range) -> Numbers:
        """In which of the countries each of a chunk lives, always the same for a number."""
        countries = list(read("countries").values())
        shares = np.array([about["weight"] for about in countries], float)
        rng = self._chance(f"{who} country", numbers.start)
        return rng.choice(len(countries), len(numbers), p=shares / shares.sum())

    def _names(self, numbers: range) -> Numbers:
        """Which of the names each of a chunk of persons bears, always the same for a number."""
        homes, rng = self._homes("person", numbers), self._chance("person name", numbers.start)
        first, count = self._pool.first[homes], self._pool.count[homes]
        return first + (rng.random(len(numbers)) * count).astype(int)

    @cached_property
    def _pool(self) -> Pool:
        return Pool()

    @cached_property
    def _codes(self) -> Numbers:
        """The countries that `_homes` counts."""
        return objects(list(read("countries")))

    @cached_property
    def _days(self) -> Numbers:
        """Every day of the crowd's past, the last one yesterday."""
        return objects([self.today - timedelta(days=DAYS - number) for number in range(DAYS)])

    @cached_property
    def _mornings(self) -> Numbers:
        """Nine o'clock (UTC) of each of `_days`."""
        return objects([datetime(day.year, day.month, day.day, 9, tzinfo=UTC) for day in self._days])

    @cached_property
    def _known(self) -> Numbers:
        """The day, of `_days`, on which we came to know each person: two bytes for each, and nothing comes before."""
        chunks = self._chunks("known", self.n_persons)
        return np.concatenate([early(rng, len(numbers)) for rng, numbers in chunks] or [np.zeros(0, np.int16)])

    def _moments(self, minutes: Numbers) -> list[datetime]:
        first: datetime = self._mornings[0]
        return [first + timedelta(minutes=minute) for minute in minutes.tolist()]

    def _buyers(self, rng: np.random.Generator, count: int) -> tuple[Numbers, Numbers]:
        """Who pays or orders, and on which day: some often, most seldom, many never, and nobody before we knew them."""
        people = (rng.random(count) ** 2 * self.n_persons).astype(int)
        known = self._known[people]
        return people, known + (rng.random(count) * (DAYS - known)).astype(int)

    def _towns(self, who: str, numbers: range) -> tuple[list[str], list[str], Numbers]:
        """In which town and region of which country each of a chunk lives, always the same for a number."""
        homes = self._homes(who, numbers)
        chance = self._chance(f"{who} address", numbers.start).random(len(numbers)).tolist()
        towns = [
            one_of(self._pool.abouts[home]["cities"], drawn) for home, drawn in zip(homes.tolist(), chance, strict=True)
        ]
        return [town[0] for town in towns], [town[1] for town in towns], homes

    def _employers(self, numbers: range) -> Numbers:
        """For which organization, counted from the first, each of a chunk of persons works; -1 for none."""
        rng = self._chance("affiliation", numbers.start)
        works = rng.random(len(numbers)) < 0.5
        found = np.full(len(numbers), -1)
        found[works] = rng.integers(self.n_organizations, size=int(works.sum()))
        return found


def early(rng: np.random.Generator, count: int) -> Numbers:
    """Days on which people came to be known: more of them long ago."""
    return (rng.random(count) ** 1.3 * (DAYS - 1)).astype(np.int16)
