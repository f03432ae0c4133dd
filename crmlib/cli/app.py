"""The commands put together, and what becomes of an error."""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from crmlib import __version__
from crmlib.base.errors import CrmError, InvalidInput
from crmlib.cli import changes, demo, doctor, exports, imports, init, lab, search, serve
from crmlib.cli.asked import Asked
from crmlib.cli.report import app as report
from crmlib.cli.shared_options import Database, Json, Workspace, take, understand_everywhere
from crmlib.i18n import gettext as _

app = typer.Typer(
    name="crm",
    help="CRM Workbench: customers, sales and reports. Begin with `crm demo`, then `crm serve`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_asked = Asked(workspace=None)  # type: ignore[arg-type]  # `run` makes a new one for each call


def _show_version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"CRM Workbench {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def crm(
    context: typer.Context,
    workspace: Workspace = None,
    database: Database = None,
    as_json: Json = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version and stop.")
    ] = False,
) -> None:
    context.obj = _asked
    take(_asked, workspace=workspace, database=database, as_json=as_json)


for module in (demo, init, imports, exports, search, changes, serve, lab, doctor):
    module.add_to(app)
app.add_typer(report, name="report", help="List, explain and run reports.")
understand_everywhere(app, lambda: _asked)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code. Errors that crmlib can name are one sentence on stderr."""
    global _asked
    from crmlib.base.settings import find_workspace

    _asked = Asked(find_workspace(), os.environ.get("CRM_DATABASE") or None)
    try:
        app(list(sys.argv[1:] if arguments is None else arguments), prog_name="crm")
    except CrmError as error:
        _say(error)
        return 1
    except BrokenPipeError:
        # Whoever read our output has read enough; Python would complain once more while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except Exception as error:  # the last door: nobody at a terminal is helped by our traceback
        if os.environ.get("CRM_DEBUG"):
            traceback.print_exc()
        else:
            reason = f"{type(error).__name__}: {error}"
            says = _("This is a mistake of CRM Workbench, not yours ({reason}). CRM_DEBUG=1 shows where.")
            typer.echo(says.format(reason=reason), err=True)
        return 1
    return 0


def _say(error: CrmError) -> None:
    if not _asked.json:
        # A filter that is not understood shows the place.
        caret = getattr(error, "caret", None)
        typer.echo(caret() if caret is not None else str(error), err=True)
        return
    told = {"error": str(error), "kind": type(error).__name__}
    if isinstance(error, InvalidInput):
        told |= {"field": error.field, "value": str(error.value), "expected": error.expected}
        told |= {name: getattr(error, name) for name in ("position", "length", "nearest") if hasattr(error, name)}
    typer.echo(json.dumps(told, ensure_ascii=False), err=True)
