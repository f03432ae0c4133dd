"""`make bench`: measure, print a table, and keep it in build/bench.json.

Each module beside this one that has a function `rows()` measures something. A row is a dict: name, value and unit;
`beside` is the same work done the barest way in the same minute, `ratio` the value by it, `goal` what the ratio or the
value should not exceed, `met` whether it does not. Times on a busy machine mean little: compare the ratios.

    python -m tests.bench               everything
    python -m tests.bench importing     some modules; what others measured before is kept in the file
"""

import importlib.util
import json
import platform
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COLUMNS = ("name", "value", "unit", "beside", "ratio", "goal", "met")


def collect(only: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of every module, and the modules that failed."""
    rows: list[dict[str, Any]] = []
    failed: list[str] = []
    for path in sorted(HERE.glob("*.py")):
        if path.stem.startswith("_") or (only and path.stem not in only):
            continue
        spec = importlib.util.spec_from_file_location(f"bench_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        print(f"{path.stem} …", file=sys.stderr, flush=True)
        began = time.perf_counter()
        try:
            spec.loader.exec_module(module)
            if hasattr(module, "rows"):
                rows += module.rows()
        except Exception:
            traceback.print_exc()
            failed.append(path.stem)
        print(f"    {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return rows, failed


def shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def print_table(rows: list[dict[str, Any]]) -> None:
    table = [list(COLUMNS), *([shown(row.get(column)) for column in COLUMNS] for row in rows)]
    widths = [max(len(line[index]) for line in table) for index in range(len(COLUMNS))]
    for line in table:
        cells = [
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def main() -> int:
    rows, failed = collect(sys.argv[1:])
    print_table(rows)
    kept = ROOT / "build" / "bench.json"
    kept.parent.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "system": platform.platform(), "machine": platform.machine()}
    at = datetime.now(UTC).isoformat(timespec="seconds")
    measured = [{**row, "at": at} for row in rows]
    if sys.argv[1:] and kept.exists():
        names = {row["name"] for row in rows}
        measured = [row for row in json.loads(kept.read_text("utf-8"))["rows"] if row["name"] not in names] + measured
    told = {"at": at, **machine, "rows": measured, "failed": failed}
    kept.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    missed = [str(row["name"]) for row in rows if row.get("met") is False]
    for name in missed:
        print(f"Goal missed: {name}")
    for name in failed:
        print(f"Could not be measured: {name}")
    print(f"Kept in {kept.relative_to(ROOT)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
