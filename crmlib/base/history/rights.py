"""What an actor who may not see everything may know of the past, and take back.

The journal holds everything. What is read from it goes through here, as `access` narrows what is read from records.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.attributes import set_committed_value

from crmlib.base.errors import PermissionDenied
from crmlib.base.history.kinds import mapper_of, number_key
from crmlib.base.history.numbers import among, chunks
from crmlib.base.journal import JournalEntry
from crmlib.i18n import gettext as _


def has_rules(session: Session) -> bool:
    """Whether anything at all is kept from the session's actor."""
    return bool(getattr(session.info.get("actor"), "rules", None))


def is_narrowed(session: Session, mapper: Mapper[Any]) -> bool:
    """Whether the actor may see only some of these records."""
    rules = getattr(session.info.get("actor"), "rules", None) or {}
    kin = {one.class_ for one in mapper.base_mapper.self_and_descendants}
    return any(kind in kin for kind in rules)


def seen_among(session: Session, mapper: Mapper[Any], ids: Sequence[int]) -> set[int]:
    """Those of these records that are there and that the actor may see."""
    number = getattr(mapper.base_mapper.class_, number_key(mapper.base_mapper))
    found: set[int] = set()
    for some in [ids] if isinstance(ids, range) else chunks(ids):
        found.update(session.scalars(select(number).where(among(number, some))))
    return found


def is_hidden(session: Session, name: str, record_id: int) -> bool:
    """Whether the actor may not see this record, or cannot any more because it is gone."""
    mapper = mapper_of(name)
    return mapper is not None and is_narrowed(session, mapper) and not seen_among(session, mapper, [record_id])


def seen_entries(session: Session, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """Those rows of the journal that speak of what the actor may see; parts go with the party they stand with."""
    entries = list(entries)
    if not has_rules(session):
        return entries
    party = mapper_of("party")
    wanted: dict[Mapper[Any], set[int]] = {}
    for entry in entries:
        mapper = mapper_of(entry.record)
        if mapper is not None and is_narrowed(session, mapper):
            wanted.setdefault(mapper, set()).add(entry.record_id)
        if party is not None and entry.party_id is not None and is_narrowed(session, party):
            wanted.setdefault(party, set()).add(entry.party_id)
    seen = {mapper: seen_among(session, mapper, sorted(ids)) for mapper, ids in wanted.items()}

    def is_seen(entry: JournalEntry) -> bool:
        mapper = mapper_of(entry.record)
        # A row that speaks of many would tell of all of them.
        if mapper in seen and (entry.kind in ("inserts", "deletes") or entry.record_id not in seen[mapper]):
            return False
        return party not in seen or entry.party_id is None or entry.party_id in seen[party]

    return [entry for entry in entries if is_seen(entry)]


def may_remove(session: Session, mapper: Mapper[Any], ids: Sequence[int]) -> dict[int, str]:
    """Which of these records the actor may not delete, and why."""
    if not has_rules(session):
        return {}
    hidden: dict[int, str] = {}
    if is_narrowed(session, mapper):
        own = mapper.base_mapper.primary_key[0]
        there = set(session.connection().scalars(select(own).where(among(own, ids))))
        hidden = dict.fromkeys(there - seen_among(session, mapper, ids), says_no())
    if session.info.get("check") is not None:
        number = getattr(mapper.base_mapper.class_, number_key(mapper.base_mapper))
        for record in session.scalars(select(mapper.base_mapper.class_).where(among(number, ids))):
            if why := _refused(session, "delete", record):
                hidden[inspect(record).identity[0]] = why
    return hidden


def may_change(session: Session, record: Any) -> str:
    """Why the actor may not change a record; nothing where it may."""
    return _refused(session, "update", record) if has_rules(session) else ""


def may_bring_back(session: Session, mapper: Mapper[Any], entry: JournalEntry, values: dict[str, Any]) -> str:
    """Why the actor may not bring back a record; nothing where it may.

    A rule can be asked only of what is there. Of what is gone, an actor with rules brings back what it took away.
    """
    if not has_rules(session):
        return ""
    if is_narrowed(session, mapper) and entry.actor != str(session.info.get("actor")):
        return says_no()
    record = mapper.class_manager.new_instance()
    for key, value in values.items():
        set_committed_value(record, key, value)
    return _refused(session, "insert", record)


def says_no() -> str:
    """What is said of what an actor may not see."""
    return _("It is not yours to see.")


def _refused(session: Session, action: str, record: Any) -> str:
    check = session.info.get("check")
    if check is None:
        return ""
    try:
        check(action, record, session.info.get("actor"))
    except PermissionDenied as error:
        return str(error)
    return ""
