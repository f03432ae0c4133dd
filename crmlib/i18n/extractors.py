"""Where sentences to translate stand in Python and in report notebooks, as Babel's extraction asks for them.

Babel's own reading of Python goes by tokens, and before Python 3.12 misses what is called inside an f-string. It gives
`options` by name, needed or not.
"""

import ast
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

Found = Iterator[tuple[int, str, str | tuple[str, ...], list[str]]]

# What a parameter's comment demands in brackets is for the machine: see crmlib.reporting.parameters.
_RULE = re.compile(r"\s*\[[^\]]+\]")


def python(file: IO[bytes], keywords: Collection[str], _tags: Collection[str], options: Mapping[str, Any]) -> Found:  # noqa: ARG001
    """Plain strings given to one of `keywords`, wherever in the syntax tree."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in keywords:
            texts = tuple(
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
            if texts:
                yield node.lineno, node.func.id, texts if len(texts) > 1 else texts[0], []


def report(file: IO[bytes], _keywords: Collection[str], _tags: Collection[str], options: Mapping[str, Any]) -> Found:  # noqa: ARG001
    """A report notebook's title, its first paragraph, and the help of each of its parameters."""
    cells = json.loads(file.read())["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"][:1]
    for text in texts:
        head, _line, rest = text.strip().partition("\n")
        yield 1, "_", head.lstrip("# ").strip(), []
        yield 1, "_", " ".join(rest.strip().split("\n\n")[0].split()), []
    for cell in cells:
        if "parameters" in cell["metadata"].get("tags", ()):
            for line in "".join(cell["source"]).splitlines():
                _code, sign, comment = line.partition("  # ")
                if sign:
                    yield 1, "_", _RULE.sub("", comment, count=1).strip(), []
