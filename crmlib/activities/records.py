"""What was done and what is to be done: tasks, calls, meetings, notes, and who took part."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from crmlib.base import (
    READ_ONLY,
    Base,
    BigId,
    Customizable,
    Journalled,
    LongText,
    Tracked,
    field,
    folded_from,
    folded_lines,
)
from crmlib.i18n import lazy


class ActivityKind(StrEnum):
    """What kind of work an activity is."""

    TASK = "task"
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    CHAT = "chat"
    NOTE = "note"
    VISIT = "visit"

    @property
    def label(self) -> str:
        return _KIND_LABELS[self]


_KIND_LABELS = {
    ActivityKind.TASK: lazy("Task"),
    ActivityKind.CALL: lazy("Call"),
    ActivityKind.MEETING: lazy("Meeting"),
    ActivityKind.EMAIL: lazy("E-mail"),
    ActivityKind.CHAT: lazy("Chat"),
    ActivityKind.NOTE: lazy("Note"),
    ActivityKind.VISIT: lazy("Visit"),
}


# Set elsewhere than in the form of the record: seen, filtered, mapped, exported.
_NOT_TYPED = ("list", "filter", "import", "export")


class Part(StrEnum):
    """A party's part in an activity: whom it is with, who began it, who is to do it, who else is invited."""

    TARGET = "target"
    SOURCE = "source"
    ASSIGNEE = "assignee"
    ATTENDEE = "attendee"

    @property
    def label(self) -> str:
        return _PART_LABELS[self]


_PART_LABELS = {
    Part.TARGET: lazy("With"),
    Part.SOURCE: lazy("Begun by"),
    Part.ASSIGNEE: lazy("Assigned to"),
    Part.ATTENDEE: lazy("Invited"),
}


