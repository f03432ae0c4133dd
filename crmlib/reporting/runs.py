"""Running a report, and what is kept of it.

A run is a folder `runs/<report>/<moment>/` of the workspace with `notebook.ipynb` (executed), `report.html`,
`report.pdf` and `run.json`, the evidence: parameters, hashes of code and environment, the data version, who, when,
and the SHA-256 of each file. The folder appears whole or not at all: it is filled under a hidden name and then
renamed. Of a run that failed, `run.json` says so and why, and only the notebook is kept beside it.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crmlib.base import CrmError
from crmlib.i18n import current_locale, format_datetime, use_locale
from crmlib.i18n import gettext as _
from crmlib.reporting.blocks import Cover, blocks_of
from crmlib.reporting.catalogue import Report, show_report
from crmlib.reporting.document import Document, evidence_words, imprint
from crmlib.reporting.evidence import code_hash, environment_hash, file_hash, installed, numbers_hash
from crmlib.reporting.parameters import Value, check_parameters

NOTEBOOK, HTML, PDF, EVIDENCE = "notebook.ipynb", "report.html", "report.pdf", "run.json"
# Longer than any report should take; a cell that hangs must not hold a schedule for ever.
MOST_SECONDS = 900


@dataclass(frozen=True)
class ReportRun:
    """A run that is over: its folder and its evidence, as `run.json` holds it."""

    folder: Path
    evidence: Mapping[str, Any]

    @property
    def report(self) -> str:
        """The report's name."""
        return str(self.evidence["report"])

    @property
    def succeeded(self) -> bool:
        """Whether there is a whole report."""
        return str(self.evidence["status"]) == "succeeded"

    @property
    def paths(self) -> dict[str, Path]:
        """The files of the run by kind: notebook, html, pdf, evidence; only those that exist."""
        named = {"notebook": NOTEBOOK, "html": HTML, "pdf": PDF, "evidence": EVIDENCE}
        return {kind: self.folder / name for kind, name in named.items() if (self.folder / name).is_file()}


class ReportFailed(CrmError):
    """A report stopped before its end; `run` is what is kept of it."""

    def __init__(self, message: str, run: ReportRun) -> None:
        super().__init__(message)
        self.run = run


def run_report(
    workbench: Any,
    name: str,
    parameters: Mapping[str, Value] | None = None,
    *,
    out: Path | None = None,
    folder: Path | None = None,
) -> ReportRun:
    """Run the report `name` on a workbench and keep the run in its workspace, or in `out`.

    Parameters are checked first, so nothing runs with a wrong one (InvalidInput). Raises NotFound where there is no
    such report, ReportFailed where a cell stopped; the run is kept then too, as failed.
    """
    report = show_report(name, folder)
    with use_locale(workbench.settings.locale):
        values = check_parameters(
            report.parameters, parameters or {}, lambda kind: _on_record(workbench, kind), workbench.today()
        )
        started = workbench.now()
        packages = installed()
        evidence: dict[str, Any] = {
            "report": report.name,
            "title": report.title,
            "status": "running",
            "parameters": values,
            "by": workbench.actor,
            "started_at": started.isoformat(timespec="seconds"),
            "code": code_hash(report.notebook),
            "environment": environment_hash(packages),
            "data_version": workbench.data_version(),
            "packages": packages,
        }
        home = out or workbench.settings.runs / report.name
        with _hidden_folder(home) as partial:
            _write(partial, evidence)
            problem = _execute(workbench, report, values, partial)
            if problem is None:
                problem = _export(workbench, partial, evidence)
            evidence["finished_at"] = workbench.now().isoformat(timespec="seconds")
            if problem is not None:
                (partial / HTML).unlink(missing_ok=True)
                (partial / PDF).unlink(missing_ok=True)
                evidence |= {"status": "failed", "error": problem}
            else:
                evidence["status"] = "succeeded"
            kept = [name for name in (NOTEBOOK, HTML, PDF) if (partial / name).is_file()]
            evidence["outputs"] = {name: file_hash(partial / name) for name in kept}
            _write(partial, evidence)
            run = ReportRun(_settle(partial, started), evidence)
    if problem is not None:
        raise ReportFailed(problem, run)
    return run


def past_runs(workspace: Path, name: str | None = None) -> list[ReportRun]:
    """The runs kept in a workspace, newest first; of one report where `name` is given.

    A run that is under way, or was cut off, has no folder of its own yet and is not among them.
    """
    found = []
    for path in (workspace / "runs").glob(f"*/*/{EVIDENCE}"):
        if path.parent.name.startswith(".") or (name is not None and path.parts[-3] != name):
            continue
        try:
            found.append(ReportRun(path.parent, json.loads(path.read_text("utf-8"))))
        except (OSError, ValueError):
            continue  # someone else's file in our folder is no reason to hide the runs
    return sorted(found, key=lambda run: str(run.evidence.get("started_at", "")), reverse=True)


