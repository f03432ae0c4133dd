"""`crm demo`: a company full of believable data."""

import sys
import time
from typing import Annotated

import typer

from crmlib.cli.asked import Asked
from crmlib.i18n import format_number
from crmlib.i18n import gettext as _


def demo(
    context: typer.Context,
    seed: Annotated[int, typer.Option(help="The same seed on the same day makes the same company.")] = 7,
    scale: Annotated[
        float,
        typer.Option(
            min=0.02,
            max=5_000,
            help="How large. Up to 20, two years are lived through day by day, and 1 is about 400 organizations. Above"
            " 20, a crowd without stories is made in bulk: 1,000 customers and 10,000 payments for each 1.",
        ),
    ] = 1.0,
) -> None:
    """Make the demo company: two years of customers, deals and everything that happened; or a very large crowd."""
    from crmlib.demo import MOST_LIVED, make_demo

    asked: Asked = context.obj
    progress = _Progress(is_shown=not asked.json and sys.stderr.isatty())
    if not asked.json:
        crowded = _("Making Halyard Instruments and a crowd of customers …")
        typer.echo(crowded if scale > MOST_LIVED else _("Making two years of Halyard Instruments …"), err=True)
    try:
        made = make_demo(asked.workspace, database=asked.database, seed=seed, scale=scale, progress=progress.tell)
    finally:
        progress.end()
    counts = {name: format_number(count) for name, count in made.items()}
    says = _(
        "Halyard Instruments is ready in {folder}: {organizations} organizations, {persons} persons, {deals} deals,"
        " {activities} activities."
    )
    asked.tell(says.format(folder=asked.workspace, **counts), workspace=asked.workspace, seed=seed, **made)


class _Progress:
    """One line on the terminal that says what is being made, how fast, and how long it will take."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown, self._began, self._told, self._what = is_shown, time.monotonic(), 0.0, ""

    def tell(self, what: str, done: int, of: int) -> None:
        now = time.monotonic()
        if not self._is_shown or (what == self._what and now - self._told < 0.5):
            return
        self._told, self._what = now, what
        rate = done / max(now - self._began, 0.001)
        left = int((of - done) / rate) if done else 0
        line = _("{what}: {done} of {of} rows, {rate} a second, {left} left").format(
            what=what,
            done=format_number(done),
            of=format_number(of),
            rate=format_number(int(rate)),
            left=f"{left // 60}:{left % 60:02d}" if done else "–:––",
        )
        # Back to the beginning of the line, and away with what was longer.
        sys.stderr.write(f"\r{line}\x1b[K")
        sys.stderr.flush()

    def end(self) -> None:
        if self._is_shown and self._what:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def add_to(app: typer.Typer) -> None:
    app.command("demo", short_help="Make the demo company, full of examples.")(demo)
