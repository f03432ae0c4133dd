"""Delimited text as people really send it: any delimiter, quoted line breaks, titles above the header, ragged rows."""

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crmlib.exchange.reading import limits
from crmlib.exchange.reading.encodings import DAMAGE, Encoding, find_encoding, is_text
from crmlib.exchange.reading.headers import find_header, is_blank, looks_like_data
from crmlib.exchange.reading.limits import Source, refusal
from crmlib.exchange.reading.table import BadRow, Record, Table, named_columns, unnamed
from crmlib.i18n import gettext as _

#: What `delimiter` is called when any number of blanks stands between two values, as in tables of fixed width.
BLANKS = "blanks"
DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01")

_SAMPLE_ROWS = 200
_SAMPLE_CHARACTERS = 1 << 18
_RAW = 2_000
_QUOTE_AFTER_BLANK = re.compile(r'[,;|] "')
# Ends the lines given to the parser: it comes back alone, or inside a value that was never closed. It has a
# surrogate that no decoder gives.
_END = "\udcfeend"

#: A record with the line it begins on, and its lines as they stand.
_Raw: TypeAlias = tuple[int, list[str], list[str]]

csv.field_size_limit(max(csv.field_size_limit(), limits.MOST_CHARACTERS))


@dataclass(frozen=True)
class _Shape:
    """How lines are cut into values: the delimiter, blanks before a quotation mark, and lines before the first row."""

    delimiter: str
    skip_blanks: bool = False
    told_lines: int = 0

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """The parser, whose `line_num` counts."""
        return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=self.skip_blanks)


@dataclass(frozen=True, kw_only=True)
class DelimitedTable(Table):
    """A table in a text file. With `is_ragged`, rows of any width are good and come as wide as they are."""

    source: Source
    shape: _Shape
    body_line: int
    is_ragged: bool = False

    def records(self) -> Iterator[Record | BadRow]:
        text = Text(self.source, self.encoding)
        lines = itertools.islice(text.lines(), self.body_line - 1, None)
        if self.delimiter == BLANKS:
            found = _cut_at_blanks(lines, self.body_line)
        else:
            found = _parsed(lines, self.shape, self.body_line)
        return self._judged(found, text)

    def _judged(self, found: Iterator[_Raw | BadRow], text: "Text") -> Iterator[Record | BadRow]:
        width, is_ragged = len(self.columns), self.is_ragged
        for record in found:
            if isinstance(record, BadRow):
                yield record
                continue
            line, values, raw = record
            if (text.is_damaged or text.has_nul) and (why := _damage(values, self.encoding)):
                yield BadRow(line, why, _shown(raw))
            elif len(values) == width:
                # A row of blanks says nothing; most rows are told from one by their first value.
                if values[0] or not is_blank(values):
                    yield line, values
            elif is_blank(values):
                continue
            elif is_ragged:
                yield line, values
            elif len(values) > width and is_blank(values[width:]):
                yield line, values[:width]
            else:
                says = _("{n} values, and the header names {m} columns").format(n=len(values), m=width)
                yield BadRow(line, says, _shown(raw))


class Text:
    """The lines of a source, decoded block by block; notes on the way whether anything was damaged."""

    def __init__(self, source: Source, encoding: str) -> None:
        self._source, self._encoding = source, encoding
        self.is_damaged = self.has_nul = False

    def lines(self) -> Iterator[str]:
        """The lines with their ends, split at line feeds and carriage returns only."""
        return itertools.chain.from_iterable(io.StringIO(block, newline="") for block in self._whole_lines())

    def _whole_lines(self) -> Iterator[str]:
        rest = ""
        for text in self._decoded():
            if "\0" in text:
                self.has_nul = True
            text = rest + text if rest else text
            # A \r at the very end may be half of a \r\n.
            cut = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
            rest = text[cut:]
            if len(rest) > limits.MOST_LINE:
                raise refusal(self._source.name, _("one of its lines is too long; that is no table"))
            if cut:
                yield text[:cut]
        if rest:
            yield rest

    def _decoded(self) -> Iterator[str]:
        make = codecs.getincrementaldecoder(self._encoding)
        strict, lenient = make(), make("crmlib.damage")
        for block in itertools.chain(self._source.blocks(), [b""]):
            before = strict.getstate()
            try:
                text = strict.decode(block, final=not block)
            except UnicodeError:
                self.is_damaged = True
                lenient.setstate(before)
                text = lenient.decode(block, final=not block)
                strict.setstate(lenient.getstate())
            if text:
                yield text


