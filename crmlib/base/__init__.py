"""The ground floor: what every room stands on and no customer is mentioned in.

Records and their journal, money, errors, fields, frames, the engine, the migrations.
"""

from crmlib.base.engine import connect, sessions, sqlite_address, told, transaction
from crmlib.base.errors import (
    Conflict,
    CrmError,
    InvalidInput,
    InvalidTransition,
    NotFound,
    PermissionDenied,
    Refused,
    Unavailable,
)
from crmlib.base.fields import KINDS, LONGEST_TEXT, PLACES, READ_ONLY, SENSITIVITIES, Field, field, fields_of, read_day
from crmlib.base.frames import read_frame
from crmlib.base.journal import Event, JournalEntry, as_json, record_name, tell
from crmlib.base.money import Money, check_currency
from crmlib.base.pages import MOST_COUNTED, MOST_ROWS, Page, choose, count_up_to, like_pattern, page_of_ids, read_page
from crmlib.base.records import Base, Customizable, Tracked, find
from crmlib.base.types import (
    BigId,
    CountryCode,
    CurrencyCode,
    LongText,
    Utc,
    major_units,
    money_columns,
    to_amount,
)
from crmlib.base.words import folded, folded_sql

__all__ = [
    "KINDS",
    "LONGEST_TEXT",
    "MOST_COUNTED",
    "MOST_ROWS",
    "PLACES",
    "READ_ONLY",
    "SENSITIVITIES",
    "Base",
    "BigId",
    "Conflict",
    "CountryCode",
    "CrmError",
    "CurrencyCode",
    "Customizable",
    "Event",
    "Field",
    "InvalidInput",
    "InvalidTransition",
    "JournalEntry",
    "LongText",
    "Money",
    "NotFound",
    "Page",
    "PermissionDenied",
    "Refused",
    "Tracked",
    "Unavailable",
    "Utc",
    "as_json",
    "check_currency",
    "choose",
    "connect",
    "count_up_to",
    "field",
    "fields_of",
    "find",
    "folded",
    "folded_sql",
    "like_pattern",
    "major_units",
    "money_columns",
    "page_of_ids",
    "read_day",
    "read_frame",
    "read_page",
    "record_name",
    "sessions",
    "sqlite_address",
    "tell",
    "to_amount",
    "told",
    "transaction",
]
