"""Spreadsheets: XLSX, XLSM, XLSB, XLS and ODS, parsed by a child process that may not harm us.

python-calamine reads them all, twenty times as fast as openpyxl and with the values that formulas had when saved; but
it holds a sheet in memory, as wide and as long as its farthest cell. The child's limits make that harmless.
"""

import csv
import json
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmlib.exchange.reading import limits
from crmlib.exchange.reading.headers import find_header, is_blank, looks_like_data
from crmlib.exchange.reading.limits import checked_archive, refusal
from crmlib.exchange.reading.table import BadRow, Record, Table, named_columns, unnamed
from crmlib.i18n import gettext as _

#: What the child may use.
MOST_MEMORY, MOST_SECONDS = 1 << 30, 60
_CHILD = Path(__file__).with_name("sheet_child.py")
_SAMPLE_ROWS = 200


class Folder:
    """A folder for a file in between; it goes when nobody holds it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="crm-reading-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class SheetTable(Table):
    """One sheet, as CSV in a folder of its own: the row's number, then its values."""

    folder: Folder

    def records(self) -> Iterator[Record | BadRow]:
        width = len(self.columns)
        for line, values in _rows(self.folder):
            if line <= self.header_line or is_blank(values):
                continue
            if len(values) > width:
                if not is_blank(values[width:]):
                    says = _("{n} values, and the header names {m} columns").format(n=len(values), m=width)
                    yield BadRow(line, says, ",".join(values)[:2_000])
                    continue
                del values[width:]
            if any("\0" in value for value in values):
                yield BadRow(line, _("it holds a character with the number 0, which is no text"), ",".join(values))
                continue
            yield line, values + [""] * (width - len(values))


def open_sheet(
    path: Path,
    name: str,
    kind: str,
    *,
    sheet: str | None = None,
    header_line: int | None = None,
    columns: Sequence[str] | None = None,
    sha256: str = "",
    keep: Folder | None = None,
) -> SheetTable:
    """The table in one sheet of the spreadsheet at `path`, called `name`. Raises InvalidInput where there is none."""
    if path.stat().st_size > limits.MOST_SHEET_FILE:
        n = limits.MOST_SHEET_FILE // 1_000_000
        raise refusal(name, _("it is larger than {n} MB; save it as CSV").format(n=n))
    if kind != "xls":
        checked_archive(path, limits.MOST_SHEET_BYTES)
    folder = keep or Folder()
    told = _child(path, sheet or "", folder.path / "sheet.csv", name)
    width: int = told["width"]
    if width > limits.MOST_COLUMNS:
        raise refusal(name, _("it has more than {n} columns").format(n=limits.MOST_COLUMNS))
    sample = [(line, line, values) for (line, values), _n in zip(_rows(folder), range(_SAMPLE_ROWS), strict=False)]
    remarks = []
    if columns is not None and header_line is None:
        header_line = 0
    line, _end, header = find_header(sample, header_line, name)
    if header_line is None and line > sample[0][0]:
        says = _("line {line} is taken for the header; what stands above it is left out")
        remarks.append(says.format(line=line))
    if header_line == 0:
        line = 0
        named = tuple(columns) if columns is not None else tuple(unnamed(n) for n in range(1, width + 1))
    else:
        named, renamed = named_columns(columns or [*header, *[""] * (width - len(header))])
        remarks += renamed
        if header_line is None and looks_like_data(header):
            remarks.append(_("the first row looks like data; if no line names the columns, say so"))
    others = [other for other in told["sheets"] if other != told["sheet"]]
    if others and sheet is None:
        says = _("sheet “{sheet}” is read; there are others: {names}")
        remarks.append(says.format(sheet=told["sheet"], names=", ".join(others[:20])))
    return SheetTable(
        name=name,
        columns=named,
        format=kind,
        sha256=sha256,
        header_line=line,
        remarks=tuple(remarks),
        sheet=told["sheet"],
        sheets=tuple(told["sheets"]),
        folder=folder,
    )


def _rows(folder: Folder) -> Iterator[tuple[int, list[str]]]:
    with (folder.path / "sheet.csv").open(encoding="utf-8", newline="") as stream:
        for number, *values in csv.reader(stream):
            yield int(number), values


def _child(path: Path, sheet: str, out: Path, name: str) -> dict[str, Any]:
    limit = [str(number) for number in (MOST_MEMORY, MOST_SECONDS, limits.MOST_BYTES // 4)]
    command = [sys.executable, "-P", str(_CHILD), str(path), sheet, str(out), *limit]
    try:
        done = subprocess.run(  # noqa: S603  # our own script, and no shell
            command, capture_output=True, check=False, timeout=MOST_SECONDS * 2, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise refusal(name, _("it takes too long to read; save it as CSV")) from None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        told = {"error": "memory"}  # it was stopped by its limits
    match told.get("error"):
        case None:
            return dict(told)
        case "memory":
            says = _("it needs more memory than a spreadsheet should; delete cells far outside, or save it as CSV")
            raise refusal(name, says)
        case "password":
            raise refusal(name, _("it is locked with a password; save it without one"))
        case "sheet":
            says = _("there is no sheet “{sheet}”; there are {names}")
            raise refusal(name, says.format(sheet=sheet, names=", ".join(told["sheets"][:20])))
        case "empty":
            raise refusal(name, _("it is empty; the first line should name the columns"))
        case _:
            raise refusal(name, _("it is a damaged spreadsheet; open it in a spreadsheet program and save it anew"))
