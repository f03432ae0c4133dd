"""What a condition means now: its words made into a plain test on values, the same for every backend.

Here relative times become days and moments, `me` a number, and money bounds in whole minor units, so that what SQL
and Python are asked is simple enough to agree on. The rules that people meet:

- *Nothing is known* is never equal to, greater than or part of anything. What is asked the other way round (`!=`,
  `not in`, `not contains`, `not (…)`) is the plain contrary: `city != "Cluj"` finds those without a city too.
- Text is compared without case and accents, e-mails without case, phones without the signs between their digits.
- A field with many values (tags, e-mails) holds a condition when *one* of its values does; `!=` when none does.
- A day, `today`, `this month` are spans: `== this month` is within it, `<` before it begins, `<=` until it ends.
- An amount without a currency is in the reporting currency. Amounts in another currency are converted with the
  rate of the day, where there is one; where there is none, they do not match.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy.orm import Session

from crmlib.base import Field, folded
from crmlib.filters.tree import Amount, Condition, Day, Flag, Me, Moment, Number, Relative, Value, Word

#: Which kinds are compared alike.
FAMILIES = {
    "text": "text",
    "long": "text",
    "email": "text",
    "phone": "text",
    "url": "text",
    "choice": "exact",
    "choices": "exact",
    "country": "exact",
    "number": "number",
    "decimal": "number",
    "money": "money",
    "date": "day",
    "moment": "moment",
    "flag": "flag",
    "party": "link",
}

# No calendar that a zone could push over the edge.
_FIRST, _LAST = date(2, 1, 1), date(9998, 12, 31)
_MOST = 2**63 - 1

PHONE_SIGNS = str.maketrans("", "", " -()./\u00a0")


@dataclass(frozen=True)
class Lacks:
    """There is no value."""


@dataclass(frozen=True)
class Same:
    """The value is one of these; or there is none, where `or_lacks`."""

    values: tuple[Any, ...]
    or_lacks: bool = False


@dataclass(frozen=True)
class Holds:
    """The folded text has `text` in it, or at its beginning."""

    text: str
    at_start: bool = False


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, either of which may be missing; the ends belong to it unless open."""

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True)
class Within:
    """The value lies in one of these ranges."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True)
class Costs:
    """The amount lies in one of these ranges of minor units, each of one currency."""

    ranges: tuple[tuple[str, Range], ...]


@dataclass(frozen=True)
class Linked:
    """The link leads to one of these numbers, or to a record of such a name."""

    numbers: tuple[int, ...] = ()
    names: tuple[Same | Holds, ...] = ()


Test = Lacks | Same | Within | Holds | Costs | Linked

#: How many of a currency one unit of each other currency is worth; filled by `base.fx` where there are rates.
RateFinder = Callable[[Session, str, date], Mapping[str, Decimal]]
MeFinder = Callable[[Session], int | None]

_finders: dict[str, Any] = {}


def find_rates_with(finder: RateFinder) -> None:
    """Say how filters learn the rates of a day: `finder(session, currency, day)` gives the worth of 1 of each other."""
    _finders["rates"] = finder


def find_me_with(finder: MeFinder) -> None:
    """Say how filters learn which party the actor of a session is."""
    _finders["me"] = finder


@dataclass(frozen=True)
class Context:
    """Who asks, when and where: what makes `me`, `today` and a bare amount mean something."""

    now: datetime
    zone: tzinfo = UTC
    currency: str = ""
    me: int | None = None
    rates: Callable[[str], Mapping[str, Decimal]] = field(default=lambda currency: {})

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


def context_of(session: Session, *, me: bool = True) -> Context:
    """The context that a session carries in its `info`."""
    info = session.info
    clock = info.get("clock")
    now: datetime = clock() if clock else datetime.now(UTC)
    zone: tzinfo = info.get("zone") or UTC
    known: dict[str, Mapping[str, Decimal]] = {}

    def rates(currency: str) -> Mapping[str, Decimal]:
        if currency not in known:
            finder = _finders.get("rates")
            known[currency] = finder(session, currency, now.astimezone(zone).date()) if finder else {}
        return known[currency]

    number = None
    if me:
        number = getattr(info.get("actor"), "party_id", None)
        if number is None and "me" in _finders:
            number = _finders["me"](session)
    return Context(now, zone, info.get("currency") or "", number, rates)


def meaning(condition: Condition, about: Field, context: Context) -> tuple[Test, bool]:
    """The test that a condition means, and whether its contrary is wanted."""
    op = condition.op
    contrary = op in ("!=", "not in", "not contains", "not starts with", "is not empty")
    if op in ("is empty", "is not empty"):
        return Lacks(), contrary
    family = FAMILIES[about.kind]
    if family == "text":
        test = _text(about, op, condition.values)
    elif family == "link":
        test = _link(op, condition.values, context)
    elif family == "money":
        test = Costs(tuple(one for value in condition.values for one in _costs(op, value, context)))
    elif family in ("exact", "flag"):
        test = Same(tuple(dict.fromkeys(_plain(value) for value in condition.values)))
    else:
        read = {"number": _number, "day": _day, "moment": _moment}[family]
        test = Within(tuple(one for value in condition.values for one in read(about, op, value, context)))
    if isinstance(test, Holds) and not test.text:
        return Lacks(), not contrary
    return test, contrary


def _plain(value: Value) -> Any:
    match value:
        case Word(text):
            return text
        case Flag(flag):
            return flag
        case Number(number):
            return str(number)
    raise AssertionError(value)


def comparable(kind: str, text: str) -> str:
    """A text as it is compared: e-mails and phones are normalised already, anything else goes without accents."""
    return text.lower().strip() if kind in ("email", "phone") else folded(text)


def _text(about: Field, op: str, values: tuple[Value, ...]) -> Test:
    words = [_plain(value) for value in values]
    if about.kind == "phone":
        words = [word.translate(PHONE_SIGNS) for word in words]
    plain = list(dict.fromkeys(comparable(about.kind, word) for word in words))
    if op.endswith(("contains", "starts with")):
        return Holds(plain[0], op.endswith("starts with"))
    known = tuple(word for word in plain if word)
    if not known:
        return Lacks()
    return Same(known, or_lacks="" in plain)


def _link(op: str, values: tuple[Value, ...], context: Context) -> Test:
    numbers: list[int] = []
    names: list[Same | Holds] = []
    for value in values:
        match value:
            case Me():
                numbers += [] if context.me is None else [context.me]
            case Number(number):
                numbers.append(int(number))
            case Word(text) if op.endswith(("contains", "starts with")):
                names.append(Holds(folded(text), op.endswith("starts with")))
            case Word(text):
                names.append(Same((folded(text),)))
    if len(names) == 1 and isinstance(names[0], Holds) and not names[0].text:
        return names[0]
    return Linked(tuple(numbers), tuple(names))


def whole_range(op: str, bound: Decimal) -> Range | None:
    """The whole numbers that stand so to `bound`; None where there are none."""
    below, above = int(bound.to_integral_value(ROUND_FLOOR)), int(bound.to_integral_value(ROUND_CEILING))
    low, high = {
        "<": (None, above - 1),
        "<=": (None, below),
        ">": (below + 1, None),
        ">=": (above, None),
    }.get(op, (above, below))
    if low is not None and high is not None and low > high:
        return None
    if (low is not None and low > _MOST) or (high is not None and high < -_MOST):
        return None
    # What no column can hold need not be asked for.
    return Range(None if low is None or low < -_MOST else low, None if high is None or high > _MOST else high)


def _costs(op: str, value: Value, context: Context) -> list[tuple[str, Range]]:
    assert isinstance(value, (Amount, Number))
    wanted = getattr(value, "currency", "") or context.currency
    worth: dict[str, Decimal] = {wanted: Decimal(1), **context.rates(wanted)}
    found = []
    for currency, rate in worth.items():
        bound = (value.value / rate).scaleb(get_currency_precision(currency)) if rate > 0 else None
        span = whole_range(op, bound) if bound is not None else None
        if span is not None:
            found.append((currency, span))
    return found


def _number(about: Field, op: str, value: Value, _context: Context) -> list[Range]:
    assert isinstance(value, Number)
    if about.kind == "number":
        span = whole_range(op, value.value)
        return [] if span is None else [span]
    return [_compared(op, value.value, value.value, instant=True)]


def _compared(op: str, start: Any, end: Any, *, instant: bool) -> Range:
    """What stands so to the span from `start` until before `end`, or to the one value that an instant is."""
    match op:
        case "<":
            return Range(high=start, high_open=True)
        case "<=":
            return Range(high=end, high_open=not instant)
        case ">":
            return Range(low=end, low_open=instant)
        case ">=":
            return Range(low=start)
    return Range(start, end, high_open=not instant)


def _day(_about: Field, op: str, value: Value, context: Context) -> list[Range]:
    start, end = _days(value, context)
    return [_compared(op, start, end, instant=False)]


def _moment(_about: Field, op: str, value: Value, context: Context) -> list[Range]:
    at = _instant(value, context)
    if at is not None:
        return [_compared(op, at, at, instant=True)]
    start, end = (_beginning(day, context.zone) for day in _days(value, context))
    return [_compared(op, start, end, instant=False)]


def _beginning(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(_tame(day), time(), zone).astimezone(UTC)


def _instant(value: Value, context: Context) -> datetime | None:
    """The one moment that is meant, or None where days are."""
    match value:
        case Moment(at):
            return at.astimezone(UTC)
        case Relative(anchor, shifts) if anchor == "now" or any(unit in ("h", "min") for _n, unit in shifts):
            at = context.now if anchor == "now" else _beginning(_days(Relative(anchor), context)[0], context.zone)
            for n, unit in shifts:
                if unit in ("h", "min"):
                    at = _later(at, timedelta(hours=n) if unit == "h" else timedelta(minutes=n))
                else:
                    here = at.astimezone(context.zone)
                    moved = datetime.combine(_shifted(here.date(), n, unit), here.timetz())
                    at = moved.astimezone(UTC)
            return at.astimezone(UTC)
    return None


def _later(at: datetime, by: timedelta) -> datetime:
    try:
        moved = at + by
    except OverflowError:
        return _beginning(_LAST if by > timedelta() else _FIRST, UTC)
    return moved if _FIRST <= moved.date() <= _LAST else _beginning(_tame(moved.date()), UTC)


def _days(value: Value, context: Context) -> tuple[date, date]:
    """The span of days that is meant: its first, and the first after it."""
    match value:
        case Day(day):
            return day, _shifted(day, 1, "d")
        case Relative(anchor, shifts) if _instant(value, context) is None:
            start, length = _anchor(anchor, context.today)
            for n, unit in shifts:
                start = _shifted(start, n, unit)
            return start, _shifted(start, *length)
    at = _instant(value, context)
    assert at is not None, value
    here = at.astimezone(context.zone).date()
    return here, _shifted(here, 1, "d")


def _anchor(anchor: str, today: date) -> tuple[date, tuple[int, str]]:
    match anchor:
        case "yesterday":
            return today - timedelta(days=1), (1, "d")
        case "tomorrow":
            return today + timedelta(days=1), (1, "d")
        case "this week":
            return today - timedelta(days=today.weekday()), (1, "w")
        case "this month":
            return today.replace(day=1), (1, "m")
        case "this quarter":
            return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1), (3, "m")
        case "this year":
            return today.replace(month=1, day=1), (1, "y")
    return today, (1, "d")


def _tame(day: date) -> date:
    return min(max(day, _FIRST), _LAST)


def _shifted(day: date, n: int, unit: str) -> date:
    """`day` and `n` units later; the last of a month where that month is shorter."""
    try:
        if unit in ("d", "w"):
            return _tame(day + timedelta(days=n * (7 if unit == "w" else 1)))
        months = day.year * 12 + day.month - 1 + n * (12 if unit == "y" else 1)
        year, month = months // 12, months % 12 + 1
        if not _FIRST.year <= year <= _LAST.year:
            raise OverflowError
        following = date(year + month // 12, month % 12 + 1, 1)
        return _tame(date(year, month, min(day.day, (following - timedelta(days=1)).day)))
    except OverflowError:
        return _LAST if n > 0 else _FIRST
