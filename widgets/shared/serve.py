"""Serve the desk: `python -m widgets.shared.serve --workspace DIR`, or `serve(...)` from the command line's own."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Final

from crmlib.i18n import gettext as _
from crmlib.i18n import use_locale

PORT: Final = 8866


def serve(
    workspace: Path,
    *,
    database: str | None = None,
    notebook: Path | None = None,
    host: str = "127.0.0.1",
    port: int = PORT,
    as_json: bool = False,
) -> None:
    """Serve the desk of `workspace` until Ctrl+C; deep links are `/?view=party&id=12`.

    A port that is taken gives way to the next free one. Once the server listens, one line says the address and
    how to stop; with `as_json` it is an object with `address`, `port`, `pid` and `workspace`. Raises
    FileNotFoundError where the workspace has no `workbench.toml`, OSError where no port is free.
    """
    from widgets.shared.server import configuration, run

    workspace = workspace.resolve()
    settings = _settings(workspace)
    page = notebook or _desk()
    os.environ["CRM_WORKSPACE"] = str(workspace)
    if database:
        os.environ["CRM_DATABASE"] = database
    # Tells the desk that nobody else's Jupyter is around it.
    os.environ["CRM_DOOR"] = "page"
    language = str(settings.get("locale", "en"))

    def ready(taken: int) -> None:
        address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0', '::') else host}:{taken}/"  # noqa: S104
        if as_json:
            told = {"address": address, "port": taken, "pid": os.getpid(), "workspace": str(workspace)}
            print(json.dumps(told), flush=True)  # noqa: T201
            return
        if taken != port:
            print(_("Port {port} is taken, using {taken}.").format(port=port, taken=taken))  # noqa: T201
        print(_("The desk is open at {address}  Ctrl+C closes it.").format(address=address), flush=True)  # noqa: T201

    with use_locale(language):
        config = configuration(
            host=host,
            port=port,
            title=str(settings.get("name", "CRM Workbench")),
            language=language,
            words=page_words(),
        )
        run(page, config, ready)


def page_words() -> dict[str, str]:
    """What the page says by itself, before and beside the desk, in the current locale."""
    return {
        "starting": _("Starting your desk …"),
        "still": _("Still starting. On a busy computer this can take half a minute."),
        "failed": _("The desk could not be opened. What went wrong is in the server's log."),
        "lost": _("Connection lost. What you type stays on this page, and is not saved yet."),
        "ended": _("This desk was closed by the server. Reload to go on; what you saved is there."),
        "reload": _("Reload"),
        "noscript": _("The desk needs JavaScript. Allow it for this address, then reload."),
    }


def _settings(workspace: Path) -> dict[str, object]:
    """The workspace's own settings; read here without opening its database."""
    file = workspace / "workbench.toml"
    if not file.is_file():
        raise FileNotFoundError(
            _("There is no workbench in {folder}. Make one with `crm init` or `crm demo`.").format(folder=workspace)
        )
    read = tomllib.loads(file.read_text("utf-8"))
    inner = read.get("workbench")
    return inner if isinstance(inner, dict) else read


def _desk() -> Path:
    """The desk's notebook, in a checkout or in an installation."""
    for folder in (Path(__file__).parents[2], Path(sys.prefix) / "share" / "crm-workbench"):
        page = folder / "notebooks" / "pages" / "desk.ipynb"
        if page.is_file():
            return page
    raise FileNotFoundError(_("The desk's notebook is missing; install CRM Workbench again."))


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 when closed by Ctrl+C, 1 when it could not be opened."""
    parser = argparse.ArgumentParser(prog="python -m widgets.shared.serve", description="Serve the desk.")
    parser.add_argument("--workspace", type=Path, default=os.environ.get("CRM_WORKSPACE", "workspace"))
    parser.add_argument("--database", help="address of another database than the workspace's own")
    parser.add_argument("--port", type=int, default=PORT, help="first port to try (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="say where it listens as JSON")
    parser.add_argument("--notebook", type=Path, help="another page than the desk")
    asked = parser.parse_args(arguments)
    try:
        serve(
            Path(asked.workspace),
            database=asked.database,
            notebook=asked.notebook,
            host=asked.host,
            port=asked.port,
            as_json=asked.json,
        )
    except OSError as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
