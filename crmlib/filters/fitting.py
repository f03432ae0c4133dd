"""Does a value fit a field? What was written becomes what is meant, or an error that says what would be right."""

from difflib import get_close_matches
from functools import cache

from babel.numbers import list_currencies

from crmlib.base import Field
from crmlib.filters.errors import FilterError
from crmlib.filters.meaning import FAMILIES
from crmlib.filters.tokens import Token
from crmlib.filters.tree import Amount, Day, Flag, Me, Moment, Number, Relative, Value, Word
from crmlib.filters.values import time_of, written
from crmlib.i18n import gettext as _
from crmlib.i18n import parse_territory

#: What each family of kinds can be asked.
WAYS: dict[str, frozenset[str]] = {
    "text": frozenset({"==", "in", "contains", "starts with"}),
    "exact": frozenset({"==", "in"}),
    "number": frozenset({"==", "<", "<=", ">", ">=", "in"}),
    "money": frozenset({"==", "<", "<=", ">", ">=", "in"}),
    "day": frozenset({"==", "<", "<=", ">", ">=", "in"}),
    "moment": frozenset({"==", "<", "<=", ">", ">=", "in"}),
    "flag": frozenset({"=="}),
    "link": frozenset({"==", "in", "contains", "starts with"}),
}


def ways(about: Field) -> list[str]:
    """The operators that a field understands, those with their contraries, in the order a form offers them."""
    family = WAYS[FAMILIES[about.kind]]
    order = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains", "not contains", "starts with")
    contrary = {"!=": "==", "not in": "in", "not contains": "contains"}
    found = [
        op
        for op in order
        if contrary.get(op, op) in family or (about.many and FAMILIES[about.kind] == "exact" and "contains" in op)
    ]
    return [*found, "is empty", "is not empty"]


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies("en"))


def looks_like_currency(text: str) -> str | None:
    """The ISO 4217 code that `text` is, or None."""
    return text.upper() if text.upper() in _currencies() else None


def fit(text: str, about: Field, op: str, token: Token, value: Value) -> Value:
    """`value` as the field means it. Raises FilterError at `token`, with what would be right for its kind."""
    plain = {"!=": "==", "not in": "in", "not contains": "contains", "not starts with": "starts with"}.get(op, op)
    family = FAMILIES[about.kind]
    if plain == "contains" and about.many and family == "exact":
        plain = "in"
    if plain not in WAYS[family]:
        said = {
            "text": _("{field} is text: use ==, !=, in, contains, starts with or is empty"),
            "exact": _("{field} is a choice: use ==, !=, in or is empty"),
            "flag": _("{field} is yes or no: write {field} or not {field}"),
            "link": _("{field} is a party: use ==, !=, in, contains or is empty"),
        }.get(family, _("{field} is compared with ==, !=, <, <=, >, >= or in"))
        raise FilterError(text, token.position, len(token.text), said.format(field=about.key))
    fitted = _FIT[family](about, value, plain)
    if isinstance(fitted, str):
        near = ""
        if family == "exact" and isinstance(value, Word):
            found = get_close_matches(value.text, [one for one, _label in about.choices], n=1, cutoff=0.6)
            near = found[0] if found else ""
        raise FilterError(text, token.position, len(token.text), fitted, nearest=near)
    return fitted


def _text(about: Field, value: Value, op: str) -> Value | str:
    if isinstance(value, Word):
        if op in ("contains", "starts with") and not value.text.strip():
            return _("write what {field} should hold between the quotation marks").format(field=about.key)
        if value.text.encode("utf-8", "ignore").decode().replace("\x00", "") != value.text:
            return _("holds a character that cannot be kept")
        return value
    if isinstance(value, Number):
        return Word(written(value))
    return _("{field} is text: put it between quotation marks").format(field=about.key)


def _exact(about: Field, value: Value, _op: str) -> Value | str:
    if about.kind == "country":
        code = parse_territory(value.text) if isinstance(value, Word) else None
        return (
            Word(code)
            if code
            else _("{field} is a country: write its name or a code such as RO").format(field=about.key)
        )
    wanted = value.text.casefold() if isinstance(value, Word) else written(value)
    for word, label in about.choices:
        if wanted in (word.casefold(), label.casefold(), _(label).casefold()):
            return Word(word)
    if about.takes_others and isinstance(value, Word):
        return value
    names = ", ".join(word for word, _label in about.choices)
    return _("{field}: choose one of {names}").format(field=about.key, names=names)


def _number(about: Field, value: Value, _op: str) -> Value | str:
    if isinstance(value, Number):
        return value
    return _("{field} is a number: write it like 120, without quotation marks").format(field=about.key)


def _money(about: Field, value: Value, _op: str) -> Value | str:
    if isinstance(value, Amount):
        return value
    if isinstance(value, Number):
        return Amount(value.value)
    return _("{field} is an amount of money: write it like 1000 or 1000 EUR").format(field=about.key)


def _time(about: Field, value: Value, _op: str) -> Value | str:
    found: Value | None = value
    if isinstance(value, Word):
        found = time_of(value.text.strip())
    if isinstance(found, Day | Moment | Relative):
        return found
    return _("{field} is a time: write a day like 2026-02-28, or today - 90d, or this month").format(field=about.key)


def _flag(about: Field, value: Value, _op: str) -> Value | str:
    if isinstance(value, Flag):
        return value
    return _("{field} is yes or no: write {field} == true or {field} == false").format(field=about.key)


def _link(about: Field, value: Value, op: str) -> Value | str:
    if isinstance(value, Word):
        return _text(about, value, op)
    whole = isinstance(value, Number) and value.value == int(value.value) and value.value >= 0
    if op in ("==", "in") and (whole or isinstance(value, Me)):
        return value
    return _('{field} is a party: write me, a name such as "Acme", or its number').format(field=about.key)


_FIT = {
    "text": _text,
    "exact": _exact,
    "number": _number,
    "money": _money,
    "day": _time,
    "moment": _time,
    "flag": _flag,
    "link": _link,
}
