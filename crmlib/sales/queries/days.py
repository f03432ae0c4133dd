"""Days as moments."""

from datetime import UTC, date, datetime, time, timedelta


def day_begins(day: date, *, after: int = 0) -> datetime:
    """The first moment of a day in UTC, or of the day so many days after it."""
    return datetime.combine(day + timedelta(days=after), time(), UTC)
