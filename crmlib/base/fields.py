"""Fields know themselves: what a form asks, a list shows and an import maps is written once, at the column.

    birthday_on: Mapped[date | None] = mapped_column(info=field(lazy("Birthday"), "date", sensitivity="personal"))

`fields_of(Person)` lists them; `Field.read` turns what somebody typed into the value, or raises `InvalidInput` that
names the field, the value and what would be right. `crmlib.filters.catalogue` adds to them, at run time, what other
rooms derive and what the business has defined for itself.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from crmlib.base.errors import InvalidInput
from crmlib.base.money import Money, check_currency
from crmlib.base.records import Base
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy, parse_decimal, parse_territory

# A name column has no limit of its own; a pasted novel in it would only be an accident.
LONGEST_LINE = 500
LONGEST_TEXT = 100_000

# What a double keeps exactly: a longer number would come back as another one.
MOST_DIGITS = 15

#: What a field's values are, and what a person calls that.
KINDS = {
    "text": lazy("Text"),
    "long": lazy("Long text"),
    "number": lazy("Whole number"),
    "decimal": lazy("Number"),
    "money": lazy("Amount of money"),
    "date": lazy("Day"),
    "moment": lazy("Day and time"),
    "flag": lazy("Yes or no"),
    "choice": lazy("One choice"),
    "choices": lazy("Several choices"),
    "email": lazy("E-mail"),
    "phone": lazy("Phone"),
    "country": lazy("Country"),
    "url": lazy("Web address"),
    "party": lazy("Person or organization"),
}

#: Who may see it, from anybody to hardly anybody: rights and exports go by it.
SENSITIVITIES = ("public", "internal", "personal", "sensitive")

#: Where a field can be shown.
PLACES = ("form", "list", "filter", "import", "export")

#: For what the house keeps by itself: seen, sorted, filtered and exported, never typed.
READ_ONLY = ("list", "filter", "export")


@dataclass(frozen=True)
class Field:
    """What is known of one field. `kind` is one of `KINDS`, `sensitivity` of `SENSITIVITIES`, `shown` of `PLACES`.

    `label`, `hint` and the labels in `choices` (value to label) are English; `gettext` them where they are shown.
    `takes_others` says that words of one's own are kept beside the choices.
    `many` says that a record has any number of values of it, as it has tags. `record` names the kind of record that a
    link (kind party) leads to. `is_custom` fields were defined at run time: their labels are the business's own
    words and are shown as they are.
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
    sensitivity: str = "internal"
    shown: tuple[str, ...] = PLACES
    many: bool = False
    takes_others: bool = False
    record: str = ""
    is_custom: bool = False

    @property
    def title(self) -> str:
        """The label in the reader's language."""
        return self.label if self.is_custom else _(self.label)

    def read(self, typed: Any, *, currency: str = "") -> Any:
        """The value meant by what was typed; None for nothing. Raises InvalidInput."""
        label = self.title
        if self.kind in ("choices", "party", "flag") and not isinstance(typed, str):
            return self._read_whole(label, typed)
        if isinstance(typed, Money):
            typed, currency = str(typed.amount), typed.currency
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

    def _read_whole(self, label: str, typed: Any) -> Any:
        # What pages and programs hand over as it is: a list of choices, a number of a record, a yes or no.
        if typed is None or (self.kind == "choices" and not isinstance(typed, Iterable)):
            if self.required:
                raise InvalidInput(label, "", _("this is needed"))
            return None
        if self.kind == "flag":
            if typed in (0, 1):
                return bool(typed)
            raise InvalidInput(label, str(typed)[:40], _("write yes or no"))
        if self.kind == "party":
            return _link(self, label, str(getattr(typed, "id", typed)), "")
        found = [_choice(self, label, str(getattr(one, "value", one)).strip(), "") for one in typed]
        if self.required and not found:
            raise InvalidInput(label, "", _("this is needed"))
        return list(dict.fromkeys(found)) or None


