"""Running small notebooks of our own: what is kept, and what is not when something goes wrong."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import nbformat
import pytest

from crmlib.base import InvalidInput
from crmlib.reporting import ReportFailed, past_runs, run_report
from crmlib.reporting.evidence import code_hash, environment_hash, file_hash, installed

COVER = """
from crmlib.reporting.blocks import Blocks, Cover, Figure, Figures
Blocks(Cover("Halyard", f"Calls, {month}", "A finding", "A lead.", {"month": month or "2026-06"}, 7),
       Figures((Figure("Calls", "12", "All calls", 12.0),)))
"""


@pytest.fixture
def reports(tmp_path):
    """A folder with a report `calls` whose cells are given."""

    def make(*cells: str):
        parameters = nbformat.v4.new_code_cell('month: str = ""  # Month [YYYY-MM]\nnote: str = ""  # Any words')
        parameters.metadata["tags"] = ["parameters"]
        notebook = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_markdown_cell("# Calls\n\nAll of them."),
                parameters,
                *map(nbformat.v4.new_code_cell, cells),
            ],
            metadata={"language_info": {"name": "python"}},
        )
        folder = tmp_path / "reports"
        folder.mkdir(exist_ok=True)
        nbformat.write(notebook, folder / "calls.ipynb")
        return folder

    return make


@pytest.fixture
def dialect():
    """Where a run's files go does not depend on the database; tests/reports runs on both."""
    return "sqlite"


def test_a_run_keeps_notebook_html_pdf_and_the_evidence_to_run_it_again(workbench, reports):
    folder = reports(COVER)
    run = run_report(workbench, "calls", {"month": "2026-06"}, folder=folder)
    assert run.succeeded
    assert set(run.paths) == {"notebook", "html", "pdf", "evidence"}
    evidence = json.loads(run.paths["evidence"].read_text())
    assert evidence["parameters"] == {"month": "2026-06", "note": ""}
    assert evidence["resolved"] == {"month": "2026-06"}
    assert evidence["data_version"] == 7
    assert evidence["started_at"] == "2026-07-01T09:00:00+00:00"
    assert evidence["code"] == code_hash(folder / "calls.ipynb")
    assert evidence["environment"] == environment_hash(installed())
    assert evidence["outputs"] == {name: file_hash(run.folder / name) for name in evidence["outputs"]}
    assert evidence["figures"] == [
        {"name": "Calls", "text": "12", "definition": "All calls", "value": 12.0, "low": None, "high": None}
    ]
    assert run.folder.parent == workbench.settings.runs / "calls"
    assert not [path for path in run.folder.parent.iterdir() if path.name.startswith(".")]


def test_two_runs_of_the_same_say_the_same_and_stand_side_by_side(workbench, reports, clock):
    folder = reports(COVER)
    first, second = (run_report(workbench, "calls", folder=folder) for _again in range(2))
    assert first.evidence["numbers"] == second.evidence["numbers"]
    assert first.folder != second.folder
    assert first.paths["pdf"].read_bytes() == second.paths["pdf"].read_bytes()
    clock.advance(hours=1)
    third = run_report(workbench, "calls", folder=folder)
    runs = past_runs(workbench.settings.workspace)
    assert runs[0].folder == third.folder
    assert len(runs) == 3
    assert past_runs(workbench.settings.workspace, "others") == []


def test_a_wrong_parameter_is_told_before_anything_runs(workbench, reports):
    with pytest.raises(InvalidInput, match="write a month"):
        run_report(workbench, "calls", {"month": "June"}, folder=reports(COVER))
    assert past_runs(workbench.settings.workspace) == []
    assert list(workbench.settings.runs.iterdir()) == []


