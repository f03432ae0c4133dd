from datetime import UTC, date, datetime, timedelta

import pytest

from crmlib.activities import APPOINTMENTS, CALENDAR, NEXT_APPOINTMENTS, RESULTS_BY_KIND, month_of, week_of
from crmlib.base import Conflict, InvalidInput, NotFound, Refused

TODAY = date(2026, 7, 1)  # a Wednesday


@pytest.fixture
def scene(workbench):
    add = workbench.contacts
    rani = add.add_person(given_name="Rani", lifecycle="colleague").id
    budi = add.add_person(given_name="Budi", lifecycle="colleague").id
    ivan = add.add_person(given_name="Ivan", family_name="Ivanov").id
    return {"rani": rani, "budi": budi, "ivan": ivan}


def meet(workbench, scene, at, result=None, **more):
    return workbench.activities.log_activity(
        "meeting", subject="Met", with_parties=[scene["ivan"]], by=scene["rani"], result=result, at=at, **more
    )


def test_how_many_meetings_succeeded_the_week_before_last(workbench, scene):
    since, until = week_of(TODAY, weeks=-2, zone="Asia/Jakarta")
    assert (since.isoformat(), (until - since).days) == ("2026-06-15T00:00:00+07:00", 7)
    for hours, result in ((1, "held"), (2, "another appointment"), (3, "no show"), (4, None), (24 * 8, "held")):
        meet(workbench, scene, since + timedelta(hours=hours), result, duration_minutes=30)
    cancelled = workbench.activities.plan_activity(
        "meeting", subject="Off", due_at=None, starts_at=since + timedelta(hours=5)
    )
    workbench.activities.cancel_activity(cancelled.id, reason="Ill")
    frame = workbench.activities.results_by_kind(since=since, until=until)
    assert list(frame.columns) == list(RESULTS_BY_KIND)
    assert frame.iloc[0].to_dict() == {
        "kind": "meeting", "n_planned": 5, "n_done": 4, "n_succeeded": 2, "n_failed": 1, "n_unsaid": 1,
        "n_cancelled": 1, "n_open": 0, "minutes": 120}  # fmt: skip
    assert workbench.activities.results_by_kind(since=since, until=until, colleague_id=scene["budi"]).empty


def test_a_result_is_one_that_its_kind_can_have(workbench, scene, clock):
    with pytest.raises(InvalidInput, match="choose one of: Took place"):
        meet(workbench, scene, clock.now, "no answer")


def test_nobody_who_was_not_met_was_contacted(workbench, scene, clock):
    meet(workbench, scene, clock.now, "no show")
    assert workbench.contacts.parties_page(search="ivanov").rows[0]["last_activity_at"] is None


def test_which_clients_made_another_appointment_and_for_when(workbench, scene, clock):
    met = meet(workbench, scene, clock.now - timedelta(days=1), "another appointment")
    since, until = clock.now - timedelta(days=2), clock.now
    frame = workbench.activities.next_appointments(since=since, until=until)
    assert list(frame.columns) == list(NEXT_APPOINTMENTS)
    assert frame["next_at"].isna().all()
    again = workbench.activities.plan_next(met.id, starts_at=clock.now + timedelta(days=9))
    frame = workbench.activities.next_appointments(since=since, until=until)
    assert frame[["party", "next_activity_id"]].to_numpy().tolist() == [["Ivan Ivanov", again.id]]
    assert frame["next_at"][0] == clock.now + timedelta(days=9)


def test_how_many_are_ahead_next_month_and_when_i_see_ivanov(workbench, scene):
    since, until = month_of(date(2026, 12, 5), months=1)
    assert (since.date(), until.date()) == (date(2027, 1, 1), date(2027, 2, 1))
    for days in (0, 30, 31):
        workbench.activities.plan_activity(
            "visit", subject=f"In {days}", due_at=None, starts_at=since + timedelta(days=days),
            with_parties=[scene["ivan"]], assignee=scene["rani"])  # fmt: skip
    ahead = workbench.activities.appointments_ahead(since=since, until=until, colleague_id=scene["rani"])
    assert list(ahead.columns) == list(APPOINTMENTS)
    assert ahead["activity_id"].nunique() == 2
    seen = workbench.activities.when_do_i_see("IVANOV", colleague_id=scene["rani"])
    assert list(seen["subject"]) == ["In 0", "In 30", "In 31"]
    assert len(workbench.activities.when_do_i_see(scene["ivan"])) == 3
    assert workbench.activities.when_do_i_see("  ").empty
    assert workbench.activities.when_do_i_see("Petrov").empty


def test_a_calendar_shows_what_lasts_into_its_window(workbench, scene):
    day = datetime(2026, 7, 10, tzinfo=UTC)
    plan = workbench.activities.plan_activity
    plan("meeting", subject="Fair", due_at=None, starts_at=day - timedelta(days=2), ends_at=day + timedelta(hours=3))
    plan("task", subject="Offer", due_at=day + timedelta(hours=9), assignee=scene["rani"], priority="high")
    plan("meeting", subject="Later", due_at=None, starts_at=day + timedelta(days=1))
    frame = workbench.activities.calendar(since=day, until=day + timedelta(days=1))
    assert list(frame.columns) == list(CALENDAR)
    assert list(frame["subject"]) == ["Fair", "Offer"]
    mine = workbench.activities.calendar(since=day, until=day + timedelta(days=1), colleague_id=scene["rani"])
    assert list(mine["priority"]) == ["high"]


