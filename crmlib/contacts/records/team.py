"""Who of us works on a party besides the colleague who looks after it."""

from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmlib.base import Base, Tracked, field
from crmlib.contacts.records.party import Party
from crmlib.i18n import lazy


class TeamRole(StrEnum):
    """What a colleague does for a party: owns it too, or helps."""

    OWNER = "owner"
    HELPER = "helper"

    @property
    def label(self) -> str:
        return _ROLE_LABELS[self]


_ROLE_LABELS = {TeamRole.OWNER: lazy("Owner"), TeamRole.HELPER: lazy("Helper")}


class TeamMember(Tracked, Base):
    """A colleague who works on a party beside `Party.owner_id`, the one who answers for it."""

    __tablename__ = "team_member"
    __table_args__ = (UniqueConstraint("party_id", "colleague_id"),)

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    colleague_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    role: Mapped[TeamRole] = mapped_column(info=field(lazy("Role"), "choice", choices=TeamRole, required=True))
    party: Mapped[Party] = relationship(foreign_keys=party_id)
    colleague: Mapped[Party] = relationship(foreign_keys=colleague_id)
