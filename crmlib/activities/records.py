"""What was done and what is to be done: tasks, calls, meetings, notes, and who took part."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from crmlib.base import Base, BigId, LongText, Tracked, field, folded_from, folded_lines
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


class Part(StrEnum):
    """A party's part in an activity: whom it is with, who began it, who is to do it."""

    TARGET = "target"
    SOURCE = "source"
    ASSIGNEE = "assignee"


class Activity(Tracked, Base):
    """One piece of work with or about somebody.

    `due_at` is when it should be done, `starts_at` and `ends_at` when it takes place, `done_at` when it was done;
    an activity without `done_at` is open. `outcome` says in a few words what came of it.
    """

    __tablename__ = "activity"
    __table_args__ = (Index("ix_activity_open_due", "done_at", "due_at"),)

    kind: Mapped[ActivityKind] = mapped_column(info=field(lazy("Kind"), "choice", choices=ActivityKind, required=True))
    subject: Mapped[str] = mapped_column(info=field(lazy("Subject"), required=True))
    body: Mapped[LongText | None] = mapped_column(info=field(lazy("Notes"), "long"))
    due_at: Mapped[datetime | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(info=field(lazy("Outcome")))
    folded: Mapped[str | None] = mapped_column(default=folded_from("subject", "body"))

    participations: Mapped[list["Participation"]] = relationship(
        back_populates="activity", cascade="all, delete-orphan", order_by="Participation.id"
    )
    abouts: Mapped[list["About"]] = relationship(
        back_populates="activity", cascade="all, delete-orphan", order_by="About.id"
    )

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


class Participation(Base):
    """A party's part in an activity."""

    __tablename__ = "participation"
    __table_args__ = (
        UniqueConstraint("activity_id", "party_id", "part"),
        Index("ix_participation_party_id_part", "party_id", "part"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    part: Mapped[Part]
    activity: Mapped[Activity] = relationship(back_populates="participations")


class About(Base):
    """The other record an activity is about, a deal or later an order or a ticket: its kind and its number."""

    __tablename__ = "about"
    __table_args__ = (Index("ix_about_record_record_id", "record", "record_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), index=True)
    record: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigInteger)
    activity: Mapped[Activity] = relationship(back_populates="abouts")
