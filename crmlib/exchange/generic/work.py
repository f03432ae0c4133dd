"""Files of deals, leads and activities, whoever exported them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import select

from crmlib.activities import About, Activity, ActivityKind, Part, Participation
from crmlib.base import InvalidInput, insert_many, record_name
from crmlib.contacts import Lifecycle, PartyKind
from crmlib.exchange.generic.columns import Columns, midnight
from crmlib.exchange.generic.companies import Companies
from crmlib.exchange.generic.matches import Matches
from crmlib.exchange.generic.people import Contacts
from crmlib.exchange.loading import Doubt, Facts, Kind, Loading, New
from crmlib.exchange.making import person_name
from crmlib.exchange.matching import match_key
from crmlib.exchange.telling import tell_all
from crmlib.i18n import gettext as _
from crmlib.sales import Deal, DealLost, DealOpened, DealWon, Lead, LeadStatus, Pipeline, Stage, StageEvent, StageKind
from crmlib.sales.events import LeadReceived
from crmlib.sales.records import LeadStatusEvent

_WON = ("won", "gewonnen", "gagne", "ganado", "vinto", "ganho", "castigat", "menang", "wygran")
_LOST = ("lost", "verloren", "perdu", "perdido", "perso", "pierdut", "kalah", "przegran")
_ACTIVITIES = {
    "call": ActivityKind.CALL, "phone": ActivityKind.CALL, "meeting": ActivityKind.MEETING,
    "email": ActivityKind.EMAIL, "mail": ActivityKind.EMAIL, "note": ActivityKind.NOTE, "visit": ActivityKind.VISIT,
    "chat": ActivityKind.CHAT, "lunch": ActivityKind.MEETING,
}  # fmt: skip
_STATUSES = {
    "new": LeadStatus.NEW, "open": LeadStatus.WORKING, "working": LeadStatus.WORKING, "contacted": LeadStatus.WORKING,
    "inprogress": LeadStatus.WORKING, "waiting": LeadStatus.WAITING, "nurturing": LeadStatus.WAITING,
    "qualified": LeadStatus.QUALIFIED, "converted": LeadStatus.QUALIFIED, "unqualified": LeadStatus.DISQUALIFIED,
    "disqualified": LeadStatus.DISQUALIFIED, "lost": LeadStatus.DISQUALIFIED,
}  # fmt: skip


class Mapped(Kind[Any]):
    """What rows of all these kinds have in common: their key, and the parties and deals that they name."""

    own: str
    long = None
    forgives_short_rows = True

    def __init__(self, loading: Loading, columns: Columns, matches: Matches) -> None:
        super().__init__(loading)
        self.c, self.matches = columns, matches
        self.counts_keys = not columns.has(f"{self.own}.key")  # type: ignore[misc]  # of this file, not of its kind
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
            for one in self.c.all(target):
                for _key, values in rows:
                    for told in _several(values.get(one.column, "")):
                        if one.by == "key":
                            by_key.add(told)
                        elif one.by == "email":
                            emails.add(told.casefold())
                        else:
                            by_name.add(told)
            self._by_key[target] = self.loading.sources.numbers(kind, by_key)
            self._by_name[target] = self.matches.by_name(by_name, party)
        self._by_email = self.matches.by_reach(emails)

    def refer(self, values: Mapping[str, str], target: str, doubt: Doubt) -> int | None:
        """The record that a row names; where several columns say it, the first that is known."""
        unknown = ""
        for one in self.c.all(target):
            for told in _several(values.get(one.column, "")):
                if one.by == "key":
                    found = self._by_key.get(target, {}).get(told)
                elif one.by == "email":
                    found = self._by_email.get(told.casefold())
                else:
                    decided = self.matches.decided.get((target.partition(".")[0], told))
                    found = decided or self._by_name.get(target, {}).get(told)
                if found is not None:
                    return found
                unknown = unknown or told
        if unknown:
            doubt(_("nobody here is called “{name}”, so it is left empty").format(name=unknown))
        return None


class Deals(Mapped):
    """Deals with the stage that they are in, in a pipeline that has the stages of the file."""

    name, record, own = "deals", Deal, "deal"

    def __init__(self, loading: Loading, columns: Columns, matches: Matches) -> None:
        super().__init__(loading, columns, matches)
        self._stages: dict[tuple[str, str], Stage] = {}

    def named(self, values: Mapping[str, str]) -> str:
        return self.c.text(values, "deal.name")

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        name, c = self.c.text(values, "deal.name"), self.c
        if not name:
            raise InvalidInput(_("Name"), "", _("it does not say what it is called"))
        stage = (c.text(values, "deal.pipeline"), c.text(values, "deal.stage"))
        kind = _stage_kind(stage[1])
        expected, closed = c.read(values, "deal.expected_close_on", "date"), c.read(values, "deal.closed_on", "date")
        if kind is StageKind.OPEN:
            closed = None
        elif closed is None:
            # Many systems keep one date for both: once a deal is closed it is the day of the close.
            closed, expected = expected, None
        probability = c.read(values, "deal.probability", "number")
        opened = (c.read(values, target, "moment") for target in ("deal.opened_on", "deal.created_at"))
        organization, person = self.refer(values, "organization.ref", doubt), self.refer(values, "person.ref", doubt)
        return {
            "name": name,
            "stage": stage,
            "party_id": organization or person,
            "owner_id": self.refer(values, "owner.ref", doubt),
            "amount": c.read(values, "deal.amount", "money"),
            "opened_on": _day(next(filter(None, opened), None)),
            "expected_close_on": expected,
            "closed_on": closed or (self.loading.at.date() if kind is not StageKind.OPEN else None),
            "probability": None if probability is None else round(probability * (100 if 0 < probability <= 1 else 1)),
        }

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        stages = [self._stage(*row.facts["stage"]) for row in rows]
        self.session.flush()
        numbers = insert_many(
            self.session,
            Deal,
            (_deal(row.facts, stage.id) for row, stage in zip(rows, stages, strict=True)),
        )
        placed = list(zip(numbers, rows, stages, strict=True))
        insert_many(
            self.session,
            StageEvent,
            [
                {"deal_id": number, "stage_id": stage.id, "entered_at": _entered(row.facts, stage)}
                for number, row, stage in placed
            ],
        )
        events = {StageKind.OPEN: DealOpened, StageKind.WON: DealWon, StageKind.LOST: DealLost}
        tell_all(
            self.session,
            (
                events[stage.kind](
                    record_id=number,
                    party_id=row.facts["party_id"],
                    at=_entered(row.facts, stage) or self.loading.at,
                    deal=row.facts["name"],
                    stage=stage.name,
                    amount_minor=row.facts["amount"] and row.facts["amount"].minor,
                    currency=row.facts["amount"] and row.facts["amount"].currency,
                )
                for number, row, stage in placed
            ),
        )
        return numbers

    def write(self, record: Deal, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name == "stage":
            stage = self._stage(*after)
            self.session.flush()
            if before is None or record.stage is self._stage(*before):
                record.stage = stage
                record.stage_events.append(StageEvent(stage=stage, entered_at=self.loading.at))
            elif record.stage is not stage:
                super().write(record, "stage_id", None, stage.id, doubt)
        else:
            super().write(record, name, before, after, doubt)

    def _stage(self, pipeline: str, name: str) -> Stage:
        """The stage of this name, made where there is none: won and lost are known by their words."""
        name = name or _("Open")
        called = pipeline or _("{system} deals").format(system=self.loading.system.replace("_", " ").capitalize())
        if (called, name) in self._stages:
            return self._stages[called, name]
        here = self.session.scalar(select(Pipeline).where(Pipeline.name == called))
        if here is None:
            here = Pipeline(name=called)
            self.session.add(here)
        found = next((stage for stage in here.stages if match_key(stage.name) == match_key(name)), None)
        if found is None:
            position = max((stage.position for stage in here.stages), default=-1) + 1
            found = Stage(name=name, position=position, kind=_stage_kind(name))
            here.stages.append(found)
        self._stages[called, name] = found
        return found


class Leads(Mapped):
    """Inquiries and who asks: a person of the file, or one who was here."""

    name, record, own = "leads", Lead, "lead"

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
        return {
            "person": self.people.read(values, doubt),
            "status": status or LeadStatus.NEW,
            "source": c.text(values, "lead.source") or c.text(values, "party.source") or None,
            "campaign": c.text(values, "lead.campaign") or None,
            "message": c.text(values, "lead.message") or None,
            "score": round(score) if score is not None and 0 <= score <= 100 else None,
            "owner_id": self.refer(values, "owner.ref", doubt),
            "received_at": c.read(values, "lead.created_at", "moment"),
        }

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
        names = ("status", "source", "campaign", "message", "score", "owner_id", "received_at")
        numbers = insert_many(
            self.session,
            Lead,
            (
                {**{name: row.facts[name] for name in names}, "party_id": party, "origin": "import", "details": {}}
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


class Activities(Mapped):
    """Calls, meetings, tasks and notes, with whom and about which deal."""

    name, record, own = "activities", Activity, "activity"
    refers = (*Mapped.refers, ("deal.ref", "deals", None))

    def named(self, values: Mapping[str, str]) -> str:
        told = (self.c.text(values, name) for name in ("activity.subject", "activity.due_on", "activity.due_time"))
        return " ".join(filter(None, told))

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        super().prepare(rows)
        names = {self.c.text(values, "deal.ref") for _key, values in rows} - {""}
        found: dict[str, list[int]] = {}
        for name, number in self.session.execute(select(Deal.name, Deal.id).where(Deal.name.in_(names))):
            found.setdefault(name, []).append(number)
        self._by_name["deal.ref"] = {name: here[0] for name, here in found.items() if len(here) == 1}

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        c = self.c
        subject = c.text(values, "activity.subject") or c.text(values, "activity.body")[:80]
        if not subject:
            raise InvalidInput(_("Subject"), "", _("this is needed"))
        told = match_key(c.text(values, "activity.kind"))
        due = midnight(c.read(values, "activity.due_on", "date"))
        clock = c.text(values, "activity.due_time").split(":")
        if due is not None and len(clock) >= 2 and all(part.strip().isdecimal() for part in clock[:2]):
            due += timedelta(hours=int(clock[0]), minutes=int(clock[1]))
        organization, person = self.refer(values, "organization.ref", doubt), self.refer(values, "person.ref", doubt)
        return {
            "kind": next((kind for word, kind in _ACTIVITIES.items() if word in told), ActivityKind.TASK),
            "subject": subject,
            "body": c.text(values, "activity.body") or None,
            "due_at": due,
            "done_at": (due or self.loading.at) if c.read(values, "activity.done", "flag") else None,
            "outcome": c.text(values, "activity.outcome") or None,
            "party_id": person or organization,
            "owner_id": self.refer(values, "owner.ref", doubt),
            "deal_id": self.refer(values, "deal.ref", doubt),
        }

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        names = ("kind", "subject", "body", "due_at", "done_at", "outcome")
        numbers = insert_many(self.session, Activity, ({name: row.facts[name] for name in names} for row in rows))
        placed = list(zip(numbers, (row.facts for row in rows), strict=True))
        parts = [(number, facts["party_id"], Part.TARGET) for number, facts in placed]
        parts += [
            (number, facts["owner_id"], Part.ASSIGNEE)
            for number, facts in placed
            if facts["owner_id"] != facts["party_id"]
        ]
        insert_many(
            self.session,
            Participation,
            [{"activity_id": number, "party_id": party, "part": part} for number, party, part in parts if party],
        )
        insert_many(
            self.session,
            About,
            [
                {"activity_id": number, "record": record_name(Deal), "record_id": facts["deal_id"]}
                for number, facts in placed
                if facts["deal_id"]
            ],
        )
        return numbers

    def write(self, record: Activity, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name not in ("party_id", "owner_id", "deal_id"):
            super().write(record, name, before, after, doubt)


def _deal(facts: Facts, stage_id: int) -> dict[str, Any]:
    amount = facts["amount"]
    own = {name: value for name, value in facts.items() if name not in ("stage", "amount")}
    return {
        **own,
        "stage_id": stage_id,
        "amount_minor": amount and amount.minor,
        "currency": amount and amount.currency,
    }


def _entered(facts: Facts, stage: Stage) -> Any:
    return midnight(facts["opened_on"] if stage.kind is StageKind.OPEN else facts["closed_on"])


def _stage_kind(name: str) -> StageKind:
    key = match_key(name)
    if any(word in key for word in _WON):
        return StageKind.WON
    return StageKind.LOST if any(word in key for word in _LOST) else StageKind.OPEN


def _several(text: str) -> list[str]:
    """The keys or names in a cell: several are parted by semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]


def _day(moment: Any) -> Any:
    return moment.date() if moment else None
