"""The charts of reports: one theme, a few makers, each drawn at a page's and at a phone's width.

A maker takes rows and returns an Altair chart of a given width; `drawn` turns it into the two pictures of a `Chart`
block. Labels arrive worded and formatted, so that a chart speaks the reader's language; axes only look them up.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from crmlib.reporting.blocks import Chart, Table
from crmlib.reporting.quick import import_jsonschema_quickly
from crmlib.reporting.svg import draw

import_jsonschema_quickly()
import altair as alt  # noqa: E402

WIDE, NARROW = 556, 358

INK, INK_2, LINE, LINE_STRONG = "#1D1C1A", "#55534E", "#E6E4DE", "#D3D0C8"
PRIMARY, ON_PRIMARY, TINT, GREY = "#3451B2", "#FFFFFF", "#C9D1F0", "#B9B5AC"
CATEGORIES = ["#3451B2", "#CC8316", "#1FA86B", "#B085B3", "#60083E", "#4A4211"]

Rows = Sequence[dict[str, Any]]
Tick = tuple[float, str]
# Altair types layers as either; ours are never facets.
Drawing = alt.LayerChart | alt.FacetChart


def theme() -> alt.Config:
    """The look of every chart, in the light colours that the page's dark theme swaps for its own."""
    label: dict[str, Any] = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 500, "labelColor": INK_2}
    axis: dict[str, Any] = {
        **label,
        "titleColor": INK_2,
        "gridColor": LINE,
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
    }
    line: dict[str, Any] = {"domain": True, "domainColor": LINE_STRONG, "tickColor": LINE_STRONG, "tickSize": 4}
    return alt.Config(
        background="transparent",
        font="Inter",
        view=alt.ViewConfig(stroke=None),
        range=alt.RangeConfig(category=CATEGORIES),
        axis=alt.AxisConfig(**axis),
        axisX=alt.AxisConfig(grid=False, ticks=True, **line),
        line=alt.LineConfig(strokeWidth=2, color=INK),
        bar=alt.BarConfig(cornerRadiusEnd=2),
        text=alt.MarkConfig(fontSize=12, color=INK),
        title=alt.TitleConfig(anchor="start", fontSize=14, fontWeight=600, subtitleFontSize=12, subtitleColor=INK_2),
    )


def drawn(make: Callable[[int], Drawing], *, title: str, subtitle: str, alt_text: str, table: Table) -> Chart:
    """The chart that `make(width)` gives, as a block with both pictures, its words and its rows."""
    wide, narrow = (draw(_finished(make(width), width)) for width in (WIDE, NARROW))
    return Chart(title, subtitle, alt_text, wide, narrow, table)


def line_by_month(rows: Rows, *, ticks: Sequence[Tick], months: Sequence[Tick], height: int = 160) -> Drawing:
    """What happened, as an ink line: rows of `at` (0, 1, 2 …), `value`, `whole`, `label` (empty: none).

    A month that is not whole is a hollow point that the line does not reach.
    """
    x = alt.X("at:Q", axis=_axis(months), scale=alt.Scale(nice=False, padding=6), title=None)
    y = alt.Y("value:Q", axis=_axis(ticks), scale=alt.Scale(domain=[0, ticks[-1][0]]), title=None)
    data = _data(rows)
    base = alt.Chart(data).encode(x=x, y=y)
    whole = base.transform_filter("datum.whole")
    hollow = base.transform_filter("!datum.whole").mark_point(stroke=INK, filled=False, size=50, strokeWidth=1.5)
    points = whole.transform_filter("datum.label != ''").mark_circle(color=INK, size=50, opacity=1)
    labels = base.transform_filter("datum.label != ''").encode(text="label:N")
    # The last label would be cut at the edge if it were centred.
    inner = labels.transform_filter(f"datum.at < {len(rows) - 1}").mark_text(dy=-13, fontWeight=500)
    last = labels.transform_filter(f"datum.at == {len(rows) - 1}").mark_text(dy=-13, fontWeight=500, align="right")
    return alt.layer(whole.mark_line(), hollow, points, inner, last).properties(height=height)


