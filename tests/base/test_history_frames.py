"""The past as frames: what changed, the history of a record, and lists as they stood, against snapshots on the way."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select

from crmlib.access import Actor
from crmlib.base import Base, InvalidInput, Money, as_of, changes_since, insert_many, undo_batch
from crmlib.base.history.frames import CHANGES_FRAME
from crmlib.base.journal import journalled_keys
from crmlib.contacts import ContactPoint, Organization, Party, Person, add_organization
from crmlib.filters import add_custom_field

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def test_what_changed_is_a_frame_also_when_nothing_did(workbench, clock):
    empty = workbench.changes()
    assert list(empty.columns) == list(CHANGES_FRAME)
    assert empty.empty
    workbench.actor = "Ana"
    acme = workbench.contacts.add_organization(name="Acme", sector="technology")
    seen = workbench.data_version()
    clock.advance(days=1)
    workbench.contacts.edit_party(acme.id, {"sector": "retail"})
    changed = workbench.changes(seen, record="party", actor="Ana")
    assert changed["says"].iloc[0].startswith("Acme: Sector")
    assert changed["after"].iloc[0] == {"sector": "retail"}
    assert (changed.dtypes == empty.dtypes)[["number", "at", "record_id", "party_id"]].all()
    assert set(workbench.changes("2026-07-02")["number"]) == set(workbench.changes(seen)["number"])
    assert len(workbench.changes(record=("party", acme.id))) == len(workbench.history_of("party", acme.id))
    assert workbench.history_of("party", acme.id)["number"].is_monotonic_decreasing
    with pytest.raises(InvalidInput, match="no kind of record"):
        workbench.as_of("partie", "2026-07-01")


def test_a_list_as_it_stood_at_the_end_of_a_day_has_typed_columns_and_custom_ones(workbench, clock):
    with workbench.session() as session:
        add_custom_field(session, "party", label="Shoe size", kind="number")
    acme = workbench.contacts.add_organization(name="Acme", annual_revenue=Money(5000_00, "EUR"))
    with workbench.session() as session:
        session.get(Organization, acme.id).custom = {"shoe_size": 43}
    clock.advance(days=1)
    with workbench.session() as session:
        session.get(Organization, acme.id).custom = {"shoe_size": 44}
        session.delete(session.get(Organization, acme.id))
    stood = workbench.as_of("organization", "2026-07-01")
    assert stood[["id", "name", "annual_revenue", "custom.shoe_size"]].values.tolist() == [
        [acme.id, "Acme", 5000.0, 43.0]
    ]
    assert workbench.as_of("organization", "2026-07-02").empty
    assert workbench.as_of("organization", "2026-07-02")["annual_revenue"].dtype == "float64"
    assert str(stood["created_at"].dtype) == "datetime64[us, UTC]"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "custom", "uncustom", "point", "unpoint", "delete", "bulk", "undo", "own"]),
        st.integers(0, 5),
        st.sampled_from(["a", "b", "c"]),
    ),
    min_size=2,
    max_size=9,
)


def snapshot(session, kind):
    mapper = inspect(kind)
    return {
        inspect(one).identity[0]: {key: getattr(one, key) for key in journalled_keys(mapper)}
        for one in session.scalars(select(kind).execution_options(populate_existing=True))
    }


def step(workbench, clock, what, which, word, batches):
    clock.advance(minutes=1)
    batch = f"step {len(batches)} {clock()}"
    with workbench.session(batch=batch) as session:
        parties = session.scalars(select(Party).order_by(Party.id)).all()
        party = parties[which % len(parties)] if parties else None
        if what == "add":
            add_organization(session, name=word, at=clock(), city=word, phone="+4930123456")
        elif what == "bulk":
            rows = ({"name": f"{word} {n}", "given_name": word, "folded": word, "custom": {"n": n}} for n in range(3))
            insert_many(session, Person, rows, journal="range")
        elif what == "undo" and batches:
            undo_batch(session, batches[which % len(batches)], at=clock())
        elif party is None:
            return
        elif what == "edit":
            party.name = word * 2
        elif what == "custom":
            party.custom = {**party.custom, word: which}
        elif what == "uncustom":
            party.custom = {}
        elif what == "own":
            party.owner_id = parties[(which + 1) % len(parties)].id
        elif what == "point":
            party.contact_points.append(ContactPoint(kind="other", value=word, normalised=word))
        elif what == "unpoint" and party.contact_points:
            party.contact_points.pop()
        elif what == "delete" and not any(one.owner_id == party.id for one in parties):
            session.delete(party)
    with workbench.reading() as session:
        if any(one.kind in ("insert", "update", "delete", "inserts", "deletes")
               for one in changes_since(session, 0, batch=batch)):  # fmt: skip
            batches.append(batch)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_lists_stood_as_the_snapshots_on_the_way_say(workbench, clock, steps):
    with workbench.session() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name != "journal":
                session.connection().execute(table.delete())
    taken, batches = [], []
    for what, which, word in steps:
        step(workbench, clock, what, which, word, batches)
        clock.advance(seconds=1)
        with workbench.reading() as session:
            taken.append((clock(), {kind: snapshot(session, kind) for kind in (Party, Person, ContactPoint)}))
    with workbench.reading() as session:
        for moment, kinds in taken:
            for kind, was in kinds.items():
                stood = {one["id"]: {key: one[key] for key in was_keys(kind)} for one in as_of(session, kind, moment)}
                assert stood == was
                some = sorted(was)[:1]
                one = {state["id"] for state in as_of(session, kind, moment, ids=some)}
                assert one == set(some)


def was_keys(kind):
    return journalled_keys(inspect(kind))


def test_the_past_is_narrowed_to_what_the_actor_sees_today(workbench, clock):
    ana = workbench.contacts.add_person(given_name="Ana")
    mine = workbench.contacts.add_organization(name="Mine", owner=ana.id)
    theirs = workbench.contacts.add_organization(name="Theirs")
    gone = workbench.contacts.add_organization(name="Gone")
    then = clock.advance(hours=1)
    clock.advance(hours=1)
    workbench.contacts.edit_party(mine.id, {"name": "Mine by now"})
    with workbench.session() as session:
        session.delete(session.get(Party, gone.id))
    assert set(workbench.as_of("party", then)["name"]) == {"Ana", "Mine", "Theirs", "Gone"}
    workbench.actor = Actor("Ana", rules={Party: lambda kind: kind.owner_id == ana.id})
    assert set(workbench.as_of("party", then)["name"]) == {"Mine"}
    assert theirs.id not in set(workbench.changes(record="party")["record_id"])
