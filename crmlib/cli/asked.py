"""What every command is asked alike: which workbench, which database, for a person or for a program."""

import getpass
import json
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from babel import UnknownLocaleError

from crmlib.i18n import set_locale

if TYPE_CHECKING:
    from crmlib.workbench import Workbench


@dataclass
class Asked:
    """`workspace` as an absolute path, `database` None for the workspace's own, `json` for a program that reads."""

    workspace: Path
    database: str | None = None
    json: bool = False

    def speak(self) -> None:
        """The workbench's own language from here on, so that what is said before it opens is in it too."""
        # Nothing may be there yet, or what `open` refuses in words.
        with suppress(OSError, ValueError, LookupError, UnknownLocaleError):
            set_locale(str(tomllib.loads((self.workspace / "workbench.toml").read_text("utf-8"))["locale"]))

    def open(self) -> "Workbench":
        """The workbench that was asked for. Raises NotFound where there is none yet."""
        from crmlib.base.settings import read_settings
        from crmlib.workbench import open_workbench

        # Whoever sits at the terminal acts, unless the workbench says who does when nobody has signed in.
        named = (self.workspace / "workbench.toml").exists() and read_settings(self.workspace).actor
        actor = "" if named else terminal_user()
        return open_workbench(self.workspace, database=self.database, actor=actor, door="cli")

    def tell(self, sentence: str, **facts: Any) -> None:
        """The outcome, as a sentence for people or as one JSON object for programs."""
        typer.echo(json.dumps(facts, ensure_ascii=False, default=str) if self.json else sentence)


def terminal_user() -> str:
    """The name of whoever is at the terminal; empty where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
