"""CDNOW (Fader & Hardie): what the customers of a record shop bought, as orders and the payments for them.

A text of fixed width: customer, day (YYYYMMDD), number of CDs, dollars. A row is an order of so many CDs that was paid
on its day. The same customer may buy several times a day; such rows are told apart by counting them. The file gives
no names, no products and no discounts.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from crmlib.base import InvalidInput, insert_many
from crmlib.billing import Order, OrderEvent, OrderLine, OrderStatus, Payment, PaymentStatus, converter
from crmlib.billing.events import PaymentReceived
from crmlib.contacts import Lifecycle, PartyKind
from crmlib.exchange.loading import Doubt, Facts, Kind, Loading, New, kept_here
from crmlib.exchange.making import NewParty, add_parties
from crmlib.exchange.presets.preset import Preset
from crmlib.exchange.reading import BLANKS, Table, open_table
from crmlib.exchange.sources import Kept, digest_of, payload_text
from crmlib.exchange.telling import tell_all
from crmlib.i18n import gettext as _

CURRENCY = "USD"
COLUMNS = ("customer_id", "date", "number_of_cds", "dollar_value")


class Cdnow(Preset):
    """The master file or the sample; the sample has each customer's number in the sample as well."""

    name = "cdnow"
    title = "CDNOW"

    @classmethod
    def open(cls, path: Path) -> Table:
        table = open_table(path)
        if set(COLUMNS) <= set(table.columns):  # rows that were refused and come back
            return table
        table = open_table(path, delimiter=BLANKS)
        if set(COLUMNS) <= set(table.columns):
            return table
        first = next((record for record in table.records() if isinstance(record, tuple)), None)
        if first is not None and len(first[1]) == len(COLUMNS) + 1:
            return open_table(path, delimiter=BLANKS, columns=(COLUMNS[0], "sample_id", *COLUMNS[1:]))
        return table

    def load(self, tables: Mapping[str, list[Table]]) -> None:
        for table in tables.get(Purchases.name, []):
            self.loading.load(Purchases(self.loading), table)


