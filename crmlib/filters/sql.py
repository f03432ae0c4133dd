"""A filter as a condition of SQL, on SQLite and PostgreSQL.

A predicate may be NULL where nothing is known; that counts as no, and `contrary` makes it a plain yes or no. Values in
other tables are asked for by `IN (SELECT …)` where few rows match, so that the database may begin there, and by
`EXISTS` where many do, so that the first page is found without gathering all of them: with a session in hand, a look
at the first rows tells which.
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
    UnaryExpression,
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
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.operators import custom_op

from crmlib.base import Base, different_values, folded, folded_sql, like_pattern
from crmlib.filters.backends import walk
from crmlib.filters.catalogue import Fields
from crmlib.filters.meaning import FAMILIES, Context, Costs, Holds, Lacks, Linked, Range, Same, Test, Within
from crmlib.filters.offered import Offered, Part, record_class, record_key
from crmlib.filters.tree import Tree

Clause = ColumnElement[bool]


# Up to this many rows of another table are gathered before the list itself is looked at.
FEW = 2000

# Up to this many rows are gathered by an index and put in order; of more, a list meets enough soon on its way.
SOME = 20_000

# Of a column that an index begins with, so many different values are looked through for the spellings that are meant.
DIFFERENT = 2_000

# PostgreSQL knows how its values are spread: it may choose where to begin as long as gathering them all is cheap.
FEW_TO_JOIN = 30_000


def as_clause(tree: Tree, fields: Fields, context: Context, session: Session | None = None, sort: str = "") -> Clause:
    """The filter as a condition on rows of its record; with a session, the way that is fast on the data there.

    `sort` is the field that the list will be ordered by.
    """
    return walk(tree, fields, context, SqlBackend(fields.record, fields.dialect, session, sort))


def clause_and_most(
    tree: Tree, fields: Fields, context: Context, session: Session, sort: str = ""
) -> tuple[Clause, int | None, Part | None]:
    """The same, and how many records can fit at most, where a look at an index has told that they are not many.

    Where they are many, and all of them have a row in a table that keeps sums: that one.
    """
    backend = SqlBackend(fields.record, fields.dialect, session, sort)
    clause = walk(tree, fields, context, backend)
    return clause, backend.most(clause), backend.beside(clause)


class SqlBackend:
    """Predicates are conditions on a row of `record`."""

    def __init__(self, record: type[Base], dialect: str, session: Session | None = None, sort: str = "") -> None:
        self._key, self._record, self._dialect, self._session = record_key(record), record, dialect, session
        self._sort = sort
        # How many records can stand a clause at most, where that is known. The clauses are held, as below.
        self._most: dict[int, tuple[Clause, int]] = {}
        # And what stands in another table beside all of them.
        self._beside: dict[int, tuple[Clause, Part]] = {}
        # Clauses with a contrary in them, and for contraries what they are of. Held, so that their ids stay theirs.
        self._contrary: dict[int, tuple[Clause, Clause | None]] = {}

    def everything(self) -> Clause:
        return true()

    def most(self, clause: Clause) -> int | None:
        """How many records can stand a clause at most, where that is known."""
        known = self._most.get(id(clause))
        return None if known is None else known[1]

    def beside(self, clause: Clause) -> Part | None:
        """A table of sums that has a row for every record that stands a clause."""
        known = self._beside.get(id(clause))
        return None if known is None else known[1]

    def both(self, parts: Sequence[Clause]) -> Clause:
        found = self._noted(and_(*parts), parts)
        known = [most for part in parts if (most := self.most(part)) is not None]
        beside = [one for part in parts if (one := self.beside(part)) is not None]
        if beside:
            self._beside[id(found)] = (found, beside[0])
        return self._at_most(found, min(known)) if known else found

    def either(self, parts: Sequence[Clause]) -> Clause:
        found = self._noted(or_(*parts), parts)
        known = [self.most(part) for part in parts]
        return found if None in known else self._at_most(found, sum(one or 0 for one in known))

    def _at_most(self, clause: Clause, most: int) -> Clause:
        self._most[id(clause)] = (clause, most)
        return clause

    def contrary(self, part: Clause) -> Clause:
        # NOT of what is unknown would be unknown; IS NOT TRUE is a plain yes or no, and PostgreSQL can tell how many
        # rows it leaves. Of one inside another it takes twice as long to plan at each level, so only one is used.
        within = self._contrary.get(id(part))
        if within is not None and within[1] is not None:
            return within[1]
        found = part.self_group().is_not(true()) if within is None else ~func.coalesce(part.self_group(), false())
        self._contrary[id(found)] = (found, part)
        return found

    def _noted(self, clause: Clause, parts: Sequence[Clause]) -> Clause:
        if any(id(part) in self._contrary for part in parts):
            self._contrary[id(clause)] = (clause, None)
        return clause

    def test(self, field: Offered, test: Test) -> Clause:
        if not field.parts:
            return self._on_own_row(field, test)
        if field.otherwise is not None:
            return self._or_otherwise(field, test)
        if isinstance(test, Same) and self._session is not None and self._leaps(field, field.parts[0].value):
            test = self._spelled(field.parts[0].value, test)
        few = self._matches_few(field, test)
        found = _made(self._record, self._dialect, field, test, few)
        if few and self._looks_ahead:
            at = field.parts[0].at
            numbers = self._if_few(self._key if at is None else at, self._numbers(field, test), found)
            if isinstance(test, Same) and test.or_lacks:
                return or_(numbers, ~self._elsewhere(field, None, semi_join=False))
            return numbers
        return found

    def _on_own_row(self, field: Offered, test: Test) -> Clause:
        indexed = field.expression if field.folded is None else field.folded
        if self._session is None or not is_indexed(indexed):
            return self._on(field, field.expression, field.currency, test, field.folded)
        if isinstance(test, Same) and self._leaps(field, field.expression) and field.folded is None:
            test = self._spelled(field.expression, test)
        found = self._on(field, field.expression, field.currency, test, field.folded)
        if not self._looks_ahead or isinstance(test, Lacks | Holds):
            return found
        # Of amounts only the figure is in the index, and it says at least how many there can be.
        figures = (
            _any(_lies(field.expression, one, _whole) for _code, one in test.ranges)
            if isinstance(test, Costs)
            else found
        )
        n = self._count_up_to(select(self._key).where(figures), SOME)
        if n <= FEW:
            return self._at_most(self._key.in_(list(self._rows_of(select(self._key).where(found)))), n)
        if n <= SOME:
            return self._at_most(found, n)
        if field.about.key == self._sort or (field.then is not None and self._sort == "name"):
            return found  # its index has them in this order
        # Very many: the list is walked in its own order, and meets one of them soon. SQLite must not begin with them.
        kept = None if field.folded is None else bare(field.folded)
        return self._on(field, bare(field.expression), field.currency, test, kept)

    def _or_otherwise(self, field: Offered, test: Test) -> Clause:
        """A test on a number that another table keeps, and that is `otherwise` where it has no row."""
        part, usual = field.parts[0], field.otherwise or 0
        if isinstance(test, Lacks):
            return false()
        if isinstance(test, Costs):
            if self._session is None:
                return self._on(field, field.scalar(self._record), field.currency, test, None)
            # All of them are in one currency, so that only what was asked in this one can hold.
            basis = self._session.scalar(select(field.currency))
            ranges = tuple(one for code, one in test.ranges if code == basis)
        else:
            assert isinstance(test, Within)
            ranges = test.ranges
        stands = _any(_lies(part.value, one, _whole) for one in ranges)
        at_rest = any(_holds_whole(one, usual) for one in ranges)
        # Where `otherwise` stands the test too, those are looked for that do not stand it.
        wanted = ~stands if at_rest else stands
        mine: Any = (part.key == self._key, *part.where)
        if self._dialect == "postgresql":
            rows: Any = select(part.key).where(wanted, *part.where)
            if self._session is not None and (n := self._count_up_to(rows, SOME)) <= SOME:
                # Gathered first, whatever the planner makes of it: so it costs what they cost, and never a whole walk.
                numbers: Clause = self._key == func.any(func.array(rows.correlate(None).scalar_subquery()))
                return ~numbers if at_rest else self._at_most(numbers, n)
            # As a value of the row and no join: of so many the list meets one soon, and is walked in its own order.
            told: Any = select(wanted).where(*mine).correlate(self._key.table).scalar_subquery()
            found: Clause = told.is_not(true()) if at_rest else told.is_(true())
            if not at_rest:
                self._beside[id(found)] = (found, part)
            return found
        rows = select(part.key).where(wanted, *part.where)
        found = exists(rows.where(part.key == self._key).correlate(self._key.table))
        if self._looks_ahead and not at_rest:
            n = self._count_up_to(rows, SOME)
            if n <= SOME:
                # SQLite begins with numbers, be they written out or asked for.
                few = list(self._rows_of(rows)) if n <= FEW else rows
                return self._at_most(self._key.in_(few), n)
            self._beside[id(found)] = (found, part)
        return ~found if at_rest else found

    def _rows_of(self, rows: Any) -> Sequence[Any]:
        assert self._session is not None
        return self._session.scalars(rows).all()

    def _count_up_to(self, rows: Any, most: int) -> int:
        assert self._session is not None
        return self._session.scalar(select(func.count()).select_from(rows.limit(most + 1).subquery())) or 0

    @property
    def _looks_ahead(self) -> bool:
        # PostgreSQL knows how its values are spread; SQLite would rather walk a million rows in the order of the list.
        return self._session is not None and self._dialect == "sqlite"

    def _if_few(self, at: Any, numbers: Sequence[Any], otherwise: Clause) -> Clause:
        """The numbers themselves where they are few: then SQLite begins with them."""
        assert self._session is not None
        rows: Any = union_all(*numbers) if len(numbers) > 1 else numbers[0]
        found: Any = self._session.scalars(rows.limit(FEW + 1)).all()
        if len(found) > FEW:
            return otherwise
        few: Clause = at.in_(list(dict.fromkeys(found)))
        return self._at_most(few, len(found)) if at is self._key else few

    def _numbers(self, field: Offered, test: Test) -> list[Any]:
        return [
            select(part.key).where(*part.where, self._on(field, part.value, part.currency, test, None)).correlate(None)
            for part in field.parts
        ]

    def _leaps(self, field: Offered, value: Any) -> bool:
        plain = FAMILIES[field.about.kind] == "text" and field.about.kind not in ("email", "phone")
        return plain and is_indexed(value)

    def _spelled(self, value: Any, test: Same) -> Same:
        """The test with the spellings that there are, so that the planner sees them: no more than are worth a plan."""
        assert self._session is not None
        known = different_values(self._session, value, DIFFERENT)
        if known is None:
            return test
        return Same(test.values, test.or_lacks, tuple(word for word in known if folded(word) in test.values))

    def _matches_few(self, field: Offered, test: Test) -> bool:
        """Whether only few rows of other tables stand a test."""
        if isinstance(test, Lacks) or any(part.grouped for part in field.parts):
            return False
        if self._session is None:
            return isinstance(test, Same | Linked)
        first = field.parts[0]
        stands = self._on(field, first.value, first.currency, test, None)
        few = SOME if self._dialect == "sqlite" else FEW_TO_JOIN
        rows = select(first.key).where(*first.where, stands).limit(few + 1).subquery()
        return (self._session.scalar(select(func.count()).select_from(rows)) or 0) <= few

    def elsewhere(self, field: Offered, test: Test, few: bool) -> Clause:
        """A test on values in other tables, of which `few` stand it, or many."""
        if isinstance(test, Lacks):
            return ~self._elsewhere(field, None, semi_join=False)
        found = self._elsewhere(field, test, semi_join=few)
        if isinstance(test, Same) and test.or_lacks:
            return or_(found, ~self._elsewhere(field, None, semi_join=False))
        return found

    def _elsewhere(self, field: Offered, test: Test | None, *, semi_join: bool) -> Clause:
        """Records of which a part has a value that stands the test, or any value where there is none to stand."""

        def stands(part: Part) -> Clause:
            if test is None:
                return ~self._on(field, part.value, part.currency, Lacks(), None)
            return self._on(field, part.value, part.currency, test, None)

        if semi_join:
            assert test is not None
            chosen = self._numbers(field, test)
            numbers: Any = union_all(*chosen) if len(chosen) > 1 else chosen[0]
            at: Any = self._key if field.parts[0].at is None else field.parts[0].at
            return at.in_(numbers)  # type: ignore[no-any-return]  # columns of any kind
        found: list[Clause] = []
        for part in field.parts:
            rows: Any = select(part.key).where(part.key == (self._key if part.at is None else part.at), *part.where)
            if part.grouped and test is not None:
                grouping = (part.key,) if part.currency is None else (part.key, part.currency)
                rows = rows.group_by(*grouping).having(stands(part))
            elif not part.grouped:
                rows = rows.where(stands(part))
            found.append(exists(rows.correlate(self._key.table)))
        return or_(*found)

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
        return self._text(value, kept, test, field.about.kind)  # type: ignore[no-any-return]

    def _text(self, value: Any, kept: Any, test: Same | Holds, kind: str = "text") -> Any:
        if kind in ("email", "phone"):
            kept = value
        text = folded_sql(value) if kept is None else kept
        if isinstance(test, Holds):
            pattern = like_pattern(test.text)[1 if test.at_start else 0 :]
            holds = text.like(pattern, escape="\\") & (value != "")
            if test.at_start and self._dialect == "sqlite":
                # SQLite sees no range of an index in this LIKE; in the order of signs a beginning is one.
                return holds & (text >= test.text) & (text < test.text + chr(0x10FFFF))
            return holds
        if test.spellings is not None:
            return value.in_(test.spellings)
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
def _made(record: type[Base], dialect: str, field: Offered, test: Test, few: bool) -> Clause:
    # Clauses never change, and making one with subqueries takes longer than all else that a filter costs.
    return SqlBackend(record, dialect).elsewhere(field, test, few)


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


def is_indexed(value: Any) -> bool:
    """Whether there is an index that begins with this column."""
    column = getattr(value, "expression", value)
    base = next(iter(column.base_columns), None) if isinstance(column, ColumnElement) else None
    if not isinstance(base, Column):
        return False
    return any(next(iter(index.columns), None) is base for index in getattr(base.table, "indexes", ()))


def _holds_whole(span: Range, number: int) -> bool:
    low = span.low is None or (number > span.low if span.low_open else number >= span.low)
    high = span.high is None or (number < span.high if span.high_open else number <= span.high)
    return low and high


def bare(column: Any) -> Any:
    """The same column, but SQLite looks for no index of it (its manual calls this the unary plus)."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


__all__ = ["Clause", "SqlBackend", "as_clause", "bare", "clause_and_most", "is_indexed"]
