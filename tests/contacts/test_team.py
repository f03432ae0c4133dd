import pytest

from crmlib.base import Refused
from crmlib.contacts import Lifecycle


@pytest.fixture
def scene(workbench):
    add = workbench.contacts.add_person
    us = {name: add(given_name=name, lifecycle=Lifecycle.COLLEAGUE).id for name in ("Rani", "Budi", "Cici")}
    return us | {name: add(given_name=name, owner=us["Rani"]).id for name in ("Ana", "Dan")}


def test_a_party_has_one_who_answers_and_others_who_help(workbench, scene):
    workbench.contacts.join_team(scene["Ana"], scene["Budi"], "owner")
    workbench.contacts.join_team(scene["Ana"], scene["Cici"])
    with pytest.raises(Refused, match="looks after"):
        workbench.contacts.join_team(scene["Ana"], scene["Rani"])
    frame = workbench.contacts.teams(party_id=scene["Ana"])
    assert list(zip(frame["colleague"], frame["role"], frame["answers_for_it"], strict=True)) == [
        ("Rani", "owner", True), ("Budi", "owner", False), ("Cici", "helper", False)]  # fmt: skip
    assert workbench.contacts.leave_team(scene["Ana"], scene["Cici"])
    assert not workbench.contacts.leave_team(scene["Ana"], scene["Cici"])


def test_who_takes_over_is_no_helper_besides(workbench, scene):
    workbench.contacts.join_team(scene["Ana"], scene["Budi"])
    workbench.contacts.assign_owner(scene["Ana"], scene["Budi"])
    assert list(workbench.contacts.teams(party_id=scene["Ana"])["colleague"]) == ["Budi"]
    assert workbench.activities.timeline([scene["Ana"]])[0].title == "Ana: looked after by Budi"


def test_everything_is_handed_over_at_once(workbench, scene):
    workbench.contacts.join_team(scene["Rani"], scene["Cici"])
    third = workbench.contacts.add_person(given_name="Eva", owner=scene["Budi"]).id
    workbench.contacts.join_team(third, scene["Rani"], "helper")
    assert workbench.contacts.hand_over_parties(scene["Rani"], scene["Cici"], reason="Leave") == 2
    assert set(workbench.contacts.teams(colleague_id=scene["Cici"])["party"]) >= {"Ana", "Dan", "Eva"}
    assert workbench.contacts.teams(colleague_id=scene["Rani"]).empty
    with pytest.raises(Refused, match="another colleague"):
        workbench.contacts.hand_over_parties(scene["Rani"], scene["Rani"])


def test_two_of_us_do_not_court_one_client_unknowingly(workbench, scene):
    workbench.activities.plan_activity(
        "call", subject="Ask", due_at=workbench.now(), with_parties=[scene["Ana"]], assignee=scene["Budi"]
    )
    workbench.activities.log_activity("call", subject="Hello", with_parties=[scene["Ana"]], by=scene["Budi"])
    shared = workbench.activities.who_works_on_whom(only_shared=True)
    assert shared[["party", "colleague", "role", "n_activities", "n_open"]].to_numpy().tolist() == [
        ["Ana", "Rani", "owner", 0, 0],
        ["Ana", "Budi", "contact", 2, 1],
    ]
    assert len(workbench.activities.who_works_on_whom()) == 3
