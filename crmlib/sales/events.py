"""What happens to deals, leads and commissions."""

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


@dataclass(frozen=True, kw_only=True)
class DealAmountChanged(DealEvent):
    """A deal is worth another amount than was thought; both as text with their currency."""

    says: ClassVar[str] = lazy("{deal}: amount now {after}, before {before}")
    amounts: ClassVar[frozenset[str]] = frozenset({"before", "after"})
    before: str
    after: str
    why: str | None = None


@dataclass(frozen=True, kw_only=True)
class DealPipelineChanged(DealEvent):
    """A deal goes on in another pipeline."""

    says: ClassVar[str] = lazy("{deal} moved to {stage} of {pipeline}")
    pipeline: str
    left_pipeline: str


@dataclass(frozen=True, kw_only=True)
class DealAssigned(DealEvent):
    """A deal has another main owner, or none."""

    says: ClassVar[str] = lazy("{deal}: owner now {owner}, before {before}")
    owner: str
    before: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class DealShared(DealEvent):
    """A colleague has a share in a deal, in percent, or another one than before."""

    says: ClassVar[str] = lazy("{deal} shared with {owner}: {share} %")
    owner: str
    share: str


@dataclass(frozen=True, kw_only=True)
class DealUnshared(DealEvent):
    """A colleague has no share in a deal any more."""

    says: ClassVar[str] = lazy("{deal} no longer shared with {owner}")
    owner: str


@dataclass(frozen=True, kw_only=True)
class DealDuplicated(DealEvent):
    """A deal was opened after the pattern of another."""

    says: ClassVar[str] = lazy("{deal} opened in {stage}, after {original}")
    original: str
    original_id: int


@dataclass(frozen=True, kw_only=True)
class DealDeleted(DealEvent):
    """A deal was deleted, and its parts with it."""

    says: ClassVar[str] = lazy("{deal} deleted")
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class DealsHandedOver(Event):
    """All open deals of a colleague went to another; each has a `DealAssigned` of its own."""

    record: ClassVar[str] = "party"
    says: ClassVar[str] = lazy("Open deals of {before} handed over to {owner}: {n}")
    before: str
    owner: str
    n: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeadEvent(Event):
    """Something happened to an inquiry; `lead` is what it is called: its subject, or who asks."""

    record: ClassVar[str] = "lead"
    says: ClassVar[str] = "{lead}"
    lead: str


@dataclass(frozen=True, kw_only=True)
class LeadReceived(LeadEvent):
    """Somebody asked."""

    says: ClassVar[str] = lazy("Inquiry received: {lead}")
    source: str | None = None
    origin: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeadAssigned(LeadEvent):
    """An inquiry has another owner, or none."""

    says: ClassVar[str] = lazy("Inquiry {lead}: owner now {owner}, before {before}")
    owner: str
    before: str


@dataclass(frozen=True, kw_only=True)
class LeadResponded(LeadEvent):
    """An inquiry was answered for the first time."""

    says: ClassVar[str] = lazy("Inquiry {lead} answered")
    waited_minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class LeadStatusChanged(LeadEvent):
    """An inquiry took another open status."""

    says: ClassVar[str] = lazy("Inquiry {lead}: status now {status}")
    status: str


@dataclass(frozen=True, kw_only=True)
class LeadScored(LeadEvent):
    """An inquiry was given a score from 0 to 100."""

    says: ClassVar[str] = lazy("Inquiry {lead}: score now {score}")
    score: int | None
    why: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeadQualified(LeadEvent):
    """There is a sale in an inquiry: a deal was opened."""

    says: ClassVar[str] = lazy("Inquiry {lead} qualified, deal {deal} opened")
    deal: str
    deal_id: int


@dataclass(frozen=True, kw_only=True)
class LeadDisqualified(LeadEvent):
    """There is no sale in an inquiry."""

    says: ClassVar[str] = lazy("Inquiry {lead} disqualified")
    reason: str


@dataclass(frozen=True, kw_only=True)
class LeadReopened(LeadEvent):
    """An inquiry that was closed is open again."""

    says: ClassVar[str] = lazy("Inquiry {lead} reopened")
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeadMerged(LeadEvent):
    """An inquiry turned out to be by somebody we know."""

    says: ClassVar[str] = lazy("Inquiry {lead} is by {party}, not by {before}")
    party: str
    before: str
    before_id: int


@dataclass(frozen=True, kw_only=True)
class LeadDeleted(LeadEvent):
    """An inquiry was deleted."""

    says: ClassVar[str] = lazy("Inquiry {lead} deleted")


@dataclass(frozen=True, kw_only=True)
class CommissionEvent(Event):
    """A seller's commission on a deal; amounts are text with their currency."""

    record: ClassVar[str] = "commission"
    says: ClassVar[str] = "{deal}"
    amounts: ClassVar[frozenset[str]] = frozenset({"amount"})
    deal: str
    deal_id: int
    seller: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class CommissionEarned(CommissionEvent):
    """A won deal earned a commission."""

    says: ClassVar[str] = lazy("{seller} earned {amount} by {deal}")


@dataclass(frozen=True, kw_only=True)
class CommissionReversed(CommissionEvent):
    """A commission was taken back, because its deal was reopened."""

    says: ClassVar[str] = lazy("Commission of {seller} on {deal} taken back: {amount}")


@dataclass(frozen=True, kw_only=True)
class CommissionPaid(CommissionEvent):
    """A commission was paid, or settled where it had been taken back."""

    says: ClassVar[str] = lazy("{amount} paid to {seller} for {deal}")
