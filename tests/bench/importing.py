"""An import beside the barest way to put the same rows into the same kind of database."""

import csv
import gzip
import os
import sqlite3
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

FILES = ("sales_pipeline", "accounts", "products", "sales_teams")


def rows() -> list[dict[str, Any]]:
    found = [_demo()]
    folder = Path(os.environ.get("CRM_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data") / "maven_crm"
    if folder.is_dir():
        found += _maven([folder / f"{name}.csv.gz" for name in FILES])
    return found


def _maven(files: list[Path]) -> list[dict[str, Any]]:
    from crmlib import create_workbench
    from crmlib.exchange import import_files

    with tempfile.TemporaryDirectory() as folder:
        with create_workbench(Path(folder) / "workspace", currency="USD") as workbench:
            seconds = []
            for _time in range(2):
                began = time.perf_counter()
                with workbench.session() as session:
                    report = import_files(session, "maven_crm", files, at=workbench.now())
                seconds.append(time.perf_counter() - began)
            assert not report.changed_anything
        bare, count = _bare(files, Path(folder) / "bare.sqlite")
    return [
        _row(f"import {count:,} Maven rows", seconds[0], "s", beside=bare, goal="< 20 s", met=seconds[0] < 20),
        _row("rows imported a second", count / seconds[0], "rows/s", beside=count / bare, goal=None, met=None),
        _row("import the same again", seconds[1], "s", beside=bare, goal="< 2 s", met=seconds[1] < 2),
    ]


def _bare(files: list[Path], database: Path) -> tuple[float, int]:
    """The same rows read by `csv`, written by one `executemany` per file in one transaction: no rules, no journal."""
    began = time.perf_counter()
    count = 0
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=WAL")
    for number, path in enumerate(files):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            header, *records = list(csv.reader(lines))
        columns = ", ".join(f'"{name}" TEXT' for name in header)
        connection.execute(f"CREATE TABLE t{number} ({columns})")
        connection.executemany(f"INSERT INTO t{number} VALUES ({', '.join('?' * len(header))})", records)
        count += len(records)
    connection.commit()
    connection.close()
    return time.perf_counter() - began, count


def _demo() -> dict[str, Any]:
    from crmlib.demo import make_demo

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        make_demo(Path(folder) / "workspace", today=date(2026, 7, 1))
        seconds = time.perf_counter() - began
    return _row("make the demo company", seconds, "s", beside=None, goal="< 20 s", met=seconds < 20)


def _row(
    name: str, value: float, unit: str, *, beside: float | None, goal: str | None, met: bool | None
) -> dict[str, Any]:
    ratio = None if not beside else value / beside
    return {"name": name, "value": value, "unit": unit, "beside": beside, "ratio": ratio, "goal": goal, "met": met}
