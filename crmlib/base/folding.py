"""One way to make text comparable: without case, accents and the letters that only one alphabet has."""

import unicodedata
from collections.abc import Callable
from typing import Any

# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN = str.maketrans(
    {
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
        "ĸ": "k",
        "ƒ": "f",
        "ɓ": "b",
        "ɗ": "d",
        "ƙ": "k",
        "ə": "e",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ĳ": "ij",
    }
)


def folded(text: str) -> str:
    """`text` as it is searched and sorted: without case and accents, so that Ștefan is found by stefan.

    ß is ss, ø o, ł l, ı i; what has no plain letter (Иван, 王) stays as it is, in lower case.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    # Taking apart may uncover capitals (ℌ, ²ª): a second folding makes the result stand still.
    plain = unicodedata.normalize("NFKD", plain.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).translate(_PLAIN).strip()


# So much of a long text is searched.
SEARCHED = 500


def folded_lines(*texts: str | None) -> str:
    """Several texts of one record as they are searched, a line each; after the first, `SEARCHED` signs each."""
    first, *others = texts
    return folded("\n".join((first or "", *((text or "")[:SEARCHED] for text in others))))


def folded_from(*columns: str) -> Callable[[Any], str | None]:
    """A column's default that folds other columns of the row: what is inserted past the records is searched too."""

    def fold(context: Any) -> str | None:
        values = context.get_current_parameters()
        if len(columns) == 1:
            return folded(values.get(columns[0]) or "") or None
        return folded_lines(*(values.get(name) for name in columns)) or None

    return fold
