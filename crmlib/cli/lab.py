"""`crm lab`: JupyterLab on the notebooks, with the workbench at hand."""

import os
import sys
from typing import Annotated

import typer

from crmlib.base.places import find_folder
from crmlib.cli.asked import Asked
from crmlib.i18n import gettext as _


def lab(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="The first port to try.")] = 8888,
    browser: Annotated[bool | None, typer.Option("--browser/--no-browser", help="Open a browser.")] = None,
) -> None:
    """Open JupyterLab on the notebooks; `open_workbench()` in them is this workbench."""
    asked: Asked = context.obj
    asked.open().close()
    folder = find_folder("notebooks")
    os.environ["CRM_WORKSPACE"] = str(asked.workspace)
    if asked.database:
        os.environ["CRM_DATABASE"] = asked.database
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}"]
    command += ["--ServerApp.ip=127.0.0.1", *_QUIET]
    if not (_has_display() if browser is None else browser):
        command.append("--no-browser")
    if os.geteuid() == 0:
        command.append("--allow-root")  # Jupyter asks to be sure; in a container one is root
    typer.echo(_("JupyterLab opens on {folder}. Ctrl+C twice closes it.").format(folder=folder), err=True)
    os.execv(sys.executable, command)  # noqa: S606  # no shell: this process becomes JupyterLab


# JupyterLab would ask another host for news and newer versions of itself.
_QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


def _has_display() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def add_to(app: typer.Typer) -> None:
    app.command("lab", short_help="Open JupyterLab on the notebooks.")(lab)
