"""`crm changes` and `crm undo` as people and programs use them."""

import json
import re
import sys

import pytest

from crmlib import create_workbench, open_workbench

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture
def acme(tmp_path):
    """Acme came with a batch; then Ana made it retail."""
    with create_workbench(tmp_path / "ws", name="Test", currency="USD") as workbench:
        from crmlib.contacts import add_organization, add_person

        with workbench.session(batch="import 1") as session:
            found = add_organization(session, name="Acme", at=workbench.now()).id
            add_person(session, given_name="Ben", at=workbench.now())
        workbench.actor = "Ana"
        workbench.contacts.edit_party(found, {"sector": "retail"})
    return found


def test_changes_are_told_with_number_day_and_who(crm, acme):
    code, out, _err = crm("changes")
    assert code == 0
    assert re.search(r"^ +\d+  .* UTC  Ana  Acme: Sector .*, was –$", out, re.MULTILINE)
    assert "Acme added" in out
    code, out, _err = crm("changes", "--record", f"party:{acme}", "--by", "Ana")
    assert (code, len(out.splitlines())) == (0, len([line for line in out.splitlines() if "Ana" in line]))
    code, out, _err = crm("changes", "--batch", "import 1", "--json")
    told = json.loads(out)["changes"]
    assert {one["batch"] for one in told} == {"import 1"}
    assert crm("changes", "--since", told[-1]["number"], "--by", "Nobody")[1] == "Nothing was changed.\n"
    assert crm("changes", "--since", "2026-01-01")[0] == 0


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (("--record", "partie:1"), "is no kind of record"),
        (("--record", "party:x"), "write it like party:12"),
        (("--since", "soon"), "is not a day"),
    ],
)
def test_what_cannot_be_is_said_kindly(crm, acme, mistake, says):
    code, out, err = crm("changes", *mistake)
    assert (code, out) == (1, "")
    assert says in err


def test_undo_asks_first_and_without_a_terminal_wants_yes(crm, acme, monkeypatch):
    code, _out, err = crm("undo", "--batch", "import 1")
    assert code == 1
    assert "--yes" in err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_args, **_more: False)
    code, out, _err = crm("undo", "--batch", "import 1")
    assert code == 0
    assert "Party: 2 added" in out
    assert "Nothing was taken back." in out


def test_an_undo_tells_what_it_spared_and_can_be_undone(crm, acme, tmp_path):
    code, out, _err = crm("undo", "--batch", "import 1", "--yes")
    assert code == 0
    assert re.search(r"^  Acme: Ana changed Sector on .*: it says “.*” now\.$", out, re.MULTILINE)
    back = re.search(r'crm undo --batch "(undo [^"]+)"', out)[1]
    code, out, _err = crm("undo", "--batch", back, "--yes", "--json")
    assert (code, json.loads(out)["n_spared"]) == (0, 0)
    with open_workbench(tmp_path / "ws") as workbench:
        assert set(workbench.parties()["party"]) == {"Acme", "Ben"}


def test_one_change_is_undone_by_its_number(crm, acme):
    told = json.loads(crm("changes", "--by", "Ana", "--json")[1])["changes"]
    number = next(one["number"] for one in told if one["kind"] == "update")
    code, out, _err = crm("undo", number, "--yes")
    assert code == 0
    assert out.startswith("1 change was taken back.")
    code, _out, err = crm("undo", 10**9, "--yes")
    assert (code, err) == (1, "There is no change 1000000000.\n")
    assert crm("undo")[0] == 2
    assert crm("undo", "1", "--batch", "x")[0] == 2
    code, _out, err = crm("undo", "--batch", "nothing", "--yes")
    assert (code, err) == (1, "There is no batch nothing.\n")
