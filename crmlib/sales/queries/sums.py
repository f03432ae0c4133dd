"""What deals add up to: one sum per currency, or one in a single currency with the day of its rates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from sqlalchemy import ColumnElement, func, literal, literal_column, select
from sqlalchemy.orm import Session

from crmlib.base import Money, RateUsed, convert_sum
from crmlib.sales.records import Deal, Stage, StageKind

__all__ = ["ConvertedSum", "converted_sum", "deal_sums"]


@dataclass(frozen=True)
class ConvertedSum:
    """`total` in one currency, of `parts` in their own, and the `rates` that it stands on; none where none was needed.

    `rates_on` is the day of the oldest of them, None where there is none: it may lie before the day asked for.
    """

    total: Money
    parts: list[Money]
    rates: tuple[RateUsed, ...] = ()

    @property
    def rates_on(self) -> date | None:
        return min((rate.day for rate in self.rates), default=None)


def deal_sums(
    session: Session,
    *,
    kind: StageKind = StageKind.OPEN,
    pipeline_id: int | None = None,
    owner_id: int | None = None,
    closed_from: date | None = None,
    closed_to: date | None = None,
    weighted: bool = False,
) -> list[Money]:
    """What deals of a kind are worth together: one Money per currency, by its code; two are never added up.

    `closed_from` and `closed_to` (both included) keep those closed then. `weighted` counts each deal by its own
    probability, or else its stage's, or else in full; every weighted sum is rounded once, half to even.
    """
    percent: ColumnElement[int] = func.coalesce(Deal.probability, Stage.probability, 100) if weighted else literal(100)
    rows = select(Deal.currency, percent.label("percent"), func.sum(Deal.amount_minor))
    rows = rows.join(Stage, Stage.id == Deal.stage_id).where(Stage.kind == kind, Deal.amount_minor.is_not(None))
    if pipeline_id is not None:
        rows = rows.where(Stage.pipeline_id == pipeline_id)
    if owner_id is not None:
        rows = rows.where(Deal.owner_id == owner_id)
    if closed_from is not None:
        rows = rows.where(Deal.closed_on >= closed_from)
    if closed_to is not None:
        rows = rows.where(Deal.closed_on <= closed_to)
    sums: dict[str, Decimal] = {}
    for currency, chance, minor in session.execute(rows.group_by(Deal.currency, literal_column("percent"))):
        if currency is not None:
            sums[currency] = sums.get(currency, Decimal()) + Decimal(int(minor)) * int(chance) / 100
    return [Money(int(sums[one].to_integral_value(ROUND_HALF_EVEN)), one) for one in sorted(sums)]


def converted_sum(session: Session, amounts: Iterable[Money], to: str, *, on: date) -> ConvertedSum:
    """Amounts of any currencies as one in `to`, at the rates of a day or the newest of the days before, and which.

    Raises Refused where a rate is missing: a sum with a part left out would be wrong without showing it.
    """
    parts = list(amounts)
    made = convert_sum(session, parts, to, on)
    return ConvertedSum(made.total, parts, made.rates)
