"""Which reports there are: one notebook each, read for its title, its sentence and its parameters, never run."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crmlib.base import NotFound
from crmlib.base.places import find_folder
from crmlib.i18n import gettext as _
from crmlib.reporting.parameters import Parameter, listed_or, read_parameter
from crmlib.reporting.quick import import_jsonschema_quickly

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Report:
    """A report that can be run: `name` is its notebook's file name, `title` and `sentence` its first lines,
    in the reader's language where they are translated.
    """

    name: str
    title: str
    sentence: str
    parameters: tuple[Parameter, ...]
    notebook: Path


class NoReport(NotFound):
    """There is no report of that name; the message names those that come near."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__("report", name)
        near = get_close_matches(name, known, n=3, cutoff=0.5) or known
        says = _("There is no report {name}.").format(name=f"“{name}”")
        self.args = (f"{says} {_('Try {names}.').format(names=listed_or(near))}" if near else says,)


def list_reports(folder: Path | None = None) -> list[Report]:
    """All reports by name; `folder` is where their notebooks are, else where this copy keeps them."""
    return [_read(path) for path in _notebooks(folder)]


def show_report(name: str, folder: Path | None = None) -> Report:
    """The report called `name`. Raises NotFound, naming those that come near."""
    notebooks = {path.stem: path for path in _notebooks(folder)}
    if name not in notebooks:
        raise NoReport(name, sorted(notebooks))
    return _read(notebooks[name])


def _notebooks(folder: Path | None) -> list[Path]:
    place = folder or find_folder("reports")
    return sorted(path for path in place.glob("*.ipynb") if _NAME.fullmatch(path.stem))


def _read(path: Path) -> Report:
    import_jsonschema_quickly()
    import nbformat
    from papermill.translators import PythonTranslator

    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    title, sentence = _introduction(notebook)
    cell = next((c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())), None)
    inspected = [] if cell is None else [p._asdict() for p in PythonTranslator.inspect(cell)]
    _all_understood(path, cell, inspected)
    return Report(path.stem, _(title) or path.stem, _(sentence), tuple(read_parameter(p) for p in inspected), path)


def _introduction(notebook: Any) -> tuple[str, str]:
    text = next((cell.source for cell in notebook.cells if cell.cell_type == "markdown"), "")
    head, _line, rest = text.strip().partition("\n")
    paragraph = rest.strip().split("\n\n")[0]
    return head.lstrip("# ").strip(), " ".join(paragraph.split())


def _all_understood(path: Path, cell: Any, inspected: list[dict[str, Any]]) -> None:
    # papermill skips a line it cannot read without a word; a parameter must not disappear.
    if cell is None:
        return
    written = re.findall(r"^(\w+)\s*(?::[^=\n]*)?=", cell.source, flags=re.MULTILINE)
    missing = set(written) - {parameter["name"] for parameter in inspected}
    if missing:
        raise ValueError(
            f"{path.name}: papermill cannot read the parameters {sorted(missing)}; one name, one type a line"
        )
