"""The server behind the desk: a standalone Voila with our template, our files and nobody else's.

Standalone on purpose: as an extension of a Jupyter server, Voila would let any login run code in anyone's
kernel. What a page may load is said in its Content-Security-Policy: this server, and nothing else.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from jupyter_client.kernelspec import KernelSpecManager
from tornado import ioloop, netutil, web
from tornado.httpserver import HTTPServer
from traitlets.config import Config
from voila import __version__ as voila_version
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler

from crmlib.i18n import current_locale, gettext, ngettext
from widgets.shared.theme import ASSETS, stylesheet

SHARED: Final = Path(__file__).parent
A_YEAR: Final = 365 * 24 * 3600

# Without these nothing is drawn; JupyterLab's other extensions cost requests and do nothing here.
EXTENSIONS: Final = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "jupyter-vue",
    "jupyter-vuetify",
]
# `blob:`, because ipyvue compiles templates into modules; no `unsafe-eval` is needed.
CONTENT_POLICY: Final = "; ".join(  # noqa: FLY002 - a list is easier to read and to change
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' blob:",
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:{sockets}",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)


@cache
def assets_version() -> str:
    """A mark that changes with any file under `assets`, so that browsers may keep them for a year."""
    mark = hashlib.blake2b(stylesheet().encode(), digest_size=6)
    for file in sorted(ASSETS.rglob("*")):
        if file.is_file():
            mark.update(file.name.encode() + file.read_bytes())
    return mark.hexdigest()


class PythonOnly(KernelSpecManager):
    """Offers the Python that runs this server, whatever kernels are installed beside it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_dirs = []


class KeptFile(web.StaticFileHandler):
    """A file whose address changes when it changes: the browser keeps it."""

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", f"public, max-age={A_YEAR}, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")

    def get_cache_time(self, *_: Any) -> int:
        return A_YEAR


class KeptFromSeveral(KeptFile):
    """Such a file from the first of several folders that has it."""

    def initialize(self, folders: list[str]) -> None:
        self.folders = [folder for folder in folders if Path(folder).is_dir()]
        super().initialize(path=self.folders[0])

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        relative = os.path.relpath(absolute_path, root)
        for folder in self.folders:
            if Path(folder, relative).is_file():
                self.root = str(Path(folder).resolve())
                return super().validate_absolute_path(self.root, str(Path(self.root, relative)))
        raise web.HTTPError(404)


class Sheet(web.RequestHandler):
    """The style sheet, put together from the theme's tables and `crm.css`."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/css; charset=utf-8")
        self.set_header("Cache-Control", f"public, max-age={A_YEAR}, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(stylesheet())


class Goodbye(VoilaShutdownKernelHandler):
    """Ends the kernel of a page that is left.

    Voila's own refuses: the browser's goodbye carries no XSRF token, and kernels outlived their pages. Here its
    `Origin` must be this server's, and the kernel's id is known to its page alone.
    """

    def check_xsrf_cookie(self) -> None:
        origin = self.request.headers.get("Origin", "")
        if origin.partition("://")[2] != self.request.host:
            raise web.HTTPError(403)

    async def post(self, kernel_id: str) -> None:
        if kernel_id not in self.kernel_manager:
            self.set_status(204)  # said twice, or already culled
            return
        await super().post(kernel_id)


class DeskServer(Voila):
    """Voila for one notebook at `/`; `ready` is called with the port once it listens."""

    name = "crm-desk"
    ready: Callable[[int], None] | None = None

    def init_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = super().init_settings()
        # Voila lets any Host header in; a page of another site could then talk to us under its own name.
        settings["allow_remote_access"] = self.ip not in ("127.0.0.1", "localhost", "::1")
        settings["local_hostnames"] = ["localhost"]
        settings["compress_response"] = True
        settings["websocket_max_message_size"] = 1 << 20
        settings["log_function"] = _log_failures
        # The pages that say what went wrong; the desk's own words come with its template's resources.
        for name in ("voila_jinja2_env", "jinja2_env"):
            settings[name].install_gettext_callables(gettext, ngettext)
            settings[name].globals["crm_language"] = str(current_locale()).replace("_", "-")
        return settings

    def init_handlers(self) -> list[Any]:
        base = f"{self.base_url}assets/{assets_version()}/"
        lab = f"{self.base_url}assets/lab/"
        ours = [
            (f"{base}crm\\.css", Sheet),
            (f"{base}(.*)", KeptFile, {"path": str(ASSETS)}),
            (f"{self.base_url}favicon\\.ico()", KeptFile, {"path": str(ASSETS / "favicon.svg")}),
            (f"{lab}{voila_version}/static/(.*)", KeptFromSeveral, {"folders": list(self.static_paths)}),
            (f"{self.base_url}voila/api/shutdown/(.*)", Goodbye),
            # their names carry a hash of what is in them
            (f"{lab}extensions/(.*)", KeptFromSeveral, {"folders": list(self.labextensions_path)}),
        ]
        return ours + list(super().init_handlers())

    def listen(self) -> None:
        """Take the wanted port or the next free one, say which, and serve until told to stop."""
        server = HTTPServer(self.app, max_body_size=1 << 20)
        for port in range(self.port, self.port + self.port_retries + 1):
            try:
                sockets = netutil.bind_sockets(port, self.ip)
            except OSError as refused:
                if refused.errno in (errno.EADDRINUSE, errno.EACCES):
                    continue
                raise
            server.add_sockets(sockets)
            self.port = sockets[0].getsockname()[1]
            break
        else:
            raise OSError(errno.EADDRINUSE, gettext("There is no free port from {port} on.").format(port=self.port))
        if self.ready:
            self.ready(self.port)
        self.ioloop = ioloop.IOLoop.current()
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            server.stop()
            self.stop()


def _log_failures(handler: web.RequestHandler) -> None:
    """One line per answer that went wrong on our side; the rest is nobody's business."""
    if handler.get_status() >= 500:
        logging.getLogger("crm-desk").error("%s %s", handler.get_status(), handler.request.path)