def rates_by_month(
    rows: Rows, *, ticks: Sequence[Tick], months: Sequence[Tick], overall: float, last: int, height: int = 160
) -> Drawing:
    """Rates with their intervals: rows of `at` (0 to `last`), `rate`, `low`, `high`, `label`.

    A dashed line stands at `overall`, the rate of all together.
    """
    x_scale = alt.Scale(domain=[0, last], nice=False, padding=14)
    x = alt.X("at:Q", axis=_axis(months), scale=x_scale, title=None)
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(_data(rows)).encode(x=x)
    bands = base.mark_bar(color=PRIMARY, opacity=0.26, width=7, cornerRadius=2).encode(
        y=alt.Y("low:Q", axis=_axis(ticks), scale=scale, title=None), y2="high:Q"
    )
    marks = base.mark_tick(color=PRIMARY, thickness=2.5, width=15, orient="horizontal", opacity=1).encode(y="rate:Q")
    # Away from the dashed line, so that it crosses no number.
    above = base.transform_filter(f"datum.rate >= {overall}").mark_text(dy=-7, baseline="bottom")
    below = base.transform_filter(f"datum.rate < {overall}").mark_text(dy=7, baseline="top")
    line = alt.Chart(_data([{"y": overall}]))
    rule = line.mark_rule(color=INK_2, strokeDash=[3, 3], strokeWidth=1).encode(y="y:Q")
    labels = (above.encode(y="high:Q", text="label:N"), below.encode(y="low:Q", text="label:N"))
    return alt.layer(rule, bands, marks, *labels).properties(height=height)


def stage_bars(rows: Rows, *, heads: tuple[str, str, str, str], width: int) -> Drawing:
    """What became of those who entered each stage: rows of `stage`, counts `moved`, `open`, `lost`, `share`, `rest`.

    One bar of equal length a stage, so that shares can be compared; the counts stand on it. On a page `share` and
    `rest` (its interval and the median time) are written beside the bar.
    """
    beside = width >= WIDE
    segments, header = _segments(rows, heads)
    bars_end = 1.0
    scale = alt.Scale(domain=[0, 1.72 if beside else bars_end], nice=False, zero=True)
    order = [row["stage"] for row in rows]
    y = alt.Y(
        "stage:N",
        sort=order,
        scale=alt.Scale(paddingInner=0.48, paddingOuter=0.1),
        axis=alt.Axis(
            labelFontWeight=500, labelColor=INK, labelPadding=8, labelLimit=150 if beside else 96, title=None
        ),
    )
    base = alt.Chart(_data(segments)).encode(y=y)
    bars = base.mark_bar(cornerRadiusEnd=0, stroke=None).encode(
        x=alt.X("from:Q", scale=scale, axis=None),
        x2="to:Q",
        color=alt.Color("fill:N", scale=None),
    )
    counts = (
        base.transform_filter("datum.fits")
        .mark_text()
        .encode(x=alt.X("middle:Q", scale=scale), text="count:N", color=alt.Color("ink:N", scale=None))
    )
    words = (
        alt.Chart(_data(header))
        .mark_text(align="left", color=INK_2, fontWeight=500, baseline="bottom")
        .encode(x=alt.X("x:Q", scale=scale), y=alt.value(-6), text="word:N")
    )
    right = words.transform_filter("datum.end").mark_text(align="right", color=INK_2, fontWeight=500, baseline="bottom")
    layers: list[alt.Chart] = [bars, counts, words.transform_filter("!datum.end && !datum.beside"), right]
    if beside:
        notes = alt.Chart(_data(rows)).encode(y=y)
        layers += [
            words.transform_filter("datum.beside"),
            notes.mark_text(align="left", fontWeight=600, fontSize=13).encode(x=_at(1.035, scale), text="share:N"),
            notes.mark_text(align="left", color=INK_2).encode(x=_at(1.16, scale), text="rest:N"),
        ]
    return alt.layer(*layers).properties(height=max(40, 36 * len(rows)))


