"""requirements.lock is what `make` installs: it must hold everything, for every system, and nothing else."""

import ast
import importlib.util
import sys
from importlib import metadata
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


def test_what_the_code_imports_is_what_pyproject_asks_for(lock: ModuleType):
    """A package that is there only because another one needs it may be gone with its next version."""
    imported = set()
    for path in (path for folder in ("crmlib", "widgets") for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"crmlib", "widgets"}
    asked_for = {lock.canonicalize_name(requirement.name) for requirement in lock.project_requirements()}
    providers = metadata.packages_distributions()
    assert {
        name for name in foreign if not asked_for & {lock.canonicalize_name(one) for one in providers.get(name, [name])}
    } == set()
