from datetime import timedelta

from crmlib.contacts import LIFECYCLE_HISTORY, LIFECYCLE_TRANSITIONS


def test_where_a_party_stood_is_told_from_its_history(workbench, clock):
    start = clock.now
    ana = workbench.contacts.add_person(given_name="Ana").id
    workbench.contacts.add_person(given_name="Dan")
    clock.advance(days=10)
    workbench.contacts.set_lifecycle(ana, "lead", reason="Asked for a price")
    clock.advance(days=10)
    workbench.contacts.set_lifecycle(ana, "customer")
    history = workbench.contacts.lifecycle_history(party_id=ana)
    assert list(history.columns) == list(LIFECYCLE_HISTORY)
    assert list(history["lifecycle"]) == ["prospect", "lead", "customer"]
    assert list(history["to_at"].dropna()) == list(history["from_at"][1:])
    steps = workbench.contacts.lifecycle_transitions()
    assert list(steps.columns) == list(LIFECYCLE_TRANSITIONS)
    assert sorted(zip(steps["was"], steps["became"], steps["n_parties"], strict=True)) == [
        ("lead", "customer", 1), ("prospect", "lead", 1)]  # fmt: skip
    assert len(workbench.contacts.lifecycle_transitions(since=start + timedelta(days=15))) == 1
    assert workbench.contacts.lifecycle_counts_at(at=start + timedelta(days=5)) == {"prospect": 2}
    assert workbench.contacts.lifecycle_counts_at(at=clock.now) == {"prospect": 1, "customer": 1}
    assert workbench.contacts.lifecycle_counts_at(at=start - timedelta(days=1)) == {}
