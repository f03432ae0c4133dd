"""`crm serve`: the desk, by Voila, in a process of its own."""

import importlib.util
import os
import sys
from typing import Annotated

import typer

from crmlib.base.errors import CrmError
from crmlib.cli.asked import Asked
from crmlib.i18n import gettext as _

# The addresses that only this computer reaches.
_OWN = ("127.0.0.1", "localhost", "::1")


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="The first port to try; the next free one is taken.")] = 8866,
    host: Annotated[
        str, typer.Option(help="The address to listen on; only this computer's, by default.")
    ] = "127.0.0.1",
) -> None:
    """Open the desk for browsers, until Ctrl+C."""
    asked: Asked = context.obj
    asked.open().close()  # says what is wrong here, not in a log of the server's
    if importlib.util.find_spec("widgets") is None:
        raise CrmError(_("The desk is not installed here. Install crm-workbench again."))
    if host not in _OWN:
        warning = _("There is no login yet: whoever reaches {host} can read and change everything.").format(host=host)
        typer.echo(warning, err=True)
    command = [sys.executable, "-m", "widgets.shared.serve", "--workspace", str(asked.workspace)]
    command += ["--port", str(port), "--host", host]
    if asked.database:
        # In the environment and not among the arguments: those are shown to everyone on this computer.
        os.environ["CRM_DATABASE"] = asked.database
    if asked.json:
        command.append("--json")
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606  # no shell: this process becomes the server, Ctrl+C reaches it


def add_to(app: typer.Typer) -> None:
    app.command("serve")(serve)
