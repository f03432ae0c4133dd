"""The list of customers as a table, and as cards on a phone."""

from typing import Any

import traitlets as tl

from widgets.contacts.customers.model import PER_PAGE, CustomersModel
from widgets.shared import arrived
from widgets.shared.mirror import mirror
from widgets.shared.ui import View


class Customers(View):
    """Server-side pages: the browser holds only the rows it shows. A row opens its customer."""

    template_file = (__file__, "customers.vue")
    rows = tl.List(tl.Dict()).tag(sync=True)
    total = tl.Int().tag(sync=True)
    total_text = tl.Unicode().tag(sync=True)
    total_is_more = tl.Bool().tag(sync=True)
    page = tl.Int(1).tag(sync=True)
    per_page = tl.Int(PER_PAGE[0]).tag(sync=True)
    sizes = tl.List(tl.Int(), list(PER_PAGE)).tag(sync=True)
    sort = tl.Unicode().tag(sync=True)
    descending = tl.Bool().tag(sync=True)
    search = tl.Unicode().tag(sync=True)
    lifecycle = tl.Unicode().tag(sync=True)
    tabs = tl.List(tl.Dict()).tag(sync=True)
    message = tl.Unicode().tag(sync=True)

    def __init__(self, model: CustomersModel) -> None:
        super().__init__()
        self._model = model
        mirror(model, self)

    def vue_show(self, asked: Any) -> None:
        self._model.show(arrived.mapping(asked))
