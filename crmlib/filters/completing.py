"""What may come next while a filter is being typed: fields, comparisons, values, connecting words."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import Field, folded
from crmlib.filters.catalogue import fields_for
from crmlib.filters.fitting import ways
from crmlib.filters.meaning import FAMILIES
from crmlib.filters.offered import record_class
from crmlib.filters.tokens import Token, quote, tokenize
from crmlib.i18n import gettext as _

__all__ = ["Suggestion", "complete"]

_TIMES = (
    "today",
    "today - 7d",
    "today - 30d",
    "today - 90d",
    "this week",
    "this month",
    "this quarter",
    "this year",
    "now",
)
_BEFORE_FIELD = frozenset({"", "and", "or", "not", "(", "in"})


@dataclass(frozen=True)
class Suggestion:
    """What may be put in the place of the characters from `start` to `end`: `text`, and a `label` that explains it.

    `kind` is field, operator, value or word.
    """

    text: str
    label: str
    kind: str
    start: int
    end: int


def complete(
    session: Session, record: str, text: str, position: int | None = None, *, limit: int = 12
) -> list[Suggestion]:
    """Suggestions for the place `position` of a filter, by default its end, the likeliest first. Never raises."""
    position = len(text) if position is None else max(0, min(position, len(text)))
    words = tokenize(text[:position][-5000:], broken=True)[:-1]
    begun = (
        words.pop() if words and words[-1].end == min(position, 5000) and words[-1].kind in ("name", "text") else None
    )
    start = position - len(begun.text) if begun else position
    fields = {key: one.about for key, one in fields_for(session, record).by_key.items() if "filter" in one.about.shown}
    typed = begun.value if begun else ""
    found: list[tuple[str, str, str]]
    field = _field_before(words, fields)
    if field is None:
        last = words[-1].word or words[-1].text if words else ""
        if last in _BEFORE_FIELD or last == ",":
            found = [(key, about.title, "field") for key, about in fields.items()]
            found += [("not", _("the contrary"), "word")] if last not in ("not", "in") else []
        else:
            found = [("and", _("both hold"), "word"), ("or", _("one of them holds"), "word")]
    else:
        about, after = field
        if not after:
            found = [(op, "", "operator") for op in ways(about)]
            if FAMILIES[about.kind] == "flag":
                found += [("and", _("both hold"), "word"), ("or", _("one of them holds"), "word")]
        else:
            found = [(value, label, "value") for value, label in _values(session, about, typed)]
    begins = folded(typed)
    fitting = [one for one in found if folded(one[0].strip('"')).startswith(begins)]
    fitting += [one for one in found if one not in fitting and begins and begins in folded(f"{one[0]} {one[1]}")]
    return [Suggestion(word, label, kind, start, position) for word, label, kind in fitting[:limit]]


def _field_before(words: list[Token], fields: dict[str, Field]) -> tuple[Field, list[str]] | None:
    """The field that the words before the place are about, and the comparison begun after it; None where there is none."""
    after: list[str] = []
    for word in reversed(words):
        if word.kind == "name" and (word.text in fields or word.word in fields):
            about = fields.get(word.text) or fields[word.word]
            return None if _is_whole(about, after) else (about, after)
        if word.word in ("and", "or") or (word.text == "(" and not after):
            # An open bracket belongs to a list only where `in` stands before it.
            if word.text != "(":
                return None
        if word.text == ")":
            return None
        after.insert(0, word.word or word.text)
    return None


def _is_whole(about: Field, after: list[str]) -> bool:
    if "empty" in after:
        return True
    if "in" in after:
        return "(" not in after and after[-1] not in ("in", ",")
    if not after or after[-1] in ("==", "=", "!=", "<>", "<", "<=", ">", ">=", "contains", "with"):
        return False
    return after not in (["is"], ["is", "not"], ["not"], ["starts"], ["not", "starts"])


def _values(session: Session, about: Field, typed: str) -> list[tuple[str, str]]:
    family = FAMILIES[about.kind]
    if about.choices:
        return [(quote(word), label if about.is_custom else _(label)) for word, label in about.choices]
    if family in ("day", "moment"):
        return [(time, "") for time in _TIMES]
    if family == "flag":
        return [("true", _("yes")), ("false", _("no"))]
    if family == "link":
        return [("me", _("whoever looks at it")), *_names(session, about, typed)]
    return []


def _names(session: Session, about: Field, typed: str) -> list[tuple[str, str]]:
    if len(typed) < 2:
        return []
    other: Any = record_class(about.record or "party")
    if not hasattr(other, "folded"):
        return []
    rows = select(other.name).where(other.folded >= folded(typed), other.folded < folded(typed) + "\uffff")
    return [(quote(name), "") for name in session.scalars(rows.order_by(other.folded).limit(8))]
