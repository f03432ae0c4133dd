"""JSON: one object a line, or one array of objects; what is nested becomes columns such as `company.name`."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from crmlib.exchange.reading import limits
from crmlib.exchange.reading.delimited import Text
from crmlib.exchange.reading.encodings import DAMAGE, find_encoding
from crmlib.exchange.reading.limits import Source, refusal
from crmlib.exchange.reading.table import BadRow, Record, Table
from crmlib.i18n import gettext as _

#: Characters of a file that is one array: all of it has to be in memory at once.
MOST_ARRAY = 50_000_000
_DEEPEST = 20


@dataclass(frozen=True, kw_only=True)
class JsonTable(Table):
    """Objects as rows; `is_lines` says whether each stands on a line of its own."""

    source: Source
    is_lines: bool

    def records(self) -> Iterator[Record | BadRow]:
        for line, found in _objects(self.source, self.encoding, is_lines=self.is_lines):
            if isinstance(found, BadRow):
                yield found
            else:
                yield line, [found.get(name, "") for name in self.columns]


def open_json(source: Source, *, sha256: str = "") -> JsonTable:
    """The table in a JSON file, read once through for its columns. Raises InvalidInput where there is none."""
    encoding = find_encoding(source)
    first = next((line for line in Text(source, encoding.name).lines() if line.strip("\ufeff \t\r\n")), "")
    is_lines = _is_object(first)
    columns: dict[str, None] = {}
    n_good = 0
    for _line, found in _objects(source, encoding.name, is_lines=is_lines):
        if not isinstance(found, BadRow):
            n_good += 1
            columns.update(dict.fromkeys(found))
            if len(columns) > limits.MOST_COLUMNS:
                raise refusal(source.name, _("it has more than {n} columns").format(n=limits.MOST_COLUMNS))
    if not n_good or not columns:
        raise refusal(
            source.name,
            _("it holds no objects; each row should be one, such as {example}").format(example='{"name": "Ana"}'),
        )
    return JsonTable(
        name=source.name,
        columns=tuple(columns),
        format="json",
        encoding=encoding.name,
        sha256=sha256,
        header_line=0,
        remarks=(encoding.remark,) if encoding.remark else (),
        source=source,
        is_lines=is_lines,
    )


def _objects(source: Source, encoding: str, *, is_lines: bool) -> Iterator[tuple[int, dict[str, str] | BadRow]]:
    lines = Text(source, encoding).lines()
    if not is_lines:
        for number, value in enumerate(_array(lines, source), 1):
            yield number, _row(value, number, "")
        return
    for number, line in enumerate(lines, 1):
        text = line.strip("\ufeff \t\r\n")
        if not text:
            continue
        try:
            yield number, _row(_loads(text), number, text)
        except (ValueError, RecursionError):
            yield number, BadRow(number, _("it is no JSON object"), _cut(text))


def _array(lines: Iterable[str], source: Source) -> list[Any]:
    parts, total = [], 0
    for line in lines:
        parts.append(line)
        total += len(line)
        if total > MOST_ARRAY:
            n = MOST_ARRAY // 1_000_000
            raise refusal(source.name, _("it is one array of more than {n} MB; write one object a line").format(n=n))
    try:
        value = _loads("".join(parts).strip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        raise refusal(source.name, _("it begins as JSON and is damaged or cut off")) from None
    if isinstance(value, dict):
        # What an interface answers is often one object with the list in it.
        lists = [inner for inner in value.values() if isinstance(inner, list) and inner and isinstance(inner[0], dict)]
        return lists[0] if len(lists) == 1 else [value]
    return value if isinstance(value, list) else [value]


def _row(value: Any, line: int, raw: str) -> dict[str, str] | BadRow:
    if not isinstance(value, dict):
        return BadRow(line, _("it is no JSON object"), _cut(raw or _dumps(value)))
    row: dict[str, str] = {}
    try:
        _flatten(value, "", row, 0)
    except (ValueError, RecursionError):
        return BadRow(line, _("it is nested too deeply"), _cut(raw))
    if any("\0" in text or DAMAGE in text or _has_surrogate(text) for text in row.values()):
        return BadRow(line, _("it holds a character that is no text"), _cut(raw))
    return row


def _flatten(value: dict[str, Any], prefix: str, into: dict[str, str], depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(depth)
    for key, inner in value.items():
        name = f"{prefix}{key}".strip()
        if isinstance(inner, dict) and inner:
            _flatten(inner, f"{name}.", into, depth + 1)
        else:
            into[name] = _text(inner)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return _dumps(value)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _loads(text: str) -> Any:
    # Numbers stay as they are written: a customer's number may be longer than a float is exact.
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _is_object(line: str) -> bool:
    try:
        return isinstance(_loads(line.strip("\ufeff \t\r\n")), dict)
    except (ValueError, RecursionError):
        return False


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _cut(text: str) -> str:
    text = text.replace(DAMAGE, "\ufffd").replace("\0", "\ufffd")
    return text if len(text) <= 2_000 else text[:2_000] + "…"
