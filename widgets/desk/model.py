"""What the desk as a whole knows: which view is shown, how to find things, who sits at it."""

from typing import Any

import traitlets as tl

from crmlib import Workbench
from crmlib.i18n import gettext as _
from crmlib.search import Hit, all_kinds, search
from widgets.shared import arrived, shown
from widgets.shared.ui import errors_shown_in

# What stands in an address as `?view=…`, with the departments of the rail first.
VIEWS = ("customers", "pipeline", "party")

# So many of each kind are offered: customers are looked for most.
_OFFERED = {"party": 8}
_OFFERED_ELSE = 4


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
        """Offer what fits what is being typed into the search, by kind; `found_for` says what that was."""
        text = arrived.text(typed, 100).strip()
        if not text:
            self.found, self.found_for = [], ""
            return
        with errors_shown_in(self), self._workbench.reading() as session:
            groups = search(session, text, limit=max(_OFFERED.values()))
            self.found = [
                self._offer(hit, _(all_kinds()[record].label) if not at else "")
                for record, hits in groups.items()
                for at, hit in enumerate(hits[: _OFFERED.get(record, _OFFERED_ELSE)])
            ]
        self.found_for = text

    def _offer(self, hit: Hit, group: str) -> dict[str, Any]:
        """A line of the list: `group` is the heading above it, `name_parts` its name cut where it is to be marked."""
        said = [hit.organization or ""]
        if hit.record == "party" and not hit.organization and hit.sort == "organization":
            said = [_("Organization")]
        if hit.amount is not None:
            said.append(shown.amount(hit.amount))
        if hit.on is not None:
            said.append(shown.day(hit.on, self._workbench))
        if hit.part not in ("name", "organization"):
            said.append(_snippet(hit))
        icons = {
            "deal": "mdi-handshake-outline",
            "product": "mdi-package-variant-closed",
            "order": "mdi-receipt-text-outline",
        }
        icon = shown.ACTIVITY_ICONS.get(hit.sort or "", "") if hit.record == "activity" else icons.get(hit.record, "")
        return {
            "key": f"{hit.record}-{hit.record_id}",
            "id": hit.record_id,
            "group": group,
            "name": hit.title,
            "name_parts": _marked(hit.title, hit.title_at),
            "about": " · ".join(one for one in said if one),
            "icon": icon,
            "avatar": shown.avatar(hit.title, hit.sort or "") if hit.record == "party" else None,
            "go": _page_of(hit),
        }


def _page_of(hit: Hit) -> dict[str, Any] | None:
    """Where a hit is looked at; None where no page shows it yet."""
    if hit.record == "deal":
        return {"view": "pipeline", "query": {"deal": hit.record_id}}
    if hit.party_id is not None:
        return {"view": "party", "query": {"id": hit.party_id}}
    return None


def _marked(text: str, places: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """`text` in pieces, those at `places` with `hit`."""
    pieces, at = [], 0
    for start, end in places:
        pieces += [{"text": text[at:start], "hit": False}, {"text": text[start:end], "hit": True}]
        at = end
    pieces.append({"text": text[at:], "hit": False})
    return [piece for piece in pieces if piece["text"]]


def _snippet(hit: Hit) -> str:
    """What stands where the text was found: all of it, or the words around it."""
    start, end = hit.matched_at[0] if hit.matched_at else (0, 0)
    text = hit.matched
    if len(text) > 60:
        low, high = max(0, start - 25), end + 35
        text = ("…" if low else "") + text[low:high] + ("…" if high < len(text) else "")
    return " ".join(text.split())
