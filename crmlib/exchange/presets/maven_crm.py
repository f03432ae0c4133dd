"""Maven Analytics' *CRM Sales Opportunities*: accounts, products, sellers, and their pipeline.

Money is in USD; account revenue in millions. Days have no time: a stage begins at midnight UTC of its day. A deal in
Prospecting has no day at all, and its stage event says so by having none.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import ClassVar

from crmlib.base import InvalidInput, read_day
from crmlib.exchange.loading import rows_of
from crmlib.exchange.presets.maven_deals import Deals
from crmlib.exchange.presets.maven_parties import Accounts, Managers, Products, Sellers
from crmlib.exchange.presets.preset import Preset
from crmlib.exchange.reading import Row, Table, WholeTable
from crmlib.i18n import gettext as _


class MavenCrm(Preset):
    """The four files of the training set, in any order, all at once or one after the other."""

    name = "maven_crm"
    title = "Maven CRM"
    kinds = (Accounts, Products, Sellers, Deals)
    ignored = (frozenset({"Table", "Field", "Description"}),)

    #: What a deal's row names, by column, and the kind that must be known by then.
    refers: ClassVar[dict[str, str]] = {"account": "accounts", "product": "products", "sales_agent": "sellers"}

    def load(self, tables: Mapping[str, list[Table]]) -> None:
        deals = tables.get(Deals.name, [])
        self._check_references(tables, deals)
        accounts = Accounts(self.loading, first_seen=_first_seen(deals))
        for table in tables.get(Accounts.name, []):
            self.loading.load(accounts, table)
        for table in tables.get(Products.name, []):
            self.loading.load(Products(self.loading), table)
        for table in tables.get(Sellers.name, []):
            self.loading.load(Managers(self.loading), _managers_of(table))
            self.loading.load(Sellers(self.loading), table)
        for table in deals:
            self.loading.load(Deals(self.loading), table)

    def _check_references(self, tables: Mapping[str, list[Table]], deals: list[Table]) -> None:
        """Deals without the files they speak of would arrive as orphans: say so before anything is written."""
        for table in deals:
            for column, kind in self.refers.items():
                named = any(row.values[column] for row in _good(table))
                if named and kind not in tables and not self.loading.sources.has(kind):
                    expected = _("its rows name {kind}; import that file with it, or before").format(kind=kind)
                    raise InvalidInput(_("File"), table.name, expected)


def _first_seen(deals: list[Table]) -> dict[str, date]:
    """The day of the first deal with each account, so that its history begins there and not today."""
    found: dict[str, date] = {}
    for row in (row for table in deals for row in _good(table)):
        try:
            day = read_day("", row.values["engage_date"])
        except InvalidInput:
            continue
        found[row.values["account"]] = min(day, found.get(row.values["account"], day))
    return found


def _good(table: Table) -> Iterator[Row]:
    return (row for row in rows_of(table) if isinstance(row, Row))


def _managers_of(sellers: Table) -> WholeTable:
    """A table of its own for the managers, who stand in a column of the sellers: name, and region where it is one."""
    regions: dict[str, set[str]] = {}
    lines: dict[str, int] = {}
    for row in _good(sellers):
        if manager := row.values["manager"]:
            regions.setdefault(manager, set()).add(row.values["regional_office"])
            lines.setdefault(manager, row.line)
    rows = [
        Row(lines[manager], {"manager": manager, "regional_office": min(where) if len(where) == 1 else ""})
        for manager, where in regions.items()
    ]
    return WholeTable(sellers.name, Managers.columns, rows, [], sellers.encoding, sellers.delimiter, sellers.sha256)
