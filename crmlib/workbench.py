"""The workbench puts the house together: settings, database, clock, who acts, and the departments."""

import html
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib import activities, billing, catalog, contacts, filters, sales
from crmlib import search as searching
from crmlib.access import Actor, check, guard, narrow
from crmlib.base import (
    InvalidInput,
    JournalEntry,
    NotFound,
    Refused,
    Undone,
    connect,
    migrations,
    sessions,
    transaction,
    undo_batch,
    undo_change,
)
from crmlib.base.history.frames import as_of_frame, changes_frame, history_frame
from crmlib.base.settings import Settings, find_workspace, read_settings, write_settings
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy, ngettext, set_locale

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Department", "NoWorkbench", "Settings", "Workbench", "create_workbench", "open_workbench"]


class Workbench:
    """A workbench that is open: `with wb.session() as session:` writes, `with wb.reading() as session:` reads.

    The departments hang on it for analysts, with the session supplied: `wb.sales.open_deals()`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] | None = None,
        actor: Actor | str = "",
        door: str = "library",
    ) -> None:
        self.settings = settings
        self.engine = connect(settings.database_url)
        self._actor = Actor.of(actor or settings.actor)
        self._clock = clock or _now
        self._writing, self._reading = sessions(
            self.engine,
            clock=self.now,
            actor=self._actor,
            door=door,
            country=settings.country or None,
            currency=settings.currency,
            narrow=narrow,
            guard=guard,
            check=check,
        )
        self.contacts = Department(self, contacts)
        self.catalog = Department(self, catalog)
        self.activities = Department(self, activities)
        self.sales = Department(self, sales)
        self.billing = Department(self, billing)
        self.filters = Department(self, filters)
        self.history = Past(self)
        # Filters speak of days.
        for maker in (self._writing, self._reading):
            maker.kw["info"]["zone"] = settings.zone

    @property
    def actor(self) -> str:
        """The name of who acts here; set it, or an `Actor`, to have somebody else act from now on."""
        return str(self._actor)

    @actor.setter
    def actor(self, who: Actor | str) -> None:
        self._actor = Actor.of(who)
        for maker in (self._writing, self._reading):
            maker.kw["info"]["actor"] = self._actor

    def now(self) -> datetime:
        """This moment, in UTC."""
        return self._clock().astimezone(UTC)

    def today(self) -> date:
        """The day it is in the workbench's own zone."""
        return self.settings.local(self.now()).date()

    @contextmanager
    def session(self, *, batch: str | None = None) -> Iterator[Session]:
        """A transaction: what is done inside is kept together on leaving, or not at all.

        `batch` names what belongs together in the journal, such as an import.
        """
        with transaction(self._writing) as session:
            if batch:
                session.info["batch"] = batch
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, and never waits for a writer."""
        with transaction(self._reading) as session:
            yield session

    def parties(self, filter: str = "", **asked: Any) -> Any:  # noqa: A002  # the word of the trade
        """Those we know who fit a filter, as a frame of `PARTIES`: `wb.parties("city == 'Jakarta'")`."""
        return self.contacts.parties(filter, **asked)

    def deals(self, filter: str = "") -> Any:  # noqa: A002
        """The deals that fit a filter, as a frame of `DEALS`: `wb.deals("status == 'open' and amount > 1000 EUR")`."""
        return self.sales.deals(filter)

    def changes(self, since: int | datetime | date | str = 0, **asked: Any) -> Any:
        """What changed since a number of the journal, a moment or a day: `wb.changes("2026-06-01", actor="Ana")`.

        See `Past.changes`.
        """
        return self.history.changes(since, **asked)

    def history_of(self, record: str | type[Any], number: int) -> Any:
        """All that the journal says of one record, newest first: `wb.history_of("party", 12)`."""
        return self.history.history_of(record, number)

    def as_of(self, record: str | type[Any], moment: datetime | date | str) -> Any:
        """How the records of a kind stood at a moment, or at the end of a day: `wb.as_of("deal", "2026-05-01")`."""
        return self.history.as_of(record, moment)

    def search(self, text: str, *, kinds: Iterable[str] | None = None, limit: int = 8) -> "pd.DataFrame":
        """What fits a text, over parties, deals, activities, products and orders: see `crmlib.search.search`.

        One row per hit, best first within its kind, at most `limit` of a kind; columns are `crmlib.search.FOUND`.
        """
        with self.reading() as session:
            return searching.found(session, text, kinds=kinds, limit=limit)

    def data_version(self) -> int:
        """The number of the newest journal row: what was known when a figure was computed."""
        with self.reading() as session:
            return session.scalar(select(func.max(JournalEntry.number))) or 0

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def __enter__(self) -> "Workbench":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Workbench {self.settings.name!r} in {self.settings.workspace}>"

    def _repr_html_(self) -> str:
        counted = "".join(f"<tr><td>{html.escape(label)}</td></tr>" for label in self._counts())
        return f"<b>{html.escape(self.settings.name)}</b><table>{counted}</table>"

    def _counts(self) -> list[str]:
        with self.reading() as session:

            def count(record: type[Any]) -> int:
                return session.scalar(select(func.count()).select_from(record)) or 0

            n_parties, n_deals = count(contacts.Party), count(sales.Deal)
            n_activities, n_changes = count(activities.Activity), count(JournalEntry)
        return [
            ngettext("{n} party", "{n} parties", n_parties).format(n=n_parties),
            ngettext("{n} deal", "{n} deals", n_deals).format(n=n_deals),
            ngettext("{n} activity", "{n} activities", n_activities).format(n=n_activities),
            ngettext("{n} journal row", "{n} journal rows", n_changes).format(n=n_changes),
        ]


# What a record that is not there is called, for `find`: by table, marked here for the translators.
RECORD_NAMES = (
    lazy("party"),
    lazy("person"),
    lazy("organization"),
    lazy("contact point"),
    lazy("address"),
    lazy("affiliation"),
    lazy("fact"),
    lazy("tag"),
    lazy("tagging"),
    lazy("relation"),
    lazy("consent event"),
    lazy("team member"),
    lazy("product"),
    lazy("activity"),
    lazy("participation"),
    lazy("reminder"),
    lazy("recurrence"),
    lazy("pipeline"),
    lazy("stage"),
    lazy("deal"),
    lazy("seller"),
    lazy("lead"),
    lazy("lead status event"),
    lazy("lost reason"),
    lazy("deal owner"),
    lazy("deal contact"),
    lazy("deal competitor"),
    lazy("deal line"),
    lazy("target"),
    lazy("commission plan"),
    lazy("commission tier"),
    lazy("commission"),
    lazy("fx rate"),
    lazy("price list"),
    lazy("price entry"),
    lazy("party price list"),
    lazy("tax rate"),
    lazy("discount"),
    lazy("coupon"),
    lazy("order"),
    lazy("order line"),
    lazy("applied discount"),
    lazy("payment"),
    lazy("payment method"),
    lazy("refund"),
    lazy("refund line"),
)


class Past:
    """What the journal is good for, as analysts use it: what changed, how things stood, and taking back."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench

    def changes(
        self,
        since: int | datetime | date | str = 0,
        *,
        record: str | tuple[str, int] | None = None,
        actor: str | None = None,
        batch: str | None = None,
        limit: int = 10_000,
    ) -> Any:
        """What changed and happened since a number of the journal, a moment or a day, oldest first.

        A frame of `CHANGES_FRAME`, one row per row of the journal. `record` is a kind, "party", or one record,
        ("party", 12).
        """
        with self._workbench.reading() as session:
            return changes_frame(session, since=since, record=record, actor=actor, batch=batch, limit=limit)

    def history_of(self, record: str | type[Any], number: int) -> Any:
        """All that the journal says of one record, newest first, as a frame of `CHANGES_FRAME`."""
        with self._workbench.reading() as session:
            return history_frame(session, record, number)

    def as_of(self, record: str | type[Any], moment: datetime | date | str) -> Any:
        """How the records of a kind stood at a moment, or at the end of a day in the workbench's zone.

        One row per record that was there then. Columns are its attributes and, as `custom.<key>`, its custom fields.
        """
        with self._workbench.reading() as session:
            return as_of_frame(session, record, moment)

    def undo_change(self, number: int) -> Undone:
        """Take back one change, by its number in the journal. Raises NotFound, or Refused where it is an event."""
        with self._workbench.session() as session:
            return undo_change(session, number, at=self._workbench.now())

    def undo_batch(self, batch: str) -> Undone:
        """Take back a batch, such as an import, sparing what people changed since. Raises NotFound."""
        with self._workbench.session() as session:
            return undo_batch(session, batch, at=self._workbench.now())

    def __repr__(self) -> str:
        return "<Past: as_of, changes, history_of, undo_batch, undo_change>"


