"""A filter as a condition of SQL, on SQLite and PostgreSQL.

A predicate may be NULL where nothing is known; that counts as no, and `contrary` makes it a plain yes or no. Values in
other tables are asked for by a semi-join: `IN (SELECT …)` where few rows will match, so that the database may begin
there, and `EXISTS` where many will, so that the first page is found without gathering all of them.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Double,
    Numeric,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from crmlib.base import Base, folded_sql, like_pattern
from crmlib.filters.backends import walk
from crmlib.filters.catalogue import Fields
from crmlib.filters.meaning import FAMILIES, Context, Costs, Holds, Lacks, Linked, Range, Same, Test, Within
from crmlib.filters.offered import Offered, Part, record_class, record_key
from crmlib.filters.tree import Tree

Clause = ColumnElement[bool]


def as_clause(tree: Tree, fields: Fields, context: Context) -> Clause:
    """The filter as a condition on rows of its record."""
    return walk(tree, fields, context, SqlBackend(fields.record, fields.dialect))


class SqlBackend:
    """Predicates are conditions on a row of `record`."""

    def __init__(self, record: type[Base], dialect: str) -> None:
        self._key, self._record, self._dialect = record_key(record), record, dialect

    def everything(self) -> Clause:
        return true()

    def both(self, parts: Sequence[Clause]) -> Clause:
        return and_(*parts)

    def either(self, parts: Sequence[Clause]) -> Clause:
        return or_(*parts)

    def contrary(self, part: Clause) -> Clause:
        # NOT of what is unknown would be unknown; IS NOT TRUE is a plain yes or no.
        return part.self_group().is_not(true())

    def test(self, field: Offered, test: Test) -> Clause:
        if not field.parts:
            return self._on(field, field.expression, field.currency, test, field.folded)
        return _made(self._record, self._dialect, field, test)

    def test_elsewhere(self, field: Offered, test: Test) -> Clause:
        """A test on values in other tables."""
        if isinstance(test, Lacks):
            return ~self._elsewhere(field, None, semi_join=False)
        found = self._elsewhere(field, test, semi_join=isinstance(test, Same | Linked))
        if isinstance(test, Same) and test.or_lacks:
            return or_(found, ~self._elsewhere(field, None, semi_join=False))
        return found

    def _elsewhere(self, field: Offered, test: Test | None, *, semi_join: bool) -> Clause:
        """Records of which a part has a value that stands the test, or any value where there is none to stand."""

        def stands(part: Part) -> Clause:
            if test is None:
                return ~self._on(field, part.value, part.currency, Lacks(), None)
            return self._on(field, part.value, part.currency, test, None)

        grouped = any(part.grouped for part in field.parts)
        if (semi_join and (self._dialect == "sqlite" or len(field.parts) > 1)) or (grouped and test is not None):
            chosen = []
            for part in field.parts:
                rows = select(part.key).where(*part.where).correlate(None)
                if part.grouped:
                    grouping = (part.key,) if part.currency is None else (part.key, part.currency)
                    rows = rows.group_by(*grouping).having(stands(part))
                else:
                    rows = rows.where(stands(part))
                chosen.append(rows)
            at = field.parts[0].at
            return (self._key if at is None else at).in_(union_all(*chosen) if len(chosen) > 1 else chosen[0])
        return or_(
            *(
                exists(
                    select(part.key)
                    .where(
                        part.key == (self._key if part.at is None else part.at),
                        *part.where,
                        *(() if part.grouped else (stands(part),)),
                    )
                    .correlate(self._key.table)
                )
                for part in field.parts
            )
        )

    def _on(self, field: Offered, value: Any, currency: Any, test: Test, kept: Any) -> Clause:
        family = FAMILIES[field.about.kind]
        match test:
            case Lacks():
                lacking: Clause = value.is_(None)
                return or_(lacking, value == "") if family == "text" else lacking
            case Linked(numbers, names):
                return self._linked(field, value, numbers, names)
            case Costs(ranges):
                return _any(and_(currency == code, _lies(value, one, _whole)) for code, one in ranges)
            case Within(ranges):
                return _any(_lies(value, one, _bound(field.about.kind, value)) for one in ranges)
            case Same(values, or_lacks):
                same = self._text(value, kept, test, field.about.kind) if family == "text" else _one_of(value, values)
                return or_(same, value.is_(None), value == "") if or_lacks and not field.parts else same
        return self._text(value, kept, test, field.about.kind)

    def _text(self, value: Any, kept: Any, test: Same | Holds, kind: str = "text") -> Clause:
        if kind in ("email", "phone"):
            kept = value
        text = folded_sql(value) if kept is None else kept
        if isinstance(test, Holds):
            pattern = like_pattern(test.text)[1 if test.at_start else 0 :]
            return text.like(pattern, escape="\\") & (value != "")
        if kept is None and self._dialect == "sqlite" and _is_indexed(value):
            return value.in_(_spellings(value, test.values))
        return _one_of(text, test.values)

    def _linked(self, field: Offered, value: Any, numbers: tuple[int, ...], names: tuple[Same | Holds, ...]) -> Clause:
        found: list[Clause] = []
        known = tuple(number for number in numbers if abs(number) < 2**63)
        if known:
            found.append(_one_of(value, known, BigInteger()))
        if names:
            other = aliased(record_class(field.about.record or "party"))
            kept = getattr(other, "folded", None)
            name = other.name  # type: ignore[attr-defined]  # what a link leads to has one
            called = or_(*(self._text(name, kept, one) for one in names))
            found.append(value.in_(select(other.id).where(called).correlate(None)))  # type: ignore[attr-defined]
        return or_(*found) if found else false()


@lru_cache(maxsize=512)
def _made(record: type[Base], dialect: str, field: Offered, test: Test) -> Clause:
    # Clauses never change, and making one with subqueries takes longer than all else that a filter costs.
    return SqlBackend(record, dialect).test_elsewhere(field, test)


def _any(parts: Any) -> Clause:
    found = list(parts)
    return or_(*found) if found else false()


def _one_of(value: Any, values: tuple[Any, ...], kind: Any = None) -> Clause:
    if not values:
        return false()
    if kind is not None:
        same: Clause = (
            value.in_([literal(one, kind) for one in values]) if len(values) > 1 else value == literal(values[0], kind)
        )
        return same
    only: Clause = value.in_(values) if len(values) > 1 else value == values[0]
    return only


def _whole(number: Any) -> Any:
    return literal(number, BigInteger())


def _bound(kind: str, value: Any) -> Callable[[Any], Any]:
    if kind == "number":
        return _whole
    if kind == "decimal" and isinstance(value.type, Numeric):
        return lambda number: literal(float(number), Double())
    return lambda bound: literal(bound, value.type)


def _lies(value: Any, span: Range, bound: Callable[[Any], Any]) -> Clause:
    if span.low is not None and span.low == span.high and not span.low_open and not span.high_open:
        same: Clause = value == bound(span.low)
        return same
    parts: list[Clause] = []
    if span.low is not None:
        parts.append(value > bound(span.low) if span.low_open else value >= bound(span.low))
    if span.high is not None:
        parts.append(value < bound(span.high) if span.high_open else value <= bound(span.high))
    return and_(*parts) if parts else value.is_not(None)


def _is_indexed(value: Any) -> bool:
    column = getattr(value, "expression", value)
    base = next(iter(column.base_columns), None) if isinstance(column, ColumnElement) else None
    if not isinstance(base, Column):
        return False
    return any(next(iter(index.columns), None) is base for index in getattr(base.table, "indexes", ()))


def _spellings(value: Any, wanted: tuple[str, ...]) -> Any:
    """Every spelling of `wanted` that an indexed column holds, found by leaping from one value to the next.

    SQLite has no index without case and accents, and there are far fewer cities than addresses.
    """
    source = next(iter(value.base_columns)).table.alias()
    column = source.c[next(iter(value.base_columns)).name]
    leaps = select(func.min(column).label("word")).cte(recursive=True)
    following = select(func.min(column)).where(column > leaps.c.word).correlate(leaps).scalar_subquery()
    leaps = leaps.union_all(select(following).where(leaps.c.word.is_not(None)))
    return select(leaps.c.word).where(_one_of(folded_sql(leaps.c.word), wanted))


__all__ = ["Clause", "SqlBackend", "as_clause"]
