"""The Maven pipeline: deals with their stage history."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from crmlib.base import InvalidInput, find, insert_many, read_day, tell
from crmlib.contacts import Lifecycle, Party, set_lifecycle
from crmlib.exchange.loading import Doubt, Facts, Kind, Loading, New, kept_here
from crmlib.exchange.matching import find_match
from crmlib.exchange.presets.maven_parties import read_money, unknown_reference
from crmlib.exchange.telling import tell_all
from crmlib.i18n import gettext as _
from crmlib.sales import (
    Deal,
    DealEvent,
    DealLost,
    DealMoved,
    DealOpened,
    DealReopened,
    DealWon,
    Pipeline,
    Stage,
    StageEvent,
    StageKind,
    add_pipeline,
)

PIPELINE = "Maven sales"
OPEN_STAGES = ("Prospecting", "Engaging")
STAGES = (*OPEN_STAGES, "Won", "Lost")
_CLOSED = {"Won": DealWon, "Lost": DealLost}
_BUYERS_TO_BE = frozenset({Lifecycle.PROSPECT, Lifecycle.LEAD, Lifecycle.FORMER})

#: A step of a deal: the stage, and the day it was entered where the source says.
Step = tuple[str, date | None]


class Deals(Kind[Deal]):
    """One deal per opportunity. What its row tells of the past becomes stage events; none is made up."""

    name = "deals"
    columns = (
        "opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date",
        "close_value",
    )  # fmt: skip
    record = Deal

    def __init__(self, loading: Loading) -> None:
        super().__init__(loading)
        self._stages = _stages(loading)
        self._first_won: dict[int, date] = {}
        self._ids = {kind: loading.ids(kind) for kind in ("accounts", "products", "sellers")}
        self._found: dict[tuple[str, str], tuple[str, int] | None] = {}

    def key(self, values: Mapping[str, str]) -> str:
        return values["opportunity_id"]

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        stage = values["deal_stage"]
        if stage not in STAGES:
            raise InvalidInput(_("Stage"), stage, _("choose one of: {names}").format(names=", ".join(STAGES)))
        engaged, closed = _day(_("Engage date"), values["engage_date"]), _day(_("Close date"), values["close_date"])
        is_closed = stage in _CLOSED
        if is_closed and closed is None:
            raise InvalidInput(_("Close date"), "", _("a deal that is won or lost has one"))
        if not is_closed and closed is not None:
            doubt(_("the deal is open and has a close date, which is left out"))
            closed = None
        if engaged and closed and closed < engaged:
            doubt(_("it was closed before it was engaged; both days are kept"))
        amount = read_money(_("Close value"), values["close_value"])
        if stage == "Won" and amount is None:
            doubt(_("it is won and says no value"))
        account = self._refer("accounts", _("account"), values["account"], doubt)
        product = self._refer("products", _("product"), values["product"], doubt)
        seller = self._refer("sellers", _("seller"), values["sales_agent"], doubt)
        parts = (product[0] if product else values["product"], account[0] if account else values["account"])
        return {
            "name": ", ".join(filter(None, parts)) or values["opportunity_id"],
            "party_id": account and account[1],
            "owner_id": seller and seller[1],
            "product_id": product and product[1],
            "amount": amount,
            "opened_on": engaged,
            "closed_on": closed,
            "steps": _steps(stage, engaged, closed),
        }

    def insert(self, rows: Sequence[New]) -> Sequence[int]:
        numbers = insert_many(self.session, Deal, (self._columns(row.facts) for row in rows))
        placed = [
            (number, row.facts, step) for row, number in zip(rows, numbers, strict=True) for step in row.facts["steps"]
        ]
        insert_many(
            self.session,
            StageEvent,
            [
                {"deal_id": number, "stage_id": self._stages[stage].id, "entered_at": _midnight(day)}
                for number, _facts, (stage, day) in placed
            ],
        )
        tell_all(self.session, filter(None, (self._told(number, facts, step) for number, facts, step in placed)))
        return numbers

    def _columns(self, facts: Facts) -> dict[str, Any]:
        amount = facts["amount"]
        own = {name: value for name, value in facts.items() if name not in ("steps", "amount")}
        return {
            **own,
            "stage_id": self._stages[facts["steps"][-1][0]].id,
            "amount_minor": amount and amount.minor,
            "currency": amount and amount.currency,
        }

    def _told(self, number: int, facts: Facts, step: Step) -> DealEvent | None:
        stage, day = step
        at, party_id, amount = _midnight(day), facts["party_id"], facts["amount"]
        self._bought(party_id, step)
        if at is None:
            return None  # nobody knows when it happened, so no timeline can show it
        opened: type[DealEvent] = DealOpened if step == facts["steps"][0] else DealMoved
        event: type[DealEvent] = _CLOSED.get(stage, opened)
        return event(
            record_id=number,
            party_id=party_id,
            at=at,
            deal=facts["name"],
            stage=stage,
            amount_minor=amount and amount.minor,
            currency=amount and amount.currency,
        )

    def write(self, record: Deal, name: str, before: Any, after: Any, doubt: Doubt) -> None:
        if name != "steps":
            if name != "closed_on":  # closing is a step; `_follow` keeps day and stage together
                super().write(record, name, before, after, doubt)
            return
        if before and record.stage is not self._stages[before[-1][0]]:
            if record.stage is not self._stages[after[-1][0]]:
                doubt(kept_here("stage", record.stage.name, after[-1][0]))
            return
        self._follow(record, before or [], after)

    def finish(self) -> None:
        """Whoever has bought is a customer since the first deal that was won."""
        for party_id, day in self._first_won.items():
            party = find(self.session, Party, party_id)
            if party.lifecycle in _BUYERS_TO_BE:
                at = datetime.combine(day, time(), UTC)
                set_lifecycle(self.session, party, Lifecycle.CUSTOMER, at=at, reason=_("Won a deal"))
        self._first_won.clear()

    def _follow(self, deal: Deal, before: list[Step], after: list[Step]) -> None:
        """Add to a deal's history what the newer row knows more; what stands there is never taken back."""
        was_closed = deal.stage.kind is not StageKind.OPEN
        for step in after:
            if step in before:
                continue
            stage, day = step
            deal.stage_events.append(StageEvent(stage=self._stages[stage], entered_at=_midnight(day)))
            deal.stage = self._stages[stage]
            deal.closed_on = day if stage in _CLOSED else None
            if was_closed and stage not in _CLOSED:
                self._tell_event(deal, DealReopened, day)
            else:
                self._bought(deal.party_id, step)
                self._tell_event(deal, _CLOSED.get(stage, DealMoved), day, stage)

    def _refer(self, kind: str, called: str, name: str, doubt: Doubt) -> tuple[str, int] | None:
        """The record that a row names, spelled as there; a near miss is only proposed."""
        if not name:
            return None
        if (kind, name) not in self._found:
            self._found[kind, name] = find_match(name, self._ids[kind])
        found = self._found[kind, name]
        if found is None:
            doubt(unknown_reference(called, name, self._ids[kind]))
        elif found[0] != name:
            says = _("{kind} “{name}” is read as “{meant}”")
            doubt(says.format(kind=called, name=name, meant=found[0]))
        return found

    def _bought(self, party_id: int | None, step: Step) -> None:
        stage, day = step
        if stage == "Won" and party_id is not None and day is not None:
            self._first_won[party_id] = min(day, self._first_won.get(party_id, day))

    def _tell_event(self, deal: Deal, event: type[DealEvent], day: date | None, stage: str = "") -> None:
        at = _midnight(day)
        if at is None:
            return  # nobody knows when it happened, so no timeline can show it
        tell(
            self.session,
            event(
                record_id=deal.id,
                party_id=deal.party_id,
                at=at,
                deal=deal.name,
                stage=stage or deal.stage.name,
                amount_minor=deal.amount.minor if deal.amount else None,
                currency=deal.currency,
            ),
        )


