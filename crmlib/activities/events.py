"""What happens to activities."""

from dataclasses import dataclass
from typing import ClassVar

from crmlib.base import Event
from crmlib.i18n import lazy


@dataclass(frozen=True, kw_only=True)
class ActivityPlanned(Event):
    """Something is to be done."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject} planned")
    activity_kind: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class ActivityDone(Event):
    """Something was done."""

    record: ClassVar[str] = "activity"
    says: ClassVar[str] = lazy("{subject} done")
    activity_kind: str
    subject: str
