"""The `crm` command as people and programs use it: what it prints, and the exit code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crmlib import __version__, create_workbench, open_workbench
from crmlib.cli.asked import Asked
from crmlib.cli.doctor import examine

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "demo", "init", "import", "export", "search", "changes", "undo", "serve", "lab", "report", "doctor",
)  # fmt: skip


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "ws"
    create_workbench(folder, name="Test", currency="USD").close()
    return folder


@pytest.fixture
def accounts(tmp_path):
    path = tmp_path / "accounts.csv"
    path.write_text(
        "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
        "Cancity,technolgy,2001,718.62,2448,United States,\n"
    )
    return path


def test_help_lists_every_command_that_the_readme_names(crm):
    code, out, _err = crm("--help")
    assert code == 0
    readme = set(re.findall(r"^\| `crm (\w+)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    assert readme == set(COMMANDS)
    assert all(re.search(rf"^  {command} ", out, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize("command", [(name,) for name in COMMANDS] + [("report", "run"), ("report", "list")])
def test_every_command_explains_itself_and_takes_the_shared_options(crm, command):
    code, out, _err = crm(*command, "--help")
    assert code == 0
    if command != ("report",):
        assert all(option in out for option in ("--workspace", "--database", "--json"))


def test_the_version_is_said(crm):
    assert crm("--version") == (0, f"CRM Workbench {__version__}\n", "")


@pytest.mark.parametrize("mistake", [("nonsense",), ("import",), ("init", "--colour", "red"), ("serve", "--port", "x")])
def test_what_is_not_understood_exits_with_two(crm, mistake):
    code, _out, err = crm(*mistake)
    assert code == 2
    assert "Error" in err


@pytest.mark.parametrize("command", [("serve",), ("lab",), ("import", "x.csv"), ("report", "run", "sales_review")])
def test_without_a_workbench_it_says_how_to_make_one(crm, command):
    code, out, err = crm(*command)
    assert (code, out) == (1, "")
    assert "`crm demo` makes one" in err
    assert "Traceback" not in err


def test_init_makes_a_workbench_with_a_pipeline(crm, tmp_path):
    code, out, _err = crm(
        "init", "--workspace", tmp_path / "mine", "--name", "Ștefan & Co", "--currency", "RON", "--json"
    )
    assert (code, json.loads(out)["name"]) == (0, "Ștefan & Co")
    with open_workbench(tmp_path / "mine") as workbench:
        assert workbench.settings.currency == "RON"
        assert [one["pipeline"] for one in workbench.sales.pipelines()] == ["Sales"]
    code, _out, err = crm("init", "--workspace", tmp_path / "mine")
    assert code == 1
    assert "already" in err


def test_init_says_what_a_setting_should_be(crm, tmp_path):
    code, _out, err = crm("--json", "init", "--workspace", tmp_path / "mine", "--currency", "EURO")
    assert code == 1
    told = json.loads(err)
    assert (told["kind"], told["value"]) == ("InvalidInput", "EURO")
    assert "three-letter" in told["expected"]


def test_the_workspace_may_be_named_before_after_or_in_the_environment(crm, workspace, accounts, monkeypatch):
    assert crm("--workspace", workspace, "import", accounts)[0] == 0
    code, out, _err = crm("import", accounts, "--again", "--workspace", workspace, "--json")
    assert (code, json.loads(out)["counts"]["accounts"]["unchanged"]) == (0, 1)
    monkeypatch.setenv("CRM_WORKSPACE", str(workspace))
    code, out, _err = crm("import", "--dry-run", "--again", accounts)
    assert code == 0
    assert out.startswith("Nothing was changed; the import would give: 1 unchanged.")


def test_an_import_tells_people_and_programs_the_same(crm, workspace, accounts):
    _code, out, _err = crm("import", "--dry-run", "--workspace", workspace, accounts)
    assert "accounts  1 new, 1 pointed out" in out
    assert "sector “technolgy” is kept as it is; it looks like “technology”" in out
    _code, out, _err = crm("import", "--workspace", workspace, accounts, "--json")
    told = json.loads(out)
    assert told["counts"]["accounts"] == {"new": 1, "changed": 0, "unchanged": 0, "pointed_out": 1, "refused": 0}
    assert told["import_id"] == 1


def test_an_import_is_written_down_under_the_name_at_the_terminal(crm, workspace, accounts):
    from sqlalchemy import select

    from crmlib.base import JournalEntry

    crm("import", "--workspace", workspace, accounts)
    with open_workbench(workspace) as workbench, workbench.reading() as session:
        entry = session.scalars(select(JournalEntry)).first()
        assert (entry.door, bool(entry.actor)) == ("cli", True)


def test_a_file_that_is_none_of_ours_is_one_sentence(crm, workspace, tmp_path):
    (tmp_path / "x.csv").write_text("colour\nred\n")
    code, out, err = crm("import", "--preset", "maven_crm", "--workspace", workspace, tmp_path / "x.csv")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "fit none of the tables of Maven CRM" in err


def test_demo_makes_a_company_and_refuses_a_full_folder(crm, tmp_path):
    code, out, _err = crm("demo", "--workspace", tmp_path / "demo", "--scale", "0.03", "--json")
    told = json.loads(out)
    assert (code, told["organizations"]) == (0, 12)
    code, _out, err = crm("demo", "--workspace", tmp_path / "demo")
    assert code == 1
    assert "not empty" in err


def test_doctor_finds_a_workbench_in_order(crm, workspace):
    code, out, _err = crm("doctor", "--workspace", workspace, "--json")
    told = json.loads(out)
    assert (code, told["ok"]) == (0, True)
    assert {one["what"] for one in told["findings"]} >= {"Python", "packages", "workspace", "database", "desk"}


def test_doctor_says_what_to_do(crm, workspace, tmp_path):
    workspace.chmod(0o755)
    told = {one.what: one for one in examine(Asked(workspace))}
    assert (told["workspace"].state, "chmod 700" in told["workspace"].says) == ("advice", True)
    code, out, _err = crm("doctor", "--workspace", tmp_path / "none")
    assert code == 1
    assert "✗ workspace" in out
    assert "crm init" in out
    (workspace / "crm.sqlite").write_bytes(b"")
    assert {one.what: one for one in examine(Asked(workspace))}["database"].says.endswith("`crm init` sets one up")


def test_doctor_hides_the_password_of_an_address(crm, workspace):
    code, out, _err = crm("doctor", "--workspace", workspace, "--database", "postgresql://a:s3cret@127.0.0.1:1/x")
    assert code == 1
    assert "s3cret" not in out
    assert "does not answer" in out


def test_a_mistake_of_ours_is_named_and_not_thrown_at_people(crm, workspace, accounts, monkeypatch):
    monkeypatch.setattr("crmlib.exchange.import_files", lambda *_, **__: 1 / 0)
    code, _out, err = crm("import", "--workspace", workspace, accounts)
    assert code == 1
    assert "a mistake of CRM Workbench, not yours" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("command", "module"), [("serve", "widgets.shared.serve"), ("lab", "jupyterlab")])
def test_serve_and_lab_become_their_server(crm, workspace, monkeypatch, command, module):
    became = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: became.append([program, *arguments]))
    monkeypatch.setenv("CRM_DATABASE", "")  # what the command sets is taken back after the test
    monkeypatch.setenv("CRM_WORKSPACE", "")
    assert crm(command, "--workspace", workspace, "--port", "9123")[0] == 0
    ((program, *arguments),) = became
    assert program == sys.executable
    assert arguments[1:3] == ["-m", module]
    assert "9123" in " ".join(arguments)
    assert "127.0.0.1" in " ".join(arguments)


def test_an_address_with_a_password_is_no_argument_of_the_server(crm, workspace, monkeypatch):
    became = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: became.append(arguments))
    monkeypatch.setenv("CRM_DATABASE", "")
    address = f"sqlite:///{workspace}/crm.sqlite"
    assert crm("serve", "--workspace", workspace, "--database", address)[0] == 0
    assert address not in became[0]
    assert os.environ["CRM_DATABASE"] == address


def test_the_installed_command_answers():
    done = subprocess.run(
        [sys.executable, "-m", "crmlib.cli", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == f"CRM Workbench {__version__}\n"


def test_a_reader_who_has_read_enough_is_no_error(workspace):
    command = f"{sys.executable} -m crmlib.cli doctor --workspace {workspace} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stderr == ""


# --- searching ---------------------------------------------------------------------------------------


@pytest.fixture
def filled(workspace):
    with open_workbench(workspace) as workbench:
        firm = workbench.contacts.add_organization(name="Ștefănescu & fiii")
        workbench.contacts.add_person(
            given_name="Ana", family_name="Popescu", organization=firm, email="ana@example.com"
        )
        workbench.catalog.add_product(name="Ștefan rope", code="SR-1")
    return workspace


def test_search_prints_what_fits_by_kind(crm, filled):
    code, out, _err = crm("search", "stefan", "--workspace", filled)
    assert code == 0
    assert out.index("Customers") < out.index("Ștefănescu & fiii") < out.index("Products") < out.index("Ștefan rope")
    assert re.search(r"Ana Popescu +Ștefănescu & fiii", out)
    code, out, _err = crm("search", "ana", "popsecu", "--workspace", filled)
    assert (code, "Ana Popescu" in out, "1 found" in out) == (0, True, True)


def test_search_narrows_to_a_kind_and_speaks_json(crm, filled):
    code, out, _err = crm("search", "stefan", "--kind", "product", "--json", "--workspace", filled)
    (hit,) = json.loads(out)["found"]
    assert (code, hit["record"], hit["title"], hit["title_at"]) == (0, "product", "Ștefan rope", [[0, 6]])


def test_search_says_when_nothing_fits_and_what_it_needs(crm, filled):
    assert crm("search", "qqqq", "--workspace", filled)[:2] == (0, "Nothing here fits “qqqq”.\n")
    code, _out, err = crm("search", "--workspace", filled)
    assert (code, "crm search ana" in err) == (1, True)
    code, _out, err = crm("search", "ana", "--kind", "hallyard", "--workspace", filled)
    assert (code, "party, deal, activity, product, order" in err) == (1, True)


def test_the_search_index_is_looked_at_by_the_doctor_and_rebuilt_by_search(crm, filled):
    with open_workbench(filled) as workbench, workbench.session() as session:
        session.connection().exec_driver_sql("DELETE FROM search_entry WHERE name = 'ana popescu'")
    code, out, _err = crm("doctor", "--workspace", filled)
    assert "crm doctor --mend" in out
    code, out, _err = crm("search", "--rebuild", "--workspace", filled)
    assert (code, out) == (0, "The index is built anew: 3 records\n")
    assert "Ana Popescu" in crm("search", "popescu", "--workspace", filled)[1]


def test_the_doctor_sees_what_is_kept_wrong_and_mends_it(crm, filled):
    with open_workbench(filled) as workbench, workbench.session() as session:
        execute = session.connection().exec_driver_sql
        execute("DELETE FROM search_entry WHERE name = 'ana popescu'")
        execute("UPDATE party SET name_key = NULL")
        execute("INSERT INTO party_total (party_id, currency, paid_minor) SELECT max(id), 'EUR', 5 FROM party")
    code, out, _err = crm("doctor", "--workspace", filled)
    assert (code, out.count("✗"), out.count("crm doctor --mend")) == (1, 3, 3)
    code, out, _err = crm("doctor", "--workspace", filled, "--mend")
    assert (code, out.count("✗")) == (0, 0)


def test_the_help_of_import_says_what_people_type(crm):
    code, out, _err = crm("import", "--help")
    assert code == 0
    assert "import [OPTIONS] FILES..." in out.splitlines()[0]
    assert "import files" not in out
