"""A report that has been run: its blocks, and the evidence that lets someone run it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmlib.i18n import gettext as _
from crmlib.reporting.blocks import Block, Cover, Figure, Figures


@dataclass(frozen=True)
class Document:
    """What the exporters set: `cover` and the other `blocks`, and `evidence` as names and words."""

    cover: Cover
    blocks: tuple[Block, ...]
    evidence: tuple[tuple[str, str], ...]
    imprint: str
    made: str

    @property
    def organization(self) -> str:
        """Whose report it is; stands at the top left of each page."""
        return self.cover.organization

    @property
    def subject(self) -> str:
        """What it is about and when, at the top right."""
        return self.cover.subject

    @property
    def title(self) -> str:
        """The finding."""
        return self.cover.title

    @property
    def promise(self) -> str:
        """What the evidence is good for."""
        return _(
            "Run again with these parameters on this version of data, code and environment, "
            "this report gives the same numbers."
        )

    @property
    def figures(self) -> list[Figure]:
        """The headline figures, for comparing one run with another."""
        return [item for block in self.blocks if isinstance(block, Figures) for item in block.items]


def evidence_words(run: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The evidence of a run (its `run.json`) as names and words, the parameters as they were understood."""
    # The notebook's JSON sorts names; the report declares them in an order that reads.
    understood = {**run["parameters"], **run.get("resolved", {})}
    named = [(name, str(value) if value != "" else _("All")) for name, value in understood.items()]
    return (
        (_("Data version"), str(run["data_version"])),
        (_("Code"), short(run["code"])),
        (_("Environment"), short(run["environment"])),
        (_("Run at"), run["started_at"]),
        *([(_("Run by"), run["by"])] if run["by"] else []),
        *named,
    )


def imprint(run: Mapping[str, Any]) -> str:
    """The evidence in a line, for the foot of each page."""
    return _("Data version {data}, code {code}, environment {environment}").format(
        data=run["data_version"], code=short(run["code"]), environment=short(run["environment"])
    )


def short(digest: str) -> str:
    """The first eight letters of a hash: enough to tell two apart."""
    return digest[:8]
