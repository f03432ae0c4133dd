"""The ground floor: what every room stands on and no customer is mentioned in.

Records and their journal, money, errors, fields, frames, the engine, the migrations.
"""

from crmlib.base.edits import check_seen, edit_fields, read_field, read_fields
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
from crmlib.base.fx import (
    ConvertedSum,
    Converter,
    FxRate,
    RateUsed,
    convert,
    convert_sum,
    find_rate,
    set_rate,
    set_rates,
)
from crmlib.base.journal import Event, JournalEntry, as_json, record_name, tell
from crmlib.base.money import Money, check_currency, read_decimal, round_minor
from crmlib.base.pages import Page, choose, like_pattern, read_page
from crmlib.base.records import Base, Tracked, find
from crmlib.base.types import (
    BigId,
    CountryCode,
    CurrencyCode,
    DecimalText,
    LongText,
    Scaled,
    Utc,
    major_units,
    money_columns,
    product_of,
    scaled_float,
    to_amount,
)

__all__ = [
    "LONGEST_TEXT",
    "Base",
    "BigId",
    "Conflict",
    "ConvertedSum",
    "Converter",
    "CountryCode",
    "CrmError",
    "CurrencyCode",
    "DecimalText",
    "Event",
    "Field",
    "FxRate",
    "InvalidInput",
    "InvalidTransition",
    "JournalEntry",
    "LongText",
    "Money",
    "NotFound",
    "Page",
    "PermissionDenied",
    "RateUsed",
    "Refused",
    "Scaled",
    "Tracked",
    "Unavailable",
    "Utc",
    "as_json",
    "check_currency",
    "check_seen",
    "choose",
    "connect",
    "convert",
    "convert_sum",
    "edit_fields",
    "field",
    "fields_of",
    "find",
    "find_rate",
    "folded",
    "folded_from",
    "folded_lines",
    "like_pattern",
    "major_units",
    "money_columns",
    "product_of",
    "read_day",
    "read_decimal",
    "read_field",
    "read_fields",
    "read_frame",
    "read_page",
    "record_name",
    "round_minor",
    "scaled_float",
    "sessions",
    "set_rate",
    "set_rates",
    "sqlite_address",
    "tell",
    "to_amount",
    "told",
    "transaction",
]
