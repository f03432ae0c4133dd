"""Files of deals, whoever exported them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmlib.base import InvalidInput, fields_of, insert_many
from crmlib.catalog import Product
from crmlib.contacts.actions.tag import tag as put_tag
from crmlib.exchange.generic.columns import Columns, midnight
from crmlib.exchange.generic.mapped import Mapped, new_facts
from crmlib.exchange.generic.matches import Matches
from crmlib.exchange.loading import Doubt, Facts, Loading, New
from crmlib.exchange.matching import match_key
from crmlib.exchange.telling import tell_all
from crmlib.i18n import gettext as _
from crmlib.sales import Deal, DealContact, DealLost, DealOpened, DealWon, Pipeline, Stage, StageEvent, StageKind

_WON = ("won", "gewonnen", "gagne", "ganado", "vinto", "ganho", "castigat", "menang", "wygran")
_LOST = ("lost", "verloren", "perdu", "perdido", "perso", "pierdut", "kalah", "przegran")


class Deals(Mapped):
    """Deals with the stage that they are in, in a pipeline that has the stages of the file."""

    name, record, own = "deals", Deal, "deal"
    makes = frozenset({"organization.ref", "person.ref"})
    owed = ("party_id", "owner_id", "product_id")

    def __init__(self, loading: Loading, columns: Columns, matches: Matches) -> None:
        super().__init__(loading, columns, matches)
        self._stages: dict[tuple[str, str], Stage] = {}
        self._products: dict[str, int] = {}

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
        organization = next(iter(self.refer_all(values, "organization.ref", doubt)), None)
        people = self.refer_all(values, "person.ref", doubt)
        product = c.text(values, "product.ref")
        if product and product not in self._products:
            doubt(_("no product is called “{name}”, so it is left empty").format(name=product))
        facts: Facts = {
            "name": name,
            "stage": stage,
            "party_id": organization or next(iter(people), None),
            "organization_id": organization,
            "people": people if organization else people[1:],
            "product_id": self._products.get(product),
            "owner_id": self.refer(values, "owner.ref", doubt),
            "amount": c.read(values, "deal.amount", "money"),
            "opened_on": _day(next(filter(None, opened), None)),
            "expected_close_on": expected,
            "closed_on": closed or (self.loading.at.date() if kind is not StageKind.OPEN else None),
            "probability": None if probability is None else round(probability * (100 if 0 < probability <= 1 else 1)),
        }
        if facts["probability"] is not None and not 0 <= facts["probability"] <= 100:
            doubt(_("a probability of {n} % cannot be; it is left empty").format(n=facts["probability"]))
            facts["probability"] = None
        if kind is StageKind.LOST and (why := c.text(values, "deal.lost_reason")):
            facts |= _lost(why)
        if tags := c.tags(values):
            facts["tags"] = tags
        return facts | self.own_facts(values)

    def prepare(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        super().prepare(rows)
        told = {self.c.text(values, "product.ref") for _key, values in rows} - {""}
        self._products = {}
        for column in (Product.name, Product.code) if told else ():
            found = select(column, Product.id).where(column.in_(told)).order_by(Product.id.desc())
            self._products |= {str(name): number for name, number in self.session.execute(found)}

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        self.settle(new_facts(rows))
        stages = [self._stage(*row.facts["stage"]) for row in rows]
        self.session.flush()
        numbers = insert_many(
            self.session,
            Deal,
            (
                {**_deal(row.facts, stage.id), **self.own_columns(row.facts)}
                for row, stage in zip(rows, stages, strict=True)
            ),
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
        insert_many(
            self.session,
            DealContact,
            [
                {"deal_id": number, "party_id": person}
                for number, row, _stage in placed
                for person in dict.fromkeys(row.facts["people"])
            ],
        )
        tagged: dict[str, list[int]] = {}
        for number, row, _stage in placed:
            for name in row.facts.get("tags", ()):
                tagged.setdefault(name, []).append(number)
        for name, tagged_with in tagged.items():
            put_tag(self.session, Deal, tagged_with, name, at=self.loading.at)
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
        elif name == "people":
            here = {one.party_id for one in record.contacts}
            for person in after:
                if person not in here:
                    record.contacts.append(DealContact(party_id=person))
        elif name == "tags":
            for tag in after:
                put_tag(self.session, Deal, [record.id], tag, at=self.loading.at)
        else:
            super().write(record, name, before, after, doubt)

    def catch_up(self, record: Deal, facts: Facts, doubt: Doubt) -> bool:
        found = super().catch_up(record, facts, doubt)
        # While the organization was not here, the deal was with the person who speaks for it.
        if facts["organization_id"] is not None and record.party_id in facts["people"]:
            record.party_id, found = facts["organization_id"], True
        before = len(record.contacts)
        self.write(record, "people", None, facts["people"], doubt)
        return found or len(record.contacts) > before

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


def _deal(facts: Facts, stage_id: int) -> dict[str, Any]:
    amount = facts["amount"]
    hidden = ("stage", "amount", "organization_id", "people", "tags", "custom")
    own = {"lost_reason": None, "lost_note": None, **facts}
    own = {name: value for name, value in own.items() if name not in hidden}
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


def _day(moment: Any) -> Any:
    return moment.date() if moment else None


def _lost(why: str) -> Facts:
    """Why a deal was lost: one of our reasons, or the words of the file."""
    try:
        return {"lost_reason": fields_of(Deal)["lost_reason"].read(why)}
    except InvalidInput:
        return {"lost_note": why}
