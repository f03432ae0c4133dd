"""Files of people, whoever exported them."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from crmlib.base import InvalidInput, insert_many
from crmlib.contacts import Affiliation, Fact, FactTopic, PartyKind, Person
from crmlib.exchange.generic.columns import no_name
from crmlib.exchange.generic.companies import Companies
from crmlib.exchange.generic.links import Link, relation_word
from crmlib.exchange.generic.parties import Parties
from crmlib.exchange.loading import Doubt, Facts, New, wait
from crmlib.exchange.making import NewParty, person_name
from crmlib.exchange.values import read_date
from crmlib.i18n import gettext as _


class Contacts(Parties[Person]):
    """People, and the organization that each belongs to, by its key in another file or by its name."""

    name, record, kind, own = "contacts", Person, PartyKind.PERSON, "person"

    def named(self, values: Mapping[str, str]) -> str:
        given = self.c.text(values, "person.given_name")
        whole = person_name(given, self.c.text(values, "person.family_name"))
        return whole or self.c.text(values, "person.name")

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        facts = super().read(values, doubt)
        given, family = facts.get("given_name"), facts.get("family_name")
        whole = self.c.text(values, "person.name")
        if not given and not family:
            # The last word is the family name: right more often than not, and said to be a guess.
            given, _blank, family = whole.rpartition(" ") if " " in whole else (whole, "", "")
        if not given and not family:
            point = next(iter(facts["reach"]), None)
            if point is None:
                raise no_name()
            given = point.value.partition("@")[0]
        facts["given_name"], facts["family_name"] = given or family, (family or None) if given else None
        ref = next(iter(self.c.all("organization.ref")), None)
        facts |= {
            "organization": self.c.text(values, "organization.ref"),
            "organization_by": ref.by if ref else "",
            "role": self.c.text(values, "affiliation.role") or facts.get("job_title"),
            "department": self.c.text(values, "affiliation.department") or None,
            "facts": self._facts(values),
        }
        return facts

    def adopt(self, facts: Facts) -> Person | None:
        found = super().adopt(facts)
        if found is not None or not self.trusts_names:
            return found
        name = person_name(facts["given_name"], facts["family_name"])
        number = self.matches.meant([name], PartyKind.PERSON, self.name).get(name)
        return None if number is None or number > self.matches.newest else self.session.get(Person, number)

    def made(self, facts: Facts) -> NewParty:
        columns = self._columns(facts)
        columns |= {"given_name": facts["given_name"], "family_name": facts["family_name"]}
        return NewParty(
            PartyKind.PERSON,
            person_name(facts["given_name"], facts["family_name"]),
            facts["lifecycle"],
            columns=columns,
            addresses=facts["addresses"],
            reach=facts["reach"],
        )

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        numbers = super().insert(rows)
        self._affiliate(list(zip(numbers, [row.facts for row in rows], [row.doubt for row in rows], strict=True)))
        self._know([(number, one) for number, row in zip(numbers, rows, strict=True) for one in row.facts["facts"]])
        return numbers

    def adopted(self, record: Person, facts: Facts) -> None:
        super().adopted(record, facts)
        self.session.flush()
        if not record.affiliations:
            self._affiliate([(record.id, facts, lambda says: None)])
        self._know([(record.id, one) for one in facts["facts"]])

    def catch_up(self, record: Person, facts: Facts, doubt: Doubt) -> bool:
        before = len(record.affiliations)
        if facts["organization"] and not before:
            self._affiliate([(record.id, facts, doubt)])
            self.session.expire(record, ["affiliations"])
        return super().catch_up(record, facts, doubt) or len(record.affiliations) > before

    def write(self, record: Person, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name in ("given_name", "family_name"):
            super().write(record, name, before, after, doubt)
            record.rename(record.given_name, record.family_name)
        elif name == "organization" and after:
            by = next((one.by for one in self.c.all("organization.ref")), "name")
            self._affiliate([(record.id, {"organization": after, "organization_by": by}, doubt)])
            self.session.expire(record, ["affiliations"])
        elif name in ("role", "department"):
            for one in record.affiliations:
                if one.is_primary:
                    super().write(one, name, before, after, doubt)  # type: ignore[arg-type]  # it is their part there
        elif name == "facts":
            self._know([(record.id, one) for one in after if one not in (before or ())])
        else:
            super().write(record, name, before, after, doubt)

    def _affiliate(self, placed: Sequence[tuple[int, Facts, Doubt]]) -> None:
        """People belong to the organizations that their rows name; a name that nobody here has becomes one."""
        by_key = {facts["organization"] for _n, facts, _d in placed if facts.get("organization_by") == "key"}
        known = self.loading.sources.numbers(Companies.name, [key for key in by_key if key])
        names = [(facts["organization"], doubt) for _n, facts, doubt in placed if facts.get("organization_by") != "key"]
        named = self.matches.organizations(names)
        rows = []
        # A person of this import has none; of those that were here before there are few.
        have = self._affiliated([number for number, _facts, _doubt in placed if number <= self.matches.newest])
        somewhere = {person for person, _organization in have}
        for number, facts, doubt in placed:
            told = facts["organization"]
            if not told:
                continue
            organization = known.get(told) if facts.get("organization_by") == "key" else named.get(told)
            if organization is None:
                says = _("no organization has the key “{key}”; import the file that has it, and then this one again")
                wait(doubt, says.format(key=told))
                continue
            if (number, organization) in have:
                continue
            rows.append(
                {
                    "person_id": number,
                    "organization_id": organization,
                    "role": facts.get("role"),
                    "department": facts.get("department"),
                    "is_primary": number not in somewhere,
                }
            )
        insert_many(self.session, Affiliation, rows)

    def _affiliated(self, people: Sequence[int]) -> set[tuple[int, int]]:
        columns = select(Affiliation.person_id, Affiliation.organization_id)
        found: set[tuple[int, int]] = set()
        for place in range(0, len(people), 5000):
            rows = columns.where(Affiliation.person_id.in_(people[place : place + 5000]))
            found |= {(person, organization) for person, organization in self.session.execute(rows)}
        return found

    def _links(self, values: Mapping[str, str]) -> tuple[Link, ...]:
        found = []
        for target, columns in self.c.by_target.items():
            record, _dot, word = target.partition(".")
            if target != "manager.ref" and record != "relation":
                continue
            labels = {one.n: values.get(one.column, "") for one in self.c.all(target) if one.part == "label"}
            for one in columns:
                if one.part == "label" or not (value := values.get(one.column, "")):
                    continue
                named = relation_word(labels.get(one.n, "")) if word == "any" else word
                named = "manager" if record == "manager" else named
                names = [value] if one.by == "key" else _SEVERAL.split(value) if named in _MANY else [value]
                found += [Link(named, one.by or "name", name.strip()) for name in names if name.strip()]
        return tuple(dict.fromkeys(found))

    def _facts(self, values: Mapping[str, str]) -> list[tuple[FactTopic, str, date | None]]:
        """What goes into the Farley file: hobbies and the like, and days with a name."""
        found: list[tuple[FactTopic, str, date | None]] = []
        for topic in FactTopic:
            for one in self.c.all(f"fact.{topic.value}"):
                found += [(topic, value, None)] if (value := values.get(one.column, "")) else []
        days = self.c.all("event.any")
        labels = {one.n: values.get(one.column, "") for one in days if one.part == "label"}
        for one in days:
            if one.part != "label" and (value := values.get(one.column, "")):
                try:
                    day = read_date(value, one.order or "ymd")
                except InvalidInput as error:
                    raise InvalidInput(one.column, value, error.expected) from None
                found.append((FactTopic.DATES, labels.get(one.n) or _("A day to remember"), day))
        return found

    def _know(self, told: Sequence[tuple[int, tuple[FactTopic, str, date | None]]]) -> None:
        rows = [
            {"party_id": number, "topic": topic, "value": value, "day_on": day, "source": self.loading.system}
            for number, (topic, value, day) in told
        ]
        insert_many(self.session, Fact, rows)


_MANY = frozenset({"children"})
_SEVERAL = re.compile(r"[,;]|:::")
