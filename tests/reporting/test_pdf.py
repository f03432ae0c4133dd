import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from crmlib.reporting.pdf import to_pdf

MADE = datetime(2026, 7, 1, 9, tzinfo=UTC)


def text_of(pdf: bytes, tmp_path) -> str:
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("reads the text of the PDF with pdftotext (poppler-utils), which is not installed")
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    return subprocess.run([tool, "-layout", str(path), "-"], check=True, capture_output=True, text=True).stdout


def test_the_pdf_is_tagged_titled_and_embeds_its_fonts(document):
    pdf = to_pdf(document, made_at=MADE)
    assert pdf.startswith(b"%PDF-1.7")
    assert b"/MarkInfo" in pdf
    assert b"/StructTreeRoot" in pdf
    assert re.search(rb"/FontName\s*/\w+\+SourceSerif4", pdf) or b"Source" in pdf


def test_the_same_document_and_moment_give_the_same_bytes(document):
    assert to_pdf(document, made_at=MADE) == to_pdf(document, made_at=MADE)


def test_names_stay_names_and_text_can_be_selected(document, tmp_path):
    text = " ".join(text_of(to_pdf(document, made_at=MADE), tmp_path).split())
    assert '<img src=x onerror="alert(1)">' in text
    assert '#raw("x") $x^2$ *bold*' in text
    assert "Ștefan" in text
    for words in ("€1,200", "67%, 54 to 77%", "Label in the chart", "Data version 7", "Page 1 of 2"):
        assert words in text
