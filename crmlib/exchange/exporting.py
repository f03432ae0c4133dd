"""Lists written to files: the records that fit a filter, with the columns of the catalogue.

What a person opens (CSV, Excel) has labels and words in their language; what a program reads (JSON lines, Parquet) has
keys and the words as they are stored, and the numbers of the records that a link leads to.
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import Field, InvalidInput
from crmlib.exchange.writing import Column, Kind, find_format, write_table
from crmlib.filters import catalogue, filter_clause, known_records
from crmlib.filters.catalogue import fields_for
from crmlib.filters.lists import read_rows, stretches_of
from crmlib.filters.offered import record_class
from crmlib.i18n import gettext as _

__all__ = ["export_list", "find_list", "list_names"]

CHUNK = 500
FOR_PROGRAMS = frozenset({"jsonl", "parquet"})

_KINDS: dict[str, Kind] = {
    "number": "whole",
    "decimal": "decimal",
    "date": "day",
    "moment": "moment",
    "flag": "flag",
    "choices": "json",
}
#: One column of a file, and how its value is taken from a row of the list.
Part = tuple[Column, Callable[[dict[str, Any]], Any]]


# What people call the list of all parties.
_ALSO = {"customers": "party", "contacts": "party"}


def list_names() -> dict[str, str]:
    """The lists there are, by the name people call them: `parties` to the kind of record `party`."""
    return {_plural(name): name for name in known_records()}


def find_list(name: str) -> str:
    """The kind of record that is meant by `customers`, `parties`, `party` …; InvalidInput lists those there are."""
    known = list_names()
    tidy = name.strip().casefold().replace("-", "_")
    meant = _ALSO.get(tidy) or known.get(tidy)
    if meant is None and tidy in known.values():
        meant = tidy
    if meant is None:
        names = sorted([*known, "customers", "everything"])
        near = process.extractOne(tidy, names, scorer=fuzz.ratio, score_cutoff=70)
        if near:
            raise InvalidInput(_("List"), name, _("there is no such list; did you mean {near}?").format(near=near[0]))
        raise InvalidInput(_("List"), name, _("choose one of: {names}").format(names=", ".join(names)))
    return meant


def export_list(
    session: Session,
    record: str,
    path: Path,
    *,
    filter: str = "",  # noqa: A002  # the word of the trade
    columns: Sequence[str] = (),
    sort: str = "",
    descending: bool = False,
    file_format: str = "",
    overwrite: bool = False,
    defuse: bool = True,
) -> int:
    """Write the records of a kind that fit a filter to a file; how many there were.

    `columns` are keys of the catalogue; all that may be exported where none are named. Amounts have their currency in
    a column beside them. Memory stays flat. Raises FilterError for a filter that cannot be read, InvalidInput for a
    column, an order or a format that there is not, Refused where the file is there already.
    """
    record = find_list(record)
    form = find_format(path, file_format)
    known = catalogue(session, record)
    keys = list(columns) or [key for key, about in known.items() if "export" in about.shown]
    for key in keys:
        if key not in known and key != "id":
            raise InvalidInput(_("Column"), key, _no_field(key, known))
    if sort and sort != "id" and sort not in known:
        raise InvalidInput(_("Sort"), sort, _no_field(sort, known))
    asked = [key for key in keys if key != "id"]
    programs = form in FOR_PROGRAMS
    parts = [_number(programs)] if not columns or "id" in columns else []
    parts += [part for key in asked for part in _parts(known[key], programs)]
    numbers = _matching(session, record, filter, sort, descending)
    rows = (
        [take(row) for _column, take in parts]
        for start in range(0, len(numbers), CHUNK)
        for row in read_rows(session, record, list(numbers[start : start + CHUNK]), asked)
    )
    return write_table(
        path,
        [column for column, _take in parts],
        rows,
        file_format=form,
        overwrite=overwrite,
        defuse=defuse,
    )


def _no_field(key: str, known: Iterable[str]) -> str:
    """What would be right: the field that was probably meant, or all there are."""
    near = process.extractOne(key, list(known), scorer=fuzz.ratio, score_cutoff=60)
    if near:
        return _("there is no field {key}; did you mean {near}?").format(key=key, near=near[0])
    return _("choose one of: {names}").format(names=", ".join(known))


def _matching(session: Session, record: str, filter: str, sort: str, descending: bool) -> "array[int]":  # noqa: A002
    kind: Any = record_class(record)
    fields = fields_for(session, record)
    ids = select(kind.id)
    if filter.strip():
        ids = ids.where(filter_clause(session, record, filter, fields))
    numbers = array("q")
    for one in stretches_of(session, fields, ids, sort, descending and bool(sort)):
        numbers.extend(session.scalars(one.ids.order_by(*one.order).execution_options(yield_per=5_000)))
    return numbers


def _number(programs: bool) -> Part:
    return Column("id" if programs else _("Number"), "whole"), lambda row: row["id"]


def _parts(about: Field, programs: bool) -> list[Part]:
    key = about.key
    name = key if programs else about.title
    if about.many or about.kind == "choices":
        words = _words(about, programs)
        return [(Column(name, "json"), lambda row: [words(one) for one in row[key] or []] or None)]
    if about.kind == "money":
        currency = f"{key}_currency" if programs else _("{field}, currency").format(field=name)
        return [
            (Column(name, "decimal"), lambda row: row[key] and row[key].amount),
            (Column(currency), lambda row: row[key] and row[key].currency),
        ]
    if about.kind == "party":
        named: list[Part] = [(Column(name), lambda row: row[key] and row[key].name)]
        if programs:
            named.append((Column(f"{key}_id", "whole"), lambda row: row[key] and row[key].id))
        return named
    words = _words(about, programs)
    return [(Column(name, _KINDS.get(about.kind, "text")), lambda row: words(row[key]))]


def _words(about: Field, programs: bool) -> Callable[[Any], Any]:
    """How a value is written: a choice by its label for people, an amount as text."""
    labels = {} if programs else {value: label if about.is_custom else _(label) for value, label in about.choices}

    def word(value: Any) -> Any:
        if hasattr(value, "currency"):
            return f"{value.amount} {value.currency}"
        return labels.get(value, value) if isinstance(value, str) else value

    return word


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
