"""The charts of the sales review: facts in, chart blocks with their words and rows out."""

from crmlib.analytics import quantile_days, value_at, win_rates
from crmlib.i18n import format_date
from crmlib.i18n import gettext as _
from crmlib.reporting import charts
from crmlib.reporting.blocks import Chart
from crmlib.reporting.sales_review.facts import Facts, rows_of
from crmlib.reporting.sales_review.tables import month_table, outcome_table, stage_label, stage_table
from crmlib.reporting.words import count, money, money_on_axis, month_name, n_days, percent, percent_range

MOST_STAGES = 10
# Days drawn of a curve: finer than a pixel column would only make the file heavier.
_STEPS = 80


def won_by_month(facts: Facts) -> Chart:
    """Won revenue by month of closing; the months of the quarter are marked."""
    months, quarter = facts.months, facts.quarter
    last = len(months) - 1
    most = months["revenue"].max()
    rows = []
    for at, row in enumerate(rows_of(months)):
        # The highest month is named where its name does not run into the last one's.
        named = at == last or (row.revenue == most and last - at > len(months) / 4)
        label = money_on_axis(row.revenue, facts.currency) if named else ""
        rows.append({"at": at, "value": row.revenue, "whole": bool(row.whole), "label": label})
    ticks = [
        (value, money_on_axis(value, facts.currency)) for value in charts.nice_ticks(months["revenue"].max() * 1.05)
    ]
    best = months.iloc[int(months["revenue"].to_numpy().argmax())]
    alt = _("Won revenue by month from {first} to {last}; the highest is {best} in {month}, the last {money}.").format(
        first=month_name(months["month"].iloc[0], year=True),
        last=month_name(months["month"].iloc[last], year=True),
        best=money(best["revenue"], facts.currency),
        month=month_name(best["month"], year=True),
        money=money(months["revenue"].iloc[last], facts.currency),
    )
    subtitle = _("{currency}, deals won by the month they closed in.").format(currency=facts.currency)
    if not months["whole"].all():
        subtitle += " " + _("Hollow: the record covers only a part of the month.")
    if quarter is not None and not facts.is_whole:
        subtitle += " " + _("To {day}.").format(day=format_date(facts.as_of))
    return charts.drawn(
        lambda width: charts.line_by_month(rows, ticks=ticks, months=_month_ticks(facts, width)),
        title=_("Won by month"),
        subtitle=subtitle,
        alt_text=alt,
        table=month_table(facts),
    )


def rate_by_month(facts: Facts) -> Chart:
    """The win rate of each month with its interval, around the rate of all months."""
    months = facts.months
    overall = win_rates(facts.closed_between(months["month"].iloc[0], facts.as_of), level=facts.level).iloc[0]
    rate = float(overall["n_won"] / overall["n_closed"])
    rows = [
        {"at": at, "rate": row.win_rate, "low": row.low, "high": row.high, "label": percent(row.win_rate)}
        for at, row in enumerate(rows_of(months))
        if row.enough
    ]

    def spaced(width: int) -> list[dict[str, object]]:
        # Numbers over a month each need about 34 px; where there is less, the table has them.
        fits = width / max(len(months), 1) >= 34
        return rows if fits else [{**row, "label": ""} for row in rows]

    told = months[months["enough"]]
    alt = _("Win rate by month: between {low} and {high}; all months together {rate}.").format(
        low=percent(told["win_rate"].min()), high=percent(told["win_rate"].max()), rate=percent(rate)
    )
    subtitle = _("Won of all closed in the month, with {level} intervals. Dashed: all months together, {rate}.").format(
        level=percent(facts.level), rate=percent(rate)
    )
    if len(told) < len(months):
        subtitle += " " + _("Months with too little data are left out.")
    return charts.drawn(
        lambda width: charts.rates_by_month(
            spaced(width), ticks=_shares(), months=_month_ticks(facts, width), overall=rate, last=len(months) - 1
        ),
        title=_("Win rate by month"),
        subtitle=subtitle,
        alt_text=alt,
        table=month_table(facts),
    )


def stages(facts: Facts) -> Chart:
    """What became of the deals that entered each stage."""
    rows, told = [], []
    for row in rows_of(facts.stages.head(MOST_STAGES)):
        name = stage_label(facts, row.pipeline, row.stage)
        known = row.share == row.share
        counts = {"moved": row.n_moved, "open": row.n_open, "lost": row.n_lost}
        share = percent(row.share) if known else ""
        rest = f"{percent_range(row.low, row.high)}, {n_days(row.median_days)}" if known else _("Too little data")
        words = {key: count(n) for key, n in counts.items()}
        rows.append({"stage": name, **counts, "words": words, "share": share, "rest": rest})
        told.append(_("{stage}: {moved} moved on, {open} still open, {lost} lost").format(stage=name, **words))
    heads = (_("Moved on"), _("Still open"), _("Lost"), _("Move on, median time"))
    return charts.drawn(
        lambda width: charts.stage_bars(rows, heads=heads, width=width),
        title=_("What became of deals that entered each stage"),
        subtitle=_(
            "All deals on record to {day}. Shares count open deals as open (Aalen–Johansen), with {level} intervals; "
            "the time is the median in the stage (Kaplan–Meier)."
        ).format(day=format_date(facts.as_of), level=percent(facts.level)),
        alt_text="; ".join(told) + ".",
        table=stage_table(facts),
    )


