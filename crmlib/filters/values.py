"""Numbers, days and moments as a filter writes them."""

from datetime import UTC, date, datetime
from decimal import Decimal

from crmlib.filters.tokens import quote
from crmlib.filters.tree import Amount, Day, Flag, Me, Moment, Number, Relative, Value, Word

# What a double keeps exactly; longer numbers would be equal in one database and not in the other.
MOST_DIGITS = 15


def decimal_of(text: str) -> Decimal | None:
    """The number written in `text`; None where it has too many digits to be kept."""
    number = Decimal(text.replace("_", ""))
    return number if len(number.normalize().as_tuple().digits) <= MOST_DIGITS and number < 10**MOST_DIGITS else None


def time_of(text: str) -> Day | Moment | None:
    """The day, or the moment, written in `text`; None where there is none. Without an offset it is UTC."""
    try:
        if len(text) == len("2026-01-31"):
            return Day(date.fromisoformat(text))
        at = datetime.fromisoformat(text)
        return Moment((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def written(value: Value) -> str:
    """A value as a filter writes it."""
    match value:
        case Word(text):
            return quote(text)
        case Amount(number, currency):
            return f"{number:f} {currency}".strip()
        case Number(number):
            return f"{number:f}"
        case Day(day):
            return day.isoformat()
        case Moment(at):
            return at.isoformat().replace("+00:00", "Z")
        case Relative(anchor, shifts):
            return anchor + "".join(f" {'-' if n < 0 else '+'} {abs(n)}{unit}" for n, unit in shifts)
        case Flag(flag):
            return "true" if flag else "false"
        case Me():
            return "me"
