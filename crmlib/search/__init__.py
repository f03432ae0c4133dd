"""Search: one box over parties, deals, activities, products and orders.

As you type, without accents, in any order of words, and with a slip of the fingers. The index it stands on is kept by
the database itself; `rebuilt_after` lets that rest while very many rows are loaded.
"""

from crmlib.search.index import index_is_complete, rebuilt_after, reindex, rest
from crmlib.search.kinds import all_kinds
from crmlib.search.queries import FOUND, Hit, found, search
from crmlib.search.records import SearchEntry, SearchPause, SearchWord

__all__ = [
    "FOUND",
    "Hit",
    "SearchEntry",
    "SearchPause",
    "SearchWord",
    "all_kinds",
    "found",
    "index_is_complete",
    "rebuilt_after",
    "reindex",
    "rest",
    "search",
]
