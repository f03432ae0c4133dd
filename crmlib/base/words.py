"""Words as they are searched and compared: without case and accents, in Python and in both databases alike."""

import unicodedata
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, String, func

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
    if text.isascii():
        return text.lower().strip()
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
    """A column's default that folds other columns of the row; None where they are empty."""
    if len(columns) == 1:
        return from_row(lambda text: folded(text) or None, *columns)
    return from_row(lambda *texts: folded_lines(*texts) or None, *columns)


def folded_sql(expression: Any) -> ColumnElement[str]:
    """`folded` of a column, computed by the database.

    SQLite is given the function by each connection, PostgreSQL has it from a migration and can index it. Nothing in
    a SQLite file leans on it (an index, a trigger): other programs must be able to open the file.
    """
    return func.crm_folded(expression, type_=String())


def from_row(make: Callable[..., Any], *columns: str) -> Callable[[Any], Any]:
    """A column's default that `make` derives from other columns of the same row; a missing one is empty text.

    It is asked by whatever inserts: the records, a statement on the bare table, `insert_many`. So a row that came past
    the records' own validators has it too. What the row says itself comes first.
    """

    def derive(context: Any) -> Any:
        values = context.get_current_parameters()
        return make(*(values.get(name) or "" for name in columns))

    return derive


def teach_folding(connection: Any) -> None:
    """Give a SQLite connection the function behind `folded_sql`."""
    connection.create_function("crm_folded", 1, _folded_or_none, deterministic=True)


def _folded_or_none(text: Any) -> str | None:
    return None if text is None else folded(str(text))
