"""The demo company must be believable, and the same whenever it is made from the same seed."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import phonenumbers
import pytest
from sqlalchemy import select

from crmlib import Refused, open_workbench
from crmlib.base import Base, JournalEntry
from crmlib.contacts import ContactKind, ContactPoint, Lifecycle, LifecycleEvent, Organization, Person
from crmlib.demo import make_demo
from crmlib.demo.market import slug
from crmlib.demo.sources import read
from crmlib.sales import Deal, StageEvent, StageKind

TODAY = date(2026, 7, 1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A fifth of the usual size: large enough for shares to mean something."""
    folder = tmp_path_factory.mktemp("fifth") / "workspace"
    make_demo(folder, scale=0.2, today=TODAY)
    with open_workbench(folder) as workbench:
        yield workbench


def fingerprint(workspace, database=None):
    """A hash over every row of every table; journal rows of one moment may stand in any order."""
    found = hashlib.sha256()
    with open_workbench(workspace, database=database) as workbench, workbench.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "number"]
            for row in sorted(repr(tuple(row)) for row in connection.execute(select(*columns))):
                found.update(row.encode())
    return found.hexdigest()


def test_the_same_seed_on_the_same_day_makes_the_same_records(tmp_path):
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    made = make_demo(first, seed=3, scale=0.03, today=TODAY)
    assert make_demo(again, seed=3, scale=0.03, today=TODAY) == made
    make_demo(other, seed=4, scale=0.03, today=TODAY)
    assert fingerprint(first) == fingerprint(again)
    assert fingerprint(first) != fingerprint(other)


def test_it_is_made_on_postgresql_too(postgres, tmp_path):
    address = postgres.create(postgres.new_name())
    made = make_demo(tmp_path / "pg", database=address, seed=3, scale=0.03, today=TODAY)
    lite = make_demo(tmp_path / "lite", seed=3, scale=0.03, today=TODAY)
    assert made == lite
    with pytest.raises(Refused, match="has customers already"):
        make_demo(tmp_path / "again", database=address, scale=0.03, today=TODAY)
    assert not (tmp_path / "again").exists()
    postgres.drop(address)


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(Refused, match="not empty"):
        make_demo(tmp_path, scale=0.03)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_demo_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("crmlib.demo.diary.Diary.carry_out", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make_demo(tmp_path / "workspace", scale=0.03, today=TODAY)
    assert list(tmp_path.iterdir()) == []


def test_nothing_has_happened_after_today(demo):
    midnight = datetime(2026, 7, 1, tzinfo=UTC)
    with demo.reading() as session:
        for moments in (JournalEntry.at, JournalEntry.happened_at, StageEvent.entered_at, LifecycleEvent.at):
            assert all(moment < midnight for moment in session.scalars(select(moments)))
    activities = demo.activities.activities()
    assert (activities["done_at"].dropna() < str(midnight)).all()


def test_the_journal_tells_the_two_years_in_order(demo):
    with demo.reading() as session:
        told = session.execute(select(JournalEntry.at, JournalEntry.happened_at).order_by(JournalEntry.number)).all()
        actors = set(session.scalars(select(JournalEntry.actor)))
    happened = [row.happened_at for row in told]
    assert happened == sorted(happened)
    assert all(row.at - row.happened_at < timedelta(seconds=1) for row in told)
    assert actors >= {"Marijke Verhoeven", "Ilinca Dumitrescu", "Sulastri"}


def test_deals_end_as_their_stage_says_and_their_history_leads_there(demo):
    with demo.reading() as session:
        for deal in session.scalars(select(Deal)):
            events = deal.stage_events
            assert events[-1].stage_id == deal.stage_id
            assert [one.entered_at for one in events] == sorted(one.entered_at for one in events)
            assert (deal.closed_on is None) == (deal.stage.kind is StageKind.OPEN)
            assert deal.party.lifecycle is not Lifecycle.COLLEAGUE


def test_the_figures_are_those_of_a_company_that_lives(demo):
    deals = demo.sales.deals()
    closed = deals[deals["status"] != "open"]
    assert 0.2 < (closed["status"] == "won").mean() < 0.45
    days = (closed["closed_on"] - closed["opened_on"]).dt.days
    assert 20 < days.median() < 90
    assert 0.05 < (deals["status"] == "open").mean() < 0.35
    assert deals["region"].nunique() == 3
    assert deals["manager"].nunique() == 2
    assert set(deals["currency"].dropna()) == {"EUR"}
    lost = deals[deals["status"] == "lost"]
    assert lost["lost_reason"].notna().all()


def test_open_deals_have_next_steps_around_today(demo):
    activities = demo.activities.activities()
    still = activities[activities["done_at"].isna()].drop_duplicates("activity_id")
    due = (still["due_at"] - datetime(2026, 7, 1, tzinfo=UTC)).dt.days
    assert len(still) >= 10
    assert due.between(-5, 15).mean() > 0.6


def test_a_few_quarrels_happened_and_two_customers_left(demo):
    complaints = demo.activities.activities()
    assert complaints["subject"].str.contains("omplaint|Tense|Two of us").any()
    assert (demo.contacts.parties()["lifecycle"] == "former").any()


def test_addresses_reach_nobody_and_numbers_could_exist(demo):
    with demo.reading() as session:
        for point in session.scalars(select(ContactPoint)):
            if point.kind is ContactKind.EMAIL:
                assert point.normalised.endswith(".example")
            elif point.kind is ContactKind.PHONE:
                assert phonenumbers.is_valid_number(phonenumbers.parse(point.normalised))
        names = session.scalars(select(Organization.name)).all()
    assert len(names) == len(set(names))


def test_people_are_named_as_where_they_live(demo):
    with demo.reading() as session:
        people = session.scalars(select(Person)).all()
    assert any(one.family_name is None for one in people)
    assert any(ord(sign) > 127 for one in people for sign in one.name)


def test_every_country_and_every_sector_has_its_words():
    titles, sites = read("words")["titles"], read("words")["sites"]
    for code, about in read("countries").items():
        assert phonenumbers.region_code_for_country_code(int(about["phone"][0][1:3])) or code
        for sector, forms in about["organizations"].items():
            assert len(titles[sector]) >= 4
            assert sites[sector]
            for form in forms:
                assert slug(form.format(x="Zăvoi", f="Łucja", c="Iași"))
    assert {product["name"] for product in read("company")["products"]} == set(read("words")["short"])
