"""`crm export`: a list for people or programs, or everything for another workbench."""

from pathlib import Path
from typing import Annotated

import typer

from crmlib.base.errors import InvalidInput
from crmlib.cli.asked import Asked
from crmlib.i18n import format_number, ngettext
from crmlib.i18n import gettext as _

EVERYTHING = "everything"
# What an export of everything says of the workbench that it comes from.
KEPT_SETTINGS = ("name", "currency", "locale", "timezone", "country")


_EXAMPLES = (
    "Such as: crm export customers customers.xlsx --filter 'city == \"Jakarta\" and open_deals > 0' "
    "--columns name,email,total_paid --sort -total_paid"
)
_WHAT = "A list (customers, deals, activities, products …), or `everything`."
_FILE = "Where to write. Its ending says how: .csv .xlsx .parquet .jsonl; .zip for everything."
_FILTER = 'Only what fits, such as: city == "Jakarta" and open_deals > 0'
_RAW = "CSV for programs: without the mark that keeps a spreadsheet from running what somebody typed."


def export(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=_WHAT)],
    out: Annotated[Path, typer.Argument(metavar="FILE", help=_FILE)],
    filter_: Annotated[str, typer.Option("--filter", "-f", metavar="TEXT", help=_FILTER)] = "",
    columns: Annotated[str, typer.Option(metavar="KEYS", help="Which columns, in order, with commas between.")] = "",
    sort: Annotated[str, typer.Option(metavar="KEY", help="Sorted by this column; -KEY turns it round.")] = "",
    file_format: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="csv, xlsx, parquet or jsonl, where the ending does not say."),
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help=_RAW)] = False,
) -> None:
    """Write a list, or everything, to a file.

    Everything is a zip that `crm import` reads into an empty workbench, on SQLite or PostgreSQL alike.
    """
    from crmlib.exchange import export_everything, export_list

    asked: Asked = context.obj
    if not out.expanduser().absolute().parent.is_dir():
        raise InvalidInput(_("File"), str(out), _("there is no such folder; make it first"))
    out = out.expanduser().absolute()
    with asked.open() as workbench, workbench.reading() as session:
        if what.strip().casefold() == EVERYTHING:
            if out.suffix.lower() != ".zip":
                raise InvalidInput(_("File"), out.name, _("everything is a zip; name it like all.zip"))
            counts = export_everything(
                session,
                out,
                at=workbench.now(),
                file_format=file_format or "jsonl",
                overwrite=overwrite,
                settings={key: getattr(workbench.settings, key) for key in KEPT_SETTINGS},
            )
            n_rows = sum(counts.values())
            says = ngettext("Everything is in {file}: {n} row.", "Everything is in {file}: {n} rows.", n_rows)
            asked.tell(says.format(file=out, n=format_number(n_rows)), file=out, tables=counts)
            return
        n_rows = export_list(
            session,
            what,
            out,
            filter=filter_,
            columns=[key.strip() for key in columns.split(",") if key.strip()],
            sort=sort.removeprefix("-"),
            descending=sort.startswith("-"),
            file_format=file_format,
            overwrite=overwrite,
            defuse=not raw,
        )
    says = ngettext("{n} row is in {file}.", "{n} rows are in {file}.", n_rows)
    asked.tell(says.format(n=format_number(n_rows), file=out), file=out, rows=n_rows)


def add_to(app: typer.Typer) -> None:
    app.command("export", epilog=_EXAMPLES)(export)
