from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select

from crmlib.activities import log_activity
from crmlib.activities.records import Participation
from crmlib.base import (
    Base,
    JournalEntry,
    Journalled,
    NotFound,
    Refused,
    as_of,
    changes_since,
    history_of,
    insert_many,
    undo_batch,
    undo_change,
)
from crmlib.base.journal import journalled_keys
from crmlib.contacts import ContactPoint, Organization, Party, Person, add_organization, add_person, edit_party
from crmlib.contacts.records import LifecycleEvent
from crmlib.sales import Deal, add_pipeline, open_deal
from crmlib.sales.records import StageEvent


def whole(session):
    """Everything that is journalled, as it stands: table, number, values."""
    found = {}
    for mapper in {one.base_mapper for one in Base.registry.mappers}:
        if not issubclass(mapper.class_, Journalled):
            continue
        for record in session.scalars(select(mapper.class_)):
            own = inspect(record).mapper
            found[mapper.local_table.name, inspect(record).identity[0]] = {
                key: getattr(record, key) for key in journalled_keys(own)
            }
    return found


def number_of(session, **wanted):
    return session.scalars(
        select(JournalEntry.number).filter_by(**wanted).order_by(JournalEntry.number.desc()).limit(1)
    ).one()


def test_a_change_is_taken_back(workbench, clock):
    acme = workbench.contacts.add_organization(name="Acme", sector="technology", city="Cluj")
    clock.advance(hours=1)
    workbench.contacts.edit_party(acme.id, {"sector": "retail", "annual_revenue": "5,000"}, currency="EUR")
    with workbench.session() as session:
        done = undo_change(session, number_of(session, kind="update", record="party"), at=workbench.now())
    assert (done.n_undone, done.spared) == (1, [])
    with workbench.session() as session:
        again = session.get(Organization, acme.id)
        assert (again.sector, again.annual_revenue) == ("technology", None)
        undo_batch(session, done.batch, at=workbench.now())
        assert (again.sector, str(again.annual_revenue.amount)) == ("retail", "5000.00")


def test_a_field_that_somebody_changed_since_is_spared_and_told(workbench, clock):
    acme = workbench.contacts.add_organization(name="Acme", sector="technology")
    with workbench.session(batch="tidy") as session:
        edit_party(session, acme.id, {"sector": "retail", "website": "https://a.example"}, at=workbench.now())
    clock.advance(days=1)
    workbench.actor = "Ana"
    workbench.contacts.edit_party(acme.id, {"sector": "medical"})
    workbench.actor = "Ben"
    with workbench.session() as session:
        done = undo_batch(session, "tidy", at=workbench.now())
        again = session.get(Organization, acme.id)
        assert (again.sector, again.website) == ("medical", None)
    (spared,) = done.spared
    assert (spared.record, spared.record_id, spared.field) == ("party", acme.id, "sector")
    assert spared.title == "Acme"
    assert spared.why == "Ana changed Sector on 2 Jul 2026, 09:00 UTC: it says “medical” now."


def test_a_new_record_goes_with_its_parts_and_comes_back_with_them(workbench, clock):
    with workbench.reading() as session:
        empty = whole(session)
    ana = workbench.contacts.add_person(given_name="Ana", email="ana@example.com", city="Iași")
    with workbench.reading() as session:
        full = whole(session)
    with workbench.session() as session:
        done = undo_change(session, number_of(session, kind="insert", record="party"), at=workbench.now())
        assert done.spared == []
        assert whole(session) == empty
    with workbench.session() as session:
        assert session.get(Party, ana.id) is None
        undo_batch(session, done.batch, at=workbench.now())
        assert whole(session) == full
        assert session.get(Person, ana.id).folded == "ana"


