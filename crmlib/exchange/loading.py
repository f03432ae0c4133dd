"""From rows of another system to records: what is new, what changed there, what people changed here.

Every row is kept as it came (`SourceRecord`). When it comes again the same, nothing happens. When it comes with
other values, only the fields that differ *from what it said before* are written, and where somebody changed such a
field here in the meantime, their word stays and the difference is pointed out.

Rows go through in portions: one question to the database tells which of a portion are known, and what is new is
written by `insert_many`, a table at a time. Rows that changed are few, and take the way that people's edits take.
Nothing is kept in memory that grows with the length of a file.

An import is one transaction. A process that dies in the middle of it leaves nothing behind on either database, and
the same command again starts from the beginning: so nothing can be there twice, and nothing be missing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import Base, InvalidInput, few_collections, record_name
from crmlib.exchange.progress import Progress
from crmlib.exchange.reading import BadRow, Row, Table, WholeTable
from crmlib.exchange.records import Import
from crmlib.exchange.refusals import Refusals
from crmlib.exchange.report import PREVIEWED, ImportReport
from crmlib.exchange.sources import Kept, Known, Seen, Sources, digest_of, payload_of, payload_text, payload_writer
from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext

R = TypeVar("R", bound=Base)

#: What a row says, in our words: attribute of the record (or a name the kind itself knows) to value.
Facts = dict[str, Any]
Doubt = Callable[[str], None]

#: What the files of no system that we know are said to come from.
UNKNOWN_SYSTEM = "file"
# Rows in a portion: enough that a statement for each table is worth it, few enough to hold in memory.
CHUNK = 5000
_ONE_AT_A_TIME = 0x43524D  # "CRM"
# A name or a word of this length is a slip of the export, such as a lost quotation mark.
LONGEST = 500


class Doubting:
    """What is told of one row; `waits` once it refers to something that is not here yet, and may come."""

    __slots__ = ("_kind", "_line", "_report", "waits")

    def __init__(self, report: ImportReport, kind: str, line: int) -> None:
        self._report, self._kind, self._line, self.waits = report, kind, line, False

    def __call__(self, says: str) -> None:
        self._report.point_out(self._kind, says, self._line)

    def wait(self) -> None:
        """Its row, and with it its file, is looked at again when it comes again."""
        self.waits = self._report.waits = True


def wait(doubt: Doubt, says: str) -> None:
    """Tell that a row refers to what is not here yet: it is looked at again when its file comes again."""
    if isinstance(doubt, Doubting):
        doubt.wait()
    doubt(says)


@dataclass(slots=True)
class New:
    """A row that is new here: what it says, and from where."""

    key: str
    facts: Facts
    values: Mapping[str, str]
    line: int
    doubt: Doubt
    text: str = ""


@dataclass(slots=True)
class _Portion:
    """The rows of a table that are looked at together, and what is found of them."""

    rows: list[tuple[str, Row]] = field(default_factory=list)
    new: list[New] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


class Kind(ABC, Generic[R]):
    """How the rows of one table become records of one type. A preset writes one for each of its tables."""

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    record: type[R]
    #: Columns that only describe and may be longer than a name; None where all may.
    long: ClassVar[frozenset[str] | None] = frozenset()
    #: Whether rows of one key are told apart by counting them (`536365/85123A/1`), and not refused as a repetition.
    counts_keys: ClassVar[bool] = False
    #: Whether columns that are not named in `columns` have a place too.
    keeps_all: ClassVar[bool] = False
    #: Whether a short row is taken as one whose last values are empty.
    forgives_short_rows: ClassVar[bool] = False

    def __init__(self, loading: "Loading") -> None:
        self.loading = loading
        self.session = loading.session

    @abstractmethod
    def key(self, values: Mapping[str, str]) -> str:
        """What names the row in its own system; empty where it says nothing."""

    @abstractmethod
    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        """What the row says. Raises InvalidInput where it cannot be used; doubts are told and kept."""

    @abstractmethod
    def insert(self, rows: Sequence[New]) -> Sequence[int] | Sequence[tuple[str, int]]:
        """Make records of new rows, all at once, with everything that belongs to them; the number of each.

        Where the rows of a table become records of several types: the journal's name of the type, and the number.
        """

    def get(self, known: Known) -> Any:
        """The record that a row became, if it is still here."""
        return self.session.get(self.record, known.record_id)

    def begin(self) -> None:
        """Before the first row of the table."""

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        """Before a portion of rows (key, values) is read: look up together what they refer to."""

    def adopt(self, facts: Facts) -> R | None:
        """A record that was here before this import and surely means the same."""
        return None

    def adopted(self, record: R, facts: Facts) -> None:
        """After a record was adopted: what else the row brings to it."""

    def change(self, record: R, before: Facts, after: Facts, doubt: Doubt) -> None:
        """Write into `record` what differs between two versions of its row, and keep what people wrote here."""
        for name, wanted in after.items():
            if wanted != before.get(name):
                self.write(record, name, before.get(name), wanted, doubt)

    def write(self, record: R, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        """Set one attribute, unless somebody here set it to something else meanwhile."""
        here = getattr(record, name)
        if here == before:
            setattr(record, name, after)
        elif here != after:
            doubt(kept_here(name, here, after))

    def catch_up(self, record: R, facts: Facts, doubt: Doubt) -> bool:
        """Connect what the row referred to in vain when it came; whether anything of it is here by now."""
        return False

    def show(self, facts: Facts) -> dict[str, str]:
        """The first records of a preview, in words."""
        return {name: str(value) for name, value in facts.items() if value not in (None, "", [])}

    def finish(self) -> None:
        """After all rows of the table."""


class Loading:
    """One import under way: the session it writes in, its report, and what earlier imports remember."""

    def __init__(
        self,
        session: Session,
        *,
        system: str,
        at: datetime,
        progress: Progress | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        self.session, self.system, self.at = session, system, at
        self.progress = progress or Progress()
        self.refusals = refusals or Refusals()
        self.report = ImportReport(system)
        self.batch = f"import {uuid4()}"
        if session.get_bind().dialect.name == "postgresql":
            # Two imports at once would each find nothing here, and everything would come twice. Whoever works at
            # the desk meanwhile does not wait for this lock. (SQLite lets one transaction write at a time anyway.)
            session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        self.sources = Sources(session, system)
        self._import: Import | None = None
        self._write_payload: Callable[[Mapping[str, str]], str] = payload_text

    def ids(self, kind: str) -> dict[str, int]:
        """The number of the record that each key of a kind became; for kinds with few rows."""
        return self.sources.all_numbers(kind)

    def load(self, kind: Kind[R], table: Table | WholeTable) -> None:
        """All rows of `table`: new ones made, changed ones changed, and each outcome counted."""
        kind.begin()
        any_known, seen = self.sources.has(kind.name), Seen()
        kept = getattr(table, "kept", None)
        self._write_payload = payload_writer(table.columns) if kept is None else payload_of(kept)
        before = self._import.id if self._import is not None else None
        if kind.counts_keys:
            self.sources.forgotten.add(kind.name)
        try:
            with few_collections():
                for portion in _portions(self._readable(kind, table)):
                    self._load(kind, table, portion, seen, ask=any_known)
                    # A file whose rows hold several records is read more than once.
                    if getattr(table, "is_own", True):
                        self.count(table, len(portion))
            # Files of no known system have nothing to do with each other.
            if any_known and self.system != UNKNOWN_SYSTEM:
                self._note_missing(kind, seen, before)
        finally:
            seen.close()
        kind.finish()

    def count(self, table: Table | WholeTable, n_rows: int) -> None:
        """So many rows of a file are through."""
        self.progress.add(n_rows)
        self.report.files.setdefault(table.name, {"rows": 0})["rows"] += n_rows

    def remember(self, kind: str, kept: Iterable[tuple[str, Mapping[str, str], Base]]) -> None:
        """Keep rows as they came, with the (flushed) record each became."""
        for key, payload, record in kept:
            text = payload_text(payload)
            number = record.id  # type: ignore[attr-defined]  # every record that is imported has one
            self.keep(kind, record_name(record), [Kept(key, text, digest_of(text), number)])

    def keep(self, kind: str, record: str, rows: Sequence[Kept]) -> None:
        """Keep rows as they came, with the number of the record each became."""
        if rows:
            self.sources.keep(self.import_id(), kind, record, rows)

    def refuse(self, kind: str, table: Table | WholeTable, row: Row | BadRow, why: str) -> None:
        """Leave a row out, and keep it for whoever corrects it."""
        self.report.refuse(kind, why, row.line)
        self.refusals.add(table, row, why)

    def close(self) -> ImportReport:
        """Write down what this import was; one that changed nothing leaves no trace."""
        self.session.flush()
        if self._import is not None:
            self._import.counts = {kind: dict(vars(counts)) for kind, counts in self.report.counts.items()}
            self._import.remarks = [str(remark) for remark in self.report.remarks]
            if self.report.waits:
                for about in self.report.files.values():
                    about["waits"] = True
            self._import.files = self.report.files
            self.report.import_id = self._import.id
        self.session.flush()
        return self.report

    def import_id(self) -> int:
        """The number of this import, which begins to exist with the first thing it keeps."""
        if self._import is None:
            self._import = Import(
                system=self.system,
                at=self.at,
                actor=str(self.session.info.get("actor", "")),
                batch=self.batch,
                files={},
                counts={},
                remarks=[],
            )
            self.session.add(self._import)
            self.session.flush()
        return self._import.id

    def _readable(self, kind: Kind[R], table: Table | WholeTable) -> Iterator[Row]:
        for row in rows_of(table, forgiving=kind.forgives_short_rows):
            if isinstance(row, BadRow):
                self.refuse(kind.name, table, row, row.why)
            else:
                yield row

    def _load(self, kind: Kind[R], table: Table | WholeTable, rows: list[Row], seen: Seen, *, ask: bool) -> None:
        portion = _Portion()
        self._name(kind, table, rows, seen, portion)
        known = self.sources.known(kind.name, [key for key, _row in portion.rows]) if ask else {}
        changed: list[tuple[str, Row, str, str]] = []
        fresh: list[tuple[str, Row, str, str]] = []
        counts = self.report.of(kind.name)
        for key, row in portion.rows:
            text = self._write_payload(row.values)
            digest = digest_of(text)
            was = known.get(key)
            if was is None:
                fresh.append((key, row, text, digest))
            elif was.hash == digest:
                counts.unchanged += 1
            else:
                changed.append((key, row, text, digest))
        kind.prepare([(key, row.values) for key, row, _text, _digest in (*fresh, *changed)])
        digests: list[str] = []
        for key, row, text, digest in fresh:
            doubt = self._doubting(kind.name, row.line)
            facts = self._facts(kind, table, row, doubt)
            if facts is None:
                continue
            try:
                adopted = kind.adopt(facts)
            except InvalidInput as error:
                self.refuse(kind.name, table, row, str(error) if error.field else error.expected)
                continue
            counts.new += 1
            if counts.new <= PREVIEWED:
                self.report.preview_of(kind.name, kind.show, facts)
            if adopted is None:
                portion.new.append(New(key, facts, row.values, row.line, doubt, text))
                digests.append(digest)
            else:
                self.session.flush()
                kind.adopted(adopted, facts)
                number = adopted.id  # type: ignore[attr-defined]
                portion.kept.append(Kept(key, text, _unless_waiting(digest, doubt), number))
        for key, row, text, digest in changed:
            if (done := self._change(kind, table, row, known[key])) is not None:
                number, waits = done
                portion.kept.append(Kept(key, text, "" if waits else digest, number, known[key].record))
        if changed:
            self.session.flush()
        if portion.new:
            numbers: Sequence[Any] = kind.insert(portion.new)
            for one, digest, number in zip(portion.new, digests, numbers, strict=True):
                record, record_id = number if isinstance(number, tuple) else ("", number)
                portion.kept.append(Kept(one.key, one.text, _unless_waiting(digest, one.doubt), record_id, record))
        self.keep(kind.name, record_name(kind.record), portion.kept)

    def _name(self, kind: Kind[R], table: Table | WholeTable, rows: list[Row], seen: Seen, portion: _Portion) -> None:
        """Give each row its key, and refuse those that have none or one that was there before."""
        named = [(kind.key(row.values), row) for row in rows]
        lines = seen.lines([key for key, _row in named])
        if kind.counts_keys:
            for key, row in named:
                if not key:
                    self.refuse(kind.name, table, row, _no_key(key, lines))
                    continue
                lines[key] = count = lines.get(key, 0) + 1
                portion.rows.append((f"{key}/{count}", row))
            seen.add((key, lines[key]) for key in dict.fromkeys(key for key, _row in named if key))
            return
        for key, row in named:
            if not key or key in lines:
                self.refuse(kind.name, table, row, _no_key(key, lines))
                continue
            lines[key] = row.line
            portion.rows.append((key, row))
        seen.add((key, row.line) for key, row in portion.rows)

    def _facts(self, kind: Kind[R], table: Table | WholeTable, row: Row, doubt: Doubt) -> Facts | None:
        if kind.long is not None and max(map(len, row.values.values())) > LONGEST:
            for name, value in row.values.items():
                if len(value) > LONGEST and name not in kind.long:
                    says = _("{column} is longer than {n} characters").format(column=name, n=LONGEST)
                    self.refuse(kind.name, table, row, says)
                    return None
        try:
            return kind.read(row.values, doubt)
        except InvalidInput as error:
            self.refuse(kind.name, table, row, str(error))
            return None

    def _change(self, kind: Kind[R], table: Table | WholeTable, row: Row, known: Known) -> tuple[int, bool] | None:
        """The number of the record that was changed, and whether its row still waits; None where nothing is to keep."""
        doubt = self._doubting(kind.name, row.line)
        facts = self._facts(kind, table, row, doubt)
        if facts is None:
            return None
        existing = kind.get(known)
        if existing is None:
            doubt(_("it was deleted here and stays deleted"))
            self.report.of(kind.name).unchanged += 1
            return None
        said = self.sources.payload(known)
        if not known.hash:
            caught_up = kind.catch_up(existing, facts, doubt)
            if said == row.values or payload_text(said) == self._write_payload(row.values):
                self.report.of(kind.name).changed += caught_up
                self.report.of(kind.name).unchanged += not caught_up
                return (known.record_id, doubt.waits) if caught_up else None
        kind.change(existing, _read_again(kind, said), facts, doubt)
        self.report.of(kind.name).changed += 1
        return known.record_id, doubt.waits

    def _doubting(self, kind: str, line: int) -> Doubting:
        return Doubting(self.report, kind, line)

    def _note_missing(self, kind: Kind[R], seen: Seen, before: int | None) -> None:
        count = 0
        names: list[str] = []
        for portion in _portions(self.sources.keys(kind.name, before=before)):
            names_of = {key: key.rpartition("/")[0] for key in portion} if kind.counts_keys else {}
            here = seen.lines(list(names_of.values()) if kind.counts_keys else portion)
            for key in portion:
                count_of = int(key.rpartition("/")[2]) if kind.counts_keys else 1
                is_here = count_of <= here.get(names_of[key], 0) if kind.counts_keys else key in here
                if not is_here:
                    count += 1
                    if len(names) < 3:
                        names.append(key)
        if count:
            says = ngettext(
                "{n} row of an earlier import is not in this file. Its record stays: {names}.",
                "{n} rows of an earlier import are not in this file. Their records stay: {names}.",
                count,
            )
            more = " …" if count > len(names) else ""
            self.report.note(kind.name, says.format(n=count, names=", ".join(names) + more))


def rows_of(table: Table | WholeTable, *, forgiving: bool = False) -> Iterator[Row | BadRow]:
    """The rows of a table, values trimmed, however it is held. One that has too few or too many values is bad.

    With `forgiving`, a row that ends early is one whose last values are empty, and empty values too many are none.
    """
    if isinstance(table, WholeTable):
        yield from table.bad_rows
        yield from table.rows
        return
    columns = table.columns
    width = len(columns)
    for record in table.records():
        if isinstance(record, BadRow):
            yield record
            continue
        line, values = record
        if len(values) != width:
            if forgiving and not any(value.strip() for value in values[width:]):
                values = [*values[:width], *[""] * (width - len(values))]
            else:
                why = _("{n} values, and the header names {m} columns").format(n=len(values), m=width)
                yield BadRow(line, why, table.delimiter.join(values))
                continue
        yield Row(line, dict(zip(columns, map(str.strip, values), strict=True)))


def kept_here(name: str, here: Any, wanted: Any) -> str:
    """The sentence for a value that people changed here and the source changed too."""
    says = _("{field} says “{here}” here since somebody changed it; the file's “{wanted}” was not taken over")
    return says.format(field=name.removesuffix("_id"), here=_shown(here), wanted=_shown(wanted))


T = TypeVar("T")


def _portions(rows: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(rows)
    while portion := list(islice(remaining, CHUNK)):
        yield portion


def _unless_waiting(digest: str, doubt: Doubt) -> str:
    """The hash to keep: none for a row that waits, so that it differs when it comes again."""
    return "" if isinstance(doubt, Doubting) and doubt.waits else digest


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)


def _no_key(key: str, lines: Mapping[str, int]) -> str:
    if not key:
        return _("it does not say what it is called")
    return _("“{key}” is there already, in line {line}").format(key=key, line=lines[key])


def _read_again(kind: Kind[R], payload: Mapping[str, str]) -> Facts:
    try:
        return kind.read(payload, lambda says: None)
    except InvalidInput:
        return {}
