"""A filter as a list of conditions, for pages where it is clicked together instead of typed.

[{"field": "city", "op": "in", "values": ["Jakarta", "Cluj"]}, {"field": "total_paid", "op": ">", "values": ["1000"]}]
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import Field, InvalidInput
from crmlib.filters.catalogue import Fields, fields_for
from crmlib.filters.errors import FilterError
from crmlib.filters.fitting import ways
from crmlib.filters.meaning import FAMILIES
from crmlib.filters.parsing import parse
from crmlib.filters.tokens import quote, tokenize
from crmlib.filters.tree import OPERATORS, Condition, Everything, Or, Tree, both, either
from crmlib.filters.values import written
from crmlib.i18n import gettext as _

__all__ = ["Clicked", "as_conditions", "from_conditions", "operators"]


@dataclass(frozen=True)
class Clicked:
    """A filter as a click-builder shows it: its conditions, and whether `any` of them is enough or all are needed."""

    conditions: list[dict[str, Any]]
    any: bool = False


def operators(about: Field) -> list[dict[str, str]]:
    """What can be asked of a field: dicts of `op` and the `label` that people read."""
    labels = {
        "==": _("is"),
        "!=": _("is not"),
        "<": _("less than"),
        "<=": _("at most"),
        ">": _("more than"),
        ">=": _("at least"),
        "in": _("is one of"),
        "not in": _("is none of"),
        "contains": _("contains"),
        "not contains": _("does not contain"),
        "starts with": _("starts with"),
        "is empty": _("is empty"),
        "is not empty": _("is not empty"),
    }
    if FAMILIES[about.kind] in ("day", "moment"):
        labels |= {"<": _("before"), "<=": _("until"), ">": _("after"), ">=": _("from")}
    return [{"op": op, "label": labels[op]} for op in ways(about)]


def as_conditions(tree: Tree) -> Clicked | None:
    """The conditions of a tree; None for one that is too rich to be clicked together and stays text."""
    parts = getattr(tree, "parts", () if isinstance(tree, Everything) else (tree,))
    rows = []
    for part in parts:
        if not isinstance(part, Condition):
            return None
        values = [getattr(value, "text", written(value)) for value in part.values]
        rows.append({"field": part.field, "op": part.op, "values": values})
    return Clicked(rows, isinstance(tree, Or))


def from_conditions(
    session: Session,
    record: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    any: bool = False,  # noqa: A002  # the word people click on
) -> Tree:
    """The tree of conditions clicked together. Raises FilterError for a value that does not fit its field."""
    fields = fields_for(session, record)
    parts = [parse(_text(row, fields), fields) for row in rows]
    return either(parts) if any else both(parts)


def _text(row: Mapping[str, Any], fields: Fields) -> str:
    field = fields.by_key.get(str(row.get("field")))
    op = str(row.get("op"))
    if field is None:
        raise InvalidInput(_("Filter"), str(row.get("field"))[:60], _("no such field here"))
    if op not in OPERATORS:
        raise InvalidInput(_("Filter"), op[:60], _("no such comparison"))
    key = field.about.key
    if op.startswith("is "):
        return f"{key} {op}"
    typed = row.get("values") or ()
    words = [_value(field.about, str(one)) for one in ([typed] if isinstance(typed, str) else typed)]
    if not words:
        raise FilterError(f"{key} {op}", len(key) + 1, len(op), _("here a value is missing"))
    return f"{key} {op} ({', '.join(words)})" if op in ("in", "not in") else f"{key} {op} {words[0]}"


def _value(about: Field, typed: str) -> str:
    """What was typed into a field for values, as the filter writes it."""
    family = FAMILIES[about.kind]
    if family in ("text", "exact"):
        return quote(typed)
    try:
        words = tokenize(typed)
        # Nothing that is typed as a value can become a condition of its own.
        plain = (
            len(words) > 1
            and all(
                word.kind in ("number", "day", "duration", "name", "end") or word.text in ("+", "-") for word in words
            )
            and not any(word.word in ("and", "or", "not", "in") for word in words)
        )
    except FilterError:
        plain = False
    if family == "link" and not (typed.strip() == "me" or typed.strip().isdecimal()):
        plain = False
    return typed.strip() if plain else quote(typed)
