"""`crm import` at a terminal: proposals asked one by one, known files, fields of one's own, undo with care."""

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from crmlib import create_workbench, open_workbench
from crmlib.cli.deciding import decide
from crmlib.contacts import Affiliation, Party
from crmlib.exchange import ImportReport, MatchDecision

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = """First Name,Last Name,Email,Company,Shoe size
Ana,Pop,ana@example.com,Initech,38
Dan,Rus,dan@example.com,Globexx,44
"""

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture
def firms(tmp_path):
    """Two firms whose names the file nearly has."""
    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    with create_workbench(tmp_path / "ws", name="Test", currency="EUR") as workbench:
        return [workbench.contacts.add_organization(name=name).id for name in ("Ini-Tech", "Globex")]


@pytest.fixture
def terminal(monkeypatch):
    """Somebody at the terminal who types these."""

    def terminal(*typed):
        waiting = iter(typed)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("typer.prompt", lambda *_args, **_more: next(waiting))
        monkeypatch.setattr("typer.confirm", lambda *_args, **_more: next(waiting) == "y")
        return waiting

    return terminal


def organizations_of(workbench):
    with workbench.reading() as session:
        rows = select(Party.name, Affiliation.organization_id).join(Affiliation, Affiliation.person_id == Party.id)
        return dict(session.execute(rows).all())


def test_proposals_are_asked_one_by_one_and_answers_are_remembered(crm, firms, terminal, tmp_path):
    left = terminal("what?", "s", "n", "y")
    code, out, _err = crm("import", "people.csv")
    assert (code, next(left, None)) == (0, None)
    assert "1 of 2: “Initech” in the file may be “Ini-Tech”" in out
    assert "Type one of: s, n, k, q" in out
    assert "2 answers are remembered." in out
    with open_workbench(tmp_path / "ws") as workbench:
        found = organizations_of(workbench)
        assert found["Ana Pop"] == firms[0]
        assert found["Dan Rus"] not in firms
        with workbench.reading() as session:
            decided = session.execute(select(MatchDecision.name, MatchDecision.record_id)).all()
            assert sorted(map(tuple, decided)) == [("Globexx", None), ("Initech", firms[0])]


def test_who_skips_or_stops_is_not_asked_again_and_may_still_decline(crm, firms, terminal, tmp_path):
    left = terminal("k", "q", "n")
    code, out, _err = crm("import", "people.csv")
    assert (code, next(left, None), out.endswith("Nothing was imported.\n")) == (0, None, True)
    with open_workbench(tmp_path / "ws") as workbench, workbench.reading() as session:
        assert session.scalars(select(MatchDecision)).all() == []


def test_stopping_skips_all_that_are_left(tmp_path):
    asked = []
    report = ImportReport("hubspot")
    for number in range(3):
        report.propose({"what": "organization", "name": f"A{number}", "record_id": 1, "called": "B", "why": ""})

    def ask(proposal, place, total):
        asked.append((proposal["name"], place, total))
        return "stop"

    seen = set()
    assert decide(None, report, ask, seen) == 0
    assert (asked, len(seen)) == ([("A0", 1, 3)], 3)


def test_without_a_terminal_it_says_how_to_answer_and_writes_nothing(crm, firms):
    code, out, err = crm("import", "people.csv")
    assert code == 1
    assert f"crm import match file organization Initech {firms[0]}" in out
    assert "say --yes" in err
    assert crm("import", "match", "file", "organization", "Initech", firms[0])[0] == 0
    code, out, _err = crm("import", "people.csv", "--yes", "--json")
    assert [one["name"] for one in json.loads(out)["proposals"]] == ["Globexx"]
    code, _out, err = crm("import", "match", "file", "firm", "Initech", "1")
    assert (code, "choose one of: organization, person, party" in err) == (1, True)


