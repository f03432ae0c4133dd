"""The house stands as pyproject.toml draws it, and is kept tidy."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def checked(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}"


def test_code_looks_down_the_stairs_and_every_room_is_on_a_floor():
    lint = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"
    done = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_ruff_has_nothing_to_say():
    checked("ruff", "check", ".")


def test_the_formatter_would_change_nothing():
    checked("ruff", "format", "--check", ".")


@pytest.mark.slow
def test_the_types_of_the_business_are_strict():
    checked("mypy")


def test_opening_the_front_door_loads_no_heavy_library():
    """Each page's kernel pays for what `import crmlib` drags in, in memory and in waiting."""
    heavy = ("pandas", "numpy", "altair", "papermill", "nbformat", "typst", "IPython", "ipywidgets")
    code = f"import sys, crmlib; crmlib.open_workbench; print(*(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