def open_delimited(
    source: Source,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_line: int | None = None,
    columns: Sequence[str] | None = None,
    is_ragged: bool = False,
    sha256: str = "",
) -> DelimitedTable:
    """The table in a text file. Raises InvalidInput where it holds none; see `open_table` for what can be told."""
    found = _told_encoding(source, encoding) if encoding else find_encoding(source)
    text = Text(source, found.name)
    sample = list(_sampled(text.lines()))
    if not is_text("".join(sample)):
        raise refusal(source.name, _("it is no text; save it as CSV (a spreadsheet's “Save as” can)"))
    shape = _shape(sample, delimiter, source)
    remarks = [found.remark] if found.remark else []
    records = _sample_records(sample, shape)
    if not any(not is_blank(values) for _line, _end, values in records):
        raise refusal(source.name, _("it is empty; the first line should name the columns"))
    if columns is not None and header_line is None:
        header_line = 0
    line, end, header = find_header(records, header_line, source.name)
    if (
        header_line is None
        and line > 1 + shape.told_lines
        and any(start < line and not is_blank(values) for start, _end, values in records)
    ):
        says = _("line {line} is taken for the header; what stands above it is left out")
        remarks.append(says.format(line=line))
    if header_line == 0:
        width = max(len(values) for _line, _end, values in records)
        named = tuple(columns) if columns is not None else tuple(unnamed(n) for n in range(1, width + 1))
        line, end = 0, shape.told_lines
    else:
        named, renamed = named_columns(header if columns is None else columns)
        remarks += renamed
        if header_line is None and columns is None and looks_like_data(header):
            remarks.append(_("the first row looks like data; if no line names the columns, say so"))
    if len(named) > limits.MOST_COLUMNS:
        raise refusal(source.name, _("it has more than {n} columns").format(n=limits.MOST_COLUMNS))
    return DelimitedTable(
        name=source.name,
        columns=named,
        format="csv",
        encoding=found.name,
        delimiter=shape.delimiter,
        sha256=sha256,
        header_line=line,
        remarks=tuple(remarks),
        source=source,
        shape=shape,
        body_line=end + 1,
        is_ragged=is_ragged,
    )


def _told_encoding(source: Source, name: str) -> Encoding:
    try:
        name = codecs.lookup(name).name
        "".encode(name)
    except (LookupError, TypeError):
        raise refusal(source.name, _("there is no encoding “{name}”").format(name=name)) from None
    if name == "utf-8" and source.head(4).startswith(codecs.BOM_UTF8):
        name = "utf-8-sig"
    return Encoding(name)


def _sampled(lines: Iterator[str]) -> Iterator[str]:
    total = 0
    for line in lines:
        yield line
        total += len(line)
        if total > _SAMPLE_CHARACTERS:
            return


