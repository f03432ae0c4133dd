"""The sentences of the sales review: its title, its lead, its figures and its notes, from the facts."""

from crmlib.analytics import SMALLEST, quantile_days, win_rates
from crmlib.i18n import format_date, ngettext
from crmlib.i18n import gettext as _
from crmlib.reporting.blocks import Figure
from crmlib.reporting.sales_review.actions import stale_deals, win_rate_change
from crmlib.reporting.sales_review.facts import Facts
from crmlib.reporting.sales_review.periods import Quarter
from crmlib.reporting.words import (
    DASH,
    count,
    days_range,
    money,
    n_days,
    n_deals,
    percent,
    percent_range,
)

# Under two per cent either way, revenue has held.
HELD = 0.02


def title(facts: Facts, quarter: Quarter) -> str:
    """The finding in one sentence: what revenue did, and the weightiest other thing."""
    if facts.in_quarter.empty:
        return _("Nothing closed in {quarter}").format(quarter=quarter.name)
    revenue = facts.revenue(facts.in_quarter)
    change = revenue_change(facts, quarter.previous)
    first = _("{quarter} brought {money}").format(quarter=quarter.name, money=money(revenue, facts.currency))
    if not facts.is_whole:
        return _("{quarter} has brought {money} so far").format(
            quarter=quarter.name, money=money(revenue, facts.currency)
        )
    if change is not None:
        before = quarter.previous.beside(quarter)
        if abs(change) < HELD:
            first = _("{quarter} held the level of {before}").format(quarter=quarter.name, before=before)
        elif change > 0:
            first = _("{quarter} brought {change} more than {before}").format(
                quarter=quarter.name, change=percent(change), before=before
            )
        else:
            first = _("{quarter} brought {change} less than {before}").format(
                quarter=quarter.name, change=percent(-change), before=before
            )
    second = _second_finding(facts)
    return f"{first}; {second}" if second else first


def lead(facts: Facts, quarter: Quarter) -> str:
    """Two or three sentences: how the quarter's sum came about, and whether the win rate moved."""
    won = facts.won_in_currency(facts.in_quarter)
    revenue = facts.revenue(facts.in_quarter)
    sentences = []
    if facts.in_quarter.empty:
        days = facts.closed["closed_on"].dropna()
        if days.empty:
            return _("No deal has been won or lost so far.")
        return _("Closings are on record from {first} to {last}.").format(
            first=format_date(days.min().date()), last=format_date(days.max().date())
        )
    if len(won):
        sentences.append(
            ngettext(
                "One won deal brought {money}.",
                "{n} won deals brought {money}, {mean} each on average.",
                len(won),
            ).format(
                n=count(len(won)),
                money=money(revenue, facts.currency),
                mean=money(revenue / max(len(won), 1), facts.currency),
            )
        )
    for other in (quarter.previous, quarter.year_before):
        if (change := revenue_change(facts, other)) is not None:
            before = facts.won_in_currency(facts.closed_in(other))
            sentences.append(
                _("{before} had {n} at {mean}, {money} in all ({change}).").format(
                    before=other.beside(quarter),
                    n=count(len(before)),
                    mean=money(facts.revenue(before) / max(len(before), 1), facts.currency),
                    money=money(facts.revenue(before), facts.currency),
                    change=_signed(change),
                )
            )
    sentences.append(_win_rate_sentence(facts, quarter))
    return " ".join(sentence for sentence in sentences if sentence)


def figures(facts: Facts, quarter: Quarter) -> tuple[Figure, ...]:
    """The four headline figures, each with what it counts and how sure it is."""
    revenue, rate = facts.revenue(facts.in_quarter), win_rates(facts.in_quarter, level=facts.level).iloc[0]
    level = percent(facts.level)
    n_closed = int(rate["n_closed"])
    if rate["enough"]:
        told, how = (
            percent(rate["win_rate"]),
            _("Won of all closed, {range} at {level}, {deals}").format(
                range=percent_range(rate["low"], rate["high"]), level=level, deals=n_deals(n_closed)
            ),
        )
    else:
        told, how = DASH, _too_little(n_closed)
    median, low, high = quantile_days(facts.open_curve)
    n_timed = len(facts.dated)
    if n_timed < SMALLEST:
        waited, sure = DASH, _too_little(n_timed)
        median = low = high = float("nan")
    elif median != median:
        waited, sure = DASH, _("Fewer than half of the deals have closed yet, open ones counted as open")
    else:
        waited = n_days(median)
        sure = _("All deals on record, open ones counted as open, {range} at {level}").format(
            range=days_range(low, high), level=level
        )
    so_far = "" if facts.is_whole else " " + _("so far")
    n_open = len(facts.open)
    return (
        Figure(
            _("Won in {quarter}").format(quarter=quarter.name) + so_far,
            money(revenue, facts.currency),
            _("Amounts of the deals won, by the day they closed"),
            revenue,
        ),
        Figure(_("Win rate"), told, how, _known(rate["win_rate"]), _known(rate["low"]), _known(rate["high"])),
        Figure(_("Median time to close"), waited, sure, _known(median), _known(low), _known(high)),
        Figure(_("Open deals"), count(n_open), _open_words(facts), float(n_open)),
    )


def revenue_change(facts: Facts, other: Quarter) -> float | None:
    """The quarter's revenue against another's, 0.1 being 10 % more; None where they cannot be compared."""
    if not facts.is_whole or not facts.is_on_record(other):
        return None
    before = facts.revenue(facts.closed_in(other))
    return facts.revenue(facts.in_quarter) / before - 1 if before > 0 else None


