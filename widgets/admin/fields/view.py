"""Custom fields as a list in their order, with a dialog for one of them; a sheet on a phone."""

from typing import Any

import traitlets as tl

from widgets.admin.fields.model import FieldsModel
from widgets.shared import arrived
from widgets.shared.mirror import mirror
from widgets.shared.ui import View


class Fields(View):
    """What is typed into the dialog stays in the browser until it is saved or the dialog closed."""

    template_file = (__file__, "fields.vue")
    records = tl.List(tl.Dict()).tag(sync=True)
    record = tl.Unicode().tag(sync=True)
    fields = tl.List(tl.Dict()).tag(sync=True)
    archived = tl.List(tl.Dict()).tag(sync=True)
    kinds = tl.List(tl.Dict()).tag(sync=True)
    levels = tl.List(tl.Dict()).tag(sync=True)
    form = tl.Dict().tag(sync=True)
    errors = tl.Dict().tag(sync=True)
    summary = tl.Unicode().tag(sync=True)
    saved = tl.Int().tag(sync=True)
    answered = tl.Int().tag(sync=True)
    toast = tl.Dict().tag(sync=True)
    message = tl.Unicode().tag(sync=True)

    def __init__(self, model: FieldsModel) -> None:
        super().__init__()
        self._model = model
        mirror(model, self)

    def vue_show(self, asked: Any) -> None:
        self._model.show(arrived.mapping(asked))

    def vue_begin(self, field_id: Any = 0) -> None:
        self._model.begin(field_id)

    def vue_close(self, _data: Any = None) -> None:
        self._model.close()

    def vue_check(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.check(asked.get("key"), asked.get("typed"))

    def vue_save(self, typed: Any) -> None:
        self._model.save(typed)

    def vue_move(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.move(asked.get("id"), asked.get("by"))

    def vue_archive(self, field_id: Any) -> None:
        self._model.archive(field_id)

    def vue_restore(self, field_id: Any) -> None:
        self._model.restore(field_id)

    def vue_undo(self, _data: Any = None) -> None:
        self._model.undo()
