"""What the desk as a whole knows: which view is shown, how to find things, who sits at it."""

from typing import Any

import traitlets as tl

from crmlib import Workbench, contacts
from crmlib.i18n import gettext as _
from widgets.shared import arrived, shown
from widgets.shared.ui import errors_shown_in

# What stands in an address as `?view=…`, with the departments of the rail first.
VIEWS = ("customers", "pipeline", "party", "fields")


class DeskModel(tl.HasTraits):
    """`view` and `query` together are the address of what is on screen."""

    view = tl.Unicode()
    query = tl.Dict()
    title = tl.Unicode()
    workspace = tl.Dict()
    person = tl.Dict()
    found = tl.List(tl.Dict())
    found_for = tl.Unicode()
    message = tl.Unicode()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self._workbench = workbench
        name = workbench.settings.name
        self.workspace = {"name": name, "avatar": shown.avatar(name, "organization")}
        if workbench.actor:
            self.person = {"name": workbench.actor, "avatar": shown.avatar(workbench.actor)}

    def go(self, view: Any, query: dict[str, Any]) -> None:
        """Show another view; one there is not is the list of customers."""
        self.query = {arrived.text(key): text for key, value in query.items() if (text := arrived.text(value))}
        self.view = view if isinstance(view, str) and view in VIEWS else VIEWS[0]

    def find(self, typed: Any) -> None:
        """Offer whoever fits what is being typed into the search; `found_for` says what that was."""
        text = arrived.text(typed, 100).strip()
        if not text:
            self.found, self.found_for = [], ""
            return
        with errors_shown_in(self), self._workbench.reading() as session:
            self.found = [
                {
                    "id": one["party_id"],
                    "name": one["party"],
                    "about": one["organization"] or (_("Organization") if one["kind"] == "organization" else ""),
                    "avatar": shown.avatar(one["party"], one["kind"].value),
                }
                for one in contacts.find_parties(session, text)
            ]
        self.found_for = text
