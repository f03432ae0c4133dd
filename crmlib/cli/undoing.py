"""Taking back with care, for every command that does it: what would be undone is told, and somebody says yes."""

import sys
from collections.abc import Callable
from typing import Any

import typer
from sqlalchemy.orm import Session

from crmlib.base import Refused, Undone
from crmlib.base.history.trying import would_undo
from crmlib.cli.asked import Asked
from crmlib.i18n import format_number, ngettext
from crmlib.i18n import gettext as _
from crmlib.workbench import Workbench

# Nobody reads a longer list at a terminal; --json has them all.
_SHOWN = 20


def take_back(
    asked: Asked,
    workbench: Workbench,
    work: Callable[[Session], Undone],
    about: str,
    *,
    yes: bool,
    dry_run: bool,
    **facts: Any,
) -> None:
    """Do `work`, after showing what it is `about` and would do; with `yes` at once, with `dry_run` not at all.

    Raises Refused where nobody can be asked and nobody has said yes.
    """
    if dry_run or not yes:
        with workbench.session() as session:
            would = would_undo(session, lambda: work(session))
        if dry_run:
            asked.tell("\n".join([about, *_would(would)]), **_facts(would), **facts, dry_run=True)
            return
        if asked.json:
            raise Refused(_("Nothing was taken back: say --yes to have it done without being asked."))
        typer.echo("\n".join([about, *_would(would)]))
        if not sys.stdin.isatty():
            raise Refused(_("Nothing was taken back: say --yes to have it done without being asked."))
        if not would.n_undone:
            return
        if not typer.confirm(_("Take this back?"), default=False):
            asked.tell(_("Nothing was taken back."))
            return
    with workbench.session() as session:
        done = work(session)
    asked.tell("\n".join(_told(done)), **_facts(done), **facts, batch=done.batch)


def _would(done: Undone) -> list[str]:
    if not done.n_undone:
        lines = ["", _("Nothing of this can be taken back any more.")]
    else:
        says = ngettext("{n} change would be taken back.", "{n} changes would be taken back.", done.n_undone)
        lines = ["", says.format(n=format_number(done.n_undone))]
    if done.n_spared:
        says = ngettext("{n} thing would stay as it is:", "{n} things would stay as they are:", done.n_spared)
        lines += [says.format(n=format_number(done.n_spared)), *_spared(done)]
    return lines


def _told(done: Undone) -> list[str]:
    says = ngettext("{n} change was taken back.", "{n} changes were taken back.", done.n_undone)
    lines = [says.format(n=format_number(done.n_undone))]
    if done.n_spared:
        says = ngettext("{n} thing stays as it is:", "{n} things stay as they are:", done.n_spared)
        lines += ["", says.format(n=format_number(done.n_spared)), *_spared(done)]
    if done.n_undone:
        lines += ["", _('To have it back: crm undo --batch "{batch}"').format(batch=done.batch)]
    return lines


def _spared(done: Undone) -> list[str]:
    lines = [f"  {one}" for one in done.spared[:_SHOWN]]
    if done.n_spared > _SHOWN:
        lines.append("  " + _("… and {n} more").format(n=format_number(done.n_spared - _SHOWN)))
    return lines


def _facts(done: Undone) -> dict[str, Any]:
    spared = [
        {"record": one.record, "number": one.record_id, "field": one.field, "title": one.title, "why": one.why}
        for one in done.spared
    ]
    return {"undone": done.n_undone, "spared": spared, "n_spared": done.n_spared}
