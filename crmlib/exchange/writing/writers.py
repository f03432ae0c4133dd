"""Tables written to files, row by row and in flat memory: CSV, JSON lines, Excel, Parquet.

Every writer makes its file beside the one wanted and puts it in place when it is whole, so that a crash never leaves
half an export under a name that somebody trusts. Files are readable by their owner only: they hold customers' data.
"""

import csv
import io
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

from crmlib.base import InvalidInput, Refused, Unavailable
from crmlib.exchange.writing.cells import Kind, as_text, defused, iso, shown
from crmlib.i18n import gettext as _

CHUNK = 20_000
#: What one sheet of a spreadsheet holds, the row of names included.
SHEET_ROWS = 1_048_576
LONGEST_CELL = 32_767


@dataclass(frozen=True)
class Column:
    """One column of a file: its name in the first row, and what its values are."""

    name: str
    kind: Kind = "text"


class Writer(ABC):
    """Writes one table into an open file. `exact` keeps what only a program needs: the empty text beside nothing."""

    suffix: ClassVar[str]

    def __init__(self, columns: Sequence[Column], *, exact: bool = False, defuse: bool = True) -> None:
        self.columns, self.exact, self.defuse = list(columns), exact, defuse

    @abstractmethod
    def write(self, out: IO[bytes], rows: Iterable[Sequence[Any]]) -> int:
        """Write all rows, values in the order of the columns; how many there were."""

    def cell(self, kind: Kind, value: Any) -> str:
        """A value as text, which a spreadsheet may open."""
        text = as_text(kind, value) if self.exact else shown(kind, value)
        return defused(text) if self.defuse and kind in ("text", "json") else text


class CsvWriter(Writer):
    """UTF-8 with a mark, commas, CRLF: what spreadsheets and RFC 4180 expect."""

    suffix = ".csv"

    def write(self, out: IO[bytes], rows: Iterable[Sequence[Any]]) -> int:
        text = io.TextIOWrapper(out, encoding="utf-8" if self.exact else "utf-8-sig", newline="", write_through=False)
        lines = csv.writer(text)
        lines.writerow([defused(column.name) if self.defuse else column.name for column in self.columns])
        count = 0
        kinds = [column.kind for column in self.columns]
        for row in rows:
            cells = [self.cell(kind, value) for kind, value in zip(kinds, row, strict=True)]
            lines.writerow(cells)
            count += 1
        text.flush()
        text.detach()
        return count


class JsonLinesWriter(Writer):
    """One object a line, keys in the order of the columns; days and moments as ISO text."""

    suffix = ".jsonl"

    def write(self, out: IO[bytes], rows: Iterable[Sequence[Any]]) -> int:
        names = [column.name for column in self.columns]
        count = 0
        for row in rows:
            told = {name: _as_json(value) for name, value in zip(names, row, strict=True)}
            out.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            count += 1
        return count


class ParquetWriter(Writer):
    """Typed columns: whole numbers, floats, days, moments in UTC; JSON stays text."""

    suffix = ".parquet"

    def write(self, out: IO[bytes], rows: Iterable[Sequence[Any]]) -> int:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {
            "text": pa.string(),
            "json": pa.string(),
            "whole": pa.int64(),
            "decimal": pa.float64(),
            "flag": pa.bool_(),
            "day": pa.date32(),
            "moment": pa.timestamp("us", tz="UTC"),
        }
        schema = pa.schema([(column.name, types[column.kind]) for column in self.columns])
        count = 0
        with pq.ParquetWriter(out, schema, compression="zstd") as writer:
            for chunk in _chunks(rows):
                count += len(chunk)
                data = [
                    pa.array([self._value(column.kind, row[number]) for row in chunk], types[column.kind])
                    for number, column in enumerate(self.columns)
                ]
                writer.write_table(pa.Table.from_arrays(data, schema=schema))
        return count

    def _value(self, kind: Kind, value: Any) -> Any:
        if value is None or kind in ("whole", "flag", "day", "moment"):
            return value
        if kind == "decimal":
            return float(value)
        if kind == "json":
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return str(value)


class XlsxWriter(Writer):
    """One sheet, or several where one does not hold all rows. Text is stored as text and never as a formula."""

    suffix = ".xlsx"

    def write(self, out: IO[bytes], rows: Iterable[Sequence[Any]]) -> int:
        with workbook(out) as book:
            return write_sheets(book, _("Export"), self, rows)


#: What is no character of XML, or would be read back as another: written as JSON writes it.
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^\s|\s$|\r")
_FORMULA = re.compile(r"'*[\s\x00-\x20]*[=+\-@\uff1d\uff0b\uff0d\uff20]")


@contextmanager
def workbook(out: IO[bytes]) -> Iterator[Any]:
    """An Excel workbook that is written row by row."""
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
        "remove_timezone": True,
    }
    book = xlsxwriter.Workbook(out, options)
    try:
        yield book
    finally:
        book.close()


