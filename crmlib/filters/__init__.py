"""Filters: the one language in which lists, segments, rules and rights say which records are meant.

    lifecycle == "customer" and total_paid > 1000 and city in ("Jakarta", "Cluj") and last_activity_at < today - 90d

Also what it speaks of: the catalogue of each kind of record, the custom fields that the business adds to it, the lists
made by it and the views kept of them. `parsing` has the grammar, `meaning` the rules of comparison.
"""

from crmlib.filters.actions import (
    add_custom_field,
    archive_custom_field,
    custom_key,
    delete_view,
    edit_custom_field,
    has_values,
    index_custom_field,
    read_choices,
    rename_view,
    reorder_custom_fields,
    reorder_views,
    restore_custom_field,
    save_view,
    seen_value,
    set_custom,
    share_view,
)
from crmlib.filters.asking import context_for, filter_clause
from crmlib.filters.backends import Backend, walk
from crmlib.filters.building import Clicked, as_conditions, from_conditions, operators
from crmlib.filters.catalogue import Fields, catalogue, custom_fields, fields_for
from crmlib.filters.completing import Suggestion, complete
from crmlib.filters.errors import FilterError
from crmlib.filters.lists import count_rows, default_columns, list_page, read_rows
from crmlib.filters.meaning import Context, context_of, find_me_with, find_rates_with
from crmlib.filters.offered import Offered, Part, known_records, offer
from crmlib.filters.parsing import parse, parse_filter
from crmlib.filters.plain import Link, as_predicate, matches
from crmlib.filters.queries import ViewEntry, custom_values, open_view, saved_views, view_problem
from crmlib.filters.records import CUSTOM_KINDS, CustomField, SavedView
from crmlib.filters.sql import as_clause
from crmlib.filters.stored import load as from_stored
from crmlib.filters.tree import And, Condition, Everything, Not, Or, Tree, both, either
from crmlib.filters.writing import to_text

__all__ = [
    "CUSTOM_KINDS",
    "And",
    "Backend",
    "Clicked",
    "Condition",
    "Context",
    "CustomField",
    "Everything",
    "Fields",
    "FilterError",
    "Link",
    "Not",
    "Offered",
    "Or",
    "Part",
    "SavedView",
    "Suggestion",
    "Tree",
    "ViewEntry",
    "add_custom_field",
    "archive_custom_field",
    "as_clause",
    "as_conditions",
    "as_predicate",
    "both",
    "catalogue",
    "complete",
    "context_for",
    "context_of",
    "count_rows",
    "custom_fields",
    "custom_key",
    "custom_values",
    "default_columns",
    "delete_view",
    "edit_custom_field",
    "either",
    "fields_for",
    "filter_clause",
    "find_me_with",
    "find_rates_with",
    "from_conditions",
    "from_stored",
    "has_values",
    "index_custom_field",
    "known_records",
    "list_page",
    "matches",
    "offer",
    "open_view",
    "operators",
    "parse",
    "parse_filter",
    "read_choices",
    "read_rows",
    "rename_view",
    "reorder_custom_fields",
    "reorder_views",
    "restore_custom_field",
    "save_view",
    "saved_views",
    "seen_value",
    "set_custom",
    "share_view",
    "to_text",
    "view_problem",
    "walk",
]
