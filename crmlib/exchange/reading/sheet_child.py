"""Turns one sheet of a spreadsheet into CSV, alone in a process with little memory and little time.

A spreadsheet can be built so that whoever reads it runs out of memory (one cell at XFD1048576 is enough), and no
check beforehand finds them all. So this runs by itself, imports nothing of ours, and may die. It is started as
`python sheet_child.py FILE SHEET OUT MEMORY SECONDS BYTES`, writes OUT (the row's number, then its values) and prints
one line of JSON: what it found, or `{"error": word}`.
"""

import csv
import datetime as dt
import json
import math
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any


def main(file: str, wanted: str, out: str, memory: int, seconds: int, most_bytes: int) -> dict[str, Any]:
    """Write the sheet; say which one, and how wide its filled part is."""
    _limit(memory, seconds, most_bytes)
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(file)
    except calamine.PasswordError:
        return {"error": "password"}
    names = book.sheet_names
    if wanted and wanted not in names:
        return {"error": "sheet", "sheets": names}
    visible = [
        about.name
        for about in book.sheets_metadata
        if about.typ == calamine.SheetTypeEnum.WorkSheet and about.visible == calamine.SheetVisibleEnum.Visible
    ]
    for name in [wanted] if wanted else visible or names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height and sheet.width:
            n_rows, width = _write(sheet, out, most_bytes)
            if n_rows:
                return {"sheet": name, "sheets": names, "rows": n_rows, "width": width}
    return {"error": "empty", "sheets": names}


def _write(sheet: Any, out: str, most_bytes: int) -> tuple[int, int]:
    n_rows = width = size = 0
    with Path(out).open("w", encoding="utf-8", errors="replace", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        # Leading empty rows are not given, and leading empty columns are.
        for number, row in enumerate(sheet.iter_rows(), (sheet.start or (0, 0))[0] + 1):
            values = [text_of(value) for value in row]
            while values and not values[-1]:
                values.pop()
            if values:
                n_rows, width = n_rows + 1, max(width, len(values))
                size += sum(map(len, values))
                if size > most_bytes:
                    raise MemoryError
                writer.writerow([number, *values])
    return n_rows, width


def text_of(value: Any) -> str:
    """A cell as text: ISO dates, a point in numbers and no exponent, TRUE or FALSE."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if math.isfinite(value):
            return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
        return str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "auto" if value.microsecond else "seconds")
    return str(value)


def _limit(memory: int, seconds: int, most_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows; there the caller's clock is the only limit
        return
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, most_bytes * 4),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # macOS has no limit of the address space
            continue


if __name__ == "__main__":
    try:
        found = main(sys.argv[1], sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]))
    except MemoryError:
        found = {"error": "memory"}
    except Exception as error:  # whatever the parser makes of it, the file is damaged
        found = {"error": "damaged", "reason": str(error)[:200]}
    sys.stdout.write(json.dumps(found) + "\n")
