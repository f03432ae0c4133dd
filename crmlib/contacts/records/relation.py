"""Relations: what two parties are to each other."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmlib.base import Base, LongText, Tracked, field
from crmlib.contacts.records.party import Party
from crmlib.i18n import lazy


class RelationKind(StrEnum):
    """What one party is to another. `label` reads from the first to the second, `inverse` from the second back."""

    REFERS = "refers"
    SUPPLIES = "supplies"
    DISTRIBUTES = "distributes for"
    COMPETES = "competes with"
    PARTNERS = "partner of"
    OWNS = "owns"
    ADVISES = "advises"
    MANAGES = "manages"
    ASSISTS = "assists"
    PARENT = "parent of"
    SPOUSE = "spouse of"
    SIBLING = "sibling of"
    RELATIVE = "relative of"
    FRIEND = "friend of"
    KNOWS = "knows"

    @property
    def label(self) -> str:
        return _WORDS[self][0]

    @property
    def inverse(self) -> str:
        return _WORDS[self][1]

    @property
    def is_mutual(self) -> bool:
        """It is the same read from either side."""
        return self.label == self.inverse


_WORDS = {
    RelationKind.REFERS: (lazy("refers"), lazy("referred by")),
    RelationKind.SUPPLIES: (lazy("supplies"), lazy("supplied by")),
    RelationKind.DISTRIBUTES: (lazy("distributes for"), lazy("distributed by")),
    RelationKind.COMPETES: (lazy("competes with"), lazy("competes with")),
    RelationKind.PARTNERS: (lazy("partner of"), lazy("partner of")),
    RelationKind.OWNS: (lazy("owns"), lazy("owned by")),
    RelationKind.ADVISES: (lazy("advises"), lazy("advised by")),
    RelationKind.MANAGES: (lazy("manages"), lazy("reports to")),
    RelationKind.ASSISTS: (lazy("assists"), lazy("assisted by")),
    RelationKind.PARENT: (lazy("parent of"), lazy("child of")),
    RelationKind.SPOUSE: (lazy("spouse of"), lazy("spouse of")),
    RelationKind.SIBLING: (lazy("sibling of"), lazy("sibling of")),
    RelationKind.RELATIVE: (lazy("relative of"), lazy("relative of")),
    RelationKind.FRIEND: (lazy("friend of"), lazy("friend of")),
    RelationKind.KNOWS: (lazy("knows"), lazy("knows")),
}


class Relation(Tracked, Base):
    """`party_id` is `kind` to `other_id`, from one day to another; a mutual one is kept once, in either direction."""

    __tablename__ = "relation"
    __table_args__ = (
        CheckConstraint("party_id <> other_id", name="no_self"),
        Index(
            "uq_relation_open",
            "party_id",
            "other_id",
            "kind",
            unique=True,
            sqlite_where=text("to_on IS NULL"),
            postgresql_where=text("to_on IS NULL"),
        ),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[RelationKind] = mapped_column(
        info=field(lazy("Relation"), "choice", choices=RelationKind, required=True)
    )
    from_on: Mapped[date | None] = mapped_column(info=field(lazy("From"), "date"))
    to_on: Mapped[date | None] = mapped_column(info=field(lazy("To"), "date"))
    note: Mapped[LongText | None] = mapped_column(info=field(lazy("Notes"), "long"))
    party: Mapped[Party] = relationship(foreign_keys=party_id)
    other: Mapped[Party] = relationship(foreign_keys=other_id)
