"""Tags: short words that anyone may put on any record, to find it again."""

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from crmlib.base import Base, Tracked, field, folded, from_row
from crmlib.i18n import lazy

# Names, so that a theme decides what they look like on paper and in the dark.
TAG_COLOURS = (
    ("grey", lazy("Grey")),
    ("blue", lazy("Blue")),
    ("green", lazy("Green")),
    ("teal", lazy("Teal")),
    ("yellow", lazy("Yellow")),
    ("orange", lazy("Orange")),
    ("red", lazy("Red")),
    ("purple", lazy("Purple")),
)


class Tag(Tracked, Base):
    """A word to put on records. Two tags never differ by case or accents alone: `folded` is unique."""

    __tablename__ = "tag"

    name: Mapped[str] = mapped_column(info=field(lazy("Tag"), required=True))
    folded: Mapped[str] = mapped_column(unique=True, default=from_row(folded, "name"))
    colour: Mapped[str | None] = mapped_column(info=field(lazy("Colour"), "choice", choices=TAG_COLOURS))
    description: Mapped[str | None] = mapped_column(info=field(lazy("Description")))

    @validates("name")
    def _fold(self, _key: str, name: str) -> str:
        self.folded = folded(name)
        return name


class Tagging(Tracked, Base):
    """A tag on a record of any kind: `record` is its kind as the journal calls it, `record_id` its number."""

    __tablename__ = "tagging"
    __table_args__ = (
        UniqueConstraint("tag_id", "record", "record_id"),
        Index("ix_tagging_record_record_id", "record", "record_id"),
    )

    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"))
    record: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigInteger)
    tag: Mapped[Tag] = relationship()

    @property
    def concerns_party_id(self) -> int | None:
        return self.record_id if self.record == "party" else None