def write_sheets(book: Any, name: str, about: Writer, rows: Iterable[Sequence[Any]], *, titles: int = 1) -> int:
    """Write rows as sheet `name`, and `name 2` and so on where there are more than one holds."""
    bold = book.add_format({"bold": True})
    # The mark that a spreadsheet itself sets where somebody types an apostrophe: editing the cell keeps it text.
    quoted = book.add_format({"quote_prefix": True})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    count, at, sheet, number = 0, 0, None, 0
    kinds = [column.kind for column in about.columns]
    for row in rows:
        if sheet is None or at >= SHEET_ROWS:
            number += 1
            sheet, at = _new_sheet(book, name, number, about, bold), titles
        for column, (kind, value) in enumerate(zip(kinds, row, strict=True)):
            _write_cell(sheet, at, column, about, kind, value, quoted, moment)
        at += 1
        count += 1
    if sheet is None:
        _new_sheet(book, name, 1, about, bold)
    return count


def _new_sheet(book: Any, name: str, number: int, about: Writer, bold: Any) -> Any:
    # A sheet's name has at most 31 signs, and none of []:*?/\.
    tidy = re.sub(r"[\[\]:*?/\\']", " ", name)[:28]
    sheet = book.add_worksheet(tidy if number == 1 else f"{tidy} {number}")
    for column, one in enumerate(about.columns):
        sheet.write_string(0, column, one.name[:LONGEST_CELL], bold)
    if not about.exact:
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(0, len(about.columns) - 1), 18)
    return sheet


def _write_cell(
    sheet: Any, row: int, column: int, about: Writer, kind: Kind, value: Any, quoted: Any, moment: Any
) -> None:
    if value is None:
        return
    if kind == "flag":
        sheet.write_boolean(row, column, bool(value))
    elif kind in ("whole", "decimal") and abs(value) < 2**53 and value == value:  # no NaN in a cell
        sheet.write_number(row, column, float(value) if kind == "decimal" else value)
    elif kind == "day" and not about.exact and value.year >= 1900:
        sheet.write_datetime(row, column, value)
    elif kind == "moment" and not about.exact and value.year >= 1900:
        sheet.write_datetime(row, column, value.replace(tzinfo=None), moment)
    else:
        text = as_text(kind, value) if about.exact else shown(kind, value)
        if about.exact and (_ODD.search(text) or text.startswith("\\j")):
            text = "\\j" + json.dumps(text)
        elif not about.exact:
            text = _ODD.sub(lambda odd: odd[0] if odd[0].isspace() or odd[0].startswith("_x") else "\ufffd", text)
        if len(text) > LONGEST_CELL:
            if about.exact:
                raise Refused(
                    _("A spreadsheet's cell holds {n} characters, and one value here is longer. Use JSON lines.")
                    .format(n=f"{LONGEST_CELL:,}")
                )  # fmt: skip
            text = text[: LONGEST_CELL - 1] + "…"
        sheet.write_string(row, column, text, quoted if _FORMULA.match(text) else None)


FORMATS: dict[str, type[Writer]] = {
    "csv": CsvWriter,
    "xlsx": XlsxWriter,
    "parquet": ParquetWriter,
    "jsonl": JsonLinesWriter,
}


def find_format(path: Path, wanted: str = "") -> str:
    """The format that is asked for, or that the file's name ends with. Raises InvalidInput for none we write."""
    name = (wanted or path.suffix.removeprefix(".")).casefold()
    name = {"excel": "xlsx", "json": "jsonl", "ndjson": "jsonl"}.get(name, name)
    if name not in FORMATS:
        names = ", ".join(FORMATS)
        raise InvalidInput(_("Format"), name or path.name, _("choose one of: {names}").format(names=names))
    return name


def write_table(
    path: Path,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    *,
    file_format: str = "",
    overwrite: bool = False,
    defuse: bool = True,
) -> int:
    """Write rows to `path`; how many there were.

    The format is the file's ending unless `file_format` says it: csv, xlsx, parquet, jsonl. What a spreadsheet could
    run is defused in CSV (unless `defuse` is False: then only for programs) and stored as text in Excel. Raises
    Refused where the file is there already and `overwrite` does not say so, Unavailable where it cannot be written.
    """
    writer = FORMATS[find_format(path, file_format)](columns, defuse=defuse)
    with new_file(path, overwrite=overwrite) as out:
        return writer.write(out, rows)


@contextmanager
def new_file(path: Path, *, overwrite: bool = False) -> Iterator[IO[bytes]]:
    """A file that appears under its name when it is whole, and not at all where something goes wrong."""
    if path.exists() and not overwrite:
        raise Refused(
            _("{path} is there already. Choose another name, or replace it with --overwrite.").format(path=path)
        )
    making = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(making, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        making.replace(path)
    except OSError as error:
        says = _("{path} cannot be written: {reason}")
        raise Unavailable(says.format(path=path, reason=error.strerror or error)) from error
    finally:
        making.unlink(missing_ok=True)


def _chunks(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    chunk: list[Sequence[Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _as_json(value: Any) -> Any:
    return iso(value) if hasattr(value, "isoformat") else value
