"""The deals as they stood at the end of a day, and which day and quarter to look at when nobody says."""

from datetime import date, timedelta

import pandas as pd

from crmlib.reporting.sales_review.periods import Quarter

# A record that has been silent for longer than a quarter has ended: its last day is the day to read it as of.
SILENT_DAYS = 92
STATUS = pd.CategoricalDtype(["lost", "open", "won"])


def deals_as_of(deals: pd.DataFrame, events: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The deals that existed at the end of a day, with the status and stage they had then.

    Deals opened later are left out; one without an opening day is kept, for nobody knows. A deal closed later is
    open. Names, amounts and owners are those on record now: their history is not kept yet.
    """
    day = pd.Timestamp(as_of)
    then = deals[~(deals["opened_on"] > day)].copy()
    later = then["closed_on"] > day
    then["status"] = then["status"].astype("str").mask(later, "open").astype(STATUS)
    then["closed_on"] = then["closed_on"].mask(later)
    then["lost_reason"] = then["lost_reason"].mask(later)
    moments = events["entered_at"].dt.tz_localize(None).dt.normalize()
    moved_since = set(events.loc[moments > day, "deal_id"]) | set(then.loc[later, "deal_id"])
    if moved_since:
        seen = events[~(moments > day) & events["deal_id"].isin(moved_since)]
        seen = seen.sort_values(["entered_at", "stage_position"], na_position="first", kind="stable")
        last = seen.drop_duplicates("deal_id", keep="last").set_index("deal_id")
        affected = then["deal_id"].isin(moved_since)
        for column in ("stage", "stage_position"):
            was = then.loc[affected, "deal_id"].map(last[column])
            then.loc[affected, column] = was.where(was.notna(), then.loc[affected, column])
    return then


def last_event_on(deals: pd.DataFrame, events: pd.DataFrame, today: date) -> date | None:
    """The last day up to `today` on which a deal was opened, moved or closed; None where none has a day."""
    moments = events["entered_at"].dt.tz_localize(None)
    days = pd.concat([deals["opened_on"], deals["closed_on"], moments]).dropna()
    days = days[days < pd.Timestamp(today) + pd.Timedelta(days=1)]
    return None if days.empty else days.max().date()


def choose_quarter(deals: pd.DataFrame, as_of: date) -> Quarter | None:
    """The last full quarter if a deal closed in it, else the latest one in which any did; None where none has."""
    days = deals.loc[deals["status"] != "open", "closed_on"].dropna()
    if days.empty:
        return None
    full = Quarter.of(as_of + timedelta(days=1)).previous
    within = days.between(pd.Timestamp(full.start), pd.Timestamp(full.end)).any()
    return full if within else Quarter.of(days.max().date())
