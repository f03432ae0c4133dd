"""Money: a whole number of minor units and the currency they are of."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from babel.numbers import get_currency_precision, list_currencies

from crmlib.base.errors import InvalidInput
from crmlib.i18n import format_money, parse_decimal
from crmlib.i18n import gettext as _

_KNOWN = frozenset(list_currencies("en"))

# The most that a column of minor units holds on every database we know (a signed 64-bit integer).
MOST_MINOR = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: `minor` units (cents) of `currency` (ISO 4217).

    Adding two currencies raises TypeError: a sum in one currency needs a rate, and says which.
    """

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | int | str | float, currency: str, *, field: str = "") -> "Money":
        """`amount` in major units, as a number or as people type it, in a known currency.

        Raises InvalidInput where the currency is unknown, the amount is no number, or finer than the currency is.
        """
        field = field or _("Amount")
        code = check_currency(currency)
        try:
            value = parse_decimal(amount) if isinstance(amount, str) else Decimal(str(amount))
        except (ValueError, InvalidOperation):
            raise InvalidInput(field, amount, _("write an amount such as 1,250.00")) from None
        digits = get_currency_precision(code)
        minor = value.scaleb(digits) if value.is_finite() else Decimal(MOST_MINOR) * 10
        if abs(minor) > MOST_MINOR:
            raise InvalidInput(field, amount, _("larger than an amount can be"))
        if minor != minor.to_integral_value():
            if isinstance(amount, float):  # 0.1 + 0.2 is meant as 0.30
                minor = minor.to_integral_value(ROUND_HALF_EVEN)
            else:
                raise InvalidInput(
                    field,
                    amount,
                    _("{currency} has {n} digits after the point").format(currency=code, n=digits),
                )
        return cls(int(minor), code)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))

    def __add__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        if other.currency != self.currency:
            raise TypeError(f"cannot add {other.currency} to {self.currency} without a rate")
        return Money(self.minor + other.minor, self.currency)

    def __str__(self) -> str:
        return format_money(self.amount, self.currency)


def round_minor(exact: Decimal | Fraction, currency: str) -> int:
    """An exact amount in major units as minor units of `currency`, rounded half-even.

    Raises InvalidInput where it is larger than an amount can be.
    """
    minor: int = round(Fraction(exact) * 10 ** get_currency_precision(currency))
    if abs(minor) > MOST_MINOR:
        raise InvalidInput(_("Amount"), f"{minor:.3g}", _("larger than an amount can be"))
    return minor


def read_decimal(label: str, typed: Any, *, digits: int, low: int | None = None, high: int | None = None) -> Decimal:
    """An exact number of at most `digits` places, as a number or as people type it.

    Raises InvalidInput where it is none, has more places, or is out of bounds.
    """
    try:
        value = parse_decimal(typed) if isinstance(typed, str) else Decimal(str(typed))
    except (ValueError, InvalidOperation):
        raise InvalidInput(label, typed, _("write a number such as 2.5")) from None
    scaled = value.scaleb(digits) if value.is_finite() else Decimal(MOST_MINOR) * 10
    if abs(scaled) > MOST_MINOR:
        raise InvalidInput(label, typed, _("larger than a number here can be"))
    if scaled != scaled.to_integral_value():
        raise InvalidInput(label, typed, _("has more than {n} digits after the point").format(n=digits))
    if low is not None and value < low:
        raise InvalidInput(label, typed, _("{n} is the least it can be").format(n=low))
    if high is not None and value > high:
        raise InvalidInput(label, typed, _("{n} is the most it can be").format(n=high))
    return value


def check_currency(code: str, field: str = "") -> str:
    """`code` as ISO 4217 writes it; InvalidInput where there is no such currency."""
    tidy = (code or "").strip().upper()
    if tidy not in _KNOWN:
        raise InvalidInput(field or _("Currency"), code, _("use a three-letter code such as EUR, USD or IDR"))
    return tidy
