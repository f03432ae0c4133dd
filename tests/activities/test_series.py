from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.activities import read_rule, slots
from crmlib.base import InvalidInput, Refused

NINE = datetime(2026, 10, 19, 7, 0, tzinfo=UTC)  # 9:00 in Bucharest is 6:00 UTC in summer; 10:00 here


def test_ten_o_clock_stays_ten_o_clock_when_summer_ends():
    found = list(islice(slots("FREQ=WEEKLY", starts_at=NINE, zone="Europe/Bucharest"), 3))
    assert [moment.hour for moment in found] == [7, 8, 8]


@pytest.mark.parametrize(
    ("rule", "n"),
    [
        ("FREQ=DAILY;COUNT=3", 3),
        ("rrule:freq=weekly;until=20261102", 3),
        ("FREQ=WEEKLY;UNTIL=20261026T080000Z", 2),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", 2),
    ],
)
def test_a_series_ends_where_its_rule_says(rule, n):
    text = read_rule(rule, starts_at=NINE, zone="Europe/Bucharest")
    assert len(list(slots(text, starts_at=NINE, zone="Europe/Bucharest"))) == n


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "every Monday",
        "FREQ=SECONDLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=5;UNTIL=20270101",
        "FREQ=DAILY;COUNT=5;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;UNTIL=20200101",
        "FREQ=DAILY;BYMONTH=99",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY\nDTSTART:20200101",
        "FREQ=DAILY;" * 200,
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_words(rule):
    with pytest.raises(InvalidInput, match="Repeats"):
        read_rule(rule, starts_at=NINE, zone="UTC")


@given(st.text(alphabet="FREQ=DAILYWEKMONTH;BYU,0123456789-+TZ ", max_size=40))
def test_any_text_is_a_rule_or_refused(text):
    try:
        rule = read_rule(text, starts_at=NINE, zone="UTC")
    except InvalidInput:
        return
    assert next(slots(rule, starts_at=NINE, zone="UTC")) >= NINE


@pytest.fixture
def weekly(workbench, clock):
    ana = workbench.contacts.add_person(given_name="Ana").id
    first = workbench.activities.plan_activity(
        "meeting", subject="Weekly", due_at=None, starts_at=clock.now + timedelta(days=1),
        ends_at=clock.now + timedelta(days=1, hours=1), with_parties=[ana], location="Cluj")  # fmt: skip
    workbench.activities.remind(first.id, minutes_before=15)
    workbench.activities.repeat_activity(first.id, "FREQ=WEEKLY;COUNT=4", zone="UTC")
    return first.id


def the_open_one(workbench):
    frame = workbench.activities.activities()
    return frame[frame["done_at"].isna()].iloc[0]


def test_the_next_one_is_made_when_one_is_done(workbench, weekly, clock):
    clock.advance(days=1, hours=2)
    workbench.activities.finish_activity(weekly, result="held")
    following = the_open_one(workbench)
    assert (following["subject"], following["party"]) == ("Weekly", "Ana")
    assert following["starts_at"] == clock.now + timedelta(days=7, hours=-2)
    due = workbench.activities.due_reminders(until=clock.now + timedelta(days=7))
    assert [one["remind_at"] for one in due] == [following["starts_at"] - timedelta(minutes=15)]


def test_taking_done_back_makes_no_second_one(workbench, weekly, clock):
    workbench.activities.finish_activity(weekly)
    workbench.activities.reopen_activity(weekly)
    workbench.activities.finish_activity(weekly)
    assert len(workbench.activities.activities()) == 2


def test_a_fortnights_leave_leaves_no_backlog(workbench, weekly, clock):
    clock.advance(days=16)
    workbench.activities.finish_activity(weekly)
    assert the_open_one(workbench)["starts_at"] == clock.now + timedelta(days=6)


def test_one_is_skipped_and_the_series_stopped(workbench, weekly, clock):
    following = workbench.activities.skip_occurrence(weekly)
    workbench.activities.stop_series(following.id)
    workbench.activities.finish_activity(following.id)
    frame = workbench.activities.activities()
    assert len(frame) == 2
    assert frame["done_at"].notna().all()


def test_a_series_comes_to_its_end(workbench, weekly, clock):
    for _n in range(4):
        clock.advance(days=7)
        frame = workbench.activities.activities()
        still = frame[frame["done_at"].isna()]
        if still.empty:
            break
        workbench.activities.finish_activity(int(still.iloc[0]["activity_id"]))
    assert workbench.activities.activities()["done_at"].notna().all()


def test_deleting_one_goes_on_with_the_next(workbench, weekly, clock):
    workbench.activities.delete_activity(weekly)
    assert the_open_one(workbench)["starts_at"] == clock.now + timedelta(days=8)


def test_what_repeats_cannot_repeat_twice(workbench, weekly):
    with pytest.raises(Refused, match="repeats already"):
        workbench.activities.repeat_activity(weekly, "FREQ=DAILY", zone="UTC")
