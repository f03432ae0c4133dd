"""Files of people and of organizations, whoever exported them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import inspect

from crmlib.base import InvalidInput, Money, insert_many
from crmlib.contacts import (
    Address,
    Affiliation,
    Channel,
    ConsentChange,
    ConsentEvent,
    ContactKind,
    ContactPoint,
    LawfulBasis,
    Lifecycle,
    Organization,
    Party,
    PartyKind,
    Person,
    Purpose,
)
from crmlib.contacts.actions.tag import add_tag, tag_named
from crmlib.contacts.actions.tag import tag as put_tag
from crmlib.contacts.reach import normalise
from crmlib.exchange.generic.columns import Columns, no_name
from crmlib.exchange.generic.matches import Matches, Proposal
from crmlib.exchange.loading import Doubt, Facts, Kind, Loading, New, kept_here
from crmlib.exchange.making import NewParty, Reach, add_parties, person_name
from crmlib.exchange.matching import match_key
from crmlib.exchange.values import find_country
from crmlib.i18n import gettext as _

P = TypeVar("P", bound=Party)

#: What becomes of a row that looks like somebody we have.
POLICIES = ("ask", "update", "skip", "new")
_DATES = frozenset({"birthday_on", "anniversary_on"})
_NUMBERS = frozenset({"n_employees", "founded_year"})
_ADDRESS = ("street", "postal_code", "city", "region", "country")
_POINTS = {
    "email": ContactKind.EMAIL,
    "phone": ContactKind.PHONE,
    "mobile": ContactKind.MOBILE,
    "whatsapp": ContactKind.WHATSAPP,
    "website": ContactKind.WEBSITE,
}
_CHANNELS = {"email": Channel.EMAIL, "phone": Channel.PHONE, "sms": Channel.SMS}
_LIFECYCLES = {
    "customer": Lifecycle.CUSTOMER, "lead": Lifecycle.LEAD, "prospect": Lifecycle.PROSPECT,
    "opportunity": Lifecycle.PROSPECT, "subscriber": Lifecycle.PROSPECT, "marketingqualifiedlead": Lifecycle.LEAD,
    "salesqualifiedlead": Lifecycle.LEAD, "evangelist": Lifecycle.CUSTOMER, "partner": Lifecycle.PARTNER,
    "supplier": Lifecycle.SUPPLIER, "vendor": Lifecycle.SUPPLIER, "former": Lifecycle.FORMER,
}  # fmt: skip


class Parties(Kind[P], Generic[P]):
    """What people and organizations have in common."""

    kind: ClassVar[PartyKind]
    own: ClassVar[str]
    long = None
    forgives_short_rows = True

    def __init__(self, loading: Loading, columns: Columns, matches: Matches, *, policy: str) -> None:
        super().__init__(loading)
        self.c, self.matches, self.policy = columns, matches, policy
        self.counts_keys = not columns.has(f"{self.own}.key")  # type: ignore[misc]  # of this file, not of its kind
        self.fields = self._fields()
        self._here: dict[str, int] = {}
        self._owners: dict[str, int] = {}

    def key(self, values: Mapping[str, str]) -> str:
        if not self.counts_keys:
            return self.c.text(values, f"{self.own}.key")
        return (self.c.text(values, "contact_point.email") or self.named(values)).casefold()

    def named(self, values: Mapping[str, str]) -> str:
        """The whole name that a row says."""
        return self.c.text(values, f"{self.own}.name")

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        reach = []
        for _key, values in rows:
            reach += [one.normalised for one in self._reach(values, lambda says: None)]
        self._here = self.matches.by_reach(reach)
        owners = {self.c.text(values, "owner.ref") for _key, values in rows}
        self._owners = self.matches.by_name(owners)

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        facts: Facts = {name: self._field(values, name, kind) for name, kind in self.fields.items()}
        lifecycle = self.c.text(values, "party.lifecycle")
        owner = self.c.text(values, "owner.ref")
        if owner and owner not in self._owners:
            doubt(_("nobody here is called “{name}”, so it is left empty").format(name=owner))
        facts |= {
            "lifecycle": _LIFECYCLES.get(match_key(lifecycle), Lifecycle.PROSPECT),
            "description": self.c.text(values, "party.description") or None,
            "owner_id": self._owners.get(owner),
            "addresses": self._addresses(values, doubt),
            "reach": self._reach(values, doubt),
            "tags": self._tags(values),
            "consents": self._consents(values),
        }
        return facts

    def known(self, facts: Facts) -> int | None:
        """The number of somebody who can be reached in the same way: whoever asks again is the same."""
        return next((self._here[one.normalised] for one in facts["reach"] if one.normalised in self._here), None)

    def adopt(self, facts: Facts) -> P | None:
        """Somebody we have who can be reached in the same way, as the policy for them says."""
        for one in facts["reach"]:
            if one.kind in (ContactKind.WEBSITE, ContactKind.OTHER):
                continue
            number = self._here.get(one.normalised)
            if number is None or number > self.matches.newest:
                continue
            decided = self.matches.decided.get(("party", one.normalised), self)
            if decided is None or self.policy == "new":
                return None
            here = self.session.get(self.record, number if decided is self else decided)
            if here is None:
                continue
            if decided is not self or self.policy == "update":
                return here
            told = {"name": here.name, "value": one.value}
            if self.policy == "skip":
                raise InvalidInput("", "", _("“{name}” is here already, with the same {value}").format(**told))
            proposal = Proposal("party", one.normalised, here.id, here.name, _("the same {value}").format(**told))
            self.loading.report.propose(proposal.as_dict())
            says = _("it looks like “{name}”, who has the same {value}; say whether to update, to skip or to add")
            raise InvalidInput("", "", says.format(**told))
        return None

    def adopted(self, record: P, facts: Facts) -> None:
        """Fill in what was empty; what stands here stays."""
        for name in (*self.fields, "description"):
            if name in inspect(type(record)).column_attrs and getattr(record, name) is None and facts.get(name):
                setattr(record, name, facts[name])
        self._more_reach(record, facts["reach"])
        if facts["addresses"] and not record.addresses:
            record.addresses.append(Address(**facts["addresses"][0], is_preferred=True))

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        numbers = add_parties(self.session, [self.made(row.facts) for row in rows], at=self.loading.at)
        self._say_more(list(zip(numbers, rows, strict=True)))
        return numbers

    def made(self, facts: Facts) -> NewParty:
        raise NotImplementedError

    def write(self, record: P, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name == "reach":
            gone = {(one.kind, one.normalised) for one in before or ()} - {(one.kind, one.normalised) for one in after}
            for point in [one for one in record.contact_points if (one.kind, one.normalised) in gone]:
                record.contact_points.remove(point)
            self._more_reach(record, after)
        elif name == "addresses":
            for was, wanted in zip([*(before or []), *[{}] * len(after)], after, strict=False):
                self._write_address(record, was, wanted, doubt)
        elif name in inspect(type(record)).column_attrs:
            super().write(record, name, before, after, doubt)

    def show(self, facts: Facts) -> dict[str, str]:
        told = super().show({name: value for name, value in facts.items() if name not in ("reach", "addresses")})
        told |= {str(one.kind.value): one.value for one in facts["reach"]}
        return told | {name: value for one in facts["addresses"][:1] for name, value in one.items() if value}

    def _write_address(self, record: P, was: Mapping[str, Any], wanted: Mapping[str, Any], doubt: Doubt) -> None:
        same = [one for one in record.addresses if all(getattr(one, name) == was.get(name) for name in _ADDRESS)]
        if same and was:
            for name in _ADDRESS:
                setattr(same[0], name, wanted.get(name))
        elif not was and not record.addresses:
            record.addresses.append(Address(**wanted, is_preferred=True))
        elif was != wanted:
            here = record.address
            shown = ", ".join(filter(None, (getattr(here, name) for name in _ADDRESS))) if here else None
            doubt(kept_here("address", shown, ", ".join(filter(None, wanted.values()))))

    def _more_reach(self, record: P, reach: Sequence[Reach]) -> None:
        here = {(one.kind, one.normalised) for one in record.contact_points}
        for one in reach:
            if (one.kind, one.normalised) not in here:
                record.contact_points.append(
                    ContactPoint(kind=one.kind, value=one.value, normalised=one.normalised, label=one.label)
                )

    def _say_more(self, placed: Sequence[tuple[int, New]]) -> None:
        tagged: dict[str, list[int]] = {}
        for number, row in placed:
            for name in row.facts["tags"]:
                tagged.setdefault(name, []).append(number)
        for name, numbers in tagged.items():
            if tag_named(self.session, name) is None:
                add_tag(self.session, name)
            put_tag(self.session, Party, numbers, name, at=self.loading.at)
        insert_many(
            self.session,
            ConsentEvent,
            [
                {
                    "party_id": number,
                    "channel": channel,
                    "purpose": Purpose.MARKETING,
                    "change": ConsentChange.GIVEN if given else ConsentChange.WITHDRAWN,
                    "basis": LawfulBasis.CONSENT,
                    "at": self.loading.at,
                    "source": self.loading.system,
                }
                for number, row in placed
                for channel, given in row.facts["consents"]
            ],
        )

    def _fields(self) -> dict[str, str]:
        """The plain columns of the record that the file fills, and how each is read."""
        found = {}
        for target in self.c.by_target:
            record, _dot, name = target.partition(".")
            if record == self.own and name in inspect(self.record).column_attrs and name not in _NOT_PLAIN:
                found[name] = "date" if name in _DATES else "whole" if name in _NUMBERS else "text"
        return found

    def _field(self, values: Mapping[str, str], name: str, kind: str) -> Any:
        return self.c.read(values, f"{self.own}.{name}", kind)

    def _addresses(self, values: Mapping[str, str], doubt: Doubt) -> list[dict[str, Any]]:
        by_place: dict[tuple[str, int], dict[str, list[str]]] = {}
        for name in (*_ADDRESS, "whole", "po_box", "extra"):
            for one in self.c.all(f"address.{name}"):
                if one.part != "label" and (value := values.get(one.column, "")):
                    by_place.setdefault((one.label, one.n), {}).setdefault(name, []).append(value)
        found = []
        for told in by_place.values():
            streets = told.get("street") or (told.get("whole") if not told.get("city") else None) or []
            country = next(iter(told.get("country", [])), "")
            code = find_country(country)
            if country and not code:
                doubt(_("no country is called “{value}”, so it is left empty").format(value=country))
            address = {name: next(iter(told.get(name, [])), None) for name in _ADDRESS}
            lines = [*streets, *told.get("extra", []), *told.get("po_box", [])]
            found.append({**address, "street": ", ".join(lines) or None, "country": code or None})
        return [one for one in found if any(one.values())]

    def _reach(self, values: Mapping[str, str], doubt: Doubt) -> list[Reach]:
        found: list[Reach] = []
        country = next(
            (code for one in self.c.all("address.country") if (code := find_country(values.get(one.column, "")))), None
        )
        country = country or self.session.info.get("country")
        for target, columns in self.c.by_target.items():
            record, _dot, name = target.partition(".")
            if record != "contact_point":
                continue
            labels = {one.n: values.get(one.column, "") for one in columns if one.part == "label"}
            for one in columns:
                value = values.get(one.column, "")
                if one.part == "label" or not value:
                    continue
                kind = _POINTS.get(name, ContactKind.OTHER)
                parts = [value]
                if kind in (ContactKind.EMAIL, ContactKind.PHONE, ContactKind.MOBILE):
                    parts = [part.strip() for part in value.replace(";", ",").replace(":::", ",").split(",")]
                label = labels.get(one.n) or one.label or (name if kind is ContactKind.OTHER else None)
                for part in filter(None, parts):
                    reach, why = _point(kind, part, label or None, country)
                    if why:
                        doubt(why)
                    if (reach.kind, reach.normalised) not in {(had.kind, had.normalised) for had in found}:
                        found.append(reach)
        return found

    def _tags(self, values: Mapping[str, str]) -> list[str]:
        told = [values.get(one.column, "") for one in self.c.all("tag")]
        parts = [part.strip() for text in told for part in text.replace(":::", ",").replace(";", ",").split(",")]
        return [part for part in dict.fromkeys(parts) if part and not part.startswith("* ")][:50]

    def _consents(self, values: Mapping[str, str]) -> list[tuple[Channel, bool]]:
        found = []
        for name, channel in _CHANNELS.items():
            given = self.c.read(values, f"consent.{name}", "flag")
            if given is not None:
                found.append((channel, bool(given)))
        return found


class Companies(Parties[Organization]):
    """Organizations."""

    name, record, kind, own = "companies", Organization, PartyKind.ORGANIZATION, "organization"

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        name = self.named(values)
        if not name:
            raise InvalidInput(_("Name"), "", _("it does not say what it is called"))
        money = self.c.read(values, "organization.annual_revenue", "money") if self.c.currency else None
        return {"name": name, "annual_revenue": money, **super().read(values, doubt)}

    def made(self, facts: Facts) -> NewParty:
        money: Money | None = facts["annual_revenue"]
        columns = {name: facts[name] for name in self.fields}
        columns |= {
            "annual_revenue_minor": money and money.minor,
            "annual_revenue_currency": money and money.currency,
            "description": facts["description"],
            "owner_id": facts["owner_id"],
        }
        return NewParty(
            PartyKind.ORGANIZATION,
            facts["name"],
            facts["lifecycle"],
            columns=columns,
            addresses=facts["addresses"],
            reach=facts["reach"],
        )

    def adopt(self, facts: Facts) -> Organization | None:
        found = super().adopt(facts)
        if found is not None or self.policy == "new":
            return found
        number = self.matches.decided.get(("organization", facts["name"]))
        if number is None:
            number = self.matches.by_name([facts["name"]], PartyKind.ORGANIZATION).get(facts["name"])
        if number is None or number > self.matches.newest:
            return None
        return self.session.get(Organization, number)


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
        if not given and not family:
            whole = self.c.text(values, "person.name")
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
            "department": self.c.text(values, "affiliation.department"),
        }
        return facts

    def made(self, facts: Facts) -> NewParty:
        columns = {name: facts[name] for name in self.fields}
        columns |= {
            "given_name": facts["given_name"],
            "family_name": facts["family_name"],
            "description": facts["description"],
            "owner_id": facts["owner_id"],
        }
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
        return numbers

    def adopted(self, record: Person, facts: Facts) -> None:
        super().adopted(record, facts)
        self.session.flush()
        if not record.affiliations:
            self._affiliate([(record.id, facts, lambda says: None)])

    def write(self, record: Person, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name in ("given_name", "family_name"):
            super().write(record, name, before, after, doubt)
            record.rename(record.given_name, record.family_name)
        elif name == "organization" and after:
            if not any(one.organization.name == after for one in record.affiliations):
                self._affiliate([(record.id, {"organization": after, "organization_by": "name"}, doubt)])
        else:
            super().write(record, name, before, after, doubt)

    def _affiliate(self, placed: Sequence[tuple[int, Facts, Doubt]]) -> None:
        """People belong to the organizations that their rows name; a name that nobody here has becomes one."""
        by_key = {facts["organization"] for _n, facts, _d in placed if facts.get("organization_by") == "key"}
        known = self.loading.sources.numbers(Companies.name, [key for key in by_key if key])
        names = [(facts["organization"], doubt) for _n, facts, doubt in placed if facts.get("organization_by") != "key"]
        named = self.matches.organizations(names)
        rows = []
        for number, facts, doubt in placed:
            told = facts["organization"]
            if not told:
                continue
            organization = known.get(told) if facts.get("organization_by") == "key" else named.get(told)
            if organization is None:
                says = _("no organization has the key “{key}”; import the file of organizations with it, or before")
                doubt(says.format(key=told))
                continue
            rows.append(
                {
                    "person_id": number,
                    "organization_id": organization,
                    "role": facts.get("role"),
                    "is_primary": True,
                }
            )
        insert_many(self.session, Affiliation, rows)


@lru_cache(maxsize=10_000)
def _point(kind: ContactKind, value: str, label: str | None, country: str | None) -> tuple[Reach, str]:
    """A way to reach somebody; one that cannot be right is kept as it was typed, and pointed out."""
    try:
        return Reach(kind, value, normalise(kind, value, country=country), label), ""
    except InvalidInput as error:
        kept = Reach(ContactKind.OTHER, value, value.strip().casefold(), label or kind.value)
        return kept, _("{error}; it is kept as it was written").format(error=error)


_NOT_PLAIN = frozenset(
    {
        "id",
        "version",
        "created_at",
        "updated_at",
        "kind",
        "name",
        "folded",
        "lifecycle",
        "owner_id",
        "parent_id",
        "source",
    }
)
