"""What the demo company is made of, read from the tables in `data/`."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "data"


@cache
def read(name: str) -> dict[str, Any]:
    """One of the tables: `countries`, `company` or `words`. Shared by all callers, who do not change it."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


def fill(text: str, **words: object) -> str:
    """`text` with its words in braces filled in; those it has no use for are ignored."""
    return text.format_map({key: str(value) for key, value in words.items()})
