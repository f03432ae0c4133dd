"""A PostgreSQL server that belongs to one test session.

It listens on a free loopback port only, keeps its files in a temporary folder and flushes nothing to disk: its
data is thrown away. As root (containers, CI) it runs as the user `postgres`, because PostgreSQL refuses root.
"""

import itertools
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
}
_INITDB = ("--no-sync", "-U", "crm", "-A", "trust", "-E", "UTF8", "--locale=C")


class PostgresMissing(Exception):
    """There is no PostgreSQL to start; the message says what to install."""


class PrivatePostgres:
    """Start a server; `create` and `drop` databases in it; `stop` ends it by its process id and removes its files."""

    def __init__(self) -> None:
        self._bin = _find_binaries()
        as_root = os.geteuid() == 0
        # Not among pytest's own folders: each new session of pytest closes those to the user `postgres` again.
        folder = self._folder = Path(tempfile.mkdtemp(prefix="crm-postgres-", dir="/tmp" if as_root else None))
        self._data = folder / "data"
        self._names = (f"test_{os.getpid()}_{number}" for number in itertools.count(1))
        self._as_postgres: list[str] = []
        if as_root:
            self._as_postgres = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", *_INITDB, "-D", self._data)
        self._port = _free_port()
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in _FAST.items())
        options += f" -c port={self._port}"
        log = folder / "server.log"
        self._run("pg_ctl", "start", "-w", "-s", "-D", self._data, "-l", log, "-o", options)

    def address(self, name: str) -> str:
        """The SQLAlchemy address of the database `name`."""
        return f"postgresql+psycopg://crm@127.0.0.1:{self._port}/{name}"

    def new_name(self) -> str:
        return next(self._names)

    def create(self, name: str, *, template: str | None = None) -> str:
        """Create a database, as a copy of `template` where given; its address."""
        # By copying files: through the log, as is usual, it takes a third longer.
        copied = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""
        self._execute(f'CREATE DATABASE "{name}"{copied}')
        return self.address(name)

    def drop(self, address: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{address.rsplit("/", 1)[1]}" WITH (FORCE)')

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate", "-s", "-D", self._data)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _execute(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self._port, user="crm", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(sql.encode())

    def _run(self, program: str, *arguments: str | Path) -> None:
        # Output goes nowhere: a pipe would be held open by the server that pg_ctl leaves behind.
        command = [*self._as_postgres, str(self._bin / program), *map(str, arguments)]
        nowhere = subprocess.DEVNULL
        done = subprocess.run(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, cwd="/", check=False)
        if done.returncode:
            raise PostgresMissing(f"{program} ended with {done.returncode}; see {self._data.parent}.")


def _find_binaries() -> Path:
    """The newest PostgreSQL, whether or not its programs are on the path (Debian's are not)."""
    places = [Path("/usr/lib/postgresql"), Path("/opt/homebrew/opt"), Path("/usr/local/opt")]
    found = [initdb.parent for place in places for initdb in place.glob("*/bin/initdb")]
    if named := shutil.which("initdb"):
        found.append(Path(named).resolve().parent)
    if not found:
        raise PostgresMissing("Install PostgreSQL 15 or newer (Debian: apt-get install postgresql).")
    try:
        import psycopg  # noqa: F401
    except ImportError as missing:
        raise PostgresMissing("Its driver is missing: pip install 'crm-workbench[postgres]'.") from missing
    return max(found, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