class Department:
    """A room of the house as analysts use it: its queries and actions, with session and time supplied.

    A query reads; an action is a transaction of its own. To do several things together, open `wb.session()` and
    call the room's functions with it.
    """

    def __init__(self, workbench: Workbench, room: ModuleType) -> None:
        self._workbench, self._room = workbench, room
        self.__doc__ = room.__doc__

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._room, name, None) if name in self._room.__all__ else None
        if function is None:
            raise AttributeError(f"{self._room.__name__} has no {name!r}; it has {', '.join(dir(self))}")
        return self._bound(function)

    def __dir__(self) -> list[str]:
        return [name for name in self._room.__all__ if _takes_session(getattr(self._room, name))]

    def __repr__(self) -> str:
        return f"<{self._room.__name__}: {', '.join(dir(self))}>"

    def _bound(self, function: Any) -> Any:
        if not _takes_session(function):
            return function
        workbench = self._workbench
        # `actions.py`, or a folder `actions`
        acts = "actions" in function.__module__.split(".")
        signature = inspect.signature(function)

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if "at" in signature.parameters:
                kwargs.setdefault("at", workbench.now())
            with workbench.session() if acts else workbench.reading() as session:
                return function(session, *args, **kwargs)

        kept = [one for name, one in signature.parameters.items() if name != "session"]
        call.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]  # read by help()
        return call