def _page_config(config: dict[str, Any], base_url: str, **_: Any) -> dict[str, Any]:
    """Point the page at addresses that may be kept, and at no other host."""
    return {
        **config,
        "fullStaticUrl": f"{base_url}assets/lab/{voila_version}/static",
        "fullLabextensionsUrl": f"{base_url}assets/lab/extensions",
        "fullMathjaxUrl": f"{base_url}assets/{assets_version()}/no-math.js",
        "mathjaxConfig": "none",
    }


def _preloads(base_url: str) -> list[str]:
    """Scripts to fetch while the kernel starts: what every page loads first."""
    return [f"{base_url}assets/lab/{voila_version}/static/voila.js"]


def configuration(*, host: str, port: int, title: str, language: str, words: dict[str, str]) -> Config:
    """All options of the server, in one place."""
    sockets = " ws://localhost:* ws://127.0.0.1:*" if host in ("127.0.0.1", "localhost", "::1") else " ws: wss:"
    c = Config()
    c.Voila.ip = host
    c.Voila.port = port
    c.Voila.port_retries = 50
    c.Voila.open_browser = False
    c.Voila.log_level = logging.ERROR
    c.Voila.config_file_paths = []
    c.Voila.tornado_settings = {
        "headers": {
            "Content-Security-Policy": CONTENT_POLICY.format(sockets=sockets),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
    }
    c.VoilaConfiguration.template = "crm"
    c.VoilaConfiguration.allow_template_override = "NO"
    c.VoilaConfiguration.allow_theme_override = "NO"
    c.VoilaConfiguration.file_allowlist = []
    c.VoilaConfiguration.show_tracebacks = False
    c.VoilaConfiguration.preheat_kernel = False
    c.VoilaConfiguration.kernel_spec_manager_class = PythonOnly
    c.VoilaConfiguration.extension_allowlist = EXTENSIONS
    c.VoilaConfiguration.page_config_hook = _page_config
    c.VoilaConfiguration.resources = {
        "crm": {
            "assets": f"/assets/{assets_version()}/",
            "title": title,
            "language": language,
            "words": words,
            "scripts": _preloads("/"),
        }
    }
    if sys.platform == "linux":
        # not TCP, where other users of the machine could knock; elsewhere its paths may grow too long
        c.KernelManager.transport = "ipc"
    # A page that is left says goodbye; whoever vanishes without, is waited for half an hour.
    c.MappingKernelManager.cull_idle_timeout = 1800
    c.MappingKernelManager.cull_interval = 60
    c.MappingKernelManager.cull_connected = False
    c.MappingKernelManager.cull_busy = False
    return c


def run(notebook: Path, config: Config, ready: Callable[[int], None]) -> None:
    """Serve `notebook` until interrupted. Kernels get this process' environment.

    Voila finds templates on Jupyter's data path, so ours is put in front of it here.
    """
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(SHARED), os.environ.get("JUPYTER_PATH", ""))))
    app = DeskServer(config=config)
    app.ready = ready
    app.notebook_path = str(notebook)
    app.initialize(argv=[])
    app.start()