def test_what_is_moved_keeps_its_length_and_tells_who_saw_an_older_one(workbench, scene, clock):
    start = clock.now + timedelta(days=1)
    made = workbench.activities.plan_activity(
        "meeting", subject="Met", due_at=None, starts_at=start, ends_at=start + timedelta(hours=1))  # fmt: skip
    workbench.activities.remind(made.id, minutes_before=60)
    workbench.activities.reschedule_activity(made.id, starts_at=start + timedelta(days=1), was={"starts_at": start})
    row = workbench.activities.calendar(since=start, until=start + timedelta(days=3)).iloc[0]
    assert row["ends_at"] - row["starts_at"] == timedelta(hours=1)
    assert workbench.activities.due_reminders(until=start + timedelta(hours=22)) == []
    assert len(workbench.activities.due_reminders(until=start + timedelta(hours=23))) == 1
    with pytest.raises(Conflict) as caught:
        workbench.activities.reschedule_activity(made.id, starts_at=start, was={"starts_at": start})
    assert caught.value.theirs == {"starts_at": (start + timedelta(days=1)).isoformat()}
    with pytest.raises(InvalidInput, match="after the start"):
        workbench.activities.edit_activity(made.id, {"ends_at": "2020-01-01T00:00+00:00"})
    workbench.activities.edit_activity(made.id, {"location": "Cluj", "starts_at": "2026-07-03T08:00+03:00"})
    said = [entry.title for entry in workbench.activities.timeline_of("activity", made.id)]
    assert any("Met moved to" in title for title in said)


def test_work_goes_to_another_and_all_of_it_too(workbench, scene, clock):
    made = [
        workbench.activities.plan_activity("task", subject=f"Task {n}", due_at=clock.now, assignee=scene["rani"]).id
        for n in range(3)
    ]
    workbench.activities.reassign_activity(made[0], scene["budi"], was=scene["rani"])
    with pytest.raises(Conflict) as caught:
        workbench.activities.reassign_activity(made[0], None, was=scene["rani"])
    assert caught.value.theirs == {"assignee": "Budi"}
    assert workbench.activities.hand_over_activities(scene["rani"], scene["budi"]) == 2
    due = workbench.activities.due_activities(until=clock.now, assignee_id=scene["budi"])
    assert len(due) == 3


def test_who_is_invited_answers(workbench, scene, clock):
    made = workbench.activities.plan_activity(
        "meeting", subject="Met", due_at=clock.now, attendees=[scene["budi"]], with_parties=[scene["ivan"]]
    )
    answered = workbench.activities.reply_to_invitation(made.id, scene["budi"], "declined")
    assert answered.reply.value == "declined"
    with pytest.raises(NotFound):
        workbench.activities.reply_to_invitation(made.id, scene["rani"], "accepted")
    workbench.activities.add_participant(made.id, scene["rani"])
    with pytest.raises(Refused, match="already"):
        workbench.activities.add_participant(made.id, scene["rani"])
    assert workbench.activities.remove_participant(made.id, scene["rani"]) == 1


def test_a_deleted_activity_is_no_last_contact(workbench, scene, clock):
    old = meet(workbench, scene, clock.now - timedelta(days=9))
    new = meet(workbench, scene, clock.now, follows=old.id)
    workbench.contacts.tag("activity", [new.id], "important")
    with pytest.raises(Conflict):
        workbench.activities.delete_activity(new.id, was={"subject": "Else"})
    workbench.activities.delete_activity(new.id)
    row = workbench.contacts.parties_page(search="ivanov").rows[0]
    assert row["last_activity_at"] == clock.now - timedelta(days=9)
    assert workbench.contacts.tags()["n_records"].sum() == 0


def test_reminders_are_snoozed_and_dismissed(workbench, scene, clock):
    made = workbench.activities.plan_activity("task", subject="Ask", due_at=clock.now, assignee=scene["rani"])
    with pytest.raises(InvalidInput, match="how many minutes"):
        workbench.activities.remind(made.id)
    one = workbench.activities.remind(made.id, remind_at=clock.now - timedelta(hours=1))
    due = workbench.activities.due_reminders(until=clock.now, colleague_id=scene["rani"])
    assert [(r["reminder_id"], r["for_party_id"]) for r in due] == [(one.id, scene["rani"])]
    workbench.activities.snooze_reminder(one.id, clock.now + timedelta(hours=1))
    assert workbench.activities.due_reminders(until=clock.now) == []
    workbench.activities.dismiss_reminder(one.id)
    assert workbench.activities.due_reminders(until=clock.now + timedelta(days=1)) == []


def test_any_record_has_a_timeline(workbench, scene, clock):
    product = workbench.catalog.add_product(name="Probe", code="P1")
    workbench.activities.log_activity("note", subject="Good", about=[("product", product.id)])
    assert [entry.title for entry in workbench.activities.timeline_of("product", product.id)] == ["Good"]


def test_a_partys_timeline_tells_facts_tags_and_relations_in_words(workbench, scene, clock):
    clock.advance(hours=1)
    fact = workbench.contacts.add_fact(scene["ivan"], "hobby", "Golf")
    clock.advance(hours=1)
    workbench.contacts.tag("party", [scene["ivan"]], "VIP")
    clock.advance(hours=1)
    workbench.contacts.forget_fact(fact.id)
    said = [entry.title for entry in workbench.activities.timeline([scene["ivan"]])]
    assert said == ["Taken out of the file: Hobby, Golf", "Tagged VIP", "Hobby: Golf", "Ivan Ivanov added"]
