"""requirements.lock is what `make` installs: it must hold everything, for every system, and nothing else."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lock() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock", ROOT / ".ci" / "lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lock_agrees_with_pyproject(lock: ModuleType):
    assert sorted(set(lock.problems())) == []


def test_the_lock_names_exact_versions_and_no_place_to_get_them(lock: ModuleType):
    for line in lock.LOCK.read_text("utf-8").splitlines():
        assert line.startswith("#") or "==" in line.split(";")[0]
        assert "://" not in line
        assert not line.startswith("-")
