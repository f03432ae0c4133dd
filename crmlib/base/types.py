"""Column types and shorthands that records use."""

from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Annotated, Any

from babel.numbers import get_currency_precision, list_currencies
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Double,
    Integer,
    String,
    Text,
    case,
    cast,
    type_coerce,
)
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.types import TypeDecorator

# SQLite numbers rows by itself only in a column declared INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")

CurrencyCode = Annotated[str, mapped_column(String(3))]
CountryCode = Annotated[str, mapped_column(String(2))]
LongText = Annotated[str, mapped_column(Text)]

# More than any column holds, so that shifting the point never rounds.
_EXACT = Context(prec=60)


class Utc(TypeDecorator[datetime]):
    """A moment: aware and in UTC on both sides; a naive one is a bug and raises TypeError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"a moment needs a time zone, {value!r} has none")
        value = value.astimezone(UTC)
        # SQLite keeps text: without the offset all rows have one width, and so compare rightly.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Any:
        """SQLite's text is written by one call of C: every row of a bulk has several moments."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)

        def write(value: datetime | None) -> str | None:
            if value is None:
                return None
            if value.tzinfo is None:
                raise TypeError(f"a moment needs a time zone, {value!r} has none")
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

        return write

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Scaled(TypeDecorator[Decimal]):
    """An exact decimal of at most `digits` places: `Decimal` in Python, a whole number of 10^-digits in the database.

    For what is finer than money's minor units, such as quantities (3 digits) and unit prices (4). A sum of them is
    exact on both databases. A float, or a number with more places, is a bug and raises: nothing is rounded here.
    """

    impl = BigInteger
    cache_ok = True

    def __init__(self, digits: int) -> None:
        super().__init__()
        self.digits = digits

    def process_bind_param(self, value: Decimal | int | str | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError(f"an exact decimal is needed, {value!r} is a float")
        scaled = Decimal(value).scaleb(self.digits, _EXACT)
        whole = int(scaled) if scaled.is_finite() else 0
        if whole != scaled:
            raise ValueError(f"{value} has more than {self.digits} digits after the point")
        return whole

    def bind_processor(self, dialect: Dialect) -> Any:
        """The same for a bulk: few quantities and prices come again and again, so each is worked out once."""
        known: dict[Decimal | int, int] = {}

        def write(value: Decimal | int | str | None) -> int | None:
            if type(value) is not Decimal:
                return self.process_bind_param(value, dialect)
            if (whole := known.get(value)) is None:
                if len(known) >= 10_000:
                    known.clear()
                whole = known[value] = int(self.process_bind_param(value, dialect) or 0)
            return whole

        return write

    def process_result_value(self, value: int | Decimal | None, _dialect: Dialect) -> Decimal | None:
        # A sum arrives as a numeric from PostgreSQL.
        return None if value is None else Decimal(int(value)).scaleb(-self.digits, _EXACT)

    def process_literal_param(self, value: Decimal | int | str | None, dialect: Dialect) -> str:
        return str(self.process_bind_param(value, dialect))

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal


class DecimalText(TypeDecorator[Decimal]):
    """An exact decimal of any size, kept as its digits; a float is a bug and raises TypeError. Not for sums in SQL."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError(f"an exact decimal is needed, {value!r} is a float")
        return format(Decimal(value), "f")

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


def product_of(quantity: Any, price: Any) -> ColumnElement[Decimal]:
    """Two scaled columns multiplied, exact, with the digits of both together."""
    digits = quantity.type.digits + price.type.digits
    return type_coerce(type_coerce(quantity, BigInteger) * type_coerce(price, BigInteger), Scaled(digits))


def major_units(minor: Any, currency: Any) -> ColumnElement[float]:
    """The amount as a float of major units, for frames: read and modelled, nothing owed is computed in it."""
    by_digits: dict[int, list[str]] = {}
    for code in list_currencies():
        by_digits.setdefault(get_currency_precision(code), []).append(code)
    usual = by_digits.pop(2) and 100
    factor = case(
        *((currency.in_(sorted(codes)), 10**digits) for digits, codes in sorted(by_digits.items())),
        else_=usual,
    )
    return cast(cast(minor, Double) / factor, Double)


def scaled_float(column: Any) -> ColumnElement[float]:
    """A scaled decimal as a float, for frames: read and modelled, nothing owed is computed in it."""
    return cast(cast(type_coerce(column, BigInteger), Double) / 10**column.type.digits, Double)


def to_amount(minor: int | None, currency: str) -> Decimal | None:
    """Minor units, as a column has them, in major units."""
    return None if minor is None else Decimal(minor).scaleb(-get_currency_precision(currency))


def money_columns(
    minor: str, currency: str, *, info: dict[str, Any] | None = None
) -> tuple[MappedColumn[Any], MappedColumn[Any]]:
    """The two columns behind a `Mapped[Money | None] = composite(...)`; `info` is what `field(…)` says of it."""
    return (
        mapped_column(minor, BigInteger, nullable=True, info=info or {}),
        mapped_column(currency, String(3), nullable=True),
    )
