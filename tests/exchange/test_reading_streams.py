"""Tables as streams: flat memory, any dialect and encoding, and real files of all kinds."""

import csv
import gzip
import io
import json
import tarfile
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmlib.base import InvalidInput
from crmlib.exchange.reading import BLANKS, BadRow, open_table


@pytest.fixture
def make_file(tmp_path):
    def make(content, name="file.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def good(table):
    return [row.values for row in table.rows() if not isinstance(row, BadRow)]


def bad(table):
    return [row for row in table.rows() if isinstance(row, BadRow)]


# --- streams ----------------------------------------------------------------------------------------


def test_rows_can_be_read_again_and_again(make_file):
    table = open_table(make_file("name,city\nAna,Cluj\nDan\n"))
    assert list(table.rows()) == list(table.rows())
    assert (table.index, table.format) == ({"name": 0, "city": 1}, "csv")
    assert next(iter(table.records())) == (2, ["Ana", "Cluj"])


@pytest.mark.slow
def test_memory_stays_flat_in_the_length_of_the_file(tmp_path):
    peaks = []
    for n in (20_000, 400_000):
        path = tmp_path / f"{n}.csv"
        with path.open("w") as stream:
            stream.write("id,name,note\n")
            stream.writelines(f'{i},"Name {i}","a note, with a comma {i}"\n' for i in range(n))
        tracemalloc.start()
        table = open_table(path)
        count = sum(1 for _row in table.records())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == n
    assert peaks[1] < peaks[0] * 1.5 + 1_000_000


def test_online_retail_is_read_whole_and_quickly(real_data, tmp_path):
    path = tmp_path / "retail.csv"
    with gzip.open(real_data / "uci_online_retail" / "OnlineRetail.csv.gz") as packed:
        path.write_bytes(packed.read())
    table = open_table(path)
    begun = time.process_time()
    customers = table.index["CustomerID"]
    n = without = 0
    for _line, values in table.records():
        n += 1
        without += not values[customers]
    took = time.process_time() - begun
    assert (n, without) == (541_909, 135_080)
    # 400,000 rows a second on the machine this was written on; here only that nothing became slower by an order.
    assert n / took > 100_000


# --- bad rows ---------------------------------------------------------------------------------------


def test_a_row_of_another_width_is_told_as_it_stands(make_file):
    table = open_table(make_file('a,b\n1,2\n"x, y",2,3\n4,5,\n'))
    assert [(row.line, row.raw) for row in bad(table)] == [(3, '"x, y",2,3')]
    assert good(table) == [{"a": "1", "b": "2"}, {"a": "4", "b": "5"}]


def test_a_quotation_mark_that_is_never_closed_swallows_nothing(make_file):
    rest = "".join(f"{n},ok\n" for n in range(1000))
    table = open_table(make_file('id,name\n1,fine\n2,"oops\n' + rest))
    assert [(row.line, row.raw) for row in bad(table)] == [(3, '2,"oops')]
    assert "never closed" in bad(table)[0].why
    assert len(good(table)) == 1001
    assert [row.line for row in table.rows()][:4] == [2, 3, 4, 5]


def test_an_open_quotation_mark_in_a_huge_file_is_told_and_read_past(make_file, monkeypatch):
    monkeypatch.setattr("crmlib.exchange.reading.limits.MOST_CHARACTERS", 2_000_000)
    table = open_table(make_file('a,b\n1,"open\n' + "2,closed\n" * 400_000))
    rows = list(table.records())
    assert isinstance(rows[0], BadRow)
    assert (rows[0].line, len(rows)) == (2, 400_001)


def test_bytes_that_are_no_text_spoil_their_row_only(make_file):
    names = "".join(f"{n},Łódź\n" for n in range(500)).encode()
    table = open_table(make_file(b"id,name\n1,Ana\n" + names + b"2,J\xfcrgen\n3,nul\x00nul\n4,Eva\n"))
    assert table.encoding == "utf-8"
    assert len(bad(table)) == 2
    assert good(table)[-1] == {"id": "4", "name": "Eva"}


def test_columns_of_one_name_are_numbered_and_told(make_file):
    table = open_table(make_file("name,name,,name (2)\nA,B,C,D\n"))
    assert table.columns == ("name", "name (3)", "column 3", "name (2)")
    assert "several columns" in table.remarks[0]


# --- shapes -----------------------------------------------------------------------------------------


def test_titles_above_the_header_are_found_and_told(make_file):
    text = "Report of March\nprinted by Ana\n\nname,city,amount\n" + "Ana,Cluj,5\n" * 5
    table = open_table(make_file(text))
    assert (table.columns, table.header_line, len(good(table))) == (("name", "city", "amount"), 4, 5)
    assert "line 4" in table.remarks[0]
    assert open_table(make_file(text), header_line=4).remarks == ()


def test_a_file_without_a_header_is_read_with_names_given(make_file):
    path = make_file("Ana,1\nDan,2\n")
    assert good(open_table(path, columns=["name", "n"])) == [{"name": "Ana", "n": "1"}, {"name": "Dan", "n": "2"}]
    assert open_table(path, header_line=0).columns == ("column 1", "column 2")
    assert "looks like data" in open_table(make_file("1,2\n3,4\n")).remarks[0]


def test_json_lines_and_arrays_are_tables(make_file):
    rows = [
        {"name": "Ana", "at": {"city": "Cluj"}, "tags": ["a", "b"], "n": 12345678901234567890, "x": 1.1},
        {"ok": True},
    ]
    lines = make_file("\n".join(map(json.dumps, rows)) + "\n{oops\n[1]\n", "a.csv")
    table = open_table(lines)
    assert (table.format, table.columns) == ("json", ("name", "at.city", "tags", "n", "x", "ok"))
    assert good(table)[0] == {
        "name": "Ana", "at.city": "Cluj", "tags": "a; b", "n": "12345678901234567890", "x": "1.1", "ok": "",
    }  # fmt: skip
    assert [row.line for row in bad(table)] == [3, 4]
    assert good(open_table(make_file(json.dumps(rows, indent=1))))[1]["ok"] == "true"
    assert good(open_table(make_file(json.dumps({"total": 2, "results": rows}, indent=1))))[0]["name"] == "Ana"


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_a_file_in_an_archive_is_read(tmp_path, name):
    path = tmp_path / "file.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(name, "name\nAna\n")
        packed.writestr("__MACOSX/._a", "x")
    assert good(open_table(path)) == [{"name": "Ana"}]


# --- any text, any dialect --------------------------------------------------------------------------

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TABLES = st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=8))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    TABLES,
    st.sampled_from([",", ";", "\t", "|", "^", " "]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "gb18030"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_any_table_comes_back_equal(tmp_path, rows, delimiter, encoding, end, quoting):
    columns = [f"field {n}" for n in range(len(rows[0]))]
    stream = io.StringIO(newline="")
    if any("\r" in value or "\n" in value for row in rows for value in row):
        quoting = csv.QUOTE_ALL  # Python 3.11 leaves a lone line break bare where it is not the line's end
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([columns, *rows])
    path = tmp_path / "any.csv"
    path.write_bytes(stream.getvalue().encode(encoding))
    table = open_table(path, encoding=encoding, delimiter=delimiter, header_line=1)
    # A line of blanks may be left out: it says nothing.
    told = [values for _line, values in table.records()]
    assert [row for row in told if "".join(row).strip()] == [row for row in rows if "".join(row).strip()]


PEOPLE = {
    "cp1252": ["Jürgen", "Hélène", "Muñoz", "Straße", "João"],
    "cp1250": ["Łukasz", "Żaneta", "Jiří", "Świętochłowice", "Győző"],
    "iso8859_2": ["Łukasz", "Żaneta", "Grażyna", "Świętochłowice", "Gdańsk"],
    "cp1251": ["Иван", "Ольга", "Москва", "Санкт-Петербург"],
    "gb18030": ["王伟", "北京市", "上海市", "张敏广州"],
    "cp932": ["山田太郎", "東京都", "佐藤花子", "ナゴヤ市"],
    "utf-16-le": ["Ana", "Łucja", "Dan"],
    "utf-16-be": ["Ana", "Łucja", "Dan"],
    "utf-32-le": ["Ana", "Łucja", "Dan"],
    "utf-16": ["王伟", "北京市"],
}


@pytest.mark.parametrize("encoding", PEOPLE)
def test_the_encoding_is_found_from_the_text(make_file, encoding):
    text = "id,name\n" + "".join(f"{n},{name}\n" for n, name in enumerate(PEOPLE[encoding] * 3))
    table = open_table(make_file(text.encode(encoding)))
    assert [row["name"] for row in good(table)] == PEOPLE[encoding] * 3
    assert bool(table.remarks) == (encoding != "utf-16")


# --- real files -------------------------------------------------------------------------------------


def test_naughty_strings_come_back_exactly(real_data, tmp_path):
    with gzip.open(real_data / "blns" / "blns.json.gz", "rt", encoding="utf-8") as stream:
        strings = json.load(stream)
    path = tmp_path / "naughty.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["n", "text"], *([str(n), text] for n, text in enumerate(strings))])
    read = {row.values["n"]: row.values["text"] for row in open_table(path).rows() if not isinstance(row, BadRow)}
    refused = {n for n, text in enumerate(strings) if "\0" in text}
    assert read == {str(n): text for n, text in enumerate(strings) if n not in refused}
    assert len(strings) >= 500


def test_messy_tables_of_all_formats(real_data, tmp_path):
    with tarfile.open(real_data / "messytables_visible.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    found, refused = {}, set()
    for path in tmp_path.rglob("messytables_horror/*.*"):
        try:
            found[path.name] = open_table(path)
        except InvalidInput:
            refused.add(path.name)
    assert refused == {"simple.unknown", "libreoffice.xlsx"}  # both are empty
    simple = good(found["simple.csv"])
    assert all(good(found[name]) == simple for name in ("simple.ssv", "simple.xls", "simple.xlsx", "simple.zip"))
    assert good(found["simple.ods"])[0] == {"Name": "Bob", "Age": "20", "When": "2010-10-10"}
    assert found["excel_pasting.csv"].header_line == 4
    assert found["skip_initials.csv"].columns == ("field1", "field2")
    assert good(found["complex.csv"])[-1]["temperature"] == "6,000,000"
    assert len(good(found["long.csv"])) == 3999


def test_odd_shapes_of_real_data(real_data):
    baskets = open_table(real_data / "groceries" / "groceries.csv.gz", columns=["item"], is_ragged=True, delimiter=",")
    widths = [len(values) for _line, values in baskets.records()]
    assert (len(widths), sum(widths)) == (9_835, 43_367)
    cdnow = open_table(
        real_data / "cdnow" / "CDNOW_master.txt.gz",
        delimiter=BLANKS,
        columns=["customer", "day", "n", "dollars"],
        header_line=1,
    )
    rows = list(cdnow.records())
    assert (len(rows), sum(round(float(values[3]) * 100) for _line, values in rows)) == (69_659, 250_031_563)
    bank = open_table(real_data / "uci_bank_marketing" / "bank-additional-full.csv.gz")
    assert (bank.delimiter, len(bank.columns), sum(1 for _row in bank.records())) == (";", 21, 41_188)
    dictionary = open_table(real_data / "x_education_leads" / "Leads Data Dictionary.xlsx.gz")
    assert (dictionary.format, dictionary.columns) == ("xlsx", ("Variables", "Description"))
    emails = open_table(real_data / "mautic_demo" / "fakeemaildata.csv.gz")
    assert not bad(emails)
    assert all(len(row) == 17 for row in good(emails))
