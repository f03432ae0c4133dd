"""The company's past, day by day: what somebody did at some moment, carried out in order.

Plans are drawn up first and know no database; each puts entries into the diary. Carried out in the order of time,
with the clock and the actor of each entry, they leave records, history and a journal as two years of work would.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import event
from sqlalchemy.orm import Session

from crmlib.base import Journalled
from crmlib.contacts import Person

Deed = Callable[[Session, datetime], object]
FORGET_AFTER = 100


class DemoClock:
    """The moment at which the demo company is just now."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Diary:
    """Entries up to the morning of `today`; what would come later has not happened yet and is left out."""

    today: date
    entries: list[tuple[datetime, int, str, Deed]] = field(default_factory=list)

    @property
    def ends(self) -> datetime:
        """The moment the past ends, in UTC."""
        return datetime.combine(self.today, time(), UTC)

    def add(self, at: datetime, actor: str, deed: Deed) -> None:
        """`actor` does `deed` at `at`."""
        if at < self.ends:
            self.entries.append((at, len(self.entries), actor, deed))

    def carry_out(self, session: Session, clock: DemoClock, *, staff: Mapping[str, Person]) -> None:
        """Do everything, in the order of time; at one moment, in the order it was written down.

        The records of `staff` stay in the session throughout, others are forgotten now and then.
        """
        held: list[object] = []

        def hold(_session: Session, record: object) -> None:
            # Else the garbage collector decides which records are read again, and no two demos are alike.
            held.append(record)

        for moment_of_life in ("pending_to_persistent", "loaded_as_persistent"):
            event.listen(session, moment_of_life, hold)
        with session.no_autoflush:
            ordered = sorted(self.entries, key=lambda entry: entry[:2])
            for number, (at, _number, actor, deed) in enumerate(ordered):
                clock.now = at
                session.info["actor"] = actor
                deed(session, at)
                # What an entry changed is journalled at its moment, by its actor. The events it told carry both
                # already, and are written together with the next entry: a third of the time saved.
                if session.dirty or session.deleted or any(isinstance(record, Journalled) for record in session.new):
                    session.flush()
                if number % FORGET_AFTER == 0:
                    # A session that knows thousands of records is slow: it looks through them at every update.
                    session.flush()
                    session.expunge_all()
                    session.add_all(staff.values())
                    held.clear()
            session.flush()


def working_day(day: date) -> date:
    """The day itself, or the Monday after it."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= 5 else day


def moment(day: date, hour: float) -> datetime:
    """A moment of a day, in UTC; `hour` 13.5 is half past one."""
    return datetime.combine(day, time(), UTC) + timedelta(minutes=round(hour * 60))
