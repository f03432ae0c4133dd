"""What may be asked about imports."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import read_frame
from crmlib.exchange.records import Import, SourceRecord

if TYPE_CHECKING:
    import pandas as pd

IMPORTS = {"import_id": "int64", "system": "str", "at": "datetime64[us, UTC]", "actor": "str", "batch": "str"}


def imports(session: Session) -> "pd.DataFrame":
    """Every import that changed something, newest first; one row each. `batch` marks its rows in the journal."""
    rows = select(Import.id.label("import_id"), Import.system, Import.at, Import.actor, Import.batch)
    return read_frame(session, rows.order_by(Import.id.desc()), IMPORTS)


def sources_of(session: Session, record: str, record_id: int) -> list[dict[str, Any]]:
    """The rows of other systems that became a record, as they came, newest first.

    One dict per row: import_id, system, kind, key, payload. `record` is the journal's name, such as "deal".
    """
    rows = select(
        SourceRecord.import_id, SourceRecord.system, SourceRecord.kind, SourceRecord.key, SourceRecord.payload
    ).where(SourceRecord.record == record, SourceRecord.record_id == record_id)
    return [dict(row) for row in session.execute(rows.order_by(SourceRecord.id.desc())).mappings()]
