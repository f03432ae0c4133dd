from datetime import timedelta

import pytest

from crmlib.activities import Activity, Participation
from crmlib.base import InvalidInput, InvalidTransition, Money, insert_many


@pytest.fixture
def scene(workbench):
    firm = workbench.contacts.add_organization(name="Acme")
    ana = workbench.contacts.add_person(given_name="Ana", organization=firm.id)
    rani = workbench.contacts.add_person(given_name="Rani", lifecycle="colleague")
    workbench.sales.add_pipeline(name="P")
    deal = workbench.sales.open_deal(name="Sensors", party=firm.id, amount=Money.of("5", "EUR"))
    return firm, ana, rani, deal


def test_a_logged_call_dates_the_last_contact(workbench, scene, clock):
    firm, ana, rani, _deal = scene
    workbench.activities.log_activity("call", body="Wants an offer.", with_parties=[ana.id], by=rani.id)
    row = workbench.contacts.parties_page(search="ana").rows[0]
    assert row["last_activity_at"] == clock.now
    assert workbench.activities.latest_kinds([ana.id, firm.id]) == {ana.id: "call"}


def test_an_older_call_logged_later_does_not_move_the_last_contact_back(workbench, scene, clock):
    _firm, ana, _rani, _deal = scene
    workbench.activities.log_activity("call", body="Newer", with_parties=[ana.id])
    old = clock.now - timedelta(days=9)
    workbench.activities.log_activity("call", body="Older", with_parties=[ana.id], at=old)
    assert workbench.contacts.parties_page(search="ana").rows[0]["last_activity_at"] == clock.now


def test_the_first_line_of_a_note_is_its_subject(workbench):
    note = workbench.activities.log_activity("note", body="Prefers mornings\nand tea")
    assert (note.subject, note.body) == ("Prefers mornings", "and tea")
    with pytest.raises(InvalidInput, match="Subject"):
        workbench.activities.log_activity("note", body="  ")


def test_the_next_step_is_the_first_open_one(workbench, scene, clock):
    deal = scene[3]
    about = [("deal", deal.id)]
    later = workbench.activities.plan_activity(
        "task", subject="Contract", due_at=clock.now + timedelta(days=9), about=about
    )
    first = workbench.activities.plan_activity("call", subject="Ask", due_at=clock.now + timedelta(days=2), about=about)
    assert workbench.activities.next_steps("deal", [deal.id])[deal.id]["activity_id"] == first.id
    workbench.activities.finish_activity(first.id, outcome="Agreed")
    assert workbench.activities.next_steps("deal", [deal.id])[deal.id]["activity_id"] == later.id
    with pytest.raises(InvalidTransition, match="done already"):
        workbench.activities.finish_activity(first.id)


def test_what_is_due_comes_with_the_longest_overdue_first(workbench, scene, clock):
    _firm, ana, rani, _deal = scene
    for days in (3, -2, 40):
        workbench.activities.plan_activity(
            "task",
            subject=f"In {days}",
            due_at=clock.now + timedelta(days=days),
            with_parties=[ana.id],
            assignee=rani.id,
        )
    due = workbench.activities.due_activities(until=clock.now + timedelta(days=7), assignee_id=rani.id)
    assert [(one["subject"], one["party"]) for one in due] == [("In -2", "Ana"), ("In 3", "Ana")]


def test_one_timeline_holds_work_events_and_changes(workbench, scene, clock):
    firm, ana, rani, deal = scene
    clock.advance(hours=1)
    workbench.activities.log_activity("meeting", subject="Site visit", with_parties=[ana.id], by=rani.id)
    clock.advance(hours=1)
    workbench.contacts.edit_party(firm.id, {"city": "Cluj"})
    workbench.contacts.edit_party(firm.id, {"sector": "farming"})
    clock.advance(hours=1)
    workbench.sales.win_deal(deal.id)
    said = [entry.title for entry in workbench.activities.timeline([firm.id, ana.id])]
    assert said[:3] in (["Acme is now a customer", "Sensors won", "Acme: Sector set to farming"],
                        ["Sensors won", "Acme is now a customer", "Acme: Sector set to farming"])  # fmt: skip
    assert "Site visit" in said
    assert [entry.title for entry in workbench.activities.timeline([firm.id, ana.id], kinds=["meeting"])] == [
        "Site visit"
    ]
    changes = workbench.activities.timeline([firm.id], what="change")
    assert [entry.title for entry in changes] == ["Sector set to farming"]


def test_a_timeline_goes_on_where_the_page_before_ended(workbench, scene, clock):
    ana = scene[1]
    for n in range(7):
        clock.advance(minutes=1)
        workbench.activities.log_activity("note", body=f"Note {n}", with_parties=[ana.id])
    first = workbench.activities.timeline([ana.id], what="activity", limit=4)
    rest = workbench.activities.timeline([ana.id], what="activity", limit=4, before=first[-1].at)
    assert [entry.title for entry in first + rest] == [f"Note {n}" for n in range(6, -1, -1)]


def test_the_newest_contact_is_known_whichever_way_an_activity_comes_goes_or_comes_back(workbench, clock):
    ana = workbench.contacts.add_person(given_name="Ana").id

    def latest():
        return workbench.contacts.parties_page(search="ana").rows[0]["last_activity_at"]

    first, second = clock.now, clock.advance(days=1)
    workbench.activities.log_activity("call", subject="Call", with_parties=[ana], at=first)
    later = workbench.activities.log_activity("call", subject="Call", with_parties=[ana], at=second).id
    assert latest() == second
    workbench.activities.delete_activity(later)
    assert latest() == first
    batch = workbench.history.undo_change(int(deletion(workbench, "activity", later))).batch
    assert latest() == second
    workbench.history.undo_batch(batch)
    assert latest() == first
    # Written past the session, as an import does; and one that reached nobody does not count.
    with workbench.session() as session:
        row = {"kind": "call", "subject": "Imported", "done_at": second}
        numbers = insert_many(session, Activity, [row, row | {"done_at": clock.advance(days=1), "result": "no answer"}])
        rows = [{"activity_id": number, "party_id": ana, "part": "target"} for number in numbers]
        insert_many(session, Participation, rows)
    assert latest() == second
    # Planned for another day, done before: it happened when it was done.
    planned = workbench.activities.plan_activity("task", subject="Send it", due_at=None, with_parties=[ana])
    workbench.activities.finish_activity(planned.id)
    assert latest() == clock.now
    workbench.activities.reopen_activity(planned.id)
    assert latest() == second


def deletion(workbench, record, number):
    frame = workbench.history_of(record, number)
    return frame.loc[frame["kind"] == "delete", "number"].iloc[0]
