"""A report as PDF: set by Typst in this process, with our fonts, without a browser.

The text of the report reaches the typesetter as JSON data and is never part of its source, so `#raw`, `$` or `*` in a
name stay what they are. The file is tagged (PDF/UA-1): a screen reader gets headings, tables and the words behind
each chart.
"""

import json
from datetime import datetime
from pathlib import Path

from crmlib.i18n import current_locale
from crmlib.i18n import gettext as _
from crmlib.reporting.document import Document
from crmlib.reporting.svg import FONTS, clean_svg

_TEMPLATE = Path(__file__).parent / "assets" / "report.typ"


def to_pdf(document: Document, *, made_at: datetime) -> bytes:
    """The whole report, A4, evidence and page number at the foot of each page.

    `made_at` becomes the file's creation date; the same document and moment give the same bytes.
    """
    import typst

    pdf: object = typst.compile(  # type: ignore[call-overload]  # its stubs know bytes only as a path
        _TEMPLATE.read_bytes(),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"story": json.dumps(_story(document), ensure_ascii=False)},
        pdf_standards="ua-1",
        timestamp=made_at,
    )
    if not isinstance(pdf, bytes):
        raise TypeError("typst returned no document")
    return pdf


def _story(document: Document) -> dict[str, object]:
    blocks = []
    for block in document.blocks:
        data = block.to_json()
        if data["kind"] == "chart":
            data["wide"] = clean_svg(data["wide"])
        blocks.append(data)
    return {
        "lang": current_locale().language,
        "title": document.title,
        "organization": document.organization,
        "subject": document.subject,
        "imprint": document.imprint,
        "page": _("Page {page} of {pages}"),
        "blocks": blocks,
        "evidence_head": _("Evidence"),
        "promise": document.promise,
        "evidence": [list(row) for row in document.evidence],
    }
