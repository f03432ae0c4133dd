"""What a column's values are (addresses, numbers, days …) and how its people write them; and readers that follow."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache

from babel import Locale

from crmlib.base import InvalidInput, Money
from crmlib.exchange.matching import match_key
from crmlib.i18n import gettext as _

#: What stands for "nothing" in other systems' exports.
NOTHING = frozenset({"", "-", "--", "n/a", "na", "null", "none", "nan", "#n/a", "(empty)", "\\n"})
TRUE = frozenset((
    "true", "yes", "y", "1", "x", "ja", "j", "si", "sí", "s", "oui", "o", "vrai", "sim", "sì", "vero", "tak", "t", "da",
    "ya", "benar", "wahr", "verdadero", "verdadeiro", "prawda", "waar", "on", "✓", "subscribed", "accepted",
))  # fmt: skip
FALSE = frozenset((
    "false", "no", "n", "0", "nein", "non", "faux", "não", "nao", "falso", "nie", "nee", "nu", "tidak", "salah",
    "falsch", "fałsz", "onwaar", "off", "unsubscribed",
))  # fmt: skip
SIGNS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₫": "VND",
    "zł": "PLN", "kč": "CZK", "lei": "RON", "ron": "RON", "rp": "IDR", "r$": "BRL", "ft": "HUF", "us$": "USD",
    "$": "USD", "chf": "CHF", "fr.": "CHF",
}  # fmt: skip

_EMAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,250}\.[^@\s.,;<>]{2,63}")
_URL = re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)
_PHONE = re.compile(r"\+?[\d\s()./-]{6,25}(\s*(x|ext\.?)\s*\d{1,6})?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d[\d.,' \u00a0\u202f]*%?|[+-]?[.,]\d+|\([\d.,' ]+\)")
_NUMERIC_DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[T ,]+(.*))?")
_COMPACT_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?")
_DAY_MONTH = re.compile(r"(\d{1,2})[.\s-]+([^\W\d]+)\.?[\s,-]+(\d{4})")
_MONTH_DAY = re.compile(r"([^\W\d]+)\.?\s+(\d{1,2}),?\s+(\d{4})")
_DIALLED = re.compile(r"\+|0\d{6}|0\d+[ /-]")
# Day 0 of Excel's calendar, which believes that 1900 was a leap year.
_EXCEL = date(1899, 12, 30)


@dataclass(frozen=True)
class Look:
    """How the values of a column look.

    `kind`: email, phone, url, flag, date, moment, money, number, decimal, country, text, or empty. `style` is the
    decimal mark ("." or ","); `order` ymd, dmy, mdy; both are "" where the values do not say. `is_ambiguous` where
    both readings are possible throughout. `currency` is what a sign told. `share` of the values fit the kind.
    """

    kind: str
    style: str = ""
    order: str = ""
    is_ambiguous: bool = False
    currency: str = ""
    share: float = 1.0


def look_at(values: Iterable[str]) -> Look:
    """What the values of a column are, from all that are given; nine in ten must agree."""
    told = [value.strip() for value in values if value.strip().casefold() not in NOTHING]
    if not told:
        return Look("empty")

    def share(fits: Callable[[str], object]) -> float:
        return sum(bool(fits(value)) for value in told) / len(told)

    def whole(pattern: re.Pattern[str]) -> Callable[[str], object]:
        return lambda value: len(value) < 300 and pattern.fullmatch(value)

    for kind, pattern in (("email", _EMAIL), ("url", _URL)):
        if (found := share(whole(pattern))) >= 0.9:
            return Look(kind, share=found)
    if len({value.casefold() for value in told}) <= 2 and share(_is_flag) == 1 and len(told) > 1:
        return Look("flag")
    if (found := share(_date_parts)) >= 0.9:
        order, is_ambiguous = date_order(told)
        kind = "moment" if sum(":" in value for value in told) > len(told) / 2 else "date"
        return Look(kind, order=order, is_ambiguous=is_ambiguous, share=found)
    bare = [_without_sign(value) for value in told]
    signs = {sign for _text, sign in bare if sign}
    if sum(bool(_NUMBER.fullmatch(text)) for text, _sign in bare) >= 0.9 * len(told):
        style, is_ambiguous = number_style([text for text, _sign in bare])
        if signs:
            return Look("money", style=style, is_ambiguous=is_ambiguous, currency=min(signs) if len(signs) == 1 else "")
        if (
            share(
                lambda value: value.startswith("+") or re.match(r"0\d{6,}", value) or re.search(r"\d[ ()/-]+\d", value)
            )
            > 0.5
        ):
            return Look("phone", share=share(whole(_PHONE)))
        is_whole = all(re.fullmatch(r"[+-]?\d+", text) for text, _sign in bare)
        return Look("number" if is_whole else "decimal", style=style, is_ambiguous=is_ambiguous)
    if (found := share(lambda value: _PHONE.fullmatch(value) and sum(map(str.isdigit, value)) >= 6)) >= 0.8:
        return Look("phone", share=found)
    if (found := share(lambda value: find_country(value))) >= 0.9 and share(lambda value: len(value) > 1) == 1:
        return Look("country", share=found)
    return Look("text")


def date_order(values: Sequence[str]) -> tuple[str, bool]:
    """Whether days are written ymd, dmy or mdy, decided from all values; and whether they leave it open."""
    first = second = 0
    separators: set[str] = set()
    found_any = False
    for value in values:
        parts = _NUMERIC_DATE.fullmatch(value.strip())
        if not parts:
            continue
        found_any = True
        if len(parts[1]) == 4:
            return "ymd", False
        first, second = max(first, int(parts[1])), max(second, int(parts[3]))
        separators.add(parts[2])
    if not found_any:
        return "", False
    if first > 12 and second > 12:
        return "", True
    if first > 12:
        return "dmy", False
    if second > 12:
        return "mdy", False
    # Nobody writes the month first between points.
    return ("dmy", False) if separators == {"."} else ("dmy", True)


def number_style(values: Iterable[str]) -> tuple[str, bool]:
    """The decimal mark of a column ("." or ","), and whether its values leave it open."""
    votes = {".": 0, ",": 0}
    is_open = False
    for text in values:
        points, commas = text.count("."), text.count(",")
        if points and commas:
            votes["." if text.rfind(".") > text.rfind(",") else ","] += 2
        elif points > 1 or commas > 1:
            votes["," if points > 1 else "."] += 2  # a mark that stands twice parts thousands
        elif points or commas:
            mark = "." if points else ","
            digits = re.sub(r"\D", "", text.partition(mark)[2])
            if len(digits) == 3 and not text.lstrip("+-").startswith(("0", mark)):
                is_open = True
            else:
                votes[mark] += 1
    if votes["."] == votes[","]:
        return "", is_open or votes["."] > 0
    return max(votes, key=lambda mark: votes[mark]), False


def read_number(text: str, style: str = ".") -> Decimal:
    """A number in the style of its column: `style` is its decimal mark. Raises InvalidInput."""
    told = text.strip().replace("\u2212", "-")
    is_negative = told.startswith("(") and told.endswith(")")
    told = told.strip("()").removesuffix("%").strip()
    if told.endswith("-"):
        told = "-" + told[:-1]
    mark = style or "."
    plain = re.sub(r"[\s'\u2019]", "", told).replace("." if mark == "," else ",", "")
    # A mark in the wrong place is a misunderstanding, and no number: 1,234 is not 1234 where , parts decimals.
    grouped = "." if mark == "," else ","
    is_shaped = re.fullmatch(
        rf"[+-]?(\d+|\d{{1,3}}([\s'\u2019{re.escape(grouped)}]\d{{2,3}})+)?({re.escape(mark)}\d*)?", told
    )
    is_exponent = re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d{1,2}", told)
    if not is_exponent and (not is_shaped or not any(map(str.isdigit, told))):
        raise InvalidInput(_("Number"), text, _("this is no number as the others of its column are written"))
    try:
        number = Decimal(told if is_exponent else plain.replace(mark, "."))
    except InvalidOperation:
        raise InvalidInput(_("Number"), text, _("this is no number")) from None
    return -number if is_negative else number


def read_money(text: str, style: str = ".", currency: str = "") -> Money:
    """An amount with the sign it carries, or in `currency`. Raises InvalidInput."""
    bare, told = _without_sign(text.strip())
    if not (told or currency):
        raise InvalidInput(_("Amount"), text, _("say in which currency the amounts are"))
    # "$" alone means the dollar of wherever the file is from, which the column's currency knows better.
    is_vague = "$" in text and not re.search(r"[A-Za-z]", text) and currency.endswith("D")
    return Money.of(read_number(bare, style), currency if is_vague or not told else told)


def read_date(text: str, order: str = "ymd") -> date:
    """A day in the order of its column (ymd, dmy, mdy); names of months and Excel's day numbers are understood.

    Raises InvalidInput, also for a day that no calendar has.
    """
    if (parts := _date_parts(text.strip())) is not None:
        try:
            return _day(parts, order)
        except ValueError:
            pass
    if re.fullmatch(r"\d{5}(\.\d+)?", text.strip()) and 10_000 < float(text) < 80_000:
        return _EXCEL + timedelta(days=int(float(text)))
    raise InvalidInput(_("Date"), text, _("this is no day as the others of its column are written"))


def read_moment(text: str, order: str = "ymd") -> datetime:
    """A day with its time, without a zone where none is said; midnight where no time is. Raises InvalidInput."""
    text = text.strip()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    found = _TIME.search(text)
    day = read_date(text[: found.start()].rstrip("T ,") if found else text, order)
    if not found:
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # whoever knows the file's zone says it
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + (12 if found[4][0] in "pP" else 0)
    try:
        return datetime(day.year, day.month, day.day, hour, int(found[2]), int(found[3] or 0))  # noqa: DTZ001
    except ValueError:
        raise InvalidInput(_("Date"), text, _("this is no time of day")) from None


def read_flag(text: str) -> bool:
    """Yes or no, in one of our ten languages. Raises InvalidInput."""
    told = text.strip().casefold()
    if told in TRUE:
        return True
    if told in FALSE or told in NOTHING:
        return False
    raise InvalidInput(_("Yes or no"), text, _("write yes or no"))


def find_country(text: str) -> str:
    """The ISO 3166 code of a country named in one of our ten languages, or by its code; empty where it is none."""
    told = text.strip()
    if len(told) == 2 and told.upper() in _codes():
        return told.upper()
    return _countries().get(match_key(told), "") if told else ""


_LANGUAGES = ("id", "ro", "pl", "nl", "it", "pt", "fr", "es", "de", "en")
_NO_COUNTRY = frozenset({"EU", "UN", "ZZ", "EZ", "QO", "XA", "XB"})
_ALSO = {
    "usa": "US", "unitedstatesofamerica": "US", "uk": "GB", "greatbritain": "GB", "england": "GB", "holland": "NL",
    "russia": "RU", "southkorea": "KR", "korea": "KR", "czechrepublic": "CZ", "uae": "AE", "eire": "IE", "rsa": "ZA",
    "ivorycoast": "CI", "turkey": "TR",
}  # fmt: skip


@cache
def _codes() -> frozenset[str]:
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRY


@cache
def _countries() -> dict[str, str]:
    found = {
        match_key(str(name)): str(code)
        for language in _LANGUAGES
        for code, name in Locale(language).territories.items()
        if code in _codes()
    }
    return found | _ALSO


@cache
def _months() -> dict[str, int]:
    return {
        match_key(name): number
        for language in _LANGUAGES
        for context in ("format", "stand-alone")
        for width in ("abbreviated", "wide")
        for number, name in Locale(language).months[context][width].items()
    }


def _date_parts(value: str) -> tuple[str, ...] | None:
    """The parts of a day: three numbers as they stand, or year, month, day after a mark `n`."""
    if len(value) > 60:
        return None
    if (found := _NUMERIC_DATE.fullmatch(value)) and (found[5] is None or _TIME.fullmatch(found[5].strip())):
        is_day = len(found[1]) == 4 or len(found[4]) in (2, 4)
        return (found[1], found[3], found[4]) if is_day and len(found[1]) != 3 else None
    if _COMPACT_DATE.fullmatch(value):
        return "n", value[:4], value[4:6], value[6:]
    time = _TIME.search(value)
    bare = value[: time.start()].rstrip("T ,") if time else value
    for pattern, (day, month) in ((_DAY_MONTH, (1, 2)), (_MONTH_DAY, (2, 1))):
        if (found := pattern.fullmatch(bare)) and (number := _months().get(match_key(found[month]))):
            return "n", found[3], str(number), found[day]
    return None


def _day(parts: tuple[str, ...], order: str) -> date:
    if parts[0] == "n":
        return date(int(parts[1]), int(parts[2]), int(parts[3]))
    first, second, third = parts
    if len(first) == 4:
        return date(int(first), int(second), int(third))
    if not order or order == "ymd":
        raise ValueError(parts)
    year = int(third)
    if len(third) == 2:
        year += 2000 if year < 70 else 1900
    day, month = (second, first) if order == "mdy" else (first, second)
    return date(year, int(month), int(day))


def _is_flag(value: str) -> bool:
    return value.casefold() in TRUE or value.casefold() in FALSE


def _without_sign(text: str) -> tuple[str, str]:
    """The number without its currency, and the currency."""
    if found := re.fullmatch(r"([+-]?)\s*([^\d\s.,()+-][^\d\s,()+-]{0,3})\s*(\(?[+-]?[\d.,].*)", text):
        sign, minus, rest = found[2], found[1], found[3]
    elif found := re.fullmatch(r"(.*[\d)])\s*([^\d\s.,()%+-][^\d\s,()%+-]{0,3})", text):
        sign, minus, rest = found[2], "", found[1]
    else:
        return text, ""
    code = SIGNS.get(
        sign.casefold(), sign if re.fullmatch("[A-Z]{3}", sign) and sign in Locale("en").currencies else ""
    )
    return (minus + rest.strip(), code) if code else (text, "")
