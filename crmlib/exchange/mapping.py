"""What the columns of a file mean, as plain data that can be shown, changed and saved.

`guessing.guess` proposes it. Nothing is read from or written to the database here.
"""

from collections.abc import Mapping as MappingOf
from dataclasses import asdict, dataclass, replace
from typing import Any

from crmlib.i18n import gettext as _

#: Record types a file may hold.
KINDS = ("contacts", "companies", "deals", "activities", "leads", "products", "orders", "payments")
IGNORE, CUSTOM, TAG = "ignore", "custom", "tag"


@dataclass(frozen=True)
class ColumnMapping:
    """What one column means.

    `target` is `record.field` (`person.given_name`, `address.city`, `contact_point.email`, `deal.amount`,
    `consent.email` …), `tag`, `custom` or `ignore`. `record.key` is the row's own key in its system, and
    `organization.ref`, `person.ref`, `owner.ref`, `deal.ref`, `parent.ref` … name a record that another file (or this
    row) holds, `by` its key, name or email. `part` is `label` where the column only says what its neighbour of the
    same `n` is, `line 2` and `line 3` where it goes on with a street. `label` is home, work, mobile …, `n` counts
    several of one kind. `style`, `order` and `currency` say how to read the values. `confidence` is 0 to 1, `reason`
    a sentence. `custom.KEY` is a field that the business gave such records; `new` the kind (text, number, date …) of
    one that the import is to make. `of` is the kind of record the column speaks of, where that is not the row's own.
    """

    column: str
    target: str
    part: str = "value"
    label: str = ""
    n: int = 1
    by: str = ""
    look: str = ""
    style: str = ""
    order: str = ""
    currency: str = ""
    is_inverted: bool = False
    new: str = ""
    of: str = ""
    confidence: float = 0.0
    reason: str = ""

    @property
    def short(self) -> str:
        """The target in a few words: `contact_point.email home 2`."""
        more = [self.label, str(self.n) if self.n > 1 else "", "" if self.part == "value" else self.part]
        more += [f"by {self.by}" if self.by else "", "not" if self.is_inverted else ""]
        more += [f"new {self.new}" if self.new else ""]
        return " ".join(filter(None, [self.target, *more]))


@dataclass(frozen=True)
class Mapping:
    """What a file means: the system it comes from ("" where unknown), the record types in it, and its columns."""

    system: str
    kinds: tuple[str, ...]
    columns: tuple[ColumnMapping, ...]
    remarks: tuple[str, ...] = ()

    def of(self, column: str) -> ColumnMapping:
        """What a column means; KeyError where there is none of this name."""
        return {one.column: one for one in self.columns}[column]

    def changed(self, column: str, target: str, **more: Any) -> "Mapping":
        """The same with another meaning of one column, as somebody decided."""
        told = {"confidence": 1.0, "reason": _("chosen by hand"), **more}
        new = replace(self.of(column), target=target, **told)
        return replace(self, columns=tuple(new if one.column == column else one for one in self.columns))

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {
            "kinds": list(self.kinds), "remarks": list(self.remarks), "columns": [asdict(one) for one in self.columns]
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: MappingOf[str, Any]) -> "Mapping":
        """The mapping that `as_json` gave."""
        columns = tuple(ColumnMapping(**one) for one in told["columns"])
        return cls(told["system"], tuple(told["kinds"]), columns, tuple(told.get("remarks", ())))
