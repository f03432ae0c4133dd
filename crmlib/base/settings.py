"""What a workbench is set to: where it lives, and what its people count and write in."""

import os
import tomllib
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError

from crmlib.base.engine import sqlite_address
from crmlib.base.errors import InvalidInput
from crmlib.base.money import check_currency
from crmlib.i18n import gettext as _
from crmlib.i18n import parse_territory

SETTINGS_FILE = "workbench.toml"
DATABASE_FILE = "crm.sqlite"


@dataclass(frozen=True)
class Settings:
    """`workspace` is the one folder that holds everything of a workbench: settings, database, runs, files.

    `database_url` may name a database elsewhere. `currency` is what figures are reported in, `country` where phone
    numbers without a country code are meant to be, `actor` who acts when nobody has signed in.
    """

    workspace: Path
    name: str = "CRM Workbench"
    currency: str = "EUR"
    locale: str = "en"
    timezone: str = "UTC"
    country: str = ""
    actor: str = ""
    # An address may hold a password: what prints the settings must not print it.
    database_url: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        check_currency(self.currency)
        self.zone  # noqa: B018  # raises InvalidInput for an unknown one
        try:
            Locale.parse(self.locale.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            raise InvalidInput(_("Language"), self.locale, _("write a code such as en, id or ro_RO")) from None
        if self.country and parse_territory(self.country) != self.country:
            raise InvalidInput(_("Country"), self.country, _("write a two-letter code such as RO"))
        if not self.database_url:
            object.__setattr__(self, "database_url", sqlite_address(self.workspace / DATABASE_FILE))

    @property
    def zone(self) -> tzinfo:
        """The time zone days are counted in."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            expected = _("write a zone such as Europe/Bucharest or Asia/Jakarta")
            raise InvalidInput(_("Time zone"), self.timezone, expected) from None

    @property
    def runs(self) -> Path:
        """Where report runs are kept."""
        return self.workspace / "runs"

    @property
    def file(self) -> Path:
        """Where these settings are written."""
        return self.workspace / SETTINGS_FILE

    def local(self, moment: datetime) -> datetime:
        """`moment` in the workbench's own zone."""
        return moment.astimezone(self.zone)


def find_workspace(workspace: Path | str | None = None) -> Path:
    """The folder meant: the one named, else CRM_WORKSPACE, else `workspace` where we stand."""
    return Path(workspace or os.environ.get("CRM_WORKSPACE") or "workspace").expanduser().absolute()


def read_settings(workspace: Path, database: str | None = None) -> Settings:
    """The settings kept in `workspace`; `database`, or CRM_DATABASE, names another database than they do.

    Raises InvalidInput where the file cannot be read or holds what cannot be.
    """
    path = workspace / SETTINGS_FILE
    try:
        kept = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(str(path), "", _("cannot be read: {reason}").format(reason=error)) from None
    known = {
        key: str(kept[key]) for key in ("name", "currency", "locale", "timezone", "country", "actor") if key in kept
    }
    url = database or os.environ.get("CRM_DATABASE") or str(kept.get("database", ""))
    return Settings(workspace=workspace, database_url=url, **known)


def write_settings(settings: Settings) -> None:
    """Keep the settings in their workspace, readable by their owner only: an address may hold a password."""
    own = sqlite_address(settings.workspace / DATABASE_FILE)
    kept = {
        "name": settings.name,
        "currency": settings.currency,
        "locale": settings.locale,
        "timezone": settings.timezone,
        "country": settings.country,
        "actor": settings.actor,
        "database": "" if settings.database_url == own else settings.database_url,
    }
    lines = "".join(f"{key} = {_quoted(value)}\n" for key, value in kept.items() if value)
    settings.file.touch(mode=0o600)
    settings.file.write_text("# What this workbench is set to. `crm doctor` checks it.\n" + lines, encoding="utf-8")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign >= " " else f"\\u{ord(sign):04x}" for sign in escaped) + '"'
