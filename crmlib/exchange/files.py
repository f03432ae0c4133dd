"""Delimited text files as people really send them: any encoding, any delimiter, with or without BOM, gzipped."""

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crmlib.base import CrmError, InvalidInput, NotFound
from crmlib.i18n import gettext as _

# More than a million customers in one file; a gzip bomb stops here.
MOST_BYTES = 500_000_000
DELIMITERS = (",", ";", "\t", "|")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
csv.field_size_limit(10_000_000)


@dataclass(frozen=True)
class Row:
    """One row of a table: the line of the file it begins on (the header is line 1), and its values by column."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read as one of its table, and why."""

    line: int
    why: str


@dataclass(frozen=True)
class Table:
    """A file that was understood. `encoding` and `delimiter` are what was found; `sha256` is of the file as it lies."""

    name: str
    columns: tuple[str, ...]
    rows: list[Row]
    bad_rows: list[BadRow]
    encoding: str
    delimiter: str
    sha256: str


def read_table(path: Path) -> Table:
    """The table in a delimited text file, plain or gzipped; values are text, trimmed, and nothing is guessed of them.

    Raises NotFound where there is no file, InvalidInput where it holds no table.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(_("file"), path) from None
    except OSError as error:
        raise CrmError(_("{path} cannot be read: {reason}").format(path=path, reason=error.strerror)) from error
    text, encoding = _decoded(_unpacked(raw, path), path)
    delimiter, text, skipped = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records = _records(reader, skipped, path)
    line, header = next(records, (1, []))
    if not any(name.strip() for name in header):
        raise InvalidInput(_("File"), path.name, _("it is empty; the first line should name the columns"))
    columns = tuple(name.strip() or _("column {n}").format(n=n) for n, name in enumerate(header, 1))
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        names = ", ".join(repeated)
        raise InvalidInput(_("File"), path.name, _("two columns have the same name: {names}").format(names=names))
    rows, bad = [], []
    for line, values in records:
        if len(values) == len(columns):
            rows.append(Row(line, {name: value.strip() for name, value in zip(columns, values, strict=True)}))
        else:
            why = _("{n} values, and the header names {m} columns").format(n=len(values), m=len(columns))
            bad.append(BadRow(line, why))
    return Table(path.name, columns, rows, bad, encoding, delimiter, hashlib.sha256(raw).hexdigest())


def _unpacked(raw: bytes, path: Path) -> bytes:
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
            data = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise InvalidInput(_("File"), path.name, _("it is damaged and cannot be unpacked")) from None
    if len(data) > MOST_BYTES:
        raise InvalidInput(_("File"), path.name, _("it unpacks to more than 500 MB; split it"))
    return data


def _decoded(data: bytes, path: Path) -> tuple[str, str]:
    """The text and the encoding it was in. What is no UTF-8 is read as Windows-1252: spreadsheets still write it."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError:
                break
    if b"\x00" in data:
        raise InvalidInput(_("File"), path.name, _("it is no text; save it as CSV (a spreadsheet's “Save as” can)"))
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "cp1252"


def _delimiter(text: str) -> tuple[str, str, int]:
    """The delimiter, the text without a spreadsheet's `sep=` line, and how many lines that took off."""
    first, _newline, rest = text.partition("\n")
    told = first.strip().strip('"')
    if told.casefold().startswith("sep=") and len(told) == 5:
        return told[4], rest, 1
    # Counted on parsed rows, so that a comma inside quotes does not count; the header decides a draw.
    best, found = (0, 0), ","
    for candidate in DELIMITERS:
        sample = io.StringIO(text[:65_536], newline="")
        widths = [len(row) for _number, row in zip(range(50), csv.reader(sample, delimiter=candidate), strict=False)]
        if widths and widths[0] > 1:
            score = (sum(width == widths[0] for width in widths), widths[0])
            if score > best:
                best, found = score, candidate
    return found, text, 0


def _records(reader: Iterator[list[str]], skipped: int, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The records that hold anything, each with the line it begins on."""
    while True:
        line = getattr(reader, "line_num", 0) + 1 + skipped
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            why = _("line {line} cannot be read ({reason})").format(line=line, reason=error)
            raise InvalidInput(_("File"), path.name, why) from None
        if any(value.strip() for value in values):
            yield line, values
