"""Proposals of an import asked one by one: is this the same as the one you have, or a new one?"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import typer

from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext

if TYPE_CHECKING:
    from crmlib.exchange import ImportReport
    from crmlib.workbench import Workbench

Answer = Literal["same", "new", "skip", "stop"]
#: Who answers: told a proposal, its number among them, and how many there are.
Asker = Callable[[dict[str, Any], int, int], Answer]

_ANSWERS: dict[str, Answer] = {"s": "same", "n": "new", "k": "skip", "q": "stop"}


def decide(workbench: "Workbench", report: "ImportReport", ask: Asker, asked_before: set[tuple[str, str]]) -> int:
    """Ask about each proposal of a preview and remember what is said; how many were decided.

    What was skipped is added to `asked_before`, and not asked twice; stopping skips all that are left.
    """
    from crmlib.exchange import confirm_match

    left = [one for one in report.proposals if (one["what"], one["name"]) not in asked_before]
    decided = 0
    is_stopped = False
    for place, one in enumerate(left, start=1):
        asked_before.add((one["what"], one["name"]))
        answer = "stop" if is_stopped else ask(one, place, len(left))
        is_stopped = answer == "stop"
        if answer in ("same", "new"):
            number = one["record_id"] if answer == "same" else None
            with workbench.session() as session:
                confirm_match(session, report.system, one["what"], one["name"], number, at=workbench.now())
            decided += 1
    if decided:
        says = ngettext("{n} answer is remembered.", "{n} answers are remembered.", decided)
        typer.echo(says.format(n=decided))
    return decided


def ask_at_terminal(proposal: dict[str, Any], place: int, total: int) -> Answer:
    """One proposal, and the letter that somebody types."""
    typer.echo("")
    says = _("{place} of {total}: “{name}” in the file may be “{called}”, number {record_id} here ({why}).")
    typer.echo(says.format(**proposal, place=place, total=total))
    typer.echo("  " + _("s  it is the same    n  it is a new one    k  skip, decide later    q  stop asking"))
    while True:
        typed = str(typer.prompt(_("Which?"), default="k")).strip().casefold()[:1]
        if typed in _ANSWERS:
            return _ANSWERS[typed]
        typer.echo(_("Type one of: {letters}").format(letters=", ".join(_ANSWERS)))
