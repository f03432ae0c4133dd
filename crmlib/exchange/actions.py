"""What may be done: import the files of another system."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from crmlib.base import InvalidInput
from crmlib.exchange.loading import Loading
from crmlib.exchange.presets import Preset, find_preset
from crmlib.exchange.reading import WholeTable as Table
from crmlib.exchange.reading import read_table
from crmlib.exchange.report import ImportReport
from crmlib.i18n import gettext as _


def import_files(
    session: Session, preset: str, files: Sequence[Path | str], *, at: datetime, dry_run: bool = False
) -> ImportReport:
    """Read `files` as the exports that `preset` knows, in any order, and bring records up to date with them.

    The same file twice changes nothing; a newer one changes only what changed, and what people changed here stays.
    With `dry_run` the report is the same and nothing is kept. Raises NotFound or InvalidInput where a file cannot
    be understood, before anything is written; the caller's transaction makes it all or nothing.
    """
    kind = find_preset(preset)
    if not files:
        raise InvalidInput(_("Files"), "", _("name at least one file"))
    tables = [read_table(Path(file)) for file in files]
    if not dry_run:
        return _load(session, kind, tables, at)
    trial = session.begin_nested()
    try:
        report = _load(session, kind, tables, at)
    finally:
        trial.rollback()
    report.is_dry_run, report.import_id = True, None
    return report


def _load(session: Session, kind: type[Preset], tables: Sequence[Table], at: datetime) -> ImportReport:
    loading = Loading(session, system=kind.name, at=at)
    before = session.info.get("batch")
    session.info["batch"] = loading.batch
    try:
        preset = kind(loading)
        for table in tables:
            loading.report.files[table.name] = {
                "sha256": table.sha256,
                "rows": len(table.rows),
                "encoding": table.encoding,
            }
            if table.encoding == "cp1252":
                says = _("{file} is not in Unicode; it was read as Windows-1252. Look at a name with an accent.")
                loading.report.note(_("Files"), says.format(file=table.name))
        preset.load(preset.sort(tables))
        return loading.close()
    finally:
        session.info["batch"] = before
