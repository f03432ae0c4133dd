"""What is kept in the repository: nothing that was only true on one machine, nothing that was computed."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Written so that this file does not name them either.
PACKAGE_HOSTS = re.compile(
    r"files\.python" + r"hosted|py" + r"pi\.org/simple|registry\.npm" + r"js|deb\.deb" + r"ian\.org"
    r"|index-ur" + r"l|extra-ind" + r"ex|trusted-ho" + r"st"
)


def kept_files() -> list[Path]:
    """Every file that git keeps or would keep; without git (an unpacked archive), every file of ours."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\0")
        found = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        folders = ("crmlib", "widgets", "notebooks", "reports", "tests")
        found = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return sorted(path for path in found if path.is_file())


def texts() -> dict[Path, str]:
    found = {}
    for path in kept_files():
        try:
            found[path] = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return found


def test_no_file_names_where_packages_come_from():
    told = [
        f"{path.relative_to(ROOT)}: {hit[0]}" for path, text in texts().items() if (hit := PACKAGE_HOSTS.search(text))
    ]
    assert told == []


def test_no_secret_and_no_database_is_kept():
    secret = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{36}")
    assert [path for path, text in texts().items() if secret.search(text)] == []
    assert [path for path in kept_files() if path.suffix in {".sqlite", ".db", ".parquet", ".pem", ".key"}] == []


def test_no_kept_file_is_large():
    large = {str(path.relative_to(ROOT)): path.stat().st_size for path in kept_files()}
    assert {name: size for name, size in large.items() if size > 1_500_000} == {}


@pytest.mark.parametrize(
    "notebook",
    [path for path in kept_files() if path.suffix == ".ipynb"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_notebook_keeps_no_outputs(notebook: Path):
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_the_version_is_told_once():
    import crmlib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert crmlib.__version__ == project["version"]


def test_every_command_of_the_readme_is_there():
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", readme, re.MULTILINE))
    assert {"demo", "test", "lint", "bench", "lab"} <= named
    assert named <= targets


def test_every_folder_of_the_readme_is_there():
    readme = (ROOT / "README.md").read_text("utf-8")
    table = re.findall(r"^\| `([\w./]+/)` \|", readme, re.MULTILINE)
    assert len(table) >= 6
    assert [folder for folder in table if not (ROOT / folder).is_dir()] == []
    assert [name for name in re.findall(r"\]\(([\w./-]+)\)", readme) if not (ROOT / name).exists()] == []


def test_the_make_targets_tell_what_they_do():
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "lint", "bench", "lab"):
        assert f"make {target}" in told
