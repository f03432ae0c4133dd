"""What every test may lean on: two real databases, a clock that stands still, real data, a browser.

Each test that asks for `workbench` (or `engine`, `session`) runs twice: on SQLite and on a PostgreSQL that
this test session starts for itself and stops again. What cannot be had on a machine is skipped with a reason
that begins with `CANNOT_RUN`; the summary repeats those reasons, and with `CI` set they make the run fail.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from private_postgres import PostgresMissing, PrivatePostgres

HERE = Path(__file__).parent

CANNOT_RUN = "cannot run here: "
DEMO_DAY = date(2026, 7, 1)
NOW = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


# --- time -------------------------------------------------------------------------------------------


class Clock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """Move on by `days=…, hours=…` and so forth, as timedelta takes them."""
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


# --- databases --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL of our own: private folder, free loopback port, gone afterwards."""
    try:
        server = PrivatePostgres()
    except PostgresMissing as missing:
        pytest.skip(f"{CANNOT_RUN}the PostgreSQL tests. {missing}")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def empty_workspaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Migrated, empty workspaces by dialect, made once and copied for each test."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Parametrises whatever depends on a database: `"sqlite"`, then `"postgresql"`."""
    return request.param


@pytest.fixture
def database(
    dialect: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str | None]]:
    """A fresh workspace folder and the address of its migrated, empty database (None: the folder's own)."""
    templates: dict[str, Path] = request.getfixturevalue("empty_workspaces")
    workspace = tmp_path_factory.mktemp("workbench") / "workspace"
    if dialect == "sqlite":
        if dialect not in templates:
            templates[dialect] = _make_empty(tmp_path_factory.mktemp("template") / "sqlite", None)
        shutil.copytree(templates[dialect], workspace)
        yield workspace, None
        return
    server: PrivatePostgres = request.getfixturevalue("postgres")
    if dialect not in templates:
        address = server.create("template_crm")
        templates[dialect] = _make_empty(tmp_path_factory.mktemp("template") / "pg", address)
    shutil.copytree(templates[dialect], workspace)
    address = server.create(server.new_name(), template="template_crm")
    _point_to(workspace, server.address("template_crm"), address)
    yield workspace, address
    server.drop(address)


def _make_empty(workspace: Path, database: str | None) -> Path:
    from crmlib.workbench import create_workbench

    made = create_workbench(
        workspace,
        name="Test company",
        currency="EUR",
        locale="en",
        timezone="UTC",
        country="DE",
        database=database,
    )
    if (engine := getattr(made, "engine", None)) is not None:
        engine.dispose()
    return workspace


def _point_to(workspace: Path, template: str, database: str) -> None:
    """Let a copied workspace name its own database, where its settings name one at all."""
    settings = workspace / "workbench.toml"
    if settings.is_file():
        settings.write_text(settings.read_text("utf-8").replace(template, database), "utf-8")


@pytest.fixture
def workbench(database: tuple[Path, str | None], clock: Clock) -> Iterator[Any]:
    """An empty workbench on each database; `clock` is its clock."""
    from crmlib import open_workbench

    workspace, address = database
    opened = open_workbench(workspace, database=address, clock=clock)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo company on SQLite, made once and shared: read it, or copy it before you change it."""
    from crmlib.demo import make_demo

    folder = tmp_path_factory.mktemp("demo") / "workspace"
    make_demo(folder, seed=5, scale=0.08, today=DEMO_DAY)
    return folder


@pytest.fixture
def engine(workbench: Any) -> Any:
    return workbench.engine


@pytest.fixture
def session(workbench: Any) -> Iterator[Any]:
    """One write transaction for the whole test, committed at its end."""
    with workbench.session() as opened:
        yield opened


# --- the outside world ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public data sets; they are test data only and not ours to ship."""
    named = os.environ.get("CRM_REAL_DATA")
    folder = Path(named) if named else HERE.parents[1] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"{CANNOT_RUN}the tests on real data. Its folder is not here; name it with CRM_REAL_DATA.")
    return folder


def find_chromium() -> str | None:
    """The browser to drive: `CRM_CHROMIUM`, or the first one on the path."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    found = os.environ.get("CRM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    return found or (mac if Path(mac).is_file() else None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium (Playwright's `Browser`) that asks nothing of the internet by itself."""
    executable = find_chromium()
    if executable is None:
        pytest.skip(f"{CANNOT_RUN}the browser tests. Install Chromium, or name one with CRM_CHROMIUM.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=executable,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield opened
        opened.close()


# --- what could not run is said in words --------------------------------------------------------------


def _could_not_run(stats: dict[str, list[Any]]) -> dict[str, int]:
    """How many tests each reason kept from running."""
    reasons: dict[str, int] = {}
    for report in stats.get("skipped", []):
        text = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if CANNOT_RUN in text:
            reason = text.split(CANNOT_RUN, 1)[1].strip()
            reasons[reason] = reasons.get(reason, 0) + 1
    return reasons


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    kept = [reason for reason in _could_not_run(reporter.stats) if "real data" not in reason]
    if kept and os.environ.get("CI") and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reasons = _could_not_run(terminalreporter.stats)
    if not reasons:
        return
    terminalreporter.section("Could not run on this machine")
    for reason, count in reasons.items():
        terminalreporter.line(f"{count} tests: {reason}")
    if os.environ.get("CI"):
        terminalreporter.line("CI is set, so what needs PostgreSQL or a browser must run: this is a failure.")
