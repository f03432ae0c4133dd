"""What happens to deals."""

from dataclasses import dataclass
from typing import ClassVar

from crmlib.base import Event
from crmlib.i18n import lazy


@dataclass(frozen=True, kw_only=True)
class DealEvent(Event):
    """Something happened to a deal; the amount is the one it had then, in minor units."""

    record: ClassVar[str] = "deal"
    says: ClassVar[str] = "{deal}"
    deal: str
    stage: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class DealOpened(DealEvent):
    """Work on a sale began."""

    says: ClassVar[str] = lazy("{deal} opened in {stage}")


@dataclass(frozen=True, kw_only=True)
class DealMoved(DealEvent):
    """A deal entered another stage."""

    says: ClassVar[str] = lazy("{deal} moved to {stage}")


@dataclass(frozen=True, kw_only=True)
class DealWon(DealEvent):
    """A deal was won."""

    says: ClassVar[str] = lazy("{deal} won")


@dataclass(frozen=True, kw_only=True)
class DealLost(DealEvent):
    """A deal was lost, and for this reason where somebody gave one."""

    says: ClassVar[str] = lazy("{deal} lost")
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class DealReopened(DealEvent):
    """A deal that was closed is open again."""

    says: ClassVar[str] = lazy("{deal} reopened in {stage}")