def test_a_real_terminal_is_asked(firms, tmp_path):
    main, ours = pty.openpty()
    environment = {**os.environ, "CRM_WORKSPACE": str(tmp_path / "ws"), "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    command = [sys.executable, "-m", "crmlib.cli", "import", "people.csv"]
    process = subprocess.Popen(command, stdin=ours, stdout=ours, stderr=ours, cwd=tmp_path, env=environment)
    os.close(ours)
    seen = bytearray()

    def watch():
        while True:
            try:
                some = os.read(main, 1024)
            except OSError:  # the other side is gone
                return
            if not some:
                return
            seen.extend(some)

    reader = threading.Thread(target=watch)
    reader.start()
    os.write(main, b"s\ns\ny\n")
    assert process.wait(timeout=120) == 0
    reader.join(timeout=10)
    os.close(main)
    text = seen.decode()
    assert text.index("1 of 2") < text.index("2 of 2") < text.index("Import?") < text.index("Imported:")
    with open_workbench(tmp_path / "ws") as workbench:
        assert set(organizations_of(workbench).values()) == set(firms)


def test_a_file_that_came_before_is_told_with_day_and_name(crm, firms):
    crm("import", "people.csv", "--yes")
    code, out, _err = crm("import", "people.csv", "--yes")
    assert (code, "people.csv was imported on" in out, "(import 1)" in out, "--again" in out) == (0, True, True, True)
    code, out, _err = crm("import", "people.csv", "--yes", "--again")
    assert "2 unchanged" in out
    told = json.loads(crm("import", "people.csv", "--json")[1])
    assert [(one["name"], one["import_id"]) for one in told["known_files"]] == [("people.csv", 1)]


def test_a_column_that_means_nothing_is_offered_as_a_field(crm, firms):
    code, out, _err = crm("import", "people.csv", "--dry-run")
    assert "--map 'Shoe size=custom new number'" in out
    code, out, _err = crm("import", "people.csv", "--map", "Shoe size=custom.shoe new number", "--yes")
    assert code == 0
    assert "custom.shoe new number" in out
    crm("export", "customers", "out.jsonl", "--filter", "shoe > 40", "--columns", "name,shoe")
    assert [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()] == [
        {"name": "Dan Rus", "shoe": 44}
    ]
    code, out, _err = crm("import", "people.csv", "--dry-run", "--again")
    assert "custom.shoe" in out  # the column is called like the field


@pytest.mark.parametrize(
    ("mistake", "code", "says"),
    [
        (("people.csv", "--map", "Shoe size"), 1, "write it like"),
        (("people.csv", "--map", "Shoe=ignore"), 1, "no file has such a column"),
        (("people.csv", "--map", "Shoe size=person.gven_name"), 1, "did you mean person.given_name?"),
        (("people.csv", "--map", "Shoe size=person.shoe"), 1, "person.job_title"),
        (("people.csv", "--map", "Shoe size=shoe"), 1, "a field begins with one of"),
        (("people.csv", "--map", "Shoe size=custom.shoe", "--yes"), 1, "custom.shoe new text"),
        (("people.csv", "--map", "Shoe size=custom.shoe new shoe"), 1, "text, number, money"),
        (("people.csv", "--same", "maybe"), 2, "ask, update, skip, new"),
        (("people.csv", "--currency", "EURO", "--yes"), 1, "EUR, USD or IDR"),
        (("lst",), 1, "Did you mean: crm import list"),
        (("none.csv",), 1, "There is no file none.csv."),
        ((".",), 1, "is a folder"),
        (("odd.csv", "--yes"), 1, "none of its columns says anything that is known here"),
    ],
)
def test_what_is_typed_wrong_is_answered_with_what_would_be_right(crm, firms, mistake, code, says):
    Path("odd.csv").write_text("aa;bb\n1;2\n")
    done, _out, err = crm("import", *mistake)
    assert (done, says in err) == (code, True), err
    assert "Traceback" not in err


def test_an_import_is_undone_after_a_preview(crm, firms, terminal, tmp_path):
    crm("import", "people.csv", "--yes")
    with open_workbench(tmp_path / "ws", actor="Ana") as workbench:
        number = workbench.parties('name == "Ana Pop"')["party_id"].iloc[0]
        workbench.contacts.edit_party(int(number), {"job_title": "Buyer"})
    code, out, _err = crm("import", "undo", "1", "--dry-run")
    assert (code, "would be taken back" in out, "would stay as" in out, "Ana changed" in out) == (0, True, True, True)
    told = json.loads(crm("import", "undo", "1", "--dry-run", "--json")[1])
    assert (told["dry_run"], told["n_spared"] > 0, told["undone"] > 0) == (True, True, True)
    code, _out, err = crm("import", "undo", "1")
    assert (code, "say --yes" in err) == (1, True)
    terminal("n")
    assert crm("import", "undo", "1")[1].endswith("Nothing was taken back.\n")
    terminal("y")
    code, out, _err = crm("import", "undo", "1")
    assert (code, f"{told['undone']} changes were taken back." in out) == (0, True)
    assert "taken back" in crm("import", "list")[1]
