"""What an undo did, what it tells, and an undo under way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session

from crmlib.base.history.kinds import mapper_of
from crmlib.base.history.numbers import gapless
from crmlib.base.history.saying import title_of, title_of_gone, unit_of
from crmlib.base.journal import Event, JournalEntry, keep_rows, stamp
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy

#: What is spared is told one by one up to here, and counted beyond.
MOST_TOLD = 1_000


@dataclass(frozen=True, kw_only=True)
class ChangeUndone(Event):
    """One change was taken back; `record_id` is its number in the journal."""

    record: ClassVar[str] = "journal"
    says: ClassVar[str] = lazy("A change was taken back")
    batch: str
    n_spared: int


@dataclass(frozen=True, kw_only=True)
class BatchUndone(Event):
    """A whole batch was taken back; `record_id` is the number of its first row in the journal."""

    record: ClassVar[str] = "journal"
    says: ClassVar[str] = lazy("A batch of {n_undone} changes was taken back")
    batch: str
    n_undone: int
    n_spared: int


@dataclass(frozen=True)
class Spared:
    """What an undo left as it is: a record, or one `field` of it, and the sentence that says why.

    `field` is a key of the catalogue of fields (an amount and its currency are one), None for the whole record.
    `title` is what the record is called: "Ana Popescu", "Deal Big one". `str()` says all of it.
    """

    record: str
    record_id: int
    field: str | None
    why: str
    title: str = ""

    def __str__(self) -> str:
        return _("{title}: {why}").format(title=self.title, why=self.why)


@dataclass
class Undone:
    """What an undo did. `batch` is its own: undo that, and everything is back. `spared` lists up to `MOST_TOLD`."""

    batch: str
    n_undone: int = 0
    n_spared: int = 0
    spared: list[Spared] = field(default_factory=list)


class Undoing:
    """An undo under way: a batch of its own in the journal, and what it has spared so far.

    Use it with `with`: on leaving, what came back is linked again and all is written.
    """

    def __init__(self, session: Session, finish: Callable[["Undoing"], None]) -> None:
        self.session = session
        self.done = Undone(f"undo {uuid4()}")
        #: Links to records that may still come back: record, number, attribute, the number it links to.
        self.later: list[tuple[str, int, str, int]] = []
        self._finish = finish
        self._before: Any = None
        self._spared: set[tuple[str, int, str | None]] = set()
        self._told: set[tuple[str, int, str | None]] = set()
        # Numbers of one kind of record that came back and stand in no row of the journal yet.
        self._came: tuple[str, list[int]] = ("", [])

    def __enter__(self) -> "Undoing":
        self.session.flush()
        self._before = self.session.info.get("batch")
        self.session.info["batch"] = self.done.batch
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        try:
            if kind is None:
                self.settle_ranges()
                self._finish(self)
                self.session.flush()
                self.session.expire_all()
        finally:
            self.session.info["batch"] = self._before

    def spare(
        self, record: str, record_id: int, key: str | None, why: Callable[[], str] | str, title: str = ""
    ) -> None:
        """Leave a record, or an attribute of it, as it is; `why` is asked only where it will be told."""
        self._spared.add((record, record_id, key))
        mapper = mapper_of(record)
        shown = key if key is None or mapper is None else unit_of(_kind_with(mapper, key), key).key
        if (record, record_id, shown) in self._told:
            return
        self._told.add((record, record_id, shown))
        self.done.n_spared += 1
        if len(self.done.spared) < MOST_TOLD:
            says = why if isinstance(why, str) else why()
            called = title or title_of(self.session, record, record_id)
            self.done.spared.append(Spared(record, record_id, shown, says, called))

    def spare_entry(self, entry: JournalEntry, why: Callable[[], str] | str) -> None:
        """Leave alone what a row of the journal speaks of, which may be gone."""
        title = title_of_gone(self.session, entry) if len(self.done.spared) < MOST_TOLD else ""
        self.spare(entry.record, entry.record_id, None, why, title)

    def is_spared(self, record: str, record_id: int, key: str) -> bool:
        """Whether this attribute was left alone by a newer change already."""
        return (record, record_id, key) in self._spared

    def guarded(
        self, work: Callable[["Undoing", Mapper[Any], list[JournalEntry]], None], mapper: Any, run: Any
    ) -> None:
        """Do `work` all at once, and where the database refuses something, one by one to find out what."""
        done, spared = self.done.n_undone, self.done.n_spared
        told, known, later = list(self.done.spared), set(self._spared), list(self.later)
        shown = set(self._told)
        try:
            with self.session.begin_nested():
                work(self, mapper, run)
                self.session.flush()
        except IntegrityError:
            self.done.n_undone, self.done.n_spared, self.done.spared = done, spared, told
            self._spared, self._told, self.later = known, shown, later
            if len(run) == 1:
                self.spare_entry(run[0], _("Something else has this place now: the database keeps a value only once."))
                return
            for entry in run:
                self.guarded(work, mapper, [entry])

    def came_back(self, record: str, numbers: Iterable[int]) -> None:
        """Remember many that came back at once, to be written into the journal as ranges."""
        if self._came[0] != record:
            self.settle_ranges()
            self._came = (record, [])
        self._came[1].extend(numbers)

    def settle_ranges(self) -> None:
        """Write what came back in ranges into the journal."""
        record, numbers = self._came
        self._came = ("", [])
        mark = stamp(self.session)
        keep_rows(
            self.session,
            (
                {
                    **mark,
                    "happened_at": mark["at"],
                    "kind": "inserts",
                    "record": record,
                    "record_id": run[0],
                    "party_id": None,
                    "before": {},
                    "after": {"through": run[-1]},
                }
                for run in gapless(sorted(numbers))
            ),
        )


def _kind_with(mapper: Mapper[Any], key: str) -> Mapper[Any]:
    return next((one for one in mapper.self_and_descendants if key in one.column_attrs), mapper)
