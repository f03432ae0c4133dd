"""Write requirements.lock: the exact versions that are installed here, for every system that is supported.

Run by `make lock` in a fresh environment that also holds what only other systems need. It follows the
requirements of `crm-workbench[dev]` from package to package, so that nothing that merely happens to be installed
slips in, and says with a marker what only some systems need. `problems()` is what the tests ask: does the lock
agree with pyproject.toml?
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
HEAD = """\
# The exact versions that `make` installs; written by `make lock`, agreed with pyproject.toml by the tests.
"""

_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
_MAC = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"}
#: What is supported: three Pythons, on Linux and macOS, on both common processors.
SYSTEMS: list[dict[str, str]] = [
    {**system, "python_version": python, "python_full_version": f"{python}.1", "platform_machine": machine}
    | {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    for system, machines in ((_LINUX, ("x86_64", "aarch64")), (_MAC, ("x86_64", "arm64")))
    for machine in machines
    for python in ("3.11", "3.12", "3.13")
]


def project_requirements() -> list[Requirement]:
    """What pyproject.toml asks for, its extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    texts = [project["dependencies"], *project["optional-dependencies"].values()]
    found = [Requirement(text) for texts_of_one in texts for text in texts_of_one]
    return [requirement for requirement in found if requirement.name != project["name"]]


def needed_on(system: Mapping[str, str]) -> dict[str, list[Requirement]]:
    """Every package needed on `system`, by canonical name, with the requirements that ask for it."""
    asked: dict[str, list[Requirement]] = {}
    followed: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in project_requirements()]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({**system, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        asked.setdefault(name, []).append(requirement)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in followed:
                followed.add((name, wanted))
                waiting += [(child, wanted) for child in _requires(name)]
    return asked


def read_lock() -> dict[str, tuple[str, Marker | None]]:
    """Version and marker by canonical name."""
    lines = [line for line in LOCK.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        requirement = Requirement(line)
        (version,) = (specifier.version for specifier in requirement.specifier)
        found[canonicalize_name(requirement.name)] = (version, requirement.marker)
    return found


def problems() -> Iterator[str]:
    """Where the lock and pyproject.toml (with what its packages ask for) do not agree; sentences."""
    lock = read_lock()
    needed: set[str] = set()
    for system in SYSTEMS:
        where = f"{system['sys_platform']}, Python {system['python_version']}"
        for name, requirements in needed_on(system).items():
            needed.add(name)
            if name not in lock:
                yield f"{name} is needed on {where} and not locked."
                continue
            version, marker = lock[name]
            if marker and not marker.evaluate(dict(system)):
                yield f"{name} is needed on {where}, where its marker leaves it out."
            for requirement in requirements:
                if not requirement.specifier.contains(version, prereleases=True):
                    yield f"{name} is locked at {version}, and {requirement} is asked for."
    for name in sorted(set(lock) - needed):
        marker = lock[name][1]
        if marker is None or marker.evaluate():  # else it is for another system, whose needs cannot be read here
            yield f"{name} is locked and nothing needs it."


def lock_lines() -> Iterator[str]:
    """The lines of a new lock, from the versions installed here."""
    per_system = [set(needed_on(system)) for system in SYSTEMS]
    for name in sorted(set.union(*per_system)):
        marker = _marker([system for system, names in zip(SYSTEMS, per_system, strict=True) if name in names])
        yield f"{name}=={metadata.version(name)}" + (f" ; {marker}" if marker else "")


def _requires(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return []


def _marker(systems: list[dict[str, str]]) -> str:
    """The marker for a package that only `systems` need; empty when all do."""
    if len(systems) == len(SYSTEMS):
        return ""
    for key in ("sys_platform", "python_version"):
        values = {system[key] for system in systems}
        if [system for system in SYSTEMS if system[key] in values] == systems:
            return " or ".join(f'{key} == "{value}"' for value in sorted(values))
    return ""  # a finer difference: installing it everywhere does no harm


if __name__ == "__main__":
    LOCK.write_text(HEAD + "\n".join(lock_lines()) + "\n", "utf-8")
    sys.exit("\n".join(problems()) or 0)
