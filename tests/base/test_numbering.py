"""Who follows the numbers of the journal misses nothing, whatever commits in which order."""

import threading
import time

import pytest
from sqlalchemy import func, select, text

from crmlib.base import Busy, JournalEntry, Refused, changes_since, transaction
from crmlib.contacts import Organization, Party, add_organization


@pytest.fixture
def only_postgresql(dialect):
    if dialect != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time, so nothing can commit out of order")


def numbers(session):
    return [entry.number for entry in changes_since(session, 0, limit=100_000)]


def test_two_transactions_that_commit_out_of_order_are_numbered_as_they_commit(only_postgresql, workbench):
    with workbench.session() as early:
        add_organization(early, name="Wrote first", at=workbench.now())
        early.flush()
        with workbench.session() as late:
            add_organization(late, name="Commits first", at=workbench.now())
        with workbench.reading() as reader:
            seen = changes_since(reader, 0)
    with workbench.reading() as reader:
        more = changes_since(reader, seen[-1].number)
    assert {entry.after.get("name") for entry in seen if entry.record == "party"} == {"Commits first"}
    assert {entry.after.get("name") for entry in more if entry.record == "party"} == {"Wrote first"}


def test_a_reader_that_polls_sees_every_row_once_and_in_order(workbench):
    n_writers, n_each = 4, 12
    done, seen, errors = threading.Event(), [], []

    def write(who):
        try:
            for number in range(n_each):
                with workbench.session() as session:
                    add_organization(session, name=f"{who}-{number}", at=workbench.now())
                    session.flush()
                    # On PostgreSQL others write and commit meanwhile.
                    time.sleep(0.001 * ((who * 7 + number * 3) % 5))
        except Exception as error:
            errors.append(error)

    def read():
        while True:
            last = done.is_set()
            with workbench.reading() as session:
                seen.extend(entry.number for entry in changes_since(session, seen[-1] if seen else 0, limit=7))
                newest = session.scalar(select(func.max(JournalEntry.number)))
            if last and (not seen or seen[-1] == newest):
                return

    writers = [threading.Thread(target=write, args=(who,)) for who in range(n_writers)]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert errors == []
    with workbench.reading() as session:
        assert seen == numbers(session)
        assert session.scalar(select(func.count()).select_from(Party)) == n_writers * n_each


def test_a_session_reads_its_own_rows(workbench):
    with workbench.session() as session:
        add_organization(session, name="Acme", at=workbench.now())
        session.flush()
        assert session.scalar(select(JournalEntry.record).where(JournalEntry.record == "party")) == "party"
        nested = select(JournalEntry.record_id).where(JournalEntry.record == "party", JournalEntry.kind == "insert")
        add_organization(session, name="Bee", at=workbench.now())
        assert session.scalar(select(func.count(Party.id)).where(Party.id.in_(nested))) == 2
        assert session.scalar(text("SELECT count(*) FROM journal WHERE record = 'party'")) >= 2


def test_a_savepoint_given_up_takes_its_rows_along_and_leaves_the_others(workbench):
    with workbench.session() as session:
        add_organization(session, name="Before", at=workbench.now())
        trial = session.begin_nested()
        add_organization(session, name="Trial", at=workbench.now())
        session.flush()
        inner = session.begin_nested()
        add_organization(session, name="Inner", at=workbench.now())
        inner.commit()
        # Read inside the savepoint: what was pending is written there, and gone with it.
        assert session.scalar(select(func.count(JournalEntry.number))) > 0
        trial.rollback()
        kept = session.begin_nested()
        add_organization(session, name="After", at=workbench.now())
        kept.commit()
    with workbench.reading() as session:
        told = [entry.after["name"] for entry in changes_since(session, 0) if entry.kind == "PartyAdded"]
        changed = [entry.after["name"] for entry in changes_since(session, 0, record="party") if entry.kind == "insert"]
        assert told == changed == ["Before", "After"]


def test_a_savepoint_that_was_left_open_is_kept(workbench):
    with workbench.session() as session:
        session.begin_nested()
        add_organization(session, name="Acme", at=workbench.now())
    with workbench.reading() as session:
        assert session.scalars(select(JournalEntry.kind).where(JournalEntry.kind == "PartyAdded")).all()


