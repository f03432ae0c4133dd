"""Are these two words meant to be the same? Keys that forgive spelling, and near misses that only propose."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TypeVar

from babel import Locale

T = TypeVar("T")

# Below this share of common letters a near miss is a guess, and a guess helps nobody.
NEAR = 0.82

#: Trades as systems usually name them; only what is nearly one of them is pointed out.
SECTORS = (
    "agriculture", "automotive", "banking", "biotechnology", "chemicals", "construction", "consulting",
    "education", "electronics", "employment", "energy", "engineering", "entertainment", "fashion", "finance",
    "food", "government", "healthcare", "hospitality", "insurance", "legal", "logistics", "manufacturing",
    "marketing", "media", "medical", "mining", "non-profit", "pharmaceuticals", "real estate", "recruiting",
    "retail", "services", "software", "technology", "telecommunications", "transportation", "travel", "utilities",
    "wholesale",
)  # fmt: skip


def match_key(text: str) -> str:
    """`text` without case, accents, blanks and punctuation: `GTX Pro`, `gtx-pro` and `GTXPro` are one key."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum())


def find_match(text: str, choices: Mapping[str, T]) -> tuple[str, T] | None:
    """The one choice whose name is spelled like `text`, or whose key is the same; None where none or several are."""
    if text in choices:
        return text, choices[text]
    key = match_key(text)
    same = [name for name in choices if key and match_key(name) == key]
    return (same[0], choices[same[0]]) if len(same) == 1 else None


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """The choice that `text` is most likely a slip for; None where it is one of them, or near none."""
    by_key = {match_key(choice): choice for choice in choices}
    key = match_key(text)
    if not key or key in by_key:
        return None
    near = difflib.get_close_matches(key, by_key, n=1, cutoff=NEAR)
    return by_key[near[0]] if near else None


def nearest_country(text: str) -> tuple[str, str] | None:
    """The country (code, English name) whose name `text` is most likely a slip for."""
    names = {name: code for code, name in Locale("en").territories.items() if len(code) == 2}
    name = nearest(text, names)
    return (names[name], name) if name else None
