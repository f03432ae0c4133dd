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
from crmlib.base.fields import LONGEST_TEXT, Field, field, fields_of, read_day
from crmlib.base.folding import folded, folded_from, folded_lines
from crmlib.base.frames import read_frame
from crmlib.base.journal import Event, JournalEntry, as_json, record_name, tell
from crmlib.base.money import Money, check_currency
from crmlib.base.pages import Page, choose, like_pattern, read_page
from crmlib.base.records import Base, Tracked, find
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

__all__ = [
    "LONGEST_TEXT",
    "Base",
    "BigId",
    "Conflict",
    "CountryCode",
    "CrmError",
    "CurrencyCode",
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
    "field",
    "fields_of",
    "find",
    "folded",
    "folded_from",
    "folded_lines",
    "like_pattern",
    "major_units",
    "money_columns",
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
