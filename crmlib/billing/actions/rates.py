"""Exchange rates, and the sums that follow them."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from crmlib.base import FxRate, InvalidInput
from crmlib.base import set_rates as write_rates
from crmlib.base.fx import DAYS_BACK
from crmlib.billing.totals import convert_anew, count_anew, reporting_currency
from crmlib.i18n import gettext as _


def set_fx_rate(
    session: Session,
    *,
    day: date,
    currency: str,
    rate: Decimal | int | str,
    base: str | None = None,
    source: str | None = None,
) -> FxRate:
    """One `base` (the reporting currency) was worth `rate` of `currency` on `day`. What had no rate is converted."""
    return set_fx_rates(session, [(day, currency, rate)], base=base, source=source)[0]


def set_fx_rates(
    session: Session,
    rows: Iterable[tuple[date, str, Decimal | int | str]],
    *,
    base: str | None = None,
    source: str | None = None,
) -> list[FxRate]:
    """Many rates at once, as (day, currency, rate) for one `base` (the reporting currency unless another is named).

    Those of the same day and pair are replaced. Orders, payments and refunds of the days they count for are converted
    anew, and with them the sums per party.
    """
    ours = reporting_currency(session)
    base = base or ours
    if base is None:
        raise InvalidInput(_("Base currency"), "", _("say what the rates are of"))
    rates = write_rates(session, rows, base=base, source=source)
    if rates and ours is not None:
        days = [rate.day for rate in rates]
        convert_anew(session, days=(min(days), max(days) + timedelta(days=DAYS_BACK)))
    return rates


def recount_totals(session: Session) -> int:
    """Count the sums per party anew, in one statement; how many parties have any."""
    return count_anew(session)


def restate(session: Session, *, currency: str | None = None) -> int:
    """Convert everything anew by the rates known now, into another reporting currency where one is named.

    How many orders, payments and refunds have another amount than before; the sums per party follow.
    """
    return convert_anew(session, currency=currency)
