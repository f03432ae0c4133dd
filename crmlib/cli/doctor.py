"""`crm doctor`: is everything in order, and what to do where it is not."""

import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import typer

from crmlib.base.errors import CrmError
from crmlib.base.places import find_folder
from crmlib.cli.asked import Asked
from crmlib.i18n import gettext as _

_SIGNS = {"ok": "✓", "advice": "•", "problem": "✗"}


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands, and in words what was found or what to do."""

    what: str
    state: Literal["ok", "advice", "problem"]
    says: str


def doctor(
    context: typer.Context,
    mend: Annotated[
        bool, typer.Option("--mend", help="First build anew what is kept of the records: index, sums, statistics.")
    ] = False,
) -> None:
    """Look whether everything is in order, and say what to do where it is not.

    Exit code 1 where something keeps the workbench from working. `--mend` changes no record: it counts and indexes
    once more what the records say.
    """
    asked: Asked = context.obj
    if mend:
        _mend(asked)
    found = list(examine(asked))
    bad = any(one.state == "problem" for one in found)
    width = max(len(one.what) for one in found)
    lines = [f"{_SIGNS[one.state]} {one.what:{width}}  {one.says}" for one in found]
    asked.tell("\n".join(lines), ok=not bad, findings=[asdict(one) for one in found])
    if bad:
        raise typer.Exit(1)


def examine(asked: Asked) -> Iterator[Finding]:
    """Every finding, most basic first. What a problem makes pointless to look at is left out."""
    yield _python()
    yield from _packages()
    yield from _files()
    yield _browser()
    if not (asked.workspace / "workbench.toml").exists():
        says = _(
            "There is no workbench in {folder} yet. `crm demo` makes one full of examples, `crm init` an empty one."
        )
        yield Finding(_("workspace"), "problem", says.format(folder=asked.workspace))
        return
    yield _workspace(asked.workspace)
    yield _room_on_disk(asked.workspace)
    database = list(_guarded(_("database"), lambda: _database(asked)))
    yield from database
    if all(one.state == "ok" for one in database):
        yield from _guarded(_("search"), lambda: _search(asked))
        yield from _guarded(_("names"), lambda: _names(asked))
        yield from _guarded(_("statistics"), lambda: _statistics(asked))
        yield from _guarded(_("sums"), lambda: _sums(asked))


def _python() -> Finding:
    return Finding("Python", "ok", f"{platform.python_version()}, {sys.executable}")


def _packages() -> Iterator[Finding]:
    """Are the packages here that pyproject.toml asks for?"""
    from packaging.requirements import Requirement

    try:
        asked_for = [Requirement(text) for text in metadata.requires("crm-workbench") or []]
    except metadata.PackageNotFoundError:
        says = _("crm-workbench itself is not installed in this Python; `make set-up` does it")
        yield Finding(_("packages"), "advice", says)
        return
    wrong = []
    for requirement in asked_for:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(_("{name} is missing").format(name=requirement.name))
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version}: {requirement.specifier}")
    if wrong:
        yield Finding(
            _("packages"), "problem", _("`make set-up` puts this right: {wrong}").format(wrong="; ".join(wrong))
        )
    else:
        yield Finding(_("packages"), "ok", _("all {n} in the versions asked for").format(n=len(asked_for)))


def _files() -> Iterator[Finding]:
    """Are the files here that are not Python: pages, reports, the page template?"""
    for folder in ("notebooks", "reports"):
        yield from _guarded(folder, lambda folder=folder: Finding(folder, "ok", str(find_folder(folder))))  # type: ignore[misc]
    spec = importlib.util.find_spec("widgets")
    template = Path(spec.origin).parent / "shared" / "voila" if spec and spec.origin else None
    if template is None or not template.is_dir():
        yield Finding(_("desk"), "problem", _("its page template is missing; install crm-workbench again"))
    else:
        yield Finding(_("desk"), "ok", _("its page template is here"))


def _browser() -> Finding:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found:
        return Finding("Chromium", "ok", found)
    return Finding("Chromium", "advice", _("not found; only `make test` and `make bench` need it"))


def _workspace(folder: Path) -> Finding:
    probe = folder / ".doctor"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        says = _("{folder} cannot be written to: {reason}").format(folder=folder, reason=error.strerror)
        return Finding(_("workspace"), "problem", says)
    if folder.stat().st_mode & 0o077:
        says = _("others on this computer can look into it; close it with: chmod 700 {folder}")
        return Finding(_("workspace"), "advice", says.format(folder=folder))
    return Finding(_("workspace"), "ok", _("{folder}, private").format(folder=folder))


def _room_on_disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / 1e9
    says = _("{free:.1f} GB free").format(free=free)
    if free < 1:
        return Finding(_("disk"), "advice", _("{says}; a full disk stops every change").format(says=says))
    return Finding(_("disk"), "ok", says)


def _database(asked: Asked) -> Finding:
    from sqlalchemy.engine import make_url

    from crmlib.base import connect, migrations
    from crmlib.base.settings import read_settings

    settings = read_settings(asked.workspace, asked.database)
    engine = connect(settings.database_url)
    try:
        step, newest = migrations.current(engine), migrations.newest()
    finally:
        engine.dispose()
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    if step is None:
        return Finding(_("database"), "problem", _("{shown} is empty; `crm init` sets one up").format(shown=shown))
    if step > newest:
        says = _("{shown} was made by a newer CRM Workbench (step {step}, this one knows {newest}); update it")
        return Finding(_("database"), "problem", says.format(shown=shown, step=step, newest=newest))
    if step < newest:
        says = _("{shown} is at step {step} of {newest}; the next command brings it up to date")
        return Finding(_("database"), "advice", says.format(shown=shown, step=step, newest=newest))
    return Finding(_("database"), "ok", _("{shown}, up to date").format(shown=shown))


def _search(asked: Asked) -> Finding:
    from crmlib.search import index_is_complete

    with asked.open() as workbench, workbench.reading() as session:
        if index_is_complete(session, thorough=False):
            return Finding(_("search"), "ok", _("its index agrees with the records"))
    says = _("its index does not agree with the records; `crm doctor --mend` builds it anew")
    return Finding(_("search"), "problem", says)


def _names(asked: Asked) -> Finding:
    from crmlib.contacts import keys_are_complete

    with asked.open() as workbench, workbench.reading() as session:
        if keys_are_complete(session, thorough=False):
            return Finding(_("names"), "ok", _("have the keys by which those like them are found"))
    says = _("some have no keys, so those like them are not pointed out; `crm doctor --mend` gives them theirs")
    return Finding(_("names"), "problem", says)


def _statistics(asked: Asked) -> Finding:
    """Does the database know how its values are spread? Where it does not, it is told to look."""
    from crmlib.activities import Activity
    from crmlib.base import lacks_statistics, refresh_statistics
    from crmlib.billing import Order, PartyTotal, Payment
    from crmlib.contacts import Organization, Party, Person

    with asked.open() as workbench:
        with workbench.reading() as session:
            lacks = lacks_statistics(session, Party, Person, Organization, PartyTotal, Order, Payment, Activity)
        if not lacks:
            return Finding(_("statistics"), "ok", _("the database knows how its values are spread"))
        with workbench.session() as session:
            refresh_statistics(session)
    says = _("the database did not know yet how its values are spread, which makes lists slow; now it has looked")
    return Finding(_("statistics"), "ok", says)


def _sums(asked: Asked) -> Finding:
    from crmlib.billing import totals_agree

    with asked.open() as workbench, workbench.reading() as session:
        if totals_agree(session, thorough=False):
            return Finding(_("sums"), "ok", _("per customer agree with orders, payments and refunds"))
    says = _("per customer do not agree with orders, payments and refunds; `crm doctor --mend` counts them anew")
    return Finding(_("sums"), "problem", says)


def _mend(asked: Asked) -> None:
    """Build anew whatever is worked out from records: each step in a transaction of its own, so that it is kept."""
    from crmlib.base import refresh_statistics
    from crmlib.billing import recount_totals
    from crmlib.contacts import keep_places_anew, renew_keys
    from crmlib.search import reindex

    with asked.open() as workbench:
        for step in (reindex, renew_keys, keep_places_anew, recount_totals, refresh_statistics):
            with workbench.session() as session:
                step(session)


def _guarded(what: str, look: Callable[[], Finding]) -> Iterator[Finding]:
    try:
        yield look()
    except CrmError as error:
        yield Finding(what, "problem", str(error))


def add_to(app: typer.Typer) -> None:
    app.command("doctor", short_help="Look whether all is in order.")(doctor)
