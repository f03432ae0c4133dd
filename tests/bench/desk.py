"""How the desk feels: from address to usable page, from drop to redrawn, and what a kernel weighs.

Beside each stands the least that the same machine can do in the same run: Voila's own page of a notebook that shows
one button, the move done by the library alone, and a kernel that has imported nothing.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_notebook

ROUNDS = 5
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def rows() -> list[dict[str, Any]]:
    """The desk's figures; needs a Chromium."""
    chromium = os.environ.get("CRM_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("The desk is not measured: there is no Chromium here.")
        return []
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        workspace = folder / "workspace"
        subprocess.run([sys.executable, "-m", "crmlib.cli", "--workspace", workspace, "demo"], check=True)
        bare_notebook = _one_button(folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        with _desk(workspace) as (address, server), _voila(bare_notebook) as bare:
            opened = [_seconds_to(browser, address, ".crm-row") for _round in range(ROUNDS)]
            opened_bare = [_seconds_to(browser, bare, ".v-btn") for _round in range(ROUNDS)]
            moved, memory = _moves(browser, address, server)
            bare_memory = _kernel_memory_of_nothing()
        browser.close()
        by_library = _moves_by_library(workspace)
    return [
        _row("desk: address to usable page, cold", opened, "s", opened_bare, "Voila, one button", goal=4.0),
        _row("desk: drop to redrawn", moved, "s", by_library, "the move by the library alone", goal=0.25),
        _row("desk: private memory of a kernel", [memory], "MB", [bare_memory], "a kernel with no imports", goal=120),
    ]


def _row(name: str, values: list[float], unit: str, beside: list[float], what: str, *, goal: float) -> dict[str, Any]:
    value, other = statistics.median(values), statistics.median(beside)
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "beside": f"{what}: {other:.3f} {unit}",
        "ratio": round(value / other, 2),
        "goal": f"≤ {goal} {unit}",
        "met": value <= goal,
    }


def _seconds_to(browser: Any, address: str, wanted: str) -> float:
    """A browser that has seen nothing opens the page; until the wanted thing can be seen."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address)
    page.locator(wanted).first.wait_for(timeout=60_000)
    took = time.perf_counter() - began
    context.close()
    return took


def _moves(browser: Any, address: str, server: int) -> tuple[list[float], float]:
    """Seconds from dropping a card to its sentence and the redrawn sums; then the kernel's private memory in MB."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{address}?view=pipeline")
    columns = page.locator(".crm-column")
    columns.nth(0).locator(".crm-deal").first.wait_for(timeout=60_000)
    took = []
    for n in range(ROUNDS):
        here, there = (0, 1) if n % 2 == 0 else (1, 0)
        card = columns.nth(here).locator(".crm-deal").first
        start, target = card.bounding_box(), columns.nth(there).bounding_box()
        count = columns.nth(there).locator(".crm-column-sum").inner_text()
        page.mouse.move(start["x"] + 40, start["y"] + 16)
        page.mouse.down()
        page.mouse.move(start["x"] + 60, start["y"] + 30, steps=3)
        page.mouse.move(target["x"] + 80, target["y"] + 200, steps=5)
        began = time.perf_counter()
        page.mouse.up()
        while columns.nth(there).locator(".crm-column-sum").inner_text() == count:
            if time.perf_counter() - began > 20:
                raise TimeoutError("the board was not redrawn")
        took.append(time.perf_counter() - began)
        page.wait_for_timeout(300)
    kernels = [one for one in psutil.Process(server).children(recursive=True) if "ipykernel" in " ".join(one.cmdline())]
    memory = max(one.memory_full_info().uss for one in kernels) / 1e6
    context.close()
    return took, memory


def _moves_by_library(workspace: Path) -> list[float]:
    from crmlib import open_workbench

    took = []
    with open_workbench(workspace) as wb:
        pipeline = wb.sales.pipelines()[0]["pipeline_id"]
        board = wb.sales.board(pipeline, closed_since=wb.today())
        deal, stages = board[0]["cards"][0]["deal_id"], [column["stage_id"] for column in board[:2]]
        for n in range(ROUNDS):
            began = time.perf_counter()
            wb.sales.move_deal(deal, stages[(n + 1) % 2])
            took.append(time.perf_counter() - began)
    return took


def _kernel_memory_of_nothing() -> float:
    from jupyter_client import KernelManager

    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        kernel = psutil.Process(manager.provisioner.pid)
        return float(kernel.memory_full_info().uss) / 1e6
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _one_button(folder: Path) -> Path:
    path = folder / "button.ipynb"
    cell = new_code_cell("import ipyvuetify as v\nv.Btn(children=['One button'])")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[cell], metadata=kernel), path)
    return path


@contextmanager
def _desk(workspace: Path) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "widgets.shared.serve", "--workspace", str(workspace), "--port", "8950", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            said = json.loads(server.stdout.readline())
            yield said["address"], server.pid
        finally:
            server.terminate()


@contextmanager
def _voila(notebook: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "voila", str(notebook), "--no-browser", "--port=8970", "--Voila.ip=127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stderr:
                if found := re.search(r"http://[\w.]+:\d+/", line):
                    yield found[0]
                    break
        finally:
            server.terminate()
