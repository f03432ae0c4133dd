"""An import that is killed with -9 leaves nothing behind, and run again gives what an undisturbed one gives."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import func, select

from crmlib import open_workbench
from crmlib.base import Base

# Reads a workbench, a place and a file; dies there, or imports in peace where the place is nowhere.
PROGRAM = """
import os, signal, sys
from crmlib import open_workbench
from crmlib.exchange import import_files, loading
from crmlib.exchange import sources
workspace, database, place, file = sys.argv[1:]
loading.CHUNK = 500
portions = 0

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

real_rows, real_keep = loading.rows_of, sources.Sources.keep

def rows_of(*given, **more):
    for n, row in enumerate(real_rows(*given, **more)):
        if place == "reading" and n == 1200:
            die()
        yield row

def keep(self, import_id, kind, record, rows):
    global portions
    portions += 1
    if place == "writing" and portions == 7:
        die()
    return real_keep(self, import_id, kind, record, rows)

loading.rows_of, sources.Sources.keep = rows_of, keep
with open_workbench(workspace, database=database or None) as workbench:
    with workbench.session() as session:
        report = import_files(session, "online_retail", [file], at=workbench.now())
        session.flush()
        if place == "before the commit":
            die()
print(report.total("new"))
"""


@pytest.fixture
def retail(tmp_path):
    rows = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for n in range(2000):
        invoice = f"{'C' if n % 50 == 0 else ''}{5000 + n // 7}"
        sign = "-" if n % 50 == 0 else ""
        rows.append(
            f"{invoice},S{n % 90},THING {n % 90},{sign}{n % 12 + 1},2011-01-0{n % 9 + 1} 10:00:00,1.25,{n % 40},France"
        )
    path = tmp_path / "retail.csv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def counted(workspace, address):
    with open_workbench(workspace, database=address) as workbench, workbench.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
        }


def run(database, place, file):
    workspace, address = database
    command = [sys.executable, "-c", PROGRAM, str(workspace), address or "", place, str(file)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)


def test_killed_at_three_places_and_continued(database, retail):
    workspace, address = database
    before = counted(workspace, address)
    for place in ("reading", "writing", "before the commit"):
        killed = run(database, place, retail)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert counted(workspace, address) == before
    done = run(database, "nowhere", retail)
    assert done.returncode == 0, done.stderr
    after = counted(workspace, address)
    assert (after["order_line"] + after["refund_line"], after["order_line"]) == (2000, 1960)
    again = run(database, "nowhere", retail)
    assert again.stdout.strip() == "0"
    assert counted(workspace, address) == after
