"""Exchange: how records come in from other systems (and, later, go out).

Rows are kept as they came, beside the records they became: an import can be repeated, checked and traced, and what
it doubted or refused is said, never swallowed.
"""

from crmlib.exchange.actions import import_files, undo_import
from crmlib.exchange.presets import PRESETS
from crmlib.exchange.queries import IMPORTS, imports, sources_of
from crmlib.exchange.reading import BadRow, Row, Table, WholeTable, open_table, read_table
from crmlib.exchange.records import Import, SourceRecord
from crmlib.exchange.report import Counts, ImportReport, Remark, words_of

__all__ = [
    "IMPORTS",
    "PRESETS",
    "BadRow",
    "Counts",
    "Import",
    "ImportReport",
    "Remark",
    "Row",
    "SourceRecord",
    "Table",
    "WholeTable",
    "import_files",
    "imports",
    "open_table",
    "read_table",
    "sources_of",
    "undo_import",
    "words_of",
]
