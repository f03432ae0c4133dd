"""Taking back: one change of the journal, or a whole batch, from its newest row to its oldest.

What people changed since is spared, field by field, and told with who did it and when. An undo is itself a batch of
the journal: it can be undone, and that brings everything back.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base.errors import NotFound, Refused
from crmlib.base.history.changing import change_back
from crmlib.base.history.kinds import links_to, mapper_of
from crmlib.base.history.numbers import CHUNK, distinct
from crmlib.base.history.removing import remove
from crmlib.base.history.returning import bring_back, bring_many_back, link_again
from crmlib.base.history.rights import seen_entries
from crmlib.base.history.undone import BatchUndone, ChangeUndone, Undoing, Undone
from crmlib.base.journal import CHANGES, JournalEntry, tell
from crmlib.i18n import gettext as _

# Rows of the journal that hold many records each and are read together: memory stays flat.
_FEW = 8
# How long before a record the parts of it may have been deleted that an action deletes with it.
_TOGETHER = timedelta(seconds=5)


def undo_change(session: Session, number: int, *, at: datetime) -> Undone:
    """Take back one change of the journal, with the parts of the record that came or went with it.

    Raises NotFound where there is no such row or the actor may not see it, Refused where it is an event, which has
    happened once and for all.
    """
    entry = session.get(JournalEntry, number) if 0 <= number < 2**63 else None
    # Whoever took something away may have it back, though a rule cannot be asked of it any more.
    own = entry is not None and entry.kind in ("delete", "deletes") and entry.actor == str(session.info.get("actor"))
    if entry is None or not (own or seen_entries(session, [entry])):
        raise NotFound(_("change"), number)
    if entry.kind not in CHANGES:
        raise Refused(_("This is something that happened, not a change. Take back the changes that it made."))
    entries = sorted([entry, *_companions(session, entry)], key=lambda one: one.number, reverse=True)
    with Undoing(session, link_again) as work:
        take_back(work, entries)
    done = work.done
    tell(
        session,
        ChangeUndone(record_id=number, party_id=entry.party_id, at=at, batch=done.batch, n_spared=done.n_spared),
    )
    return done


def undo_batch(session: Session, batch: str, *, at: datetime) -> Undone:
    """Take back all that a batch changed, from the newest change to the oldest, sparing what people changed since.

    Memory stays flat however long the batch is, and what the actor may not see is spared. Raises NotFound where the
    journal knows no such batch.
    """
    mine = (JournalEntry.batch == batch, JournalEntry.kind.in_(CHANGES))
    first = session.scalar(select(JournalEntry.number).where(*mine).order_by(JournalEntry.number).limit(1))
    if first is None:
        raise NotFound(_("batch"), batch)
    below: int | None = None
    with Undoing(session, link_again) as work:
        while numbers := _next(session, mine, below):
            below = numbers[-1]
            rows = select(JournalEntry).where(JournalEntry.number.in_(numbers)).order_by(JournalEntry.number.desc())
            entries = list(session.scalars(rows))
            take_back(work, entries)
            for entry in entries:
                if entry in session:
                    session.expunge(entry)
    done = work.done
    tell(
        session,
        BatchUndone(record_id=first, at=at, batch=batch, n_undone=done.n_undone, n_spared=done.n_spared),
    )
    return done


def _next(session: Session, mine: Any, below: int | None) -> list[int]:
    """The numbers of the next rows to take back, newest first: many small ones, or few that hold much."""
    rows = select(JournalEntry.number, JournalEntry.kind).where(*mine)
    if below is not None:
        rows = rows.where(JournalEntry.number < below)
    found: list[int] = []
    n_heavy = 0
    for number, kind in session.execute(rows.order_by(JournalEntry.number.desc()).limit(CHUNK)):
        n_heavy += kind == "deletes"
        if n_heavy > _FEW:
            break
        found.append(number)
    return found


def take_back(work: Undoing, entries: Iterable[JournalEntry]) -> None:
    """Take back changes that come newest first."""
    for (kind, name), same in groupby(entries, key=lambda entry: (entry.kind, entry.record)):
        if kind != "deletes":
            work.settle_ranges()
        mapper = mapper_of(name)
        for run in distinct(same):
            if mapper is None:
                for entry in run:
                    work.spare(name, entry.record_id, None, _("This version does not know such records."))
            elif kind == "update":
                work.guarded(change_back, mapper, run)
            elif kind == "delete":
                work.guarded(bring_back, mapper, run)
            elif kind == "deletes":
                work.guarded(bring_many_back, mapper, run)
            elif kind == "insert":
                parties = {entry.record_id: entry.party_id for entry in run}
                remove(work, mapper, sorted(parties), min(entry.number for entry in run), parties)
            else:
                for entry in run:
                    remove(work, mapper, range(entry.record_id, entry.after["through"] + 1), entry.number)


def _companions(session: Session, entry: JournalEntry) -> list[JournalEntry]:
    """What came in the same flush as parts of the record, or went with it or lost it when it was deleted.

    The journal does not say which rows one action wrote. They stand beside each other, by one actor through one door,
    and what went with a record went at most seconds before it.
    """
    if entry.kind not in ("insert", "delete"):
        return []
    is_gone = entry.kind == "delete"
    then = (
        JournalEntry.at.between(entry.at - _TOGETHER, entry.at + _TOGETHER) if is_gone else JournalEntry.at == entry.at
    )
    rows = select(JournalEntry).where(
        then,
        JournalEntry.actor == entry.actor,
        JournalEntry.door == entry.door,
        JournalEntry.number.between(entry.number - CHUNK, entry.number + CHUNK),
        JournalEntry.number != entry.number,
        JournalEntry.kind.in_((entry.kind, "update") if is_gone else (entry.kind,)),
        JournalEntry.batch == entry.batch if entry.batch else JournalEntry.batch.is_(None),
    )
    left = list(session.scalars(rows.order_by(JournalEntry.number)))
    wholes, found = [entry], []
    while wholes:
        whole = wholes.pop()
        parts = [one for one in left if _belongs(one, whole)]
        left = [one for one in left if one not in parts]
        found += parts
        wholes += [one for one in parts if one.kind != "update"]
    return found


def _belongs(part: JournalEntry, whole: JournalEntry) -> bool:
    for link in links_to(whole.record):
        said = part.before if part.kind != "insert" else part.after
        if link.record != part.record or said.get(link.key) != whole.record_id:
            continue
        if link.only and said.get("record") != whole.record:
            continue
        if part.kind == "update":
            return part.after.get(link.key) is None
        # What referred to a record could not outlive it.
        return link.is_part or part.kind == "delete"
    return False
