from datetime import date

import pandas as pd
import pytest

from crmlib.reporting.sales_review import Facts, Quarter, deals_as_of, stage_outcomes
from crmlib.reporting.sales_review.as_of import choose_quarter, last_event_on

Q2 = Quarter(2026, 2)


def facts_of(deals, events, **named):
    starts = deals["closed_on"].min()
    given = {
        "quarter": Q2,
        "as_of": date(2026, 7, 1),
        "currency": "EUR",
        "level": 0.95,
        "record_start": None if pd.isna(starts) else starts.date(),
    }
    return Facts(deals, events, **{**given, **named})


def won(on, **more):
    return {"status": "won", "opened_on": "2026-01-10", "closed_on": on, **more}


def lost(on, **more):
    return {"status": "lost", "opened_on": "2026-01-10", "closed_on": on, **more}


def test_revenue_is_by_the_day_of_closing_and_never_adds_two_currencies(make_frames):
    facts = facts_of(
        *make_frames(
            won("2026-03-31", amount=1.0),
            won("2026-04-01", amount=10.0),
            won("2026-06-30", amount=100.0),
            won("2026-07-01", amount=1000.0),
            won("2026-05-05", amount=5000.0, currency="IDR"),
            won("2026-05-06", amount=None),
            lost("2026-05-05", amount=7.0),
            {"status": "open", "opened_on": "2026-04-04", "amount": 3.0},
        )
    )
    assert facts.revenue(facts.in_quarter) == 110.0
    assert len(facts.in_quarter) == 5
    assert len(facts.open) == 1


def test_on_a_past_day_a_deal_closed_later_is_open_in_the_stage_it_had(make_frames):
    deals, events = make_frames(
        won("2026-06-01"),
        lost("2026-04-01", lost_reason="price"),
        {"status": "open", "opened_on": "2026-05-01"},
        {"status": "open"},
        steps=(
            (1, "Lead", 1, "open", "2026-01-10"),
            (1, "Offer", 2, "open", "2026-03-01"),
            (1, "Won", 8, "won", "2026-06-01"),
            (2, "Lead", 1, "open", "2026-01-10"),
            (2, "Lost", 9, "lost", "2026-04-01"),
        ),
    )
    then = deals_as_of(deals, events, date(2026, 4, 15)).set_index("deal_id")
    assert then["status"].to_dict() == {1: "open", 2: "lost", 4: "open"}
    assert then.loc[1, "stage"] == "Offer"
    assert pd.isna(then.loc[1, "closed_on"])
    assert then.loc[2, "lost_reason"] == "price"
    assert then.reset_index()[list(deals)].dtypes.drop("status").equals(deals.dtypes.drop("status"))


def test_with_nothing_later_the_deals_are_as_they_are(make_frames):
    deals, events = make_frames(won("2026-06-01"), {"status": "open", "opened_on": "2026-05-01"})
    then = deals_as_of(deals, events, date(2026, 7, 1))
    assert then.astype({"status": "str"}).equals(deals.astype({"status": "str"}))


def test_open_deals_count_with_the_days_they_have_been_open(make_frames):
    facts = facts_of(
        *make_frames(
            won("2026-01-20"),
            {"status": "open", "opened_on": "2026-06-01"},
            {"status": "open"},
            won(None),
            won("2026-01-01"),
        )
    )
    cases = facts.dated.set_index("deal_id")
    assert cases["duration_days"].to_dict() == {1: 10.0, 2: 30.0}
    assert cases["ended"].to_dict() == {1: True, 2: False}
    assert pd.isna(cases.loc[2, "outcome"])


def test_the_last_full_quarter_is_taken_or_the_latest_in_which_anything_closed(make_frames):
    deals, _events = make_frames(won("2026-02-01"), won("2026-05-01"), {"status": "open"})
    assert choose_quarter(deals, date(2026, 7, 1)) == Quarter(2026, 2)
    assert choose_quarter(deals, date(2026, 6, 30)) == Quarter(2026, 2)
    assert choose_quarter(deals, date(2026, 5, 20)) == Quarter(2026, 1)
    assert choose_quarter(deals, date(2027, 5, 1)) == Quarter(2026, 2)
    assert choose_quarter(deals.tail(1), date(2026, 7, 1)) is None


def test_the_last_event_is_an_opening_a_step_or_a_closing_up_to_today(make_frames):
    frames = make_frames(won("2026-02-01"), {"status": "open"}, steps=((2, "Offer", 1, "open", "2026-03-03 15:00"),))
    assert last_event_on(*frames, date(2026, 7, 1)) == date(2026, 3, 3)
    assert last_event_on(*frames, date(2026, 2, 20)) == date(2026, 2, 1)
    assert last_event_on(*make_frames({"status": "open"}), date(2026, 7, 1)) is None


