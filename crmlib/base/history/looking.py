"""Looking back: what changed since, and all that the journal says of one record."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base.history.kinds import name_of
from crmlib.base.history.ranges import ranges_with
from crmlib.base.history.rights import is_hidden, seen_entries
from crmlib.base.journal import JournalEntry
from crmlib.base.records import Base


def changes_since(
    session: Session,
    number: int | datetime,
    *,
    limit: int = 1_000,
    actor: str | None = None,
    record: str | type[Base] | None = None,
    record_id: int | None = None,
    not_by: str | None = None,
    batch: str | None = None,
    newest: bool = False,
) -> list[JournalEntry]:
    """The rows of the journal after `number`, or since a moment, oldest first: the last one's number is where to go on.

    Numbers come in the order of commits, so whoever follows them misses nothing. `actor`, `record`, `record_id` and
    `batch` keep only some of the rows; `not_by` leaves out what that actor did, for "what changed since I looked". Of
    more than `limit` rows the first ones, or the `newest`, still oldest first. What the session's actor may not see
    is left out, so that fewer than `limit` rows do not mean that there are no more.
    """
    order = JournalEntry.number.desc() if newest else JournalEntry.number
    rows = select(JournalEntry).order_by(order).limit(limit)
    if isinstance(number, datetime):
        rows = rows.where(JournalEntry.at >= number)
    else:
        rows = rows.where(JournalEntry.number > number)
    if actor is not None:
        rows = rows.where(JournalEntry.actor == str(actor))
    if not_by is not None:
        rows = rows.where(JournalEntry.actor != str(not_by))
    if record is not None:
        rows = rows.where(JournalEntry.record == name_of(record))
    if record_id is not None:
        rows = rows.where(JournalEntry.record_id == record_id)
    if batch is not None:
        rows = rows.where(JournalEntry.batch == batch)
    found = seen_entries(session, session.scalars(rows))
    return found[::-1] if newest else found


def history_of(
    session: Session, record: str | type[Base], record_id: int, *, limit: int | None = None
) -> list[JournalEntry]:
    """All that the journal says of one record, newest first: changes, events, and the range it came or went with.

    Nothing where the session's actor may not see the record.
    """
    name = name_of(record)
    own = (
        select(JournalEntry)
        .where(
            JournalEntry.record == name,
            JournalEntry.record_id == record_id,
            JournalEntry.kind.not_in(("inserts", "deletes")),
        )
        .order_by(JournalEntry.number.desc())
        .limit(limit)
    )
    found = seen_entries(session, session.scalars(own))
    if not found and is_hidden(session, name, record_id):
        return []
    found += ranges_with(session, name, record_id)
    return sorted(found, key=lambda entry: entry.number, reverse=True)[:limit]
