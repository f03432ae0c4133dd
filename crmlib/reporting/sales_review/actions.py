"""What a manager may act on: each finding is told only where the records carry it, with the numbers that say why.

Every rule says in one line when it speaks. What does not differ by more than luck is no finding.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd

from crmlib.analytics import SMALLEST, compare_with_rest, rate_difference, win_rates
from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext
from crmlib.reporting.blocks import Action
from crmlib.reporting.sales_review.facts import Facts, rows_of
from crmlib.reporting.sales_review.tables import reason_words
from crmlib.reporting.words import count, listed, money, n_days, n_deals, percent, percent_range

MOST_ACTIONS = 4
# The age by which 95 of 100 closed deals had closed: an open deal older than that is told as stale.
STALE_QUANTILE = 0.95
FEWEST_STALE = 10
FEWEST_LATE = 10
# A gap in the records is worth a line where it concerns a fifth of the open deals.
GAP_SHARE = 0.2
# Ten points between the months of a quarter; less is a season.
LEAST_HABIT = 0.1


def actions(facts: Facts) -> list[Action]:
    """At most four things to act on, the most telling first; none where nothing stands out."""
    rules: tuple[Callable[[Facts], list[Action]], ...] = (
        _stale,
        _win_rate_moved,
        _overdue,
        _bottleneck,
        _sellers,
        _products,
        _closing_month,
        _gaps,
    )
    return [action for rule in rules for action in rule(facts)][:MOST_ACTIONS]


def stale_deals(facts: Facts) -> tuple[pd.DataFrame, float, float]:
    """The open deals that are older than 95 of 100 closed deals ever got; that age in days; the oldest age closed."""
    timed = facts.dated
    ended = timed.loc[timed["ended"], "duration_days"]
    nan = float("nan")
    if len(ended) < 100:
        return timed.head(0), nan, nan
    most = float(ended.quantile(STALE_QUANTILE, interpolation="higher"))
    return timed[~timed["ended"] & (timed["duration_days"] > most)], most, float(ended.max())


def win_rate_change(facts: Facts) -> tuple[float, float, float] | None:
    """How far the quarter's win rate lies from that of the quarter before, with its interval; None if untold."""
    if facts.quarter is None or not facts.is_whole or not facts.is_on_record(facts.quarter.previous):
        return None
    now, before = (
        win_rates(deals, level=facts.level).iloc[0]
        for deals in (facts.in_quarter, facts.closed_in(facts.quarter.previous))
    )
    if not (now["enough"] and before["enough"]):
        return None
    return rate_difference(
        int(now["n_won"]), int(now["n_closed"]), int(before["n_won"]), int(before["n_closed"]), facts.claim_level
    )


def _stale(facts: Facts) -> list[Action]:
    """Ten or more open deals are older than nearly all deals that ever closed."""
    stale, most, oldest = stale_deals(facts)
    if len(stale) < FEWEST_STALE:
        return []
    do = _("Go through the {deals} that have been open for more than {days}, and close those that are dead.").format(
        deals=n_deals(len(stale)), days=n_days(most)
    )
    beyond = int((stale["duration_days"] > oldest).sum())
    why = _("Of 100 deals that closed, 95 took no longer.")
    if beyond:
        why += " " + ngettext(
            "{n} of them is older than any deal that has ever closed ({days}).",
            "{n} of them are older than any deal that has ever closed ({days}).",
            beyond,
        ).format(n=count(beyond), days=n_days(oldest))
    holders = stale["owner"].dropna().value_counts().head(3)
    if len(holders) and stale["owner"].nunique() > 3:
        most_held = listed([f"{name} ({count(n)})" for name, n in holders.items()])
        why += " " + _("Most are with {sellers}.").format(sellers=most_held)
    return [Action(do, why)]


def _win_rate_moved(facts: Facts) -> list[Action]:
    """The win rate fell against the quarter before by more than luck."""
    change = win_rate_change(facts)
    if change is None or change[2] >= 0 or facts.quarter is None:
        return []
    lost = facts.in_quarter[facts.in_quarter["status"] == "lost"]
    reasons = lost["lost_reason"].dropna().value_counts()
    why = _("It fell by {points} points, between {low} and {high} at {level}.").format(
        points=_points(change[0]), low=_points(change[2]), high=_points(change[1]), level=percent(facts.claim_level)
    )
    if len(reasons) and reasons.sum() >= len(lost) / 2:
        why += " " + _("The reason given most often is “{reason}” ({n} of {all}).").format(
            reason=reason_words(str(reasons.index[0])), n=count(reasons.iloc[0]), all=count(len(lost))
        )
    return [Action(_("Find out why fewer deals are won than in {quarter}.").format(
        quarter=facts.quarter.previous.beside(facts.quarter)
    ), why)]  # fmt: skip


def _overdue(facts: Facts) -> list[Action]:
    """Ten or more open deals are past the day they were expected to close, stale ones not counted again."""
    stale, _most, _oldest = stale_deals(facts)
    late = facts.open[facts.open["expected_close_on"] < pd.Timestamp(facts.as_of)]
    late = late[~late["deal_id"].isin(stale["deal_id"])]
    if len(late) < FEWEST_LATE or facts.looks_back:
        return []
    do = _("Set a new day, or an end, for the {deals} past their expected close.").format(deals=n_deals(len(late)))
    priced = late[(late["currency"] == facts.currency) & late["amount"].notna()]
    why = _("They are not stale yet, but no forecast can count on their dates.")
    if len(priced):
        worth = money(float(priced["amount"].sum()), facts.currency)
        why = _("They are not stale yet and stand for {worth}, but no forecast can count on their dates.").format(
            worth=worth
        )
    return [Action(do, why)]


