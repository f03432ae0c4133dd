"""A desk server and a browser for tests of views: `desk_server` serves, `open_page` looks."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Any page can send any JSON to a view, and any address can be typed: whatever arrives, the model answers in words.
STRANGE: dict[str, Any] = {
    "nothing": None,
    "empty text": "",
    "text": "Ștefan",
    "a zero byte": "a\x00b",
    "half a character": "\ud800",
    "markup": "<img src=x onerror=alert(1)>",
    "a quote": "'; DROP TABLE party; --",
    "wildcards": "%_\\",
    "a digit that is no number": "²",
    "very long": "9" * 6000,
    "beyond any database": 10**30,
    "beyond any database, as text": "99999999999999999999",
    "negative": -7,
    "a fraction": 2.5,
    "no number": float("nan"),
    "without end": float("inf"),
    "true": True,
    "a list": [1, [2]],
    "an object": {"id": {"id": 1}},
}


@pytest.fixture
def survives() -> Callable[..., None]:
    """Call each of `calls` (by name) with everything strange; what was raised is the failure, all of it at once."""

    def run(calls: dict[str, Callable[[Any], Any]]) -> None:
        raised = []
        for called, call in calls.items():
            for name, value in STRANGE.items():
                try:
                    call(value)
                except Exception as error:
                    raised.append(f"{called}, {name}: {type(error).__name__}: {str(error)[:80]}")
        assert raised == []

    return run


@pytest.fixture(scope="session")
def chromium(browser: Any) -> Any:
    """The headless Chromium that all tests share (Playwright's `Browser`)."""
    return browser


@pytest.fixture(scope="session")
def desk_server() -> Iterator[Callable[..., str]]:
    """Serve a workspace, give its address: `desk_server(workspace, notebook=None, database=None)`.

    One server for each set of arguments; all are stopped at the end of the session.
    """
    running: dict[tuple[str, ...], tuple[subprocess.Popen[str], str]] = {}

    def start(workspace: Path, notebook: Path | None = None, database: str | None = None) -> str:
        more = ["--notebook", str(notebook)] if notebook else []
        more += ["--database", database] if database else []
        key = (str(workspace), *more)
        if key not in running:
            command = [sys.executable, "-m", "widgets.shared.serve", "--workspace", str(workspace), "--json", *more]
            log = (workspace / "server.log").open("w", encoding="utf-8")
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
            log.close()
            assert server.stdout is not None
            told = server.stdout.readline()
            assert told, (workspace / "server.log").read_text("utf-8")
            running[key] = (server, json.loads(told)["address"])
        return running[key][1]

    yield start
    for server, _address in running.values():
        server.send_signal(signal.SIGTERM if os.name == "posix" else signal.CTRL_BREAK_EVENT)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdout is not None:
            server.stdout.close()


# Said by JupyterLab's module loader on every Voila page; Voila's bundle is older than the extensions'.
HARMLESS = ("shared singleton module", "of shared module")


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open an address: `open_page(address, phone=False, dark=False)` gives Playwright's `Page`.

    When the test ends, no page may have asked another host for anything, nor met an error in its script; a test
    that provokes errors says `page.errors_expected = True`.
    """
    contexts = []

    def open_it(address: str, *, phone: bool = False, dark: bool = False, width: int = 1440, height: int = 900) -> Any:
        context = chromium.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            has_touch=phone,
        )
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.outside, page.errors, page.errors_expected = [], [], False
        origin = "/".join(address.split("/")[:3]) + "/"
        ours = (origin, "blob:", "data:", origin.replace("http:", "ws:"))
        page.on("request", lambda request: request.url.startswith(ours) or page.outside.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.errors.append(message.text))
        contexts.append((context, page))
        page.goto(address)
        return page

    yield open_it
    for context, page in contexts:
        context.close()
        assert page.outside == []
        met = [error for error in page.errors if not any(words in error for words in HARMLESS)]
        assert page.errors_expected or met == []
