"""X Education's *lead scoring*: inquiries about courses, where they came from, and whether they became customers.

A row is a person nobody knows by name, and their inquiry. `Select` is what a form's list says before anybody chose:
it means not answered. The same source in several spellings (`google`, `Google`) is one. Who asked not to be mailed or
called has refused it, from the moment of the import on: the files do not say since when. What has no place of its own
is kept with the lead as it came.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from crmlib.base import InvalidInput, insert_many
from crmlib.contacts import Channel, ConsentChange, ConsentEvent, LawfulBasis, Lifecycle, PartyKind, Purpose
from crmlib.exchange.loading import Doubt, Facts, Kind, New
from crmlib.exchange.making import NewParty, add_parties
from crmlib.exchange.presets.preset import Preset
from crmlib.exchange.reading import Table
from crmlib.exchange.telling import tell_all
from crmlib.exchange.values import find_country
from crmlib.i18n import gettext as _
from crmlib.sales import Lead, LeadStatus
from crmlib.sales.events import LeadReceived
from crmlib.sales.records import LeadStatusEvent

NOT_ANSWERED = "Select"
ORIGINS = {
    "Landing Page Submission": "landing page",
    "API": "api",
    "Lead Add Form": "form",
    "Quick Add Form": "form",
    "Lead Import": "import",
}
#: How sources are usually written; another spelling of one of them is meant as it.
SOURCES = {name.casefold(): name for name in ("Google", "Bing", "Facebook", "YouTube", "Blog")}
_SAID = {"yes": True, "no": False, "1": True, "0": False}


class XEducation(Preset):
    """The file of leads; the dictionary that comes beside it only describes it."""

    name = "x_education"
    title = "X Education"

    def describes(self, table: Table) -> bool:
        return table.format in ("xlsx", "xls") and not set(Leads.columns) <= set(table.columns)

    def load(self, tables: Mapping[str, list[Table]]) -> None:
        for table in tables.get(Leads.name, []):
            self.loading.load(Leads(self.loading), table)


class Leads(Kind[Lead]):
    """A lead and its party for each row."""

    name = "leads"
    columns: ClassVar[tuple[str, ...]] = (
        "Prospect ID", "Lead Number", "Lead Origin", "Lead Source", "Do Not Email", "Do Not Call", "Converted",
    )  # fmt: skip
    record = Lead
    keeps_all = True
    #: What has a place of its own; the rest becomes details of the lead.
    placed: ClassVar[frozenset[str]] = frozenset({*columns, "Country"})

    def key(self, values: Mapping[str, str]) -> str:
        return values["Prospect ID"]

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        said = {name: value for name, value in values.items() if value and value != NOT_ANSWERED}
        converted = _said("Converted", values)
        source = said.get("Lead Source")
        country = said.get("Country")
        code = find_country(country) if country else ""
        if country and not code:
            doubt(_("no country is called “{value}”, so it is left empty").format(value=country))
        return {
            "number": values["Lead Number"],
            "status": LeadStatus.QUALIFIED if converted else LeadStatus.NEW,
            "source": SOURCES.get(source.casefold(), source) if source else None,
            "origin": ORIGINS.get(values["Lead Origin"]),
            "country": code or None,
            "no_email": _said("Do Not Email", values),
            "no_call": _said("Do Not Call", values),
            "details": {name: value for name, value in said.items() if name not in self.placed},
        }

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        at = self.loading.at
        parties = add_parties(self.session, [self._party(row.facts) for row in rows], at=at)
        leads = insert_many(
            self.session,
            Lead,
            (
                {
                    "party_id": party,
                    "status": row.facts["status"],
                    "source": row.facts["source"],
                    "origin": row.facts["origin"],
                    "details": row.facts["details"],
                }
                for row, party in zip(rows, parties, strict=True)
            ),
        )
        insert_many(
            self.session,
            LeadStatusEvent,
            [
                {"lead_id": lead, "status": row.facts["status"], "at": None}
                for lead, row in zip(leads, rows, strict=True)
            ],
        )
        insert_many(
            self.session,
            ConsentEvent,
            [
                _refusal(party, channel, at)
                for row, party in zip(rows, parties, strict=True)
                for name, channel in (("no_email", Channel.EMAIL), ("no_call", Channel.PHONE))
                if row.facts[name]
            ],
        )
        tell_all(
            self.session,
            (
                LeadReceived(
                    record_id=lead,
                    party_id=party,
                    at=at,
                    lead=_called(row.facts["number"]),
                    source=row.facts["source"],
                    origin=row.facts["origin"],
                )
                for lead, party, row in zip(leads, parties, rows, strict=True)
            ),
        )
        return leads

    def write(self, record: Lead, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name in ("no_email", "no_call"):
            channel = Channel.EMAIL if name == "no_email" else Channel.PHONE
            change = ConsentChange.WITHDRAWN if after else ConsentChange.GIVEN
            self.session.add(ConsentEvent(**{**_refusal(record.party_id, channel, self.loading.at), "change": change}))
        elif name == "status":
            super().write(record, name, before, after, doubt)
            if record.status is after:
                record.status_events.append(LeadStatusEvent(status=after, at=self.loading.at))
        elif name in ("source", "origin", "details"):
            super().write(record, name, before, after, doubt)

    def _party(self, facts: Facts) -> NewParty:
        called = _called(facts["number"])
        return NewParty(
            kind=PartyKind.PERSON,
            name=called,
            lifecycle=Lifecycle.CUSTOMER if facts["status"] is LeadStatus.QUALIFIED else Lifecycle.LEAD,
            columns={"given_name": called},
            addresses=[{"country": facts["country"]}] if facts["country"] else [],
        )


XEducation.kinds = (Leads,)


def _called(number: str) -> str:
    return _("Lead {number}").format(number=number)


def _refusal(party: int, channel: Channel, at: datetime) -> dict[str, Any]:
    return {
        "party_id": party,
        "channel": channel,
        "purpose": Purpose.MARKETING,
        "change": ConsentChange.WITHDRAWN,
        "basis": LawfulBasis.CONSENT,
        "at": at,
        "source": XEducation.title,
    }


def _said(column: str, values: Mapping[str, str]) -> bool:
    text = values[column].casefold()
    if text not in _SAID:
        raise InvalidInput(column, values[column], _("say yes or no"))
    return _SAID[text]
