"""From text to tree: a filter is read word by word against the catalogue, and never evaluated.

    lifecycle == "customer" and total_paid > 1000 and city in ("Jakarta", "Cluj")
    last_activity_at < today - 90d        created_at == this month        1000 EUR <= amount < 5000 EUR
    name contains "bank"                  "golf" in interests             email starts with "info@"
    owner == me                           birthday_on is not empty        not (is_active or stage == "Won")

    filter     = or
    or         = and { "or" and }
    and        = not { "and" not }
    not        = "not" not | "(" or ")" | condition
    condition  = field                                     a field of yes or no, alone
               | field compare value | value compare field [ compare value ]
               | field [ "not" ] "in" ( "(" value { "," value } ")" | value )
               | field [ "not" ] "contains" value | field [ "not" ] "starts with" value
               | field "is" [ "not" ] "empty" | value [ "not" ] "in" field
    value      = text | number [ currency ] | day | time { ("+" | "-") duration } | "me" | "true" | "false"
    time       = "now" | "today" | "yesterday" | "tomorrow" | "this" ("week" | "month" | "quarter" | "year")

The parser is ours rather than Python's `ast`: half of the words above are not Python, and a place in what somebody
typed can only be pointed at by what read it.
"""

from difflib import get_close_matches
from typing import NoReturn

from sqlalchemy.orm import Session

from crmlib.base import Field
from crmlib.filters.catalogue import Fields, fields_for
from crmlib.filters.errors import FilterError
from crmlib.filters.fitting import fit, looks_like_currency
from crmlib.filters.meaning import FAMILIES
from crmlib.filters.tokens import Token, tokenize
from crmlib.filters.tree import (
    ANCHORS,
    Amount,
    Condition,
    Everything,
    Flag,
    Me,
    Not,
    Number,
    Relative,
    Tree,
    Value,
    Word,
    both,
    either,
)
from crmlib.filters.values import decimal_of, time_of
from crmlib.i18n import gettext as _

__all__ = ["parse", "parse_filter"]

#: More than this nobody reads, and no database has to.
DEEPEST = 40
MOST_CONDITIONS = 200
MOST_VALUES = 1000

