from datetime import timedelta

import pytest
from sqlalchemy import select

import crmlib.exchange  # noqa: F401  # its records belong to the database too
from crmlib.base import Base, Conflict, JournalEntry, Refused, migrations
from crmlib.catalog import Product
from crmlib.contacts import Organization, Party, add_organization, edit_party


def rows(session, **wanted):
    return session.scalars(select(JournalEntry).filter_by(**wanted).order_by(JournalEntry.number)).all()


def test_every_change_is_written_down_with_what_was_before(workbench, clock):
    acme = workbench.contacts.add_organization(name="Acme", sector="technolgy")
    clock.advance(days=1)
    workbench.contacts.edit_party(acme.id, {"sector": "technology"})
    with workbench.reading() as session:
        inserted, changed = (
            rows(session, record="party", record_id=acme.id, kind="insert"),
            rows(session, record="party", record_id=acme.id, kind="update"),
        )
    assert inserted[0].after["name"] == "Acme"
    assert (changed[0].before, changed[0].after) == ({"sector": "technolgy"}, {"sector": "technology"})
    assert changed[0].at - inserted[0].at == timedelta(days=1)


def test_a_change_that_is_rolled_back_leaves_no_row(workbench):
    before = workbench.data_version()
    with pytest.raises(RuntimeError), workbench.session() as session:
        add_organization(session, name="Acme", at=workbench.now())
        raise RuntimeError
    assert workbench.data_version() == before


def test_who_and_through_which_door_stands_on_every_row(workbench):
    workbench.actor = "Ana"
    with workbench.session(batch="import 7") as session:
        session.info["actor"] = "Ana"
        add_organization(session, name="Acme", at=workbench.now())
    with workbench.reading() as session:
        written = rows(session)
    assert {(row.actor, row.door, row.batch) for row in written} == {("Ana", "library", "import 7")}


def test_the_journal_is_append_only(workbench):
    workbench.contacts.add_organization(name="Acme")
    with pytest.raises(TypeError, match="append-only"), workbench.session() as session:
        session.scalars(select(JournalEntry)).first().actor = "somebody else"
        session.flush()
    with pytest.raises(TypeError, match="append-only"), workbench.session() as session:
        session.delete(session.scalars(select(JournalEntry)).first())
        session.flush()


def test_the_second_of_two_writers_gets_a_conflict(workbench):
    acme = workbench.contacts.add_organization(name="Acme")
    with workbench.reading() as session:
        stale = session.get(Organization, acme.id)
    workbench.contacts.edit_party(acme.id, {"name": "Acme Ltd"})
    with pytest.raises(Conflict, match="meantime"), workbench.session() as session:
        again = session.merge(stale, load=False)
        again.name = "Acme Inc"


def test_an_editor_who_saw_an_older_value_gets_both(workbench):
    acme = workbench.contacts.add_organization(name="Acme", city="Cluj")
    workbench.contacts.edit_party(acme.id, {"city": "Iași"}, was={"city": "Cluj"})
    with pytest.raises(Conflict) as caught:
        workbench.contacts.edit_party(acme.id, {"city": "Arad"}, was={"city": "Cluj"})
    assert (caught.value.mine, caught.value.theirs) == ({"city": "Arad"}, {"city": "Iași"})
    assert workbench.contacts.party_card(acme.id).address.city == "Iași"


def test_a_reading_session_refuses_to_write(workbench):
    with pytest.raises(TypeError, match="only reads"), workbench.reading() as session:
        add_organization(session, name="Acme", at=workbench.now())


def test_what_the_database_refuses_is_told_in_words(workbench):
    workbench.catalog.add_product(name="Probe", code="P1")
    # Past the action, which would have said it itself.
    with pytest.raises(Refused, match="exists already"), workbench.session() as session:
        session.add(Product(name="Other probe", code="P1"))


def test_the_number_of_a_deleted_record_is_never_given_again(workbench):
    with workbench.session() as session:
        gone = add_organization(session, name="Acme", at=workbench.now(), phone="+4930123456")
        point = gone.contact_points[0]
        session.flush()
        number = point.id
        gone.contact_points.remove(point)
    later = workbench.contacts.add_contact_point(gone.id, kind="email", value="ana@example.com")
    assert later.id > number


def test_the_migrations_make_what_the_records_say(workbench):
    with workbench.engine.connect() as connection:
        assert migrations.differences(connection, Base.metadata) == []
        assert migrations.current(workbench.engine) == migrations.newest()


def test_an_edit_of_a_name_moves_it_in_the_alphabet(workbench):
    one = workbench.contacts.add_person(given_name="Ștefan", family_name="Zidaru")
    with workbench.session() as session:
        edit_party(session, one.id, {"given_name": "Ana"}, at=workbench.now())
    with workbench.reading() as session:
        found = session.get(Party, one.id)
        assert (found.name, found.folded) == ("Ana Zidaru", "ana zidaru")
