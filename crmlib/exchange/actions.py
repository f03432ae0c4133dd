"""What may be done: import the files of another system, and take an import back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from crmlib.base import Base, InvalidInput, NotFound, Refused, Undone, refresh_statistics, undo_batch
from crmlib.base.money import check_currency
from crmlib.exchange.generic import load_tables
from crmlib.exchange.known_files import known_files, reading_of
from crmlib.exchange.loading import UNKNOWN_SYSTEM, Loading
from crmlib.exchange.mapping import CUSTOM, IGNORE
from crmlib.exchange.mapping import Mapping as Meaning
from crmlib.exchange.presets import Preset, find_preset
from crmlib.exchange.progress import Progress, Step
from crmlib.exchange.reading import Table
from crmlib.exchange.records import Import, ImportMapping, SourceRecord
from crmlib.exchange.refusals import Refusals, without_reasons
from crmlib.exchange.report import ImportReport
from crmlib.i18n import gettext as _

# After an import of so many rows the database looks anew at how its values are spread.
MANY = 10_000


def import_files(
    session: Session,
    preset: str,
    files: Sequence[Path | str],
    *,
    at: datetime,
    dry_run: bool = False,
    refused: Path | str | None = None,
    progress: Callable[[Step], None] | None = None,
    again: bool = False,
) -> ImportReport:
    """Read `files` as the exports that `preset` knows, in any order, and bring records up to date with them.

    The same file twice changes nothing: it is known by its hash, and not read again unless `again` says so. A newer one
    changes only what changed, and what people changed here stays.
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
            lambda loading, given: _load(loading, kind, given),
            at=at,
            dry_run=dry_run,
            progress=watch,
            refusals=kept,
            again=again,
            # What the tables of a preset refer to is looked up in the tables themselves.
            all_or_none=True,
        )


def as_one_batch(
    session: Session,
    system: str,
    tables: Sequence[Table],
    load: Callable[[Loading, Sequence[Table]], None],
    *,
    at: datetime,
    dry_run: bool,
    progress: Progress,
    refusals: Refusals,
    marks: Mapping[str, str] | None = None,
    again: bool = False,
    all_or_none: bool = False,
) -> ImportReport:
    """Let `load` do its work in one batch of the journal, or in a savepoint that is rolled back if `dry_run`.

    Files that came before, read as `marks` says by their name, are left out unless `again`; with `all_or_none` only
    where no other file comes with them.
    """
    marks = marks or {}
    known = [] if again else known_files(session, system, [(one, marks.get(one.name, "")) for one in tables])
    hashes = {one.sha256 for one in known}
    if all_or_none and any(table.sha256 not in hashes for table in tables):
        known, hashes = [], set()
    tables = [table for table in tables if table.sha256 not in hashes]
    if not tables:
        return ImportReport(system, is_dry_run=dry_run, known_files=known)
    for table in tables:
        progress.expect_of(table)
    trial = session.begin_nested() if dry_run else None
    before = session.info.get("batch")
    try:
        loading = Loading(session, system=system, at=at, progress=progress, refusals=refusals)
        session.info["batch"] = loading.batch
        loading.report.known_files = known
        _note_files(loading, tables, marks)
        load(loading, tables)
        report = loading.close()
    finally:
        session.info["batch"] = before
        if trial is not None:
            trial.rollback()
    if not dry_run and sum(one.new + one.changed for one in report.counts.values()) >= MANY:
        # What the database knows of its values is of the time before.
        refresh_statistics(session)
    progress.finish()
    report.refused_files = [str(path) for path in refusals.written.values()]
    if dry_run:
        report.is_dry_run, report.import_id = True, None
    return report


def _load(loading: Loading, kind: type[Preset], tables: Sequence[Table]) -> None:
    preset = kind(loading)
    preset.load(preset.sort(tables))


def _note_files(loading: Loading, tables: Sequence[Table], marks: Mapping[str, str]) -> None:
    for table in tables:
        loading.report.files[table.name] = {
            "sha256": table.sha256, "rows": 0, "encoding": table.encoding, "reading": marks.get(table.name, ""),
        }  # fmt: skip
        if table.encoding == "cp1252":
            says = _("{file} is not in Unicode; it was read as Windows-1252. Look at a name with an accent.")
            loading.report.note(_("Files"), says.format(file=table.name))
        else:
            for remark in table.remarks:
                loading.report.note(_("Files"), f"{table.name}: {remark}")


