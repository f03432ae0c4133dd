"""What people delete comes back whole, what they changed since stays and is told in their words, on both databases."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, insert, select, update

from crmlib.access import Actor
from crmlib.activities import delete_activity, log_activity
from crmlib.base import (
    FxRate,
    JournalEntry,
    Money,
    NotFound,
    history_of,
    insert_many,
    undo_batch,
    undo_change,
)
from crmlib.billing import Order, add_line, place_order
from crmlib.contacts import (
    Address,
    ContactPoint,
    Organization,
    Party,
    Person,
    add_organization,
    add_person,
    affiliate,
    delete_party,
)
from crmlib.exchange.everything import stored_tables
from crmlib.sales import Deal, add_pipeline, delete_deal, open_deal

# The house keeps these by itself.
DERIVED = {"version", "updated_at", "last_activity_at"}
# The search's dictionary of spellings only grows: a word nobody bears any more does no harm there.
NOT_COMPARED = {"journal", "search_word"}


def everything(session):
    """All rows of all tables but the journal, without the columns that the house keeps by itself."""
    session.flush()
    found = {}
    for one in stored_tables():
        if one.name in NOT_COMPARED:
            continue
        columns = [column for column in one.plain.c if column.name not in DERIVED]
        found[one.name] = sorted(map(repr, session.execute(select(*columns))))
    return found


def last(session, **wanted):
    rows = select(JournalEntry.number).filter_by(**wanted).order_by(JournalEntry.number.desc())
    return session.scalars(rows.limit(1)).one()


@pytest.fixture
def company(workbench, clock):
    """Acme with all that a party can have, a deal and an activity; Ana works there."""
    from crmlib import contacts

    with workbench.session() as session:
        at = workbench.now()
        pipeline = add_pipeline(session, name="Sales")
        acme = add_organization(
            session, name="Acme", at=at, phone="+4930123456", email="info@acme.example", city="Cluj"
        )
        ana = add_person(session, given_name="Ana", family_name="Popescu", at=at, email="ana@acme.example")
        affiliate(session, ana, acme)
        acme.addresses[0].latitude = 46.770439000000003
        contacts.add_fact(session, acme, "likes", "Tea", source_party=ana, at=at)
        contacts.add_fact(session, ana, "likes", "Coffee", source_party=acme, at=at)
        contacts.tag(session, "party", [acme.id], "vip", at=at)
        contacts.relate(session, ana, "refers", acme, at=at)
        contacts.give_consent(session, acme, "email", "marketing", at=at)
        deal = open_deal(session, name="Big one", party=acme, stage=pipeline.stages[0], at=at)
        deal.amount = Money(125_000, "EUR")
        call = log_activity(session, "call", subject="Call", with_parties=[ana], at=at)
        order = place_order(session, party=acme, currency="EUR", draft=True, at=at)
        add_line(session, order, description="Tea", quantity=Decimal("1.5"), unit_price=Money(1250, "EUR"))
    clock.advance(days=1)
    return {"acme": acme.id, "ana": ana.id, "deal": deal.id, "call": call.id, "order": order.id}


def came_back(workbench, clock, remove, record):
    """Whether all is as it was after `remove` and its undo, and removed again after the undo of that."""
    with workbench.reading() as session:
        before = everything(session)
    with workbench.session() as session:
        remove(session)
    clock.advance(hours=1)
    with workbench.session() as session:
        gone = everything(session)
        assert gone != before
        done = undo_change(session, last(session, kind="delete", record=record), at=workbench.now())
        assert done.spared == []
        assert everything(session) == before
    clock.advance(hours=1)
    with workbench.session() as session:
        again = undo_batch(session, done.batch, at=workbench.now())
        assert everything(session) == gone
        undo_batch(session, again.batch, at=workbench.now())
        assert everything(session) == before


def test_a_deleted_party_comes_back_with_all_its_parts(workbench, clock, company):
    with workbench.session() as session:
        for kind, number in ((Order, company["order"]), (Deal, company["deal"])):
            session.delete(session.get(kind, number))
    clock.advance(hours=1)
    came_back(workbench, clock, lambda s: delete_party(s, company["acme"], at=workbench.now()), "party")


def test_a_deleted_deal_comes_back_with_its_history(workbench, clock, company):
    came_back(workbench, clock, lambda s: delete_deal(s, company["deal"], at=workbench.now()), "deal")


def test_a_deleted_activity_comes_back_with_who_took_part(workbench, clock, company):
    came_back(workbench, clock, lambda s: delete_activity(s, company["call"], at=workbench.now()), "activity")


def test_a_deleted_draft_comes_back_with_its_lines(workbench, clock, company):
    came_back(workbench, clock, lambda s: s.delete(s.get(Order, company["order"])), "order")


def test_what_was_spared_is_told_in_the_words_of_a_salesperson(workbench, clock, company):
    with workbench.session(batch="tidy") as session:
        deal = session.get(Deal, company["deal"])
        deal.amount = Money(200_000, "USD")
        deal.expected_close_on = date(2026, 9, 1)
        session.get(Organization, company["acme"]).country = "RO"
    clock.advance(days=1)
    workbench.actor = "Cora"
    with workbench.session() as session:
        deal = session.get(Deal, company["deal"])
        deal.amount = Money(90_050, "USD")
        deal.expected_close_on = date(2026, 12, 24)
    workbench.actor = "Ben"
    with workbench.session() as session:
        done = undo_batch(session, "tidy", at=workbench.now())
        assert session.get(Deal, company["deal"]).amount == Money(90_050, "USD")
    assert [(one.title, one.field, one.why) for one in done.spared] == [
        ("Deal Big one", "amount", "Cora changed Amount on 3 Jul 2026, 09:00 UTC: it says “$900.50” now."),
        (
            "Deal Big one",
            "expected_close_on",
            "Cora changed Expected close on 3 Jul 2026, 09:00 UTC: it says “24 Dec 2026” now.",
        ),
    ]


def test_an_amount_is_set_back_only_as_a_whole(workbench, clock, company):
    with workbench.session(batch="tidy") as session:
        session.get(Deal, company["deal"]).amount = Money(200_000, "EUR")
    clock.advance(days=1)
    workbench.actor = "Cora"
    with workbench.session() as session:
        session.get(Deal, company["deal"]).amount = Money(200_000, "USD")
    with workbench.session() as session:
        done = undo_batch(session, "tidy", at=workbench.now())
        assert session.get(Deal, company["deal"]).amount == Money(200_000, "USD")
    assert [one.field for one in done.spared] == ["amount"]
    assert "Cora" in done.spared[0].why


def people(n):
    return ({"name": f"P {i}", "folded": f"p {i}", "given_name": f"P “{i}”", "custom": {"n": i}} for i in range(n))


def test_very_many_go_and_come_back_exactly_in_few_rows_of_the_journal(workbench, clock):
    with workbench.reading() as session:
        empty = everything(session)
    with workbench.session(batch="import") as session:
        numbers = insert_many(session, Person, people(2_300), journal="range")
        party = [{"party_id": n, "city": "Iași", "latitude": 0.1 + n / 7, "longitude": None} for n in numbers]
        insert_many(session, Address, party, journal="range")
        insert_many(
            session,
            FxRate,
            [{"day": date(2026, 1, 1) + timedelta(days=n), "currency": "USD", "base": "EUR", "rate": Decimal("1.0912")}
             for n in range(30)],
            journal="range",
        )  # fmt: skip
    with workbench.reading() as session:
        full = everything(session)
    clock.advance(hours=1)
    with workbench.session() as session:
        done = undo_batch(session, "import", at=workbench.now())
        assert (done.n_undone, done.spared) == (4_630, [])
        assert everything(session) == empty
        kinds = dict(
            session.execute(select(JournalEntry.kind, func.count()).filter_by(batch=done.batch).group_by("kind")).all()
        )
        assert kinds == {"deletes": 5 + 5 + 1}
        assert [one.kind for one in history_of(session, Person, numbers[700])] == ["deletes", "inserts"]
    clock.advance(hours=1)
    with workbench.session() as session:
        again = undo_batch(session, done.batch, at=workbench.now())
        assert (again.n_undone, again.spared) == (4_630, [])
        assert everything(session) == full
        kinds = dict(
            session.execute(select(JournalEntry.kind, func.count()).filter_by(batch=again.batch).group_by("kind")).all()
        )
        assert kinds == {"inserts": 3}
    with workbench.session() as session:
        third = undo_batch(session, again.batch, at=workbench.now())
        assert everything(session) == empty
        undo_batch(session, third.batch, at=workbench.now())
        assert everything(session) == full


def test_an_actor_takes_back_only_what_it_may_see(workbench, clock):
    with workbench.session(batch="import") as session:
        ana = add_person(session, given_name="Ana", at=workbench.now())
        mine = add_organization(session, name="Open", owner=ana, at=workbench.now())
        theirs = add_organization(session, name="Hidden", at=workbench.now())
    with workbench.session(batch="tidy") as session:
        for one in (mine, theirs):
            session.get(Organization, one.id).website = "https://x.example"
    with workbench.session() as session:
        hidden = last(session, kind="update", record="party", record_id=theirs.id)
    workbench.actor = Actor("Ana", party_id=ana.id, rules={Party: lambda kind: kind.owner_id == ana.id})
    with workbench.session() as session:
        with pytest.raises(NotFound):
            undo_change(session, hidden, at=workbench.now())
        assert history_of(session, Party, theirs.id) == []
        done = undo_batch(session, "tidy", at=workbench.now())
    assert (done.n_undone, [one.record_id for one in done.spared]) == (1, [theirs.id])
    assert "Hidden" not in str(done.spared[0])
    assert set(workbench.as_of("party", workbench.now())["id"]) == {mine.id}
    assert "Hidden" not in workbench.changes().to_csv()
    workbench.actor = "Boss"
    with workbench.reading() as session:
        assert session.get(Organization, theirs.id).website == "https://x.example"


def test_a_statement_past_the_session_is_refused_unless_it_says_derived(workbench):
    with workbench.session() as session:
        add_person(session, given_name="Ana", at=workbench.now())
        for statement in (
            update(Party).values(name="x"),
            update(Party.__table__).values(name="x"),
            insert(ContactPoint).values(party_id=1, kind="email", value="x", normalised="x"),
        ):
            with pytest.raises(TypeError, match="journal would not hear"):
                session.execute(statement)
        session.execute(update(Party).values(last_activity_at=None), execution_options={"derived": True})
