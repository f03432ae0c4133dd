"""A report as one HTML file: opens offline, by day and by night, on a phone and on paper.

Nothing is fetched: fonts are embedded and charts are inline SVG. Every text goes through `escape`, every picture
through `clean_svg`; there is no script.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path

from crmlib.i18n import current_locale
from crmlib.i18n import gettext as _
from crmlib.reporting.blocks import (
    Actions,
    Block,
    Cell,
    Chart,
    Cover,
    Figures,
    Heading,
    Interval,
    Note,
    Prose,
    Table,
    Terms,
)
from crmlib.reporting.document import Document
from crmlib.reporting.svg import FONTS, clean_svg, with_own_ids

_ASSETS = Path(__file__).parent / "assets"
_FONTS = (
    ("Inter", 400, "Inter-Regular"),
    ("Inter", 500, "Inter-Medium"),
    ("Inter", 600, "Inter-SemiBold"),
    ("Source Serif 4", 400, "SourceSerif4-Regular"),
    ("Source Serif 4", 600, "SourceSerif4-SemiBold"),
)


def to_html(document: Document) -> str:
    """The whole report as a page of its own."""
    evidence = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in document.evidence
    )
    locale = current_locale()
    return f"""<!doctype html>
<html lang="{escape(str(locale).replace("_", "-"))}" dir="{escape(locale.text_direction)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; font-src data:">
<title>{escape(document.title)}</title>
<style>
{_font_faces()}{_asset("report.css")}</style>
</head>
<body class="crm-page">
<article class="crm-report">
<header class="crm-running"><span>{escape(document.organization)}</span><span>{escape(document.subject)}</span></header>
{_all(document.blocks)}
<section class="crm-evidence">
<h2>{escape(_("Evidence"))}</h2>
<p class="crm-note">{escape(document.promise)}</p>
<dl>{evidence}</dl>
</section>
<footer class="crm-running"><span>{escape(document.imprint)}</span><span>{escape(document.made)}</span></footer>
</article>
</body>
</html>
"""


def fragment(blocks: Iterable[Block]) -> str:
    """The blocks as Jupyter shows them under their cell."""
    return f'<style>{_asset("report.css")}</style><div class="crm-report crm-cell">{_all(blocks)}</div>'


def _all(blocks: Iterable[Block]) -> str:
    return "\n".join(_block(block, number) for number, block in enumerate(blocks))


def _block(block: Block, number: int) -> str:
    match block:
        case Cover():
            return f'<h1>{escape(block.title)}</h1>\n<p class="crm-lead">{escape(block.lead)}</p>'
        case Heading():
            return f"<h2>{escape(block.text)}</h2>"
        case Prose():
            return f"<p>{escape(block.text)}</p>"
        case Note():
            return f'<p class="crm-note">{escape(block.text)}</p>'
        case Figures():
            items = "".join(
                f"<div><dt>{escape(item.name)}</dt><dd><strong>{escape(item.text)}</strong>"
                f"<span>{escape(item.definition)}</span></dd></div>"
                for item in block.items
            )
            return f'<dl class="crm-figures crm-of-{len(block.items)}">{items}</dl>'
        case Actions():
            items = "".join(f"<li><strong>{escape(item.do)}</strong> {escape(item.why)}</li>" for item in block.items)
            return f'<section class="crm-actions"><h2>{escape(block.title)}</h2><ol>{items}</ol></section>'
        case Terms():
            items = "".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in block.items)
            return f'<dl class="crm-terms">{items}</dl>'
        case Table():
            return _table(block)
        case Chart():
            return _chart(block, number)
        case _:
            raise TypeError(f"no way to show {type(block).__name__}")


def _chart(chart: Chart, number: int) -> str:
    pictures = "".join(
        f'<div class="crm-{name}">{with_own_ids(clean_svg(svg), f"c{number}{name}-")}</div>'
        for name, svg in (("wide", chart.wide), ("narrow", chart.narrow))
    )
    return (
        f"<figure><figcaption><strong>{escape(chart.title)}</strong><span>{escape(chart.subtitle)}</span></figcaption>"
        f'<div class="crm-chart" role="img" aria-label="{escape(chart.alt)}">{pictures}</div>'
        f"<details><summary>{escape(_('Table'))}</summary>{_table(chart.table)}</details></figure>"
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col"{_classes(table, at)}>{escape(c.label)}</th>' for at, c in enumerate(table.columns))
    body = "".join(f"<tr>{_cells(table, row)}</tr>" for row in table.rows)
    foot = f"<tfoot><tr>{_cells(table, table.total)}</tr></tfoot>" if table.total else ""
    caption = f"<caption>{escape(table.title)}</caption>" if table.title else ""
    dropped = [column.label for column in table.columns if column.droppable]
    small = _("On a narrow screen this table leaves out: {columns}.").format(columns=", ".join(dropped))
    notes = f'<p class="crm-note">{escape(table.note)}</p>' if table.note else ""
    notes += f'<p class="crm-note crm-narrow-only">{escape(small)}</p>' if dropped else ""
    return (
        f'<div class="crm-table"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{foot}</table>{notes}</div>"
    )


def _cells(table: Table, cells: Sequence[Cell]) -> str:
    return "".join(
        f'<th scope="row"{_classes(table, at)}>{_cell(cell)}</th>'
        if at == 0
        else f"<td{_classes(table, at)}>{_cell(cell)}</td>"
        for at, cell in enumerate(cells)
    )


def _classes(table: Table, at: int) -> str:
    column = table.columns[at]
    names = [name for name, holds in (("crm-end", column.align == "end"), ("crm-drop", column.droppable)) if holds]
    return f' class="{" ".join(names)}"' if names else ""


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    return f'<span class="crm-interval">{_interval(cell)}<span>{escape(cell.text)}</span></span>'


def _interval(cell: Interval) -> str:
    low, mark, high = (round(72 * min(max(float(share), 0), 1), 1) for share in (cell.low, cell.mark, cell.high))
    width = max(1.0, round(high - low, 1))
    return (
        '<svg viewBox="0 0 72 12" width="72" height="12" aria-hidden="true">'
        '<rect x="0" y="5" width="72" height="2" rx="1" fill="#E6E4DE"/>'
        f'<rect x="{low}" y="2" width="{width}" height="8" rx="2" fill="#3451B2" opacity="0.42"/>'
        f'<rect x="{max(0.0, mark - 1.25)}" y="0" width="2.5" height="12" rx="1" fill="#3451B2"/></svg>'
    )


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


@cache
def _font_faces() -> str:
    faces = []
    for family, weight, name in _FONTS:
        data = b64encode((FONTS / f"{name}.woff2").read_bytes()).decode("ascii")
        faces.append(
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-display:swap;'
            f"src:url(data:font/woff2;base64,{data}) format('woff2')}}\n"
        )
    return "".join(faces)
