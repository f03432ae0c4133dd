"""Lists in any order, by any way that the database may be asked for them."""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from crmlib.base import Money, folded, pages
from crmlib.billing import Order, Payment, Refund
from crmlib.contacts import Address, Affiliation, Organization, Party, Person, parties_page
from crmlib.filters import as_predicate, context_of, count_rows, fields_for, list_page, parse, read_rows, sql

FILTERS = (
    "total_paid > 0",
    "total_paid >= 0",
    "total_paid == 0",
    "total_paid != 0",
    "total_paid < 10",
    "total_paid > 10 USD",
    "total_paid < 10 USD",
    "total_paid > 99",
    "n_payments == 0",
    "n_payments < 2 and total_paid > 5",
    "not (n_payments >= 1)",
    "n_payments >= 1 or city == 'delft'",
    "last_paid_on < today - 20d",
    "last_paid_on is empty",
    "city == 'DELFT' and kind == 'person'",
    "city in ('Łódź', 'kiel')",
    "city != 'delft'",
    "city is empty",
    "city starts with 'd' or city contains 'ie'",
    "region == 'zuid-holland'",
    "country == 'NL' and total_paid > 1",
    "organization == 'Firm 0'",
    "organization is empty and owner is not empty",
    "owner == 1 and source == 'event'",
)
SORTS = (
    "",
    "name",
    "kind",
    "lifecycle",
    "owner",
    "source",
    "city",
    "country",
    "organization",
    "total_paid",
    "n_payments",
    "last_paid_on",
    "birthday_on",
    "last_activity_at",
)


@pytest.fixture
def crowd(workbench, clock):
    """Forty parties here and there, who paid much, little, nothing, or got more back than they paid."""
    dice = random.Random(5)
    places = [("Delft", "Zuid-Holland", "NL"), ("Kiel", None, "DE"), ("Łódź", None, None), (None, None, "NL")]
    with workbench.session() as session:
        people = []
        for number in range(40):
            kind = {"n_employees": 3} if number % 5 == 0 else {"given_name": "x"}
            party = (Organization if number % 5 == 0 else Person)(
                name=dice.choice(["Anja", "Ștefan", "bo"]) if number % 5 else f"Firm {number // 5}",
                source=dice.choice([None, "event", "referral"]),
                last_activity_at=dice.choice([None, clock.now - timedelta(days=number // 2)]),
                created_at=clock.now - timedelta(days=number // 3),
                **kind,
            )
            if number % 5 and dice.random() < 0.5:
                party.birthday_on = date(1980, 1, dice.randrange(1, 5))
            if dice.random() < 0.6:
                city, region, country = dice.choice(places)
                party.addresses.append(Address(city=city, region=region, country=country, is_preferred=True))
            session.add(party)
            session.flush()
            people.append(party)
        for party in people[3:]:
            party.owner = dice.choice([None, *people[:3]])
            if isinstance(party, Person) and dice.random() < 0.4:
                firm = dice.choice([one for one in people if isinstance(one, Organization)])
                session.add(Affiliation(person=party, organization=firm))
            for _n in range(dice.choice([0, 0, 1, 2])):
                day = clock.now.date() - timedelta(days=dice.randrange(40))
                money = {"amount": Money(dice.choice([500, 1000, 2000]), "EUR"), "party_id": party.id}
                session.add(Payment(paid_on=day, **money))
                if dice.random() < 0.4:
                    session.add(Refund(refunded_on=day, **money | {"amount": Money(1000, "EUR")}))
    return workbench


def read(session):
    fields = fields_for(session, "party")
    return fields, read_rows(session, "party", list(session.scalars(select(Party.id))), fields.by_key)


@pytest.mark.parametrize("many", [False, True])
def test_few_or_many_the_same_is_found(crowd, many, monkeypatch):
    for name in ("FEW", "SOME", "FEW_TO_JOIN"):
        monkeypatch.setattr(sql, name, 0 if many else 1_000)
    with crowd.reading() as session:
        fields, rows = read(session)
        context = context_of(session)
        for told in FILTERS:
            fits = as_predicate(parse(told, fields), fields, context)
            expected = sorted(row["id"] for row in rows if fits(row))
            for sort in ("", "name", "total_paid", "city"):
                found = list_page(session, "party", filter=told, sort=sort, per_page=100)
                assert sorted(row["id"] for row in found.rows) == expected, (told, sort)
                assert (found.total, found.total_is_more) == (len(expected), False)
            assert [row["id"] for row in list_page(session, "party", filter=told, per_page=100).rows] == expected


def plain(value):
    value = getattr(value, "minor", value)
    value = value["name"] if isinstance(value, dict) else getattr(value, "name", value)
    return folded(value) if isinstance(value, str) else value


def test_every_order_is_whole_and_the_same_page_by_page(crowd):
    with crowd.reading() as session:
        _fields, rows = read(session)
        for sort in SORTS:
            by_number = {row["id"]: plain(row[sort or "id"]) for row in rows}
            for descending in (False, True):
                turned = [
                    list_page(session, "party", sort=sort, descending=descending, page=page, per_page=9).rows
                    for page in range(1, 6)
                ]
                numbers = [row["id"] for page in turned for row in page]
                assert sorted(numbers) == sorted(by_number), "nobody is there twice, nobody is missing"
                values = [by_number[number] for number in numbers]
                known = [value for value in values if value is not None]
                assert known == sorted(known, reverse=descending), sort
                assert values == known + [None] * (len(values) - len(known)), "those without a value come last"


def test_the_desk_is_sorted_by_owner_and_city_alike(crowd):
    with crowd.reading() as session:
        for sort in ("owner", "city", "name"):
            for descending in (False, True):
                ours = [
                    row["party_id"]
                    for page in (1, 2, 3)
                    for row in parties_page(session, sort=sort, descending=descending, page=page, per_page=15).rows
                ]
                theirs = list_page(session, "party", sort=sort, descending=descending, per_page=100)
                assert ours == [row["id"] for row in theirs.rows]


def test_a_count_is_bounded_work(crowd, monkeypatch):
    monkeypatch.setattr(pages, "MOST_LOOKED_AT", 20)
    for name in ("FEW", "SOME", "FEW_TO_JOIN"):
        monkeypatch.setattr(sql, name, 0)
    with crowd.reading() as session:
        page = list_page(session, "party", filter="kind == 'person'", per_page=5)
        assert page.total_is_more
        assert 5 <= page.total < 32
        assert count_rows(session, "party", filter="kind == 'person'") == 32
        last = list_page(session, "party", filter="kind == 'person'", per_page=5, page=7)
        assert (len(last.rows), last.total, last.total_is_more) == (2, 32, False), "the last page tells it exactly"
        past = list_page(session, "party", filter="kind == 'person'", per_page=5, page=9)
        assert past.rows == []
        assert list_page(session, "party", per_page=5, count=False).total == 5


def test_payments_orders_and_refunds_are_lists_too(crowd):
    with crowd.reading() as session:
        for record, kind in (("payment", Payment), ("refund", Refund), ("order", Order)):
            numbers = set(session.scalars(select(kind.id)))
            page = list_page(session, record, sort="party", per_page=100)
            assert {row["id"] for row in page.rows} == numbers
        some = list_page(session, "payment", filter="amount >= 10 EUR and party == 'anja'", sort="amount").rows
        assert some
        assert all(row["amount"].minor >= 1000 and row["party"].name == "Anja" for row in some)
