"""Files as people really send them."""

import contextlib
import gzip
import json
import tarfile

import pytest

from crmlib.base import InvalidInput, NotFound
from crmlib.exchange import read_table
from crmlib.exchange.reading.limits import MOST_BYTES


@pytest.fixture
def make_file(tmp_path):
    def make(content, name="file.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def values(path):
    return [row.values for row in read_table(path).rows]


WANTED = [{"name": "Łucja", "city": "Iași"}]


@pytest.mark.parametrize(
    "content",
    [
        "name,city\nŁucja,Iași\n",
        "name,city\r\nŁucja,Iași\r\n",
        "name;city\nŁucja;Iași",
        "name\tcity\nŁucja\tIași\n",
        "name|city\nŁucja|Iași\n",
        "\ufeffname,city\nŁucja,Iași\n",
        "sep=;\nname;city\nŁucja;Iași\n",
        "name,city\n\n  Łucja , Iași \n,\n",
        '"name","city"\n"Łucja","Iași"\n',
        "name,city\nŁucja,Iași\n".encode("utf-16"),
        "name,city\nŁucja,Iași\n".encode("utf-8-sig"),
        gzip.compress("name,city\nŁucja,Iași\n".encode()),
    ],
    ids=["lf", "crlf", "semicolon", "tab", "pipe", "bom", "sep", "blank lines", "quoted", "utf-16", "sig", "gzip"],
)
def test_one_table_in_many_clothes(make_file, content):
    assert values(make_file(content)) == WANTED


def test_what_is_no_unicode_is_read_as_a_spreadsheet_writes_it(make_file):
    table = read_table(make_file("name;city\nJürgen;Münster\n".encode("cp1252")))
    assert (table.rows[0].values["city"], table.encoding) == ("Münster", "cp1252")


def test_a_comma_inside_quotes_does_not_choose_the_delimiter(make_file):
    path = make_file('name;note\n"Popescu, Ana";"a, b, c, d"\n"Ionescu, Dan";"e, f"\n')
    assert values(path)[0] == {"name": "Popescu, Ana", "note": "a, b, c, d"}


def test_a_row_begins_on_the_line_that_an_editor_shows(make_file):
    table = read_table(make_file('name,note\nAna,"two\nlines"\n\nDan,one\n'))
    assert [row.line for row in table.rows] == [2, 5]
    assert table.rows[0].values["note"] == "two\nlines"


def test_a_row_of_another_width_is_set_aside_and_not_shifted(make_file):
    table = read_table(make_file("name,city\nAna,Cluj\nDan\nEva,Iași,Romania\n"))
    assert [row.values["name"] for row in table.rows] == ["Ana"]
    assert [(bad.line, bad.why) for bad in table.bad_rows] == [
        (3, "1 values, and the header names 2 columns"),
        (4, "3 values, and the header names 2 columns"),
    ]


def test_columns_without_a_name_get_one(make_file):
    assert read_table(make_file("name,,\nAna,x,\n")).columns == ("name", "column 2", "column 3")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "it is empty"),
        ("\n\n \n", "it is empty"),
        (b"PK\x03\x04\x00\x00\x00\x00", "damaged"),
        (bytes(range(256)) * 8, "it is no text; save it as CSV"),
        (gzip.compress(b"name\nAna\n")[:-9], "damaged"),
    ],
    ids=["empty", "blank lines", "a zip archive", "a program", "half a gzip"],
)
def test_a_file_without_a_table_says_why(make_file, content, says):
    with pytest.raises(InvalidInput, match=says):
        read_table(make_file(content))


def test_a_packed_file_larger_than_memory_should_hold_stops(make_file, monkeypatch):
    monkeypatch.setattr("crmlib.exchange.reading.limits.MOST_BYTES", 10_000)
    with pytest.raises(InvalidInput, match="unpacks to more"):
        read_table(make_file(gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)))
    assert MOST_BYTES >= 100_000_000


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        read_table(tmp_path / "nowhere.csv")


def test_the_csv_spectrum_is_read_as_its_authors_expect(real_data, tmp_path):
    with tarfile.open(real_data / "csv_spectrum.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    checked = 0
    for path in sorted(tmp_path.rglob("csvs/*.csv")):
        if path.stem == "location_coordinates":  # its authors changed the phone number on one side only
            continue
        expected = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_text("utf-8"))
        assert values(path) == expected, path.name
        checked += 1
    assert checked == 11


def test_messy_tables_are_read_or_refused_in_words(real_data, tmp_path):
    with tarfile.open(real_data / "messytables_visible.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    read = {}
    for path in sorted(tmp_path.rglob("*.*sv")):
        with contextlib.suppress(InvalidInput):  # any other error would be a mistake of ours
            read[path.name] = read_table(path)
    assert read["simple.ssv"].delimiter == ";"
    assert read["simple.psv"].columns[0] == "Year"
    assert read["example.tsv"].delimiter == "\t"
    assert read["spanish_chars.csv"].rows[0].values["GF"] == "Gobierno"
    assert "Descripción" in read["spanish_chars.csv"].columns
