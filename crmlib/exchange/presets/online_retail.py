"""UCI *Online Retail*: a shop's invoice lines, from which parties, products, orders and refunds are made.

One file, one row a line. An invoice is an order, that was delivered at its moment; one whose number begins with C is
a cancellation, and becomes a refund with what came back as its lines. The files do not say of which order, nor
whether money was paid: the refund is credited, and there are no payments. Amounts are in GBP, moments in London's
time. Customers have a number and no name; who bought without one is nobody.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from crmlib.base import InvalidInput, insert_many, record_name
from crmlib.billing import Order, OrderEvent, OrderLine, OrderStatus, Refund, RefundLine, RefundStatus, converter
from crmlib.billing.events import OrderFulfilled, RefundGiven
from crmlib.catalog import Product
from crmlib.contacts import Lifecycle, PartyKind
from crmlib.exchange.loading import Doubt, Facts, Kind, Loading, New, kept_here
from crmlib.exchange.making import NewParty, add_parties
from crmlib.exchange.presets.preset import Preset
from crmlib.exchange.reading import Table
from crmlib.exchange.sources import Kept, Known, digest_of, payload_text
from crmlib.exchange.telling import tell_all
from crmlib.i18n import gettext as _
from crmlib.i18n import parse_territory

CURRENCY = "GBP"
LONDON = ZoneInfo("Europe/London")
#: Places as these files call them; the Channel Islands are two countries, and the rest of those without a code none.
PLACES = {
    "EIRE": "IE",
    "RSA": "ZA",
    "Channel Islands": None,
    "European Community": None,
    "West Indies": None,
    "Unspecified": None,
}
# So many orders are remembered, to which further lines may come; older ones are asked for again.
_AT_HAND = 20_000
_MOST = Decimal(100_000_000)


class OnlineRetail(Preset):
    """The one file of invoice lines."""

    name = "online_retail"
    title = "Online Retail"

    def load(self, tables: Mapping[str, list[Table]]) -> None:
        for table in tables.get(Lines.name, []):
            self.loading.load(Lines(self.loading), table)


class Lines(Kind[OrderLine]):
    """Lines of orders and, where the invoice is a cancellation, of refunds."""

    name = "lines"
    columns: ClassVar[tuple[str, ...]] = (
        "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
    )  # fmt: skip
    record = OrderLine
    # The same thing may stand in an invoice several times: its first, its second, … line.
    counts_keys = True

    def __init__(self, loading: Loading) -> None:
        super().__init__(loading)
        self._books = {"orders": _Orders(loading), "refunds": _Refunds(loading)}
        self._customers = _Customers(loading)
        self._products = _Products(loading)

    def key(self, values: Mapping[str, str]) -> str:
        invoice, code = values["InvoiceNo"], values["StockCode"]
        return f"{invoice}/{code}" if invoice and code else ""

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        invoice = values["InvoiceNo"]
        return {
            "invoice": invoice,
            "is_refund": invoice[:1] in ("C", "c"),
            "code": values["StockCode"],
            "description": values["Description"] or None,
            "quantity": _quantity(values["Quantity"]),
            "price": _price(values["UnitPrice"]),
            "at": _moment(values["InvoiceDate"]),
            "customer": values["CustomerID"],
            "country": values["Country"],
        }

    def insert(self, rows: Sequence[New]) -> Sequence[tuple[str, int]]:
        customers = self._customers.numbers(rows)
        products = self._products.numbers(rows)
        numbers: list[tuple[str, int]] = [("", 0)] * len(rows)
        for name, book in self._books.items():
            places = [place for place, row in enumerate(rows) if row.facts["is_refund"] is (name == "refunds")]
            if places:
                made = book.add([rows[place] for place in places], customers, products)
                called = record_name(book.line)
                for place, number in zip(places, made, strict=True):
                    numbers[place] = (called, number)
        return numbers

    def get(self, known: Known) -> Any:
        line = RefundLine if known.record == record_name(RefundLine) else OrderLine
        return self.session.get(line, known.record_id)

    def change(self, record: Any, before: Facts, after: Facts, doubt: Doubt) -> None:
        """What differs goes to the line, or to the order or refund that it belongs to; sums follow."""
        is_refund = isinstance(record, RefundLine)
        whole = record.refund if is_refund else record.order
        sign = -1 if is_refund else 1
        if before.get("description") != after["description"]:
            self.write(record, "description", before.get("description"), after["description"], doubt)
        if before.get("quantity") != after["quantity"]:
            was = before.get("quantity")
            self.write(record, "quantity", None if was is None else sign * was, sign * after["quantity"], doubt)
        if before.get("price") != after["price"]:
            self.write(record, "unit_price", before.get("price"), after["price"], doubt)
        amount = _minor(record.quantity, record.unit_price)
        if is_refund:
            whole.amount_minor += amount - record.amount_minor
        else:
            whole.total_minor += amount - record.amount_minor
        record.amount_minor = amount
        if before.get("at") != after["at"]:
            names = ("refunded_at", "refunded_on") if is_refund else ("ordered_at", "ordered_on")
            if getattr(whole, names[0]) == before.get("at"):
                setattr(whole, names[0], after["at"])
                setattr(whole, names[1], _day(after["at"]))
            elif getattr(whole, names[0]) != after["at"]:
                doubt(kept_here(names[0], getattr(whole, names[0]), after["at"]))
        if before.get("customer") != after["customer"]:
            known = self._customers.numbers([New("", after, {}, 0, doubt)])
            was_id = self.loading.sources.numbers("customers", [before.get("customer") or ""]).get(
                before.get("customer") or ""
            )
            wanted = known.get(after["customer"])
            if whole.party_id == was_id:
                whole.party_id = wanted
            elif whole.party_id != wanted:
                doubt(kept_here("customer", whole.party_id, after["customer"]))
        if not is_refund and before.get("country") != after["country"]:
            self.write(
                whole, "shipping_country", _country(before.get("country", "")), _country(after["country"]), doubt
            )


class _Derived:
    """Records that stand in columns of the lines: customers, products. Each is kept as a source row of its own."""

    kind: ClassVar[str]
    record: ClassVar[str]
    column: ClassVar[str]

    def __init__(self, loading: Loading) -> None:
        self.loading, self.session = loading, loading.session

    def numbers(self, rows: Sequence[New]) -> dict[str, int]:
        """The number of the record of each key in `rows`; what is new is made."""
        first: dict[str, New] = {}
        for row in rows:
            key = row.facts[self.column]
            if key and key not in first:
                first[key] = row
        known = self.loading.sources.numbers(self.kind, first)
        missing = {key: row for key, row in first.items() if key not in known}
        if missing:
            made = self.make(missing, rows)
            kept = []
            for key, number in zip(missing, made, strict=True):
                text = payload_text(self.payload(key, missing[key]))
                kept.append(Kept(key, text, digest_of(text), number))
            self.loading.keep(self.kind, self.record, kept)
            self.loading.report.of(self.kind).new += len(missing)
            known |= dict(zip(missing, made, strict=True))
        return known

    def make(self, missing: Mapping[str, New], rows: Sequence[New]) -> Sequence[int]:
        raise NotImplementedError

    def payload(self, key: str, row: New) -> dict[str, str]:
        raise NotImplementedError


class _Customers(_Derived):
    kind, record, column = "customers", "party", "customer"

    def make(self, missing: Mapping[str, New], rows: Sequence[New]) -> Sequence[int]:
        parties = [
            NewParty(
                # Many of them are wholesalers; the files do not say who is a person.
                kind=PartyKind.ORGANIZATION,
                name=_("Customer {number}").format(number=key),
                lifecycle=Lifecycle.CUSTOMER,
                since=row.facts["at"],
                addresses=[{"country": code}] if (code := self._place(row)) else [],
            )
            for key, row in missing.items()
        ]
        return add_parties(self.session, parties, at=self.loading.at)

    def payload(self, key: str, row: New) -> dict[str, str]:
        return {"CustomerID": key, "Country": row.facts["country"]}

    def _place(self, row: New) -> str | None:
        name = row.facts["country"]
        code = _country(name)
        if code is None and name:
            row.doubt(_("no country is called “{value}”, so it is left empty").format(value=name))
        return code


class _Products(_Derived):
    kind, record, column = "products", "product", "code"

    def make(self, missing: Mapping[str, New], rows: Sequence[New]) -> Sequence[int]:
        named: dict[str, str] = {}
        for row in rows:
            if row.facts["description"]:
                named.setdefault(row.facts["code"], row.facts["description"])
        taken = select(Product.code, Product.id).where(Product.code.in_(list(missing)))
        here: dict[str | None, int] = dict(self.session.execute(taken).all())
        fresh = [key for key in missing if key not in here]
        made = insert_many(self.session, Product, ({"code": key, "name": named.get(key, key)} for key in fresh))
        here |= dict(zip(fresh, made, strict=True))
        return [here[key] for key in missing]

    def payload(self, key: str, row: New) -> dict[str, str]:
        return {"StockCode": key, "Description": row.facts["description"] or ""}


class _Book:
    """Orders or refunds: what lines belong to, and what they come to together."""

    kind: ClassVar[str]
    whole: ClassVar[Any]
    line: ClassVar[Any]
    parent: ClassVar[str]
    total: ClassVar[str]

    def __init__(self, loading: Loading) -> None:
        self.loading, self.session = loading, loading.session
        self.convert = converter(loading.session)
        # By invoice: the number of the record, and how many lines it has.
        self._at_hand: OrderedDict[str, list[int]] = OrderedDict()

    def add(self, rows: Sequence[New], customers: Mapping[str, int], products: Mapping[str, int]) -> range:
        """Write lines, and the orders or refunds that are new with them; the numbers of the lines."""
        by_invoice: dict[str, list[New]] = {}
        for row in rows:
            by_invoice.setdefault(row.facts["invoice"], []).append(row)
        sign = -1 if self.parent == "refund_id" else 1
        amounts = [_minor(sign * row.facts["quantity"], row.facts["price"]) for row in rows]
        sums: dict[str, int] = {}
        for row, amount in zip(rows, amounts, strict=True):
            sums[row.facts["invoice"]] = sums.get(row.facts["invoice"], 0) + amount
        self._find(by_invoice)
        fresh = {invoice: lines[0] for invoice, lines in by_invoice.items() if invoice not in self._at_hand}
        for invoice in by_invoice:
            if invoice not in fresh:
                self._grow(self._at_hand[invoice][0], sums[invoice])
        self._make(fresh, sums, customers)
        placed = []
        for row in rows:
            known = self._at_hand[row.facts["invoice"]]
            known[1] += 1
            placed.append((known[0], known[1]))
        made = insert_many(
            self.session,
            self.line,
            (
                {
                    self.parent: number,
                    "position": position,
                    "product_id": products[row.facts["code"]],
                    "description": row.facts["description"],
                    "quantity": sign * row.facts["quantity"],
                    "unit_price": row.facts["price"],
                    "amount_minor": amount,
                }
                for row, amount, (number, position) in zip(rows, amounts, placed, strict=True)
            ),
            journal="range",
        )
        while len(self._at_hand) > _AT_HAND:
            self._at_hand.popitem(last=False)
        return made

    def _find(self, invoices: Mapping[str, Any]) -> None:
        """Take to hand what is known of earlier invoices."""
        asked = [invoice for invoice in invoices if invoice not in self._at_hand]
        known = self.loading.sources.numbers(self.kind, asked)
        if not known:
            return
        parent = getattr(self.line, self.parent)
        count = select(parent, func.max(self.line.position)).where(parent.in_(known.values())).group_by(parent)
        last: dict[int, int] = dict(self.session.execute(count).all())
        for invoice, number in known.items():
            if invoice in asked:
                self._at_hand[invoice] = [number, last.get(number) or 0]

    def _grow(self, number: int, minor: int) -> None:
        """More lines came to what was there already."""
        whole = self.session.get_one(self.whole, number)
        setattr(whole, self.total, getattr(whole, self.total) + minor)

    def _make(self, fresh: Mapping[str, New], sums: Mapping[str, int], customers: Mapping[str, int]) -> None:
        if not fresh:
            return
        free = self._free_numbers(list(fresh))
        rows = []
        for invoice, row in fresh.items():
            if free[invoice] != invoice:
                says = _("number {number} is taken here already; it is called {other}")
                row.doubt(says.format(number=invoice, other=free[invoice]))
            rows.append(self.columns(free[invoice], row, sums[invoice], customers.get(row.facts["customer"])))
        made = insert_many(self.session, self.whole, rows)
        kept = []
        for (invoice, row), number in zip(fresh.items(), made, strict=True):
            text = payload_text({"InvoiceNo": invoice, "InvoiceDate": row.values.get("InvoiceDate", "")})
            kept.append(Kept(invoice, text, digest_of(text), number))
            self._at_hand[invoice] = [number, 0]
        self.loading.keep(self.kind, record_name(self.whole), kept)
        self.loading.report.of(self.kind).new += len(rows)
        self.made(made, rows)

    def _free_numbers(self, wanted: list[str]) -> dict[str, str]:
        """The numbers as they are, or with a further sign where an order of another origin bears them."""
        taken = set(self.session.scalars(select(self.whole.number).where(self.whole.number.in_(wanted))))
        free = {}
        for number in wanted:
            other, n = number, 2
            while other in taken:
                other = f"{number} ({n})"
                n += 1
                if self.session.scalar(select(self.whole.id).where(self.whole.number == other)) is None:
                    break
            free[number] = other
        return free

    def columns(self, number: str, row: New, minor: int, party_id: int | None) -> dict[str, Any]:
        raise NotImplementedError

    def made(self, numbers: range, rows: Sequence[dict[str, Any]]) -> None:
        raise NotImplementedError


class _Orders(_Book):
    kind, whole, line, parent, total = "orders", Order, OrderLine, "order_id", "total_minor"

    def columns(self, number: str, row: New, minor: int, party_id: int | None) -> dict[str, Any]:
        at = row.facts["at"]
        return {
            "number": number,
            "party_id": party_id,
            "ordered_at": at,
            "ordered_on": _day(at),
            "status": OrderStatus.FULFILLED,
            "currency": CURRENCY,
            "total_minor": minor,
            "reporting_minor": self.convert.minor(minor, CURRENCY, _day(at)),
            "channel": "online",
            "source": OnlineRetail.name,
            "shipping_country": _country(row.facts["country"]),
        }

    def made(self, numbers: range, rows: Sequence[dict[str, Any]]) -> None:
        insert_many(
            self.session,
            OrderEvent,
            (
                {"order_id": number, "status": OrderStatus.FULFILLED, "at": row["ordered_at"]}
                for number, row in zip(numbers, rows, strict=True)
            ),
            journal="range",
        )
        tell_all(
            self.session,
            (
                OrderFulfilled(
                    record_id=number,
                    party_id=row["party_id"],
                    at=row["ordered_at"],
                    number=row["number"],
                    amount_minor=row["total_minor"],
                    currency=CURRENCY,
                )
                for number, row in zip(numbers, rows, strict=True)
            ),
        )


class _Refunds(_Book):
    kind, whole, line, parent, total = "refunds", Refund, RefundLine, "refund_id", "amount_minor"

    def columns(self, number: str, row: New, minor: int, party_id: int | None) -> dict[str, Any]:
        at = row.facts["at"]
        return {
            "number": number,
            "party_id": party_id,
            "amount_minor": minor,
            "currency": CURRENCY,
            "reporting_minor": self.convert.minor(minor, CURRENCY, _day(at)),
            "reason": "cancelled",
            "refunded_at": at,
            "refunded_on": _day(at),
            "status": RefundStatus.CREDITED,
        }

    def made(self, numbers: range, rows: Sequence[dict[str, Any]]) -> None:
        tell_all(
            self.session,
            (
                RefundGiven(
                    record_id=number,
                    party_id=row["party_id"],
                    at=row["refunded_at"],
                    amount_minor=row["amount_minor"],
                    currency=CURRENCY,
                    reason="cancelled",
                )
                for number, row in zip(numbers, rows, strict=True)
            ),
        )


OnlineRetail.kinds = (Lines,)


@lru_cache(maxsize=20_000)
def _quantity(text: str) -> Decimal:
    number = _decimal(_("Quantity"), text)
    if number != number.quantize(Decimal("0.001")):
        raise InvalidInput(_("Quantity"), text, _("has more than {n} digits after the point").format(n=3))
    return number


@lru_cache(maxsize=20_000)
def _price(text: str) -> Decimal:
    number = _decimal(_("Unit price"), text)
    if number != number.quantize(Decimal("0.0001")):
        raise InvalidInput(_("Unit price"), text, _("has more than {n} digits after the point").format(n=4))
    return number


def _decimal(label: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise InvalidInput(label, text, _("is not a number such as 1100.04")) from None
    if not number.is_finite() or abs(number) >= _MOST:
        raise InvalidInput(label, text, _("is larger than it can be"))
    return number


@lru_cache(maxsize=20_000)
def _moment(text: str) -> datetime:
    """A moment as the file writes it, by the clock on London's walls, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(_("Invoice date"), text, _("is not a moment such as 2010-12-01 08:26:00")) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=LONDON)).astimezone(UTC)


@lru_cache(maxsize=20_000)
def _day(at: datetime) -> Any:
    return at.astimezone(LONDON).date()


@lru_cache(maxsize=20_000)
def _minor(quantity: Decimal, price: Decimal) -> int:
    """What a line comes to, in pence, rounded half-even."""
    return round(quantity * price * 100)


@lru_cache(maxsize=1_000)
def _country(name: str) -> str | None:
    return PLACES[name] if name in PLACES else parse_territory(name) if name else None
