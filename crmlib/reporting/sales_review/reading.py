"""How the sales review is read from a workbench, and what its empty parameters come to mean."""

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from crmlib.base import InvalidInput, JournalEntry, check_currency
from crmlib.i18n import format_date
from crmlib.i18n import gettext as _
from crmlib.reporting.sales_review.as_of import SILENT_DAYS, choose_quarter, deals_as_of, last_event_on
from crmlib.reporting.sales_review.facts import Facts
from crmlib.reporting.sales_review.periods import Quarter
from crmlib.reporting.sales_review.review import SalesReview
from crmlib.reporting.words import listed
from crmlib.sales import deals as deals_query
from crmlib.sales import lost_reasons
from crmlib.sales import stage_events as events_query


def sales_review(
    workbench: Any,
    *,
    quarter: str = "",
    seller: str = "",
    region: str = "",
    pipeline: str = "",
    currency: str = "",
    as_of: str = "",
    level: float = 0.95,
) -> SalesReview:
    """The review of a workbench's deals; empty parameters are worked out as the report's notebook says.

    Reads deals, their steps and the journal's number in one transaction, so that they belong together. Raises
    InvalidInput where a parameter cannot be understood or names what is not on record.
    """
    with workbench.reading() as session:
        deals, events = deals_query(session), events_query(session)
        data_version = session.scalar(select(func.max(JournalEntry.number))) or 0
        labels = {one["word"]: one["label"] for one in lost_reasons(session, archived=True)}
    deals["lost_reason"] = deals["lost_reason"].map(lambda word: labels.get(word, word), na_action="ignore")
    settings = workbench.settings
    asked_for = Quarter.parse(quarter) if quarter else None
    day, why = _as_of(as_of, deals, events, workbench.today(), asked_for)
    then = deals_as_of(deals, events, day)
    in_pipeline = _only(then, "pipeline", pipeline)
    scope = _only(_only(in_pipeline, "owner", seller, "seller"), "region", region)
    starts = in_pipeline["closed_on"].min()
    chosen = asked_for or choose_quarter(scope, day)
    if chosen is not None and chosen.start > day:  # as_of given, and before the quarter
        raise InvalidInput(
            "quarter", quarter, _("it begins after {day}, the day the records are read as of").format(day=day)
        )
    closed_currencies = sorted({str(word) for word in scope.loc[scope["status"] == "won", "currency"].dropna()})
    money_of = _currency(currency, closed_currencies, settings.currency)
    facts = Facts(
        deals=scope,
        events=events,
        quarter=chosen,
        as_of=day,
        currency=money_of,
        level=float(level),
        record_start=None if pd.isna(starts) else starts.date(),
        looks_back=day < (last_event_on(deals, events, workbench.today()) or day),
    )
    asked = {
        "quarter": str(chosen or ""),
        "seller": seller,
        "region": region,
        "pipeline": pipeline,
        "currency": money_of,
        "as_of": day.isoformat(),
        "level": float(level),
    }
    return SalesReview(facts, settings.name, asked, data_version, why)


def _as_of(
    text: str, deals: pd.DataFrame, events: pd.DataFrame, today: date, quarter: Quarter | None
) -> tuple[date, str]:
    if text:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise InvalidInput("as_of", text, _("write a day as 2017-12-31")) from None
        if day > today:
            raise InvalidInput("as_of", text, _("that day is still to come"))
        return day, _("Read as of {day}.").format(day=format_date(day))
    last = last_event_on(deals, events, today)
    if last is None or (today - last).days <= SILENT_DAYS:
        return today, ""
    if quarter is not None and quarter.end > last:
        return min(quarter.end, today), ""
    return last, _("Nothing has happened to a deal since {day}, so the records are read as of that day.").format(
        day=format_date(last)
    )


def _only(deals: pd.DataFrame, column: str, wanted: str, field: str = "") -> pd.DataFrame:
    if not wanted:
        return deals
    known = sorted({str(name) for name in deals[column].dropna()})
    match = next((name for name in known if name.casefold() == wanted.strip().casefold()), None)
    if match is None:
        raise not_on_record(field or column, wanted, known)
    return deals[deals[column] == match]


def not_on_record(field: str, value: str, known: Iterable[str]) -> InvalidInput:
    """The error for a name that no deal carries, with the names that come nearest."""
    names = list(known)
    near = get_close_matches(value, names, n=3, cutoff=0.5) or names[:5]
    expected = (
        _("no deal is on record for it; on record are {names}").format(names=listed(near))
        if near
        else _("no deal on record has one")
    )
    return InvalidInput(field, value, expected)


def _currency(asked: str, on_record: list[str], reporting: str) -> str:
    if asked:
        code = check_currency(asked, "currency")
        if on_record and code not in on_record:
            raise InvalidInput("currency", asked, _("deals were won in {names}").format(names=listed(on_record)))
        return code
    return on_record[0] if len(on_record) == 1 else reporting