def test_months_run_without_a_gap_from_the_records_start_to_the_quarters_end(make_frames):
    frames = make_frames(won("2026-03-15", amount=5.0), lost("2026-06-02"), won("2026-07-01"))
    months = facts_of(*frames).months
    assert [str(day) for day in months["month"]] == ["2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"]
    assert months["n_closed"].tolist() == [1, 0, 0, 1]
    assert months["revenue"].tolist() == [5, 0, 0, 0]
    assert months["whole"].tolist() == [False, True, True, True]


def test_a_quarter_before_the_record_begins_has_no_months(make_frames):
    assert facts_of(*make_frames(won("2026-03-15")), quarter=Quarter(2020, 1)).months.empty


def test_groups_tell_the_quarters_sums_and_the_twelve_months_rates(make_frames):
    few = [won("2026-05-01", owner="Ana", amount=10.0)] * 2 + [lost("2026-01-01", owner="Ana")] * 20
    groups = facts_of(*make_frames(*few, won("2025-07-01"), won("2025-06-30", owner="Ion"))).groups("owner")
    ana, nobody = groups.iloc[0], groups.iloc[1]
    assert len(groups) == 2
    assert (ana["owner"], ana["n_won"], ana["n_lost"], ana["revenue"], ana["n_closed"]) == ("Ana", 2, 0, 20.0, 22)
    assert ana["win_rate"] == pytest.approx(2 / 22)
    assert pd.isna(nobody["owner"])
    assert (nobody["n_won"], nobody["n_closed"], nobody["enough"]) == (0, 1, False)


def test_stages_tell_who_moved_on_was_lost_or_is_there_still(make_frames):
    deals, events = make_frames(
        won("2026-03-01"),
        lost("2026-02-01"),
        {"status": "open", "opened_on": "2026-01-10"},
        won("2026-03-01"),
        {"status": "open"},
        steps=(
            (1, "Lead", 1, "open", "2026-01-10"),
            (1, "Offer", 2, "open", "2026-01-20"),
            (1, "Won", 8, "won", "2026-03-01"),
            (2, "Lead", 1, "open", "2026-01-10"),
            (2, "Lost", 9, "lost", "2026-02-01"),
            # stepped back: still open in both stages
            (3, "Lead", 1, "open", "2026-01-10"),
            (3, "Offer", 2, "open", "2026-02-10"),
            (3, "Lead", 1, "open", "2026-03-10"),
            # the source kept how it ended, not when it was offered
            (4, "Offer", 2, "open", None),
            (5, "Lead", 1, "open", None),
        ),
    )
    stages = stage_outcomes(deals, events, as_of=date(2026, 7, 1), level=0.95).set_index("stage")
    counts = ["n_entered", "n_moved", "n_open", "n_lost", "n_dated"]
    assert stages.loc["Lead", counts].tolist() == [4, 2, 1, 1, 3]
    assert stages.loc["Offer", counts].tolist() == [3, 2, 1, 0, 2]
    assert stages["share"].isna().all(), "three cases are too little data"


def test_the_share_moving_on_counts_open_deals_as_open(make_frames):
    opened = [{"status": "open"}] * 20
    steps = [(at, "Lead", 1, "open", "2026-01-01") for at in range(1, 41)]
    steps += [(at, "Won", 8, "won", "2026-01-11") for at in range(1, 21)]
    deals, events = make_frames(*[won("2026-01-11")] * 20, *opened, steps=tuple(steps))
    stage = stage_outcomes(deals, events, as_of=date(2026, 1, 21), level=0.95).iloc[0]
    assert (stage["n_moved"], stage["n_open"]) == (20, 20)
    assert stage["share"] == pytest.approx(0.5)
    assert stage["low"] < 0.5 < stage["high"]
    assert stage["median_days"] == 10


def test_a_record_that_begins_late_makes_the_median_shorter_once_it_is_allowed_for(make_frames):
    slow = [won("2026-03-01", opened_on="2025-10-01")] * 10
    quick = [won(f"2026-03-{day:02}", opened_on="2026-02-25") for day in range(1, 21)]
    facts = facts_of(*make_frames(*slow, *quick))
    assert facts.median_from_record_start is not None
    assert facts.median_from_record_start <= 13
    assert facts_of(*make_frames(*quick)).median_from_record_start is None


def test_nothing_at_all_is_no_error(make_frames):
    facts = facts_of(*make_frames(), quarter=None)
    assert facts.stages.empty
    assert facts.months.empty
    assert facts.dated.empty
    assert facts.groups("owner").empty
