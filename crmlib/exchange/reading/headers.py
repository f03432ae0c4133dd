"""Which row names the columns: not always the first one, since people write titles above."""

import re
from collections import Counter
from collections.abc import Sequence

from crmlib.exchange.reading.limits import refusal
from crmlib.i18n import gettext as _


def find_header(records: list[tuple[int, int, list[str]]], told: int | None, name: str) -> tuple[int, int, list[str]]:
    """The record that names the columns: the one told, or the first that is about as full as most of those below."""
    filled = [record for record in records if not is_blank(record[2])]
    if told == 0:
        return filled[0]
    if told is not None:
        for line, end, values in filled:
            if line <= told <= end:
                return line, end, values
        raise refusal(name, _("line {line} names no columns").format(line=told))
    fullness = Counter(sum(bool(value.strip()) for value in values) for _line, _end, values in filled)
    usual, times = max(fullness.items(), key=lambda item: (item[1], item[0]))
    if usual < 2 or times < 3:
        return filled[0]
    width = Counter(len(values) for _line, _end, values in filled).most_common(1)[0][0]
    for line, end, values in filled:
        full = sum(bool(value.strip()) for value in values)
        if full >= max(2, usual / 2) or (len(values) == width == usual == 2):
            return line, end, values
    return filled[0]


def looks_like_data(header: Sequence[str]) -> bool:
    """Whether no name of a column is a word: only figures and dates."""
    told = [name.strip() for name in header if name.strip() and name.strip().casefold() not in {"null", "none", "nan"}]
    return bool(told) and all(re.fullmatch(r"[\d\s.,:/+%$€£-]*\d[\d\s.,:/+%$€£TZ-]*", name) for name in told)


def is_blank(values: Sequence[str]) -> bool:
    """Whether a record says nothing."""
    return not any(value and not value.isspace() for value in values)
