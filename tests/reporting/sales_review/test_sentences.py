from datetime import date

import pytest

from crmlib.reporting.sales_review import Facts, Quarter, sentences

Q2 = Quarter(2026, 2)


@pytest.fixture
def facts_of(make_frames):
    def make(*deals, as_of=date(2026, 7, 1), start=date(2026, 1, 1), **named):
        return Facts(*make_frames(*deals), Q2, as_of, "EUR", 0.95, start, **named)

    return make


def closed(status, on, n=1, **more):
    return [{"status": status, "opened_on": on, "closed_on": on, **more}] * n


def quarters(before, now):
    """So many won and lost deals of 100 each in the first and in the second quarter."""
    (won_1, lost_1), (won_2, lost_2) = before, now
    return [
        *closed("won", "2026-02-10", won_1),
        *closed("lost", "2026-02-10", lost_1),
        *closed("won", "2026-05-10", won_2),
        *closed("lost", "2026-05-10", lost_2),
    ]


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        ((50, 50), (60, 60), "Q2 2026 brought 20% more than Q1; the win rate held at 50%"),
        ((50, 50), (40, 40), "Q2 2026 brought 20% less than Q1; the win rate held at 50%"),
        ((100, 100), (101, 100), "Q2 2026 held the level of Q1; the win rate held at 50%"),
        ((50, 50), (80, 20), "Q2 2026 brought 60% more than Q1; the win rate rose to 80%"),
        ((80, 20), (80, 80), "Q2 2026 held the level of Q1; the win rate fell to 50%"),
        ((0, 0), (30, 30), "Q2 2026 brought €3,000; 50% of closed deals were won"),
        ((5, 5), (6, 4), "Q2 2026 brought 20% more than Q1"),
    ],
)
def test_the_title_states_the_finding(facts_of, before, now, says):
    assert sentences.title(facts_of(*quarters(before, now)), Q2) == says


def test_a_quarter_that_is_not_over_is_compared_with_nothing(facts_of):
    facts = facts_of(*quarters((50, 50), (20, 20)), as_of=date(2026, 6, 1))
    assert sentences.title(facts, Q2) == "Q2 2026 has brought €2,000 so far"
    assert "Q1" not in sentences.lead(facts, Q2)
    assert sentences.figures(facts, Q2)[0].name == "Won in Q2 2026 so far"


def test_a_quarter_that_the_record_covers_in_part_is_compared_with_nothing(facts_of):
    facts = facts_of(*quarters((50, 50), (60, 60)), start=date(2026, 3, 1))
    assert sentences.revenue_change(facts, Q2.previous) is None
    assert "The record of closings begins on 1 Mar 2026" in " ".join(sentences.notes(facts))


def test_a_quarter_in_which_nothing_closed_says_when_anything_did(facts_of):
    facts = facts_of(*closed("won", "2026-02-10", 3))
    assert sentences.title(facts, Q2) == "Nothing closed in Q2 2026"
    assert sentences.lead(facts, Q2) == "Closings are on record from 10 Feb 2026 to 10 Feb 2026."


def test_too_little_data_is_told_in_place_of_a_figure(facts_of):
    _won, rate, median, _open = sentences.figures(facts_of(*closed("won", "2026-05-10", 3)), Q2)
    assert (rate.text, rate.value) == ("–", None)
    assert rate.definition == "Too little data: 3 deals, fewer than 20"
    assert median.text == "–"


def test_other_currencies_are_told_beside_the_sum_and_never_in_it(facts_of):
    facts = facts_of(
        *closed("won", "2026-05-10", 2), *closed("won", "2026-05-11", 3, amount=1_000_000.0, currency="IDR")
    )
    assert sentences.figures(facts, Q2)[0].value == 200.0
    (told,) = sentences.notes(facts)
    assert told.startswith("3 deals won in IDR")
    assert told.endswith("counted as won, not added to the sum.")


def test_gaps_in_the_records_are_told(facts_of):
    told = " ".join(
        sentences.notes(
            facts_of(
                {"status": "open"},
                *closed("won", None, 2),
                *closed("won", "2026-05-10", 1, amount=None),
                *closed("won", "2026-02-10", 1),
            )
        )
    )
    assert "3 deals without an opening day" in told
    assert "2 deals won or lost on an unknown day" in told
    assert "1 deal won in the quarter without an amount" in told