def field(label: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    """The `info` of a column that people see.

    `choices` may be an enum whose members have a `label`; `sensitivity` and `shown` as `Field` has them.
    """
    choices = more.pop("choices", ())
    if isinstance(choices, type) and issubclass(choices, Enum):
        more["as_choice"] = choices
        choices = tuple((item.value, getattr(item, "label", item.value)) for item in choices)
    if choices and kind == "text":
        kind = "choice"
    if "shown" in more:
        more["shown"] = tuple(more["shown"])
    about = Field("", label, kind, choices=tuple(choices), **more)
    assert about.kind in KINDS, kind
    assert about.sensitivity in SENSITIVITIES, about.sensitivity
    assert set(about.shown) <= set(PLACES), about.shown
    return {"field": about}


@cache
def _fields_of(record: type[Base]) -> tuple[tuple[str, Field], ...]:
    mapper = inspect(record)
    # Money is two columns and one field, which is called as the amount made of them is.
    amounts = {composite.props[0].key: composite.key for composite in mapper.composites}
    found = []
    for column in mapper.column_attrs:
        about = column.columns[0].info.get("field")
        if about is not None:
            key = amounts.get(column.key, column.key)
            found.append((key, replace(about, key=key)))
    return tuple(found)


def fields_of(record: type[Base], *, shown: str = "") -> dict[str, Field]:
    """The fields of a record type by their key, in the order they are written; `shown` keeps those of one place."""
    return {key: about for key, about in _fields_of(record) if not shown or shown in about.shown}


_own_fields: list[Callable[[Session, str], Mapping[str, Field]]] = []


def ask_for_own_fields(source: Callable[[Session, str], Mapping[str, Field]]) -> None:
    """Let a room above say which fields the business has defined for a kind of record, by session and its name."""
    _own_fields.append(source)


def own_fields(session: Session, record: str) -> dict[str, Field]:
    """The fields that the business has defined for itself, those put away included, by key."""
    return {key: about for source in _own_fields for key, about in source(session, record).items()}


_kept_choices: dict[str, dict[str, Callable[[Session], Iterable[tuple[str, str]]]]] = {}


def ask_for_choices(record: str, key: str, source: Callable[[Session], Iterable[tuple[str, str]]]) -> None:
    """Let a room above say what can be chosen in a field where that is a list which people edit: pairs of value and
    label, by session. Without a pair the field has the choices it is written with.
    """
    _kept_choices.setdefault(record, {})[key] = source


def kept_choices(session: Session, record: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """The choices that people have edited, by field of a kind of record."""
    found = {key: tuple(source(session)) for key, source in _kept_choices.get(record, {}).items()}
    return {key: pairs for key, pairs in found.items() if pairs}


def _number(about: Field, label: str, text: str, currency: str) -> int:
    try:
        value = int(text.replace(" ", "").replace("\u00a0", ""))
    except ValueError:
        raise InvalidInput(label, text, _("write a whole number, such as 120")) from None
    if abs(value) >= 2**63:
        raise InvalidInput(label, text, _("larger than a number can be"))
    return int(_within(about, label, text, value))


def _decimal(about: Field, label: str, text: str, currency: str) -> Decimal:
    try:
        value = parse_decimal(text)
    except ValueError:
        raise InvalidInput(label, text, _("write a number, such as 12.5")) from None
    if not value.is_finite() or abs(value.adjusted()) > MOST_DIGITS or len(value.normalize().as_tuple().digits) > 15:
        raise InvalidInput(label, text, _("a number has at most {n} digits").format(n=MOST_DIGITS))
    return Decimal(_within(about, label, text, value))


def _within(about: Field, label: str, text: str, value: Any) -> Any:
    if about.low is not None and value < about.low:
        raise InvalidInput(label, text, _("{n} is the least it can be").format(n=about.low))
    if about.high is not None and value > about.high:
        raise InvalidInput(label, text, _("{n} is the most it can be").format(n=about.high))
    return value


_WITH_CODE = re.compile(r"^(?:(?P<before>[A-Za-z]{3})\s*(?P<after>[-+\d].*)|(?P<amount>.*\d)\s*(?P<code>[A-Za-z]{3}))$")


def _money(about: Field, label: str, text: str, currency: str) -> Money:
    # 1,250 EUR says its currency by itself.
    if written := _WITH_CODE.match(text):
        currency = written["before"] or written["code"]
        text = written["after"] or written["amount"]
    money = Money.of(text, check_currency(currency, label), field=label)
    if about.low is not None and money.amount < about.low:
        raise InvalidInput(label, text, _("{n} is the least it can be").format(n=about.low))
    return money


def read_day(label: str, text: str) -> date:
    """A day written 2026-11-24; InvalidInput where there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(label, text, _("is not a day; write it like 2026-02-28")) from None


def _moment(about: Field, label: str, text: str, currency: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(label, text, _("is not a moment; write it like 2026-02-28 14:30")) from None


def _choice(about: Field, label: str, text: str, currency: str) -> Any:
    for value, name in about.choices:
        if text.casefold() in (value.casefold(), name.casefold(), _(name).casefold()):
            return about.as_choice(value) if about.as_choice else value
    if about.takes_others:
        return text
    names = ", ".join(_(name) for _value, name in about.choices)
    raise InvalidInput(label, text, _("choose one of: {names}").format(names=names))


def _choices(about: Field, label: str, text: str, currency: str) -> list[Any]:
    known = {name.casefold() for pair in about.choices for name in pair}
    parts = [text] if text.casefold() in known else re.split(r"[;,\n]", text)
    return list(dict.fromkeys(_choice(about, label, part.strip(), "") for part in parts if part.strip()))


def _country(about: Field, label: str, text: str, currency: str) -> str:
    code = parse_territory(text)
    if code is None:
        raise InvalidInput(label, text, _("is not a country we know; write its name or a code such as RO"))
    return code


#: How people write yes and no, in a file or a form.
YES, NO = frozenset({"yes", "y", "true", "1", "x", "on"}), frozenset({"no", "n", "false", "0", "off"})


def _flag(about: Field, label: str, text: str, currency: str) -> bool:
    word = text.casefold()
    if word in YES or word == _("yes").casefold():
        return True
    if word in NO or word == _("no").casefold():
        return False
    raise InvalidInput(label, text, _("write yes or no"))


def _link(about: Field, label: str, text: str, currency: str) -> int | None:
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text) or None
    raise InvalidInput(label, text, _("choose one that is there"))


def _url(about: Field, label: str, text: str, currency: str) -> str:
    if about.is_custom and (re.search(r"\s", text) or "." not in text or _OTHER_SCHEME.match(text)):
        raise InvalidInput(label, text, _("is not a web address; write it like https://example.com"))
    return text


# javascript:, data: and the like run when they are clicked.
_OTHER_SCHEME = re.compile(r"^(?!https?:)[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)

_READERS: dict[str, Callable[[Field, str, str, str], Any]] = {
    "number": _number,
    "decimal": _decimal,
    "date": lambda about, label, text, currency: read_day(label, text),
    "moment": _moment,
    "choice": _choice,
    "choices": _choices,
    "country": _country,
    "flag": _flag,
    "money": _money,
    "party": _link,
    "url": _url,
}
