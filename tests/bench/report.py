"""Seconds of a report run, beside a bare papermill run of an empty notebook started in the same way.

Both as a command (a fresh process that imports what it needs) and as a call (a process that has imported already);
the smallest of three runs each, in turn, so that a busy moment does not count against either.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from crmlib import open_workbench
from crmlib.demo import make_demo
from crmlib.reporting import run_report

ROUNDS = 3
# A report does a review's work and writes three files; past this many times an empty notebook it would feel slow.
GOAL = 5.0
BARE = (
    "import sys, papermill; "
    "papermill.execute_notebook(sys.argv[1], sys.argv[2], progress_bar=False, kernel_name='python3')"
)


def rows() -> list[dict[str, Any]]:
    """One row for the command and one for the call: seconds, beside what, how many times it, and the goal."""
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as made:
        folder = Path(made)
        workspace = folder / "workspace"
        make_demo(workspace, seed=7, scale=0.25)
        empty, done = folder / "empty.ipynb", folder / "done.ipynb"
        cell = nbformat.v4.new_code_cell("")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"language_info": {"name": "python"}}), empty)
        command = [sys.executable, "-m", "crmlib.cli", "--workspace", str(workspace), "report", "run", "sales_review"]
        as_command = _beside(lambda: _run(command), lambda: _run([sys.executable, "-c", BARE, str(empty), str(done)]))
        with open_workbench(workspace) as workbench:
            as_call = _beside(lambda: run_report(workbench, "sales_review"), lambda: _papermill(empty, done))
    return [
        _row("sales review, by command", *as_command),
        _row("sales review, by call", *as_call),
    ]


def _beside(ours: Callable[[], object], bare: Callable[[], object]) -> tuple[float, float]:
    times = [(_seconds(ours), _seconds(bare)) for _round in range(ROUNDS)]
    return min(first for first, _second in times), min(second for _first, second in times)


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _papermill(empty: Path, done: Path) -> None:
    import papermill

    papermill.execute_notebook(str(empty), str(done), progress_bar=False, kernel_name="python3")


def _row(name: str, seconds: float, bare: float) -> dict[str, Any]:
    ratio = seconds / bare
    return {
        "name": name,
        "value": round(seconds, 2),
        "unit": "s",
        "beside": f"empty papermill notebook {bare:.2f} s",
        "ratio": round(ratio, 2),
        "goal": f"at most {GOAL:g} times",
        "met": ratio <= GOAL,
    }


if __name__ == "__main__":
    print(*rows(), sep="\n")
