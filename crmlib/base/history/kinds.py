"""What is known of records without knowing any: their kinds, what refers to them, and what they refer to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Table
from sqlalchemy.orm import Mapper

from crmlib.base.journal import as_json, record_name
from crmlib.base.records import Base, Journalled


@dataclass(frozen=True)
class Link:
    """A column that refers to a record: in which table, of which record, and under which attribute."""

    record: str
    key: str
    table: Any
    column: Any
    is_part: bool = False
    only: tuple[ColumnElement[bool], ...] = ()


@cache
def _mappers() -> dict[str, Mapper[Any]]:
    Base.registry.configure()
    kinds: list[tuple[type[Base], Mapper[Any]]] = [(one.class_, one.base_mapper) for one in Base.registry.mappers]
    return {record_name(kind): mapper for kind, mapper in kinds if issubclass(kind, Journalled)}


def mapper_of(name: str) -> Mapper[Any] | None:
    """What is stored under this name in the journal; None for what this version does not know."""
    return _mappers().get(name)


@cache
def links_to(name: str) -> tuple[Link, ...]:
    """Everything that refers to records of this name: foreign keys, and pairs of `record` and `record_id`."""
    target = mapper_of(name)
    if target is None:
        return ()
    family = list(target.self_and_descendants)
    own = {table for one in family for table in one.tables}
    parts = {
        (relation.mapper.base_mapper, remote.name)
        for one in family
        for relation in one.relationships
        if relation.cascade.delete
        for _local, remote in relation.local_remote_pairs or ()
    }
    found = []
    for mapper in Base.registry.mappers:
        tables = list(mapper.tables) if mapper.inherits is None else [mapper.local_table]
        base = record_name(mapper.class_)
        kept = issubclass(mapper.class_, Journalled)
        for table in tables:
            assert isinstance(table, Table)
            for key in table.foreign_keys:
                joins_family = table in own and key.parent.primary_key
                # What is derived from a record goes with it, and comes back by itself.
                follows = not kept and key.ondelete == "CASCADE"
                if key.column.table in own and not joins_family and not follows:
                    attribute = mapper.get_property_by_column(key.parent).key
                    is_part = (mapper.base_mapper, key.parent.name) in parts
                    found.append(Link(base, attribute, table, key.parent, is_part))
        columns = mapper.local_table.c
        pair = mapper.inherits is None and "record" in columns and "record_id" in columns
        if pair and kept:
            only = (columns["record"] == name,)
            found.append(Link(base, "record_id", mapper.local_table, columns["record_id"], only=only))
    return tuple(found)


@cache
def links_from(kind: Mapper[Any]) -> tuple[tuple[str, Column[Any], Mapper[Any]], ...]:
    """What records of a kind refer to: attribute, column, and the kind it names."""
    by_table = {mapper.local_table: mapper for mapper in Base.registry.mappers}
    found = []
    for table in kind.tables:
        assert isinstance(table, Table)
        for key in table.foreign_keys:
            if key.column.table in kind.tables and key.parent.primary_key:
                continue
            found.append((kind.get_property_by_column(key.parent).key, key.parent, by_table[key.column.table]))
    return tuple(found)


def concrete(mapper: Mapper[Any]) -> list[Mapper[Any]]:
    """The kinds that a record of this name may be: itself, or its subclasses."""
    if mapper.polymorphic_on is None:
        return [mapper]
    return [one for one in mapper.self_and_descendants if one.polymorphic_identity is not None]


def kind_of(mapper: Mapper[Any], values: Mapping[str, Any]) -> Mapper[Any]:
    """Which subclass a record is of, by what the journal says of it."""
    base = mapper.base_mapper
    if base.polymorphic_on is None:
        return base
    says = values.get(base.get_property_by_column(base.polymorphic_on).key)
    return next((one for one in concrete(base) if as_json(one.polymorphic_identity) == says), base)


def number_key(mapper: Mapper[Any]) -> str:
    """The attribute of the primary key."""
    return str(mapper.get_property_by_column(mapper.primary_key[0]).key)


def name_of(record: str | type[Base]) -> str:
    """What the journal calls a kind of record, given either."""
    return record if isinstance(record, str) else record_name(record)
