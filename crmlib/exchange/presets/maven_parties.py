"""The Maven tables of whom and what a deal is about: accounts, products, sellers and their managers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from sqlalchemy import select

from crmlib.base import InvalidInput, Money, find, insert_many, tell
from crmlib.catalog import Product
from crmlib.contacts import (
    Address,
    Lifecycle,
    LifecycleEvent,
    Organization,
    Party,
    PartyAdded,
    PartyKind,
    Person,
    folded,
)
from crmlib.contacts.likeness import back_key, name_key
from crmlib.exchange.loading import Doubt, Facts, Kind, Loading, New, kept_here
from crmlib.exchange.matching import SECTORS, find_match, match_key, nearest, nearest_country
from crmlib.exchange.telling import tell_all
from crmlib.i18n import gettext as _
from crmlib.i18n import parse_territory
from crmlib.sales import Seller, add_seller

CURRENCY = "USD"
MOST = 1_000_000_000_000  # in the units of the file; more is a slip


class Accounts(Kind[Organization]):
    """Organizations and their hierarchy; a subsidiary may stand before its parent."""

    name = "accounts"
    columns = (
        "account", "sector", "year_established", "revenue", "employees", "office_location", "subsidiary_of",
    )  # fmt: skip
    record = Organization

    def __init__(self, loading: Loading, *, first_seen: Mapping[str, date] | None = None) -> None:
        super().__init__(loading)
        self._first_seen = first_seen or {}
        self._parent_of: dict[str, tuple[str, Doubt]] = {}
        self._here: dict[str, int] = {}

    def key(self, values: Mapping[str, str]) -> str:
        return values["account"]

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        sector = values["sector"] or None
        if sector and (meant := nearest(sector, SECTORS)):
            doubt(_("sector “{value}” is kept as it is; it looks like “{meant}”").format(value=sector, meant=meant))
        if values["subsidiary_of"]:
            self._parent_of[values["account"]] = (values["subsidiary_of"], doubt)
        return {
            "name": values["account"],
            "sector": sector,
            "founded_year": _whole(_("Year established"), values["year_established"], low=1000, high=2200),
            "annual_revenue": read_money(_("Revenue"), values["revenue"], times=1_000_000),
            "n_employees": _whole(_("Employees"), values["employees"], low=0, high=1_000_000_000),
            "country": _country(values["office_location"], doubt),
            "subsidiary_of": values["subsidiary_of"] or None,
        }

    def begin(self) -> None:
        rows = self.session.execute(select(Organization.folded, Organization.id))
        self._here = not_linked(rows, self.loading.ids(self.name))

    def adopt(self, facts: Facts) -> Organization | None:
        number = self._here.get(folded(facts["name"]))
        if number is None:
            return None
        here = find(self.session, Organization, number)
        for name, value in facts.items():
            if name not in ("country", "subsidiary_of") and getattr(here, name) is None:
                setattr(here, name, value)
        if facts["country"] and here.address is None:
            here.addresses.append(Address(country=facts["country"], is_preferred=True))
        return here

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        at = self.loading.at
        numbers = insert_many(self.session, Organization, (self._columns(row.facts) for row in rows))
        placed = list(zip(rows, numbers, strict=True))
        insert_many(
            self.session,
            Address,
            [
                {"party_id": number, "country": row.facts["country"], "is_preferred": True}
                for row, number in placed
                if row.facts["country"]
            ],
        )
        since = [self._first_seen.get(row.facts["name"]) for row in rows]
        insert_many(
            self.session,
            LifecycleEvent,
            [
                {
                    "party_id": number,
                    "lifecycle": Lifecycle.PROSPECT,
                    "at": datetime.combine(day, time(), UTC) if day else at,
                }
                for number, day in zip(numbers, since, strict=True)
            ],
        )
        tell_all(
            self.session,
            (
                PartyAdded(
                    record_id=number,
                    party_id=number,
                    at=at,
                    name=row.facts["name"],
                    party_kind=PartyKind.ORGANIZATION,
                )
                for row, number in placed
            ),
        )
        return numbers

    def _columns(self, facts: Facts) -> dict[str, Any]:
        own = {name: facts[name] for name in ("name", "sector", "founded_year", "n_employees")}
        revenue = facts["annual_revenue"]
        return {
            **own,
            "folded": (plain := folded(facts["name"])),
            "name_key": name_key(plain),
            "back_key": back_key(plain),
            "annual_revenue_minor": revenue and revenue.minor,
            "annual_revenue_currency": revenue and revenue.currency,
            "lifecycle": Lifecycle.PROSPECT,
            "source": "import",
        }

    def write(self, record: Organization, name: str, before: object, after: object, doubt: Doubt) -> None:
        if name == "subsidiary_of":  # `finish` sets the parent, when all organizations are here
            if after is None and record.parent is not None and record.parent.name == before:
                record.parent = None
            return
        if name != "country":
            super().write(record, name, before, after, doubt)
            return
        here = record.address.country if record.address else None
        if here not in (before, after):
            doubt(kept_here(name, here, after))
        elif record.address is None:
            record.addresses.append(Address(country=str(after), is_preferred=True))
        else:
            record.address.country = None if after is None else str(after)

    def finish(self) -> None:
        ids = self.loading.ids(self.name)
        for account, (parent_name, doubt) in self._parent_of.items():
            if account not in ids:
                continue
            match = find_match(parent_name, ids)
            if match is None:
                doubt(_unknown(_("parent"), parent_name, ids))
                continue
            child, parent = find(self.session, Organization, ids[account]), find(self.session, Organization, match[1])
            if _is_above(child, parent):
                doubt(_("“{parent}” cannot be its parent: it belongs to it").format(parent=parent.name))
            elif child.parent is None:
                child.parent = parent
            elif child.parent is not parent:
                doubt(kept_here("parent", child.parent.name, parent.name))
        self._parent_of.clear()
        self.session.flush()


class Products(Kind[Product]):
    """What is sold, in series, at a list price."""

    name = "products"
    columns = ("product", "series", "sales_price")
    record = Product
    _here: dict[str, int]

    def key(self, values: Mapping[str, str]) -> str:
        return values["product"]

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        price = read_money(_("Price"), values["sales_price"])
        return {"name": values["product"], "series": values["series"] or None, "price": price}

    def begin(self) -> None:
        rows = self.session.execute(select(Product.name, Product.id))
        self._here = not_linked(((match_key(name), number) for name, number in rows), self.loading.ids(self.name))

    def adopt(self, facts: Facts) -> Product | None:
        number = self._here.get(match_key(facts["name"]))
        return None if number is None else find(self.session, Product, number)

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        return insert_many(self.session, Product, (self._columns(row.facts) for row in rows))

    def _columns(self, facts: Facts) -> dict[str, Any]:
        price = facts["price"]
        own = {"name": facts["name"], "series": facts["series"]}
        return {**own, "price_minor": price and price.minor, "price_currency": price and price.currency}


class Managers(Kind[Person]):
    """Who leads sellers; they come as a column of the sellers' table."""

    name = "managers"
    columns: ClassVar[tuple[str, ...]] = ("manager", "regional_office")
    record = Person
    _here: dict[str, int]

    def key(self, values: Mapping[str, str]) -> str:
        return values["manager"]

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        return {"name": values["manager"], "region": values["regional_office"] or None, "manager_id": None}

    def begin(self) -> None:
        linked = {**self.loading.ids("managers"), **self.loading.ids("sellers")}
        rows = select(Person.folded, Person.id).where(Person.lifecycle == Lifecycle.COLLEAGUE)
        self._here = not_linked(self.session.execute(rows), linked)

    def adopt(self, facts: Facts) -> Person | None:
        number = self._here.get(folded(facts["name"]))
        return None if number is None else find(self.session, Person, number)

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        # Colleagues are few: one by one they take the same way as those who are added at the desk.
        people = []
        for row in rows:
            # The last word is the family name: true of this set, and of no rule for names in general.
            given, _blank, family = row.facts["name"].rpartition(" ")
            person = Person(name="", lifecycle=Lifecycle.COLLEAGUE)
            person.rename(given or family, family if given else None)
            person.lifecycle_events.append(LifecycleEvent(lifecycle=Lifecycle.COLLEAGUE, at=self.loading.at))
            self.session.add(person)
            people.append(person)
        self.session.flush()
        for person, row in zip(people, rows, strict=True):
            _tell_added(self, person)
            self.adopted(person, row.facts)
        return [person.id for person in people]

    def adopted(self, record: Person, facts: Facts) -> None:
        add_seller(self.session, record, manager=facts["manager_id"], region=facts["region"])

    def write(self, record: Person, name: str, before: object, after: object, doubt: Doubt) -> None:
        seller = self.session.get(Seller, record.id)
        if name == "name" or seller is None:
            return  # the name is the key: another name is another person
        here = getattr(seller, name)
        if here in (before, after):
            setattr(seller, name, after)
        else:
            doubt(kept_here(name, here, after))