def test_a_new_record_that_others_need_by_now_is_spared(workbench, clock):
    with workbench.session(batch="import") as session:
        ana = add_person(session, given_name="Ana", at=workbench.now())
        ben = add_person(session, given_name="Ben", at=workbench.now())
    clock.advance(days=1)
    workbench.actor = "Cora"
    workbench.activities.log_activity("call", subject="Call", with_parties=[ana.id])
    with workbench.session() as session:
        done = undo_batch(session, "import", at=workbench.now())
        assert session.get(Party, ben.id) is None
        assert session.get(Party, ana.id) is not None
    why = {(one.record, one.record_id): one.why for one in done.spared}
    says = "Participation (Activity Call) refers to it, as Cora left it on 2 Jul 2026, 09:00 UTC."
    assert why["party", ana.id] == says


def test_a_deleted_record_comes_back_whole(workbench, clock):
    with workbench.session() as session:
        pipeline = add_pipeline(session, name="Sales")
        acme = add_organization(session, name="Acme", at=workbench.now(), phone="+4930123456", city="Cluj")
        deal = open_deal(session, name="Big one", party=acme, stage=pipeline.stages[0], at=workbench.now())
        log_activity(session, "call", subject="Call", with_parties=[acme], at=workbench.now())
    with workbench.session() as session:
        before = whole(session)
        clock.advance(hours=1)
        for part in session.scalars(select(Participation)):
            session.delete(part)
        session.delete(session.get(Deal, deal.id))
        session.flush()
        session.delete(session.get(Party, acme.id))
    with workbench.session() as session:
        assert session.scalars(select(ContactPoint)).all() == session.scalars(select(LifecycleEvent)).all() == []
        assert session.scalars(select(StageEvent)).all() == []
        done = undo_change(session, number_of(session, kind="delete", record="party"), at=workbench.now())
        assert done.spared == []
        assert session.get(Party, acme.id).addresses[0].city == "Cluj"
        undo_change(session, number_of(session, kind="delete", record="deal"), at=workbench.now())
        undo_change(session, number_of(session, kind="delete", record="participation"), at=workbench.now())
        assert whole(session) == before


def test_an_event_cannot_be_taken_back_and_an_unknown_change_not_found(workbench):
    workbench.contacts.add_person(given_name="Ana")
    with workbench.session() as session:
        told = number_of(session, kind="PartyAdded")
        with pytest.raises(Refused, match="happened"):
            undo_change(session, told, at=workbench.now())
        with pytest.raises(NotFound):
            undo_change(session, 10**9, at=workbench.now())
        with pytest.raises(NotFound):
            undo_batch(session, "nothing", at=workbench.now())


def people(n, owner=None):
    return ({"name": f"P {i}", "folded": f"p {i}", "given_name": f"P {i}", "owner_id": owner} for i in range(n))


def test_a_range_is_taken_back_but_for_what_people_changed_or_need(workbench, clock):
    with workbench.session(batch="import") as session:
        numbers = insert_many(session, Person, people(2_500), journal="range")
    clock.advance(days=1)
    workbench.actor = "Ana"
    workbench.contacts.edit_party(numbers[7], {"given_name": "Pia"})
    workbench.contacts.add_contact_point(numbers[2_000], kind="email", value="x@example.com")
    workbench.contacts.assign_owner(numbers[7], numbers[9])
    with workbench.session() as session:
        full = whole(session)
        done = undo_batch(session, "import", at=workbench.now())
        left = session.scalars(select(Person.id).order_by(Person.id)).all()
        assert left == [numbers[7], numbers[9], numbers[2_000]]
    assert done.n_undone == 2_497
    why = {one.record_id: one.why for one in done.spared}
    assert "Ana changed" in why[numbers[7]]
    assert why[numbers[2_000]].startswith("Contact point x@example.com refers to it")
    assert why[numbers[9]].startswith("Pia refers to it, as Ana left it")
    with workbench.session() as session:
        undo_batch(session, done.batch, at=workbench.now())
        assert whole(session) == full


