"""Words in `.vue` files: `t("…")` asks for a sentence there. The page puts it in; translators' files collect it."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

# One plain string: anything else could not be looked up before the page runs.
WORD = re.compile(r"(?<![\w.$])t\(\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')\s*\)")
ANY_WORD = re.compile(r"(?<![\w.$])t\(")


def message_of(found: re.Match[str]) -> str:
    """The sentence that a match of `WORD` asks for, without its escapes."""
    return re.sub(r"\\(.)", r"\1", found[1] or found[2] or "")


def extract(
    file: IO[bytes], _keywords: Mapping[str, Any], _comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[tuple[int, str, str, list[str]]]:
    """An extractor as Babel calls it: line, function, message and comments of every sentence in a template."""
    source = file.read().decode(options.get("encoding", "utf-8"))
    for found in WORD.finditer(source):
        yield source.count("\n", 0, found.start()) + 1, "t", message_of(found), []
