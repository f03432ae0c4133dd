"""The catalogue of a record type at run time: its own fields, those derived for it, and those the business defined.

`catalogue(session, "party")` is what forms, lists, filters, import mapping and export go by. It costs one small
select: the definitions are few, and what they mean is worked out once for each set of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, Dialect, Double, String, bindparam, case, cast, func, inspect, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from crmlib.base import Base, Field
from crmlib.base.fields import ask_for_own_fields, kept_choices
from crmlib.filters.offered import Offered, Part, is_customizable, offered, record_class
from crmlib.filters.records import CustomField


@dataclass(frozen=True, repr=False)
class Fields:
    """All that can be asked of one kind of record in one workbench: `record` and its fields by key."""

    name: str
    record: type[Base]
    dialect: str
    by_key: Mapping[str, Offered]

    def __repr__(self) -> str:
        return f"<Fields of {self.name!r}: {len(self.by_key)}>"

    def get(self, key: str) -> Offered | None:
        """The field called `key`, in whichever case that was written."""
        return self.by_key.get(key) or self.by_key.get(key.lower())


def catalogue(session: Session, record: str | type[Base], *, shown: str = "") -> dict[str, Field]:
    """The fields of a kind of record by key: built-in ones as they are written, derived ones, custom ones in order.

    `shown` keeps those of one place (form, list, filter, import, export). Archived custom fields are left out.
    """
    found = fields_for(session, record).by_key
    return {key: one.about for key, one in found.items() if not shown or shown in one.about.shown}


def fields_for(session: Session, record: str | type[Base]) -> Fields:
    """The same with what the database needs to find the values."""
    name = record if isinstance(record, str) else str(inspect(record).base_mapper.local_table.description)
    dialect = session.get_bind().dialect.name
    kept = tuple(kept_choices(session, name).items())
    return _fields(name, dialect, _definitions(session, name), kept, id(offered(name)))


def custom_fields(session: Session, record: str, *, archived: bool = False) -> list[CustomField]:
    """The fields that the business defined for a kind of record, in their order; `archived` adds those put away."""
    rows = select(CustomField).where(CustomField.record == record).order_by(CustomField.position, CustomField.id)
    return list(session.scalars(rows if archived else rows.where(CustomField.is_archived.is_(False))))


def _own_fields(session: Session, record: str) -> dict[str, Field]:
    found = {}
    for one in custom_fields(session, record, archived=True) if is_customizable(record) else ():
        choices = tuple((pair[0], pair[1]) for pair in one.choices)
        kind = "decimal" if one.kind == "number" else one.kind
        found[one.key] = Field(one.key, one.label, kind, choices=choices, is_custom=True)
    return found


# What an undo spared is told by the business's own words.
ask_for_own_fields(_own_fields)


def _definitions(session: Session, name: str) -> tuple[tuple[Any, ...], ...]:
    if not is_customizable(name):
        return ()
    rows = session.execute(_DEFINITIONS, {"name": name})
    return tuple((*row[:3], tuple(tuple(pair) for pair in row[3]), *row[4:]) for row in rows)


_DEFINITIONS = (
    select(
        CustomField.key,
        CustomField.label,
        CustomField.kind,
        CustomField.choices,
        CustomField.is_required,
        CustomField.hint,
        CustomField.sensitivity,
    )
    .where(CustomField.record == bindparam("name"), CustomField.is_archived.is_(False))
    .order_by(CustomField.position, CustomField.id)
)


@lru_cache(maxsize=256)
def _fields(
    name: str,
    dialect: str,
    definitions: tuple[tuple[Any, ...], ...],
    kept: tuple[tuple[str, tuple[tuple[str, str], ...]], ...],
    _built_in: int,
) -> Fields:
    found = dict(offered(name))
    for key, pairs in kept:
        found[key] = replace(found[key], about=replace(found[key].about, choices=pairs))
    for key, label, kind, choices, required, hint, sensitivity in definitions:
        about = Field(
            key,
            label,
            "decimal" if kind == "number" else kind,
            required=required,
            choices=choices,
            hint=hint or "",
            sensitivity=sensitivity,
            many=kind == "choices",
            record="party" if kind == "party" else "",
            is_custom=True,
        )
        found.setdefault(key, custom_offered(name, about, dialect))
    return Fields(name, record_class(name), dialect, MappingProxyType(found))


class IsoDay(TypeDecorator[date]):
    """A day kept as ISO text, as JSON keeps it; as text it sorts as days do."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return value.isoformat() if isinstance(value, date) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        return date.fromisoformat(value) if value else None


def custom_offered(name: str, about: Field, dialect: str) -> Offered:
    """A custom field as the database finds it: a key of the JSON column `custom`."""
    record = record_class(name)
    column = inspect(record).local_table.c.custom
    if about.kind == "choices":
        table = column.table.alias()
        parts = (Part(table.c.id, _members(table.c.custom, about.key, dialect)),)
        return Offered(about, parts=parts)
    if about.kind == "money":
        return Offered(about, custom_value(column, about, dialect), _at(column, (about.key, "currency"), dialect))
    return Offered(about, custom_value(column, about, dialect))


def custom_value(column: Any, about: Field, dialect: str) -> Any:
    """The one value of a custom field in `column`, typed: also what an index on it is made of."""
    if about.kind == "money":
        return cast(_at(column, (about.key, "minor"), dialect), BigInteger)
    value = _at(column, (about.key,), dialect)
    if about.kind == "decimal":
        return cast(value, Double)
    if about.kind == "party":
        return cast(value, BigInteger)
    return type_coerce(value, IsoDay()) if about.kind == "date" else value


def _at(column: Any, path: tuple[str, ...], dialect: str) -> Any:
    # Written out in the statement, not bound: an expression index is used only where the expression is the same.
    if dialect == "sqlite":
        written = bindparam(None, "$" + "".join(f'."{key}"' for key in path), literal_execute=True, type_=String())
        return func.json_extract(column, written, type_=String())
    for key in path[:-1]:
        column = column.op("->")(bindparam(None, key, literal_execute=True, type_=String()))
    return column.op("->>", return_type=String())(bindparam(None, path[-1], literal_execute=True, type_=String()))


def _members(column: Any, key: str, dialect: str) -> Any:
    if dialect == "sqlite":
        path = bindparam(None, f'$."{key}"', literal_execute=True, type_=String())
        return func.json_each(column, path).table_valued("value", joins_implicitly=True).c.value
    value = column.op("->")(bindparam(None, key, literal_execute=True, type_=String()))
    whole = case((func.jsonb_typeof(value) == "array", value), else_=func.jsonb_build_array())
    return func.jsonb_array_elements_text(whole).table_valued("value", joins_implicitly=True).c.value
