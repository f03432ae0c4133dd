"""Presets: which files another system exports, and what their rows mean here."""

from collections.abc import Sequence
from pathlib import Path

from crmlib.base import InvalidInput
from crmlib.exchange.presets.cdnow import Cdnow
from crmlib.exchange.presets.maven_crm import MavenCrm
from crmlib.exchange.presets.online_retail import OnlineRetail
from crmlib.exchange.presets.preset import Preset
from crmlib.exchange.presets.x_education import XEducation
from crmlib.i18n import gettext as _

PRESETS: dict[str, type[Preset]] = {preset.name: preset for preset in (MavenCrm, OnlineRetail, Cdnow, XEducation)}


def preset_of(files: Sequence[Path]) -> str:
    """The preset whose tables these files surely are, by all of their columns; empty where there is none."""
    for preset in PRESETS.values():
        tables = [preset.open(file) for file in files]
        known = [any(set(kind.columns) <= set(table.columns) for kind in preset.kinds) for table in tables]
        if any(known) and all(
            is_known or preset.describes_by_columns(table) for is_known, table in zip(known, tables, strict=True)
        ):
            return preset.name
    return ""


def find_preset(name: str) -> type[Preset]:
    """The preset called `name`; InvalidInput lists those there are."""
    if name not in PRESETS:
        names = ", ".join(sorted(PRESETS))
        raise InvalidInput(_("Preset"), name, _("choose one of: {names}").format(names=names))
    return PRESETS[name]


__all__ = ["PRESETS", "Cdnow", "MavenCrm", "OnlineRetail", "Preset", "XEducation", "find_preset", "preset_of"]
