"""Exchange: how records come in from other systems (and, later, go out).

Rows are kept as they came, beside the records they became: an import can be repeated, checked and traced, and what
it doubted or refused is said, never swallowed.
"""

from crmlib.exchange.actions import find_mapping, import_files, import_table, save_mapping, undo_import
from crmlib.exchange.generic import confirm_match
from crmlib.exchange.mapping import Mapping, guess_table
from crmlib.exchange.presets import PRESETS
from crmlib.exchange.queries import IMPORTS, imports, sources_of
from crmlib.exchange.reading import BadRow, Row, Table, WholeTable, open_table, read_table
from crmlib.exchange.records import Import, ImportMapping, MatchDecision, SourceRecord
from crmlib.exchange.report import Counts, ImportReport, Remark, words_of

__all__ = [
    "IMPORTS",
    "PRESETS",
    "BadRow",
    "Counts",
    "Import",
    "ImportMapping",
    "ImportReport",
    "Mapping",
    "MatchDecision",
    "Remark",
    "Row",
    "SourceRecord",
    "Table",
    "WholeTable",
    "confirm_match",
    "find_mapping",
    "guess_table",
    "import_files",
    "import_table",
    "imports",
    "open_table",
    "read_table",
    "save_mapping",
    "sources_of",
    "undo_import",
    "words_of",
]