def _bottleneck(facts: Facts) -> list[Action]:
    """One stage passes on clearly fewer deals than every other: its interval lies below all of theirs."""
    stages = facts.stages[facts.stages["share"].notna()]
    if len(stages) < 2 or stages["pipeline"].nunique() > 1:
        return []
    ordered = stages.sort_values("share")
    worst, others = ordered.iloc[0], ordered.iloc[1:]
    if worst["high"] >= others["low"].min():
        return []
    do = _("Work on the stage {stage}: it is where most deals stop.").format(stage=worst["stage"])
    why = _("{share} of the deals that enter it move on ({range}), against {others} elsewhere.").format(
        share=percent(worst["share"]),
        range=percent_range(worst["low"], worst["high"]),
        others=percent_range(others["share"].min(), others["share"].max()) if len(others) > 1
        else percent(others["share"].iloc[0]),
    )  # fmt: skip
    return [Action(do, why)]


def _sellers(facts: Facts) -> list[Action]:
    """A seller's win rate over twelve months differs from the others' by more than luck, many looked at."""
    made = []
    compared = facts.compared("owner").sort_values("p_adjusted").head(2)
    for row in rows_of(compared):
        if row.verdict == "higher":
            do = _("Let the others learn how {seller} works.").format(seller=row.owner)
        else:
            do = _("Find out with {seller} what holds deals back.").format(seller=row.owner)
        why = _("In twelve months {rate} of the closed deals were won, the others win {rest}.").format(
            rate=percent(row.win_rate), rest=percent(row.rest_rate)
        )
        made.append(Action(do, why + " " + _beyond_luck(row.n_closed)))
    return made


def _products(facts: Facts) -> list[Action]:
    """A product is lost clearly more often than the others over twelve months."""
    lower = facts.compared("product").query("verdict == 'lower'").sort_values("p_adjusted").head(1)
    return [
        Action(
            _("Look at how {product} is sold and priced.").format(product=row.product),
            _("In twelve months {rate} of its closed deals were won, of the other products {rest}.").format(
                rate=percent(row.win_rate), rest=percent(row.rest_rate)
            )
            + " "
            + _beyond_luck(row.n_closed),
        )
        for row in rows_of(lower)
    ]


def closing_months(facts: Facts) -> "pd.Series[Any] | None":
    """The last months of quarters against the months before them, over twelve months, as of `compare_with_rest`.

    None unless the rates differ by ten points or more and more than luck, in the same direction in each of at least
    two quarters that have `SMALLEST` closed deals on both sides: a habit, and not one good month.
    """
    deals = facts.twelve_months
    month = deals["closed_on"].dt.month
    marked = deals.assign(
        in_last=(month % 3 == 0).map({True: "last", False: "other"}), quarter=deals["closed_on"].dt.to_period("Q")
    )
    compared = compare_with_rest(marked, "in_last", level=facts.claim_level)
    last = compared[(compared["in_last"] == "last") & compared["verdict"].isin(("higher", "lower"))]
    if last.empty or abs(float(last["difference"].iloc[0])) < LEAST_HABIT:
        return None
    found = last.iloc[0]
    told = []
    for _quarter, of in marked.groupby("quarter"):
        sides = compare_with_rest(of, "in_last").set_index("in_last")
        if len(sides) == 2 and int(sides["n_closed"].min()) >= SMALLEST:
            told.append(float(sides["difference"].to_dict()["last"]))
    agree = all((difference > 0) == (float(found["difference"]) > 0) for difference in told)
    return found if len(told) >= 2 and agree else None


def _closing_month(facts: Facts) -> list[Action]:
    """Deals that close in the last month of a quarter are won far more, or far less, often than others."""
    row = closing_months(facts)
    if row is None:
        return []
    do = _("Ask whether losses are entered when they happen.")
    why = _(
        "Deals that close in the last month of a quarter are won in {rate} of cases, those that close in the "
        "other months in {rest}. Customers rarely decide by our calendar."
    ).format(rate=percent(row["win_rate"]), rest=percent(row["rest_rate"]))
    return [Action(do, why)]


def _gaps(facts: Facts) -> list[Action]:
    """A fifth or more of the open deals lack an amount or a customer."""
    if facts.looks_back:
        return []
    of_open = facts.open
    no_amount, no_party = int(of_open["amount"].isna().sum()), int(of_open["party_id"].isna().sum())
    least = GAP_SHARE * len(of_open)
    if not len(of_open) or max(no_amount, no_party) < least:
        return []
    why = []
    if no_amount >= least and no_amount:
        why.append(
            _("None of the {n} open deals has an amount, so nobody can say what they are worth.")
            .format(n=count(len(of_open))) if no_amount == len(of_open)
            else _("{n} of {all} open deals have no amount, so nobody can say what they are worth.")
            .format(n=count(no_amount), all=count(len(of_open)))
        )  # fmt: skip
    if no_party >= least and no_party:
        why.append(_("{n} of {all} do not say which customer.").format(n=count(no_party), all=count(len(of_open))))
    return [Action(_("Complete the open deals."), " ".join(why))]


def _beyond_luck(n_closed: int) -> str:
    return _("With {deals} closed, that is more than luck among so many compared.").format(deals=n_deals(n_closed))


def _points(difference: float) -> str:
    return count(round(abs(difference) * 100))
