"""What is kept of every import: who brought what when, each row as it came, and what people decided about names."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from crmlib.base import Base, BigId, Tracked


class JsonText(TypeDecorator[Mapping[str, str]]):
    """JSON as the very text it was written in: a dict, or text that is JSON already, comes back as a dict.

    Rows are kept by the hundred thousand and hashed by their text: it is made once and stored as it is.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return value if value is None or isinstance(value, str) else json.dumps(dict(value), sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Import(Base):
    """One import that changed something. `batch` marks what it wrote in the journal.

    `files` lists name, sha256 and number of rows of each file; `counts` holds, by kind of row, how many were new,
    changed, unchanged, pointed out and refused; `remarks` the sentences that the report showed. `undone_at` is when
    the import was taken back: from then on its rows count as never seen. What the undoing spared is remembered by a
    further import of the same system, whose `undoes_id` names this one.
    """

    __tablename__ = "import"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    system: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    batch: Mapped[str] = mapped_column(unique=True)
    files: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any]]
    remarks: Mapped[list[str]]
    undone_at: Mapped[datetime | None]
    undoes_id: Mapped[int | None] = mapped_column(BigId)


class SourceRecord(Base):
    """A row of another system, exactly as it came; never changed afterwards.

    A row that comes again with other values is a new source record under the same (`system`, `kind`, `key`): the
    newest says what the source says now, the older ones what it said before. `record` and `record_id` name what
    it became here.
    """

    __tablename__ = "source_record"
    __table_args__ = (
        Index("ix_source_record_system_kind_key", "system", "kind", "key"),
        Index("ix_source_record_record_record_id", "record", "record_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import.id"), index=True)
    system: Mapped[str]
    kind: Mapped[str]
    key: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JsonText)
    hash: Mapped[str] = mapped_column(String(64))
    record: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigId)


class ImportMapping(Tracked, Base):
    """How the columns of a system's files are read, kept under a name so that the next file is read the same way.

    `columns` holds, by kind of file, what each column means: `{"Column": "person.given_name"}`; `options` what else
    was chosen, such as the currency and the policy for parties that look like one we have.
    """

    __tablename__ = "import_mapping"

    name: Mapped[str] = mapped_column(unique=True)
    system: Mapped[str]
    columns: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]


class MatchDecision(Tracked, Base):
    """What somebody decided about a name in another system's files: it means this record, or a new one.

    `what` is the kind of record meant, such as "organization"; `name` is the name (or e-mail, or key) as it stood
    there. `record_id` is None where it was decided that it is nobody we have.
    """

    __tablename__ = "match_decision"
    __table_args__ = (UniqueConstraint("system", "what", "name"),)

    system: Mapped[str]
    what: Mapped[str]
    name: Mapped[str]
    record_id: Mapped[int | None] = mapped_column(BigId)
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]
