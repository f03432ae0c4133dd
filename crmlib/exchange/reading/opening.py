"""What a file is, told from its content and never from its name, and the table in it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from crmlib.exchange.reading import limits
from crmlib.exchange.reading.delimited import open_delimited
from crmlib.exchange.reading.limits import GZIP, ZIP, Source, checked_archive, checked_file, refusal
from crmlib.exchange.reading.table import Table, WholeTable, held
from crmlib.i18n import gettext as _

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_table(
    path: Path | str,
    *,
    sheet: str | None = None,  # noqa: ARG001
    encoding: str | None = None,
    delimiter: str | None = None,
    header_line: int | None = None,
    columns: Sequence[str] | None = None,
    is_ragged: bool = False,
) -> Table:
    """The table in a file: delimited text, a spreadsheet, JSON or vCards, plain, gzipped or alone in a zip archive.

    What is not told is found out: `encoding` (a codec's name), `delimiter` (one character, or "blanks"),
    `header_line` (0: no line names the columns), `sheet` (the first one that is filled). `columns` name the columns
    of a file that does not. With `is_ragged`, text rows of any width are good.
    Raises NotFound where there is no file, InvalidInput where it holds no table or is built to do harm.
    """
    path = checked_file(Path(path))
    source, kind = _recognise(path)
    if kind == "csv":
        return open_delimited(
            source,
            encoding=encoding,
            delimiter=delimiter,
            header_line=header_line,
            columns=columns,
            is_ragged=is_ragged,
            sha256=_sha256(path),
        )
    raise refusal(path.name, _("it is no text; save it as CSV (a spreadsheet's “Save as” can)"))


def read_table(path: Path | str) -> WholeTable:
    """The table in a file, held in memory, its values trimmed. Raises as `open_table` does."""
    return held(open_table(path))


def _recognise(path: Path) -> tuple[Source, str]:
    """Where the bytes of the table are, and what they are."""
    source = Source(path)
    head = source.head(4096)
    if head.startswith(GZIP):
        source = Source(path, "gzip")
        head = source.head(4096)
    elif head.startswith((ZIP, b"PK\x05\x06")):
        members = checked_archive(path, limits.MOST_BYTES)
        files = [member for member in members if not member.is_dir() and not member.filename.startswith("__MACOSX/")]
        if len(files) != 1:
            raise refusal(path.name, _("it is no text; save it as CSV (a spreadsheet's “Save as” can)"))
        source = Source(path, "zip", files[0].filename)
        head = source.head(4096)
    return source, "csv"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