class Sellers(Managers):
    """Who sells, under which manager, in which region."""

    name = "sellers"
    columns = ("sales_agent", "manager", "regional_office")

    def adopt(self, facts: Facts) -> Person | None:
        # Who leads others may sell too, and is one person.
        leads = self.loading.ids("managers").get(facts["name"])
        return super().adopt(facts) if leads is None else find(self.session, Person, leads)

    def key(self, values: Mapping[str, str]) -> str:
        return values["sales_agent"]

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        return {
            "name": values["sales_agent"],
            "region": values["regional_office"] or None,
            "manager_id": self.loading.ids("managers").get(values["manager"]),
        }


def read_money(label: str, text: str, *, times: int = 1) -> Money | None:
    """An amount as the files write it (`1100.04`), in units of `times`; None for nothing. Raises InvalidInput."""
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise InvalidInput(label, text, _("is not a number such as 1100.04")) from None
    if not amount.is_finite() or not 0 <= amount < MOST:
        raise InvalidInput(label, text, _("is not an amount between nothing and {most}").format(most=f"{MOST:,}"))
    return Money.of(amount * times, CURRENCY, field=label)


def unknown_reference(kind: str, name: str, known: Mapping[str, int]) -> str:
    """The sentence for a name that nothing here has, with the one that it is nearest to."""
    return _unknown(kind, name, known)


