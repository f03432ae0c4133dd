"""`crm export` as people and programs use it: lists in every format, everything, and what is said of a mistake."""

import csv
import json

import openpyxl
import pyarrow.parquet as pq
import pytest

from crmlib import create_workbench

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture
def filled(tmp_path):
    with create_workbench(tmp_path / "ws", name="Test", currency="EUR") as workbench:
        for name, city in (("Acme", "Bonn"), ("=Globex", "Cluj"), ("Initech", "Bonn")):
            workbench.contacts.add_organization(name=name, city=city, country="DE")
    return tmp_path


ASKED = ("--filter", 'city == "Bonn"', "--columns", "id,name,city", "--sort", "-name")


def test_a_list_has_its_filter_columns_and_order_in_every_format(crm, filled):
    for ending in ("csv", "xlsx", "parquet", "jsonl"):
        code, out, _err = crm("export", "customers", filled / f"out.{ending}", *ASKED)
        assert (code, out) == (0, f"2 rows are in {filled}/out.{ending}.\n")
    with (filled / "out.csv").open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = list(csv.reader(lines))
    assert (header, [row[1:] for row in rows]) == (["Number", "Name", "City"], [["Initech", "Bonn"], ["Acme", "Bonn"]])
    sheet = openpyxl.load_workbook(filled / "out.xlsx").active
    assert [row[1:] for row in sheet.iter_rows(values_only=True)] == [
        ("Name", "City"), ("Initech", "Bonn"), ("Acme", "Bonn"),
    ]  # fmt: skip
    table = pq.read_table(filled / "out.parquet")
    assert (table.column_names, table["name"].to_pylist()) == (["id", "name", "city"], ["Initech", "Acme"])
    told = [json.loads(line) for line in (filled / "out.jsonl").read_text("utf-8").splitlines()]
    assert [(one["name"], one["city"]) for one in told] == [("Initech", "Bonn"), ("Acme", "Bonn")]


def test_a_formula_is_defused_unless_a_program_reads(crm, filled):
    crm("export", "customers", "safe.csv", "--columns", "name")
    code, out, _err = crm("export", "customers", "raw.csv", "--columns", "name", "--raw", "--json")
    assert (code, json.loads(out)["rows"]) == (0, 3)
    assert "'=Globex" in (filled / "safe.csv").read_text("utf-8-sig")
    assert "\n=Globex" in (filled / "raw.csv").read_text("utf-8-sig")


def test_everything_goes_into_an_empty_workbench(crm, filled):
    code, out, _err = crm("export", "everything", "all.zip", "--json")
    assert (code, json.loads(out)["tables"]["organization"]) == (0, 3)
    code, out, _err = crm("import", "all.zip", "--workspace", filled / "other")
    assert (code, out.startswith("Everything is here again:")) == (0, True)
    crm("export", "customers", "there.jsonl", "--workspace", filled / "other", "--columns", "name")
    assert "=Globex" in (filled / "there.jsonl").read_text("utf-8")


def test_a_mistake_in_a_filter_is_shown_at_its_place(crm, filled):
    code, out, err = crm("export", "customers", "out.csv", "--filter", 'name == "Acme" and cty == "Bonn"')
    assert (code, out) == (1, "")
    line, marked = err.splitlines()
    assert line == 'name == "Acme" and cty == "Bonn"'
    assert marked.startswith(" " * line.index("cty") + "^^^ ")
    assert marked.endswith("did you mean city?")
    assert not (filled / "out.csv").exists()
    code, _out, err = crm("--json", "export", "customers", "out.csv", "--filter", "cty is empty")
    told = json.loads(err)
    assert (told["position"], told["length"], told["nearest"]) == (0, 3, "city")


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (("custmers", "out.csv"), "did you mean customers?"),
        (("hallway", "out.csv"), "activities, customers, deals, everything"),
        (("customers", "out.pdf"), "csv, xlsx, parquet, jsonl"),
        (("customers", "out.csv", "--columns", "name,citi"), "did you mean city?"),
        (("customers", "out.csv", "--sort", "-nam"), "did you mean name?"),
        (("customers", "none/out.csv"), "there is no such folder"),
        (("everything", "all.csv"), "name it like all.zip"),
    ],
)
def test_what_cannot_be_exported_says_what_would_be_right(crm, filled, mistake, says):
    code, out, err = crm("export", *mistake)
    assert (code, out) == (1, "")
    assert says in err


def test_a_file_that_is_there_is_replaced_only_if_told(crm, filled):
    (filled / "out.csv").write_text("mine")
    code, _out, err = crm("export", "customers", "out.csv")
    assert (code, "--overwrite" in err, (filled / "out.csv").read_text()) == (1, True, "mine")
    assert crm("export", "customers", "out.csv", "--overwrite")[0] == 0
