from datetime import date

import pytest

from crmlib.base import Conflict, InvalidInput, Refused
from crmlib.contacts import FACTS, Fact


@pytest.fixture
def ana(workbench):
    return workbench.contacts.add_person(given_name="Ana", birthday_on="1990-02-29")


def test_what_a_friend_would_remember_is_kept_with_who_said_it(workbench, ana):
    workbench.contacts.add_fact(ana.id, "pet", "A dog called Rex", source="Herself", said_on="2026-06-30")
    row = workbench.contacts.facts(party_id=ana.id).iloc[0]
    assert (row["topic"], row["value"], row["source"], row["said_on"].date()) == (
        "pet", "A dog called Rex", "Herself", date(2026, 6, 30))  # fmt: skip
    assert list(workbench.contacts.facts(search="REX")["party"]) == ["Ana"]
    with pytest.raises(Refused, match="already"):
        workbench.contacts.add_fact(ana.id, "pet", "a DOG called rex")


def test_the_file_keeps_its_contract_when_empty(workbench, ana):
    empty = workbench.contacts.facts()
    workbench.contacts.add_fact(ana.id, "likes", "Tea")
    full = workbench.contacts.facts()
    assert list(empty.columns) == list(full.columns) == list(FACTS)
    assert (empty.drop(columns="topic").dtypes == full.drop(columns="topic").dtypes).all()


def test_a_fact_is_edited_by_whoever_saw_the_newest_one(workbench, ana):
    fact = workbench.contacts.add_fact(ana.id, "hobby", "Golf")
    workbench.contacts.edit_fact(fact.id, {"value": "Tennis"}, was={"value": "Golf"})
    with pytest.raises(Conflict) as caught:
        workbench.contacts.edit_fact(fact.id, {"value": "Chess"}, was={"value": "Golf"})
    assert (caught.value.mine, caught.value.theirs) == ({"value": "Chess"}, {"value": "Tennis"})
    with pytest.raises(Conflict):
        workbench.contacts.forget_fact(fact.id, was={"value": "Golf"})
    workbench.contacts.forget_fact(fact.id, was={"value": "Tennis"})
    assert workbench.contacts.facts().empty


def test_a_yearly_reminder_needs_its_day(workbench, ana):
    with pytest.raises(InvalidInput, match="needs its day"):
        workbench.contacts.add_fact(ana.id, "dates", "Wedding", remind_yearly=True)
    fact = workbench.contacts.add_fact(ana.id, "dates", "Wedding", day_on="2020-07-10", remind_yearly=True)
    with pytest.raises(InvalidInput, match="needs its day"):
        workbench.contacts.edit_fact(fact.id, {"day_on": ""})
    with workbench.reading() as session:
        assert session.get(Fact, fact.id).day_on == date(2020, 7, 10)


def test_days_to_remember_come_round_each_year(workbench, ana):
    workbench.contacts.add_fact(ana.id, "dates", "Wedding", day_on="2020-03-10", remind_yearly=True)
    days = workbench.contacts.days_to_remember(since=date(2026, 2, 20), until=date(2026, 3, 20))
    assert [(one["on"], one["what"], one["years"]) for one in days] == [
        (date(2026, 2, 28), "Birthday", 36),
        (date(2026, 3, 10), "Wedding", 6),
    ]
    over_new_year = workbench.contacts.days_to_remember(since=date(2027, 12, 20), until=date(2028, 3, 1))
    assert [one["on"] for one in over_new_year] == [date(2028, 2, 29)]


def test_interests_are_counted_whatever_their_spelling(workbench, ana):
    dan = workbench.contacts.add_person(given_name="Dan")
    workbench.contacts.add_interests(ana.id, ["Golf", "Chess", " golf "])
    assert [one.value for one in workbench.contacts.add_interests(dan.id, ["GOLF"])] == ["GOLF"]
    assert workbench.contacts.add_interests(dan.id, ["golf"]) == []
    counted = workbench.contacts.interests()
    assert list(counted["n_parties"]) == [2, 1]
    assert workbench.contacts.interests_of(ana.id) == ["Chess", "Golf"]
