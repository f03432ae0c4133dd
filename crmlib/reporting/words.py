"""Numbers as the sentences of a report say them, in the reader's language."""

import re
from datetime import date
from decimal import Decimal
from math import isnan

from babel import dates, numbers

from crmlib.i18n import current_locale, format_money, format_number, format_percent, ngettext
from crmlib.i18n import gettext as _

DASH = "–"


def money(amount: float, currency: str) -> str:
    """An amount in whole units with its currency; a frame's float is exact to the cent far beyond any sum here."""
    return format_money(Decimal(str(round(amount, 2))), currency, whole=True)


def money_on_axis(amount: float, currency: str) -> str:
    """The shortest form, three figures at most: $1.5M, €229K; 0 without a currency."""
    if amount == 0:
        return format_number(0)
    # What stands before the K or M: 1.5 keeps a decimal, 229 and 2 need none.
    shown = abs(amount) / 1000 ** ((len(str(int(abs(amount)))) - 1) // 3)
    digits = 0 if shown >= 99.5 or shown == round(shown) else 1
    told = numbers.format_compact_currency(amount, currency, locale=current_locale(), fraction_digits=digits)
    # Some languages have no short form of thousands, and then no separators either.
    return money(amount, currency) if re.search(r"\d{4}", told) else told


def count(n: int) -> str:
    """A number of things, with the locale's separators."""
    return format_number(int(n), 0)


def n_deals(n: int) -> str:
    """1 deal, 1,196 deals."""
    return ngettext("{n} deal", "{n} deals", n).format(n=count(n))


def n_days(days: float) -> str:
    """1 day, 69 days; a dash where it is not known."""
    if isnan(days):
        return DASH
    return ngettext("{n} day", "{n} days", round(days)).format(n=count(round(days)))


def percent(rate: float) -> str:
    """A rate without decimals, except close to nothing or everything, where 0% or 100% would not be true."""
    if isnan(rate):
        return DASH
    return format_percent(rate, 1 if 0 < rate < 0.005 or 0.995 < rate < 1 else 0)


def percent_range(low: float, high: float) -> str:
    """58 to 62%; the sign stands once, as the locale writes it."""
    if isnan(low) or isnan(high):
        return DASH
    digits = 1 if high < 0.02 or low > 0.98 else 0
    return _("{low} to {high}").format(low=format_number(100 * low, digits), high=format_percent(high, digits))


def days_range(low: float, high: float) -> str:
    """66 to 72 days, or from 66 days on where the upper end is not reached."""
    if isnan(low):
        return DASH
    if isnan(high):
        return _("{low} or more").format(low=n_days(low))
    return _("{low} to {high}").format(low=count(round(low)), high=n_days(high))


def month_name(month: date, *, year: bool = False) -> str:
    """Oct, or Oct 2017 with the year."""
    return dates.format_skeleton("yMMM" if year else "MMM", month, locale=current_locale())


def listed(words: list[str]) -> str:
    """A, B and C."""
    if len(words) < 2:
        return "".join(words)
    return _("{first} and {last}").format(first=", ".join(words[:-1]), last=words[-1])
