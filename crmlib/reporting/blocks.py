"""What a report is made of: a small vocabulary of blocks that the cells of its notebook return.

A cell ends in `Blocks(...)`. Jupyter shows it by its rich repr; the same repr carries the blocks as JSON into the
executed notebook, and the exporters read them there. So the notebook, the HTML and the PDF hold the same numbers,
because they are the same numbers.

All text in a block is plain text, never markup: a deal called `<img onerror=…>` or `#raw` stays a name. What is
bold, a table or a list follows from the kind of block.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

MIME = "application/vnd.crm.block+json"


@dataclass(frozen=True)
class Interval:
    """A share with its interval as a table shows it: `text` in words, `mark` within `low` to `high`, all 0 to 1."""

    text: str
    mark: float
    low: float
    high: float


@dataclass(frozen=True)
class Column:
    """`label` over a table's column; `end` aligns it right, as numbers are; phones leave out `droppable` ones."""

    label: str
    align: Literal["start", "end"] = "start"
    droppable: bool = False


Cell = str | Interval


class Block:
    """One piece of a report; `kind` names it in JSON."""

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The block as JSON: its kind and its fields."""
        named = {item.name: _plain(getattr(self, item.name)) for item in fields(self)}  # type: ignore[arg-type]
        return {"kind": self.kind, **named}


@dataclass(frozen=True)
class Cover(Block):
    """Begins the report: `title` states the finding, `lead` says it in two or three sentences.

    `resolved` are the parameters as they were understood, the defaults worked out: running again with them reads
    the same records. `data_version` is the number of the newest journal row that was read.
    """

    kind: ClassVar[str] = "cover"
    organization: str
    subject: str
    title: str
    lead: str
    resolved: Mapping[str, Any] = field(default_factory=dict)
    data_version: int | None = None


@dataclass(frozen=True)
class Heading(Block):
    """A section's head."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Prose(Block):
    """A paragraph."""

    kind: ClassVar[str] = "prose"
    text: str


@dataclass(frozen=True)
class Note(Block):
    """A smaller remark under what it is about: a definition, a gap in the data."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Figure:
    """A headline figure: `text` as it is read, `definition` under it; the numbers behind it for comparing runs."""

    name: str
    text: str
    definition: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Figures(Block):
    """Two to four headline figures in a row."""

    kind: ClassVar[str] = "figures"
    items: tuple[Figure, ...]


@dataclass(frozen=True)
class Action:
    """Something to do, and the numbers that say why."""

    do: str
    why: str


@dataclass(frozen=True)
class Actions(Block):
    """What the reader may want to act on, most telling first."""

    kind: ClassVar[str] = "actions"
    title: str
    items: tuple[Action, ...]


@dataclass(frozen=True)
class Table(Block):
    """Rows of cells under columns; `total` is the last row, `note` says what a dash or a short word means."""

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    note: str = ""
    title: str = ""


@dataclass(frozen=True)
class Chart(Block):
    """A picture drawn at two widths, what it shows in words (`alt`), and the rows behind it.

    `wide` and `narrow` are SVG for a page and for a phone, in the light theme's colours.
    """

    kind: ClassVar[str] = "chart"
    title: str
    subtitle: str
    alt: str
    wide: str
    narrow: str
    table: Table


@dataclass(frozen=True)
class Terms(Block):
    """Names and what they mean here."""

    kind: ClassVar[str] = "terms"
    items: tuple[tuple[str, str], ...]


KINDS: dict[str, type[Block]] = {
    block.kind: block for block in (Cover, Heading, Prose, Note, Figures, Actions, Table, Chart, Terms)
}


class Blocks(tuple[Block, ...]):
    """What a cell returns; shows itself in Jupyter and can be read back from the executed notebook."""

    def __new__(cls, *blocks: Block) -> "Blocks":
        """The blocks in reading order."""
        return super().__new__(cls, blocks)

    def __repr__(self) -> str:
        return "\n\n".join(_text(block) for block in self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        from crmlib.reporting.html import fragment

        return {
            MIME: {"blocks": [block.to_json() for block in self]},
            "text/html": fragment(self),
            "text/plain": repr(self),
        }


def blocks_of(notebook: Mapping[str, Any]) -> list[Block]:
    """The blocks in the outputs of an executed notebook, in its order.

    Raises ValueError where an output claims to be blocks and is none that this version knows.
    """
    return [block for data in _outputs(notebook) for block in _blocks_in(data)]


def _outputs(notebook: Mapping[str, Any]) -> Iterator[Any]:
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if MIME in output.get("data", {}):
                yield output["data"][MIME]


def _blocks_in(data: Any) -> Iterator[Block]:
    for item in data["blocks"]:
        named = dict(item)
        kind = KINDS.get(named.pop("kind", ""))
        if kind is None:
            raise ValueError(f"no block is called {item.get('kind')!r}")
        yield _build(kind, named)


def _build(kind: type[Block], named: dict[str, Any]) -> Block:
    if kind is Figures:
        return Figures(tuple(Figure(**item) for item in named["items"]))
    if kind is Actions:
        return Actions(named["title"], tuple(Action(**item) for item in named["items"]))
    if kind is Terms:
        return Terms(tuple((term, meaning) for term, meaning in named["items"]))
    if kind is Table:
        return _table(named)
    if kind is Chart:
        return Chart(**{**named, "table": _table(named["table"])})
    return kind(**named)


def _table(named: Mapping[str, Any]) -> Table:
    rows = tuple(_row(row) for row in named["rows"])
    total = None if named["total"] is None else _row(named["total"])
    columns = tuple(Column(**column) for column in named["columns"])
    return Table(columns, rows, total, named["note"], named["title"])


def _row(cells: list[Any]) -> tuple[Cell, ...]:
    return tuple(cell if isinstance(cell, str) else Interval(**cell) for cell in cells)


def _plain(value: Any) -> Any:
    if isinstance(value, Block):
        made = value.to_json()
        made.pop("kind")
        return made
    if isinstance(value, (Figure, Action, Column, Interval)):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _text(block: Block) -> str:
    if isinstance(block, Cover):
        return f"{block.title}\n{block.lead}"
    if isinstance(block, Figures):
        return "\n".join(f"{item.name}: {item.text} ({item.definition})" for item in block.items)
    if isinstance(block, Actions):
        return "\n".join([block.title, *(f"- {item.do} {item.why}" for item in block.items)])
    if isinstance(block, Terms):
        return "\n".join(f"{term}: {meaning}" for term, meaning in block.items)
    if isinstance(block, Chart):
        return f"{block.title}\n{block.alt}"
    if isinstance(block, Table):
        lines = [
            [column.label for column in block.columns],
            *block.rows,
            *([block.total] if block.total else []),
        ]
        return "\n".join("\t".join(c if isinstance(c, str) else c.text for c in line) for line in lines)
    return str(getattr(block, "text", ""))