def open_curve(rows: Rows, *, ticks: Sequence[Tick], days: Sequence[Tick], marks: Rows, height: int = 170) -> Drawing:
    """A survival curve, an estimate: rows of `day`, `survival`, `low`, `high`; `marks` of `day`, `y`, `label`."""
    x = alt.X("day:Q", axis=_axis(days), scale=alt.Scale(nice=False, zero=True), title=None)
    y_scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(_data(rows)).encode(x=x)
    band = base.mark_area(interpolate="step-after", color=PRIMARY, opacity=0.18).encode(
        y=alt.Y("low:Q", scale=y_scale, axis=_axis(ticks), title=None), y2="high:Q"
    )
    line = base.mark_line(interpolate="step-after", color=PRIMARY, strokeDash=[5, 3]).encode(y="survival:Q")
    noted = alt.Chart(_data(marks)).encode(x="day:Q", y="y:Q")
    dots = noted.mark_circle(color=PRIMARY, size=50, opacity=1)
    labels = noted.mark_text(align="left", dx=8, dy=-9, fontWeight=500).encode(text="label:N")
    return alt.layer(band, line, dots, labels).properties(height=height)


def outcome_areas(
    rows: Rows, *, ticks: Sequence[Tick], days: Sequence[Tick], labels: Rows, height: int = 160
) -> Drawing:
    """Shares that add up to one by day: rows of `day`, `from`, `to`, `fill`; `labels` of `day`, `y`, `word`, `ink`."""
    x = alt.X("day:Q", axis=_axis(days), scale=alt.Scale(nice=False, zero=True), title=None)
    scale = alt.Scale(domain=[0, 1])
    areas = (
        alt.Chart(_data(rows))
        .mark_area(interpolate="step-after", opacity=1)
        .encode(
            x=x,
            y=alt.Y("from:Q", scale=scale, axis=_axis(ticks), title=None),
            y2="to:Q",
            color=alt.Color("fill:N", scale=None),
        )
    )
    words = (
        alt.Chart(_data(labels))
        .mark_text(align="right", fontWeight=500)
        .encode(x="day:Q", y="y:Q", text="word:N", color=alt.Color("ink:N", scale=None))
    )
    return alt.layer(areas, words).properties(height=height)


def nice_ticks(most: float, about: int = 4) -> list[float]:
    """Round values from 0 to at least `most`, about so many steps apart."""
    if most <= 0:
        return [0.0, 1.0]
    raw = most / about
    power = 10.0 ** (len(str(int(raw))) - 1) if raw >= 1 else 10.0 ** -len(str(int(1 / raw)))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    n = int(-(-most // step))
    return [step * i for i in range(n + 1)]


def _segments(rows: Rows, heads: tuple[str, str, str, str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    segments, header = [], []
    colours = (("moved", PRIMARY, ON_PRIMARY), ("open", TINT, INK), ("lost", GREY, INK))
    for row in rows:
        total, start = row["moved"] + row["open"] + row["lost"], 0.0
        for key, fill, ink in colours:
            share = row[key] / total
            end = start + share
            segments.append(
                {
                    "stage": row["stage"],
                    "from": start,
                    "to": max(start, end - (0.006 if end < 0.999 and share > 0.01 else 0)),
                    "middle": (start + end) / 2,
                    "fits": share >= 0.09,
                    "count": row["words"][key],
                    "fill": fill,
                    "ink": ink,
                }
            )
            start = end
    header = [
        {"x": 0.0, "word": heads[0], "end": False, "beside": False},
        {"x": 0.72, "word": heads[1], "end": True, "beside": False},
        {"x": 1.0, "word": heads[2], "end": True, "beside": False},
        {"x": 1.035, "word": heads[3], "end": False, "beside": True},
    ]
    return segments, header


def _finished(chart: Drawing, width: int) -> dict[str, Any]:
    fitted = chart.properties(width=width, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    spec: dict[str, Any] = fitted.configure(**theme().to_dict()).to_dict(validate=False)
    return spec


def _axis(ticks: Sequence[Tick]) -> alt.Axis:
    labels = {_key(value): label for value, label in ticks}
    return alt.Axis(
        values=[value for value, _label in ticks],
        labelExpr=f"{json.dumps(labels)}[format(datum.value, '.6~f')]",
        tickCount=len(ticks),  # Vega thins out even the values it is given
        labelOverlap=False,
        labelFlush=False,
    )


def _key(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _data(rows: Rows) -> alt.InlineData:
    return alt.InlineData(values=list(rows))


def _at(x: float, scale: alt.Scale) -> alt.XDatum:
    return alt.XDatum(x, scale=scale)