def test_very_many_rows_are_written_before_the_end(workbench, monkeypatch):
    monkeypatch.setattr("crmlib.base.journal.MOST_PENDING", 10)
    with workbench.session() as session:
        for number in range(30):
            add_organization(session, name=f"{number}", at=workbench.now())
        session.flush()
        assert len(session.info["journal"].rows) < 10
    with workbench.reading() as session:
        added = [entry.after["name"] for entry in changes_since(session, 0) if entry.kind == "PartyAdded"]
    assert added == [str(number) for number in range(30)]


@pytest.mark.parametrize("statement", ["UPDATE journal SET actor = 'x'", "DELETE FROM journal"])
def test_the_database_itself_refuses_to_change_what_was_written(workbench, statement):
    workbench.contacts.add_organization(name="Acme")
    with pytest.raises(Refused, match="stays as it is"), workbench.session() as session:
        session.execute(text(statement))


def test_nor_can_the_journal_be_emptied(only_postgresql, workbench):
    with pytest.raises(Refused, match="stays as it is"), workbench.session() as session:
        session.execute(text("TRUNCATE journal"))


def test_two_that_wait_for_each_other_are_told_to_try_again(only_postgresql, workbench):
    one = workbench.contacts.add_organization(name="One").id
    two = workbench.contacts.add_organization(name="Two").id
    first_has_one, errors = threading.Barrier(2, timeout=10), []

    def change(ids):
        try:
            with workbench.session() as session:
                session.get(Organization, ids[0]).sector = str(ids)
                session.flush()
                first_has_one.wait()
                session.get(Organization, ids[1]).sector = str(ids)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=change, args=(ids,)) for ids in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in errors] == [Busy]
    assert "try again" in str(errors[0])


def test_the_second_of_two_at_once_gets_both_versions(only_postgresql, workbench):
    from crmlib.base import Conflict

    acme = workbench.contacts.add_organization(name="Acme", sector="technology").id
    workbench.actor = "Ana"
    with pytest.raises(Conflict) as caught, transaction(workbench._writing) as mine:
        seen = mine.get(Organization, acme)
        with workbench.session() as other:
            theirs = other.get(Organization, acme)
            theirs.sector, theirs.website = "retail", "https://acme.example"
        seen.sector = "medical"
    assert caught.value.mine == {"sector": "medical", "website": None}
    assert caught.value.theirs == {"sector": "retail", "website": "https://acme.example"}
    with workbench.reading() as session:
        assert session.get(Organization, acme).sector == "retail"


def test_an_editor_who_read_long_ago_gets_both_versions_on_either_database(workbench):
    from crmlib.base import Conflict

    acme = workbench.contacts.add_organization(name="Acme", sector="technology").id
    with workbench.reading() as session:
        stale = session.get(Organization, acme)
    workbench.contacts.edit_party(acme, {"name": "Acme Ltd"})
    with pytest.raises(Conflict) as caught, workbench.session() as session:
        session.merge(stale, load=False).name = "Acme Inc"
    assert (caught.value.mine, caught.value.theirs) == ({"name": "Acme Inc"}, {"name": "Acme Ltd"})
    with workbench.session() as session:
        session.delete(session.get(Organization, acme))
    with pytest.raises(Conflict, match="deleted") as caught, workbench.session() as session:
        session.merge(stale, load=False).name = "Acme AG"
    assert caught.value.mine["name"] == "Acme AG"


def test_two_threads_that_edit_one_record_end_in_one_conflict(workbench):
    from crmlib.base import Conflict

    acme = workbench.contacts.add_organization(name="Acme", sector="technology").id
    both_have_read, errors = threading.Barrier(2, timeout=10), []

    def edit(sector):
        with workbench.reading() as session:
            seen = session.get(Organization, acme)
        both_have_read.wait()
        try:
            with workbench.session() as session:
                session.merge(seen, load=False).sector = sector
        except Conflict as conflict:
            errors.append(conflict)

    threads = [threading.Thread(target=edit, args=(sector,)) for sector in ("retail", "medical")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (conflict,) = errors
    assert {conflict.mine["sector"], conflict.theirs["sector"]} == {"retail", "medical"}
