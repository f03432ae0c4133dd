"""What is wrong with a filter, where, and what would be right."""

import unicodedata

from crmlib.base import InvalidInput
from crmlib.i18n import gettext as _


class FilterError(InvalidInput):
    """A filter that cannot be understood.

    `text` is the whole filter, `position` and `length` the place in it (in characters, from 0), `expected` the
    sentence, `nearest` what was probably meant, or empty.
    """

    def __init__(self, text: str, position: int, length: int, expected: str, *, nearest: str = "") -> None:
        self.text = text
        self.position = max(0, min(position, len(text)))
        self.length = max(1, min(length, max(1, len(text) - self.position)))
        self.nearest = nearest
        shown = text[self.position : self.position + self.length]
        super().__init__(_("Filter"), shown if len(shown) <= 60 else shown[:59] + "…", expected)

    def caret(self) -> str:
        """The filter with the place marked under it, for terminals and notebooks."""
        before, _newline, line = self.text[: self.position].rpartition("\n")
        start = self.position - len(line)
        end = self.text.find("\n", start)
        whole = self.text[start : end if end >= 0 else len(self.text)]
        marked = whole[len(line) : len(line) + self.length] or " "
        # What the terminal would act on is not sent to it.
        safe = "".join(sign if sign.isprintable() else " " for sign in whole)
        return f"{safe}\n{' ' * _width(line)}{'^' * max(1, _width(marked))} {self.expected}"


def _width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)
