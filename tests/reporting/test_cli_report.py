"""`crm report` at a terminal and for programs."""

import json
from pathlib import Path

import pytest

from crmlib.cli.app import run


@pytest.fixture
def dialect():
    return "sqlite"


@pytest.fixture
def crm(database, monkeypatch, capsys):
    """Run a command line in a fresh workspace: exit code, what it printed, what it complained about."""
    workspace, _address = database
    monkeypatch.setenv("CRM_WORKSPACE", str(workspace))
    monkeypatch.delenv("CRM_DATABASE", raising=False)

    def call(*arguments: str):
        code = run(["report", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_reports_are_listed_with_what_they_tell(crm):
    code, out, _err = crm("list")
    assert code == 0
    assert out.startswith("sales_review  Sales review: What a quarter won and lost")


def test_a_report_is_shown_with_its_parameters(crm):
    code, out, _err = crm("show", "sales_review")
    assert code == 0
    assert 'quarter: str, "" [past YYYY-Qn]' in out
    assert "Level of the intervals" in out
    _code, out, _err = crm("show", "sales_review", "--json")
    told = json.loads(out)
    assert told["parameters"][-1] == {
        "name": "level",
        "type": "float",
        "default": 0.95,
        "rule": "0.5 to 0.99",
        "help": "Level of the intervals",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("run", "sale_review"), 1, "There is no report “sale_review”. Try sales_review."),
        (("run", "sales_review", "-p", "quarter=2017-Q5"), 1, "write a quarter as 2017-Q4"),
        (("run", "sales_review", "-p", "quartal=1"), 1, "did you mean quarter?"),
        (("run", "sales_review", "-p", "quarter"), 2, "is no NAME=VALUE"),
        (("run", "sales_review", "-p", "level=0.9", "-p", "level=0.8"), 2, "level is given twice"),
        (("run",), 2, "Missing argument"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_a_code(crm, arguments, code, says):
    exit_code, out, err = crm(*arguments)
    assert (exit_code, out) == (code, "")
    assert says in err
    assert "Traceback" not in err


def test_a_run_prints_the_paths_it_wrote_and_is_listed_afterwards(crm):
    assert crm("runs")[1].strip() == "No report has been run here yet."
    code, out, _err = crm("run", "sales_review", "-p", "level=0.9", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["status"] == "succeeded"
    assert told["parameters"]["level"] == 0.9
    assert set(told["paths"]) == {"notebook", "html", "pdf", "evidence"}
    assert all(Path(path).is_file() for path in told["paths"].values())
    _code, out, _err = crm("runs", "--json")
    assert [(done["report"], done["folder"]) for done in json.loads(out)["runs"]] == [("sales_review", told["folder"])]
