"""What may be done: import the files of another system, and take an import back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from crmlib.base import InvalidInput
from crmlib.exchange.loading import Loading
from crmlib.exchange.presets import Preset, find_preset
from crmlib.exchange.progress import Progress, Step
from crmlib.exchange.reading import Table
from crmlib.exchange.refusals import Refusals, without_reasons
from crmlib.exchange.report import ImportReport
from crmlib.i18n import gettext as _


def import_files(
    session: Session,
    preset: str,
    files: Sequence[Path | str],
    *,
    at: datetime,
    dry_run: bool = False,
    refused: Path | str | None = None,
    progress: Callable[[Step], None] | None = None,
) -> ImportReport:
    """Read `files` as the exports that `preset` knows, in any order, and bring records up to date with them.

    The same file twice changes nothing; a newer one changes only what changed, and what people changed here stays.
    With `dry_run` the report is the same and nothing is kept. Rows that cannot be used are left out and written to
    the file `refused`, with the reason beside them, to be corrected and imported as they are; it is never
    overwritten. `progress` is told how far it has come. Raises NotFound or InvalidInput where a file cannot be
    understood, before anything is written; the caller's transaction makes it all or nothing.
    """
    kind = find_preset(preset)
    if not files:
        raise InvalidInput(_("Files"), "", _("name at least one file"))
    tables = [without_reasons(kind.open(Path(file))) for file in files]
    watch = Progress(progress)
    with Refusals(Path(refused) if refused is not None and not dry_run else None) as kept:
        return as_one_batch(
            session,
            kind.name,
            tables,
            lambda loading: _load(loading, kind, tables),
            at=at,
            dry_run=dry_run,
            progress=watch,
            refusals=kept,
        )


def as_one_batch(
    session: Session,
    system: str,
    tables: Sequence[Table],
    load: Callable[[Loading], None],
    *,
    at: datetime,
    dry_run: bool,
    progress: Progress,
    refusals: Refusals,
) -> ImportReport:
    """Let `load` do its work in one batch of the journal, or in a savepoint that is rolled back if `dry_run`."""
    for table in tables:
        progress.expect_of(table)
    trial = session.begin_nested() if dry_run else None
    before = session.info.get("batch")
    try:
        loading = Loading(session, system=system, at=at, progress=progress, refusals=refusals)
        session.info["batch"] = loading.batch
        _note_files(loading, tables)
        load(loading)
        report = loading.close()
    finally:
        session.info["batch"] = before
        if trial is not None:
            trial.rollback()
    progress.finish()
    report.refused_files = [str(path) for path in refusals.written.values()]
    if dry_run:
        report.is_dry_run, report.import_id = True, None
    return report


def _load(loading: Loading, kind: type[Preset], tables: Sequence[Table]) -> None:
    preset = kind(loading)
    preset.load(preset.sort(tables))


def _note_files(loading: Loading, tables: Sequence[Table]) -> None:
    for table in tables:
        loading.report.files[table.name] = {"sha256": table.sha256, "rows": 0, "encoding": table.encoding}
        if table.encoding == "cp1252":
            says = _("{file} is not in Unicode; it was read as Windows-1252. Look at a name with an accent.")
            loading.report.note(_("Files"), says.format(file=table.name))
        else:
            for remark in table.remarks:
                loading.report.note(_("Files"), f"{table.name}: {remark}")
