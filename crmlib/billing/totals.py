"""The reporting currency of orders, payments and refunds, and the sums per party that the database keeps of them.

Triggers (migration 0007) add every row that counts to `party_total`, whoever writes it. What they add is the row's
`reporting_minor`. A row that the session writes gets it here, on flush; a bulk load gives it with each row, from
`converter(session)`.

To load very much, load without triggers, in one transaction, and count once at its end:

    with wb.session() as session, without_triggers(session):
        insert_many(session, Payment, rows)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import (
    Connection,
    bindparam,
    case,
    delete,
    event,
    func,
    insert,
    inspect,
    literal_column,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapper, Session, object_session

from crmlib.base import Converter, Refused, check_currency, put_triggers_back, take_triggers_off
from crmlib.billing.records import (
    COUNTED,
    Order,
    PartyTotal,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    ReportingBasis,
)
from crmlib.contacts import Party
from crmlib.i18n import gettext as _

__all__ = ["convert_anew", "converter", "count_anew", "reporting_currency", "totals_agree", "without_triggers"]

# What holds the amount, and the day whose rate counts.
_MONEY: dict[Any, tuple[str, str]] = {
    Order: ("total_minor", "ordered_on"),
    Payment: ("amount_minor", "paid_on"),
    Refund: ("amount_minor", "refunded_on"),
}

# How many rows in a foreign currency are converted at a time: memory stays flat.
_BATCH = 5_000
# How many parties are looked at where not all are.
_SOME = 400


def reporting_currency(session: Session) -> str | None:
    """The currency that sums are kept in: the database's own, else the workbench's; None where neither is known."""
    return _basis(session.connection(), session.info.get("currency"))


def converter(opened: Session) -> Converter:
    """Conversions into the reporting currency: `converter(opened).minor(1250, "USD", day)` is a row's
    `reporting_minor`, None where no rate is known. Raises Refused where no reporting currency is known.
    """
    currency = reporting_currency(opened)
    if currency is None:
        raise Refused(_("This database has no reporting currency yet. Name one with `restate`."))
    return Converter(opened, currency)


def count_anew(opened: Session) -> int:
    """Count `party_total` anew from all orders, payments and refunds, in one statement; how many parties have one."""
    opened.flush()
    # A load past the session has not asked in which currency it is counted.
    reporting_currency(opened)
    table: Any = PartyTotal.__table__
    # Derived, and so in no journal.
    opened.execute(delete(table))
    opened.execute(insert(table).from_select([column.name for column in table.columns], _counted_anew()))
    _forget_loaded(opened)
    return opened.scalar(select(func.count()).select_from(table)) or 0


def totals_agree(opened: Session, *, thorough: bool = True) -> bool:
    """Are the sums per party those of their orders, payments and refunds?

    `thorough` counts everything once more, seconds for millions of payments; otherwise 400 parties, the newest and
    others spread over all numbers.
    """
    opened.flush()
    table: Any = PartyTotal.__table__
    kept = select(*table.columns)
    some = None if thorough else _some_parties(opened)
    counted = _counted_anew(some)
    if some is not None:
        kept = kept.where(table.c.party_id.in_(some))
    differences = (one.except_(other).limit(1) for one, other in ((kept, counted), (counted, kept)))
    return all(opened.execute(one).first() is None for one in differences)


def _some_parties(opened: Session) -> list[int]:
    newest = opened.scalar(select(func.max(Party.id))) or 0
    step = max(1, 2 * newest // _SOME)
    return sorted({*range(newest, 0, -step), *range(max(1, newest - _SOME // 2), newest + 1)})


def convert_anew(opened: Session, *, currency: str | None = None, days: tuple[date, date] | None = None) -> int:
    """Convert orders, payments and refunds anew by the rates known now; how many have another amount than before.

    With `currency` the business reports in another one from now on; `days` (first and last) leaves the others out.
    """
    opened.flush()
    connection = opened.connection()
    if currency is not None:
        code = check_currency(currency)
        if connection.execute(update(ReportingBasis).values(currency=code)).rowcount == 0:
            _basis(connection, code)
        totals: Any = PartyTotal.__table__
        connection.execute(update(totals).values(currency=code))
    known = converter(opened)
    changed = sum(_restate(connection, record, known, days) for record in _MONEY)
    opened.expire_all()
    return changed


@contextmanager
def without_triggers(opened: Session) -> Iterator[None]:
    """Load orders, payments and refunds without counting each: the triggers are back, and all counted, at the end.

    All in the transaction of `session`: where it is rolled back, triggers and sums are as they were. Nobody else
    writes to these tables meanwhile (PostgreSQL keeps them locked, SQLite has one writer anyhow).
    """
    connection = opened.connection()
    opened.flush()
    made = take_triggers_off(connection, _TRIGGERS)
    yield
    opened.flush()
    put_triggers_back(connection, made)
    count_anew(opened)


_TRIGGERS = {
    table: [f"{table}_totals_{does}" for does in ("insert", "update", "delete")]
    for table in ("order", "payment", "refund")
}


def _basis(connection: Connection, wanted: str | None) -> str | None:
    kept: str | None = connection.scalar(select(ReportingBasis.currency))
    if kept is not None or wanted is None or not connection.get_execution_options().get("crm_write"):
        return kept or wanted
    make: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(ReportingBasis).values(id=1, currency=wanted).on_conflict_do_nothing())
    return connection.scalar(select(ReportingBasis.currency)) or wanted


def _restate(connection: Connection, record: Any, known: Converter, days: tuple[date, date] | None) -> int:
    # Past the session and its journal: `reporting_minor` is worked out from the amount and the rates, which are in it.
    table = record.__table__
    minor, day = (table.c[name] for name in _MONEY[record])
    kept = table.c.reporting_minor
    within = [day.between(*days)] if days else []
    changed = 0
    if days is None:
        same = update(table).where(table.c.currency == known.to, kept.is_distinct_from(minor))
        changed = connection.execute(same.values(reporting_minor=minor)).rowcount
    change = update(table).where(table.c.id == bindparam("row")).values(reporting_minor=bindparam("converted"))
    last = 0
    while True:
        foreign = (
            select(table.c.id, minor, table.c.currency, day, kept)
            .where(table.c.currency != known.to, table.c.id > last, *within)
            .order_by(table.c.id)
            .limit(_BATCH)
        )
        rows = connection.execute(foreign).all()
        if not rows:
            return changed
        last = rows[-1][0]
        other = [
            {"row": number, "converted": converted}
            for number, amount, currency, on, now in rows
            if (converted := known.minor(amount, currency, on)) != now
        ]
        if other:
            connection.execute(change, other)
            changed += len(other)


def _counted_anew(parties: list[int] | None = None) -> Any:
    """What `party_total` has to hold, of all parties or of some."""
    currency = select(ReportingBasis.currency).scalar_subquery()
    zero: Any = literal_column("0")
    nothing = null()

    def unconverted(record: Any) -> Any:
        return func.sum(case((record.reporting_minor.is_(None), 1), else_=0))

    def summed(column: Any) -> Any:
        return func.sum(func.coalesce(column, 0))

    paid_back = case((Refund.status == RefundStatus.PAID, -Refund.reporting_minor), else_=0)
    parts = [
        select(
            Order.party_id.label("party_id"),
            zero.label("paid"),
            summed(Order.reporting_minor).label("ordered"),
            zero.label("refunded"),
            func.count().label("orders"),
            zero.label("payments"),
            zero.label("refunds"),
            unconverted(Order).label("unconverted"),
            func.min(Order.ordered_on).label("first_order"),
            func.max(Order.ordered_on).label("last_order"),
            nothing.label("last_paid"),
        )
        .where(Order.party_id.is_not(None), Order.status.in_(COUNTED))
        .group_by(Order.party_id),
        select(
            Payment.party_id,
            summed(Payment.reporting_minor),
            zero,
            zero,
            zero,
            func.count(),
            zero,
            unconverted(Payment),
            nothing,
            nothing,
            func.max(Payment.paid_on),
        )
        .where(Payment.party_id.is_not(None), Payment.status == PaymentStatus.RECEIVED)
        .group_by(Payment.party_id),
        select(
            Refund.party_id,
            summed(paid_back),
            zero,
            summed(Refund.reporting_minor),
            zero,
            zero,
            func.count(),
            unconverted(Refund),
            nothing,
            nothing,
            nothing,
        )
        .where(Refund.party_id.is_not(None), Refund.status.in_([RefundStatus.CREDITED, RefundStatus.PAID]))
        .group_by(Refund.party_id),
    ]
    if parties is not None:
        parts = [part.where(record.party_id.in_(parties)) for part, record in zip(parts, _MONEY, strict=True)]
    every = union_all(*parts).subquery()
    column = every.c
    order = {
        "party_id": column.party_id,
        "currency": currency,
        "paid_minor": func.sum(column.paid),
        "ordered_minor": func.sum(column.ordered),
        "refunded_minor": func.sum(column.refunded),
        "n_orders": func.sum(column.orders),
        "n_payments": func.sum(column.payments),
        "n_refunds": func.sum(column.refunds),
        "n_unconverted": func.sum(column.unconverted),
        "first_order_on": func.max(column.first_order),
        "last_order_on": func.max(column.last_order),
        "last_paid_on": func.max(column.last_paid),
    }
    table: Any = PartyTotal.__table__
    return select(*(order[one.name] for one in table.columns)).group_by(column.party_id)


def _forget_loaded(session: Session) -> None:
    for one in list(session.identity_map.values()):
        if isinstance(one, PartyTotal):
            session.expunge(one)


def _state_in_reporting(mapper: Mapper[Any], connection: Connection, row: Any) -> None:
    minor, day = _MONEY[mapper.class_]
    state = inspect(row)
    if state.persistent:
        moved = any(state.attrs[key].history.has_changes() for key in (minor, "currency", day))
        if not moved or state.attrs["reporting_minor"].history.has_changes():
            return
    elif row.reporting_minor is not None:
        return  # the source said what it came to
    session = object_session(row)
    to = _basis(connection, session.info.get("currency") if session is not None else None)
    on: date | None = getattr(row, day)
    amount = getattr(row, minor)
    amount = 0 if amount is None else amount
    row.reporting_minor = Converter(connection, to).minor(amount, row.currency, on) if to and on else None


for _record in _MONEY:
    event.listen(_record, "before_insert", _state_in_reporting)
    event.listen(_record, "before_update", _state_in_reporting)