def time_to_close(facts: Facts) -> Chart:
    """The share of deals still open by days since opening, with its interval and its median."""
    curve = facts.open_curve
    step = max(1, len(curve) // (2 * _STEPS))
    thin = curve.iloc[::step] if step > 1 else curve
    rows = [
        {"day": row.t_days, "survival": row.survival, "low": row.low, "high": row.high}
        for row in rows_of(thin[thin["t_days"] <= _last_day(facts)])
    ]
    median, _low, _high = quantile_days(curve)
    marks = []
    if median == median:
        marks.append({"day": median, "y": 0.5, "label": _("Half closed after {days}").format(days=n_days(median))})
    last = _last_day(facts)
    alt = _("The share of deals still open falls from 100% to {share} after {days}.").format(
        share=percent(value_at(curve, last)), days=n_days(last)
    )
    return charts.drawn(
        lambda width: charts.open_curve(rows, ticks=_shares(), days=_day_ticks(last), marks=marks),
        title=_("Deals still open, by days since they were opened"),
        subtitle=_(
            "Kaplan–Meier estimate with its {level} interval, {n} deals; those open on {day} are counted as open."
        ).format(level=percent(facts.level), n=count(len(facts.dated)), day=format_date(facts.as_of)),
        alt_text=alt,
        table=outcome_table(facts, _told_days(last)),
    )


def outcomes(facts: Facts) -> Chart:
    """The shares won, still open and lost by days since opening."""
    last = _last_day(facts)
    days = [last * step / _STEPS for step in range(_STEPS + 1)]
    won, lost = ([_share(facts, outcome, day) for day in days] for outcome in ("won", "lost"))
    rows = []
    for day, of_won, of_lost in zip(days, won, lost, strict=True):
        bands = (
            (0.0, of_won, charts.PRIMARY),
            (of_won, 1 - of_lost, charts.TINT),
            (1 - of_lost, 1.0, charts.GREY),
        )
        rows += [{"day": day, "from": low, "to": high, "fill": fill} for low, high, fill in bands]
    names = (
        (0.0, won[-1], _("Won {share}").format(share=percent(won[-1])), charts.ON_PRIMARY),
        (won[-1], 1 - lost[-1], _("Still open {share}").format(share=percent(1 - won[-1] - lost[-1])), charts.INK),
        (1 - lost[-1], 1.0, _("Lost {share}").format(share=percent(lost[-1])), charts.INK),
    )
    labels = [
        {"day": last * 0.985, "y": (low + high) / 2, "word": word, "ink": ink}
        for low, high, word, ink in names
        if high - low > 0.08
    ]
    alt = _("{days} after opening, {won} of deals are won, {lost} lost and {open} still open.").format(
        days=n_days(last), won=percent(won[-1]), lost=percent(lost[-1]), open=percent(1 - won[-1] - lost[-1])
    )
    return charts.drawn(
        lambda width: charts.outcome_areas(rows, ticks=_shares(), days=_day_ticks(last), labels=labels),
        title=_("What has become of deals, by days since they were opened"),
        subtitle=_("Estimated shares (Aalen–Johansen); the three add up to 100% on every day."),
        alt_text=alt,
        table=outcome_table(facts, _told_days(last)),
    )


def _share(facts: Facts, outcome: str, day: float) -> float:
    of = facts.outcomes[facts.outcomes["outcome"] == outcome]
    return 0.0 if of.empty else value_at(of, day, "share")


def _last_day(facts: Facts) -> float:
    # Up to the age by which the last deals close; beyond it the curve is flat, or rests on a handful.
    ended = facts.dated.loc[facts.dated["ended"], "duration_days"]
    return max(1.0, float(ended.quantile(0.995, interpolation="higher")) if len(ended) else 1.0)


def told_days(facts: Facts) -> list[int]:
    """Round ages to tell shares at, up to the age by which the last deals close."""
    return _told_days(_last_day(facts))


def _told_days(last: float) -> list[int]:
    return [int(day) for day, _label in _day_ticks(last)[1:]] or [int(last)]


def _day_ticks(last: float) -> list[tuple[float, str]]:
    step = next(size for size in (5, 10, 15, 30, 60, 90, 180, 360, 720, 10_000) if last / size <= 6)
    days = [float(day) for day in range(0, int(last) + 1, step)]
    return [(day, n_days(day) if day == days[-1] and day else count(int(day))) for day in days]


def _month_ticks(facts: Facts, width: int) -> list[tuple[float, str]]:
    n = len(facts.months)
    wide = width >= charts.WIDE
    each = next(size for size in (1, 3, 6, 12) if n / size <= (12 if wide else 5)) if n > 1 else 1
    ticks: list[tuple[float, str]] = []
    year = None
    for at in range((n - 1) % each, n, each):
        month = facts.months["month"].iloc[at]
        ticks.append((float(at), month_name(month, year=month.year != year)))
        year = month.year
    return ticks


def _shares() -> list[tuple[float, str]]:
    return [(step / 4, percent(step / 4)) for step in range(5)]
