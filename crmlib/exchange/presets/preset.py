"""What every preset does: recognise its files by their headers, and load them in an order that works."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crmlib.base import InvalidInput
from crmlib.exchange.loading import Kind, Loading
from crmlib.exchange.reading import Table, open_table
from crmlib.i18n import gettext as _


class Preset(ABC):
    """One system's export. `kinds` are its tables; `ignored` the headers of files that need no reading."""

    name: ClassVar[str]
    title: ClassVar[str]
    kinds: ClassVar[tuple[type[Kind[Any]], ...]]
    ignored: ClassVar[tuple[frozenset[str], ...]] = ()

    def __init__(self, loading: Loading) -> None:
        self.loading = loading

    @classmethod
    def open(cls, path: Path) -> Table:
        """The table in a file of this system; systems with odd formats say here how theirs are read."""
        return open_table(path)

    @classmethod
    def describes_by_columns(cls, table: Table) -> bool:
        """Whether the columns alone say that a file only describes the others."""
        return any(header <= set(table.columns) for header in cls.ignored)

    def describes(self, table: Table) -> bool:
        """Whether a file only describes the others, and holds no records."""
        return self.describes_by_columns(table)

    @abstractmethod
    def load(self, tables: Mapping[str, list[Table]]) -> None:
        """Load the tables, by name of their kind."""

    def sort(self, tables: Sequence[Table]) -> dict[str, list[Table]]:
        """The tables by kind, in whatever order they came. Raises InvalidInput for one that is none of ours."""
        found: dict[str, list[Table]] = {}
        for table in tables:
            if self.describes(table):
                says = _("{file} only describes the other files and is not needed")
                self.loading.report.note(_("Files"), says.format(file=table.name))
                continue
            kind = self._recognise(table)
            found.setdefault(kind.name, []).append(table)
            more = [column for column in table.columns if column not in kind.columns]
            if more and not kind.keeps_all:
                says = _("columns that mean nothing here are kept with the source rows only: {names}")
                self.loading.report.note(kind.name, says.format(names=", ".join(more)))
        return found

    def _recognise(self, table: Table) -> type[Kind[Any]]:
        for kind in self.kinds:
            if set(kind.columns) <= set(table.columns):
                return kind
        likely = max(self.kinds, key=lambda kind: len(set(kind.columns) & set(table.columns)))
        missing = [column for column in likely.columns if column not in table.columns]
        if len(missing) == len(likely.columns):
            names = ", ".join(kind.name for kind in self.kinds)
            expected = _("its columns fit none of the tables of {preset}: {names}").format(
                preset=self.title, names=names
            )
        else:
            expected = _("it looks like {kind}, but lacks the columns {missing}").format(
                kind=likely.name, missing=", ".join(missing)
            )
        raise InvalidInput(_("File"), table.name, expected)
