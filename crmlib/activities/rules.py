"""Rules of recurrence (RFC 5545), read with care: by whoever typed or imported them, and counted by a clock."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

from crmlib.base import InvalidInput
from crmlib.i18n import gettext as _

__all__ = ["read_rule", "read_zone", "slots"]

# A rule that never comes to pass is searched no further than this; nobody plans more.
_YEARS = 50
_LONGEST = 500
# Every second is no appointment, and counting them would keep a server busy.
_PACES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})


def read_zone(name: str) -> ZoneInfo:
    """The time zone of this name (Europe/Bucharest); InvalidInput where there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise InvalidInput(_("Time zone"), name, _("write it like Europe/Bucharest")) from None


def read_rule(rule: str, *, starts_at: datetime, zone: str) -> str:
    """An RRULE as it is kept: `FREQ=WEEKLY;BYDAY=MO`. InvalidInput where it cannot be, or never comes to pass."""
    text = re.sub(r"\s", "", rule).upper().removeprefix("RRULE:")
    refusal = InvalidInput(_("Repeats"), rule[:60], _("write a rule such as FREQ=WEEKLY;BYDAY=MO"))
    if not text or len(text) > _LONGEST:
        raise refusal
    parts = _parts(text)
    if parts is None:
        raise refusal
    if parts.get("FREQ") not in _PACES:
        raise InvalidInput(_("Repeats"), rule[:60], _("can be daily, weekly, monthly or yearly"))
    counts = [parts[key] for key in ("INTERVAL", "COUNT") if key in parts]
    if any(not number.isdecimal() or len(number) > 5 or int(number) < 1 for number in counts):
        raise InvalidInput(_("Repeats"), rule[:60], _("INTERVAL and COUNT are whole numbers from 1 to 99999"))
    if "COUNT" in parts and "UNTIL" in parts:
        raise InvalidInput(_("Repeats"), rule[:60], _("ends after a COUNT or on a day UNTIL, not both"))
    try:
        first = next(slots(text, starts_at=starts_at, zone=zone), None)
    except (ValueError, TypeError, OverflowError, KeyError, IndexError, AttributeError):
        raise refusal from None
    if first is None:
        raise InvalidInput(_("Repeats"), rule[:60], _("never comes to pass"))
    return text


def slots(rule: str, *, starts_at: datetime, zone: str) -> Iterator[datetime]:
    """The moments of a series in UTC, in order. Nine o'clock in `zone` stays nine o'clock in summer and in winter."""
    parts, here = _parts(rule) or {}, read_zone(zone)
    begins = starts_at.astimezone(here).replace(tzinfo=None)
    end = begins + timedelta(days=366 * _YEARS)
    if "UNTIL" in parts:
        end = min(end, _until(parts["UNTIL"], here))
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    # Counted here, not by the library: a COUNT of what never happens would be searched for until the year 9999.
    core = ";".join(f"{key}={value}" for key, value in parts.items() if key not in ("COUNT", "UNTIL"))
    found = rrulestr(f"{core};UNTIL={end:%Y%m%dT%H%M%S}", dtstart=begins)
    return (moment.replace(tzinfo=here).astimezone(UTC) for moment in islice(iter(found), count))


def _until(text: str, here: ZoneInfo) -> datetime:
    if re.fullmatch(r"\d{8}", text):
        # A day is meant to its end.
        return datetime.strptime(text, "%Y%m%d").replace(hour=23, minute=59, second=59)  # noqa: DTZ007
    moment = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    return moment.replace(tzinfo=UTC).astimezone(here).replace(tzinfo=None) if text.endswith("Z") else moment


def _parts(text: str) -> dict[str, str] | None:
    pairs = [part.partition("=") for part in text.split(";") if part]
    found = {key: value for key, _sign, value in pairs}
    whole = all(re.fullmatch(r"[A-Z-]+", key) and re.fullmatch(r"[A-Z0-9,+-]+", value) for key, value in found.items())
    return found if whole and len(found) == len(pairs) else None