class Purchases(Kind[Order]):
    """One order, its line and its payment for each row."""

    name = "purchases"
    columns: ClassVar[tuple[str, ...]] = COLUMNS
    record = Order
    counts_keys = True

    def __init__(self, loading: Loading) -> None:
        super().__init__(loading)
        self._convert = converter(loading.session)

    def key(self, values: Mapping[str, str]) -> str:
        customer, day = values["customer_id"], values["date"]
        return f"{customer}/{day}" if customer and day else ""

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        return {
            "customer": values["customer_id"],
            "day": _day(values["date"]),
            "quantity": _count(values["number_of_cds"]),
            "minor": _cents(values["dollar_value"]),
        }

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        customers = self._customers(rows)
        money = [
            (row.facts["minor"], self._convert.minor(row.facts["minor"], CURRENCY, row.facts["day"])) for row in rows
        ]
        orders = insert_many(
            self.session,
            Order,
            (
                {
                    "number": f"CDNOW {row.key}",
                    "party_id": customers[row.facts["customer"]],
                    "ordered_on": row.facts["day"],
                    "status": OrderStatus.FULFILLED,
                    "currency": CURRENCY,
                    "total_minor": minor,
                    "reporting_minor": reporting,
                    "source": Cdnow.name,
                }
                for row, (minor, reporting) in zip(rows, money, strict=True)
            ),
        )
        placed = list(zip(orders, rows, money, strict=True))
        insert_many(
            self.session,
            OrderLine,
            (
                {
                    "order_id": number,
                    "position": 1,
                    "description": "CDs",
                    "quantity": Decimal(row.facts["quantity"]),
                    "unit_price": _each(minor, row.facts["quantity"]),
                    "discount_minor": 0,
                    "amount_minor": minor,
                }
                for number, row, (minor, _reporting) in placed
            ),
            journal="range",
        )
        insert_many(
            self.session,
            OrderEvent,
            (
                {"order_id": number, "status": OrderStatus.FULFILLED, "at": _midnight(row.facts["day"])}
                for number, row, _money in placed
            ),
            journal="range",
        )
        payments = insert_many(
            self.session,
            Payment,
            (
                {
                    "order_id": number,
                    "party_id": customers[row.facts["customer"]],
                    "amount_minor": minor,
                    "currency": CURRENCY,
                    "reporting_minor": reporting,
                    "paid_on": row.facts["day"],
                    "status": PaymentStatus.RECEIVED,
                }
                for number, row, (minor, reporting) in placed
            ),
            journal="range",
        )
        tell_all(
            self.session,
            (
                PaymentReceived(
                    record_id=payment,
                    party_id=customers[row.facts["customer"]],
                    at=_midnight(row.facts["day"]),
                    amount_minor=row.facts["minor"],
                    currency=CURRENCY,
                    number=f"CDNOW {row.key}",
                )
                for payment, row in zip(payments, rows, strict=True)
            ),
        )
        return orders

    def write(self, record: Order, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        """What a newer file says of a purchase goes to the order, its line and its payment alike."""
        line = record.lines[0] if record.lines else None
        if name == "minor":
            if record.total_minor != before:
                doubt(kept_here("total", record.total_minor, after))
                return
            record.total_minor = after
            if line is not None:
                line.amount_minor, line.unit_price = after, _each(after, int(line.quantity))
            for payment in self.session.query(Payment).filter_by(order_id=record.id, amount_minor=before):
                payment.amount_minor = after
        elif name == "quantity" and line is not None:
            if line.quantity == before:
                line.quantity, line.unit_price = Decimal(after), _each(line.amount_minor, after)
            elif line.quantity != after:
                doubt(kept_here("quantity", line.quantity, after))

    def _customers(self, rows: Sequence[New]) -> dict[str, int]:
        first: dict[str, New] = {}
        for row in rows:
            first.setdefault(row.facts["customer"], row)
        known = self.loading.sources.numbers("customers", first)
        missing = {key: row for key, row in first.items() if key not in known}
        parties = [
            NewParty(
                kind=PartyKind.PERSON,
                name=(called := _("Customer {number}").format(number=key)),
                lifecycle=Lifecycle.CUSTOMER,
                since=_midnight(row.facts["day"]),
                columns={"given_name": called},
            )
            for key, row in missing.items()
        ]
        made = add_parties(self.session, parties, at=self.loading.at)
        texts = [payload_text({"customer_id": key}) for key in missing]
        kept = [
            Kept(key, text, digest_of(text), number) for key, text, number in zip(missing, texts, made, strict=True)
        ]
        self.loading.keep("customers", "party", kept)
        if missing:
            self.loading.report.of("customers").new += len(missing)
        return known | dict(zip(missing, made, strict=True))


Cdnow.kinds = (Purchases,)


@lru_cache(maxsize=5_000)
def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise InvalidInput(_("Date"), text, _("is not a day such as 19970131")) from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@lru_cache(maxsize=5_000)
def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise InvalidInput(_("Number of CDs"), text, _("is not a whole number"))
    return int(text)


@lru_cache(maxsize=20_000)
def _cents(text: str) -> int:
    try:
        cents = Decimal(text) * 100
    except InvalidOperation:
        raise InvalidInput(_("Dollars"), text, _("is not a number such as 1100.04")) from None
    if not cents.is_finite() or cents != int(cents) or not 0 <= cents < 10**12:
        raise InvalidInput(_("Dollars"), text, _("is not an amount in dollars and cents"))
    return int(cents)


def _each(minor: int, count: int) -> Decimal:
    """What one CD came to, as fine as a price may be; the amount of the line is the one that was paid."""
    return (Decimal(minor) / 100 / (count or 1)).quantize(Decimal("0.0001"))
