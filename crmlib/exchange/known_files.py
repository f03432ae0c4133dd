"""Files that came before: the same bytes, read in the same way, bring nothing new."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.exchange.mapping import Mapping
from crmlib.exchange.reading import Table
from crmlib.exchange.records import Import, MatchDecision
from crmlib.i18n import format_datetime, format_number, ngettext
from crmlib.i18n import gettext as _


@dataclass(frozen=True)
class KnownFile:
    """A file that was imported before: its name now and then, which import it was, when and by whom."""

    name: str
    was_called: str
    sha256: str
    import_id: int
    at: datetime
    actor: str
    n_refused: int = 0
    zone: tzinfo = UTC

    def __str__(self) -> str:
        who = self.actor or _("somebody")
        told = {"file": self.name, "day": format_datetime(self.at, self.zone), "who": who, "number": self.import_id}
        says = _("{file} was imported on {day} by {who} (import {number}) and is not read again. To read it: --again")
        if self.n_refused:
            says = ngettext(
                "{file} was imported on {day} by {who} (import {number}), {n} row refused. To read it again: --again",
                "{file} was imported on {day} by {who} (import {number}), {n} rows refused. To read it again: --again",
                self.n_refused,
            )
        return says.format(**told, n=format_number(self.n_refused))

    def as_dict(self) -> dict[str, Any]:
        """For programs: plain values only."""
        told = {"name": self.name, "import_id": self.import_id, "actor": self.actor, "n_refused": self.n_refused}
        return {**told, "at": self.at.isoformat()}


def reading_of(meaning: Mapping | None = None, **options: str) -> str:
    """A short mark of how a file is read: what its columns mean, and what else was chosen."""
    told = {"columns": [(one.column, one.short, one.new) for one in meaning.columns] if meaning else [], **options}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def known_files(session: Session, system: str, tables: Sequence[tuple[Table, str]]) -> list[KnownFile]:
    """Which of `tables` (each with the mark of its reading) an import of `system` has brought already.

    One that was taken back does not count, nor one whose rows wait for something that was not here, nor one before
    somebody decided whom a name of the system means: then there is something to read again.
    """
    marks = {(table.sha256, mark): table.name for table, mark in tables if table.sha256}
    if not marks:
        return []
    decided_at = session.scalar(select(func.max(MatchDecision.decided_at)).where(MatchDecision.system == system))
    found: dict[str, KnownFile] = {}
    zone = session.info.get("zone") or UTC
    columns = (Import.id, Import.at, Import.actor, Import.files, Import.counts)
    rows = select(*columns).where(Import.system == system, Import.undone_at.is_(None)).order_by(Import.id)
    for number, at, actor, files, counts in session.execute(rows):
        if decided_at is not None and decided_at >= at:
            continue
        for called, about in files.items():
            name = marks.get((about.get("sha256", ""), about.get("reading", "")))
            if name is not None and not about.get("waits"):
                found[name] = KnownFile(
                    name, called, about["sha256"], number, at, actor, _refused(counts, len(files)), zone
                )
    return list(found.values())


def _refused(counts: dict[str, dict[str, Any]], n_files: int) -> int:
    # Counts are kept by kind of row: of one file among several they say nothing.
    return sum(one.get("refused", 0) for one in counts.values()) if n_files == 1 else 0
