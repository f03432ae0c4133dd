"""Exchange rates by day."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Dialect, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from crmlib.base.fields import field
from crmlib.base.records import Base, Tracked
from crmlib.base.types import CurrencyCode
from crmlib.i18n import lazy


class DecimalText(TypeDecorator[Decimal]):
    """An exact decimal of any size, kept as its digits; a float is a bug and raises TypeError."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError(f"an exact decimal is needed, {value!r} is a float")
        return format(Decimal(value), "f")

    def process_result_value(self, value: Any, _dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


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
