"""Files of products, orders with their lines, and payments, whoever exported them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Money, insert_many, record_name, round_minor
from crmlib.billing import Order, OrderEvent, OrderLine, OrderStatus, Payment, PaymentStatus, converter
from crmlib.billing.events import PaymentReceived
from crmlib.catalog import Product
from crmlib.exchange.generic.columns import Columns
from crmlib.exchange.generic.mapped import Mapped, new_facts
from crmlib.exchange.generic.matches import Matches
from crmlib.exchange.loading import Doubt, Facts, Loading, New, wait
from crmlib.exchange.sources import Kept, digest_of, payload_text
from crmlib.exchange.telling import tell_all
from crmlib.i18n import gettext as _

_METHODS = {"cash": "cash", "card": "card", "visa": "card", "transfer": "transfer", "paypal": "paypal"}
# How systems say that money came, or that it did not.
_CAME = ("paid", "succe", "receiv", "complet", "captur", "fail")


class Products(Mapped):
    """What is sold."""

    name, record, own = "products", Product, "product"

    def __init__(self, loading: Loading, columns: Columns, matches: Matches) -> None:
        super().__init__(loading, columns, matches)
        self._codes: dict[str, int] = {}

    def named(self, values: Mapping[str, str]) -> str:
        return self.c.text(values, "product.code") or self.c.text(values, "product.name")

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        super().prepare(rows)
        codes = {self.c.text(values, "product.code") for _key, values in rows} - {""}
        self._codes = _numbers(self.session, Product.code, codes)

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        name, code = self.c.text(values, "product.name"), self.c.text(values, "product.code")
        if not name and not code:
            raise InvalidInput(_("Name"), "", _("it does not say what it is called"))
        plain = ("series", "category", "unit", "barcode", "description")
        facts: Facts = {
            "name": name or code,
            "code": code or None,
            "price": self.c.read(values, "product.price", "money"),
        }
        facts |= {one: self.c.text(values, f"product.{one}") or None for one in plain}
        return facts | self.own_facts(values)

    def adopt(self, facts: Facts) -> Product | None:
        number = self._codes.get(facts["code"] or "")
        return None if number is None else self.session.get(Product, number)

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        seen: set[str] = set()
        columns = []
        for row in rows:
            own = {name: value for name, value in row.facts.items() if name != "price"}
            if own["code"] in seen:
                row.doubt(_("the code “{code}” is another product's; it is left empty").format(code=own["code"]))
                own["code"] = None
            elif own["code"]:
                seen.add(own["code"])
            price: Money | None = row.facts["price"]
            columns.append({**own, "price_minor": price and price.minor, "price_currency": price and price.currency})
        return insert_many(self.session, Product, columns)


class Orders(Mapped):
    """Orders, one row a line; what the order itself says stands in its first row, or in each of them."""

    name, record, own = "orders", OrderLine, "order"
    makes = frozenset({"organization.ref", "person.ref"})
    needs_email = True

    def __init__(self, loading: Loading, columns: Columns, matches: Matches) -> None:
        super().__init__(loading, columns, matches)
        self.counts_keys = True  # type: ignore[misc]  # an order has several lines
        self._convert = converter(loading.session)
        self._products: dict[str, int] = {}

    def named(self, values: Mapping[str, str]) -> str:
        return self.c.text(values, "order.number") or self.c.text(values, "order.key")

    def key(self, values: Mapping[str, str]) -> str:
        return self.named(values)

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        super().prepare(rows)
        told = {self.c.text(values, "product.ref") for _key, values in rows} - {""}
        self._products = _numbers(self.session, Product.name, told)
        self._products |= _numbers(self.session, Product.code, told)
        emails = {self.c.text(values, "contact_point.email").casefold() for _key, values in rows}
        self._by_email |= self.matches.by_reach(emails)

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        c = self.c
        at = c.read(values, "order.ordered_at", "moment")
        price, total = c.read(values, "order_line.unit_price", "money"), c.read(values, "order.total", "money")
        product = c.text(values, "product.ref")
        people = self.refer_all(values, "person.ref", doubt)
        organization = next(iter(self.refer_all(values, "organization.ref", doubt)), None)
        party = next(iter(people), None) or organization
        return {
            "number": self.named(values),
            "at": at,
            "party_id": party or self._by_email.get(c.text(values, "contact_point.email").casefold()),
            "organization_id": organization,
            "total": total,
            "currency": next((one.currency for one in (price, total) if one), c.currency),
            "product_id": self._products.get(product),
            "description": product or None,
            "quantity": Decimal(1) if (n := c.read(values, "order_line.quantity", "number")) is None else n,
            "price": price,
            "note": c.text(values, "order.note") or None,
            **self.own_facts(values),
        }

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        self.settle(new_facts(rows))
        by_number: dict[str, list[New]] = {}
        for row in rows:
            by_number.setdefault(row.facts["number"], []).append(row)
        known = self.loading.sources.numbers("whole orders", by_number)
        fresh = [number for number in by_number if number not in known]
        taken = set(self.session.scalars(select(Order.number).where(Order.number.in_(fresh))))
        columns = []
        for number in fresh:
            lines = by_number[number]
            first = lines[0].facts
            on = first["at"].date() if first["at"] else self.loading.at.date()
            minor = first["total"].minor if first["total"] else sum(_minor(row.facts) for row in lines)
            free = number if number not in taken else f"{number} ({self.loading.system})"
            columns.append(
                {
                    "number": free,
                    "party_id": next((row.facts["party_id"] for row in lines if row.facts["party_id"]), None),
                    "ordered_at": first["at"],
                    "ordered_on": on,
                    "status": OrderStatus.FULFILLED,
                    "currency": first["currency"],
                    "total_minor": minor,
                    "reporting_minor": self._convert.minor(minor, first["currency"], on),
                    "source": self.loading.system,
                    "note": first["note"],
                    **self.own_columns(first),
                }
            )
        made = insert_many(self.session, Order, columns)
        events = [
            {"order_id": number, "status": OrderStatus.FULFILLED, "at": one["ordered_at"]}
            for number, one in zip(made, columns, strict=True)
        ]
        insert_many(self.session, OrderEvent, events, journal="range")
        kept = []
        for number, record in zip(fresh, made, strict=True):
            text = payload_text({"number": number})
            kept.append(Kept(number, text, digest_of(text), record))
        self.loading.keep("whole orders", record_name(Order), kept)
        known |= dict(zip(fresh, made, strict=True))
        return insert_many(
            self.session,
            OrderLine,
            (
                {
                    "order_id": known[row.facts["number"]],
                    "position": int(row.key.rpartition("/")[2]),
                    "product_id": row.facts["product_id"],
                    "description": row.facts["description"],
                    "quantity": row.facts["quantity"],
                    "unit_price": row.facts["price"].amount if row.facts["price"] else Decimal(0),
                    "amount_minor": _minor(row.facts),
                }
                for row in rows
            ),
            journal="range",
        )

    def write(self, record: OrderLine, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name in ("description", "quantity", "product_id"):
            super().write(record, name, before, after, doubt)


class Payments(Mapped):
    """Money that came in, from whom and for which order."""

    name, record, own = "payments", Payment, "payment"
    owed = ("party_id", "order_id")
    makes = frozenset({"organization.ref", "person.ref"})
    needs_email = True

    def __init__(self, loading: Loading, columns: Columns, matches: Matches) -> None:
        super().__init__(loading, columns, matches)
        self._convert = converter(loading.session)
        self._orders: dict[str, tuple[int, int | None]] = {}

    def named(self, values: Mapping[str, str]) -> str:
        told = ("payment.reference", "payment.paid_at", "contact_point.email", "payment.amount")
        return " ".join(filter(None, (self.c.text(values, name) for name in told)))

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        super().prepare(rows)
        told = {self.c.text(values, "order.ref") for _key, values in rows} - {""}
        found = select(Order.number, Order.id, Order.party_id).where(Order.number.in_(told))
        self._orders = {number: (order, party) for number, order, party in self.session.execute(found)}
        emails = {self.c.text(values, "contact_point.email").casefold() for _key, values in rows}
        self._by_email |= self.matches.by_reach(emails)

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        c = self.c
        amount, at = c.read(values, "payment.amount", "money"), c.read(values, "payment.paid_at", "moment")
        if amount is None:
            raise InvalidInput(_("Amount"), "", _("this is needed"))
        named = c.text(values, "order.ref")
        if named and named not in self._orders:
            wait(doubt, _("no order has the number “{number}”, so it is left empty").format(number=named))
        order, payer = self._orders.get(c.text(values, "order.ref"), (None, None))
        method = c.text(values, "payment.method").casefold()
        status = c.text(values, "payment.status").casefold()
        if status and not any(word in status for word in _CAME):
            doubt(_("a payment that is “{value}” comes in as received").format(value=status))
        people = self.refer_all(values, "person.ref", doubt)
        organization = next(iter(self.refer_all(values, "organization.ref", doubt)), None)
        party = next(iter(people), None) or organization
        return {
            "amount": amount,
            "paid_at": at,
            "order_id": order,
            "party_id": party or self._by_email.get(c.text(values, "contact_point.email").casefold()) or payer,
            "organization_id": organization,
            "method": next((kind for word, kind in _METHODS.items() if word in method), "other" if method else None),
            "reference": c.text(values, "payment.reference") or c.text(values, "payment.key") or None,
            "status": PaymentStatus.FAILED if "fail" in status else PaymentStatus.RECEIVED,
            "note": c.text(values, "payment.note") or None,
        }

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        self.settle(new_facts(rows))
        columns = []
        for row in rows:
            amount: Money = row.facts["amount"]
            at = row.facts["paid_at"]
            on = at.date() if at else self.loading.at.date()
            columns.append(
                {
                    **{name: value for name, value in row.facts.items() if name not in ("amount", "organization_id")},
                    "amount_minor": amount.minor,
                    "currency": amount.currency,
                    "paid_on": on,
                    "reporting_minor": self._convert.minor(amount.minor, amount.currency, on),
                }
            )
        numbers = insert_many(self.session, Payment, columns)
        tell_all(
            self.session,
            (
                PaymentReceived(
                    record_id=number,
                    party_id=one["party_id"],
                    at=one["paid_at"] or self.loading.at,
                    amount_minor=one["amount_minor"],
                    currency=one["currency"],
                    method=one["method"],
                )
                for number, one in zip(numbers, columns, strict=True)
                if one["status"] is PaymentStatus.RECEIVED
            ),
        )
        return numbers


def _numbers(session: Session, column: Any, told: set[str]) -> dict[str, int]:
    """The product of each code, or of each name."""
    rows = session.execute(select(column, Product.id).where(column.in_(told)))
    return dict(rows.all())


def _minor(facts: Facts) -> int:
    price: Money | None = facts["price"]
    return 0 if price is None else round_minor(price.amount * facts["quantity"], price.currency)
