"""Spreadsheets, and files that were built to do harm: each ends in a table or in a sentence, quickly."""

import gzip
import io
import os
import resource
import time
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
import xlsxwriter

from crmlib.base import CrmError, InvalidInput
from crmlib.exchange.reading import BadRow, open_table


@pytest.fixture
def make_file(tmp_path):
    def make(content, name="file.xlsx"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


@pytest.fixture
def make_book(tmp_path):
    def make(sheets):
        path = tmp_path / "book.xlsx"
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.save(path)
        return path

    return make


def test_cells_become_canonical_text(make_book):
    moment = datetime.fromisoformat("2024-01-05T14:30:00")
    row = ["Łucja", 12.0, 0.1, 12345678901234, True, date(2024, 1, 5), moment, None]
    table = open_table(make_book({"Data": [list("abcdefgh"), row]}))
    found = ["Łucja", "12", "0.1", "12345678901234", "TRUE", "2024-01-05", "2024-01-05 14:30:00", ""]
    assert list(table.records()) == [(2, found)]


def test_a_sheet_can_be_chosen_and_the_others_are_told(make_book):
    path = make_book({"Empty": [], "People": [["name"], ["Ana"]], "Firms": [["firm"], ["ACME"]]})
    assert open_table(path).sheet == "People"
    assert "Firms" in open_table(path).remarks[-1]
    assert open_table(path, sheet="Firms").columns == ("firm",)
    with pytest.raises(InvalidInput, match="People"):
        open_table(path, sheet="Nobody")


def test_titles_merged_cells_and_saved_results_of_formulas(tmp_path):
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:C1", "Report of March")
        sheet.write_row("A3", ["name", "n", "sum"])
        for row in range(3, 8):
            sheet.write_row(row, 0, ["Ana", row])
            sheet.write_formula(row, 2, f"=B{row + 1}*2", None, row * 2)
    table = open_table(path)
    assert (table.columns, table.header_line) == (("name", "n", "sum"), 3)
    assert next(iter(table.records())) == (4, ["Ana", "3", "6"])


def test_names_of_files_are_not_believed(make_file, make_book):
    assert open_table(make_file("name;city\nAna;Cluj\n", "a.xlsx")).format == "csv"
    book = make_book({"Data": [["name"], ["Ana"]]}).read_bytes()
    assert open_table(make_file(book, "b.csv")).format == "xlsx"
    assert open_table(make_file(gzip.compress(book, mtime=0), "c.csv")).format == "xlsx"
    assert open_table(make_file("BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nEND:VCARD\n", "d.csv")).format == "vcard"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<html><table><tr><td>a</td></tr></table></html>", "web page"),
        ("<?xml version='1.0'?><Workbook/>", "web page or XML"),
        ("%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged spreadsheet"),
        (b"\0" * 5000, "no text"),
        (gzip.compress(gzip.compress(b"a,b\n", mtime=0), mtime=0), "archive in an archive"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(make_file, content, says):
    with pytest.raises(InvalidInput, match=says):
        open_table(make_file(content, "contacts.xls"))


def test_a_folder_and_a_device_are_no_files(tmp_path):
    for path in (tmp_path, "/dev/zero"):
        with pytest.raises(CrmError, match="no file|is a folder"):
            open_table(path)


def test_a_truncated_spreadsheet_is_refused_wherever_it_breaks(make_book, make_file):
    whole = make_book({"Data": [["name", "n"], *([f"Name {n}", n] for n in range(200))]}).read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        with pytest.raises(InvalidInput, match="damaged"):
            open_table(make_file(whole[: int(len(whole) * share)], "cut.xlsx"))


def refused_quickly(path, says, seconds=6.0, **told):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    with pytest.raises(InvalidInput, match=says):
        for _record in open_table(path, **told).records():
            pass
    assert time.monotonic() - begun < seconds
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def parts(make_book):
    with zipfile.ZipFile(make_book({"Data": [["name"], ["Ana"]]})) as book:
        return {name: book.read(name) for name in book.namelist()}


def packed(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in members.items():
            book.writestr(name, content)
    return stream.getvalue()


def test_one_cell_at_the_far_corner_is_refused(tmp_path):
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write("A1", "name")
        sheet.write("XFD1048576", "x")
    refused_quickly(path, "more memory")


def test_a_spreadsheet_that_unpacks_to_a_gigabyte_is_refused(make_book, make_file):
    members = parts(make_book) | {"xl/media/a.bin": b"\0" * 410_000_000}
    refused_quickly(make_file(packed(members)), "unpacks to more")


def test_a_sheet_that_lies_about_its_size_is_stopped_by_the_child(make_book, make_file):
    members = parts(make_book)
    row = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>' + b"x" * 30_000 + b"</t></is></c></row>"
    rows = b"".join(row % (n, n) for n in range(1, 3_000))
    members["xl/worksheets/sheet1.xml"] = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + rows
        + b"</sheetData></worksheet>"
    )
    data = bytearray(packed(members))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as book:
        size = book.getinfo("xl/worksheets/sheet1.xml").file_size
    lied = bytes(data).replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    refused_quickly(make_file(lied), "damaged|more")


@pytest.mark.parametrize(
    "entities",
    [
        '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)),
        '<!ENTITY a11 SYSTEM "file:///etc/passwd">',
    ],
    ids=["billion laughs", "external"],
)
def test_entities_are_never_expanded(make_book, make_file, entities):
    members = parts(make_book)
    sheet = members["xl/worksheets/sheet1.xml"].decode()
    body = sheet[sheet.index("<worksheet") :].replace("<v>0</v>", "<v>&a11;</v>").replace(">Ana<", ">&a11;<")
    members["xl/worksheets/sheet1.xml"] = f"<!DOCTYPE x [{entities}]>{body}"
    assert "&a11;" in body
    begun = time.monotonic()
    try:
        read = str(list(open_table(make_file(packed(members))).records()))
    except InvalidInput:
        read = ""
    assert "root:" not in read
    assert "haha" not in read
    assert time.monotonic() - begun < 6


def test_archives_of_many_files_and_archives_in_archives_are_refused(make_file):
    refused_quickly(make_file(packed({f"{n}.csv": "a" for n in range(1_001)})), "more than 1000 files")
    refused_quickly(make_file(packed({"a.csv": "a", "b.csv": "b"})), "2 files")
    refused_quickly(make_file(packed({"a.zip": packed({"b.zip": packed({"c.csv": "a"})})})), "archive in an archive")
    refused_quickly(make_file(packed({"word/document.xml": "a", "[Content_Types].xml": "a"})), "no spreadsheet")


def test_a_text_that_unpacks_to_far_more_than_itself_is_stopped(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as stream:
        for _n in range(120):
            stream.write(b"a,b\n" * 250_000)
    refused_quickly(path, "times its size|more than", seconds=10)


def test_a_line_of_a_gigabyte_is_refused(tmp_path):
    for begin in (b"", b"a,b\n1,2\n", b'a,b\n1,"'):
        path = tmp_path / "line.csv"
        path.write_bytes(begin)
        os.truncate(path, 1_000_000_000)
        refused_quickly(path, "longer than|no text")


def test_too_many_columns_are_refused(make_file):
    row = ",".join(f"c{n}" for n in range(100_000))
    refused_quickly(make_file(f"{row}\n{row}\n"), "more than 2000 columns")


def test_endless_quotation_marks_end(make_file):
    for text in ('"' * 3_000_000, 'a,b\n"' + '""' * 1_500_000, 'a,b\n1,"x\n' + '"\n' * 300_000):
        begun = time.monotonic()
        try:
            rows = list(open_table(make_file(text, "q.csv")).records())
        except InvalidInput:
            rows = []
        assert all(isinstance(row, BadRow | tuple) for row in rows)
        assert time.monotonic() - begun < 6
