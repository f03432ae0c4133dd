"""Values between the journal and the database: how JSON reads back, and how the database itself writes it."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Enum,
    Float,
    Numeric,
    String,
    case,
    cast,
    func,
)
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmlib.base.history.kinds import kind_of
from crmlib.base.types import DecimalText, Scaled

#: What stands before the key of a field that the business defined for itself.
CUSTOM = "custom."


def values_of(mapper: Mapper[Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a record from what the journal says of it."""
    kind = kind_of(mapper, said)
    found: dict[str, Any] = {}
    for name, value in said.items():
        if name.startswith(CUSTOM):
            found["custom"] = with_custom(found.get("custom"), name, value)
        elif name in kind.column_attrs:
            found[name] = read_value(kind, name, value)
    return found


def with_custom(custom: Mapping[str, Any] | None, name: str, value: Any) -> dict[str, Any]:
    """Custom values with one of them set, or taken out."""
    kept = dict(custom or {})
    key = name.removeprefix(CUSTOM)
    if value is None:
        kept.pop(key, None)
    else:
        kept[key] = value
    return kept


def read_value(mapper: Mapper[Any], name: str, value: Any) -> Any:
    """A value of the journal as its attribute holds it."""
    if value is None or name.startswith(CUSTOM) or name not in mapper.column_attrs:
        return value
    return from_json(mapper.column_attrs[name].columns[0].type, value)


def differ(mapper: Mapper[Any], name: str, one: Any, other: Any) -> bool:
    """Whether two values of the journal mean different things."""
    return bool(read_value(mapper, name, one) != read_value(mapper, name, other))


def from_json(kind: TypeEngine[Any], value: Any) -> Any:
    """A value as a column of this type has it, from what `as_json` or `in_json` wrote."""
    read = reader_of(kind)
    return value if value is None or read is None else read(value)


def reader_of(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What reads the values of JSON for a column of this type; None where they are the same."""
    if isinstance(kind, Scaled):
        return partial(_scaled, kind)
    if isinstance(kind, DecimalText):
        return Decimal
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    if isinstance(plain, Enum) and plain.enum_class is not None:
        return plain.enum_class
    if isinstance(plain, DateTime):
        return _moment
    if isinstance(plain, Date):
        return date.fromisoformat
    if isinstance(plain, Float):
        return float
    if isinstance(plain, Boolean):
        return bool
    return _decimal if isinstance(plain, Numeric) else None


def _scaled(kind: Scaled, value: Any) -> Decimal | None:
    # As the column has it where the database wrote it, as its digits where Python did.
    return Decimal(int(value)).scaleb(-kind.digits) if isinstance(value, int) else Decimal(value)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _decimal(value: Any) -> Any:
    return Decimal(value) if isinstance(value, str) else value


def in_json(column: ColumnElement[Any], dialect: str) -> Any:
    """A column as the database itself puts it into JSON, such that `from_json` reads the same value."""
    plain = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if dialect != "sqlite":
        return column
    if isinstance(plain, JSON):
        return func.json(column)
    if isinstance(plain, Float):
        # SQLite's JSON keeps fifteen digits of a number; seventeen are needed to have the same one back.
        return case((column.is_not(None), func.printf("%!.17g", column)))
    return cast(column, String) if isinstance(plain, (Date, DateTime)) else column
