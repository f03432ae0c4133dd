"""What files of people and of organizations have in common, whoever exported them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import inspect

from crmlib.base import InvalidInput, fields_of, insert_many
from crmlib.contacts import (
    Address,
    Channel,
    ConsentChange,
    ConsentEvent,
    ContactKind,
    ContactPoint,
    LawfulBasis,
    Lifecycle,
    Party,
    PartyKind,
    Purpose,
)
from crmlib.contacts.actions.tag import add_tag, tag_named
from crmlib.contacts.actions.tag import tag as put_tag
from crmlib.contacts.reach import normalise
from crmlib.exchange.generic.columns import Columns
from crmlib.exchange.generic.customs import Customs
from crmlib.exchange.generic.links import Link, Links
from crmlib.exchange.generic.matches import Matches, Proposal
from crmlib.exchange.loading import Doubt, Facts, Kind, Loading, New, kept_here, wait
from crmlib.exchange.making import NewParty, Reach, add_parties
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
# How exports shorten a choice of ours.
_SHORT = {"m": "male", "f": "female", "w": "female", "d": "other", "x": "other"}
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
    #: Whether a name alone says who is meant: in rows of other records that only mention the party.
    trusts_names = False

    def __init__(self, loading: Loading, columns: Columns, matches: Matches, *, policy: str) -> None:
        super().__init__(loading)
        self.c, self.matches, self.policy = columns, matches, policy
        self.counts_keys = not columns.has(f"{self.own}.key")  # type: ignore[misc]  # of this file, not of its kind
        self.fields = self._fields()
        self.customs = Customs(loading, columns, matches, self.name)
        self.links = Links(loading, matches, self.name, self.kind)
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
        self.links.settle()
        reach = []
        for _key, values in rows:
            reach += [one.normalised for one in self._reach(values, lambda says: None)]
        self._here = self.matches.by_reach(reach)
        told = {text for _key, values in rows if (text := self.c.text(values, "owner.ref"))}
        by = next((one.by for one in self.c.all("owner.ref")), "")
        if by == "key":
            self._owners = self.loading.sources.numbers("contacts", told)
        elif by == "email":
            reached = self.matches.by_reach(text.casefold() for text in told)
            self._owners = {text: reached[text.casefold()] for text in told if text.casefold() in reached}
        else:
            self._owners = self.matches.meant(told, PartyKind.PERSON, "contacts")

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        facts: Facts = {name: self._field(values, name, kind, doubt) for name, kind in self.fields.items()}
        lifecycle, source = self.c.text(values, "party.lifecycle"), self.c.text(values, "party.source")
        if lifecycle and match_key(lifecycle) not in _LIFECYCLES:
            doubt(_("standing “{value}” is read as prospect").format(value=lifecycle))
        owner = self.c.text(values, "owner.ref")
        if owner and owner not in self._owners:
            wait(doubt, _("owner: nobody here is called “{name}”, so it is left empty").format(name=owner))
        facts |= {
            "lifecycle": _LIFECYCLES.get(match_key(lifecycle), Lifecycle.PROSPECT),
            "description": self.c.text(values, "party.description") or None,
            "owner_id": self._owners.get(owner),
            "addresses": self._addresses(values, doubt),
            "reach": self._reach(values, doubt),
            "tags": self.c.tags(values),
            "consents": self._consents(values),
            "links": self._links(values),
        }
        if source:
            facts["source_detail"] = source
        if self.customs.fields:
            facts["custom"] = self.customs.read(values)
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
        if facts.get("source_detail") and record.source_detail is None:
            record.source_detail = facts["source_detail"]
        self.customs.fill(record, facts.get("custom", {}))
        self._more_reach(record, facts["reach"])
        if facts["addresses"] and not record.addresses:
            record.addresses.append(Address(**facts["addresses"][0], is_preferred=True))
        self.links.hold(record.id, facts["links"], lambda says: None)

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        numbers = add_parties(self.session, [self.made(row.facts) for row in rows], at=self.loading.at)
        placed = list(zip(numbers, rows, strict=True))
        self._say_more(placed)
        for number, row in placed:
            self.links.hold(number, row.facts["links"], row.doubt)
        return numbers

    def made(self, facts: Facts) -> NewParty:
        """The party that a row becomes; `_columns` are those that both kinds have."""
        raise NotImplementedError

    def catch_up(self, record: P, facts: Facts, doubt: Doubt) -> bool:
        if owed := record.owner_id is None and facts["owner_id"] is not None:
            record.owner_id = facts["owner_id"]
        self.links.hold(record.id, facts["links"], doubt)
        return bool(self.links.settle()) or owed

    def finish(self) -> None:
        self.links.settle(last=True)

    def write(self, record: P, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name == "reach":
            gone = {(one.kind, one.normalised) for one in before or ()} - {(one.kind, one.normalised) for one in after}
            for point in [one for one in record.contact_points if (one.kind, one.normalised) in gone]:
                record.contact_points.remove(point)
            self._more_reach(record, after)
        elif name == "addresses":
            for was, wanted in zip([*(before or []), *[{}] * len(after)], after, strict=False):
                self._write_address(record, was, wanted, doubt)
        elif name == "links":
            self.links.remove(record.id, [one for one in before or () if one not in after])
            self.links.hold(record.id, [one for one in after if one not in (before or ())], doubt)
        elif name == "tags":
            for tag in [one for one in after if one not in (before or ())]:
                put_tag(self.session, Party, [record.id], tag, at=self.loading.at)
        elif name == "consents":
            self._consent([(record.id, one) for one in after if one not in (before or ())])
        elif name == "custom":
            self.customs.write(record, before, after, doubt)
        elif name in inspect(type(record)).column_attrs:
            super().write(record, name, before, after, doubt)

    def show(self, facts: Facts) -> dict[str, str]:
        hidden = ("reach", "addresses", "custom", "links", "organization_by", "owner_id", "consents", "tags")
        told = super().show({name: value for name, value in facts.items() if name not in hidden})
        told |= self.customs.shown(facts.get("custom", {})) | {one.word: one.told for one in facts["links"]}
        told |= {"tags": ", ".join(facts["tags"])} if facts["tags"] else {}
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
        self._consent([(number, one) for number, row in placed for one in row.facts["consents"]])

    def _consent(self, given: Sequence[tuple[int, tuple[Channel, bool, datetime | None]]]) -> None:
        rows = [
            {
                "party_id": number,
                "channel": channel,
                "purpose": Purpose.MARKETING,
                "change": ConsentChange.GIVEN if is_given else ConsentChange.WITHDRAWN,
                "basis": LawfulBasis.CONSENT,
                "at": at or self.loading.at,
                "source": self.loading.system,
            }
            for number, (channel, is_given, at) in given
        ]
        insert_many(self.session, ConsentEvent, rows)

    def _columns(self, facts: Facts) -> dict[str, Any]:
        """The columns that the file fills in parties of both kinds."""
        columns = {name: facts[name] for name in (*self.fields, "description", "owner_id")}
        if self.c.has("party.source"):
            columns["source_detail"] = facts.get("source_detail")
        if self.customs.fields:
            columns["custom"] = facts["custom"]
        return columns

    def _links(self, values: Mapping[str, str]) -> tuple[Link, ...]:
        """Whom a row names as what."""
        return ()

    def _fields(self) -> dict[str, str]:
        """The plain columns of the record that the file fills, and how each is read."""
        found = {}
        for target in self.c.by_target:
            record, _dot, name = target.partition(".")
            if record == self.own and name in inspect(self.record).column_attrs and name not in _NOT_PLAIN:
                found[name] = "date" if name in _DATES else "whole" if name in _NUMBERS else "text"
        return found

    def _field(self, values: Mapping[str, str], name: str, kind: str, doubt: Doubt) -> Any:
        told = self.c.read(values, f"{self.own}.{name}", kind)
        about = fields_of(self.record)[name]
        if told is None or not (about.choices or about.kind == "number"):
            return told
        try:
            return about.read(_SHORT.get(str(told).casefold(), str(told)))
        except InvalidInput as error:
            doubt(_("{error}; it is left empty").format(error=error))
            return None

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
        for target in self.c.by_target:
            record, _dot, name = target.partition(".")
            if record != "contact_point" or name in ("bounce_reason", "bounced_at"):
                continue
            columns = self.c.all(target)
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

    def _consents(self, values: Mapping[str, str]) -> list[tuple[Channel, bool, datetime | None]]:
        found = []
        for name, channel in _CHANNELS.items():
            given = self.c.read(values, f"consent.{name}", "flag")
            if given is not None:
                at = self.c.read(values, f"consent.{name}_at", "moment") if given else None
                found.append((channel, bool(given), at))
        return found


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
        "source_detail",
    }
)
