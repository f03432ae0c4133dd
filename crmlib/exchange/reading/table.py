"""A table as a stream: what it is called, what its columns are, and its rows as often as one asks for them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from crmlib.i18n import gettext as _

#: The line a record begins on, and its values in the order of the columns.
Record: TypeAlias = tuple[int, list[str]]


@dataclass(slots=True)
class Row:
    """One row of a table: the line of the file it begins on (a header is mostly line 1), and its values by column."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read as one of its table, why, and how it stands in the file (a long one is cut)."""

    line: int
    why: str
    raw: str = ""


@dataclass(frozen=True, kw_only=True)
class Table(ABC):
    """A file that was understood, whose rows are read anew each time they are asked for; memory stays flat.

    `format` is one of csv, xlsx, xls, ods, json, vcard, whatever the file is called; `encoding` and `delimiter` are
    what was found (empty where there is none); `sha256` is of the file as it lies. `header_line` is 0 where the file
    names no columns. `remarks` are sentences about what was guessed. Values are text as it stands, not trimmed; in a
    spreadsheet, dates are ISO, numbers have a point, truth is TRUE or FALSE.
    """

    name: str
    columns: tuple[str, ...]
    format: str
    encoding: str = ""
    delimiter: str = ""
    sha256: str = ""
    header_line: int = 1
    remarks: tuple[str, ...] = ()
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    @abstractmethod
    def records(self) -> Iterator[Record | BadRow]:
        """The rows in the quickest form: `(line, values)` in the order of `columns`; what cannot be read as BadRow."""

    @property
    def index(self) -> dict[str, int]:
        """The place of each column in a record."""
        return {name: place for place, name in enumerate(self.columns)}

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows with their values by column. A record wider than the columns has its rest as `column 7`, …."""
        columns = self.columns
        width = len(columns)
        for record in self.records():
            if isinstance(record, BadRow):
                yield record
                continue
            line, values = record
            if len(values) == width:
                yield Row(line, dict(zip(columns, values, strict=True)))
            else:
                names = [*columns, *(unnamed(place) for place in range(width + 1, len(values) + 1))]
                yield Row(line, dict(zip(names, values + [""] * (width - len(values)), strict=True)))


@dataclass(frozen=True)
class WholeTable:
    """A table held in memory, values trimmed: for files of a few thousand rows that are looked at several times."""

    name: str
    columns: tuple[str, ...]
    rows: list[Row]
    bad_rows: list[BadRow]
    encoding: str
    delimiter: str
    sha256: str
    remarks: tuple[str, ...] = field(default=())


def held(table: Table) -> WholeTable:
    """All of `table` in memory, its values trimmed."""
    rows, bad = [], []
    for row in table.rows():
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            rows.append(Row(row.line, {name: value.strip() for name, value in row.values.items()}))
    return WholeTable(
        table.name, table.columns, rows, bad, table.encoding, table.delimiter, table.sha256, table.remarks
    )


def unnamed(place: int) -> str:
    """What a column is called that has no name; the first is 1."""
    return _("column {n}").format(n=place)


def named_columns(header: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Trimmed names, none empty and none twice, and a remark for each that had to be changed."""
    names: list[str] = []
    taken = {name.strip() for name in header}
    seen: set[str] = set()
    remarks = []
    for place, told in enumerate(header, 1):
        told = told.strip()
        name = told or unnamed(place)
        if name in seen or (not told and name in taken):
            n = 2
            while (numbered := f"{name} ({n})") in seen or numbered in taken:
                n += 1
            if told:
                remarks.append(
                    _("there are several columns “{name}”; the one at place {n} is called “{numbered}” here").format(
                        name=name, n=place, numbered=numbered
                    )
                )
            name = numbered
        seen.add(name)
        names.append(name)
    return tuple(names), remarks
