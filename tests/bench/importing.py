"""Imports beside the barest way to put the same rows into the same tables, on both databases, and what they weigh.

After an import, every row that it made is read back and written once more into an empty database of the same shape
(same indexes, same triggers) by one `executemany` a table of the driver's own, in one transaction: no file is read, no
rule is asked. The ratio says what reading, checking, mapping and comparing cost on top. Memory is the most that a
process of its own held, with a file and with one four times as long.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

MAVEN = ("sales_pipeline", "accounts", "products", "sales_teams")


def rows() -> list[dict[str, Any]]:
    found = [_demo()]
    folder = Path(os.environ.get("CRM_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")
    maven = [folder / "maven_crm" / f"{name}.csv.gz" for name in MAVEN]
    retail = folder / "uci_online_retail" / "OnlineRetail.csv.gz"
    if not retail.exists():
        return found
    for dialect in ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory() as scratch, _databases(dialect, Path(scratch)) as two:
            if two is None:
                print("Imports into PostgreSQL are not measured: there is none here.")
                continue
            found += _beside_raw("maven_crm", maven, "8,927 Maven rows", dialect, *next(two), goal=5.0)
            found += _beside_raw(
                "online_retail", [retail], "541,909 lines of Online Retail", dialect, *next(two), goal=3.0
            )
    return [*found, *(_memory(retail) if Path("/proc/self/status").exists() else [])]


def _beside_raw(
    preset: str, files: list[Path], what: str, dialect: str, ours: Any, bare: Any, *, goal: float
) -> list[dict[str, Any]]:
    from crmlib.exchange import import_files

    seconds = []
    for _time in range(2):
        began = time.perf_counter()
        with ours.session() as session:
            report = import_files(session, preset, files, at=ours.now(), again=True)
        seconds.append(time.perf_counter() - began)
    assert not report.changed_anything
    raw, count = _raw(ours.engine, bare.engine)
    ours.close()
    bare.close()
    said = f"executemany of the same {count:,} rows: {raw:.2f} s"
    return [
        _row(f"import {what}, {dialect}", seconds[0], "s", said, seconds[0] / raw, f"≤ {goal:g} ×", goal),
        _row(f"the same again, {dialect}", seconds[1], "s", said, seconds[1] / raw, None, None),
    ]


def _raw(filled: Any, empty: Any) -> tuple[float, int]:
    """Copy what an import made into an empty database of the same shape; seconds of the writing, and rows."""
    from crmlib.base import Base

    seconds, count = 0.0, 0
    is_postgres = empty.dialect.name == "postgresql"
    source, target = filled.raw_connection().driver_connection, empty.raw_connection().driver_connection
    reader, writer = source.cursor(), target.cursor()
    if not is_postgres:
        writer.execute("BEGIN IMMEDIATE")
    for table in Base.metadata.sorted_tables:
        if table.info.get("derived"):
            continue  # triggers write it by themselves, and so nobody else does
        name, key = f'"{table.name}"', next(iter(table.primary_key.columns)).name
        writer.execute(f"SELECT {key} FROM {name}")
        known = {row[0] for row in writer.fetchall()}
        reader.execute(f"SELECT * FROM {name} ORDER BY {key}")
        columns = [about[0] for about in reader.description]
        # A row may stand before the one of its own table that it belongs to.
        later = {
            columns.index(one.name) for one in table.columns for link in one.foreign_keys if link.column.table is table
        }
        rows = [_plain(row, later) for row in reader.fetchall() if row[columns.index(key)] not in known]
        if not rows:
            continue
        marks = ", ".join(["%s" if is_postgres else "?"] * len(columns))
        names = ", ".join(f'"{column}"' for column in columns)
        count += len(rows)
        began = time.perf_counter()
        writer.executemany(f"INSERT INTO {name} ({names}) VALUES ({marks})", rows)
        seconds += time.perf_counter() - began
    began = time.perf_counter()
    target.commit()
    seconds += time.perf_counter() - began
    source.close()
    target.close()
    return seconds, count


def _plain(row: Any, later: set[int]) -> tuple[Any, ...]:
    return tuple(
        None if n in later else json.dumps(value) if isinstance(value, (dict, list)) else value
        for n, value in enumerate(row)
    )


@contextmanager
def _databases(dialect: str, folder: Path) -> Iterator[Iterator[tuple[Any, Any]] | None]:
    """Pairs of empty workbenches of their own."""
    from crmlib import create_workbench

    if dialect == "SQLite":
        yield (
            tuple(create_workbench(folder / f"{name}{n}", currency="GBP") for name in ("ours", "bare"))
            for n in range(9)
        )
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
    from private_postgres import PostgresMissing, PrivatePostgres

    try:
        server = PrivatePostgres()
    except PostgresMissing:
        yield None
        return
    try:
        yield (
            tuple(
                create_workbench(folder / f"{name}{n}", currency="GBP", database=server.create(server.new_name()))
                for name in ("ours", "bare")
            )
            for n in range(9)
        )
    finally:
        server.stop()


# The kernel's high-water mark of this process: what `getrusage` tells begins with that of whoever started it.
_IMPORT = """
import sys, tempfile
from pathlib import Path
from crmlib import create_workbench
from crmlib.exchange import import_files
with tempfile.TemporaryDirectory() as folder, create_workbench(Path(folder) / "workspace", currency="GBP") as workbench:
    with workbench.session() as session:
        import_files(session, "online_retail", [sys.argv[1]], at=workbench.now())
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def _memory(retail: Path) -> list[dict[str, Any]]:
    """The most memory of an import of 100,000 lines, and of four times as many with other invoices and customers."""
    with tempfile.TemporaryDirectory() as folder:
        peaks = []
        for times in (1, 4):
            path = Path(folder) / f"{times}.csv"
            _lengthened(retail, path, lines=100_000, times=times)
            run = subprocess.run([sys.executable, "-c", _IMPORT, str(path)], check=True, capture_output=True, text=True)
            peaks.append(int(run.stdout) / 1000)
    said = f"with a file of a quarter of the length: {peaks[0]:.0f} MB"
    return [_row("memory of an import of 400,000 lines", peaks[1], "MB", said, peaks[1] / peaks[0], "≤ 1.3 ×", 1.3)]


def _lengthened(retail: Path, path: Path, *, lines: int, times: int) -> None:
    with gzip.open(retail, "rt", encoding="utf-8", newline="") as source:
        header = next(source)
        body = [line for line, _n in zip(source, range(lines), strict=False)]
    with path.open("w", encoding="utf-8", newline="") as target:
        target.write(header)
        for n in range(times):
            for line in body:
                invoice, rest = line.split(",", 1)
                head, customer, country = rest.rsplit(",", 2)
                target.write(f"{invoice}{n},{head},{customer and customer + str(n)},{country}")


def _demo() -> dict[str, Any]:
    from crmlib.demo import make_demo

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        make_demo(Path(folder) / "workspace", today=date(2026, 7, 1))
        seconds = time.perf_counter() - began
    return {**_row("make the demo company", seconds, "s", None, None, "< 20 s", None), "met": seconds < 20}


def _row(
    name: str, value: float, unit: str, beside: str | None, ratio: float | None, goal: str | None, most: float | None
) -> dict[str, Any]:
    met = None if most is None or ratio is None else ratio <= most
    return {"name": name, "value": value, "unit": unit, "beside": beside, "ratio": ratio, "goal": goal, "met": met}


if __name__ == "__main__":
    print(*rows(), sep="\n")
