"""Everything a workbench holds, written to one file and read into an empty one: nothing is lost on the way.

The file is a zip: `manifest.json`, and one table each under `tables/`. It is neutral: made on SQLite and read on
PostgreSQL or the other way round, or by any program that reads CSV, JSON lines, Excel or Parquet. What the database
derives by itself (search index, sums per party) is left out and made anew. Numbers of records, history and the journal
come along, so that a timeline, an undo and a state as of a past day work there as they did here.
"""

import csv
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    String,
    Table,
    TypeDecorator,
    bindparam,
    column,
    func,
    insert,
    select,
    table,
    text,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import TableClause

from crmlib.base import Base, InvalidInput, NotFound, Refused, Utc, migrations
from crmlib.exchange.writing import FORMATS, Column, Kind, as_it_was, find_format, from_text, new_file
from crmlib.i18n import gettext as _

MANIFEST = "manifest.json"
CHUNK = 5_000

# All that reading a zip raises where a bit of it was flipped.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, KeyError, ValueError, TypeError, OSError, EOFError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """One table as it lies in the database: `plain` has the same columns with types that know no rules of ours."""

    name: str
    plain: TableClause
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    #: Columns that point to a table whose rows come later, or to the table itself: filled in when all rows are there.
    later: tuple[str, ...]
    required: frozenset[str]


def stored_tables() -> list[Stored]:
    """Every table that holds what people know, those first that others point to."""
    found, seen = [], set()
    for one in Base.metadata.sorted_tables:
        if one.info.get("derived"):
            continue
        seen.add(one.name)
        later = tuple(
            key.parent.name
            for key in sorted(one.foreign_keys, key=lambda key: key.parent.name)
            if key.column.table.name == one.name or key.column.table.name not in seen
        )
        found.append(_stored(one, later))
    return found


def export_everything(
    session: Session,
    path: Path,
    *,
    at: datetime,
    file_format: str = "jsonl",
    overwrite: bool = False,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, int]:
    """Write all there is to the zip file `path`; table to number of rows.

    `file_format` is how the tables inside are written: jsonl, csv, parquet or xlsx. All tables are of one moment.
    `settings` of the workbench (name, currency, …) are written down with them.
    Raises Refused where `path` is there already and may not be replaced.
    """
    kind = find_format(path, file_format)
    _one_moment(session)
    counts: dict[str, int] = {}
    tables: dict[str, Any] = {}
    with new_file(path, overwrite=overwrite) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in stored_tables():
            member = f"tables/{one.name}.{kind}"
            # A way through memory or disk is needed only by formats that jump back in their file.
            with packed.open(member, "w", force_zip64=True) as raw:
                digesting = _Digesting(raw)
                counts[one.name] = _write(kind, one, digesting, _rows(session, one))
            tables[one.name] = {
                "file": member,
                "rows": counts[one.name],
                "sha256": digesting.hash.hexdigest(),
                "columns": [[each.name, each.kind] for each in one.columns],
                "next": _next_number(session, one),
            }
        manifest = {
            "what": "CRM Workbench, everything",
            "format": kind,
            "made_at": at.astimezone(UTC).isoformat(),
            "step": migrations.newest(),
            "settings": dict(settings),
            "tables": tables,
        }
        packed.writestr(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False))
    return counts


def read_manifest(path: Path) -> dict[str, Any]:
    """What an export of everything says of itself. Raises NotFound, or InvalidInput where it is no such file."""
    if not path.is_file():
        raise NotFound(_("file"), path)
    try:
        with zipfile.ZipFile(path) as packed:
            manifest = json.loads(packed.read(MANIFEST))
        known = isinstance(manifest["tables"], dict) and manifest["format"] in FORMATS
    except _BROKEN:
        known = False
    if not known:
        raise InvalidInput(_("File"), path.name, _("is not an export of everything (`crm export everything`)"))
    return dict(manifest)


def is_everything(path: Path) -> bool:
    """Whether a file is an export of everything."""
    try:
        read_manifest(path)
    except (InvalidInput, NotFound):
        return False
    return True