def _unknown(kind: str, name: str, known: Mapping[str, int]) -> str:
    near = nearest(name, known)
    if near:
        says = _("there is no {kind} “{name}”, so it is left empty; did they mean “{near}”?")
        return says.format(kind=kind, name=name, near=near)
    return _("there is no {kind} “{name}”, so it is left empty").format(kind=kind, name=name)


def not_linked(named: Iterable[tuple[str, int]], linked: Mapping[str, int]) -> dict[str, int]:
    """The records that no row of this system stands for yet, by name; a name that several bear names none."""
    numbers: dict[str, list[int]] = {}
    taken = set(linked.values())
    for name, number in named:
        if number not in taken:
            numbers.setdefault(name, []).append(number)
    return {name: found[0] for name, found in numbers.items() if len(found) == 1}


def _whole(label: str, text: str, *, low: int, high: int) -> int | None:
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        raise InvalidInput(label, text, _("is not a whole number")) from None
    if not low <= number <= high:
        raise InvalidInput(label, text, _("is not between {low} and {high}").format(low=low, high=high))
    return number


def _country(text: str, doubt: Doubt) -> str | None:
    if not text:
        return None
    code = parse_territory(text)
    if code is None:
        near = nearest_country(text)
        if near is None:
            doubt(_("no country is called “{value}”, so it is left empty").format(value=text))
            return None
        code, name = near
        doubt(_("country “{value}” is read as {meant}").format(value=text, meant=name))
    return code


def _is_above(above: Organization, organization: Organization | None) -> bool:
    """Whether `above` is the organization itself or one that it belongs to."""
    seen: set[int] = set()
    while organization is not None and organization.id not in seen:
        if organization is above:
            return True
        seen.add(organization.id)
        organization = organization.parent
    return False


def _tell_added(kind: Kind[Person], party: Party) -> None:
    at = kind.loading.at
    event = PartyAdded(record_id=party.id, party_id=party.id, at=at, name=party.name, party_kind=party.kind)
    tell(kind.session, event)
