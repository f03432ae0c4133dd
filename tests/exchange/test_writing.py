"""Files that are written: exact for programs, harmless in spreadsheets, whole or not there at all."""

import csv
import gzip
import itertools
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.base import InvalidInput, Refused
from crmlib.exchange.writing import Column, as_it_was, as_text, defused, from_text, write_table

SIGNS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "\n="]
BEFORE = ["", " ", "\u00a0", "\u200b", "\ufeff", "\t", "x\n", "'", "''", "\x01"]
BODIES = ["1+1", "cmd|' /C calc'!A0", "SUM(A1:A9)", 'HYPERLINK("http://x.example","y")', "", "a"]
PAYLOADS = ["".join(parts) for parts in itertools.product(BEFORE, SIGNS, BODIES)]


def is_live(line: str) -> bool:
    return line.lstrip().lstrip("\u200b\ufeff\u00a0\x01 ")[:1] in tuple("=+-@＝＋－＠")


def test_no_physical_line_of_a_csv_begins_like_a_formula_and_all_comes_back(tmp_path: Path):
    path = tmp_path / "out.csv"
    write_table(path, [Column("=name"), Column("note")], [(text, text) for text in PAYLOADS])
    raw = path.read_text("utf-8-sig")
    assert [line for line in raw.splitlines() if is_live(line.strip('"'))] == []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = list(csv.reader(lines))
    assert header == ["'=name", "note"]
    assert [as_it_was(cell) for row in rows for cell in row] == [text for text in PAYLOADS for _ in range(2)]


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path):
    path = tmp_path / "out.xlsx"
    write_table(path, [Column("=1+1"), Column("note")], [(text, text) for text in PAYLOADS])
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert [row[0].value for row in sheet.iter_rows(max_row=1)] == ["=1+1"]


def test_the_known_payloads_are_harmless(real_data: Path, tmp_path: Path):
    payloads = gzip.decompress((real_data / "csv_injection" / "payloadbox_csv-payload.txt.gz").read_bytes()).decode()
    lines = [line for line in payloads.splitlines() if line]
    assert len(lines) == 6
    assert all(not is_live(defused(line)) and as_it_was(defused(line)) == line for line in lines)


def test_names_with_an_apostrophe_stay_as_they_are():
    assert [defused(text) for text in ("'s-Hertogenbosch", "O'Brien", "'t Hooft", "1-2")] == [
        "'s-Hertogenbosch", "O'Brien", "'t Hooft", "1-2",
    ]  # fmt: skip


@given(st.text())
def test_what_is_defused_can_be_taken_back(text: str):
    assert as_it_was(defused(text)) == text


@given(
    st.one_of(
        st.tuples(st.just("text"), st.none() | st.text()),
        st.tuples(st.just("whole"), st.none() | st.integers()),
        st.tuples(st.just("decimal"), st.none() | st.floats(allow_nan=False)),
        st.tuples(st.just("flag"), st.none() | st.booleans()),
        st.tuples(st.just("day"), st.none() | st.dates()),
        st.tuples(st.just("moment"), st.none() | st.datetimes(timezones=st.just(UTC))),
        st.tuples(st.just("json"), st.dictionaries(st.text(), st.integers() | st.text() | st.none())),
    )
)
def test_exact_text_is_read_back_as_it_was(case):
    kind, value = case
    assert from_text(kind, as_text(kind, value)) == value


COLUMNS = [
    Column("name"), Column("n", "whole"), Column("amount", "decimal"), Column("is_new", "flag"),
    Column("on", "day"), Column("at", "moment"), Column("tags", "json"),
]  # fmt: skip
ROW = ('Ștefan, "x"\nz', 7, 12.5, True, date(2026, 2, 28), datetime(2026, 2, 28, 9, 30, tzinfo=UTC), ["a", "b"])
EMPTY = (None,) * 7


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "jsonl"])
def test_each_format_holds_the_values(tmp_path: Path, suffix: str):
    path = tmp_path / f"out.{suffix}"
    assert write_table(path, COLUMNS, [ROW, EMPTY]) == 2
    assert path.stat().st_mode & 0o077 == 0
    if suffix == "csv":
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
        assert rows[1] == [
            ROW[0], "7", "12.5", "true", "2026-02-28", "2026-02-28T09:30:00+00:00", "a, b",
        ]  # fmt: skip
        assert rows[2] == [""] * 7
    elif suffix == "xlsx":
        rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
        moments = (datetime(2026, 2, 28), datetime(2026, 2, 28, 9, 30))  # noqa: DTZ001  # a sheet knows no zones
        assert rows[1] == (*ROW[:4], *moments, "a, b")
        assert len(rows) == 2  # a row without any value is none in a sheet
    elif suffix == "parquet":
        assert pq.read_table(path).to_pylist()[0] == dict(
            zip([column.name for column in COLUMNS], [*ROW[:6], '["a","b"]'], strict=True)
        )
    else:
        first = json.loads(path.read_text("utf-8").splitlines()[0])
        assert first["on"] == "2026-02-28"
        assert first["tags"] == ["a", "b"]


def test_a_table_without_rows_still_names_its_columns(tmp_path: Path):
    write_table(tmp_path / "out.csv", COLUMNS, [])
    write_table(tmp_path / "out.xlsx", COLUMNS, [])
    assert (tmp_path / "out.csv").read_text("utf-8-sig").strip() == "name,n,amount,is_new,on,at,tags"
    assert openpyxl.load_workbook(tmp_path / "out.xlsx").active["G1"].value == "tags"


def test_more_rows_than_a_sheet_holds_go_on_in_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("crmlib.exchange.writing.writers.SHEET_ROWS", 4)
    write_table(tmp_path / "out.xlsx", [Column("n", "whole")], [(number,) for number in range(7)])
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert [[row[0].value for row in sheet.iter_rows()] for sheet in book] == [
        ["n", 0, 1, 2], ["n", 3, 4, 5], ["n", 6],
    ]  # fmt: skip


def test_a_file_that_is_there_is_not_replaced_unasked(tmp_path: Path):
    path = tmp_path / "out.csv"
    write_table(path, [Column("n")], [("1",)])
    with pytest.raises(Refused, match="is there already"):
        write_table(path, [Column("n")], [("2",)])
    write_table(path, [Column("n")], [("2",)], overwrite=True)
    assert "2" in path.read_text("utf-8-sig")


def test_a_failure_leaves_no_file_behind(tmp_path: Path):
    def rows():
        yield ("1",)
        raise KeyError("in the middle")

    for suffix in ("csv", "xlsx", "parquet", "jsonl"):
        with pytest.raises(KeyError):
            write_table(tmp_path / f"out.{suffix}", [Column("n")], rows())
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_lists_those_there_are(tmp_path: Path):
    with pytest.raises(InvalidInput, match="csv, xlsx, parquet, jsonl"):
        write_table(tmp_path / "out.doc", [Column("n")], [])


def test_a_workbook_is_a_workbook(tmp_path: Path):
    write_table(tmp_path / "out.xlsx", [Column("n")], [("x" * 40_000,)])
    assert zipfile.is_zipfile(tmp_path / "out.xlsx")
    value = openpyxl.load_workbook(tmp_path / "out.xlsx").active["A2"].value
    assert len(value) == 32_767
    assert value.endswith("…")
