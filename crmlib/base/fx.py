"""Exchange rates by day, and sums over several currencies that say which rates they stand on.

Nothing here is a float: rates are exact decimals, a conversion is a fraction until it is rounded, once and half-even.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy import Connection, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crmlib.base.errors import InvalidInput, Refused
from crmlib.base.fields import field
from crmlib.base.money import MOST_MINOR, Money, check_currency
from crmlib.base.records import Base, Tracked
from crmlib.base.types import CurrencyCode, DecimalText
from crmlib.i18n import format_date, lazy
from crmlib.i18n import gettext as _

# No bank publishes on week-ends and holidays: the newest rate of this many days before a day is the day's.
DAYS_BACK = 7

# More digits than any rate is published with; what is longer was computed, or is no rate.
MOST_DIGITS = 20


class FxRate(Tracked, Base):
    """What one unit of `base` was worth on `day`, in units of `currency` (as central banks publish it).

    One row per day and pair; `rate` is exact and above zero.
    """

    __tablename__ = "fx_rate"
    __table_args__ = (UniqueConstraint("currency", "base", "day"),)

    day: Mapped[date] = mapped_column(index=True, info=field(lazy("Day"), "date", required=True))
    currency: Mapped[CurrencyCode] = mapped_column(String(3), info=field(lazy("Currency"), required=True))
    base: Mapped[CurrencyCode] = mapped_column(String(3), info=field(lazy("Base currency"), required=True))
    rate: Mapped[Decimal] = mapped_column(DecimalText, info=field(lazy("Rate"), "decimal", required=True))
    source: Mapped[str | None] = mapped_column(info=field(lazy("Source")))


@dataclass(frozen=True)
class RateUsed:
    """One unit of `currency` came to `rate` units of `to`; `day` is the day of the rate, `via` the currency between."""

    currency: str
    to: str
    rate: Fraction
    day: date
    via: str = ""

    def minor(self, minor: int) -> int:
        """`minor` units of `currency` in minor units of `to`, rounded half-even."""
        shift = get_currency_precision(self.to) - get_currency_precision(self.currency)
        return round(minor * self.rate * Fraction(10) ** shift)

    def __str__(self) -> str:
        figure = f"{float(self.rate):.6g}"  # to be read; nothing is computed from it
        said = _("1 {currency} = {rate} {to} of {day}")
        return said.format(currency=self.currency, rate=figure, to=self.to, day=format_date(self.day))


@dataclass(frozen=True)
class ConvertedSum:
    """A sum in one currency, and the rates it stands on: none where nothing had to be converted."""

    total: Money
    rates: tuple[RateUsed, ...] = ()

    def __str__(self) -> str:
        return f"{self.total} ({'; '.join(map(str, self.rates))})" if self.rates else str(self.total)


class Converter:
    """Conversions into one currency, which ask the database once for each currency and day.

    For many rows: `Converter(session, "EUR").minor(1250, "USD", day)`.
    """

    def __init__(self, session: Session | Connection, to: str) -> None:
        self.to = to
        self._session = session
        self._known: dict[tuple[str, date], RateUsed | None] = {}

    def rate(self, currency: str, on: date) -> RateUsed | None:
        """The rate of a day, or None where neither it nor one of the 7 days before is known."""
        if (currency, on) not in self._known:
            self._known[currency, on] = find_rate(self._session, currency, self.to, on)
        return self._known[currency, on]

    def minor(self, minor: int, currency: str, on: date) -> int | None:
        """Minor units of `currency` in minor units of ours by the rate of `on`; None where no rate is known."""
        if currency == self.to:
            return minor
        rate = self.rate(currency, on)
        if rate is None:
            return None
        converted = rate.minor(minor)
        return converted if abs(converted) <= MOST_MINOR else None


def find_rate(session: Session | Connection, currency: str, to: str, on: date) -> RateUsed | None:
    """What one `currency` came to in `to` on a day: by a rate of the pair, or over a base that both have a rate of.

    The newest of the day and the 7 before; None where there is none. A pair's own rate comes before a way round.
    """
    if currency == to:
        return RateUsed(currency, to, Fraction(1), on)
    table = FxRate.__table__.c
    rows = session.execute(
        select(table.currency, table.base, table.rate, table.day)
        .where(table.currency.in_([currency, to]), table.day <= on, table.day >= on - timedelta(days=DAYS_BACK))
        .order_by(table.day)
    )
    newest: dict[tuple[str, str], tuple[date, Fraction]] = {
        (code, base): (day, Fraction(rate)) for code, base, rate, day in rows
    }
    pairs = []
    if (currency, to) in newest:
        day, rate = newest[currency, to]
        pairs.append(RateUsed(currency, to, 1 / rate, day))
    if (to, currency) in newest:
        day, rate = newest[to, currency]
        pairs.append(RateUsed(currency, to, rate, day))
    if not pairs:
        for code, base in newest:
            if code == currency and (to, base) in newest:
                (day, rate), (other_day, other) = newest[code, base], newest[to, base]
                # The older of the two says how fresh the way round is.
                pairs.append(RateUsed(currency, to, other / rate, min(day, other_day), via=base))
    return max(pairs, key=lambda pair: (pair.day, pair.via), default=None)


def convert(session: Session | Connection, money: Money, to: str, on: date) -> Money:
    """`money` in the currency `to`, by the rate of the day `on` or the newest one of the 7 days before.

    Rounded half-even to the minor unit. Raises Refused, naming the rate that is missing.
    """
    return convert_sum(session, [money], to, on).total


def convert_sum(session: Session | Connection, moneys: Iterable[Money], to: str, on: date) -> ConvertedSum:
    """The sum of amounts in any currencies in the currency `to`, with the rates used and their days.

    Each currency is added up first and rounded once. Raises Refused, naming every rate that is missing.
    """
    to = check_currency(to)
    sums: dict[str, int] = {}
    for money in moneys:
        sums[money.currency] = sums.get(money.currency, 0) + money.minor
    total, used, missing = sums.pop(to, 0), [], []
    for currency, minor in sorted(sums.items()):
        rate = find_rate(session, currency, to, on)
        if rate is None:
            missing.append(currency)
            continue
        used.append(rate)
        total += rate.minor(minor)
    if missing:
        raise Refused(
            _("There is no rate from {currencies} to {to} for {day} or the {n} days before. Add it, then try again.")
            .format(currencies=", ".join(missing), to=to, day=format_date(on), n=DAYS_BACK)
        )  # fmt: skip
    return ConvertedSum(Money(total, to), tuple(used))


def set_rate(
    session: Session, *, day: date, currency: str, rate: Decimal | int | str, base: str, source: str | None = None
) -> FxRate:
    """One `base` was worth `rate` units of `currency` on `day`; a rate of that day and pair is replaced.

    Raises InvalidInput where the rate is not above zero, or a currency is not known.
    """
    return set_rates(session, [(day, currency, rate)], base=base, source=source)[0]


def set_rates(
    session: Session,
    rows: Iterable[tuple[date, str, Decimal | int | str]],
    *,
    base: str,
    source: str | None = None,
) -> list[FxRate]:
    """Many rates at once, as (day, currency, rate), of one base currency; those of the same day and pair are replaced.

    All of them or none: raises InvalidInput for the first that cannot be.
    """
    base = check_currency(base)
    wanted: dict[tuple[date, str], Decimal] = {}
    for day, code, rate in rows:
        currency = check_currency(code)
        if currency == base:
            raise InvalidInput(_("Currency"), currency, _("a rate needs two currencies"))
        wanted[day, currency] = _read_rate(rate)
    if not wanted:
        return []
    days = [day for day, _currency in wanted]
    kept = {
        (one.day, one.currency): one
        for one in session.scalars(
            select(FxRate).where(
                FxRate.base == base,
                FxRate.day.between(min(days), max(days)),
                FxRate.currency.in_(sorted({currency for _day, currency in wanted})),
            )
        )
    }
    found = []
    for (day, currency), exact in wanted.items():
        one = kept.get((day, currency))
        if one is None:
            one = FxRate(day=day, currency=currency, base=base, rate=exact, source=source)
            session.add(one)
        elif one.rate != exact:
            one.rate, one.source = exact, source
        found.append(one)
    session.flush()
    return found


def _read_rate(typed: Any) -> Decimal:
    label = _("Rate")
    if isinstance(typed, float):
        raise TypeError(f"a rate is exact, {typed!r} is a float: give its digits as text or Decimal")
    try:
        # Machines write rates, and always with a point.
        rate = Decimal(str(typed).strip())
    except ArithmeticError:
        raise InvalidInput(label, typed, _("write a number such as 1.0842")) from None
    if not rate.is_finite() or rate <= 0:
        raise InvalidInput(label, typed, _("a rate is above zero"))
    digits: Sequence[int] = rate.as_tuple().digits
    if len(digits) > MOST_DIGITS or abs(rate.adjusted()) > MOST_DIGITS:
        raise InvalidInput(label, typed, _("has more digits than a rate can have"))
    return rate
