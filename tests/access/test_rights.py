"""Where an actor has a rule, nothing of what the rule leaves out is revealed by any door of any room."""

import inspect as python
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from crmlib import activities, contacts, sales
from crmlib.access import Actor, actor_of, check, visible
from crmlib.base import NotFound, find
from crmlib.contacts import Organization, Party, Person, add_organization, add_person, affiliate


def own_parties(owner_id):
    return {Party: lambda kind: (kind.owner_id == owner_id) | (kind.id == owner_id)}


@pytest.fixture
def people(workbench):
    """Ana looks after Open Ltd only; Hidden Corp is next to it wherever a query might look."""
    with workbench.session() as session:
        at = workbench.now()
        ana = add_person(session, given_name="Ana", lifecycle="colleague", at=at)
        boss = add_person(session, given_name="Hidden", family_name="Boss", lifecycle="colleague", at=at)
        ours = add_organization(session, name="Open Ltd", owner=ana, at=at, email="info@open.example")
        theirs = add_organization(session, name="Hidden Corp", owner=boss, at=at, email="info@hidden.example")
        ours.parent_id = theirs.id
        worker = add_person(session, given_name="Open", family_name="Worker", owner=ana, at=at)
        affiliate(session, worker, theirs)
        pipeline = sales.add_pipeline(session, name="Sales")
        sales.add_seller(session, ana, manager=boss)
        for party, owner in ((ours, ana), (theirs, boss), (ours, boss)):
            deal = sales.open_deal(session, name=f"Deal {party.id}", party=party, owner=owner, at=at)
            activities.log_activity(
                session, "call", subject="Call", with_parties=[party], by=owner, about=[("deal", deal.id)], at=at
            )
            activities.plan_activity(
                session, "task", subject="Task", with_parties=[party], assignee=owner, due_at=at, at=at
            )
    workbench.actor = Actor("Ana", party_id=ana.id, rules=own_parties(ana.id))
    return {"ana": ana.id, "boss": boss.id, "ours": ours.id, "theirs": theirs.id, "worker": worker.id,
            "pipeline": pipeline.id}  # fmt: skip


def test_lists_counts_search_and_frames_show_only_what_the_rule_leaves(workbench, people):
    with workbench.reading() as session:
        said = {
            "frame": contacts.parties(session, with_colleagues=True).to_csv(),
            "page": str(contacts.parties_page(session)),
            "counts": contacts.lifecycle_counts(session),
            "search": str(contacts.find_parties(session, "hidden")),
            "by employer": str(contacts.find_parties(session, "corp")),
            "near": str(contacts.near_parties(session, name="Hidden Corp", email="info@hidden.example")),
            "colleagues": str(contacts.colleagues(session)),
            "called": str(contacts.colleague_called(session, "Hidden Boss")),
            "deals": sales.deals(session).to_csv(),
            "open deals": sales.open_deals(session).to_csv(),
            "sellers": sales.sellers(session).to_csv(),
            "board": str(sales.board(session, people["pipeline"], closed_since=date(2020, 1, 1))),
            "deals of": str(sales.deals_of(session, [people["ours"], people["theirs"]])),
            "activities": activities.activities(session).to_csv(),
            "due": str(activities.due_activities(session, until=workbench.now() + timedelta(days=1))),
            "timeline": str(activities.timeline(session, [people["ours"], people["theirs"]])),
        }  # fmt: skip
        assert contacts.parties_page(session).total == 2
        assert said["counts"] == {"prospect": 2}
        assert session.scalar(select(func.count()).select_from(Party)) == 3
        assert session.scalar(select(func.count(Party.id))) == 3
    for what, text in said.items():
        assert "hidden" not in str(text).lower(), what
    assert "Open Ltd" in said["frame"]
    assert "Open Ltd" in said["deals"]


def test_single_records_and_related_ones_are_not_there(workbench, people):
    with workbench.reading() as session:
        for kind in (Party, Organization):
            assert session.get(kind, people["theirs"]) is None
            with pytest.raises(NotFound):
                find(session, kind, people["theirs"])
        with pytest.raises(NotFound):
            contacts.party_card(session, people["theirs"])
        card = contacts.party_card(session, people["ours"])
        assert (card.owner.name, card.parent) == ("Ana", None)
        worker = session.get(Person, people["worker"])
        assert [one.organization for one in worker.affiliations] == [None]
        assert [deal.party for deal in session.scalars(select(sales.Deal).order_by(sales.Deal.id))][1] is None
        assert visible(session, Party, [people["theirs"], people["ours"]]) == [people["ours"]]


def test_what_cannot_be_seen_cannot_be_changed_by_a_statement(workbench, people):
    with workbench.session() as session:
        session.execute(update(Party).values(source="event"), execution_options={"derived": True})
    workbench.actor = "Admin"
    with workbench.reading() as session:
        assert session.get(Party, people["theirs"]).source is None
        assert session.get(Party, people["ours"]).source == "event"


def test_two_actors_with_rules_of_one_shape_see_each_their_own(workbench, people):
    workbench.actor = Actor("Boss", party_id=people["boss"], rules=own_parties(people["boss"]))
    with workbench.reading() as session:
        assert set(session.scalars(select(Party.name))) == {"Hidden Boss", "Hidden Corp"}


def test_without_rules_nothing_is_asked(workbench, people):
    workbench.actor = "Ana"
    with workbench.reading() as session:
        assert actor_of(session) == Actor("Ana")
        assert str(actor_of(session)) == "Ana"
        assert len(session.scalars(select(Party)).all()) == 5
        assert visible(session, Party, [people["theirs"]]) == [people["theirs"]]


def test_every_write_is_checked_in_one_place(workbench, people, monkeypatch):
    asked = []
    monkeypatch.setattr("crmlib.access.rights.check", lambda action, record, actor: asked.append((action, actor.name)))
    with workbench.session() as session:
        session.get(Party, people["ours"]).source = "event"
    assert ("update", "Ana") in asked
    assert list(python.signature(check).parameters) == ["action", "record", "actor"]
