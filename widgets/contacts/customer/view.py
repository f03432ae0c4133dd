"""A customer's page: facts on the left, the timeline in the middle, deals and people on the right."""

from typing import Any

import traitlets as tl

from widgets.contacts.customer.model import CustomerModel
from widgets.shared import arrived
from widgets.shared.fact import fact
from widgets.shared.mirror import mirror
from widgets.shared.ui import View


class Customer(View):
    """Facts are edited where they stand: Enter saves, Esc leaves them as they were."""

    template_file = (__file__, "customer.vue")
    party = tl.Dict().tag(sync=True)
    contact_points = tl.List(tl.Dict()).tag(sync=True)
    facts = tl.List(tl.Dict()).tag(sync=True)
    custom = tl.List(tl.Dict()).tag(sync=True)
    options = tl.Dict().tag(sync=True)
    tags = tl.List(tl.Dict()).tag(sync=True)
    remembered = tl.List(tl.Dict()).tag(sync=True)
    money = tl.List(tl.Dict()).tag(sync=True)
    related = tl.List(tl.Dict()).tag(sync=True)
    deals = tl.List(tl.Dict()).tag(sync=True)
    deal_count = tl.Unicode().tag(sync=True)
    days = tl.List(tl.Dict()).tag(sync=True)
    has_more = tl.Bool().tag(sync=True)
    sieve = tl.Unicode().tag(sync=True)
    sieves = tl.List(tl.Dict()).tag(sync=True)
    contact_kinds = tl.List(tl.Dict()).tag(sync=True)
    log_kinds = tl.List(tl.Dict()).tag(sync=True)
    field_error = tl.Dict().tag(sync=True)
    toast = tl.Dict().tag(sync=True)
    message = tl.Unicode().tag(sync=True)

    def __init__(self, model: CustomerModel) -> None:
        super().__init__(components={"crm-fact": fact()})
        self._model = model
        mirror(model, self)

    def vue_edit(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.edit(asked.get("key"), asked.get("typed"), asked.get("was"))

    def vue_find(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.find(asked.get("key"), asked.get("typed"))

    def vue_edit_contact(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.edit_contact(asked.get("id"), asked.get("typed"), asked.get("was"))

    def vue_add_contact(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.add_contact(asked.get("kind"), asked.get("typed"))

    def vue_log(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._model.log(asked.get("kind"), asked.get("body"))

    def vue_finish(self, activity_id: Any) -> None:
        self._model.finish(activity_id)

    def vue_take_back(self, number: Any) -> None:
        self._model.take_back(number)

    def vue_sift(self, sieve: Any) -> None:
        self._model.sift(sieve)

    def vue_more(self, _data: Any = None) -> None:
        self._model.more()

    def vue_undo(self, _data: Any = None) -> None:
        self._model.undo()