def _stages(loading: Loading) -> dict[str, Stage]:
    """The stages of this system's pipeline by their name there, however they were renamed here since."""
    known = loading.ids("stages")
    if not known:
        pipeline = add_pipeline(
            loading.session, name=_free_name(loading), open_stages=OPEN_STAGES, won="Won", lost="Lost"
        )
        by_name = {stage.name: stage for stage in pipeline.stages}
        loading.remember("stages", [(name, {"deal_stage": name}, stage) for name, stage in by_name.items()])
        return by_name
    return {name: find(loading.session, Stage, stage_id) for name, stage_id in known.items()}


def _free_name(loading: Loading) -> str:
    taken = {name for (name,) in loading.session.query(Pipeline.name)}
    names = (PIPELINE, *(f"{PIPELINE} {number}" for number in range(2, 1000)))
    return next(name for name in names if name not in taken)


def _steps(stage: str, engaged: date | None, closed: date | None) -> list[Step]:
    """What a row says of the way its deal came: engaging from the engage date on, then won or lost at the close."""
    if stage == "Prospecting":
        return [("Prospecting", None)]
    steps: list[Step] = [("Engaging", engaged)]
    if stage != "Engaging":
        steps.append((stage, closed))
    return steps


def _day(label: str, text: str) -> date | None:
    return read_day(label, text) if text else None


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