def test_what_is_spared_in_great_number_stays_too(workbench, clock):
    with workbench.session(batch="import") as session:
        numbers = insert_many(session, Person, people(1_200), journal="range")
    with workbench.session() as session:
        rows = ({"party_id": number, "kind": "other", "value": "x", "normalised": "x", "is_preferred": False}
                for number in numbers[:600])  # fmt: skip
        from crmlib.contacts import ContactKind

        insert_many(session, ContactPoint, ({**row, "kind": ContactKind.OTHER} for row in rows))
    with workbench.session() as session:
        done = undo_batch(session, "import", at=workbench.now())
        assert (done.n_undone, done.n_spared) == (600, 600)
        assert session.scalars(select(Person.id).order_by(Person.id)).all() == list(numbers[:600])


def test_records_stand_as_they_stood(workbench, clock):
    start = workbench.now()
    acme = workbench.contacts.add_organization(name="Acme", sector="technology")
    first = clock.advance(days=1)
    workbench.contacts.edit_party(acme.id, {"sector": "retail"})
    bee = workbench.contacts.add_organization(name="Bee")
    with workbench.session() as session:
        more = insert_many(session, Person, people(3), journal="range")
    second = clock.advance(days=1)
    with workbench.session() as session:
        session.delete(session.get(Party, acme.id))
    clock.advance(days=1)
    with workbench.reading() as session:
        assert as_of(session, Party, start - timedelta(days=1)) == []
        just_then = as_of(session, Organization, first - timedelta(hours=1))
        assert [(one["id"], one["sector"]) for one in just_then] == [(acme.id, "technology")]
        stood = as_of(session, Party, second - timedelta(hours=1))
        assert [one["id"] for one in stood] == [acme.id, bee.id, *more]
        assert stood[0]["name"] == "Acme"
        assert [one["id"] for one in as_of(session, Party, workbench.now())] == [bee.id, *more]
        assert [one["id"] for one in as_of(session, Party, second - timedelta(hours=1), ids=[acme.id])] == [acme.id]
        assert as_of(session, Party, start, ids=list(more)) == []
        found = as_of(session, Organization, second - timedelta(hours=1), where=lambda one: one["sector"] == "retail")
        assert [one["id"] for one in found] == [acme.id]


def test_the_history_of_a_record_begins_with_its_range(workbench, clock):
    with workbench.session(batch="import") as session:
        numbers = insert_many(session, Person, people(10), journal="range")
    workbench.contacts.edit_party(numbers[3], {"given_name": "Pia"})
    with workbench.reading() as session:
        assert [entry.kind for entry in history_of(session, Party, numbers[3])] == ["update", "inserts"]
        assert [entry.kind for entry in history_of(session, "party", numbers[4])] == ["inserts"]
        assert history_of(session, "party", numbers[-1] + 1) == []


def test_what_changed_since_can_be_asked_by_actor_and_record(workbench):
    workbench.actor = "Ana"
    acme = workbench.contacts.add_organization(name="Acme")
    seen = workbench.data_version()
    workbench.actor = "Ben"
    workbench.contacts.edit_party(acme.id, {"sector": "retail"})
    with workbench.reading() as session:
        assert {entry.actor for entry in changes_since(session, seen)} == {"Ben"}
        assert changes_since(session, seen, not_by="Ben") == []
        assert {entry.actor for entry in changes_since(session, 0, actor="Ana")} == {"Ana"}
        assert len(changes_since(session, 0, record="party", record_id=acme.id, limit=2)) == 2


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "edit", "lifecycle", "own", "point", "unpoint", "call", "delete", "bulk"]),
        st.integers(0, 5),
        st.sampled_from(["a", "b", "c"]),
    ),
    min_size=1,
    max_size=8,
)


def forget_all(session):
    """An empty workbench again, past the journal: each example of hypothesis begins with nothing."""
    for table in reversed(Base.metadata.sorted_tables):
        if table.name != "journal":
            session.connection().execute(table.delete())


def needed(session, party):
    """Whether something that is no part of a party refers to it."""
    taking_part = select(Participation.id).filter_by(party_id=party.id)
    owned = select(Party.id).where(Party.owner_id == party.id)
    return session.scalar(taking_part.limit(1)) or session.scalar(owned.limit(1))


