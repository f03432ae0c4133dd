"""Quick add as a dialog, and as a sheet on a phone."""

from typing import Any

import traitlets as tl

from widgets.desk.quick_add.model import QuickAddModel
from widgets.shared import arrived
from widgets.shared.mirror import mirror
from widgets.shared.ui import View


class QuickAdd(View):
    """What is typed stays in the browser, through errors and reloads, until it is saved."""

    template_file = (__file__, "quick_add.vue")
    forms = tl.List(tl.Dict()).tag(sync=True)
    errors = tl.Dict().tag(sync=True)
    summary = tl.Unicode().tag(sync=True)
    near = tl.List(tl.Dict()).tag(sync=True)
    options = tl.Dict().tag(sync=True)
    saved = tl.Dict().tag(sync=True)
    answered = tl.Int().tag(sync=True)
    message = tl.Unicode().tag(sync=True)

    def __init__(self, model: QuickAddModel) -> None:
        super().__init__()
        self._model = model
        mirror(model, self)

    def vue_prepare(self, _data: Any = None) -> None:
        self._model.prepare()

    def vue_check(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.check(asked.get("form"), asked.get("key"), asked.get("typed"))

    def vue_find(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.find(asked.get("key"), asked.get("typed"), asked.get("kind"))

    def vue_save(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.save(asked.get("form"), asked.get("typed"))