def _execute(workbench: Any, report: Report, values: Mapping[str, Value], folder: Path) -> str | None:
    """Execute the notebook into `folder`; what went wrong in a sentence, or None."""
    import papermill

    from crmlib.reporting.kernel import kernel_class

    settings, target = workbench.settings, folder / NOTEBOOK
    with tempfile.TemporaryDirectory(prefix="crm-report-") as profile:
        kernel = kernel_class(
            workspace=settings.workspace, database=settings.database_url, profile=Path(profile) / "ipython"
        )
        try:
            papermill.execute_notebook(
                str(report.notebook),
                str(target),
                parameters=dict(values),
                kernel_name="python3",
                kernel_manager_class=kernel,
                cwd=profile,
                progress_bar=False,
                execution_timeout=MOST_SECONDS,
                autosave_cell_every=0,
            )
        except papermill.PapermillExecutionError as stopped:
            return _told(stopped, report)
        except Exception as broken:  # a kernel that died, a timeout: the run is over and must say so
            return _("The report could not be run: {reason}.").format(
                reason=str(broken).split("\n")[0] or type(broken).__name__
            )
    _tidy(target, report)
    return None


def _told(stopped: Any, report: Report) -> str:
    if stopped.ename in _sentence_errors():
        return str(stopped.evalue)
    return _("{report} stopped at cell {cell}: {error}: {reason}. The run's notebook shows where.").format(
        report=report.title, cell=stopped.exec_count, error=stopped.ename, reason=str(stopped.evalue).split("\n")[0]
    )


def _sentence_errors() -> set[str]:
    found, waiting = {CrmError.__name__}, [CrmError]
    while waiting:
        for below in waiting.pop().__subclasses__():
            found.add(below.__name__)
            waiting.append(below)
    return found


def _tidy(notebook: Path, report: Report) -> None:
    """Leave out of the kept notebook what differs from run to run and says where on this machine it ran."""
    data = json.loads(notebook.read_text("utf-8"))
    about = data["metadata"].get("papermill", {})
    data["metadata"]["papermill"] = {"parameters": about.get("parameters", {}), "input_path": report.notebook.name}
    for cell in data["cells"]:
        cell["metadata"].pop("papermill", None)
    _replace(notebook, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def _export(workbench: Any, folder: Path, evidence: dict[str, Any]) -> str | None:
    """Write HTML and PDF from the executed notebook, and what it says into the evidence."""
    from crmlib.reporting.html import to_html
    from crmlib.reporting.pdf import to_pdf

    blocks = blocks_of(json.loads((folder / NOTEBOOK).read_text("utf-8")))
    cover = next((block for block in blocks if isinstance(block, Cover)), None)
    if cover is None:
        return _("This notebook shows no report: none of its cells returns a cover.")
    if cover.data_version is not None:
        evidence["data_version"] = cover.data_version
    evidence["resolved"] = dict(cover.resolved)
    started = datetime.fromisoformat(evidence["started_at"])
    zone = workbench.settings.zone
    made = format_datetime(started, zone)
    shown = evidence_words({**evidence, "started_at": made})
    document = Document(cover, tuple(blocks), shown, imprint(evidence), made)
    evidence["finding"] = cover.title
    evidence["figures"] = [item.__dict__ for item in document.figures]
    evidence["numbers"] = numbers_hash([block.to_json() for block in blocks])
    evidence["locale"] = str(current_locale())
    _replace(folder / HTML, to_html(document))
    (folder / PDF).write_bytes(to_pdf(document, made_at=started.astimezone(UTC)))
    return None


def _on_record(workbench: Any, kind: str) -> list[str]:
    """The names that deals on record carry, for a parameter that must be one of them."""
    column = {"seller": "owner"}.get(kind, kind)
    deals = workbench.sales.deals()
    if kind == "currency":
        deals = deals[deals["status"] == "won"]
    if column not in deals:
        raise ValueError(f"a report asks for a {kind} on record, and deals have none")
    return [str(name) for name in deals[column].dropna().unique()]


@contextmanager
def _hidden_folder(home: Path) -> Iterator[Path]:
    """A folder to fill that no reader looks into; gone afterwards unless it was given its name by then."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = Path(tempfile.mkdtemp(prefix=".run-", dir=home))
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _settle(partial: Path, started: datetime) -> Path:
    """Give the filled folder the moment as its name, in one step; with a number where another run has that name."""
    stamp = started.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    for name in (stamp, *(f"{stamp}-{n}" for n in range(2, 1000))):
        final = partial.with_name(name)
        if final.exists():
            continue
        try:
            return partial.rename(final)
        except OSError:  # another run took the name in this very moment
            continue
    raise FileExistsError(stamp)


def _write(folder: Path, evidence: Mapping[str, Any]) -> None:
    _replace(folder / EVIDENCE, json.dumps(evidence, ensure_ascii=False, indent=1) + "\n")


def _replace(path: Path, text: str) -> None:
    # A reader sees the old text or the new one, never half of either.
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
