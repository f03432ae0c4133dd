"""Refused rows in a file of their own: the columns they came with, and beside them the line and the reason.

It is written in the delimiter and the encoding of the file they came from. Whoever corrects it imports it as it is:
the last two columns are known for what they are, and not read.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from crmlib.base import CrmError
from crmlib.exchange.reading import BadRow, Record, Row, Table, WholeTable
from crmlib.i18n import gettext as _

#: The columns that a file of refusals has after its own.
LINE, REASON = "line", "reason"


class Refusals:
    """Where refused rows go: `path`, or nowhere. A file is made for the first refused row, and never overwritten."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.written: dict[str, Path] = {}
        self.n_rows = 0
        self._open: dict[str, tuple[IO[str], Any]] = {}
        self._lines: set[tuple[str, int]] = set()

    def add(self, table: Table | WholeTable, row: Row | BadRow, why: str) -> None:
        """One more refused row, as it came."""
        self.n_rows += 1
        # A row that holds several records is corrected once.
        if self.path is None or (table.name, row.line) in self._lines:
            return
        if getattr(table, "kept", None) is not None:
            self._lines.add((table.name, row.line))
        values = (
            [row.values.get(name, "") for name in table.columns] if isinstance(row, Row) else list(_raw(table, row))
        )
        width = len(table.columns)
        # What stood beyond the last column is put into the last one, where somebody will see it.
        if len(values) > width:
            values = [*values[: width - 1], (table.delimiter or ",").join(values[width - 1 :])]
        values += [""] * (width - len(values))
        self._writer(table).writerow([*values, str(row.line), why])

    def __enter__(self) -> "Refusals":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """All is written."""
        for file, _writer in self._open.values():
            file.close()
        self._open.clear()

    def _writer(self, table: Table | WholeTable) -> Any:
        if table.name not in self._open:
            assert self.path is not None
            encoding = table.encoding or "utf-8"
            path = self.path
            if self.written:  # a second table has other columns, and so a file of its own
                path = path.with_name(f"{path.stem}-{Path(table.name).name.split('.')[0]}{path.suffix}")
            file, path = _create(path, encoding)
            self.written[table.name] = path
            delimiter = table.delimiter if len(table.delimiter) == 1 else ","
            writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
            writer.writerow([*table.columns, LINE, REASON])
            self._open[table.name] = (file, writer)
        return self._open[table.name][1]


def without_reasons(table: Table) -> Table:
    """`table` without the two columns that say why a row was refused, where it ends in them."""
    if table.columns[-2:] != (LINE, REASON) or len(table.columns) < 3:
        return table
    about = {name: getattr(table, name) for name in Table.__dataclass_fields__}
    return _Corrected(**{**about, "columns": table.columns[:-2]}, of=table)


@dataclass(frozen=True, kw_only=True)
class _Corrected(Table):
    """A file of refusals that comes back: the columns it had at first."""

    of: Table

    def records(self) -> Iterator[Record | BadRow]:
        width = len(self.columns) + 2
        for record in self.of.records():
            if isinstance(record, BadRow) or len(record[1]) != width:
                yield record
            else:
                yield record[0], record[1][:-2]


def _create(path: Path, encoding: str) -> tuple[IO[str], Path]:
    """A new file at `path`, or beside it under the next free number."""
    for number in range(1, 10_000):
        free = path if number == 1 else path.with_name(f"{path.stem} {number}{path.suffix}")
        try:
            # What the file's own encoding lacks (a quotation mark in a reason) is written as a question mark.
            return free.open("x", encoding=encoding, errors="replace", newline=""), free
        except FileExistsError:
            continue
        except OSError as error:
            raise CrmError(_("{path} cannot be written: {reason}").format(path=free, reason=error.strerror)) from error
    raise CrmError(_("{path} cannot be written: too many files of this name").format(path=path))


def _raw(table: Table | WholeTable, row: BadRow) -> list[str]:
    delimiter = table.delimiter if len(table.delimiter) == 1 else ","
    try:
        return next(csv.reader(io.StringIO(row.raw), delimiter=delimiter), [])
    except csv.Error:
        return [row.raw]
