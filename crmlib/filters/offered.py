"""What can be asked of each kind of record: the columns of its own, and what other rooms offer about it.

    offer(Party, Field("open_deals", lazy("Open deals"), "number"), expression=...)
    offer(Party, Field("email", lazy("E-mail"), "email"), many=Part(point.party_id, point.normalised))

A room says so in its `fields.py`, which its door imports. Filters, lists, sorting and exports take it from there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, func, inspect, literal, select
from sqlalchemy.orm import Mapper

from crmlib.base import READ_ONLY, Base, Customizable, Field, NotFound, Tracked, fields_of
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy

__all__ = ["Offered", "Part", "known_records", "offer", "offered", "record_class"]


@dataclass(frozen=True, eq=False)
class Part:
    """Where the values of a field stand when that is not the record's own row.

    `key` is the column with the record's number, or with what the record's own column `at` holds; `value` is the
    value, `where` which rows count; `currency` stands beside an amount. `grouped` where the value is an aggregate of
    the rows of one record (and one currency). Take aliases of tables that the record itself is stored in. E-mails and
    phones are given normalised: they are compared as they are.
    """

    key: Any
    value: Any
    where: tuple[Any, ...] = ()
    currency: Any = None
    grouped: bool = False
    at: Any = None


@dataclass(frozen=True, eq=False)
class Offered:
    """A field and how the database finds its values.

    `expression` is the one value of a record (for money its minor units, with `currency` beside it). `parts` are the
    other tables it stands in: of the first part that has one, or of all of them for a field with many values.
    `folded` is a column that keeps the text without case and accents. `may_lack`: some records may have no value.
    `then` settles ties where a list is sorted by the field: an index has both.
    `otherwise` is the number that records have for which the one part has no row; for money, minor units.
    """

    about: Field
    expression: Any = None
    currency: Any = None
    folded: Any = None
    parts: tuple[Part, ...] = ()
    may_lack: bool = True
    otherwise: int | None = None
    then: Any = None

    def scalar(self, record: type[Base], *, currency: bool = False) -> ColumnElement[Any]:
        """The field's one value as an expression on a row of `record`."""
        if self.expression is not None:
            found: ColumnElement[Any] = self.currency if currency else self.expression
            return found
        if currency and self.currency is not None:
            known: ColumnElement[Any] = self.currency
            return known
        number = record_key(record)
        values: list[ColumnElement[Any]] = [
            select(part.currency if currency else part.value)
            .where(part.key == (number if part.at is None else part.at), *part.where)
            .limit(1)
            .correlate(number.table)
            .scalar_subquery()
            for part in self.parts
        ]
        if self.otherwise is not None and not currency:
            values.append(literal(self.otherwise))
        return func.coalesce(*values) if len(values) > 1 else values[0]


_offered: dict[str, dict[str, Offered]] = {}


def offer(
    record: type[Base],
    about: Field,
    *,
    expression: Any = None,
    currency: Any = None,
    folded: Any = None,
    one: Part | Sequence[Part] = (),
    many: Part | Sequence[Part] = (),
    may_lack: bool = True,
    otherwise: int | None = None,
    then: Any = None,
) -> None:
    """Say that records of this kind have a field which is not a column of theirs.

    Either `expression` (on a row of the record), or `one` value, or `many` values in the `Part`s of other tables. A
    sum or count that another table keeps is `one` value, and `otherwise` what those have that it has no row of. A
    later offer of the same key replaces the earlier one.
    """
    parts = tuple(one if isinstance(one, Sequence) else (one,)) or tuple(
        many if isinstance(many, Sequence) else (many,)
    )
    about = replace(about, many=bool(many)) if many else about
    found = Offered(
        about, getattr(expression, "expression", expression), currency, folded, parts, may_lack, otherwise, then
    )
    _offered.setdefault(record.__tablename__, {})[about.key] = found
    offered.cache_clear()


def record_key(record: type[Any]) -> Any:
    """The column with the number of a record: of the table that all its kinds share."""
    base = inspect(record).base_mapper.local_table
    return base.c.id


def record_class(record: str | type[Base]) -> type[Base]:
    """The kind of record that is stored in a table of this name. Raises NotFound."""
    if isinstance(record, type):
        return record
    for mapper in Base.registry.mappers:
        if getattr(mapper.class_, "__tablename__", "") == record and mapper.class_ is not None:
            kind: type[Base] = mapper.class_
            return kind
    raise NotFound(_("kind of record"), record)


def known_records() -> list[str]:
    """The kinds of records that can be listed and filtered, by name."""
    named = {name for name, fields in _offered.items() if fields}
    ours = (mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Customizable))
    return sorted(named | {record_key(one).table.description for one in ours})


@cache
def offered(name: str) -> dict[str, Offered]:
    """The fields of a kind of record that do not depend on the workbench, by key: its own, then those offered."""
    record = record_class(name)
    found: dict[str, Offered] = {}
    mapper = inspect(record)
    for one in (mapper, *_below(mapper)):
        for key, column in _own(one, record).items():
            found.setdefault(key, column)
    found |= _offered.get(name, {})
    if issubclass(record, Tracked):
        table = record_key(record).table
        for key, label in (("created_at", lazy("Added")), ("updated_at", lazy("Changed"))):
            about = Field(key, label, "moment", shown=READ_ONLY)
            found.setdefault(key, Offered(about, table.c[key], may_lack=False))
    number = Field("id", lazy("Number"), "number", shown=("filter", "export"), sensitivity="public")
    found.setdefault("id", Offered(number, record_key(record), may_lack=False))
    return found


def is_customizable(name: str) -> bool:
    """Whether records of this kind can have fields that the business defines."""
    return issubclass(record_class(name), Customizable)


def _below(mapper: Mapper[Any]) -> Iterable[Mapper[Any]]:
    return sorted(
        (one for one in mapper.self_and_descendants if one is not mapper), key=lambda one: one.class_.__name__
    )


def _own(mapper: Mapper[Any], record: type[Base]) -> dict[str, Offered]:
    found = {}
    amounts = {composite.key: composite.props for composite in mapper.composites}
    for key, about in fields_of(mapper.class_).items():
        minor, currency = (one.columns[0] for one in amounts[key]) if key in amounts else (None, None)
        column = minor if minor is not None else mapper.column_attrs[key].columns[0]
        # People say owner; that it is kept as a number of another record is our affair.
        name = key.removesuffix("_id") if about.kind == "party" else key
        about = replace(about, key=name, record=about.record or ("party" if about.kind == "party" else ""))
        if column.table is inspect(record).local_table:
            kept = column.table.c.get("folded") if name == "name" else None
            found[name] = Offered(about, column, currency, kept, may_lack=bool(column.nullable))
        else:
            table: Any = cast("Any", column.table).alias()
            part = Part(table.c.id, table.c[column.name], currency=None if currency is None else table.c[currency.name])
            found[name] = Offered(about, parts=(part,))
    return found
