"""Exchange: how records come in from other systems and go out to them.

Rows are kept as they came, beside the records they became: an import can be repeated, checked and traced, and what
it doubted or refused is said, never swallowed.
"""

from crmlib.exchange.actions import find_mapping, import_files, import_table, save_mapping, undo_import
from crmlib.exchange.everything import export_everything, fingerprint, import_everything, is_everything, read_manifest
from crmlib.exchange.exporting import export_list, find_list, list_names
from crmlib.exchange.generic import confirm_match, labels_of, unknown_columns, with_own_fields
from crmlib.exchange.guessing import guess_table
from crmlib.exchange.mapping import ColumnMapping, Mapping
from crmlib.exchange.presets import PRESETS
from crmlib.exchange.queries import IMPORTS, imports, sources_of
from crmlib.exchange.reading import BadRow, Row, Table, WholeTable, open_table, read_table
from crmlib.exchange.records import Import, ImportMapping, MatchDecision, SourceRecord
from crmlib.exchange.report import Counts, ImportReport, Remark, words_of
from crmlib.exchange.targets import read_target

__all__ = [
    "IMPORTS",
    "PRESETS",
    "BadRow",
    "ColumnMapping",
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
    "export_everything",
    "export_list",
    "find_list",
    "find_mapping",
    "fingerprint",
    "guess_table",
    "import_everything",
    "import_files",
    "import_table",
    "imports",
    "is_everything",
    "labels_of",
    "list_names",
    "open_table",
    "read_manifest",
    "read_table",
    "read_target",
    "save_mapping",
    "sources_of",
    "undo_import",
    "unknown_columns",
    "with_own_fields",
    "words_of",
]
