"""The shell: rail, bar, search, toast, and the views it holds, each built on its first visit."""

from collections.abc import Callable
from typing import Any

import traitlets as tl
from ipywidgets import widget_serialization

from crmlib import Workbench
from crmlib.i18n import gettext as _
from widgets.admin.fields import Fields, FieldsModel
from widgets.contacts.customer import Customer, CustomerModel
from widgets.contacts.customers import ORDER, Customers, CustomersModel
from widgets.desk.model import DeskModel
from widgets.desk.quick_add import QuickAdd, QuickAddModel
from widgets.sales.pipeline import Pipeline, PipelineModel
from widgets.shared import arrived
from widgets.shared.mirror import mirror
from widgets.shared.ui import View


class Desk(View):
    """One kernel for the whole workspace: moving between views costs one message, not a new page.

    `query` is the page's address as `page_request` reads it. Views tell the shell what they want (go there, show
    this toast) by events on the browser's window, so none of them knows another.
    """

    template_file = (__file__, "desk.vue")
    view = tl.Unicode().tag(sync=True)
    query = tl.Dict().tag(sync=True)
    title = tl.Unicode().tag(sync=True)
    workspace = tl.Dict().tag(sync=True)
    person = tl.Dict().tag(sync=True)
    found = tl.List(tl.Dict()).tag(sync=True)
    found_for = tl.Unicode().tag(sync=True)
    message = tl.Unicode().tag(sync=True)
    panels = tl.Dict().tag(sync=True, **widget_serialization)
    adder = tl.Instance(QuickAdd, allow_none=True).tag(sync=True, **widget_serialization)

    def __init__(self, workbench: Workbench, query: dict[str, Any] | None = None) -> None:
        self._model = DeskModel(workbench)
        self._models: dict[str, Any] = {}
        self._builders: dict[str, Callable[[], tuple[Any, View]]] = {
            "customers": lambda: _pair(CustomersModel(workbench), Customers),
            "fields": lambda: _pair(FieldsModel(workbench), Fields),
            "party": lambda: _pair(CustomerModel(workbench), Customer),
            "pipeline": lambda: _pair(PipelineModel(workbench), Pipeline),
        }
        super().__init__(adder=QuickAdd(QuickAddModel(workbench, self._refresh)))
        mirror(self._model, self)
        asked = dict(query or {})
        self._go(asked.pop("view", ""), asked)

    def vue_go(self, asked: Any) -> None:
        asked = arrived.mapping(asked)
        self._go(asked.get("view"), asked.get("query"))

    def vue_find(self, typed: Any) -> None:
        self._model.find(typed)

    def _go(self, view: Any, query: Any) -> None:
        before = self._model.view
        self._model.go(view, arrived.mapping(query))
        name = self._model.view
        first = name not in self._models
        if first:
            self._models[name], panel = self._builders[name]()
        model = self._models[name]
        # A list that is come back to without a question keeps its search and page; asked anew, it answers anew.
        if first or self._model.query or before == name or name != "customers":
            model.show(_complete(name, self._model.query))
        else:
            model.refresh()
        self._name(name, model)
        if first:
            self.panels = {**self.panels, name: panel}

    def _name(self, name: str, model: Any) -> None:
        titles = {"customers": _("Customers"), "pipeline": _("Pipeline"), "fields": _("Custom fields")}
        self._model.title = titles.get(name) or model.party.get("name") or _("Customer")

    def _refresh(self) -> None:
        """What was added may stand in any view that is open."""
        for model in self._models.values():
            model.refresh()


def _pair(model: Any, view: type[View]) -> tuple[Any, View]:
    return model, view(model)


def _complete(name: str, query: dict[str, Any]) -> dict[str, Any]:
    """An address says all: what it leaves out is as at first, not as it was."""
    if name == "customers":
        return {"search": "", "lifecycle": "", **ORDER, "page": 1, **query}
    if name == "pipeline":
        return {"deal": 0, **query}
    if name == "fields":
        return {"record": "party", **query}
    return query
