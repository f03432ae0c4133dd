"""What may be asked of the Farley file: facts, who likes what, which days are to be remembered."""

from calendar import isleap
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import like_pattern, read_frame
from crmlib.contacts.records import Fact, FactTopic, Party, Person, folded
from crmlib.i18n import gettext as _

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FACTS", "days_to_remember", "facts", "interests", "interests_of", "remembered"]

FACTS = {
    "fact_id": "int64",
    "party_id": "int64",
    "party": "str",
    "topic": "category",
    "value": "str",
    "source": "str",
    "source_party_id": "Int64",
    "said_on": "datetime64[s]",
    "day_on": "datetime64[s]",
    "remind_yearly": "bool",
    "created_at": "datetime64[us, UTC]",
}
INTERESTS = {"interest": "str", "n_parties": "int64"}


def facts(
    session: Session, *, party_id: int | None = None, topic: FactTopic | str | None = None, search: str = ""
) -> "pd.DataFrame":
    """The Farley file, by party and topic, oldest first.

    One row per fact; `fact_id` is unique. Columns are `FACTS`, also when nothing is known. `search` keeps the facts
    that hold it, whatever their case and accents.
    """
    rows = (
        select(
            Fact.id.label("fact_id"),
            Fact.party_id,
            Party.name.label("party"),
            Fact.topic,
            Fact.value,
            Fact.source,
            Fact.source_party_id,
            Fact.said_on,
            Fact.day_on,
            Fact.remind_yearly,
            Fact.created_at,
        )
        .join(Party, Party.id == Fact.party_id)
        .order_by(Party.folded, Fact.party_id, Fact.topic, Fact.id)
    )
    if party_id is not None:
        rows = rows.where(Fact.party_id == party_id)
    if topic is not None:
        rows = rows.where(Fact.topic == FactTopic(topic))
    if search.strip():
        rows = rows.where(Fact.folded.like(like_pattern(folded(search)), escape="\\"))
    return read_frame(session, rows, FACTS)


def remembered(session: Session, party_id: int) -> list[Fact]:
    """What a party's page shows of the Farley file, by topic, the newest of each first."""
    order = (Fact.topic, Fact.id.desc())
    return list(session.scalars(select(Fact).where(Fact.party_id == party_id).order_by(*order)))


def interests(session: Session) -> "pd.DataFrame":
    """What people are interested in, the most common first.

    One row per interest, whatever its case and accents; `interest` is one of its spellings, `n_parties` who shares it.
    """
    rows = (
        select(func.min(Fact.value).label("interest"), func.count(Fact.party_id.distinct()).label("n_parties"))
        .join(Party, Party.id == Fact.party_id)
        .where(Fact.topic == FactTopic.INTEREST, Party.is_archived.is_(False))
        .group_by(Fact.folded)
        .order_by(func.count(Fact.party_id.distinct()).desc(), Fact.folded)
    )
    return read_frame(session, rows, INTERESTS)


def interests_of(session: Session, party_id: int) -> list[str]:
    """The interests of one party, by the alphabet."""
    rows = select(Fact.value).where(Fact.party_id == party_id, Fact.topic == FactTopic.INTEREST)
    return list(session.scalars(rows.order_by(Fact.folded)))


def days_to_remember(session: Session, *, since: date, until: date) -> list[dict[str, Any]]:
    """Birthdays, anniversaries and yearly facts that fall on a day from `since` to `until`, soonest first.

    One dict per day: on (this year's), party_id, party, what (in words), and years, how many it will be; None where
    no year is known to count from. February 29 is kept on the 28th in other years. Archived parties are left out.
    """
    known = [
        (select(Person.id, Person.name, Person.birthday_on), Person.birthday_on, _("Birthday")),
        (select(Person.id, Person.name, Person.anniversary_on), Person.anniversary_on, _("Anniversary")),
    ]
    found: list[tuple[Any, ...]] = []
    several_months = (until - since).days >= 28
    months = {(since + timedelta(days=n)).month for n in range(min(max((until - since).days, 0), 366) + 1)}
    for rows, column, what in known:
        chosen = rows.where(column.is_not(None), Person.is_archived.is_(False))
        if not several_months or len(months) < 12:
            chosen = chosen.where(func.extract("month", column).in_(sorted(months)))
        found += [(party_id, name, day, what) for party_id, name, day in session.execute(chosen)]
    yearly = (
        select(Fact.party_id, Party.name, Fact.day_on, Fact.value)
        .join(Party, Party.id == Fact.party_id)
        .where(Fact.remind_yearly, Fact.day_on.is_not(None), Party.is_archived.is_(False))
    )
    found += [tuple(row) for row in session.execute(yearly)]
    days = [
        {"on": on, "party_id": party_id, "party": name, "what": what, "years": on.year - day.year or None}
        for party_id, name, day, what in found
        for year in range(since.year, until.year + 1)
        if since <= (on := _in_year(day, year)) <= until and on >= day
    ]
    return sorted(days, key=lambda one: (one["on"], folded(one["party"]), one["what"]))


def _in_year(day: date, year: int) -> date:
    return (
        day.replace(year=year, day=28)
        if (day.month, day.day) == (2, 29) and not isleap(year)
        else day.replace(year=year)
    )