def import_everything(session: Session, path: Path) -> dict[str, int]:
    """Read an export of everything into this empty workbench; table to number of rows.

    Every file in it is checked against its checksum before anything is written. Raises Refused where the workbench
    holds something already or is of another step than the export, InvalidInput where the file is damaged.
    """
    manifest = read_manifest(path)
    known = {one.name: one for one in stored_tables()}
    if manifest["step"] != migrations.newest():
        says = _(
            "This export is of step {theirs}, and this CRM Workbench knows step {ours}. Use the same version for both."
        )
        raise Refused(says.format(theirs=manifest["step"], ours=migrations.newest()))
    unknown = sorted(set(manifest["tables"]) - set(known))
    if unknown:
        raise InvalidInput(_("File"), path.name, _("holds tables that are not known: {names}").format(names=unknown))
    full = [one.name for one in known.values() if session.scalar(select(one.plain.c[0]).limit(1)) is not None]
    if full:
        says = _("This workbench holds records already ({names}). Import everything into an empty one.")
        raise Refused(says.format(names=", ".join(full[:3])))
    counts = {}
    with zipfile.ZipFile(path) as packed:
        _verify(packed, manifest, path)
        ours = [one for one in known.values() if one.name in manifest["tables"]]
        for one in ours:
            about = manifest["tables"][one.name]
            counts[one.name] = _load(session, one, _read(packed, manifest["format"], about))
            if counts[one.name] != about["rows"]:
                raise InvalidInput(_("File"), about["file"], _("holds another number of rows than it should"))
        for one in ours:
            if one.later:
                _fill_in(session, one, _read(packed, manifest["format"], manifest["tables"][one.name]))
            _set_next_number(session, one, manifest["tables"][one.name].get("next"))
    return counts


def fingerprint(session: Session) -> dict[str, tuple[int, str]]:
    """What is here, table by table: how many rows, and a hash of all of them. Two equal workbenches have equal ones."""
    _one_moment(session)
    found = {}
    for one in stored_tables():
        digest, count = hashlib.sha256(), 0
        for row in _rows(session, one):
            digest.update(json.dumps(row, default=_canonical, sort_keys=True).encode() + b"\n")
            count += 1
        found[one.name] = (count, digest.hexdigest())
    return found


def _stored(one: Table, later: tuple[str, ...]) -> Stored:
    # What the database works out by itself it works out again.
    kinds = {each.name: _kind(each.type) for each in one.columns if not each.info.get("derived")}
    plain = table(one.name, *(column(name, _PLAIN[kind]()) for name, kind in kinds.items()))
    return Stored(
        name=one.name,
        plain=plain,
        columns=tuple(Column(name, kind) for name, kind in kinds.items()),
        keys=tuple(each.name for each in one.primary_key),
        later=later,
        required=frozenset(each.name for each in one.columns if not each.nullable),
    )


_PLAIN: dict[Kind, Any] = {
    "text": String,
    "whole": BigInteger,
    "decimal": Float,
    "flag": Boolean,
    "day": Date,
    "moment": Utc,
    "json": lambda: JSON(none_as_null=True),
}


def _kind(of: Any) -> Kind:
    if isinstance(of, TypeDecorator):
        of = of.impl_instance
    order: tuple[tuple[Any, Kind], ...] = (
        (JSON, "json"),
        (Boolean, "flag"),
        (DateTime, "moment"),
        (Date, "day"),
        (Integer, "whole"),
        (Float, "decimal"),
    )
    return next((kind for sort, kind in order if isinstance(of, sort)), "text")


