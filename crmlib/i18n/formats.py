"""Numbers, money, days and places, written and read as the reader's locale has them (Unicode CLDR, by Babel)."""

import re
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache

from babel import Locale, dates, numbers

from crmlib.i18n.messages import current_locale
from crmlib.i18n.messages import gettext as _


def format_number(value: float | Decimal, digits: int | None = None) -> str:
    """`value` with the locale's separators; `digits` after the point, or as many as it has, at most three."""
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=current_locale())


def format_percent(rate: float, digits: int = 0) -> str:
    """A rate from 0 to 1 as per cent: 0.6315 with two digits is 63.15%."""
    pattern = numbers.parse_pattern(current_locale().percent_formats[None])
    pattern.frac_prec = (digits, digits)
    return str(pattern.apply(rate, current_locale()))


def format_money(amount: Decimal, currency: str, *, whole: bool = False) -> str:
    """An exact amount with its symbol or code; `whole` leaves out the minor units."""
    if whole:
        amount = amount.quantize(Decimal(1))
    pattern = numbers.parse_pattern(current_locale().currency_formats["standard"].pattern)
    if whole:
        pattern.frac_prec = (0, 0)
    return _spaced(pattern.apply(amount, current_locale(), currency=currency, currency_digits=not whole))


def format_money_short(amount: Decimal, currency: str) -> str:
    """For cards and headings: whole units, and from ten million on in compact form (€12.4M)."""
    if abs(amount) < 10_000_000:
        return format_money(amount, currency, whole=True)
    return _spaced(numbers.format_compact_currency(amount, currency, locale=current_locale(), fraction_digits=1))


def format_date(day: date, *, today: date | None = None) -> str:
    """A day as 12 Nov 2026; with `today` given, the year is left out where it is the same."""
    skeleton = "MMMd" if today is not None and day.year == today.year else "yMMMd"
    return dates.format_skeleton(skeleton, day, locale=_day_month_locale())


def format_datetime(moment: datetime, zone: tzinfo) -> str:
    """A moment in the reader's zone, to the minute, with the zone's short name."""
    local = moment.astimezone(zone)
    day = format_date(local.date())
    return f"{day}, {local:%H:%M} {local.tzname()}"


def ago(moment: datetime, *, now: datetime, zone: tzinfo) -> str:
    """How long ago, as people say it: minutes and hours up to a day, Yesterday, then the day."""
    seconds = (now - moment).total_seconds()
    here, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
    if 0 <= seconds < 60:
        return _("Just now")
    if 0 <= seconds < 3600:
        return _("{n} min ago").format(n=int(seconds // 60))
    if 0 <= seconds < 86_400 and here == today:
        return _("{n} h ago").format(n=int(seconds // 3600))
    if (today - here).days == 1:
        return _("Yesterday")
    return format_date(here, today=today)


def country_name(code: str) -> str:
    """The country's name in the reader's language; the code itself where CLDR does not know it."""
    return str(current_locale().territories.get(code.upper(), code))


def parse_territory(text: str) -> str | None:
    """The ISO 3166 code of a country written as a code or a name, in English or the reader's language."""
    wanted = text.strip().casefold()
    if len(wanted) == 2 and wanted.upper() in _territories("en").values():
        return wanted.upper()
    for language in ("en", str(current_locale())):
        code = _territories(language).get(wanted)
        if code:
            return code
    return _OTHER_NAMES.get(wanted)


def parse_decimal(text: str) -> Decimal:
    """A number as people type it in their locale ("1,204.50" or "1.204,50"); ValueError where it is none.

    A plain machine-written number ("1204.50") is understood in every locale when it can mean only one thing.
    """
    cleaned = text.strip().replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    try:
        return numbers.parse_decimal(cleaned, locale=current_locale(), strict=True)
    except numbers.NumberFormatError:
        digits = cleaned.lstrip("+-")
        if digits.replace(".", "", 1).isdigit() and "." in digits and len(digits.rsplit(".", 1)[1]) != 3:
            return Decimal(cleaned)
        raise


# Names that people and spreadsheets use and CLDR's display names lack.
_OTHER_NAMES = {
    "usa": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "korea": "KR",
    "republic of korea": "KR",
    "holland": "NL",
    "czech republic": "CZ",
    "turkey": "TR",
    "russian federation": "RU",
    "viet nam": "VN",
}


def _spaced(money: str) -> str:
    # CLDR keeps a code apart from its figure (IDR 3,000); Babel writes them together.
    return re.sub(r"([^\W\d_])(\d)", "\\1\u00a0\\2", money)


@cache
def _territories(language: str) -> dict[str, str]:
    names = Locale.parse(language).territories
    return {name.casefold(): code for code, name in names.items() if len(code) == 2 and code.isalpha()}


def _day_month_locale() -> Locale:
    # The house writes 12 Nov, not Nov 12: plain English follows the international order.
    locale = current_locale()
    return Locale.parse("en_GB") if locale.language == "en" and locale.territory is None else locale
