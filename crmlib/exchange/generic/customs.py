"""Columns that are fields of the business's own: read by their kind, and made where the mapping says so."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import Field, InvalidInput, Money
from crmlib.exchange.generic.columns import Columns
from crmlib.exchange.generic.matches import Matches
from crmlib.exchange.loading import Doubt, Loading, kept_here
from crmlib.exchange.mapping import CUSTOM, ColumnMapping
from crmlib.exchange.mapping import Mapping as Meaning
from crmlib.exchange.matching import match_key, nearest
from crmlib.exchange.reading import BadRow, Table
from crmlib.filters import add_custom_field, catalogue, custom_fields
from crmlib.filters.stored import dump
from crmlib.i18n import gettext as _

#: The kind of record whose own fields the rows of a file can fill, by the kind of file.
RECORDS = {
    "companies": "party", "contacts": "party", "deals": "deal", "leads": "lead", "activities": "activity",
    "products": "product", "orders": "order",
}  # fmt: skip
#: The kind that a new field gets where nobody says one, by how the values of its column look.
KINDS = {"number": "number", "decimal": "number", "money": "money", "date": "date", "moment": "date", "url": "url"}
# How the values of a kind of field are read from a file; all others are read as the catalogue reads what is typed.
_READ = {"decimal": "number", "number": "number", "money": "money", "date": "date"}
PREFIX = f"{CUSTOM}."
# What a guess may take a column for that files of other records cannot say.
_NOT_PARTIES = frozenset({"lead", "deal", "activity", "order", "payment", "product"})


class Customs:
    """The columns of a file that fill fields of the business's own, for one kind of its rows."""

    def __init__(self, loading: Loading, columns: Columns, matches: Matches, kind: str) -> None:
        self.session, self.c, self.matches = loading.session, columns, matches
        targets = [target for target in columns.by_target if target.startswith(PREFIX)]
        self.fields: dict[str, Field] = {}
        if not targets:
            return
        record = RECORDS.get(kind, "")
        known = _own(self.session, record) if record else {}
        for target in targets:
            key, column = target.removeprefix(PREFIX), columns.all(target)[0].column
            if key not in known:
                raise InvalidInput(column, target, _not_there(key, known))
            self.fields[key] = known[key]
        self._parties: dict[str, int | None] = {}

    def read(self, values: Mapping[str, str]) -> dict[str, Any]:
        """What a row says in them, as it is stored, by key. Raises InvalidInput where a value cannot be."""
        found = {}
        for key, about in self.fields.items():
            told = self._value(values, f"{PREFIX}{key}", about)
            if told is not None:
                found[key] = dump(told)
        return found

    def write(self, record: Any, before: Mapping[str, Any] | None, after: Mapping[str, Any], doubt: Doubt) -> None:
        """Set what differs between two versions of a row, unless somebody here set it to something else meanwhile."""
        before, here = before or {}, dict(record.custom or {})
        for key, about in self.fields.items():
            was, wanted = before.get(key), after.get(key)
            if was == wanted or here.get(key) == wanted:
                continue
            if here.get(key) != was:
                doubt(kept_here(about.title, here.get(key), wanted))
            elif wanted is None:
                here.pop(key, None)
            else:
                here[key] = wanted
        if here != (record.custom or {}):
            record.custom = here

    def fill(self, record: Any, told: Mapping[str, Any]) -> None:
        """Write what is empty there; what stands here stays."""
        here = record.custom or {}
        if set(told) - set(here):
            record.custom = {**told, **here}

    def shown(self, told: Mapping[str, Any]) -> dict[str, str]:
        """The values under the words that people know them by."""
        return {self.fields[key].title: _shown(value) for key, value in told.items()}

    def _value(self, values: Mapping[str, str], target: str, about: Field) -> Any:
        column = next((one.column for one in self.c.all(target) if values.get(one.column)), "")
        if not column:
            return None
        text = values[column]
        try:
            if (how := _READ.get(about.kind)) is not None:
                text = self.c.read(values, target, how)
                if about.kind == "money":
                    return about.read(text)
            elif about.kind == "party" and not text.isdecimal():
                return self._party(text)
            return about.read(str(text))
        except InvalidInput as error:
            raise InvalidInput(column, values[column], error.expected) from None

    def _party(self, name: str) -> int:
        if name not in self._parties:
            self._parties[name] = self.matches.by_name([name]).get(name)
        number = self._parties[name]
        if number is None:
            raise InvalidInput("", name, _("nobody here, or more than one, is called so; write the number"))
        return number


