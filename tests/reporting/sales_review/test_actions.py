from datetime import date

from crmlib.reporting.sales_review import Facts, Quarter
from crmlib.reporting.sales_review.actions import actions, win_rate_change


def told(make_frames, *deals, as_of=date(2026, 7, 1), **named):
    frames = make_frames(*deals)
    facts = Facts(*frames, Quarter(2026, 2), as_of, "EUR", 0.95, date(2026, 1, 1), **named)
    return facts, [f"{action.do} {action.why}" for action in actions(facts)]


def closed(status, on, n, **more):
    return [{"status": status, "opened_on": on, "closed_on": on, **more}] * n


def steady():
    """Two quarters alike: 60 won, 60 lost each, spread over their months."""
    days = [f"2026-{month:02}-10" for month in range(1, 7)]
    return [deal for day in days for status in ("won", "lost") for deal in closed(status, day, 20)]


def test_nothing_is_told_where_nothing_stands_out(make_frames):
    facts, said = told(make_frames, *steady())
    assert said == []
    assert win_rate_change(facts) is not None


def test_deals_older_than_nearly_all_that_closed_are_told_as_stale(make_frames):
    old = [{"status": "open", "opened_on": "2026-01-01", "owner": "Ana"}] * 12
    _facts, said = told(make_frames, *steady(), *old)
    assert len(said) == 1
    assert said[0].startswith("Go through the 12 deals that have been open for more than 0 days")
    assert "12 of them are older than any deal that has ever closed" in said[0]


def test_a_fall_beyond_chance_is_told_and_one_within_it_is_not(make_frames):
    fell = [*closed("won", "2026-02-10", 60), *closed("lost", "2026-02-10", 40)]
    _facts, said = told(make_frames, *fell, *closed("won", "2026-05-10", 30), *closed("lost", "2026-05-10", 70))
    assert any(text.startswith("Find out why fewer deals are won than in Q1. It fell by 30 points") for text in said)
    _facts, said = told(make_frames, *fell, *closed("won", "2026-05-10", 57), *closed("lost", "2026-05-10", 43))
    assert said == []


def test_the_reason_given_most_often_is_told_where_most_give_one(make_frames):
    fell = [*closed("won", "2026-02-10", 60), *closed("lost", "2026-02-10", 40)]
    now = [*closed("won", "2026-05-10", 30), *closed("lost", "2026-05-10", 70, lost_reason="price")]
    _facts, said = told(make_frames, *fell, *now)
    assert any("“Price” (70 of 70)" in text for text in said)


def test_a_seller_who_differs_beyond_luck_is_told_with_care(make_frames):
    by_ana = [*closed("won", "2026-05-10", 70, owner="Ana"), *closed("lost", "2026-05-10", 10, owner="Ana")]
    _facts, said = told(make_frames, *steady(), *by_ana)
    assert "Let the others learn how Ana works. In twelve months 88% of the closed deals were won" in " ".join(said)
    assert "Find out with" not in " ".join(said)


def test_losses_entered_late_are_asked_about(make_frames):
    days = [f"2026-{month:02}-10" for month in range(1, 7)]
    deals = [
        deal
        for day in days
        for deal in (*closed("won", day, 60 if "03-" in day or "06-" in day else 20), *closed("lost", day, 20))
    ]
    _facts, said = told(make_frames, *deals)
    assert any(text.startswith("Ask whether losses are entered when they happen.") for text in said)


def test_one_good_month_is_no_habit(make_frames):
    once = closed("won", "2026-06-20", 60)
    _facts, said = told(make_frames, *steady(), *once)
    assert not any("losses" in text for text in said)


def test_open_deals_without_amount_or_customer_are_told_unless_the_day_is_past(make_frames):
    bare = [{"status": "open", "opened_on": "2026-06-30", "amount": None, "party_id": None}] * 5
    _facts, said = told(make_frames, *steady(), *bare)
    assert len(said) == 1
    assert "None of the 5 open deals has an amount, so nobody can say what they are worth." in said[0]
    assert "5 of 5 do not say which customer." in said[0]
    assert told(make_frames, *steady(), *bare, looks_back=True)[1] == []


def test_deals_past_their_expected_close_are_told_with_their_worth(make_frames):
    late = [{"status": "open", "opened_on": "2026-07-01", "expected_close_on": "2026-06-30", "amount": 50.0}] * 10
    _facts, said = told(make_frames, *steady(), *late)
    assert said[0].startswith("Set a new day, or an end, for the 10 deals past their expected close.")
    assert "€500" in said[0]
