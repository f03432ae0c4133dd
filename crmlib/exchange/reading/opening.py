"""What a file is, told from its content and never from its name, and the table in it."""

import codecs
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from crmlib.exchange.reading import limits
from crmlib.exchange.reading.delimited import open_delimited
from crmlib.exchange.reading.jsonlines import open_json
from crmlib.exchange.reading.limits import GZIP, ZIP, Source, checked_archive, checked_file, refusal
from crmlib.exchange.reading.sheets import Folder, open_sheet
from crmlib.exchange.reading.table import Table, WholeTable, held
from crmlib.exchange.reading.vcards import open_cards
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy

_HEAD = 4096
_SHEETS = ("xlsx", "xls", "ods")
_FOREIGN = (
    (b"%PDF", lazy("it is a PDF; ask for the table as CSV or XLSX")),
    (b"\x89PNG", lazy("it is a picture, and no table")),
    (b"\xff\xd8\xff", lazy("it is a picture, and no table")),
    (b"GIF8", lazy("it is a picture, and no table")),
    (b"SQLite format 3", lazy("it is a database; export the table as CSV")),
    (b"PAR1", lazy("it is a Parquet file; save it as CSV")),
    (b"\x7fELF", lazy("it is a program, and no table")),
    (b"MZ\x90", lazy("it is a program, and no table")),
    (b"Rar!", lazy("it is an archive that cannot be read here; unpack it first")),
    (b"7z\xbc\xaf", lazy("it is an archive that cannot be read here; unpack it first")),
    (b"BZh", lazy("it is an archive that cannot be read here; unpack it first")),
    (b"\xfd7zXZ", lazy("it is an archive that cannot be read here; unpack it first")),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_table(
    path: Path | str,
    *,
    sheet: str | None = None,
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
    source, kind, keep = _recognise(path)
    sha256 = _sha256(path) if path.stat().st_size < limits.MOST_BYTES else ""
    if kind in _SHEETS:
        return open_sheet(
            source.path,
            path.name,
            kind,
            sheet=sheet,
            header_line=header_line,
            columns=columns,
            sha256=sha256,
            keep=keep,
        )
    if kind == "vcard":
        return open_cards(source, sha256=sha256)
    if kind == "json":
        return open_json(source, sha256=sha256)
    return open_delimited(
        source,
        encoding=encoding,
        delimiter=delimiter,
        header_line=header_line,
        columns=columns,
        is_ragged=is_ragged,
        sha256=sha256,
    )


def read_table(path: Path | str) -> WholeTable:
    """The table in a file, held in memory, its values trimmed. Raises as `open_table` does."""
    return held(open_table(path))


def _recognise(path: Path) -> tuple[Source, str, Folder | None]:
    """Where the bytes of the table are, what they are, and the folder they were unpacked to, if they had to be."""
    source = Source(path)
    head = source.head(_HEAD)
    if head.startswith(GZIP):
        source = Source(path, "gzip")
    elif head.startswith((ZIP, b"PK\x05\x06")):
        members = checked_archive(path, limits.MOST_BYTES)
        if kind := _archive_kind({member.filename for member in members}, path.name):
            return source, kind, None
        files = [member for member in members if not member.is_dir() and not member.filename.startswith("__MACOSX/")]
        if len(files) != 1:
            names = ", ".join(member.filename for member in files[:5])
            says = _("it is an archive of {n} files ({names}); unpack it and give them one by one")
            raise refusal(path.name, says.format(n=len(files), names=names))
        source = Source(path, "zip", files[0].filename)
    if source.packing:
        head = source.head(_HEAD)
    if not source.packing or not head.startswith((GZIP, ZIP, _OLE)):
        return source, _kind(source, head), None
    # A spreadsheet in an archive has to lie on the disk to be read; an archive in an archive is nobody's export.
    keep = Folder()
    unpacked = keep.path / "unpacked"
    total = 0
    with unpacked.open("wb") as stream:
        for block in source.blocks():
            total += len(block)
            if total > limits.MOST_SHEET_FILE:
                n = limits.MOST_SHEET_FILE // 1_000_000
                raise refusal(path.name, _("it is larger than {n} MB; save it as CSV").format(n=n))
            stream.write(block)
    inner = Source(unpacked)
    kind = _kind(inner, head)
    if head.startswith(ZIP):
        kind = _archive_kind({member.filename for member in checked_archive(unpacked, limits.MOST_BYTES)}, path.name)
    if kind not in _SHEETS:
        raise refusal(path.name, _("it is an archive in an archive; unpack it first"))
    return inner, kind, keep


def _archive_kind(members: set[str], name: str) -> str:
    """What an archive is a document of; empty where it is just an archive."""
    folded = {member.lower().replace("\\", "/") for member in members}
    if "[content_types].xml" in folded or "_rels/.rels" in folded:
        if any(member.startswith("xl/") for member in folded):
            return "xlsx"
        raise refusal(name, _("it is a document of an office program, and no spreadsheet"))
    if "mimetype" in folded and "content.xml" in folded:
        return "ods"
    return ""


def _kind(source: Source, head: bytes) -> str:
    """What unpacked bytes are; raises InvalidInput for what is surely no table."""
    if head.startswith(_OLE):
        return "xls"
    for magic, says in _FOREIGN:
        if head.startswith(magic):
            raise refusal(source.name, str(says))
    text = _readable(head)
    begin = text.lstrip("\ufeff \t\r\n").casefold()
    if begin.startswith("begin:vcard"):
        return "vcard"
    if begin.startswith(("<!doctype", "<html", "<head", "<body", "<table", "<meta", "<?xml", "<!--", "<workbook")):
        raise refusal(
            source.name,
            _("it is a web page or XML, whatever its name says; open it in a spreadsheet program and save it as XLSX"),
        )
    if begin.startswith(('{"', "{\n", "{\r", "{ ", "{}", "[{", "[\n", "[\r", "[ ", "[]")) and _is_json(begin):
        return "json"
    return "csv"


def _is_json(begin: str) -> bool:
    """Whether a text goes on as JSON does: an object has a name in quotation marks and a colon."""
    return bool(re.match(r'\s*(\[\s*)?(\{\s*("(?:[^"\\]|\\.)*"\s*(:|$)|\}|$)|\]|$)', begin[:2_000]))


def _readable(head: bytes) -> str:
    """The first bytes as text, roughly: enough to see how it begins."""
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if head.startswith(mark):
            return head.decode(name, "replace")
    return head.replace(b"\0", b"").decode("latin-1")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
