"""Quarters: how the sales review cuts time."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from crmlib.base import InvalidInput
from crmlib.i18n import gettext as _


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a calendar year; `number` is 1 to 4. Quarters sort in time."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """The quarter that `day` lies in."""
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def parse(cls, text: str, field: str = "quarter") -> "Quarter":
        """Reads 2017-Q4; InvalidInput where it is written otherwise."""
        match = re.fullmatch(r"(\d{4})-[Qq]([1-4])", text.strip())
        if match is None or not int(match[1]):
            raise InvalidInput(field, text, _("write a quarter as 2017-Q4"))
        return cls(int(match[1]), int(match[2]))

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        return self.next.start - timedelta(days=1)

    @property
    def next(self) -> "Quarter":
        """The quarter after."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def previous(self) -> "Quarter":
        """The quarter before."""
        return Quarter.of(self.start - timedelta(days=1))

    @property
    def year_before(self) -> "Quarter":
        """The same quarter a year earlier."""
        return Quarter(self.year - 1, self.number)

    @property
    def name(self) -> str:
        """As people say it: Q4 2017."""
        return _("Q{number} {year}").format(number=self.number, year=self.year)

    def beside(self, other: "Quarter") -> str:
        """As people say it next to `other`: Q3 where the year is the same, Q4 2016 where not."""
        return self.name if self.year != other.year else _("Q{number}").format(number=self.number)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"
