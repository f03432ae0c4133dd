"""Reading: the files of other systems as tables of text, whatever they are called and however they are written.

A table is a stream: its rows are read anew each time, and memory stays flat in the length of the file. What cannot
be read is told row by row, with its line and its raw text; what is built to do harm is refused in a sentence.
"""

from crmlib.exchange.reading.delimited import BLANKS
from crmlib.exchange.reading.opening import open_table, read_table
from crmlib.exchange.reading.table import BadRow, Record, Row, Table, WholeTable

__all__ = ["BLANKS", "BadRow", "Record", "Row", "Table", "WholeTable", "open_table", "read_table"]
