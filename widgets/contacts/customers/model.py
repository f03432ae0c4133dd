"""What the list of customers shows and what can be done to it; no pixels in here."""

from collections.abc import Iterable
from typing import Any

import traitlets as tl

from crmlib import Workbench, activities, contacts, sales
from crmlib.base import MOST_COUNTED
from crmlib.contacts import Lifecycle
from crmlib.i18n import format_number
from crmlib.i18n import gettext as _
from widgets.shared import arrived, shown
from widgets.shared.ui import errors_shown_in

PER_PAGE = (20, 50, 100)

# Whom somebody last spoke with is who is worked with now.
ORDER: dict[str, Any] = {"sort": "last_activity_at", "descending": True}


class CustomersModel(tl.HasTraits):
    """A page of everyone we know, as the database sorts and searches it."""

    rows = tl.List(tl.Dict())
    total = tl.Int()
    total_text = tl.Unicode()
    total_is_more = tl.Bool(False)
    page = tl.Int(1)
    per_page = tl.Int(PER_PAGE[0])
    sort = tl.Unicode(ORDER["sort"])
    descending = tl.Bool(ORDER["descending"])
    search = tl.Unicode()
    lifecycle = tl.Unicode()
    tabs = tl.List(tl.Dict())
    message = tl.Unicode()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self._workbench = workbench

    def show(self, asked: dict[str, Any]) -> None:
        """Show what is asked for by `search`, `lifecycle`, `sort`, `descending`, `page`, `per_page`.

        What is left out stays as it is; another search or order begins at the first page again.
        """
        before = (self.search, self.lifecycle, self.sort, self.descending, self.per_page)
        self.search = arrived.text(asked.get("search", self.search))
        self.lifecycle = _known_lifecycle(asked.get("lifecycle", self.lifecycle))
        self.sort = arrived.text(asked.get("sort", self.sort))
        # From an address it comes as text.
        self.descending = str(asked.get("descending", self.descending)) in ("True", "1", "true")
        self.per_page = arrived.whole(asked.get("per_page"), self.per_page)
        if self.per_page not in PER_PAGE:
            self.per_page = PER_PAGE[0]
        same = before == (self.search, self.lifecycle, self.sort, self.descending, self.per_page)
        self.page = max(1, arrived.whole(asked.get("page"), self.page if same else 1))
        self.refresh()

    def refresh(self) -> None:
        """Read the page anew."""
        with errors_shown_in(self), self._workbench.reading() as session:
            found = self._read(session)
            last = max(1, -(-found.total // self.per_page))
            # Where nobody has counted to the end, the list may go on past it.
            if self.page > last and not found.rows:
                self.page = last
                found = self._read(session)
            numbers = [row["party_id"] for row in found.rows]
            kinds = activities.latest_kinds(session, numbers)
            open_ones = sales.open_deal_sums(session, numbers)
            self.tabs = self._tabs(contacts.lifecycle_counts(session, most=MOST_COUNTED + 1))
            self.rows = [self._row(row, kinds, open_ones) for row in found.rows]
            self.total, self.total_is_more = found.total, found.total_is_more
            self.total_text = format_number(found.total) + ("+" if found.total_is_more else "")

    def _read(self, session: Any) -> Any:
        return contacts.parties_page(
            session,
            search=self.search,
            lifecycle=Lifecycle(self.lifecycle) if self.lifecycle else None,
            sort=self.sort,
            descending=self.descending,
            page=self.page,
            per_page=self.per_page,
        )

    def _tabs(self, counts: dict[str, int]) -> list[dict[str, Any]]:
        tabs = [{"value": "", "label": _("All"), "count": _count(counts.values())}]
        for lifecycle in Lifecycle:
            if counts.get(lifecycle.value) or lifecycle.value == self.lifecycle:
                count = _count([counts.get(lifecycle.value, 0)])
                tabs.append({"value": lifecycle.value, "label": _(lifecycle.label), "count": count})
        return tabs

    def _row(self, row: dict[str, Any], kinds: dict[int, str], open_ones: dict[int, Any]) -> dict[str, Any]:
        count, money = open_ones.get(row["party_id"], (0, []))
        icon = shown.ACTIVITY_ICONS.get(kinds.get(row["party_id"], ""), "")
        return {
            "id": row["party_id"],
            "name": row["party"],
            "avatar": shown.avatar(row["party"], row["kind"].value),
            "organization": row["organization"] or "",
            "lifecycle": shown.lifecycle(row["lifecycle"]),
            "owner": row["owner"] or "",
            "place": shown.place(row["city"], row["country"]),
            "last": shown.moment(row["last_activity_at"], self._workbench) | {"icon": icon},
            "open": {"count": count, "text": shown.sums(money)},
        }


def _count(counts: Iterable[int]) -> str:
    counts = list(counts)
    most = sum(min(one, MOST_COUNTED) for one in counts)
    return format_number(most) + ("+" if any(one > MOST_COUNTED for one in counts) else "")


def _known_lifecycle(value: Any) -> str:
    return value if isinstance(value, str) and value in {one.value for one in Lifecycle} else ""
