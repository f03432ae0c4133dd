"""History that no path can forget: rows beside a deal for every amount and every expected close it has had.

Actions write these rows themselves, with the moment and the reason. For whatever else changes a deal in a session (an
import, an undo, an analyst's notebook) the listener below adds the row that is missing, at the session's own time.
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from crmlib.base import Money
from crmlib.sales.records import AmountEvent, Deal, ExpectedCloseEvent


def session_time(session: Session, at: datetime | None = None) -> datetime:
    """`at`, or the time by the session's clock."""
    clock = session.info.get("clock")
    moment: datetime = at or (clock() if clock else datetime.now(UTC))
    return moment


def set_amount(deal: Deal, amount: Money | None, *, at: datetime | None, why: str | None = None) -> bool:
    """Give a deal another amount and keep the one it had; False where it is worth that already."""
    before = deal.amount
    if before == amount:
        return False
    # The row first: loading its collection flushes, and the listener below must not find an amount without its row.
    deal.amount_events.append(
        AmountEvent(
            before_minor=before.minor if before else None,
            before_currency=before.currency if before else None,
            after_minor=amount.minor if amount else None,
            after_currency=amount.currency if amount else None,
            at=at,
            why=why,
        )
    )
    deal.amount = amount
    return True


def set_expected_close(deal: Deal, day: date | None, *, at: datetime | None, why: str | None = None) -> bool:
    """Expect a deal to close on another day and keep the one it had; False where it is that day already."""
    before = deal.expected_close_on
    if before == day:
        return False
    deal.expected_close_events.append(ExpectedCloseEvent(before_on=before, after_on=day, at=at, why=why))
    deal.expected_close_on = day
    return True


@event.listens_for(Session, "before_flush")
def _keep_what_was_forgotten(session: Session, *_: Any) -> None:
    for deal in [record for record in session.dirty if isinstance(record, Deal)]:
        _keep_amount(session, deal)
        _keep_expected_close(session, deal)


def _keep_amount(session: Session, deal: Deal) -> None:
    minor, currency = _change(deal, "amount_minor"), _change(deal, "currency")
    if minor is None and currency is None:
        return
    now = deal.amount
    kept = [one for one in deal.amount_events if one not in session.deleted]
    # Where the newest row says so already, an action has written it, or an undo has taken the later ones away.
    if kept and (kept[-1].after_minor, kept[-1].after_currency) == ((now.minor, now.currency) if now else (None, None)):
        return
    was_minor = deal.amount_minor if minor is None else minor[0]
    was_currency = deal.currency if currency is None else currency[0]
    deal.amount_events.append(
        AmountEvent(
            before_minor=was_minor,
            before_currency=was_currency if was_minor is not None else None,
            after_minor=now.minor if now else None,
            after_currency=now.currency if now else None,
            at=session_time(session),
        )
    )


def _keep_expected_close(session: Session, deal: Deal) -> None:
    change = _change(deal, "expected_close_on")
    if change is None:
        return
    kept = [one for one in deal.expected_close_events if one not in session.deleted]
    if kept and kept[-1].after_on == deal.expected_close_on:
        return
    deal.expected_close_events.append(
        ExpectedCloseEvent(before_on=change[0], after_on=deal.expected_close_on, at=session_time(session))
    )


def _change(deal: Deal, key: str) -> tuple[Any] | None:
    """What a field held before, in a tuple of one; None where it has not changed."""
    history = inspect(deal).attrs[key].history
    return (next(iter(history.deleted or ()), None),) if history.has_changes() else None
