"""What the board shows and what can be done to it; no pixels in here."""

from datetime import timedelta
from typing import Any

import traitlets as tl

from crmlib import Workbench, activities, contacts, sales
from crmlib.base import LONGEST_TEXT, CrmError
from crmlib.i18n import format_number, ngettext
from crmlib.i18n import gettext as _
from widgets.sales.pipeline.deal import deal_details, edit_one
from widgets.shared import arrived, shown
from widgets.shared.ui import errors_shown_in

# How many cards a column brings at first, and how many more at a time.
CARDS = 20


class PipelineModel(tl.HasTraits):
    """The stages of one pipeline with their sums and cards, and the deal that is open beside them.

    `toast` is what happened last, as a sentence, with `undo` true where it can be taken back; its `number` tells a
    new one from the one before. `refused` names the card that a move was refused for, which slides back then.
    """

    pipelines = tl.List(tl.Dict())
    pipeline_id = tl.Int(0)
    owners = tl.List(tl.Dict())
    owner_id = tl.Int(0)
    search = tl.Unicode()
    columns = tl.List(tl.Dict())
    open_text = tl.Unicode()
    reasons = tl.List(tl.Dict())
    deal = tl.Dict()
    field_error = tl.Dict()
    options = tl.Dict()
    toast = tl.Dict()
    refused = tl.Dict()
    message = tl.Unicode()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self._workbench = workbench
        self._more: dict[int, int] = {}
        self._undo: tuple[int, int] | None = None
        self._n = 0

    def show(self, asked: dict[str, Any]) -> None:
        """Show what is asked for by `pipeline`, `owner`, `search` and `deal`; what is left out stays as it is."""
        self.search = arrived.text(asked.get("search", self.search))
        self.owner_id = arrived.whole(asked.get("owner", self.owner_id))
        wanted = arrived.whole(asked.get("pipeline", self.pipeline_id))
        if wanted != self.pipeline_id:
            self._more = {}
        self.pipeline_id = wanted
        self.refresh()
        if "deal" in asked:
            self.open_deal(arrived.whole(asked["deal"]))

    def refresh(self) -> None:
        """Read the board anew, and the deal beside it."""
        with errors_shown_in(self), self._workbench.reading() as session:
            found_pipelines = sales.pipelines(session)
            self.pipelines = [
                {"value": one["pipeline_id"], "title": one["pipeline"], "count": format_number(one["n_open"])}
                for one in found_pipelines
            ]
            known = [one["value"] for one in self.pipelines]
            if self.pipeline_id not in known:
                self.pipeline_id = _busiest(found_pipelines)
            everyone = {"value": 0, "title": _("All owners")}
            self.owners = [everyone] + [
                {"value": one["party_id"], "title": one["party"]} for one in contacts.colleagues(session)
            ]
            today = self._workbench.today()
            found = sales.board(
                session,
                self.pipeline_id,
                closed_since=today.replace(day=1),
                owner_id=self.owner_id or None,
                search=self.search,
                cards=CARDS,
                more=self._more,
            )
            numbers = [card["deal_id"] for column in found for card in column["cards"]]
            steps = activities.next_steps(session, "deal", numbers)
            self.columns = [self._column(column, steps) for column in found if column["kind"] != "lost"]
            open_ones = [column for column in found if column["kind"] == "open"]
            self.open_text = shown.sums(_total(open_ones))
            counts = sales.lost_reason_counts(session, since=today - timedelta(days=365))
            self.reasons = self._reasons(sales.lost_reasons(session), counts)
        if self.deal:
            self.open_deal(self.deal["id"])

    def more(self, stage_id: Any) -> None:
        """Show more cards of a stage."""
        stage_id = arrived.whole(stage_id)
        self._more[stage_id] = self._more.get(stage_id, CARDS) + CARDS
        self.refresh()

    def move(self, deal_id: Any, stage_id: Any) -> None:
        """Move a deal to a stage, as a drop does. A lost one is asked for its reason: see `lose`."""
        deal_id, stage_id = arrived.whole(deal_id), arrived.whole(stage_id)
        try:
            with self._workbench.session() as session:
                came_from = sales.deal_card(session, deal_id).stage_id
                today = self._workbench.today()
                deal = sales.move_deal(session, deal_id, stage_id, at=self._workbench.now(), closed_on=today)
                kind, name, stage = deal.stage.kind, deal.name, deal.stage.name
                moved = came_from != stage_id
            if moved:
                sentence = _("“{deal}” is won.") if kind == "won" else _("“{deal}” moved to {stage}.")
                self._tell(sentence.format(deal=name, stage=stage), undo=(deal_id, came_from))
        except CrmError as refusal:
            self._refuse(deal_id, refusal)
        self.refresh()

    def lose(self, deal_id: Any, reason: Any, note: Any = "") -> None:
        """Mark a deal as lost, and say why."""
        deal_id = arrived.whole(deal_id)
        try:
            with self._workbench.session() as session:
                came_from = sales.deal_card(session, deal_id).stage_id
                deal = sales.lose_deal(
                    session,
                    deal_id,
                    reason=arrived.text(reason),
                    note=arrived.text(note, LONGEST_TEXT),
                    at=self._workbench.now(),
                    closed_on=self._workbench.today(),
                )
                name = deal.name
            self._tell(_("“{deal}” is lost. It stays in the funnel.").format(deal=name), undo=(deal_id, came_from))
        except CrmError as refusal:
            self._refuse(deal_id, refusal)
        self.refresh()

    def win(self, deal_id: Any) -> None:
        """Mark a deal as won, whatever its pipeline calls that stage."""
        won = next((column for column in self.columns if column["kind"] == "won"), None)
        if won is not None:
            self.move(deal_id, won["id"])

    def undo(self) -> None:
        """Take the last move back: the deal enters the stage it came from again, and its history says so."""
        if self._undo is None:
            return
        deal_id, stage_id = self._undo
        self._undo = None
        try:
            with self._workbench.session() as session:
                now = self._workbench.now()
                deal = sales.deal_card(session, deal_id)
                if deal.stage.kind == "open":
                    sales.move_deal(session, deal, stage_id, at=now)
                else:
                    sales.reopen_deal(session, deal, stage=stage_id, at=now)
                name, stage = deal.name, deal.stage.name
            self._tell(_("“{deal}” is back in {stage}.").format(deal=name, stage=stage))
        except CrmError as refusal:
            self._refuse(deal_id, refusal)
        self.refresh()

    def reopen(self, deal_id: Any) -> None:
        """Take a closed deal back into the last open stage it was in."""
        with errors_shown_in(self), self._workbench.session() as session:
            deal = sales.reopen_deal(session, arrived.whole(deal_id), at=self._workbench.now())
            self._tell(_("“{deal}” is open again, in {stage}.").format(deal=deal.name, stage=deal.stage.name))
        self.refresh()

    def open_deal(self, deal_id: Any) -> None:
        """Show a deal beside the board; 0 closes it."""
        deal_id = arrived.whole(deal_id)
        if not deal_id:
            self.deal, self.field_error = {}, {}
            return
        with errors_shown_in(self), self._workbench.reading() as session:
            found = sales.deal_card(session, deal_id)
            steps = activities.next_steps(session, "deal", [deal_id])
            self.deal = deal_details(session, found, steps.get(deal_id), self._workbench)
            return
        self.deal = {}

    def find(self, key: Any, typed: Any) -> None:
        """Offer the parties that fit what is being typed into a custom field of the deal."""
        with errors_shown_in(self), self._workbench.reading() as session:
            self.options = self.options | {arrived.text(key): shown.found_parties(session, typed)}

    def edit(self, key: Any, typed: Any, was: Any) -> None:
        """Change one field of the deal that is open. What is wrong stands in `field_error`, beside the field."""
        self._n += 1
        if not self.deal:
            return
        self.field_error = edit_one(self._workbench, self.deal["id"], arrived.text(key), arrived.given(typed), was) | {
            "number": self._n
        }
        # After a conflict too: the page shows theirs, and who saves again overwrites it knowingly.
        self.refresh()

    def _column(self, column: dict[str, Any], steps: dict[int, dict[str, Any]]) -> dict[str, Any]:
        title = _("Won this month") if column["kind"] == "won" else column["stage"]
        hidden = column["count"] - len(column["cards"])
        more = ngettext("{n} more", "{n} more", hidden).format(n=format_number(hidden))
        return {
            "id": column["stage_id"],
            "name": column["stage"],
            "title": title,
            "kind": column["kind"],
            "count": column["count"],
            "count_text": format_number(column["count"]),
            "sum": shown.sums(column["sums"]),
            "more": more if hidden else "",
            "cards": [self._card(card, column["kind"], steps.get(card["deal_id"])) for card in column["cards"]],
        }

    def _card(self, card: dict[str, Any], kind: str, step: dict[str, Any] | None) -> dict[str, Any]:
        today = self._workbench.today()
        closes = card["closed_on"] if kind == "won" else card["expected_close_on"]
        due = step["due_at"] if step else None
        return {
            "id": card["deal_id"],
            "name": card["deal"],
            "party": card["party"] or _("No customer yet"),
            "party_id": card["party_id"] or 0,
            "owner": shown.avatar(card["owner"]) if card["owner"] else None,
            "amount": shown.amount(card["amount"]),
            "closes": shown.day(closes, self._workbench) or _("No date"),
            "late": bool(kind == "open" and closes and closes < today),
            "kind": kind,
            "step": self._step(step, due),
        }

    def _step(self, step: dict[str, Any] | None, due: Any) -> dict[str, Any]:
        if step is None:
            return {}
        when = shown.day(self._workbench.settings.local(due).date(), self._workbench) if due else ""
        late = bool(due and due < self._workbench.now())
        icon = shown.ACTIVITY_ICONS.get(step["kind"].value, "")
        return {"icon": icon, "text": step["subject"], "when": when, "late": late}

    def _reasons(self, offered: list[dict[str, Any]], counts: dict[str, int]) -> list[dict[str, Any]]:
        return [
            {"value": one["word"], "title": _(one["label"]), "count": format_number(counts.get(one["word"], 0))}
            for one in offered
        ]

    def _tell(self, text: str, undo: tuple[int, int] | None = None) -> None:
        self._undo = undo
        self._n += 1
        self.toast = {"number": self._n, "text": text, "undo": undo is not None}

    def _refuse(self, deal_id: int, refusal: CrmError) -> None:
        self._n += 1
        self.refused = {"number": self._n, "deal_id": deal_id}
        self.toast = {"number": self._n, "text": str(refusal), "undo": False, "refused": True}


def _busiest(pipelines: list[dict[str, Any]]) -> int:
    """The pipeline to open with where none is asked for: the oldest of those that have most open deals."""
    return max(pipelines, key=lambda one: one["n_open"], default={"pipeline_id": 0})["pipeline_id"]


def _total(columns: list[dict[str, Any]]) -> list[Any]:
    totals: dict[str, Any] = {}
    for column in columns:
        for money in column["sums"]:
            totals[money.currency] = totals[money.currency] + money if money.currency in totals else money
    return list(totals.values())
