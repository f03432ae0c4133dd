"""Files of calls, meetings, tasks and notes, whoever exported them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmlib.activities import About, Activity, ActivityKind, Part, Participation
from crmlib.base import InvalidInput, insert_many, record_name
from crmlib.exchange.generic.columns import midnight
from crmlib.exchange.generic.mapped import Mapped, new_facts
from crmlib.exchange.generic.parts import NOTES
from crmlib.exchange.loading import Doubt, Facts, New
from crmlib.exchange.matching import match_key
from crmlib.exchange.values import read_moment
from crmlib.i18n import gettext as _
from crmlib.sales import Deal

_ACTIVITIES = {
    "call": ActivityKind.CALL, "phone": ActivityKind.CALL, "meeting": ActivityKind.MEETING,
    "email": ActivityKind.EMAIL, "mail": ActivityKind.EMAIL, "note": ActivityKind.NOTE, "visit": ActivityKind.VISIT,
    "chat": ActivityKind.CHAT, "lunch": ActivityKind.MEETING,
}  # fmt: skip


class Activities(Mapped):
    """Calls, meetings, tasks and notes, with whom and about which deal."""

    name, record, own = "activities", Activity, "activity"
    refers = (*Mapped.refers, ("deal.ref", "deals", None))

    def named(self, values: Mapping[str, str]) -> str:
        told = (self.c.text(values, name) for name in ("activity.subject", "activity.due_on", "activity.due_time"))
        return " ".join(filter(None, told))

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        super().prepare(rows)
        names = {told for _key, values in rows for by, told in self._told(values, "deal.ref") if by != "key"}
        found: dict[str, list[int]] = {}
        for name, number in self.session.execute(select(Deal.name, Deal.id).where(Deal.name.in_(names))):
            found.setdefault(name, []).append(number)
        only = {name: here[0] for name, here in found.items() if len(here) == 1}
        # Of several deals of one name it is the one that came from there.
        rows_of = {f"{name.casefold()}/1": name for name in names if name not in only}
        came = self.loading.sources.numbers("deals", rows_of)
        self._by_name["deal.ref"] = only | {rows_of[key]: number for key, number in came.items()}

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        c = self.c
        subject = c.text(values, "activity.subject") or c.text(values, "activity.body")[:80]
        if not subject:
            raise InvalidInput(_("Subject"), "", _("the row says neither what is to be done nor what was noted"))
        told = match_key(c.text(values, "activity.kind"))
        due = midnight(c.read(values, "activity.due_on", "date"))
        if due is not None and (clock := c.text(values, "activity.due_time")):
            try:
                at = read_moment(f"{due:%Y-%m-%d} {clock}")
            except InvalidInput:
                says = _("this is no time of day; write it like 14:30")
                raise InvalidInput(c.all("activity.due_time")[0].column, clock, says) from None
            due = due.replace(hour=at.hour, minute=at.minute)
        organization = next(iter(self.refer_all(values, "organization.ref", doubt)), None)
        if told and not any(word in told for word in _ACTIVITIES) and "task" not in told:
            doubt(_("activities of the kind “{value}” come in as tasks").format(value=c.text(values, "activity.kind")))
        usual = ActivityKind.NOTE if self.name == NOTES else ActivityKind.TASK
        done_at = self.loading.at if self.name == NOTES else None
        lasts = c.text(values, "activity.duration")
        if lasts and not lasts.isdecimal():
            doubt(_("“{value}” is no number of minutes, so it is left empty").format(value=lasts))
        return {
            "kind": next((kind for word, kind in _ACTIVITIES.items() if word in told), usual),
            "subject": subject,
            "body": c.text(values, "activity.body") or None,
            "due_at": due,
            "done_at": (due or self.loading.at) if c.read(values, "activity.done", "flag") else done_at,
            "duration_minutes": int(lasts) if lasts.isdecimal() and len(lasts) < 6 else None,
            "outcome": c.text(values, "activity.outcome") or None,
            "parties": [*self.refer_all(values, "person.ref", doubt), *([organization] if organization else [])],
            "organization_id": organization,
            "owner_id": self.refer(values, "owner.ref", doubt),
            "deal_id": self.refer(values, "deal.ref", doubt),
            **self.own_facts(values),
        }

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        self.settle(new_facts(rows))
        names = ("kind", "subject", "body", "due_at", "done_at", "outcome", "duration_minutes")
        numbers = insert_many(
            self.session,
            Activity,
            ({**{name: row.facts[name] for name in names}, **self.own_columns(row.facts)} for row in rows),
        )
        placed = list(zip(numbers, (row.facts for row in rows), strict=True))
        parts = [(number, party, Part.TARGET) for number, facts in placed for party in dict.fromkeys(facts["parties"])]
        parts += [
            (number, facts["owner_id"], Part.ASSIGNEE)
            for number, facts in placed
            if facts["owner_id"] not in facts["parties"]
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
        if name == "parties":
            self._take_part(record, after, Part.TARGET)
        elif name == "owner_id":
            self._take_part(record, [after] if after else [], Part.ASSIGNEE)
        elif name == "deal_id":
            about = {(one.record, one.record_id) for one in record.abouts}
            if after and (record_name(Deal), after) not in about:
                record.abouts.append(About(record=record_name(Deal), record_id=after))
        else:
            super().write(record, name, before, after, doubt)

    def catch_up(self, record: Activity, facts: Facts, doubt: Doubt) -> bool:
        super().catch_up(record, facts, doubt)
        before = len(record.participations) + len(record.abouts)
        for name in ("parties", "owner_id", "deal_id"):
            self.write(record, name, None, facts[name], doubt)
        return len(record.participations) + len(record.abouts) > before

    def _take_part(self, record: Activity, parties: Sequence[int], part: Part) -> None:
        here = {one.party_id for one in record.participations}
        for party in parties:
            if party not in here:
                record.participations.append(Participation(party_id=party, part=part))


class Notes(Activities):
    """What was noted about the parties and deals of a row that is a record of another kind."""

    name, own = NOTES, "note"

    def named(self, values: Mapping[str, str]) -> str:
        return self.c.text(values, "activity.body")[:80]