class Reply(StrEnum):
    """What somebody answered to an invitation."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"

    @property
    def label(self) -> str:
        return _REPLY_LABELS[self]


_REPLY_LABELS = {
    Reply.ACCEPTED: lazy("Accepted"),
    Reply.TENTATIVE: lazy("Perhaps"),
    Reply.DECLINED: lazy("Declined"),
}


class Result(StrEnum):
    """What came of an activity, as a code that can be counted. `succeeded` says whether it reached its end."""

    DONE = "done"
    HELD = "held"
    REACHED = "reached"
    AGREED = "agreed"
    APPOINTMENT = "another appointment"
    SENT = "sent"
    ANSWERED = "answered"
    CALL_BACK = "call back"
    LEFT_MESSAGE = "left message"
    NO_ANSWER = "no answer"
    WRONG_NUMBER = "wrong number"
    NO_SHOW = "no show"
    REFUSED = "refused"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _RESULT_LABELS[self]

    @property
    def succeeded(self) -> bool:
        return self in _SUCCESSES

    @property
    def reached(self) -> bool:
        """Somebody was met, spoken or written to."""
        return self in _SUCCESSES or self is Result.REFUSED or self is Result.CALL_BACK


_RESULT_LABELS = {
    Result.DONE: lazy("Done"),
    Result.HELD: lazy("Took place"),
    Result.REACHED: lazy("Reached"),
    Result.AGREED: lazy("Agreed"),
    Result.APPOINTMENT: lazy("Another appointment"),
    Result.SENT: lazy("Sent"),
    Result.ANSWERED: lazy("Answered"),
    Result.CALL_BACK: lazy("Asked to call back"),
    Result.LEFT_MESSAGE: lazy("Left a message"),
    Result.NO_ANSWER: lazy("No answer"),
    Result.WRONG_NUMBER: lazy("Wrong number"),
    Result.NO_SHOW: lazy("Nobody came"),
    Result.REFUSED: lazy("Not interested"),
    Result.BOUNCED: lazy("Came back"),
    Result.CANCELLED: lazy("Cancelled"),
}
_SUCCESSES = frozenset(
    {Result.DONE, Result.HELD, Result.REACHED, Result.AGREED, Result.APPOINTMENT, Result.SENT, Result.ANSWERED}
)
_MET = (Result.HELD, Result.AGREED, Result.APPOINTMENT, Result.REFUSED, Result.NO_SHOW, Result.CANCELLED)
# Which results an activity of a kind can have, the usual one first.
RESULTS: dict[ActivityKind, tuple[Result, ...]] = {
    ActivityKind.TASK: (Result.DONE, Result.CANCELLED),
    ActivityKind.CALL: (
        Result.REACHED,
        Result.AGREED,
        Result.APPOINTMENT,
        Result.CALL_BACK,
        Result.LEFT_MESSAGE,
        Result.NO_ANSWER,
        Result.WRONG_NUMBER,
        Result.REFUSED,
        Result.CANCELLED,
    ),
    ActivityKind.MEETING: _MET,
    ActivityKind.VISIT: _MET,
    ActivityKind.EMAIL: (
        Result.SENT,
        Result.ANSWERED,
        Result.AGREED,
        Result.APPOINTMENT,
        Result.NO_ANSWER,
        Result.BOUNCED,
        Result.REFUSED,
        Result.CANCELLED,
    ),
    ActivityKind.CHAT: (
        Result.REACHED,
        Result.ANSWERED,
        Result.AGREED,
        Result.APPOINTMENT,
        Result.NO_ANSWER,
        Result.REFUSED,
        Result.CANCELLED,
    ),
    ActivityKind.NOTE: (Result.DONE,),
}

PRIORITIES = (("low", lazy("Low")), ("normal", lazy("Normal")), ("high", lazy("High")))


class Activity(Customizable, Tracked, Base):
    """One piece of work with or about somebody.

    `due_at` is when it should be done, `starts_at` and `ends_at` when it takes place, `done_at` when it was done;
    an activity without `done_at` is open. `result` is the code of what came of it, `outcome` says it in a few words.
    `follows_id` is the activity at which this one was agreed: *another appointment*. `recurrence_id` is the series it
    belongs to, `slot_at` the moment the series has it at, wherever it was moved to since.
    """

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_open_due", "done_at", "due_at"),
        Index(
            "uq_activity_slot",
            "recurrence_id",
            "slot_at",
            unique=True,
            sqlite_where=text("recurrence_id IS NOT NULL"),
            postgresql_where=text("recurrence_id IS NOT NULL"),
        ),
    )

    kind: Mapped[ActivityKind] = mapped_column(info=field(lazy("Kind"), "choice", choices=ActivityKind, required=True))
    subject: Mapped[str] = mapped_column(info=field(lazy("Subject"), required=True))
    body: Mapped[LongText | None] = mapped_column(info=field(lazy("Notes"), "long"))
    due_at: Mapped[datetime | None] = mapped_column(info=field(lazy("Due"), "moment", shown=_NOT_TYPED))
    starts_at: Mapped[datetime | None] = mapped_column(
        index=True, info=field(lazy("Starts"), "moment", shown=_NOT_TYPED)
    )
    ends_at: Mapped[datetime | None] = mapped_column(info=field(lazy("Ends"), "moment", shown=_NOT_TYPED))
    done_at: Mapped[datetime | None] = mapped_column(info=field(lazy("Done"), "moment", shown=READ_ONLY))
    outcome: Mapped[str | None] = mapped_column(info=field(lazy("Outcome")))
    result: Mapped[Result | None] = mapped_column(info=field(lazy("Result"), "choice", choices=Result))
    priority: Mapped[str] = mapped_column(
        default="normal",
        server_default="normal",
        info=field(lazy("Priority"), "choice", choices=PRIORITIES, required=True),
    )
    location: Mapped[str | None] = mapped_column(info=field(lazy("Place")))
    duration_minutes: Mapped[int | None] = mapped_column(info=field(lazy("Minutes"), "number", low=0, high=100_000))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("activity.id"), index=True)
    recurrence_id: Mapped[int | None] = mapped_column(ForeignKey("recurrence.id"))
    slot_at: Mapped[datetime | None]
    folded: Mapped[str | None] = mapped_column(default=folded_from("subject", "body"))

    participations: Mapped[list["Participation"]] = relationship(
        back_populates="activity", cascade="all, delete-orphan", order_by="Participation.id"
    )
    abouts: Mapped[list["About"]] = relationship(
        back_populates="activity", cascade="all, delete-orphan", order_by="About.id"
    )
    reminders: Mapped[list["Reminder"]] = relationship(
        back_populates="activity", cascade="all, delete-orphan", order_by="Reminder.id"
    )
    recurrence: Mapped["Recurrence | None"] = relationship()

    @validates("subject", "body")
    def _fold(self, key: str, value: str | None) -> str | None:
        now = {"subject": self.subject, "body": self.body, key: value}
        self.folded = folded_lines(now["subject"], now["body"])
        return value

    @hybrid_property
    def shown_at(self) -> datetime:
        """Where it stands on a timeline: when it took place, was done, or is due."""
        return self.starts_at or self.done_at or self.due_at or self.created_at

    @shown_at.inplace.expression
    @classmethod
    def _shown_at(cls) -> ColumnElement[datetime]:
        return func.coalesce(cls.starts_at, cls.done_at, cls.due_at, cls.created_at)


class Participation(Journalled, Base):
    """A party's part in an activity."""

    __tablename__ = "participation"
    __table_args__ = (
        UniqueConstraint("activity_id", "party_id", "part"),
        Index("ix_participation_party_id_part", "party_id", "part"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    part: Mapped[Part] = mapped_column(info=field(lazy("Part"), "choice", choices=Part, required=True))
    reply: Mapped[Reply | None] = mapped_column(info=field(lazy("Reply"), "choice", choices=Reply))
    replied_at: Mapped[datetime | None]
    activity: Mapped[Activity] = relationship(back_populates="participations")


class About(Journalled, Base):
    """The other record an activity is about, a deal or later an order or a ticket: its kind and its number."""

    __tablename__ = "about"
    __table_args__ = (Index("ix_about_record_record_id", "record", "record_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), index=True)
    record: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigInteger)
    activity: Mapped[Activity] = relationship(back_populates="abouts")


class Reminder(Tracked, Base):
    """A wish to be reminded of an activity, for one colleague; NULL there means whoever is to do it.

    Either `minutes_before` the activity, and then `remind_at` moves with it, or at a `remind_at` of its own; NULL
    where the activity has no moment yet. `done_at` is when it was delivered or waved away.
    """

    __tablename__ = "reminder"
    __table_args__ = (Index("ix_reminder_done_at_remind_at", "done_at", "remind_at"),)

    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), index=True)
    for_party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    minutes_before: Mapped[int | None] = mapped_column(
        info=field(lazy("Minutes before"), "number", low=0, high=1_000_000)
    )
    remind_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    activity: Mapped[Activity] = relationship(back_populates="reminders")


class Recurrence(Tracked, Base):
    """A series: `rule` is an RRULE of RFC 5545, counted from `starts_at` by the clock of `zone`.

    Nine o'clock stays nine o'clock when summer time ends. `skipped` holds the slots left out (EXDATE) as ISO text in
    UTC; after `stopped_at` nothing more is made. One occurrence is open at a time, the next is made when it is done.
    """

    __tablename__ = "recurrence"

    rule: Mapped[str]
    starts_at: Mapped[datetime]
    zone: Mapped[str]
    skipped: Mapped[list[str]] = mapped_column(default=list)
    stopped_at: Mapped[datetime | None]
