"""What files of deals, activities, orders and the like have in common: rows that name records of other files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from crmlib.contacts import PartyKind
from crmlib.exchange.generic.columns import Columns
from crmlib.exchange.generic.companies import Companies
from crmlib.exchange.generic.customs import Customs
from crmlib.exchange.generic.matches import Matches, Named
from crmlib.exchange.generic.people import Contacts
from crmlib.exchange.loading import Doubt, Facts, Kind, Loading, New, wait
from crmlib.exchange.making import person_name
from crmlib.exchange.mapping import ColumnMapping
from crmlib.i18n import gettext as _

# What a column names a record by, the surest first.
_SURE = ("key", "email", "name", "")
_KINDS = {"organization.ref": PartyKind.ORGANIZATION, "person.ref": PartyKind.PERSON}


class Mapped(Kind[Any]):
    """What rows of all these kinds have in common: their key, and the parties and deals that they name."""

    own: str
    long = None
    forgives_short_rows = True
    #: References to parties that are made where nobody here is called so. Columns that another record's name prefixes
    #: (`Person - Name`) are always made.
    makes: ClassVar[frozenset[str]] = frozenset()
    #: Whether a person is made only where an e-mail says that it is one: what pays may as well be a company.
    needs_email: ClassVar[bool] = False
    #: Facts of a row that are connected later, where the row came before what it names.
    owed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, loading: Loading, columns: Columns, matches: Matches) -> None:
        super().__init__(loading)
        self.c, self.matches = columns, matches
        self.counts_keys = not columns.has(f"{self.own}.key")  # type: ignore[misc]  # of this file, not of its kind
        self.customs = Customs(loading, columns, matches, self.name)
        self._by_key: dict[str, dict[str, int]] = {}
        self._by_name: dict[str, dict[str, int]] = {}
        self._by_email: dict[str, int] = {}

    #: Targets that name a record, the kind of source row its key is found among, and whether it is a party.
    refers: ClassVar[tuple[tuple[str, str, PartyKind | None], ...]] = (
        ("organization.ref", Companies.name, PartyKind.ORGANIZATION),
        ("person.ref", Contacts.name, PartyKind.PERSON),
        ("owner.ref", Contacts.name, None),
    )

    def key(self, values: Mapping[str, str]) -> str:
        if not self.counts_keys:
            return self.c.text(values, f"{self.own}.key")
        return self.named(values).casefold()

    def named(self, values: Mapping[str, str]) -> str:
        """What a row without a key of its own is told by."""
        raise NotImplementedError

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        emails: set[str] = set()
        for target, kind, party in self.refers:
            by_key, by_name = set(), set()
            for _key, values in rows:
                for one, told in self._told(values, target):
                    if one == "key":
                        by_key.add(told)
                    elif one == "email":
                        emails.add(told.casefold())
                    else:
                        by_name.add(told)
            self._by_key[target] = self.loading.sources.numbers(kind, by_key)
            named = self.matches.by_name(by_name) if party is None else self.matches.meant(by_name, party, kind)
            self._by_name[target] = named
        self._by_email = self.matches.by_reach(emails)

    def refer(self, values: Mapping[str, str], target: str, doubt: Doubt) -> int | None:
        """The record that a row names, by the surest of the columns that say it; None where nobody here is meant."""
        return next((one for one in self.refer_all(values, target, doubt) if isinstance(one, int)), None)

    def refer_all(self, values: Mapping[str, str], target: str, doubt: Doubt) -> list[int | Named]:
        """All that a row names as this. Somebody who is not here, and can be made, is `Named` until `settle`."""
        told = self._told(values, target)
        for by in _SURE:
            names = [name for one, name in told if one == by]
            found = [number for name in names if (number := self._found(target, by, name)) is not None]
            if not found:
                continue
            # Two e-mails may be one person's, and of two names one may be known; each key is another record.
            for name in names if by == "key" else ():
                if self._found(target, by, name) is None:
                    wait(doubt, _not_here(by, name))
            return list(dict.fromkeys(found))
        names = [name for by, name in told if by in ("name", "")]
        email = next((name for by, name in told if by == "email"), "")
        if told and target in _KINDS and (names or email) and self._may_make(target, email):
            return [Named(_KINDS[target], name, email if n == 0 else "") for n, name in enumerate(names or [""])]
        for by, name in told[:1]:
            wait(doubt, _not_here(by, name))
        return []

    def settle(self, rows: Iterable[tuple[Facts, Doubt]]) -> None:
        """Make whom the rows name and nobody here is, each once, and put their numbers where they were named."""
        rows = list(rows)
        organizations = [
            (one.name, doubt) for facts, doubt in rows for one in _named_in(facts) if one.kind is PartyKind.ORGANIZATION
        ]
        made: dict[str, int] = self.matches.organizations(organizations) if organizations else {}

        def number(one: Any) -> Any:
            return made[one.name] if isinstance(one, Named) and one.kind is PartyKind.ORGANIZATION else one

        people: dict[Named, int | None] = {}
        for facts, _doubt in rows:
            _replace(facts, number)
            for one in _named_in(facts):
                people.setdefault(one, facts.get("organization_id"))
        if people:
            numbers = self.matches.people(people)
            for facts, _doubt in rows:
                _replace(facts, lambda one: numbers.get(one, one) if isinstance(one, Named) else one)

    def change(self, record: Any, before: Facts, after: Facts, doubt: Doubt) -> None:
        self.settle([(after, doubt)])
        _replace(before, lambda one: None if isinstance(one, Named) else one)
        super().change(record, before, after, doubt)

    def catch_up(self, record: Any, facts: Facts, doubt: Doubt) -> bool:
        self.settle([(facts, doubt)])
        found = False
        for name in self.owed:
            if getattr(record, name) is None and facts.get(name) is not None:
                setattr(record, name, facts[name])
                found = True
        return found

    def write(self, record: Any, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name == "custom":
            self.customs.write(record, before, after, doubt)
        elif name != "organization_id":
            super().write(record, name, before, after, doubt)

    def show(self, facts: Facts) -> dict[str, str]:
        told = {name: value for name, value in facts.items() if name != "custom" and not name.endswith("_id")}
        return super().show(told) | self.customs.shown(facts.get("custom", {}))

    def own_facts(self, values: Mapping[str, str]) -> Facts:
        """What a row says in fields of the business's own."""
        return {"custom": self.customs.read(values)} if self.customs.fields else {}

    def own_columns(self, facts: Facts) -> dict[str, Any]:
        """The same as a column of the record."""
        return {"custom": facts["custom"]} if self.customs.fields else {}

    def _told(self, values: Mapping[str, str], target: str) -> list[tuple[str, str]]:
        """What a row says of whom it names: by what, and the key, e-mail or name."""
        found = [(one.by, told) for one in self._columns(target) for told in _several(values.get(one.column, ""))]
        if target == "person.ref" and not any(by in ("name", "") for by, _name in found):
            whole = person_name(self.c.text(values, "person.given_name"), self.c.text(values, "person.family_name"))
            found += [("name", whole)] if whole else []
        return found

    def _columns(self, target: str) -> list[ColumnMapping]:
        return [one for one in self.c.all(target) if one.part != "label"]

    def _found(self, target: str, by: str, told: str) -> int | None:
        if by == "key":
            return self._by_key.get(target, {}).get(told)
        if by == "email":
            return self._by_email.get(told.casefold())
        decided = self.matches.decided.get((target.partition(".")[0], told))
        return decided or self._by_name.get(target, {}).get(told)

    def _may_make(self, target: str, email: str) -> bool:
        if self.needs_email and target == "person.ref" and not email:
            return False
        return target in self.makes or any(one.of for one in self._columns(target))


def new_facts(rows: Sequence[New]) -> list[tuple[Facts, Doubt]]:
    """The facts of new rows, with the way to doubt them, for `settle`."""
    return [(row.facts, row.doubt) for row in rows]


def _named_in(facts: Facts) -> list[Named]:
    values = [one for value in facts.values() for one in (value if isinstance(value, list) else [value])]
    return [one for one in values if isinstance(one, Named)]


def _replace(facts: Facts, by: Any) -> None:
    for name, value in facts.items():
        if isinstance(value, list):
            facts[name] = [new for one in value if (new := by(one)) is not None]
        else:
            facts[name] = by(value)


def _not_here(by: str, name: str) -> str:
    if by == "key":
        says = _("nobody here has the key “{key}”; import the file that has it, and then this one again")
        return says.format(key=name)
    return _("nobody here is called “{name}”, so it is left empty").format(name=name)


def _several(text: str) -> list[str]:
    """The keys or names in a cell: several are parted by semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]
