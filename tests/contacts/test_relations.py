from datetime import date

import pytest

from crmlib.base import Conflict, InvalidInput, InvalidTransition, Refused
from crmlib.contacts import AFFILIATIONS, RELATIONS


@pytest.fixture
def scene(workbench):
    add = workbench.contacts
    top = add.add_organization(name="Top")
    firm = add.add_organization(name="Firm", parent=top.id)
    ana = add.add_person(given_name="Ana", organization=firm.id, role="Buyer")
    dan = add.add_person(given_name="Dan")
    return {"top": top.id, "firm": firm.id, "ana": ana.id, "dan": dan.id}


def test_a_relation_is_read_from_either_side(workbench, scene):
    workbench.contacts.relate(scene["ana"], "refers", scene["dan"])
    graph = workbench.contacts.neighbourhood(scene["dan"], steps=3)
    assert [(node["party"], node["step"]) for node in graph["nodes"]] == [
        ("Dan", 0), ("Ana", 1), ("Firm", 2), ("Top", 3)]  # fmt: skip
    assert {edge["words"] for edge in graph["edges"]} == {"refers", "Buyer", "part of"}
    titles = [entry.title for entry in workbench.activities.timeline([scene["dan"]])]
    assert "Dan referred by Ana" in titles
    assert list(workbench.contacts.relations(party_id=scene["dan"]).columns) == list(RELATIONS)
    assert workbench.contacts.neighbourhood(scene["dan"], most=1)["is_cut"]


def test_nobody_is_related_to_himself_or_twice(workbench, scene):
    with pytest.raises(Refused, match="itself"):
        workbench.contacts.relate(scene["ana"], "knows", scene["ana"])
    workbench.contacts.relate(scene["ana"], "spouse of", scene["dan"], from_on="2020-01-01")
    with pytest.raises(Refused, match="known already"):
        workbench.contacts.relate(scene["dan"], "spouse of", scene["ana"])
    with pytest.raises(InvalidInput, match="choose one of"):
        workbench.contacts.relate(scene["dan"], "enemy", scene["ana"])


def test_what_has_ended_may_begin_again(workbench, scene):
    first = workbench.contacts.relate(scene["firm"], "supplies", scene["top"], from_on="2020-01-01")
    workbench.contacts.end_relation(first.id, on=date(2021, 1, 1))
    with pytest.raises(InvalidTransition, match="already"):
        workbench.contacts.end_relation(first.id, on=date(2021, 1, 1))
    workbench.contacts.relate(scene["firm"], "supplies", scene["top"], from_on="2022-01-01")
    with pytest.raises(Refused, match="known already"):
        workbench.contacts.edit_relation(first.id, {"to_on": "2023-01-01"})
    with pytest.raises(Conflict):
        workbench.contacts.edit_relation(first.id, {"note": "x"}, was={"note": "y"})
    assert len(workbench.contacts.relations()) == 2


def test_an_organization_is_never_above_itself(workbench, scene):
    with pytest.raises(Refused, match="belongs to Top itself"):
        workbench.contacts.set_parent(scene["top"], scene["firm"])
    with pytest.raises(Refused, match="cannot belong to itself"):
        workbench.contacts.set_parent(scene["top"], scene["top"])
    tree = workbench.contacts.hierarchy(scene["firm"])
    assert [(one["party"], one["depth"]) for one in tree] == [("Top", 0), ("Firm", 1)]
    workbench.contacts.set_parent(scene["firm"], None)
    assert len(workbench.contacts.hierarchy(scene["firm"])) == 1


def test_a_person_may_belong_to_several_and_leave_one(workbench, scene):
    second = workbench.contacts.affiliate(scene["ana"], scene["top"], role="Adviser", department="Board")
    workbench.contacts.prefer_affiliation(second.id)
    frame = workbench.contacts.affiliations(party_id=scene["ana"])
    assert list(frame.columns) == list(AFFILIATIONS)
    assert dict(zip(frame["organization"], frame["is_primary"], strict=True)) == {"Top": True, "Firm": False}
    workbench.contacts.edit_affiliation(second.id, {"role": "Chair"}, was={"role": "Adviser"})
    with pytest.raises(Conflict):
        workbench.contacts.edit_affiliation(second.id, {"role": "Clerk"}, was={"role": "Adviser"})
    with pytest.raises(InvalidInput, match="before"):
        workbench.contacts.edit_affiliation(second.id, {"from_on": "2026-02-01", "to_on": "2026-01-01"})
    workbench.contacts.end_affiliation(second.id, on=date(2026, 6, 30))
    with pytest.raises(InvalidTransition):
        workbench.contacts.prefer_affiliation(second.id)
    assert len(workbench.contacts.affiliations(party_id=scene["ana"], with_ended=False)) == 1
    assert len(workbench.contacts.affiliations(party_id=scene["ana"], on=date(2026, 6, 1))) == 2
    workbench.contacts.remove_affiliation(second.id)
    assert len(workbench.contacts.affiliations(party_id=scene["ana"])) == 1
