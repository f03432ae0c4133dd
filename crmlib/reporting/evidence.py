"""What a run rested on, as hashes short enough to compare by eye: code, environment, data."""

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

_CODE = (".py", ".css", ".typ", ".po")


def code_hash(notebook: Path) -> str:
    """SHA-256 over the cells of `notebook` and every source file of crmlib: another hash, other code."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    digest = hashlib.sha256(_crmlib_hash().encode())
    for cell in cells:
        source = cell["source"]
        digest.update(f"\0{cell['cell_type']}\0".encode())
        digest.update(("".join(source) if isinstance(source, list) else source).encode())
    return digest.hexdigest()


def installed() -> dict[str, str]:
    """The versions of Python and of every installed package, by name."""
    found = {dist.metadata["Name"].lower(): dist.version for dist in distributions() if dist.metadata["Name"]}
    return {"python": platform.python_version(), **dict(sorted(found.items()))}


def environment_hash(packages: dict[str, str]) -> str:
    """SHA-256 over the versions of `installed`."""
    return hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def numbers_hash(blocks: list[dict[str, Any]]) -> str:
    """SHA-256 over all that a report says: equal hashes, the same numbers and words."""
    return hashlib.sha256(json.dumps(blocks, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@cache
def _crmlib_hash() -> str:
    home = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for path in home.rglob("*") if path.suffix in _CODE):
        digest.update(f"\0{path.relative_to(home).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