def notes(facts: Facts) -> list[str]:
    """What the reader should know about the records behind the numbers."""
    made = []
    undated = int((facts.deals["opened_on"].isna()).sum())
    if undated:
        made.append(
            _("{deals} without an opening day: counted, but not in times to close.").format(deals=n_deals(undated))
        )
    unclosed = int(facts.closed["closed_on"].isna().sum())
    if unclosed:
        made.append(
            _("{deals} won or lost on an unknown day: in no month and no quarter.").format(deals=n_deals(unclosed))
        )
    won = facts.in_quarter[facts.in_quarter["status"] == "won"]
    unpriced = int(won["amount"].isna().sum())
    if unpriced:
        made.append(
            _("{deals} won in the quarter without an amount: counted as won, not in the sum.").format(
                deals=n_deals(unpriced)
            )
        )
    others = won[won["amount"].notna() & (won["currency"] != facts.currency)]
    for currency, of in others.groupby("currency", observed=True):
        made.append(
            _("{deals} won in {currency} ({money}): counted as won, not added to the sum.").format(
                deals=n_deals(len(of)), currency=currency, money=money(float(of["amount"].sum()), str(currency))
            )
        )
    if facts.record_start is not None and facts.quarter is not None and not facts.is_on_record(facts.quarter.previous):
        made.append(
            _("The record of closings begins on {day}, so {quarter} has no earlier quarter to stand beside.").format(
                day=format_date(facts.record_start), quarter=facts.quarter.name
            )
        )
    return made


def glossary(facts: Facts) -> tuple[tuple[str, str], ...]:
    """What the report's words mean, for whoever asks."""
    luck = _(
        "A seller, region or product is called different only where its twelve months stay different after allowing "
        "for how many are compared (score test, Holm's adjustment, {level})."
    )
    timed = _(
        "Days from opening to closing. A deal that is still open counts with the days it has been open so far: "
        "leaving it out would make every wait look shorter than it is."
    )
    return (
        (_("Won, lost"), _("A deal counts on the day it closed. Its stage says whether it was won.")),
        (_("Win rate"), _("Won deals of all closed, open deals being neither; with Wilson's score interval.")),
        (_("Time to close"), timed),
        (_("Open"), _("Neither won nor lost at the end of {day}.").format(day=format_date(facts.as_of))),
        (_("More than luck"), luck.format(level=percent(facts.claim_level))),
        (_("Too little data"), _("Fewer than {n} cases: an estimate would mean little.").format(n=SMALLEST)),
        (_("Names and owners"), _("As they are on record now; stages and outcomes as they were on the day.")),
    )


def truncation_note(facts: Facts) -> str:
    """What the median would be if the record's late start is taken into account; empty where it starts in time."""
    later = facts.median_from_record_start
    if later is None or facts.record_start is None or later != later:
        return ""
    return _(
        "The record of closings begins on {day}: deals opened earlier are in it only if they were still open then, so "
        "slow ones are too many. Counting those only from that day on, the median is {days}."
    ).format(day=format_date(facts.record_start), days=n_days(later))


def _second_finding(facts: Facts) -> str:
    change = win_rate_change(facts)
    rate = win_rates(facts.in_quarter, level=facts.level).iloc[0]
    if change is not None and not change[1] <= 0 <= change[2]:
        told = _("the win rate rose to {rate}") if change[0] > 0 else _("the win rate fell to {rate}")
        return told.format(rate=percent(rate["win_rate"]))
    stale, _most, _oldest = stale_deals(facts)
    timed_open = int((~facts.dated["ended"]).sum())
    if timed_open and len(stale) >= 20 and len(stale) / timed_open >= 0.25:
        return _("{n} open deals have gone stale").format(n=count(len(stale)))
    if change is not None:
        return _("the win rate held at {rate}").format(rate=percent(rate["win_rate"]))
    return _("{rate} of closed deals were won").format(rate=percent(rate["win_rate"])) if rate["enough"] else ""


def _win_rate_sentence(facts: Facts, quarter: Quarter) -> str:
    rate = win_rates(facts.in_quarter, level=facts.level).iloc[0]
    if not rate["enough"]:
        return ""
    told = _("Of {deals} closed, {rate} were won").format(
        deals=n_deals(int(rate["n_closed"])), rate=percent(rate["win_rate"])
    )
    change = win_rate_change(facts)
    if change is None:
        return told + "."
    before = win_rates(facts.closed_in(quarter.previous), level=facts.level).iloc[0]
    told += ", " + _("against {rate} in {before}").format(
        rate=percent(before["win_rate"]), before=quarter.previous.beside(quarter)
    )
    if change[1] <= 0 <= change[2]:
        return told + ": " + _("chance alone may explain the difference.")
    return told + ": " + _("chance does not explain the difference.")


def _open_words(facts: Facts) -> str:
    priced = facts.open[(facts.open["currency"] == facts.currency) & facts.open["amount"].notna()]
    day = format_date(facts.as_of)
    if facts.open.empty or facts.looks_back:
        return _("On {day}").format(day=day)
    if priced.empty:
        return _("On {day}, none with an amount").format(day=day)
    worth = money(float(priced["amount"].sum()), facts.currency)
    if len(priced) == len(facts.open):
        return _("On {day}, worth {money} if all were won").format(day=day, money=worth)
    return _("On {day}; the {n} with an amount are worth {money} if all were won").format(
        day=day, n=count(len(priced)), money=worth
    )


def _too_little(n: int) -> str:
    return _("Too little data: {deals}, fewer than {smallest}").format(deals=n_deals(n), smallest=SMALLEST)


def _signed(change: float) -> str:
    return f"+{percent(change)}" if change > 0 else f"−{percent(-change)}" if change < 0 else percent(0)


def _known(value: float) -> float | None:
    return None if value != value else float(value)
