"""A crowd made in bulk must hang together like a company that was lived through, and be the same every time."""

from contextlib import nullcontext
from datetime import date

import pytest
from sqlalchemy import func, inspect, select, text

from crmlib import contacts, filters, sales
from crmlib.activities import Activity, Participation
from crmlib.activities.records import Part
from crmlib.base import JournalEntry, Money
from crmlib.billing import Order, Payment, count_anew, party_totals
from crmlib.catalog import add_product
from crmlib.contacts import ContactKind, ContactPoint, Party, Person
from crmlib.demo.crowd import Crowd
from crmlib.demo.market import slug
from crmlib.sales import Deal, Pipeline, Stage

TODAY = date(2026, 7, 1)
INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}


def make_crowd(workbench, clock, n_parties=300, seed=3):
    """A crowd around one colleague, one product and one pipeline; what it says it made, and what it told."""
    told = []
    with workbench.session() as session:
        maria = contacts.add_person(session, given_name="Maria", family_name="Pop", at=clock.now, lifecycle="colleague")
        product = add_product(session, name="Sensor", code="S1", price=Money.of("129", "EUR"))
        pipeline = sales.add_pipeline(session, name="Sales")
        session.flush()
        stages = select(Stage.id, Stage.kind).where(Stage.pipeline_id == pipeline.id).order_by(Stage.position)
        crowd = Crowd(
            begin=lambda: nullcontext(session),
            seed=seed,
            today=TODAY,
            n_parties=n_parties,
            staff=[maria.id],
            products=[(product.id, "Sensor", 12_900)],
            stages=[(number, kind.value) for number, kind in session.execute(stages)],
            progress=lambda *where: told.append(where),
        )
        return crowd.make(), told


@pytest.fixture
def crowd(workbench, clock):
    made, told = make_crowd(workbench, clock)
    assert told[0][1] == 0
    assert all(done <= of for _what, done, of in told)
    return made


def test_there_is_as_much_as_was_asked_for(workbench, crowd):
    assert (crowd["organizations"], crowd["persons"], crowd["payments"], crowd["orders"]) == (30, 270, 3000, 300)
    with workbench.reading() as session:
        assert session.scalar(select(func.count(Payment.id))) == 3000
        assert session.scalar(select(func.count(Order.id))) == 300
        ranges = session.scalars(select(JournalEntry.record).where(JournalEntry.kind == "inserts")).all()
        assert {"party", "payment", "order"} <= set(ranges)


def test_names_match_the_ways_to_reach_them(workbench, crowd):
    with workbench.reading() as session:
        rows = select(Person, ContactPoint.value).join(ContactPoint, ContactPoint.party_id == Person.id)
        found = session.execute(rows.where(ContactPoint.kind == ContactKind.EMAIL)).all()
        assert len(found) == crowd["persons"]
        for person, address in found:
            parts = [slug(part).replace("-", "") for part in (person.given_name, person.family_name) if part]
            assert address.startswith(".".join(parts))
            assert person.name.startswith(person.given_name)


def test_nothing_happens_before_somebody_is_known_and_the_newest_activity_is_kept(workbench, crowd):
    with workbench.reading() as session:
        early = select(func.count(Order.id)).join(Party, Party.id == Order.party_id)
        assert session.scalar(early.where(Order.created_at < Party.created_at)) == 0
        done = (
            select(Participation.party_id, func.max(Activity.done_at))
            .join(Activity, Activity.id == Participation.activity_id)
            .where(Participation.part == Part.TARGET, Activity.done_at.is_not(None))
            .group_by(Participation.party_id)
        )
        newest = dict(session.execute(done).all())
        kept = dict(session.execute(select(Person.id, Person.last_activity_at)).all())
        assert {number: at for number, at in kept.items() if at} == {
            number: at for number, at in newest.items() if number in kept
        }


def test_the_sums_are_those_of_a_recount(workbench, crowd):
    with workbench.reading() as session:
        kept = party_totals(session)
        assert kept["n_payments"].sum() == crowd["payments"]
    with workbench.session() as session:
        count_anew(session)
    with workbench.reading() as session:
        assert party_totals(session).equals(kept)
        assert session.scalar(select(func.sum(Payment.amount_minor))) == session.scalar(
            text("SELECT sum(paid_minor) FROM party_total")
        )


def test_indexes_references_and_triggers_are_back(workbench, clock, dialect):
    def shape():
        looked = inspect(workbench.engine)
        keys = {
            table: sorted(str(key["constrained_columns"]) for key in looked.get_foreign_keys(table))
            for table in looked.get_table_names()
        }
        with workbench.reading() as session:
            return keys, set(session.execute(text(INDEXES[dialect])).all())

    before = shape()
    make_crowd(workbench, clock, n_parties=60)
    assert shape() == before
    with workbench.session() as session:
        paid = session.scalars(select(Payment).limit(1)).one()
        total = text("SELECT paid_minor FROM party_total WHERE party_id = :id")
        was = session.scalar(total, {"id": paid.party_id})
        session.delete(paid)
        session.flush()
        assert session.scalar(total, {"id": paid.party_id}) == was - paid.amount_minor


def test_lists_pages_and_the_pipeline_work_on_it(workbench, crowd):
    with workbench.reading() as session:
        assert contacts.parties_page(session).total == 300
        few = filters.list_page(session, "party", filter='lifecycle == "customer" and total_paid > 100')
        assert 0 < few.total < 300
        assert contacts.party_card(session, few.rows[0]["id"]).contact_points
        pipeline = session.scalars(select(Pipeline)).one()
        assert sales.board(session, pipeline.id, closed_since=date(2026, 4, 1))
        assert session.scalar(select(func.count(Deal.id))) == crowd["deals"] == 12


def test_the_same_seed_on_the_same_day_makes_the_same_crowd_on_both_databases(workbench, crowd, dialect):
    with workbench.reading() as session:
        people = select(Person.name, Person.lifecycle, Person.created_at, Person.birthday_on).order_by(Person.id)
        paid = select(Payment.paid_on, Payment.amount_minor, Payment.method).order_by(Payment.id)
        shown = [tuple(map(str, row)) for row in (*session.execute(people), *session.execute(paid))]
    assert _seen.setdefault("crowd", shown) == shown


_seen = {}
