"""Files of leads, whoever exported them."""

from collections.abc import Mapping, Sequence
from typing import Any

from crmlib.base import InvalidInput, fields_of, insert_many
from crmlib.contacts import Lifecycle
from crmlib.exchange.generic.columns import Columns
from crmlib.exchange.generic.mapped import Mapped
from crmlib.exchange.generic.matches import Matches
from crmlib.exchange.generic.people import Contacts
from crmlib.exchange.loading import Doubt, Facts, Loading, New
from crmlib.exchange.making import person_name
from crmlib.exchange.matching import match_key
from crmlib.exchange.telling import tell_all
from crmlib.i18n import gettext as _
from crmlib.sales import Lead, LeadStatus
from crmlib.sales.events import LeadReceived
from crmlib.sales.records import LeadStatusEvent

_STATUSES = {
    "new": LeadStatus.NEW, "open": LeadStatus.WORKING, "working": LeadStatus.WORKING, "contacted": LeadStatus.WORKING,
    "inprogress": LeadStatus.WORKING, "waiting": LeadStatus.WAITING, "nurturing": LeadStatus.WAITING,
    "qualified": LeadStatus.QUALIFIED, "converted": LeadStatus.QUALIFIED, "unqualified": LeadStatus.DISQUALIFIED,
    "disqualified": LeadStatus.DISQUALIFIED, "lost": LeadStatus.DISQUALIFIED,
}  # fmt: skip


_PLAIN = ("status", "source", "source_detail", "campaign", "message", "score", "rating")


class Leads(Mapped):
    """Inquiries and who asks: a person of the file, or one who was here."""

    name, record, own = "leads", Lead, "lead"
    owed = ("owner_id",)

    def __init__(self, loading: Loading, columns: Columns, people: Contacts, matches: Matches) -> None:
        super().__init__(loading, columns, matches)
        self.people = people

    def named(self, values: Mapping[str, str]) -> str:
        return self.c.text(values, "contact_point.email") or self.people.named(values)

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        super().prepare(rows)
        self.people.prepare(rows)

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        c = self.c
        told = c.text(values, "lead.status")
        status = _STATUSES.get(match_key(told))
        if c.read(values, "lead.converted", "flag"):
            status = LeadStatus.QUALIFIED
        if told and status is None:
            doubt(_("status “{value}” is read as new").format(value=told))
        score = c.read(values, "lead.score", "number")
        if score is not None and not 0 <= score <= 100:
            doubt(_("a score of {n} is beyond 0 to 100; it is left empty").format(n=score))
            score = None
        rating: str | None = None
        try:
            rating = fields_of(Lead)["rating"].read(c.text(values, "lead.rating"))
        except InvalidInput as error:
            doubt(_("{error}; it is left empty").format(error=error))
        return {
            "person": self.people.read(values, doubt),
            "status": status or LeadStatus.NEW,
            "source": c.text(values, "lead.source") or c.text(values, "party.source") or None,
            "campaign": c.text(values, "lead.campaign") or None,
            "message": c.text(values, "lead.message") or None,
            "score": None if score is None else round(score),
            "rating": rating,
            "source_detail": c.text(values, "lead.origin") or None,
            "owner_id": self.refer(values, "owner.ref", doubt),
            "received_at": c.read(values, "lead.created_at", "moment"),
            **self.own_facts(values),
        }

    def catch_up(self, record: Lead, facts: Facts, doubt: Doubt) -> bool:
        found = self.people.catch_up(record.party, facts["person"], doubt)  # type: ignore[arg-type]  # leads are people's
        return super().catch_up(record, facts, doubt) or found

    def show(self, facts: Facts) -> dict[str, str]:
        return self.people.show(facts["person"]) | super().show({**facts, "person": None})

    def finish(self) -> None:
        self.people.finish()

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        fresh: list[New] = []
        here: dict[int, int] = {}
        for place, row in enumerate(rows):
            known = self.people.known(row.facts["person"])
            if known is not None:
                here[place] = known
            else:
                fresh.append(
                    New(row.key, {**row.facts["person"], "lifecycle": Lifecycle.LEAD}, {}, row.line, row.doubt)
                )
        made = iter(self.people.insert(fresh) if fresh else ())
        people = [here[place] if place in here else next(made) for place in range(len(rows))]
        names = [*_PLAIN, "owner_id", "received_at"]
        numbers = insert_many(
            self.session,
            Lead,
            (
                {
                    **{name: row.facts[name] for name in names},
                    **self.own_columns(row.facts),
                    "party_id": party,
                    "origin": "import",
                    "details": {},
                }
                for row, party in zip(rows, people, strict=True)
            ),
        )
        insert_many(
            self.session,
            LeadStatusEvent,
            [
                {"lead_id": number, "status": row.facts["status"], "at": row.facts["received_at"]}
                for number, row in zip(numbers, rows, strict=True)
            ],
        )
        tell_all(
            self.session,
            (
                LeadReceived(
                    record_id=number,
                    party_id=party,
                    at=row.facts["received_at"] or self.loading.at,
                    lead=person_name(row.facts["person"]["given_name"], row.facts["person"]["family_name"]),
                    source=row.facts["source"],
                    origin="import",
                )
                for number, party, row in zip(numbers, people, rows, strict=True)
            ),
        )
        return numbers

    def write(self, record: Lead, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name == "person":
            self.people.change(record.party, before or {}, after, doubt)  # type: ignore[arg-type]  # leads are people's
        else:
            super().write(record, name, before, after, doubt)