def _one_moment(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _rows(session: Session, one: Stored) -> Iterator[tuple[Any, ...]]:
    order = [one.plain.c[key] for key in one.keys]
    rows = select(*one.plain.c).order_by(*order).execution_options(yield_per=CHUNK)
    yield from (tuple(row) for row in session.execute(rows))


def _canonical(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else repr(value)


class _Digesting(io.RawIOBase):
    """A file that is only written forwards, and remembers the hash of what went through."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self.hash, self._at = out, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        self._at += len(data)
        return self._out.write(data)

    def tell(self) -> int:
        return self._at


def _write(kind: str, one: Stored, out: _Digesting, rows: Iterable[Sequence[Any]]) -> int:
    writer = FORMATS[kind](one.columns, exact=True)
    if kind != "xlsx":
        return writer.write(out, rows)  # type: ignore[arg-type]  # written forwards only
    whole = io.BytesIO()  # a workbook is a zip of its own, and jumps back in it
    count = writer.write(whole, rows)
    out.write(whole.getbuffer())
    return count


def _verify(packed: zipfile.ZipFile, manifest: dict[str, Any], path: Path) -> None:
    for about in manifest["tables"].values():
        digest = hashlib.sha256()
        try:
            with packed.open(about["file"]) as member:
                while data := member.read(1 << 20):
                    digest.update(data)
        except _BROKEN:
            digest.update(b"damaged")
        if digest.hexdigest() != about["sha256"]:
            says = _("is damaged: {file} in it is not what was written")
            raise InvalidInput(_("File"), path.name, says.format(file=about["file"]))


def _read(packed: zipfile.ZipFile, kind: str, about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kinds = {str(name): value for name, value in about["columns"]}
    with packed.open(about["file"]) as member:
        if kind == "jsonl":
            for line in member:
                yield {name: _from_json(kinds[name], value) for name, value in json.loads(line).items()}
        elif kind == "csv":
            lines = csv.reader(io.TextIOWrapper(member, encoding="utf-8", newline=""))
            names = next(lines)
            for cells in lines:
                yield {name: _from_cell(kinds[name], cell) for name, cell in zip(names, cells, strict=True)}
        elif kind == "parquet":
            yield from _read_parquet(member, kinds)
        else:
            yield from _read_workbook(member, kinds)


def _read_parquet(member: IO[bytes], kinds: dict[str, Kind]) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(io.BytesIO(member.read())) as whole:
        for batch in whole.iter_batches(CHUNK):
            for row in batch.to_pylist():
                yield {
                    name: json.loads(value) if kinds[name] == "json" and value is not None else value
                    for name, value in row.items()
                }


def _read_workbook(member: IO[bytes], kinds: dict[str, Kind]) -> Iterator[dict[str, Any]]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(member.read()), read_only=True)
    try:
        for sheet in book.worksheets:
            rows = sheet.iter_rows(values_only=True)
            names = [str(name) for name in next(rows)]
            for cells in rows:
                whole = [*cells, *[None] * (len(names) - len(cells))]
                yield {name: _from_sheet(kinds[name], cell) for name, cell in zip(names, whole, strict=False)}
    finally:
        book.close()


def _from_cell(kind: Kind, cell: str) -> Any:
    return from_text(kind, as_it_was(cell) if kind in ("text", "json") else cell)


def _from_sheet(kind: Kind, cell: Any) -> Any:
    if isinstance(cell, str):
        return from_text(kind, json.loads(cell[2:]) if cell.startswith("\\j") else cell)
    return int(cell) if kind == "whole" and cell is not None else cell


def _from_json(kind: Kind, value: Any) -> Any:
    return from_text(kind, value) if kind in ("day", "moment") and value is not None else value


def _load(session: Session, one: Stored, rows: Iterator[dict[str, Any]]) -> int:
    """Insert all rows; what points to rows that are not there yet stays empty for now."""
    count = 0
    empty = dict.fromkeys(one.later)
    needed = [each.name for each in one.columns if each.kind == "json" and each.name in one.required]
    while chunk := [row | empty for row in islice(rows, CHUNK)]:
        for row in chunk:
            for name in needed:
                if row[name] is None:
                    row[name] = JSON.NULL
        session.execute(insert(one.plain), chunk)
        count += len(chunk)
    return count


def _fill_in(session: Session, one: Stored, rows: Iterator[dict[str, Any]]) -> None:
    at = [one.plain.c[key] == bindparam(f"key_{key}") for key in one.keys]
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in one.later}
    # Not journalled: the journal of what is read comes along, as it was.
    filled = update(one.plain).where(*at).values(values)
    pointing = (row for row in rows if any(row[name] is not None for name in one.later))
    while chunk := list(islice(pointing, CHUNK)):
        session.connection().execute(
            filled,
            [
                {f"key_{key}": row[key] for key in one.keys} | {f"new_{name}": row[name] for name in one.later}
                for row in chunk
            ],
        )


def _next_number(session: Session, one: Stored) -> int | None:
    """The number that the next row will be given: numbers of deleted rows are never given again."""
    if len(one.keys) != 1 or one.columns[0].kind != "whole":
        return None
    key = one.keys[0]
    highest = (session.scalar(select(func.max(one.plain.c[key]))) or 0) + 1
    if session.get_bind().dialect.name == "sqlite":
        used = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": one.name})
        return max(highest, (used or 0) + 1)
    sequence = _sequence(session, one)
    if sequence is None:
        return None
    # pg_sequence_last_value is None until the first number was given.
    named = text("CAST(:sequence AS regclass)").bindparams(sequence=sequence)
    used = session.scalar(select(func.pg_sequence_last_value(named)))
    return max(highest, (used or 0) + 1)


def _set_next_number(session: Session, one: Stored, number: int | None) -> None:
    if number is None:
        return
    if session.get_bind().dialect.name == "sqlite":
        known = session.scalar(text("SELECT 1 FROM sqlite_sequence WHERE name = :name"), {"name": one.name})
        if known:
            session.execute(
                text("UPDATE sqlite_sequence SET seq = :seq WHERE name = :name"), {"seq": number - 1, "name": one.name}
            )
        elif _counts_by_itself(one):
            session.execute(
                text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"),
                {"seq": number - 1, "name": one.name},
            )
        return
    if (sequence := _sequence(session, one)) is not None:
        session.execute(select(func.setval(sequence, number, False)))


def _sequence(session: Session, one: Stored) -> str | None:
    name: str | None = session.scalar(select(func.pg_get_serial_sequence(f'"{one.name}"', one.keys[0])))
    return name


def _counts_by_itself(one: Stored) -> bool:
    return not any(key.foreign_keys for key in Base.metadata.tables[one.name].primary_key)
