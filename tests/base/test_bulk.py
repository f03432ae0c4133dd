import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from crmlib.activities import Activity
from crmlib.activities.records import ActivityKind
from crmlib.base import JournalEntry, Refused, insert_many
from crmlib.base.bulk import CHUNK
from crmlib.billing import OrderLine
from crmlib.catalog import Product, add_product
from crmlib.contacts import Lifecycle, Organization, Party, Person, add_person
from crmlib.contacts.records import PartyKind
from crmlib.sales import DealOwner


def calls(n):
    for number in range(n):
        yield {"kind": ActivityKind.CALL, "subject": f"Call {number}", "due_at": datetime(2026, 1, 1, 9, tzinfo=UTC)}


def test_rows_are_written_as_the_session_would_write_them(workbench):
    with workbench.session() as session:
        by_hand = Activity(kind=ActivityKind.CALL, subject="Call 0", due_at=datetime(2026, 1, 1, 9, tzinfo=UTC))
        session.add(by_hand)
        session.flush()
        numbers = insert_many(session, Activity, calls(3))
        assert numbers == range(by_hand.id + 1, by_hand.id + 4)
        first = session.get(Activity, numbers[0])
        for key in ("kind", "subject", "body", "due_at", "version", "created_at", "updated_at"):
            assert getattr(first, key) == getattr(by_hand, key), key
        entries = session.scalars(
            select(JournalEntry).filter_by(record="activity", kind="insert").order_by(JournalEntry.number)
        ).all()
    assert [entry.record_id for entry in entries] == [by_hand.id, *numbers]
    assert entries[0].after == entries[1].after


def test_a_subclass_takes_the_columns_of_both_tables(workbench):
    rows = [{"name": f"P {n}", "folded": f"p {n}", "given_name": f"P {n}"} for n in range(4)]
    with workbench.session() as session:
        numbers = insert_many(session, Person, rows)
        found = session.scalars(select(Person).order_by(Person.id)).all()
        assert [(one.id, one.kind, one.lifecycle, one.given_name) for one in found] == [
            (number, PartyKind.PERSON, Lifecycle.PROSPECT, f"P {n}") for n, number in enumerate(numbers)
        ]
        concerns = select(JournalEntry.party_id).filter_by(record="party").order_by(JournalEntry.number)
        assert session.scalars(concerns).all() == list(numbers)
        money = [{"name": "Acme", "folded": "acme", "annual_revenue_minor": 5, "annual_revenue_currency": "EUR"}]
        (acme,) = insert_many(session, Organization, money)
        assert session.get(Organization, acme).annual_revenue.minor == 5
        later = add_person(session, given_name="Ana", at=workbench.now())
        assert later.id == acme + 1


def test_a_range_is_one_row_of_the_journal(workbench):
    with workbench.session(batch="import 1") as session:
        numbers = insert_many(session, Activity, calls(CHUNK + 10), journal="range")
    assert len(numbers) == CHUNK + 10
    with workbench.reading() as session:
        entry = session.scalars(select(JournalEntry)).one()
        assert (entry.kind, entry.record, entry.record_id) == ("inserts", "activity", numbers[0])
        assert (entry.after, entry.batch) == ({"through": numbers[-1]}, "import 1")
        assert session.scalar(select(func.count(Activity.id))) == len(numbers)


def test_nothing_is_written_for_no_rows(workbench):
    with workbench.session() as session:
        assert insert_many(session, Activity, []) == range(0)
    assert workbench.data_version() == 0


def test_a_column_that_is_not_there_is_a_mistake_of_ours(workbench):
    with workbench.session() as session:
        with pytest.raises(TypeError, match="colour"):
            insert_many(session, Activity, [{"colour": "red"}])
        many = [*calls(CHUNK), {"kind": ActivityKind.CALL, "subject": "x", "body": "late"}]
        with pytest.raises(TypeError, match="body"):
            insert_many(session, Activity, many)


def test_what_the_database_refuses_is_told_and_nothing_is_kept(workbench):
    with pytest.raises(Refused, match="exists already"), workbench.session() as session:
        insert_many(session, Product, [{"name": "A", "code": "1"}, {"name": "B", "code": "1"}])
    with workbench.reading() as session:
        assert session.scalar(select(func.count(Product.id))) == 0


def test_numbers_have_no_gap_while_others_write(workbench):
    errors, ranges = [], []

    def bulk():
        try:
            with workbench.session() as session:
                ranges.append(insert_many(session, Product, ({"name": f"Bulk {n}"} for n in range(300))))
        except Exception as error:
            errors.append(error)

    def single(who):
        try:
            for number in range(10):
                with workbench.session() as session:
                    add_product(session, name=f"{who}-{number}")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=bulk) for _ in range(2)]
    threads += [threading.Thread(target=single, args=(who,)) for who in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with workbench.reading() as session:
        for numbers in ranges:
            names = session.scalars(select(Product.name).where(Product.id.between(numbers[0], numbers[-1])))
            assert sorted(names) == sorted(f"Bulk {n}" for n in range(300))
        assert session.scalar(select(func.count(Product.id))) == 620
        assert session.scalar(select(func.count(Party.id))) == 0


def test_a_part_of_a_record_stands_on_the_timeline_of_the_partys_whole(workbench):
    party = workbench.contacts.add_person(given_name="Ana").id
    order = workbench.billing.place_order(
        party=party, currency="EUR", lines=[{"description": "Rope", "unit_price": "3"}]
    ).id
    deal = workbench.sales.add_pipeline(name="Sales") and workbench.sales.open_deal(name="Big one", party=party).id
    line = {"order_id": order, "quantity": 2, "unit_price": 5, "amount_minor": 1000}
    with workbench.session() as session:
        lines = insert_many(session, OrderLine, [line, line])
        shares = insert_many(session, DealOwner, [{"deal_id": deal, "party_id": party, "share": 20}])
        entries = session.scalars(
            select(JournalEntry).where(
                JournalEntry.kind == "insert", JournalEntry.record.in_(["order_line", "deal_owner"])
            )
        ).all()
    written = [(one.record, one.record_id) for one in entries]
    assert {("order_line", lines[0]), ("order_line", lines[1]), ("deal_owner", shares[0])} <= set(written)
    assert {one.party_id for one in entries} == {party}
