"""The pipeline as a board of cards, and the open deal in a panel beside it."""

from typing import Any

import traitlets as tl

from widgets.sales.pipeline.model import PipelineModel
from widgets.shared import arrived
from widgets.shared.fact import fact
from widgets.shared.mirror import mirror
from widgets.shared.ui import View


class Pipeline(View):
    """Cards move by mouse, by touch and by keyboard; the browser moves them at once, the model says what holds."""

    template_file = (__file__, "pipeline.vue")
    pipelines = tl.List(tl.Dict()).tag(sync=True)
    pipeline_id = tl.Int().tag(sync=True)
    owners = tl.List(tl.Dict()).tag(sync=True)
    owner_id = tl.Int().tag(sync=True)
    search = tl.Unicode().tag(sync=True)
    columns = tl.List(tl.Dict()).tag(sync=True)
    open_text = tl.Unicode().tag(sync=True)
    reasons = tl.List(tl.Dict()).tag(sync=True)
    deal = tl.Dict().tag(sync=True)
    field_error = tl.Dict().tag(sync=True)
    options = tl.Dict().tag(sync=True)
    toast = tl.Dict().tag(sync=True)
    refused = tl.Dict().tag(sync=True)
    message = tl.Unicode().tag(sync=True)

    def __init__(self, model: PipelineModel) -> None:
        super().__init__(components={"crm-fact": fact()})
        self._model = model
        mirror(model, self)

    def vue_show(self, asked: Any) -> None:
        self._model.show(arrived.mapping(asked))

    def vue_move(self, dropped: Any) -> None:
        dropped = arrived.mapping(dropped)
        self._model.move(dropped.get("deal_id"), dropped.get("stage_id"))

    def vue_win(self, deal_id: Any) -> None:
        self._model.win(deal_id)

    def vue_lose(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.lose(asked.get("deal_id"), asked.get("reason"), asked.get("note"))

    def vue_reopen(self, deal_id: Any) -> None:
        self._model.reopen(deal_id)

    def vue_undo(self, _data: Any = None) -> None:
        self._model.undo()

    def vue_more(self, stage_id: Any) -> None:
        self._model.more(stage_id)

    def vue_open_deal(self, deal_id: Any) -> None:
        self._model.open_deal(deal_id)

    def vue_find(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.find(asked.get("key"), asked.get("typed"))

    def vue_edit(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.edit(asked.get("key"), asked.get("typed"), asked.get("was"))
