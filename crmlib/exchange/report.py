"""What an import tells: counts, what it kept but doubts, what it refused and why."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from crmlib.exchange.known_files import KnownFile
from crmlib.i18n import format_number, ngettext
from crmlib.i18n import gettext as _

#: What a row says, in our words.
Facts = dict[str, Any]


@dataclass
class Counts:
    """How the rows of one kind fared. `pointed_out` counts rows that are among the others too."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    pointed_out: int = 0
    refused: int = 0


def words_of(counts: Counts) -> list[str]:
    """How many rows fared how, in words; what happened to none is left out."""
    told = {
        "new": ngettext("{n} new", "{n} new", counts.new),
        "changed": ngettext("{n} changed", "{n} changed", counts.changed),
        "unchanged": ngettext("{n} unchanged", "{n} unchanged", counts.unchanged),
        "pointed_out": ngettext("{n} pointed out", "{n} pointed out", counts.pointed_out),
        "refused": ngettext("{n} refused", "{n} refused", counts.refused),
    }
    return [text.format(n=format_number(n)) for word, text in told.items() if (n := getattr(counts, word))]


@dataclass
class Remark:
    """One thing worth saying, once, however many rows it holds for; `line` is the first of them."""

    weight: Literal["note", "doubt", "refusal"]
    kind: str
    says: str
    line: int | None = None
    n_rows: int = 1

    def __str__(self) -> str:
        where = self.kind
        if self.line is not None:
            where = _("{kind}, line {line}").format(kind=self.kind, line=self.line)
        if self.n_rows > 1:
            others = ngettext("{n} row more", "{n} rows more", self.n_rows - 1)
            where += " " + _("and {others}").format(others=others.format(n=format_number(self.n_rows - 1)))
        return f"{where}: {self.says}"


# A file that is wrong in every row needs no sentence for each.
MOST_REMARKS = 500
# So many rows of each kind are shown before anything is written.
PREVIEWED = 5


@dataclass
class ImportReport:
    """The outcome of an import. `is_dry_run` says that nothing was kept; `import_id` is None where nothing changed.

    `preview` shows the first new records of each kind, field by field; `refused_files` where refused rows went;
    `proposals` the names that may mean a record we have (what, name, record_id, called, why). `known_files` came
    before and were not read again; `waits` where rows refer to what is not here yet.
    """

    system: str
    is_dry_run: bool = False
    import_id: int | None = None
    counts: dict[str, Counts] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    preview: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    refused_files: list[str] = field(default_factory=list)
    proposals: list[dict[str, Any]] = field(default_factory=list)
    known_files: list[KnownFile] = field(default_factory=list)
    waits: bool = False
    n_more_remarks: int = 0
    _said: dict[tuple[str, str, str], Remark] = field(default_factory=dict, repr=False)

    def of(self, kind: str) -> Counts:
        return self.counts.setdefault(kind, Counts())

    def note(self, kind: str, says: str) -> None:
        """Say something about a kind as a whole."""
        self.remarks.append(Remark("note", kind, says))

    def propose(self, proposal: dict[str, Any]) -> None:
        """Somebody should say whether a name means a record we have."""
        if proposal not in self.proposals and len(self.proposals) < MOST_REMARKS:
            self.proposals.append(proposal)

    def preview_of(self, kind: str, show: Callable[[Facts], dict[str, str]], facts: Facts) -> None:
        """Keep the first few records of a kind, to be shown."""
        shown = self.preview.setdefault(kind, [])
        if len(shown) < PREVIEWED:
            shown.append(show(facts))

    def point_out(self, kind: str, says: str, line: int) -> None:
        """A value was kept, or read with some doubt; the same sentence for another row only counts up."""
        self._remark("doubt", kind, says, line)
        self.of(kind).pointed_out += 1

    def refuse(self, kind: str, says: str, line: int) -> None:
        """A row was left out."""
        self._remark("refusal", kind, says, line)
        self.of(kind).refused += 1

    def total(self, word: str) -> int:
        """How many rows were `new`, `changed`, `unchanged`, `pointed_out` or `refused`, over all kinds."""
        return sum(getattr(counts, word) for counts in self.counts.values())

    @property
    def changed_anything(self) -> bool:
        return bool(self.total("new") or self.total("changed"))

    def sentences(self) -> list[str]:
        """What to show a person: a heading, a line per kind, and the remarks, refusals first."""
        weights = ("refusal", "doubt", "note")
        ordered = sorted(self.remarks, key=lambda remark: weights.index(remark.weight))
        told = [self.headline(), *map(str, self.known_files), *map(str, ordered)]
        if self.n_more_remarks:
            says = ngettext("{n} more remark of this sort", "{n} more remarks of this sort", self.n_more_remarks)
            told.append(says.format(n=format_number(self.n_more_remarks)))
        return told

    def headline(self) -> str:
        """One sentence on the whole."""
        totals = Counts(**{word: self.total(word) for word in vars(Counts())})
        if self.known_files and not self.counts:
            return _("Nothing was changed: there is nothing new in these files.")
        parts = ", ".join(words_of(totals)) or _("no rows")
        if self.is_dry_run:
            return _("Nothing was changed; the import would give: {parts}.").format(parts=parts)
        if not self.changed_anything:
            return _("Nothing new in these files: {parts}.").format(parts=parts)
        return _("Imported: {parts}.").format(parts=parts)

    def as_dict(self) -> dict[str, Any]:
        """For programs: plain values only."""
        return {
            "system": self.system,
            "dry_run": self.is_dry_run,
            "import_id": self.import_id,
            "headline": self.headline(),
            "counts": {kind: vars(counts) for kind, counts in self.counts.items()},
            "remarks": [vars(remark) for remark in self.remarks],
            "files": self.files,
            "preview": self.preview,
            "proposals": self.proposals,
            "refused_files": self.refused_files,
            "known_files": [one.as_dict() for one in self.known_files],
        }

    def _remark(self, weight: Literal["doubt", "refusal"], kind: str, says: str, line: int) -> None:
        known = self._said.get((weight, kind, says))
        if known is not None:
            known.n_rows += 1
        elif len(self._said) >= MOST_REMARKS:
            self.n_more_remarks += 1
        else:
            self._said[weight, kind, says] = remark = Remark(weight, kind, says, line)
            self.remarks.append(remark)
