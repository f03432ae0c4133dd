"""What a value looks like in a file: exact where a program reads it back, harmless where a spreadsheet opens it.

A spreadsheet runs text that begins like a formula. Such text gets an apostrophe in front, which spreadsheets read as
"this is text": line by line, because a line inside a cell begins a new cell for a careless reader. The rule can be
taken back exactly: `defused` adds one apostrophe to whatever begins with any number of them followed by a formula's
sign, `as_it_was` takes one off again, and nothing else is touched (`'s-Hertogenbosch` stays as it is).
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Literal

Kind = Literal["text", "whole", "decimal", "flag", "day", "moment", "json"]

# Blanks, controls and marks without width do not keep a spreadsheet from finding the sign behind them.
_IGNORED = r"[\s\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]*"
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_LIVE = re.compile(rf"'*(?:{_IGNORED}[{_SIGNS}]|[\t\r])")
_LINE = re.compile(r"(\r\n|\r|\n|\x0b|\x0c|\x85|\u2028|\u2029)")


def defused(text: str) -> str:
    """`text` with an apostrophe before each line that a spreadsheet could run."""
    return _by_line(text, lambda line: "'" + line if _LIVE.match(line) else line)


def as_it_was(text: str) -> str:
    """What `defused` was given."""
    return _by_line(text, lambda line: line[1:] if line.startswith("'") and _LIVE.match(line) else line)


def _by_line(text: str, each: Callable[[str], str]) -> str:
    if text.isalnum():  # nearly all there is, and nothing of it can be run
        return text
    parts = _LINE.split(text)
    return "".join(part if number % 2 else each(part) for number, part in enumerate(parts))


def as_text(kind: Kind, value: Any) -> str:
    """`value` as text that `from_text` reads back exactly; nothing is empty, an empty text is a backslash and an e."""
    if value is None:
        return ""
    if kind == "text":
        text = str(value)
        return "\\e" if text == "" else "\\" + text if text.startswith("\\") else text
    if kind == "json":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if kind == "flag":
        return "true" if value else "false"
    if kind in ("day", "moment"):
        return iso(value)
    return repr(value) if isinstance(value, float) else str(value)


def shown(kind: Kind, value: Any) -> str:
    """`value` as people read it in a file: a list with commas, an empty text as nothing. It cannot be read back."""
    if value is None:
        return ""
    if kind == "text":
        return str(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else as_text(kind, value)


def from_text(kind: Kind, text: str | None) -> Any:
    """The value that `as_text` wrote. Raises ValueError where it can have written no such thing."""
    if text is None or text == "":
        return None
    return _READERS[kind](text)


def iso(value: date | datetime) -> str:
    """A day as 2026-02-28, a moment in UTC with its offset."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()


def _plain(text: str) -> str:
    if not text.startswith("\\"):
        return text
    return "" if text == "\\e" else text[1:]


def _flag(text: str) -> bool:
    return {"true": True, "false": False, "True": True, "False": False, "1": True, "0": False}[text]


_READERS: dict[str, Callable[[str], Any]] = {
    "text": _plain,
    "whole": int,
    "decimal": float,
    "flag": _flag,
    "day": date.fromisoformat,
    "moment": datetime.fromisoformat,
    "json": json.loads,
}
