"""What a row says, by the meaning of its columns."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from crmlib.base import InvalidInput, Money
from crmlib.exchange import values as reading
from crmlib.exchange.mapping import CUSTOM, IGNORE, ColumnMapping
from crmlib.exchange.mapping import Mapping as Meaning
from crmlib.i18n import gettext as _

_LONGEST_TAG = 100


class Columns:
    """The columns of a file by what they mean; reads one value of a row at a time."""

    def __init__(self, meaning: Meaning, *, currency: str = "") -> None:
        self.meaning, self.currency = meaning, currency
        self.by_target: dict[str, list[ColumnMapping]] = {}
        self._asked: set[str] = set()
        for one in meaning.columns:
            self.by_target.setdefault(one.target, []).append(one)

    def has(self, target: str) -> bool:
        """Whether any column means this."""
        self._asked.add(target)
        return target in self.by_target

    def all(self, target: str) -> list[ColumnMapping]:
        """The columns that mean this."""
        self._asked.add(target)
        return self.by_target.get(target, [])

    def unasked(self) -> list[ColumnMapping]:
        """The columns that nobody asked for: what they say is known, and has no place in these records yet."""
        silent = (IGNORE, CUSTOM)
        return [one for one in self.meaning.columns if one.target not in silent and one.target not in self._asked]

    def text(self, row: Mapping[str, str], target: str) -> str:
        """The first filled value of the columns that mean this; a label beside a value is none."""
        for one in self.all(target):
            if one.part != "label" and (value := row.get(one.column, "")):
                return value
        return ""

    def read(self, row: Mapping[str, str], target: str, kind: str) -> Any:
        """The same as number, money, date, moment or flag; None where nothing is said. Raises InvalidInput."""
        for one in self.all(target):
            value = row.get(one.column, "")
            if one.part == "label" or not value:
                continue
            try:
                return self._value(one, value, kind, row)
            except InvalidInput as error:
                raise InvalidInput(one.column, value, error.expected) from None
        return None

    def tags(self, row: Mapping[str, str]) -> list[str]:
        """The tags of a row; what a system puts before its own ones is left out."""
        told = [row.get(one.column, "") for one in self.all("tag")]
        parts = [part.strip() for text in told for part in text.replace(":::", ",").replace(";", ",").split(",")]
        long = next((part for part in parts if len(part) > _LONGEST_TAG), None)
        if long is not None:
            says = _("a tag has at most {n} characters").format(n=_LONGEST_TAG)
            raise InvalidInput(self.all("tag")[0].column, long[:40] + "…", says)
        return [part for part in dict.fromkeys(parts) if part and not part.startswith("* ")]

    def _value(self, one: ColumnMapping, value: str, kind: str, row: Mapping[str, str]) -> Any:
        match kind:
            case "number":
                return reading.read_number(value, one.style or ".")
            case "whole":
                number = reading.read_number(value, one.style or ".")
                if number != int(number):
                    raise InvalidInput(one.column, value, _("write a whole number, such as 120"))
                return int(number)
            case "money":
                return self._money(one, value, row)
            case "date":
                return reading.read_date(value, one.order or "ymd")
            case "moment":
                moment = reading.read_moment(value, one.order or "ymd")
                return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            case "flag":
                return reading.read_flag(value) is not one.is_inverted
        return value

    def _money(self, one: ColumnMapping, value: str, row: Mapping[str, str]) -> Money:
        record = one.target.partition(".")[0]
        told = self.text(row, f"{record}.currency").upper()
        return reading.read_money(value, one.style or ".", told or one.currency or self.currency)


def midnight(day: date | None) -> datetime | None:
    """The moment at which a day begins, in UTC."""
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def no_name() -> InvalidInput:
    """The refusal of a row that says of nobody whom it is about."""
    return InvalidInput(_("Name"), "", _("the row says neither a name nor an e-mail"))
