"""Fields know themselves: what a form asks, a list shows and an import maps is written once, at the column.

    birthday_on: Mapped[date | None] = mapped_column(info=field(lazy("Birthday"), "date"))

`fields_of(Person)` lists them; `Field.read` turns what somebody typed into the value, or raises `InvalidInput` that
names the field, the value and what would be right.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import inspect

from crmlib.base.errors import InvalidInput
from crmlib.base.money import Money
from crmlib.base.records import Base
from crmlib.i18n import gettext as _
from crmlib.i18n import parse_territory

# A name column has no limit of its own; a pasted novel in it would only be an accident.
LONGEST_LINE = 500
LONGEST_TEXT = 100_000


@dataclass(frozen=True)
class Field:
    """What is known of one field. `kind` is one of text, long, number, date, choice, money, email, phone, country, url.

    `label`, `hint` and the labels in `choices` (value to label) are English; `gettext` them where they are shown.
    """

    key: str
    label: str
    kind: str = "text"
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    low: int | None = None
    high: int | None = None
    check: Callable[[str], Any] | None = None
    as_choice: Callable[[str], Any] | None = None

    def read(self, typed: Any, *, currency: str = "") -> Any:
        """The value meant by what was typed; None for nothing. Raises InvalidInput."""
        label = _(self.label)
        text = typed.strip() if isinstance(typed, str) else typed
        if text is None or text == "":
            if self.required:
                raise InvalidInput(label, "", _("this is needed"))
            return None
        if not isinstance(text, str):
            text = str(text.value if isinstance(text, Enum) else text)
        limit = LONGEST_TEXT if self.kind == "long" else LONGEST_LINE
        if len(text) > limit:
            shown = text[:40] + "…"
            raise InvalidInput(label, shown, _("longer than {n} characters").format(n=limit))
        kept = text.encode("utf-8", "ignore").decode().replace("\x00", "")
        if kept != text:
            raise InvalidInput(label, kept, _("holds a character that cannot be kept"))
        reader = _READERS.get(self.kind)
        return reader(self, label, text, currency) if reader else self.check(text) if self.check else text


def field(label: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    """The `info` of a column that people see; `choices` may be an enum whose members have a `label`."""
    choices = more.pop("choices", ())
    if isinstance(choices, type) and issubclass(choices, Enum):
        more["as_choice"] = choices
        choices = tuple((item.value, getattr(item, "label", item.value)) for item in choices)
    return {"field": Field("", label, kind, choices=tuple(choices), **more)}


def fields_of(record: type[Base]) -> dict[str, Field]:
    """The fields of a record type by their key, in the order they are written."""
    found = {}
    for column in inspect(record).column_attrs:
        about = column.columns[0].info.get("field")
        if about is not None:
            found[column.key] = replace(about, key=column.key)
    return found


def _number(about: Field, label: str, text: str, currency: str) -> int:
    try:
        value = int(text.replace(" ", "").replace("\u00a0", ""))
    except ValueError:
        raise InvalidInput(label, text, _("write a whole number, such as 120")) from None
    if about.low is not None and value < about.low:
        raise InvalidInput(label, text, _("{n} is the least it can be").format(n=about.low))
    if about.high is not None and value > about.high:
        raise InvalidInput(label, text, _("{n} is the most it can be").format(n=about.high))
    return value


def _money(about: Field, label: str, text: str, currency: str) -> Money:
    money = Money.of(text, currency, field=label)
    if about.low is not None and money.amount < about.low:
        raise InvalidInput(label, text, _("{n} is the least it can be").format(n=about.low))
    return money


def read_day(label: str, text: str) -> date:
    """A day written 2026-11-24; InvalidInput where there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(label, text, _("is not a day; write it like 2026-02-28")) from None


def _choice(about: Field, label: str, text: str, currency: str) -> Any:
    for value, name in about.choices:
        if text.casefold() in (value.casefold(), name.casefold(), _(name).casefold()):
            return about.as_choice(value) if about.as_choice else value
    names = ", ".join(_(name) for _value, name in about.choices)
    raise InvalidInput(label, text, _("choose one of: {names}").format(names=names))


def _country(about: Field, label: str, text: str, currency: str) -> str:
    code = parse_territory(text)
    if code is None:
        raise InvalidInput(label, text, _("is not a country we know; write its name or a code such as RO"))
    return code


_READERS: dict[str, Callable[[Field, str, str, str], Any]] = {
    "number": _number,
    "date": lambda about, label, text, currency: read_day(label, text),
    "choice": _choice,
    "country": _country,
    "money": _money,
}
