"""The index is kept by the database, whichever way a record changes."""

import threading
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, insert, text, update

from crmlib import catalog, contacts
from crmlib.contacts import Address, Affiliation, ContactPoint, Organization, Party, Person
from crmlib.search import SearchEntry, index_is_complete, rebuilt_after, reindex, search

NOW = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


def titles(session, text):
    return [hit.title for hits in search(session, text).values() for hit in hits]


@pytest.fixture
def ana(session):
    halyard = contacts.add_organization(session, name="Halyard", at=NOW)
    return contacts.add_person(
        session, given_name="Ana", family_name="Popescu", at=NOW, organization=halyard, email="first@example.com"
    )


def test_a_change_of_any_part_is_searched_at_once(session, ana):
    ana.rename("Ana", "Zidaru")
    assert (titles(session, "zidaru"), titles(session, "popescu")) == (["Ana Zidaru"], [])
    ana.affiliations[0].organization.name = "Marina"
    assert titles(session, "ana marina") == ["Ana Zidaru"]
    ana.contact_points[0].value, ana.contact_points[0].normalised = "z@example.com", "z@example.com"
    assert (titles(session, "z@example"), titles(session, "first@example")) == (["Ana Zidaru"], [])
    ana.addresses.append(Address(city="Iași", is_preferred=True))
    assert titles(session, "iasi") == ["Ana Zidaru"]
    ana.affiliations[0].to_on = date(2026, 6, 1)
    assert "Ana Zidaru" not in titles(session, "marina")
    assert index_is_complete(session)


# Said to the guard of the journal, which would refuse statements that it does not hear of.
PAST = {"execution_options": {"derived": True}}


def test_what_goes_past_the_records_is_indexed_too(session, ana):
    stamps = {"version": 1, "created_at": NOW, "updated_at": NOW}
    session.execute(
        insert(catalog.Product), [{"name": f"Căsuță {n}", "is_active": True, **stamps} for n in range(3)], **PAST
    )
    assert len(titles(session, "casuta")) == 3
    session.execute(update(Party).where(Party.id == ana.id).values(name="Bob", folded="bob"), **PAST)
    session.execute(delete(ContactPoint), **PAST)
    assert titles(session, "bob") == ["Bob"]
    assert titles(session, "first@example.com") == []
    assert index_is_complete(session)


def test_a_transaction_that_fails_leaves_the_index_as_it_was(workbench):
    with pytest.raises(ZeroDivisionError), workbench.session() as session:
        contacts.add_person(session, given_name="Ghost", at=NOW)
        session.flush()
        assert titles(session, "ghost") == ["Ghost"]
        raise ZeroDivisionError
    with workbench.reading() as session:
        assert titles(session, "ghost") == []
        assert index_is_complete(session)


def test_a_bulk_load_rests_the_triggers_and_rebuilds(session, ana):
    with rebuilt_after(session, reason="test"):
        contacts.add_person(session, given_name="Bulk", at=NOW)
        session.flush()
        assert not index_is_complete(session)
    assert titles(session, "bulk") == ["Bulk"]
    assert titles(session, "blk") == ["Bulk"]
    assert index_is_complete(session)
    contacts.add_person(session, given_name="Later", at=NOW)
    assert titles(session, "later") == ["Later"]


def test_a_hole_in_the_index_is_noticed_and_mended(session, ana):
    session.execute(delete(SearchEntry).where(SearchEntry.record_id == ana.id))
    assert not index_is_complete(session)
    assert not index_is_complete(session, thorough=False)
    assert reindex(session) == 2
    assert index_is_complete(session)
    session.execute(update(SearchEntry).where(SearchEntry.record_id == ana.id).values(text="  else"))
    assert not index_is_complete(session)
    reindex(session)
    assert index_is_complete(session)
    assert index_is_complete(session, thorough=False)


def test_two_who_add_to_one_party_at_once_lose_nothing(workbench, dialect):
    if dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with workbench.session() as session:
        party = contacts.add_organization(session, name="Halyard", at=NOW).id
    with workbench.session() as first:
        contacts.add_contact_point(first, party, kind="email", value="one@example.com")
        first.flush()

        def second():
            with workbench.session() as other:
                contacts.add_contact_point(other, party, kind="email", value="two@example.com")

        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(10)
    with workbench.reading() as session:
        assert index_is_complete(session)
        assert titles(session, "one@example.com two@example.com") == ["Halyard"]