def import_table(
    session: Session,
    tables: Sequence[tuple[Table, Meaning]],
    *,
    at: datetime,
    system: str = "",
    policy: str = "ask",
    currency: str = "",
    dry_run: bool = False,
    refused: Path | str | None = None,
    progress: Callable[[Step], None] | None = None,
    again: bool = False,
) -> ImportReport:
    """Bring records up to date with tables of any origin, each by its mapping (`guess_table` proposes one).

    Tables that belong together are given together: what one refers to by keys or names is found in the others, and
    in earlier imports of the same `system` (the mapping's, where not said). `policy` is what becomes of a party that
    can be reached like one we have: `ask` refuses the row and proposes, `update` fills in what is empty, `skip`
    leaves the row out, `new` adds it. Amounts without a sign are in `currency`, or in the reporting currency.
    Everything else is as in `import_files`.
    """
    if not tables:
        raise InvalidInput(_("Files"), "", _("name at least one file"))
    named = system or next((meaning.system for _table, meaning in tables if meaning.system), "") or UNKNOWN_SYSTEM
    for table, meaning in tables:
        if all(one.target in (CUSTOM, IGNORE) and not one.new for one in meaning.columns):
            says = _(
                "none of its columns says anything that is known here; say what they mean: --map '{column}=person.name'"
            )
            raise InvalidInput(_("File"), table.name, says.format(column=next(iter(table.columns), "…")))
    if currency:
        check_currency(currency, _("Currency"))
    given = [(without_reasons(table), meaning) for table, meaning in tables]
    money = currency or session.info.get("currency") or ""
    marks = {table.name: reading_of(meaning, policy=policy, currency=money) for table, meaning in given}
    with Refusals(Path(refused) if refused is not None and not dry_run else None) as kept:
        return as_one_batch(
            session,
            named,
            [table for table, _meaning in given],
            lambda loading, some: load_tables(
                loading,
                [(table, meaning) for table, meaning in given if any(table is one for one in some)],
                policy=policy,
                currency=money,
            ),
            at=at,
            dry_run=dry_run,
            progress=Progress(progress),
            refusals=kept,
            marks=marks,
            again=again,
        )


def save_mapping(
    session: Session, name: str, mappings: Sequence[Meaning], *, options: dict[str, Any] | None = None
) -> ImportMapping:
    """Keep what the columns of a system's files mean under a name; one of that name is replaced."""
    if not name.strip():
        raise InvalidInput(_("Mapping"), name, _("give it a name"))
    here = session.scalars(select(ImportMapping).where(ImportMapping.name == name)).one_or_none()
    if here is None:
        here = ImportMapping(name=name.strip())
        session.add(here)
    here.system = next((one.system for one in mappings if one.system), "")
    here.columns = {one.kinds[0]: one.as_json() for one in mappings}
    here.options = dict(options or {})
    session.flush()
    return here


def find_mapping(session: Session, name: str, guessed: Meaning) -> Meaning:
    """The mapping saved under `name` for files such as the one that `guessed` was guessed from.

    Columns that it does not know keep the guess. Raises NotFound where there is no mapping of that name.
    """
    here = session.scalars(select(ImportMapping).where(ImportMapping.name == name)).one_or_none()
    if here is None:
        raise NotFound(_("mapping"), name)
    told = here.columns.get(guessed.kinds[0])
    if told is None and len(here.columns) == 1:
        told = next(iter(here.columns.values()))
    if told is None:
        return guessed
    saved = Meaning.from_json(told)
    known = {one.column: one for one in saved.columns}
    columns = tuple(known.get(one.column, one) for one in guessed.columns)
    return replace(guessed, system=saved.system, kinds=saved.kinds, columns=columns)


def undo_import(session: Session, import_id: int, *, at: datetime) -> Undone:
    """Take back all that an import brought and changed, sparing what people edited since and what hangs on it.

    `spared` of the answer says what stayed and why. From then on the import's rows count as never seen, so that the
    same files can be imported anew; only what was spared is still known for what it is. Raises NotFound where there
    is no such import, Refused where it was taken back already.
    """
    done = session.get(Import, import_id)
    if done is None:
        raise NotFound(_("import"), import_id)
    if done.undone_at is not None:
        raise Refused(_("Import {number} was taken back already.").format(number=import_id))
    before = session.info.get("batch")
    session.info["batch"] = batch = f"undo import {uuid4()}"
    try:
        undone = undo_batch(session, done.batch, at=at)
        done.undone_at = at
        _remember_spared(session, done, batch, at)
        session.flush()
    finally:
        session.info["batch"] = before
    return undone


def _remember_spared(session: Session, done: Import, batch: str, at: datetime) -> None:
    """Keep the source rows of records that are still here although the import that made them is undone."""
    kept: Import | None = None
    of_import = SourceRecord.import_id == done.id
    for name in session.scalars(select(SourceRecord.record).where(of_import).distinct()).all():
        table = Base.metadata.tables[name]
        key = next(iter(table.primary_key))
        before = aliased(SourceRecord)
        # What an earlier import made is that one's still; this one only changed it, and the change is taken back.
        earlier = (
            select(before.id)
            .where(before.record == name, before.record_id == SourceRecord.record_id, before.import_id < done.id)
            .exists()
        )
        here = select(SourceRecord).join(table, key == SourceRecord.record_id)
        for row in session.scalars(here.where(of_import, SourceRecord.record == name, ~earlier)).all():
            if kept is None:
                kept = Import(
                    system=done.system,
                    at=at,
                    actor=str(session.info.get("actor", "")),
                    batch=batch,
                    files={},
                    counts={},
                    remarks=[],
                    undoes_id=done.id,
                )
                session.add(kept)
                session.flush()
            same = {name: getattr(row, name) for name in ("system", "kind", "key", "payload", "hash", "record")}
            session.add(SourceRecord(**same, import_id=kept.id, record_id=row.record_id))