def _shape(sample: list[str], told: str | None, source: Source) -> _Shape:
    """How the lines are cut. Counted on parsed rows, so that a comma inside quotes does not count."""
    told_lines = 0
    if sample:
        first = sample[0].strip().strip('"') if sample[0].strip() != "sep=\t" else sample[0].rstrip("\r\n")
        first = sample[0].rstrip("\r\n").strip('"') if first.casefold() == "sep=" else first
        if first.casefold().startswith("sep=") and len(first) == 5:
            told_lines, sample = 1, sample[1:]
            told = told or first[4]
    if told is not None and told != BLANKS and (len(told) != 1 or told in '\r\n"'):
        raise refusal(source.name, _("a delimiter is one character, or “{blanks}”").format(blanks=BLANKS))
    if told == BLANKS:
        return _Shape(BLANKS, told_lines=told_lines)
    is_cut = sum(map(len, sample)) > _SAMPLE_CHARACTERS
    best, found = (0.0, 0), _Shape(told or ",", told_lines=told_lines)
    skips = (False, True) if any(_QUOTE_AFTER_BLANK.search(line) for line in sample[:200]) else (False,)
    for candidate, skip in itertools.product((told,) if told else DELIMITERS, skips):
        shape = _Shape(candidate, skip, told_lines)
        rows = [row for row in itertools.islice(_leniently(shape.reader(sample)), 100) if not is_blank(row)]
        if is_cut and 1 < len(rows) < 100 and len(rows[-1]) != len(rows[-2]):
            rows.pop()
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if len(rows) > 1 and count == 1:
            width = len(rows[0])
        # The header decides a draw.
        score = (sum(len(row) == width for row in rows) / len(rows), width)
        if width > 1 and score > best:
            best, found = score, shape
    return found


def _leniently(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error:
        return


def _sample_records(sample: list[str], shape: _Shape) -> list[tuple[int, int, list[str]]]:
    """The first records, each with its first and its last line."""
    found: list[tuple[int, int, list[str]]] = []
    lines = sample[shape.told_lines :]
    begin = shape.told_lines + 1
    if shape.delimiter == BLANKS:
        return [(begin + n, begin + n, line.split()) for n, line in enumerate(lines[:_SAMPLE_ROWS])]
    for record in itertools.islice(_parsed(iter(lines), shape, begin), _SAMPLE_ROWS):
        if not isinstance(record, BadRow):
            line, values, raw = record
            found.append((line, line + len(raw) - 1, values))
    return found


def _parsed(lines: Iterator[str], shape: _Shape, line: int) -> Iterator[_Raw | BadRow]:
    """The records with the line each begins on and its raw lines.

    A quotation mark that is never closed would swallow what follows: its line is told as bad, and reading goes on
    at the next. (That costs no more than one more reading of what it swallowed, since there is no mark in it.)
    """
    waiting: Iterable[str] = itertools.chain(lines, [_END])
    while True:
        recent: list[str] = []
        reader = shape.reader(_remembering(waiting, recent))
        try:
            for values in reader:
                if values and _END in values[-1]:
                    if len(recent) == 1:
                        return
                    break
                yield line, values, recent
                line += len(recent)
                recent.clear()
        except csv.Error as error:
            if "field larger" not in str(error):
                says = _("it cannot be read ({reason})").format(reason=error)
                yield BadRow(line, says, _shown(recent[:1]))
                line, waiting = line + 1, itertools.chain(recent[1:], waiting)
                continue
            if len(recent) == 1:
                says = _("one of its values is longer than {n} characters").format(n=limits.MOST_CHARACTERS)
                yield BadRow(line, says, _shown(recent))
                line += 1
                continue
        says = _("a quotation mark opens here and is never closed")
        yield BadRow(line, says, _shown(recent[:1]))
        line, waiting = line + 1, itertools.chain(recent[1:], waiting)


def _remembering(lines: Iterable[str], recent: list[str]) -> Iterator[str]:
    for line in lines:
        recent.append(line)
        yield line


def _cut_at_blanks(lines: Iterator[str], line: int) -> Iterator[_Raw | BadRow]:
    for number, text in enumerate(lines, line):
        yield number, text.split(), [text]


def _damage(values: list[str], encoding: str) -> str:
    for value in values:
        if DAMAGE in value:
            return _("it holds bytes that are no {encoding}").format(encoding=encoding)
        if "\0" in value:
            return _("it holds a character with the number 0, which is no text")
    return ""


def _shown(raw: Sequence[str]) -> str:
    text = "".join(raw[:50]).rstrip("\r\n").replace(DAMAGE, "\ufffd").replace("\0", "\ufffd")
    return text if len(text) <= _RAW else text[:_RAW] + "…"