def open_workbench(
    workspace: Path | str | Settings | None = None,
    *,
    database: str | None = None,
    clock: Callable[[], datetime] | None = None,
    actor: Actor | str = "",
    door: str = "library",
) -> Workbench:
    """The workbench in a folder: the one named, else CRM_WORKSPACE, else `workspace` where we stand.

    `database` names another database than the folder's own; `clock` and `actor` come from outside in tests. Raises
    NotFound where there is no workbench, Unavailable where its database does not answer.
    """
    if isinstance(workspace, Settings):
        settings = workspace
    else:
        folder = find_workspace(workspace)
        if not (folder / "workbench.toml").exists():
            raise NoWorkbench(folder)
        settings = read_settings(folder, database)
    set_locale(settings.locale)
    workbench = Workbench(settings, clock=clock, actor=actor, door=door)
    migrations.bring_up_to_date(workbench.engine)
    return workbench


def create_workbench(
    workspace: Path | str | None = None,
    *,
    database: str | None = None,
    clock: Callable[[], datetime] | None = None,
    actor: str = "",
    door: str = "library",
    **settings: str,
) -> Workbench:
    """A new workbench in a folder, with its database set up; `settings` are the fields of Settings.

    Raises Refused where there is one already, InvalidInput where a setting cannot be.
    """
    folder = find_workspace(workspace)
    if (folder / "workbench.toml").exists():
        raise Refused(_("There is a workbench in {folder} already.").format(folder=folder))
    unknown = set(settings) - set(Settings.__dataclass_fields__)
    if unknown:
        raise InvalidInput(_("Setting"), ", ".join(sorted(unknown)), _("no such setting here"))
    made = Settings(workspace=folder, database_url=database or "", actor=actor, **settings)
    # Customers' data: nobody else on this machine may read it.
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made.runs.mkdir(exist_ok=True)
    set_locale(made.locale)
    workbench = Workbench(made, clock=clock, actor=actor, door=door)
    migrations.upgrade(workbench.engine)
    write_settings(made)
    return workbench


class NoWorkbench(NotFound):
    """There is no workbench in the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__("workbench", folder)
        self.args = (
            _("There is no workbench in {folder} yet. `crm demo` makes one full of examples, `crm init` an empty one.")
            .format(folder=folder),
        )  # fmt: skip


def _takes_session(thing: object) -> bool:
    return inspect.isfunction(thing) and next(iter(inspect.signature(thing).parameters), "") == "session"


def _now() -> datetime:
    return datetime.now(UTC)