_COMPARE = {"==": "==", "=": "==", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_RESERVED = frozenset({"and", "or", "not", "in", "is", "contains", "starts", "with", "empty"})


def parse_filter(session: Session, record: str, text: str) -> Tree:
    """The tree that a filter on a kind of record means. Raises FilterError, which shows the place."""
    return parse(text, fields_for(session, record))


def parse(text: str, fields: Fields) -> Tree:
    """The same against a catalogue in hand."""
    return _Parser(text, fields).whole()


class _Parser:
    def __init__(self, text: str, fields: Fields) -> None:
        self._text, self._fields = text, fields
        self._tokens, self._at = tokenize(text), 0
        self._depth = self._n_conditions = 0

    # --- moving along the words

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _said(self, *words: str) -> bool:
        """Whether these words come next; they are taken then."""
        ahead = self._tokens[self._at : self._at + len(words)]
        if [token.word or token.text if token.kind in ("name", "sign") else "" for token in ahead] != list(words):
            return False
        self._at += len(words)
        return True

    def _fail(self, token: Token, expected: str, nearest: str = "") -> NoReturn:
        raise FilterError(self._text, token.position, len(token.text), expected, nearest=nearest)

    # --- the grammar

    def whole(self) -> Tree:
        if self._now.kind == "end":
            return Everything()
        tree = self._either()
        if self._now.kind != "end":
            if self._now.text in (")", "]", "}"):
                self._fail(self._now, _("there is no bracket that this one closes"))
            self._fail(self._now, _("write and or or before the next condition"))
        return tree

    def _either(self) -> Tree:
        parts = [self._both()]
        while self._said("or"):
            parts.append(self._both())
        return either(parts)

    def _both(self) -> Tree:
        parts = [self._not()]
        while self._said("and"):
            parts.append(self._not())
        return both(parts)

    def _not(self) -> Tree:
        first = self._now
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(first, _("deeper than {n} brackets; divide it").format(n=DEEPEST))
        try:
            if self._said("not"):
                return Not(self._not())
            if self._now.text == "(" and self._now.kind == "sign":
                opening = self._take()
                tree = self._either()
                if not self._said(")"):
                    self._close(opening, ")")
                return tree
            return self._condition()
        finally:
            self._depth -= 1

    def _close(self, opening: Token, closing: str) -> NoReturn:
        if self._now.kind == "end":
            self._fail(opening, _("this bracket is never closed with {sign}").format(sign=closing))
        self._fail(self._now, _("write and, or, or {sign} to close the bracket").format(sign=closing))

    def _condition(self) -> Tree:
        self._n_conditions += 1
        if self._n_conditions > MOST_CONDITIONS:
            self._fail(self._now, _("more than {n} conditions; divide them").format(n=MOST_CONDITIONS))
        if self._begins_value():
            return self._turned()
        name, field = self._field()
        return self._about(name, field)

    def _about(self, name: Token, field: Field) -> Tree:
        """What is said about a field, after its name."""
        if self._now.kind == "sign" and self._now.text in _COMPARE:
            return self._comparison(name, field, None)
        start = self._at
        no = "not " if self._said("not") else ""
        if self._said("in"):
            return self._make(name, field, f"{no}in", self._list())
        if self._said("contains") or (self._said("contain") and bool(no)):
            return self._make(name, field, f"{no}contains", [self._value()])
        if self._said("starts", "with") or self._said("begins", "with"):
            return self._make(name, field, f"{no}starts with", [self._value()])
        self._at = start
        if self._said("does", "not", "contain") or self._said("doesn", "contain"):
            return self._make(name, field, "not contains", [self._value()])
        if self._said("is"):
            no = "not " if self._said("not") else ""
            if self._said("empty") or self._said("none") or self._said("null"):
                return self._make(name, field, f"is {no}empty", [])
            self._fail(self._now, _("write is empty or is not empty; a value is compared with =="))
        if FAMILIES[field.kind] == "flag" and self._ends_condition():
            return self._make(name, field, "==", [(name, Flag(True))])
        usual = {
            "text": '== "…", contains "…", starts with "…", in ("…", "…"), is empty',
            "exact": '== "…", in ("…", "…"), is empty',
            "flag": "== true, == false",
            "link": '== me, == "…", contains "…", is empty',
        }.get(FAMILIES[field.kind], "==, <, <=, >, >=, is empty")
        here = self._now if self._now.kind != "end" else name
        self._fail(here, _("after {field} comes one of: {ways}").format(field=field.key, ways=usual))

    def _comparison(self, name: Token, field: Field, before: Tree | None) -> Tree:
        found = [] if before is None else [before]
        sign = self._take()
        found.append(self._make(name, field, _COMPARE[sign.text], [self._value()]))
        if self._now.kind == "sign" and self._now.text in _COMPARE:
            self._fail(self._now, _("in 1 < amount < 3 the field stands in the middle"))
        return both(found)

    def _turned(self) -> Tree:
        """A condition that begins with its value: `1 < amount <= 3`, `"golf" in interests`."""
        value = self._value()
        no = "not " if self._said("not") else ""
        if self._said("in"):
            name, field = self._field()
            single = FAMILIES[field.kind] == "text" and not field.many
            return self._make(name, field, no + ("contains" if single else "in"), [value])
        sign = self._now
        if no or sign.kind != "sign" or sign.text not in _COMPARE:
            self._fail(
                value[0], _("a condition begins with a field, such as {fields}").format(fields=self._some_fields())
            )
        self._take()
        name, field = self._field()
        turned = self._make(name, field, _TURNED[_COMPARE[sign.text]], [value])
        if self._now.kind == "sign" and self._now.text in _COMPARE:
            return self._comparison(name, field, turned)
        return turned

    def _field(self) -> tuple[Token, Field]:
        token = self._take()
        if token.kind != "name" or token.word in _RESERVED:
            some = self._some_fields()
            self._fail(token, _("here belongs a field, such as {fields}").format(fields=some))
        found = self._fields.get(token.text)
        if found is None or "filter" not in found.about.shown:
            near = self.nearest(token.text)
            if near:
                says = _("there is no field {name}; did you mean {nearest}?")
            else:
                says = _("there is no field {name}; there are: {fields}")
            self._fail(token, says.format(name=token.text, nearest=near, fields=self._some_fields()), near)
        return token, found.about

    def nearest(self, name: str) -> str:
        """The field whose key or label is most like `name`; empty where none is."""
        ways = {}
        for key, one in self._fields.by_key.items():
            if "filter" in one.about.shown:
                for way in (key, one.about.title.lower(), one.about.title.lower().replace(" ", "_")):
                    ways.setdefault(way, key)
        found = get_close_matches(name.lower(), ways, n=1, cutoff=0.6)
        return ways[found[0]] if found else ""

    def _some_fields(self) -> str:
        keys = [key for key, one in self._fields.by_key.items() if "filter" in one.about.shown]
        return ", ".join(keys[:6]) + (", …" if len(keys) > 6 else "")

    # --- values

    def _begins_value(self) -> bool:
        token = self._now
        if token.kind in ("text", "number", "day", "duration") or (token.kind == "sign" and token.text in "+-"):
            return True
        return (
            token.kind == "name"
            and self._fields.get(token.text) is None
            and token.word in ("now", "today", "yesterday", "tomorrow", "this", "me", "true", "false")
        )

    def _ends_condition(self) -> bool:
        return self._now.kind == "end" or self._now.word in ("and", "or") or self._now.text in (")", "]", "}")

    def _list(self) -> list[tuple[Token, Value]]:
        closing = _BRACKETS.get(self._now.text) if self._now.kind == "sign" else None
        if closing is None:
            return [self._value()]
        opening = self._take()
        found: list[tuple[Token, Value]] = []
        while not self._said(closing):
            if found and not self._said(","):
                if self._now.kind == "end":
                    self._fail(opening, _("this bracket is never closed with {sign}").format(sign=closing))
                self._fail(self._now, _("write a comma between two values"))
            if found and self._said(closing):
                break
            found.append(self._value())
            if len(found) > MOST_VALUES:
                self._fail(found[-1][0], _("more than {n} values").format(n=MOST_VALUES))
        if not found:
            self._fail(opening, _("write at least one value between the brackets"))
        return found

    def _value(self) -> tuple[Token, Value]:
        token = self._take()
        value: Value | None = None
        if token.kind == "text":
            value = Word(token.value)
        elif token.kind == "number" or (token.kind == "sign" and token.text in "+-"):
            return self._number(token)
        elif token.kind == "day":
            value = time_of(token.text)
            if value is None:
                self._fail(token, _("is not a day; write it like 2026-02-28"))
            if self._now.kind == "sign" and self._now.text in "+-":
                self._fail(self._now, _("a duration is added to today or now, not to a day"))
        elif token.kind == "name":
            value = self._named(token)
            token = self._span(token)
        if value is None:
            if token.kind == "end":
                self._fail(token, _("here a value is missing"))
            if token.kind == "duration":
                self._fail(token, _("a duration is added to a time: today - {text}").format(text=token.text))
            if token.kind == "name" and self._fields.get(token.text) is not None:
                self._fail(token, _("a field is compared with a value, not with another field"))
            if token.kind == "name" and token.word not in _RESERVED:
                self._fail(token, _('put text between quotation marks: "{text}"').format(text=token.text))
            self._fail(token, _("here belongs a value: a text in quotation marks, a number, a day"))
        return token, value

    def _span(self, first: Token) -> Token:
        last = self._tokens[self._at - 1]
        text = self._text[first.position : last.end]
        return Token(first.kind, text, text, first.position, first.word)

    def _number(self, first: Token) -> tuple[Token, Value]:
        sign = 1
        token = first
        while token.kind == "sign" and token.text in ("+", "-") and token is not self._tokens[-1]:
            sign = -sign if token.text == "-" else sign
            token = self._take()
            if token.kind == "number":
                break
            self._fail(token, _("here belongs a number"))
        number = decimal_of(token.text)
        if number is None:
            self._fail(token, _("a number has at most {n} digits").format(n=15))
        value: Value = Number(sign * number)
        unit = self._now.kind == "name" and self._now.word not in _RESERVED
        if unit and self._fields.get(self._now.text) is None:
            code = looks_like_currency(self._now.text)
            if code is None:
                self._fail(self._now, _("use a three-letter code such as EUR, USD or IDR"))
            self._take()
            value = Amount(sign * number, code)
        return self._span(first), value

    def _named(self, token: Token) -> Value | None:
        word = token.word
        if word in ("true", "yes", "false", "no"):
            return Flag(word in ("true", "yes"))
        if word == "me":
            return Me()
        anchor = word.replace("_", " ")
        if word == "this" and self._now.kind == "name" and f"this {self._now.word}" in ANCHORS:
            anchor = f"this {self._take().word}"
        elif word == "this":
            self._fail(token, _("write this week, this month, this quarter or this year"))
        if anchor not in ANCHORS:
            return None
        shifts: list[tuple[int, str]] = []
        while self._now.kind == "sign" and self._now.text in ("+", "-"):
            sign = self._take()
            step = self._take()
            if step.kind != "duration" or len(shifts) >= 10:
                self._fail(step if step.text else sign, _("write a duration such as 12h, 90d, 3w, 6m or 1y"))
            unit = step.text.lstrip("0123456789")
            n = int(step.text[: -len(unit)])
            shifts.append((n if sign.text == "+" else -n, unit))
        return Relative(anchor, tuple(shifts))

    def _make(self, name: Token, field: Field, op: str, values: list[tuple[Token, Value]]) -> Tree:
        fitted = [fit(self._text, field, op, token, value) for token, value in values]
        end = self._tokens[self._at - 1].end
        return Condition(field.key, op, tuple(fitted), name.position, max(1, end - name.position))
