"""Writing files: lists for people, and everything for another workbench."""

from crmlib.exchange.writing.cells import Kind, as_it_was, as_text, defused, from_text
from crmlib.exchange.writing.writers import (
    FORMATS,
    Column,
    Writer,
    find_format,
    new_file,
    workbook,
    write_sheets,
    write_table,
)

__all__ = [
    "FORMATS",
    "Column",
    "Kind",
    "Writer",
    "as_it_was",
    "as_text",
    "defused",
    "find_format",
    "from_text",
    "new_file",
    "workbook",
    "write_sheets",
    "write_table",
]