def carry_out(session, clock, steps):
    """Random work of people; what cannot be done just then is not done."""
    for what, which, word in steps:
        clock.advance(minutes=1)
        parties = session.scalars(select(Party).order_by(Party.id)).all()
        party = parties[which % len(parties)] if parties else None
        if what == "add":
            add_organization(session, name=word, at=clock(), city=word, phone="+4930123456")
        elif what == "bulk":
            insert_many(session, Person, people(3, party.id if party else None), journal="range")
        elif party is None:
            continue
        elif what == "edit" and isinstance(party, Organization):
            edit_party(session, party, {"name": word, "city": word + word}, at=clock())
        elif what == "lifecycle":
            edit_party(session, party, {"lifecycle": {"a": "lead", "b": "customer", "c": "former"}[word]}, at=clock())
        elif what == "own":
            party.owner_id = parties[(which + 1) % len(parties)].id
        elif what == "point":
            party.contact_points.append(ContactPoint(kind="other", value=word, normalised=word))
        elif what == "unpoint" and party.contact_points:
            party.contact_points.pop()
        elif what == "call":
            log_activity(session, "call", subject="Call", body=word, with_parties=[party], at=clock())
        elif what == "delete" and not needed(session, party):
            session.delete(party)
        session.flush()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=STEPS, work=STEPS)
def test_undone_in_reverse_everything_is_as_it_was_and_undone_again_as_it_became(workbench, clock, before, work):
    batch = f"work {uuid4()}"
    with workbench.session() as session:
        forget_all(session)
        carry_out(session, clock, before)
    clock.advance(minutes=1)
    start = clock()
    with workbench.reading() as session:
        was = whole(session)
    clock.advance(minutes=1)
    with workbench.session(batch=batch) as session:
        carry_out(session, clock, work)
    clock.advance(minutes=1)
    with workbench.session() as session:
        became = whole(session)
        if not session.scalar(select(JournalEntry.number).filter_by(batch=batch).limit(1)):
            return
        stood = {one["id"]: one for one in as_of(session, Party, start)}
        assert {key: one["name"] for key, one in stood.items()} == {
            number: values["name"] for (table, number), values in was.items() if table == "party"
        }
        try:
            done = undo_batch(session, batch, at=clock())
        except NotFound:
            return
        assert done.spared == []
        assert whole(session) == was
        undo_batch(session, done.batch, at=clock())
        assert whole(session) == became


WORDS = ("sector", "website", "name")
FIELDS = st.tuples(st.integers(0, 3), st.sampled_from(WORDS))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batch_edits=st.dictionaries(
        st.tuples(st.integers(0, 3), st.sampled_from(WORDS)), st.sampled_from("xyz"), min_size=1
    ),
    later_edits=st.dictionaries(st.tuples(st.integers(0, 3), st.sampled_from(WORDS)), st.sampled_from("uvw")),
)
def test_what_people_changed_in_between_and_only_that_is_spared(workbench, clock, batch_edits, later_edits):
    batch = f"edits {uuid4()}"
    with workbench.session() as session:
        forget_all(session)
        records = [Organization(name=f"n{n}", sector=f"s{n}", website=f"w{n}") for n in range(4)]
        session.add_all(records)
        session.flush()
        was = {(n, word): getattr(records[n], word) for n in range(4) for word in WORDS}
        ids = [one.id for one in records]

    def write(edits, **more):
        clock.advance(minutes=1)
        with workbench.session(**more) as session:
            for (n, word), value in edits.items():
                setattr(session.get(Organization, ids[n]), word, value)

    write(batch_edits, batch=batch)
    workbench.actor = "Ana"
    write(later_edits)
    with workbench.session() as session:
        done = undo_batch(session, batch, at=clock())
        stands = {(n, word): getattr(session.get(Organization, ids[n]), word) for n in range(4) for word in WORDS}
    expected = {**was, **later_edits}
    assert stands == expected
    assert {(ids.index(one.record_id), one.field) for one in done.spared} == set(batch_edits) & set(later_edits)
    assert all("Ana changed" in one.why for one in done.spared)