def test_words_given_as_a_parameter_arrive_as_they_are_and_are_never_code(workbench, reports):
    hostile = '"\\n\'); raise SystemExit #{}\\\\ \n\tȘtefan "" $x'
    folder = reports("print(repr(note))", COVER)
    run = run_report(workbench, "calls", {"note": hostile}, folder=folder)
    outputs = json.loads(run.paths["notebook"].read_text())["cells"][3]["outputs"]
    assert "".join(outputs[0]["text"]).strip() == repr(hostile.strip())


def test_a_report_that_stops_leaves_its_reason_and_nothing_that_looks_whole(workbench, reports):
    folder = reports(COVER, "1 / 0", "print('never')")
    with pytest.raises(ReportFailed, match="Calls stopped at cell 4: ZeroDivisionError: division by zero") as failed:
        run_report(workbench, "calls", folder=folder)
    run = failed.value.run
    assert set(run.paths) == {"notebook", "evidence"}
    assert run.evidence["status"] == "failed"
    (kept,) = past_runs(workbench.settings.workspace)
    assert not kept.succeeded
    assert "ZeroDivisionError" in kept.evidence["error"]


def test_what_crmlib_refuses_inside_a_report_is_told_in_its_own_sentence(workbench, reports):
    folder = reports("from crmlib.base import Refused\nraise Refused('The stage is closed.')")
    with pytest.raises(ReportFailed, match=r"^The stage is closed\.$"):
        run_report(workbench, "calls", folder=folder)


def test_a_notebook_without_a_cover_is_no_report(workbench, reports):
    with pytest.raises(ReportFailed, match="none of its cells returns a cover"):
        run_report(workbench, "calls", folder=reports("1 + 1"))


def test_a_run_that_is_cut_off_leaves_nothing(workbench, reports, monkeypatch):
    def interrupted(*_args, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr("crmlib.reporting.runs._execute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_report(workbench, "calls", folder=reports(COVER))
    assert list((workbench.settings.runs / "calls").iterdir()) == []


def test_a_kernel_that_dies_is_told(workbench, reports):
    with pytest.raises(ReportFailed, match="could not be run"):
        run_report(workbench, "calls", folder=reports("import os; os._exit(3)"))


def test_a_report_runs_in_this_python_on_this_workbench_and_nobodys_profile(workbench, reports):
    folder = reports(
        "import os, sys\nprint(sys.executable, os.environ['CRM_WORKSPACE'], os.environ['IPYTHONDIR'], sep='\\n')", COVER
    )
    before = dict(os.environ)
    run = run_report(workbench, "calls", folder=folder)
    notebook = json.loads(run.paths["notebook"].read_text())
    python, workspace, profile = "".join(notebook["cells"][3]["outputs"][0]["text"]).split()
    assert python == sys.executable
    assert workspace == str(workbench.settings.workspace)
    assert "crm-report-" in profile
    assert dict(os.environ) == before


def test_the_kept_notebook_does_not_tell_where_on_this_machine_it_ran(workbench, reports, tmp_path):
    run = run_report(workbench, "calls", folder=reports(COVER))
    assert str(tmp_path) not in run.paths["notebook"].read_text()


def test_other_files_in_the_runs_folder_hide_no_run(workbench, reports):
    run = run_report(workbench, "calls", folder=reports(COVER))
    other = run.folder.parent / "2020-01-01T00-00-00Z"
    other.mkdir()
    (other / "run.json").write_text("no json")
    assert [kept.folder for kept in past_runs(workbench.settings.workspace)] == [run.folder]


def test_a_run_can_be_kept_elsewhere(workbench, reports, tmp_path, clock):
    clock.now -= timedelta(days=1)
    run = run_report(workbench, "calls", folder=reports(COVER), out=tmp_path / "elsewhere")
    assert run.folder == tmp_path / "elsewhere" / "2026-06-30T09-00-00Z"


def test_the_doors_of_reporting_import_nothing_heavy():
    heavy = {"pandas", "altair", "papermill", "IPython", "vl_convert", "typst", "nbformat"}
    code = f"import sys, crmlib.reporting; print(sorted({heavy} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.strip() == "[]"
