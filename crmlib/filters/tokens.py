"""The words of a filter and where they stand."""

import re
from dataclasses import dataclass

from crmlib.filters.errors import FilterError
from crmlib.i18n import gettext as _

#: A longer filter is an accident or an attack.
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind (name, text, number, duration, day, sign, end), as written, what it means, and where."""

    kind: str
    text: str
    value: str
    position: int
    # In which case it does not matter whether somebody wrote AND or and.
    word: str = ""

    @property
    def end(self) -> int:
        return self.position + len(self.text)


_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“”", "«": "»", "‘": "’"}

_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?(?![\w:]))
  | (?P<duration>[0-9]{1,6}(?:min|[hdwmy])(?!\w))
  | (?P<number>[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?!\w))
  | (?P<name>[^\W\d]\w*)
  | (?P<sign>==|!=|<>|<=|>=|<|>|=|\(|\)|\[|\]|\{|\}|,|\+|-)
    """,
    re.VERBOSE,
)


def tokenize(text: str, *, broken: bool = False) -> list[Token]:
    """The words of `text`, an `end` last. Raises FilterError; with `broken`, it stops before what it cannot read."""
    if len(text) > LONGEST:
        raise FilterError(text, LONGEST, 1, _("longer than {n} characters").format(n=LONGEST))
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] in _QUOTES:
            token = _quoted(text, at, broken)
            found.append(token)
            at = token.end
            continue
        match = _PATTERN.match(text, at)
        if match is None:
            if broken:
                break
            raise _unreadable(text, at)
        kind, written = match.lastgroup or "", match.group()
        if kind != "space":
            found.append(Token(kind, written, written, at, written.lower() if kind == "name" else ""))
        at = match.end()
    found.append(Token("end", "", "", len(text)))
    return found


def quote(text: str) -> str:
    """`text` as a filter writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(text: str, start: int, broken: bool) -> Token:
    closing, value, at = _QUOTES[text[start]], [], start + 1
    while at < len(text):
        sign = text[at]
        if sign == "\\" and at + 1 < len(text):
            value.append(text[at + 1])
            at += 2
            continue
        if sign in closing:
            return Token("text", text[start : at + 1], "".join(value), start)
        value.append(sign)
        at += 1
    if broken:
        return Token("text", text[start:], "".join(value), start)
    raise FilterError(
        text, start, len(text) - start, _("this text begins with a quotation mark and has none at its end")
    )


def _unreadable(text: str, at: int) -> FilterError:
    sign = text[at]
    if sign.isdigit():
        end = at + len(re.match(r"[\w.]*", text[at:]).group())  # type: ignore[union-attr]  # matches the empty text
        return FilterError(text, at, end - at, _("is neither a number nor a duration such as 90d, 3w, 6m or 1y"))
    if sign in "&|!":
        return FilterError(text, at, 1, _("write and, or, not as words"))
    return FilterError(text, at, 1, _("this sign means nothing in a filter; put text between quotation marks"))
