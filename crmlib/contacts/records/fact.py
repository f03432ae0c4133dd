"""The Farley file: small personal facts, so that whoever meets a customer remembers what a friend would."""

from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from crmlib.base import Base, Tracked, field, folded, from_row
from crmlib.contacts.records.party import Party
from crmlib.i18n import lazy


class FactTopic(StrEnum):
    """What a fact is about."""

    LIKES = "likes"
    DISLIKES = "dislikes"
    HOBBY = "hobby"
    INTEREST = "interest"
    FAMILY = "family"
    PET = "pet"
    HEALTH = "health"
    DATES = "dates"
    WORK = "work"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _TOPIC_LABELS[self]


_TOPIC_LABELS = {
    FactTopic.LIKES: lazy("Likes"),
    FactTopic.DISLIKES: lazy("Dislikes"),
    FactTopic.HOBBY: lazy("Hobby"),
    FactTopic.INTEREST: lazy("Interest"),
    FactTopic.FAMILY: lazy("Family"),
    FactTopic.PET: lazy("Pet"),
    FactTopic.HEALTH: lazy("Health"),
    FactTopic.DATES: lazy("A day to remember"),
    FactTopic.WORK: lazy("Work"),
    FactTopic.OTHER: lazy("Other"),
}


class Fact(Tracked, Base):
    """One thing that is known of a party, and from where.

    `source` is who said it or where it is from, in words; `source_party_id` the party who said it, where we know
    them. `said_on` is the day it was said, `day_on` a day that the fact is about (the dog's birthday), and
    `remind_yearly` asks to be reminded each year on it. `folded` is the value as it is searched.
    """

    __tablename__ = "fact"
    __table_args__ = (Index("ix_fact_topic_folded", "topic", "folded"),)

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    topic: Mapped[FactTopic] = mapped_column(info=field(lazy("Topic"), "choice", choices=FactTopic, required=True))
    value: Mapped[str] = mapped_column(info=field(lazy("Fact"), required=True))
    folded: Mapped[str] = mapped_column(default=from_row(folded, "value"))
    source: Mapped[str | None] = mapped_column(info=field(lazy("Said by")))
    source_party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    said_on: Mapped[date | None] = mapped_column(info=field(lazy("Said on"), "date"))
    day_on: Mapped[date | None] = mapped_column(info=field(lazy("Day"), "date"))
    remind_yearly: Mapped[bool] = mapped_column(default=False)
    party: Mapped[Party] = relationship(foreign_keys=party_id)

    @validates("value")
    def _fold(self, _key: str, value: str) -> str:
        self.folded = folded(value)
        return value
