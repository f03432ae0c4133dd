"""Numbers with a fixed count of digits after the point, kept as whole numbers: exact on every database."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator


class Scaled(TypeDecorator[Decimal]):
    """A `Decimal` with `digits` after the point; the column holds it as a count of its last digit."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, digits: int) -> None:
        super().__init__()
        self.digits = digits

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return int(Decimal(value).scaleb(self.digits).to_integral_value(ROUND_HALF_EVEN))

    def process_result_value(self, value: Any, _dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-self.digits)


# Percents are kept to the hundredth: a third of a deal is 33.33.
PERCENT_DIGITS = 2