def test_the_search_index_can_be_taken_down_and_built_again(workbench):
    from alembic import command

    from crmlib.base import migrations

    with workbench.session() as session:
        contacts.add_person(session, given_name="Ștefan", at=NOW, city="Iași")
        catalog.add_product(session, name="Căsuță", code="C-1")
    with workbench.engine.execution_options(crm_write=True).begin() as connection:
        config = migrations._config(connection)
        command.downgrade(config, "-1")
        command.upgrade(config, "head")
    with workbench.session() as session:
        assert index_is_complete(session)
        assert titles(session, "iasi") == ["Ștefan"]
        assert titles(session, "casuta") == ["Căsuță"]


WORDS = st.sampled_from(["Ana", "Șerban", "O'Neil", "Jean-Luc", "Halyard & fiii", "王小明", "a,  b", 'the "x"', "_%"])
PICK = st.integers(0, 10**6)


class Changes(RuleBasedStateMachine):
    """People work in any order; after each step the index says what the records say."""

    def _one(self, record, pick):
        rows = self.session.query(record).order_by(record.id).all()
        return rows[pick % len(rows)] if rows else None

    @rule(word=WORDS, city=st.none() | WORDS)
    def add_person(self, word, city):
        contacts.add_person(self.session, given_name=word, at=NOW, **({"city": city} if city else {}))

    @rule(word=WORDS)
    def add_organization(self, word):
        contacts.add_organization(self.session, name=word, at=NOW)

    @rule(pick=PICK, other=PICK)
    def affiliate(self, pick, other):
        person, organization = self._one(Person, pick), self._one(Organization, other)
        if person and organization:
            contacts.affiliate(self.session, person, organization)

    @rule(pick=PICK, ended=st.booleans())
    def end_or_delete_affiliation(self, pick, ended):
        if link := self._one(Affiliation, pick):
            if ended:
                link.to_on = date(2026, 1, 1)
            else:
                self.session.execute(delete(Affiliation).where(Affiliation.id == link.id))
                self.session.expire_all()

    @rule(pick=PICK, word=WORDS)
    def rename(self, pick, word):
        if party := self._one(Party, pick):
            party.name = word

    @rule(pick=PICK, word=WORDS)
    def reach(self, pick, word):
        if party := self._one(Party, pick):
            party.contact_points.append(ContactPoint(kind="other", value=word, normalised=word))

    @rule(pick=PICK, other=PICK)
    def hand_over_a_contact_point(self, pick, other):
        point, party = self._one(ContactPoint, pick), self._one(Party, other)
        if point and party:
            self.session.flush()
            self.session.execute(update(ContactPoint).where(ContactPoint.id == point.id).values(party_id=party.id))
            self.session.expire_all()

    @rule(pick=PICK)
    def delete_a_contact_point(self, pick):
        if point := self._one(ContactPoint, pick):
            self.session.delete(point)

    @rule(word=WORDS, code=st.none() | st.uuids().map(str))
    def add_product(self, word, code):
        catalog.add_product(self.session, name=word, code=code)

    @rule(pick=PICK, word=WORDS)
    def rename_product(self, pick, word):
        if product := self._one(catalog.Product, pick):
            product.name = word

    @rule(pick=PICK)
    def delete_product(self, pick):
        if product := self._one(catalog.Product, pick):
            self.session.delete(product)

    @rule()
    def rebuild(self):
        reindex(self.session)

    @invariant()
    def the_index_says_what_the_records_say(self):
        assert index_is_complete(self.session)


def test_the_index_is_never_stale(workbench):
    with workbench.session() as session:

        class Here(Changes):
            def __init__(self):
                super().__init__()
                self.session = session
                self.saved = session.begin_nested()

            def teardown(self):
                self.saved.rollback()
                session.expunge_all()

        run_state_machine_as_test(
            Here,
            settings=settings(
                max_examples=8, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )


def test_every_kind_has_a_source_to_rebuild_from(workbench, dialect):
    with workbench.reading() as session:
        tables = {"party", "deal", "activity", "product", "order"}
        for table in tables:
            session.execute(text(f"SELECT count(*) FROM search_source_{table}"))
