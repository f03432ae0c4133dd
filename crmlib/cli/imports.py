"""`crm import`: files of another system."""

from pathlib import Path
from typing import Annotated

import typer

from crmlib.cli.asked import Asked


def import_(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="CSV files, plain or .gz, in any order.")],
    preset: Annotated[str, typer.Option(help="Which system they come from.")] = "maven_crm",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
) -> None:
    """Import files of another system: all of it, or nothing.

    The same files again change nothing; newer ones change only what changed.
    """
    from crmlib.exchange import import_files, words_of

    asked: Asked = context.obj
    with asked.open() as workbench:
        with workbench.session() as session:
            report = import_files(session, preset, files, at=workbench.now(), dry_run=dry_run)
        headline, *remarks = report.sentences()
        lines = [headline, ""]
        width = max((len(kind) for kind in report.counts), default=0)
        for kind, counts in report.counts.items():
            parts = ", ".join(words_of(counts))
            lines.append(f"  {kind:{width}}  {parts or '–'}")
        lines += ["", *remarks] if remarks else []
        asked.tell("\n".join(lines), **report.as_dict())


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_)
