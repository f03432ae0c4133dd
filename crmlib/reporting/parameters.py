"""A report's parameters: read from its notebook, and checked before anything runs.

The notebook's `parameters` cell is the report's signature: one name, one plain type, one comment a line. What a value
must look like stands in the comment too, in brackets, where a person reading the notebook sees it:

    quarter: str = ""  # Quarter the deals closed in [past YYYY-Qn]; empty takes the last full one
    region: str = ""  # One region only [region on record]; empty reports all
    level: float = 0.95  # Level of the intervals [0.5 to 0.99]
    detail: str = "short"  # How much is told [short | long]

`[YYYY-Qn]`, `[YYYY-MM]` and `[YYYY-MM-DD]` are patterns (with `past` before them they must have begun by today),
`[a | b]` are choices, `[low to high]` is a
range, and `[… on record]` a name that the records must hold. An empty text is valid where the default is empty.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, NoReturn

from crmlib.base import InvalidInput
from crmlib.i18n import format_number, lazy
from crmlib.i18n import gettext as _

Value = str | int | float | bool
Names = Callable[[str], Iterable[str]]

_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_TYPE_WORDS = {
    "str": lazy("text"),
    "int": lazy("a whole number"),
    "float": lazy("a number"),
    "bool": lazy("true or false"),
}
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_RULE = re.compile(r"\s*\[([^\]]+)\]")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?) to (-?\d+(?:\.\d+)?)")
_PATTERNS = {
    "YYYY-Qn": (re.compile(r"\d{4}-Q[1-4]"), lazy("write a quarter as 2017-Q4")),
    "YYYY-MM": (re.compile(r"\d{4}-(0[1-9]|1[0-2])"), lazy("write a month as 2017-12")),
    "YYYY-MM-DD": (re.compile(r"\d{4}-\d\d-\d\d"), lazy("write a day as 2017-12-31")),
}
_ON_RECORD = " on record"
_PAST = "past "


@dataclass(frozen=True)
class Parameter:
    """One parameter of a report: `type` is str, int, float or bool, `rule` what stood in brackets."""

    name: str
    type: str
    default: Value
    help: str
    rule: str = ""

    def check(self, value: Value, names: Names | None = None, today: date | None = None) -> Value:
        """`value`, given as text or as it is, in the parameter's type.

        `names` lists what is on record for `[… on record]`, `today` is the day for `[past …]`; what is not given is
        not looked at. Raises InvalidInput.
        """
        typed = self._typed(value)
        if typed == "" and self.default == "":
            return typed
        if self.rule.removeprefix(_PAST) in _PATTERNS:
            return self._as_pattern(str(typed), today)
        if self.rule.endswith(_ON_RECORD):
            return typed if names is None else self._named(str(typed), names)
        if match := _RANGE.fullmatch(self.rule):
            low, high = float(match[1]), float(match[2])
            if not low <= float(typed) <= high:
                words = _("give a number from {low} to {high}")
                raise InvalidInput(self.name, value, words.format(low=format_number(low), high=format_number(high)))
            return typed
        if "|" in self.rule:
            choices = [choice.strip() for choice in self.rule.split("|")]
            if str(typed) not in choices:
                raise InvalidInput(self.name, value, _("choose {choices}").format(choices=listed_or(choices)))
        return typed

    def _typed(self, value: Value) -> Value:
        try:
            if self.type == "bool":
                return value if isinstance(value, bool) else _BOOLEANS[str(value).strip().lower()]
            if self.type == "str":
                return str(value).strip()
            number = _refuse(value) if isinstance(value, bool) else float(value)
            if self.type == "int":
                return int(value) if number.is_integer() else _refuse(value)
            return number if abs(number) < float("inf") else _refuse(value)
        except (ValueError, KeyError, OverflowError):
            raise InvalidInput(self.name, value, _("give {type}").format(type=_(_TYPE_WORDS[self.type]))) from None

    def _as_pattern(self, text: str, today: date | None) -> str:
        rule = self.rule.removeprefix(_PAST)
        pattern, expected = _PATTERNS[rule]
        text = text.upper()
        begins = _first_day(text, rule) if pattern.fullmatch(text) else None
        if begins is None:
            raise InvalidInput(self.name, text, _(expected))
        if today is not None and self.rule.startswith(_PAST) and begins > today:
            raise InvalidInput(self.name, text, _("that is still to come"))
        return text

    def _named(self, text: str, names: Names) -> str:
        known = sorted({str(name) for name in names(self.rule.removesuffix(_ON_RECORD))})
        for name in known:
            if name.casefold() == text.casefold():
                return name
        if not known:
            raise InvalidInput(self.name, text, _("no deal on record has one"))
        near = get_close_matches(text, known, n=3, cutoff=0.4) or known[:5]
        raise InvalidInput(self.name, text, _("no such name on record; try {names}").format(names=listed_or(near)))


def read_parameter(inspected: Mapping[str, Any]) -> Parameter:
    """A parameter as papermill inspects it. Raises ValueError where a report declares one that cannot be checked."""
    name, kind = inspected["name"], inspected["inferred_type_name"]
    if kind not in _TYPES:
        raise ValueError(f"{name}: a parameter is str, int, float or bool, not {kind}")
    text = inspected["help"].strip()
    match = _RULE.search(text)
    rule = match[1].strip() if match else ""
    known = rule == "" or rule.removeprefix(_PAST) in _PATTERNS or rule.endswith(_ON_RECORD) or "|" in rule
    if not known and not _RANGE.fullmatch(rule):
        raise ValueError(f"{name}: the rule [{rule}] is not one of those we know")
    default = _default(inspected["default"], kind)
    return Parameter(name, kind, default, _(_RULE.sub("", text, count=1).strip()), rule)


def check_parameters(
    declared: Iterable[Parameter],
    given: Mapping[str, Value],
    names: Names | None = None,
    today: date | None = None,
) -> dict[str, Value]:
    """The values a report runs with, in declared order, its defaults filled in. Raises InvalidInput."""
    by_name = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in by_name:
            near = get_close_matches(name, by_name, n=2, cutoff=0.5) or list(by_name)
            expected = _("this report has no such parameter; it has {names}") if len(near) > 2 or not near else _(
                "this report has no such parameter; did you mean {names}?"
            )  # fmt: skip
            if not by_name:
                expected = _("this report takes no parameters")
            raise InvalidInput(name, given[name], expected.format(names=listed_or(near)))
    return {
        name: parameter.check(given[name], names, today) if name in given else parameter.default
        for name, parameter in by_name.items()
    }


def listed_or(words: Iterable[str]) -> str:
    """A, B or C."""
    *first, last = list(words) or [""]
    return _("{first} or {last}").format(first=", ".join(first), last=last) if first else last


def _default(source: str, kind: str) -> Value:
    # Never evaluated: a literal of the declared type, as the notebook spells it.
    from ast import literal_eval

    value: Any = literal_eval(source)
    if kind == "float" and isinstance(value, int):
        return float(value)
    if type(value) is not _TYPES[kind]:
        raise ValueError(f"the default {source} is no {kind}")
    checked: Value = value  # type: ignore[assignment]  # its type was just compared
    return checked


def _first_day(text: str, rule: str) -> date | None:
    """The day a quarter, month or day begins; None where there is no such one (30 February, the year 0)."""
    try:
        if rule == "YYYY-Qn":
            return date(int(text[:4]), 3 * int(text[-1]) - 2, 1)
        return date.fromisoformat(text if rule == "YYYY-MM-DD" else f"{text}-01")
    except ValueError:
        return None


def _refuse(value: object) -> NoReturn:
    raise ValueError(value)
