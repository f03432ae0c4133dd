"""Very many numbers of records, without holding each of them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Table, delete, exists, insert, true
from sqlalchemy.orm import Session

from crmlib.base.journal import JournalEntry

#: Rows of the journal, or records, that are handled together.
CHUNK = 1_000


class Spares:
    """Numbers to leave out: in the statement where they are few, in a temporary table where they are many."""

    FEW = 500

    def __init__(self, session: Session, numbers: Collection[int]) -> None:
        self._numbers = list(numbers)
        self._table: Table | None = None
        if len(self._numbers) > self.FEW:
            self._table = Table(
                "spared_by_undo", MetaData(), Column("number", BigInteger, primary_key=True), prefixes=["TEMPORARY"]
            )
            connection = session.connection()
            self._table.create(connection, checkfirst=True)
            # A table of ours that nobody else sees, and that no journal knows.
            connection.execute(delete(self._table))
            connection.execute(insert(self._table), [{"number": number} for number in self._numbers])

    def without(self, column: Any) -> Any:
        """The condition that `column` is none of them."""
        if self._table is not None:
            return ~exists().where(self._table.c.number == column)
        return column.not_in(self._numbers) if self._numbers else true()


def among(column: Any, ids: Sequence[int]) -> Any:
    """The condition that `column` is one of `ids`, a list or a range."""
    return column.between(ids[0], ids[-1]) if isinstance(ids, range) else column.in_(ids)


def chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    """`values` in pieces that a statement takes."""
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]


def distinct(entries: Iterable[JournalEntry]) -> Iterator[list[JournalEntry]]:
    """Runs in which no record comes twice."""
    run: list[JournalEntry] = []
    seen: set[int] = set()
    for entry in entries:
        if entry.record_id in seen:
            yield run
            run, seen = [], set()
        run.append(entry)
        seen.add(entry.record_id)
    if run:
        yield run


def gapless(numbers: Iterable[int]) -> Iterator[range]:
    """Ascending numbers as ranges without gaps."""
    run = range(0)
    for number in numbers:
        if run and number == run.stop:
            run = range(run.start, number + 1)
        else:
            if run:
                yield run
            run = range(number, number + 1)
    if run:
        yield run