def add_new_fields(session: Session, table: Table, meaning: Meaning) -> Meaning:
    """Make the fields that the mapping calls new; the mapping with their keys. Raises InvalidInput, Refused.

    A field of choices offers what its column says. One that is here already is taken as it is.
    """
    for one in meaning.columns:
        if not one.new:
            continue
        kind = one.of or meaning.kinds[0]
        record = RECORDS.get(kind)
        if record is None:
            raise InvalidInput(one.column, one.target, _("records of this kind have no fields of your own"))
        key = one.target.removeprefix(PREFIX) if one.target.startswith(PREFIX) else ""
        if key not in _own(session, record):
            what = KINDS.get(one.look, "text") if one.new == "new" else one.new
            choices = _choices(table, one.column, what)
            label = one.column.rpartition(" - ")[2].strip() or one.column
            try:
                key = add_custom_field(session, record, label=label, kind=what, key=key, choices=choices).key
            except InvalidInput as error:
                raise InvalidInput(one.column, error.value, f"{error.field}: {error.expected}") from None
        meaning = meaning.changed(one.column, f"{PREFIX}{key}", new=one.new, reason=one.reason)
    return meaning


def with_own_fields(session: Session, meaning: Meaning) -> Meaning:
    """The mapping in which columns called as a field of the business's own are that field."""
    known: dict[str, dict[str, str]] = {}
    for one in meaning.columns:
        record = RECORDS.get(one.of or meaning.kinds[0], "")
        elsewhere = one.target.partition(".")[0] in _NOT_PARTIES - {record}
        if not (one.target == CUSTOM or elsewhere) or one.new or not record:
            continue
        if record not in known:
            fields = custom_fields(session, record)
            known[record] = {match_key(name): field.key for field in fields for name in (field.key, field.label)}
        key = known[record].get(match_key(one.column.rpartition(" - ")[2])) or known[record].get(match_key(one.column))
        if key and not any(other.target == f"{PREFIX}{key}" for other in meaning.columns):
            says = _("it is called like a field of your own")
            meaning = meaning.changed(one.column, f"{PREFIX}{key}", confidence=0.9, reason=says)
    return meaning


def unknown_columns(meaning: Meaning) -> list[ColumnMapping]:
    """The columns that mean nothing here, and say something; each as the new field that it could become."""
    return [
        replace(one, new=KINDS.get(one.look, "text"))
        for one in meaning.columns
        if one.target == CUSTOM and not one.new and one.look != "empty" and (one.of or meaning.kinds[0]) in RECORDS
    ]


def _own(session: Session, record: str) -> dict[str, Field]:
    return {key: about for key, about in catalogue(session, record).items() if about.is_custom}


def _not_there(key: str, known: Iterable[str]) -> str:
    known = list(known)
    near = next((one for one in known if match_key(one) == match_key(key)), None) or nearest(key, known)
    if near:
        says = _("there is no field {key}; did you mean {near}? To make it: custom.{key} new text")
        return says.format(key=key, near=f"{PREFIX}{near}")
    return _("there is no field {key} yet. To make it, write: custom.{key} new text").format(key=key)


def _choices(table: Table, column: str, kind: str) -> list[str]:
    if kind not in ("choice", "choices"):
        return []
    place, found = table.index[column], dict[str, str]()
    for record in table.records():
        if not isinstance(record, BadRow) and len(record[1]) > place:
            told = record[1][place]
            for part in told.replace(",", ";").split(";") if kind == "choices" else [told]:
                if part.strip():
                    found.setdefault(part.strip().casefold(), part.strip())
    return list(found.values())


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return str(Money(value["minor"], value["currency"]))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
