"""From rows of another system to records: what is new, what changed there, what people changed here.

Every row is kept as it came (`SourceRecord`). When it comes again the same, nothing happens. When it comes with
other values, only the fields that differ *from what it said before* are written, and where somebody changed such a
field here in the meantime, their word stays and the difference is pointed out.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from crmlib.base import Base, InvalidInput, record_name
from crmlib.exchange.files import Table
from crmlib.exchange.records import Import, SourceRecord
from crmlib.exchange.report import ImportReport
from crmlib.i18n import gettext as _

R = TypeVar("R", bound=Base)

#: What a row says, in our words: attribute of the record (or a name the kind itself knows) to value.
Facts = dict[str, Any]
Doubt = Callable[[str], None]

# Rows between two flushes: enough to write in bulk, few enough to hold in memory.
CHUNK = 1000
_ONE_AT_A_TIME = 0x43524D  # "CRM"
# A name or a word of this length is a slip of the export, such as a lost quotation mark.
LONGEST = 500


@dataclass(frozen=True)
class Known:
    """What an earlier import remembers of a row: the newest payload and the record it became."""

    hash: str
    payload: Mapping[str, str]
    record_id: int


@dataclass
class Waiting(Generic[R]):
    """A record on its way to the database; `facts` are there where it is new here, or newly adopted."""

    key: str
    values: Mapping[str, str]
    record: R
    facts: Facts | None = None
    is_new: bool = False


class Kind(ABC, Generic[R]):
    """How the rows of one table become records of one type. A preset writes one for each of its tables."""

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    record: type[R]

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
    def make(self, facts: Facts) -> R:
        """A new record, not flushed."""

    def begin(self) -> None:
        """Before the first row of the table."""

    def adopt(self, facts: Facts) -> R | None:
        """A record that was here before this import and surely means the same."""
        return None

    def made(self, record: R, facts: Facts, *, is_new: bool) -> None:
        """After the record has its number: what else belongs to it. `is_new` is False where it was adopted."""

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

    def finish(self) -> None:
        """After all rows of the table."""


class Loading:
    """One import under way: the session it writes in, its report, and what earlier imports remember."""

    def __init__(self, session: Session, *, system: str, at: datetime) -> None:
        self.session, self.system, self.at = session, system, at
        self.report = ImportReport(system)
        self.batch = f"import {uuid4()}"
        if session.get_bind().dialect.name == "postgresql":
            # Two imports at once would each find nothing here, and everything would come twice. (SQLite lets one
            # transaction write at a time anyway.)
            session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        self._known: dict[str, dict[str, Known]] = {}
        self._import: Import | None = None

    def known(self, kind: str) -> dict[str, Known]:
        """The newest source record of each key of a kind."""
        if kind not in self._known:
            newest = select(func.max(SourceRecord.id)).where(
                SourceRecord.system == self.system, SourceRecord.kind == kind
            )
            rows = select(SourceRecord.key, SourceRecord.hash, SourceRecord.payload, SourceRecord.record_id).where(
                SourceRecord.id.in_(newest.group_by(SourceRecord.key))
            )
            self._known[kind] = {
                key: Known(digest, payload, record_id) for key, digest, payload, record_id in self.session.execute(rows)
            }
        return self._known[kind]

    def ids(self, kind: str) -> dict[str, int]:
        """The number of the record that each key of a kind became."""
        return {key: known.record_id for key, known in self.known(kind).items()}

    def load(self, kind: Kind[R], table: Table) -> None:
        """All rows of `table`: new ones made, changed ones changed, and each outcome counted."""
        counts = self.report.of(kind.name)
        kind.begin()
        for bad in table.bad_rows:
            self.report.refuse(kind.name, bad.why, bad.line)
        lines: dict[str, int] = {}
        waiting: list[Waiting[R]] = []
        for row in table.rows:
            key = kind.key(row.values)
            if not key or key in lines:
                self.report.refuse(kind.name, _no_key(key, lines), row.line)
                continue
            lines[key] = row.line
            known = self.known(kind.name).get(key)
            if known is not None and known.hash == digest(row.values):
                counts.unchanged += 1
                continue
            if long := [name for name, value in row.values.items() if len(value) > LONGEST]:
                says = _("{column} is longer than {n} characters").format(column=long[0], n=LONGEST)
                self.report.refuse(kind.name, says, row.line)
                continue
            doubt = self._doubting(kind.name, row.line)
            try:
                facts = kind.read(row.values, doubt)
            except InvalidInput as error:
                self.report.refuse(kind.name, str(error), row.line)
                continue
            if known is None:
                adopted = kind.adopt(facts)
                record = adopted or kind.make(facts)
                self.session.add(record)
                counts.new += 1
                waiting.append(Waiting(key, row.values, record, facts, is_new=adopted is None))
            elif (existing := self.session.get(kind.record, known.record_id)) is not None:
                kind.change(existing, _read_again(kind, known.payload), facts, doubt)
                counts.changed += 1
                waiting.append(Waiting(key, row.values, existing))
            else:
                doubt(_("it was deleted here and stays deleted"))
                counts.unchanged += 1
            if len(waiting) >= CHUNK:
                self._settle(kind, waiting)
        self._settle(kind, waiting)
        self._note_missing(kind, lines)
        kind.finish()

    def remember(self, kind: str, kept: list[tuple[str, Mapping[str, str], Base]]) -> None:
        """Keep rows as they came, with the (flushed) record each became."""
        if not kept:
            return
        rows = [
            {
                "import_id": self._import_id(),
                "system": self.system,
                "kind": kind,
                "key": key,
                "payload": dict(payload),
                "hash": digest(payload),
                "record": record_name(record),
                "record_id": record.id,  # type: ignore[attr-defined]  # every record that is imported has one
            }
            for key, payload, record in kept
        ]
        self.session.execute(insert(SourceRecord), rows)
        for row in rows:
            self.known(kind)[row["key"]] = Known(row["hash"], row["payload"], row["record_id"])

    def close(self) -> ImportReport:
        """Write down what this import was; one that changed nothing leaves no trace."""
        if self._import is not None:
            self._import.counts = {kind: dict(vars(counts)) for kind, counts in self.report.counts.items()}
            self._import.remarks = [str(remark) for remark in self.report.remarks]
            self._import.files = self.report.files
            self.report.import_id = self._import.id
        self.session.flush()
        return self.report

    def _settle(self, kind: Kind[R], waiting: list[Waiting[R]]) -> None:
        self.session.flush()
        for one in waiting:
            if one.facts is not None:
                kind.made(one.record, one.facts, is_new=one.is_new)
        self.remember(kind.name, [(one.key, one.values, one.record) for one in waiting])
        waiting.clear()

    def _import_id(self) -> int:
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

    def _doubting(self, kind: str, line: int) -> Doubt:
        return lambda says: self.report.point_out(kind, says, line)

    def _note_missing(self, kind: Kind[R], lines: Mapping[str, int]) -> None:
        missing = [key for key in self.known(kind.name) if key not in lines]
        if missing:
            says = _("{n} rows of an earlier import are not in this file. Their records stay: {names}.")
            names = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
            self.report.note(kind.name, says.format(n=len(missing), names=names))


def digest(values: Mapping[str, str]) -> str:
    """A hash of what a row says, whatever the order of its columns."""
    return hashlib.sha256(json.dumps(dict(values), sort_keys=True).encode()).hexdigest()


def kept_here(name: str, here: Any, wanted: Any) -> str:
    """The sentence for a value that people changed here and the source changed too."""
    says = _("{field} says “{here}” here since somebody changed it; the file's “{wanted}” was not taken over")
    return says.format(field=name.removesuffix("_id"), here=_shown(here), wanted=_shown(wanted))


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
