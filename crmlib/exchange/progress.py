"""How far an import has come: rows so far, how many a second, and how long it will still take."""

import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from crmlib.exchange.reading import Table
from crmlib.exchange.reading.limits import Source
from crmlib.i18n import format_number, ngettext
from crmlib.i18n import gettext as _


@dataclass(frozen=True)
class Step:
    """A moment of an import: rows done, rows in all (None where nobody knows yet), and seconds since it began."""

    done: int
    total: int | None
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second so far."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at this rate; None where nobody can know."""
        if self.total is None or not self.rate:
            return None
        return max(0.0, (self.total - self.done) / self.rate)

    def __str__(self) -> str:
        rows = ngettext("{n} row", "{n} rows", self.done).format(n=format_number(self.done))
        parts = [rows, _("{n} a second").format(n=format_number(round(self.rate)))]
        if self.total:
            share = min(100, round(100 * self.done / self.total))
            parts.insert(1, _("{n} %").format(n=share))
        if (left := self.seconds_left) is not None and self.done < (self.total or 0):
            minutes, seconds = divmod(round(left), 60)
            parts.append(
                _("{m} min {s} s left").format(m=minutes, s=seconds) if minutes else _("{s} s left").format(s=seconds)
            )
        return ", ".join(parts)


class Progress:
    """Counts rows, and tells `told` of it no more often than every `every` seconds."""

    def __init__(self, told: Callable[[Step], None] | None = None, *, every: float = 0.25) -> None:
        self.told, self.every = told, every
        self.done, self.total = 0, None if told is None else 0
        self._began = time.perf_counter()
        self._last = 0.0

    def expect(self, rows: int) -> None:
        """So many more rows will come."""
        if self.total is not None:
            self.total += rows

    def expect_of(self, table: Table) -> None:
        """As many rows more as `table` seems to have: the lines of a sample stand for all of them."""
        source = getattr(table, "source", None)
        if self.total is None or not isinstance(source, Source):
            return
        head = source.head(1 << 18)
        if head:
            self.total += round(head.count(b"\n") / len(head) * _size(source))

    def add(self, rows: int) -> None:
        """So many more are done."""
        self.done += rows
        now = time.perf_counter()
        if self.told is not None and now - self._last >= self.every:
            self._last = now
            self.told(Step(self.done, self.total or None, now - self._began))

    def finish(self) -> None:
        """Tell the last step, whatever the time."""
        if self.told is not None:
            self.told(Step(self.done, self.done, time.perf_counter() - self._began))


def _size(source: Source) -> int:
    """The bytes of a source when it is unpacked, as the packing claims: good enough for a forecast."""
    if source.packing == "gzip":
        with source.path.open("rb") as stream:
            stream.seek(-4, 2)
            return int.from_bytes(stream.read(4), "little")
    if source.packing == "zip":
        with zipfile.ZipFile(source.path) as archive:
            return archive.getinfo(source.member).file_size
    return source.path.stat().st_size
