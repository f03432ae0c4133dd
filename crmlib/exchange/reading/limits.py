"""How much of a file is read before it is refused, and archives opened so that they cannot explode.

A file from outside may be built to fill memory or to keep a machine busy. What it claims about itself is checked
first, and what it really unpacks to is counted while it unpacks, because the claim may lie.
"""

import gzip
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from crmlib.base import CrmError, InvalidInput, NotFound
from crmlib.i18n import gettext as _

#: Bytes that a packed file may unpack to.
MOST_BYTES = 2_000_000_000
#: Bytes that a spreadsheet may unpack to (it is XML: about a tenth of it is data), and bytes of it as it lies.
MOST_SHEET_BYTES, MOST_SHEET_FILE = 400_000_000, 50_000_000
#: Files in one archive.
MOST_MEMBERS = 1_000
#: Times its size that a file may unpack to, once it is larger than `UNSUSPICIOUS` bytes.
MOST_RATIO, UNSUSPICIOUS = 200, 50_000_000
#: Bytes of one line. A value with line breaks may be longer, up to `MOST_CHARACTERS`.
MOST_LINE = 10_000_000
MOST_CHARACTERS = 2_000_000
MOST_COLUMNS = 2_000
BLOCK = 1 << 20

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


def refusal(name: str, why: str) -> InvalidInput:
    """The error that says of the file `name` why it cannot be read."""
    return InvalidInput(_("File"), name, why)


@dataclass(frozen=True)
class Source:
    """The bytes of a file, unpacked where it was packed: `member` is the one file of a zip archive."""

    path: Path
    packing: str = ""
    member: str = ""

    @property
    def name(self) -> str:
        return self.path.name

    def blocks(self, size: int = BLOCK) -> Iterator[bytes]:
        """All bytes, block by block. Raises InvalidInput where the file is damaged or unpacks to too much."""
        try:
            with self._open() as stream:
                total = 0
                packed = self.path.stat().st_size
                while block := stream.read(size):
                    total += len(block)
                    if self.packing:
                        check_growth(self.name, packed, total)
                    yield block
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError, RuntimeError):
            # zipfile: an unknown method is NotImplementedError, a password RuntimeError.
            raise refusal(self.name, _("it is damaged and cannot be unpacked")) from None
        except OSError as error:
            raise unreadable(self.path, error) from error

    def head(self, size: int = 1 << 18) -> bytes:
        """The first bytes."""
        return next(self.blocks(size), b"")

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        if self.packing == "gzip":
            with gzip.open(self.path, "rb") as stream:
                yield cast("IO[bytes]", stream)
        elif self.packing == "zip":
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as member:
                yield member
        else:
            with self.path.open("rb") as plain:
                yield plain


def unreadable(path: Path, error: OSError) -> CrmError:
    """The error that says why the system will not give us a file."""
    return CrmError(_("{path} cannot be read: {reason}").format(path=path, reason=error.strerror or error))


def check_growth(name: str, packed: int, unpacked: int) -> None:
    """Raise InvalidInput once a packed file has grown beyond what is honest."""
    if unpacked > MOST_BYTES:
        says = _("it unpacks to more than {n} MB; split it").format(n=MOST_BYTES // 1_000_000)
        raise refusal(name, says)
    if unpacked > UNSUSPICIOUS and unpacked > packed * MOST_RATIO:
        raise refusal(name, _("it unpacks to more than {n} times its size; no honest file does").format(n=MOST_RATIO))


def checked_file(path: Path) -> Path:
    """`path`, if it is a file. Raises NotFound where there is none, CrmError where it is a folder or a device."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(_("file"), path) from None
    except OSError as error:
        raise unreadable(path, error) from error
    if stat.S_ISDIR(mode):
        raise CrmError(_("{path} is a folder; name the files in it.").format(path=path))
    if not stat.S_ISREG(mode):
        raise CrmError(_("{path} cannot be read: {reason}").format(path=path, reason=_("it is no file")))
    if not os.access(path, os.R_OK):
        raise CrmError(_("{path} cannot be read: {reason}").format(path=path, reason=_("you may not")))
    return path


def checked_archive(path: Path, most_bytes: int) -> list[zipfile.ZipInfo]:
    """What is in a zip archive, after its own claims about sizes and names have been looked at."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, UnicodeDecodeError):
        raise refusal(path.name, _("it is damaged and cannot be unpacked")) from None
    if len(members) > MOST_MEMBERS:
        raise refusal(path.name, _("it holds more than {n} files").format(n=MOST_MEMBERS))
    total = sum(member.file_size for member in members)
    if total > most_bytes:
        raise refusal(path.name, _("it unpacks to more than {n} MB; split it").format(n=most_bytes // 1_000_000))
    if total > UNSUSPICIOUS:
        check_growth(path.name, path.stat().st_size, total)
    if any(member.flag_bits & 0x1 for member in members):
        raise refusal(path.name, _("it is locked with a password; unpack it first"))
    return members
