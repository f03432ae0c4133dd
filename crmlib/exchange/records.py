"""What is kept of every import: who brought what when, and each row as it came."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crmlib.base import Base, BigId


class Import(Base):
    """One import that changed something. `batch` marks what it wrote in the journal.

    `files` lists name, sha256 and number of rows of each file; `counts` holds, by kind of row, how many were new,
    changed, unchanged, pointed out and refused; `remarks` the sentences that the report showed.
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
    payload: Mapped[dict[str, Any]]
    hash: Mapped[str] = mapped_column(String(64))
    record: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigId)
