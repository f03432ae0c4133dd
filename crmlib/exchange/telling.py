"""Events by the thousand."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import Event, as_json
from crmlib.base.journal import keep_rows, stamp

_OF_EVERY_EVENT = frozenset({"record_id", "party_id", "at"})


def tell_all(session: Session, events: Iterable[Event]) -> None:
    """Tell many events at once; each is a row of the journal, as `tell` writes it."""
    mark = stamp(session)
    keep_rows(session, (_row(mark, one) for one in events))


def _row(mark: dict[str, Any], one: Event) -> dict[str, Any]:
    return {
        **mark,
        "happened_at": one.at,
        "kind": type(one).__name__,
        "record": one.record,
        "record_id": one.record_id,
        "party_id": one.party_id,
        "before": {},
        "after": {name: as_json(value) for name, value in vars(one).items() if name not in _OF_EVERY_EVENT},
    }
