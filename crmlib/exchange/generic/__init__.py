"""Any file, by what its columns mean: parties, deals, leads, activities, products, orders, payments.

Files that belong together are loaded in an order in which what one refers to is there before: organizations, people,
products, leads, deals, activities, orders, payments.
"""

from collections.abc import Sequence

from crmlib.base import InvalidInput
from crmlib.exchange.generic.columns import Columns
from crmlib.exchange.generic.companies import Companies
from crmlib.exchange.generic.matches import Matches, Proposal, confirm_match
from crmlib.exchange.generic.parties import POLICIES
from crmlib.exchange.generic.people import Contacts
from crmlib.exchange.generic.trade import Orders, Payments, Products
from crmlib.exchange.generic.work import Activities, Deals, Leads
from crmlib.exchange.loading import Loading
from crmlib.exchange.mapping import CUSTOM, Mapping
from crmlib.exchange.reading import Table
from crmlib.i18n import gettext as _

ORDER = ("companies", "contacts", "products", "leads", "deals", "activities", "orders", "payments")


def load_tables(
    loading: Loading, tables: Sequence[tuple[Table, Mapping]], *, policy: str = "ask", currency: str = ""
) -> None:
    """Load tables by their mappings. Raises InvalidInput for a policy that is none."""
    if policy not in POLICIES:
        raise InvalidInput(_("Policy"), policy, _("choose one of: {names}").format(names=", ".join(POLICIES)))
    for table, meaning in sorted(tables, key=lambda both: ORDER.index(both[1].kinds[0])):
        columns, matches, kind = Columns(meaning, currency=currency), Matches(loading), meaning.kinds[0]
        unknown = [one.column for one in meaning.columns if one.target == CUSTOM]
        if unknown:
            says = _("columns that mean nothing here are kept with the source rows only: {names}")
            loading.report.note(kind, says.format(names=", ".join(unknown)))
        match kind:
            case "companies":
                loading.load(Companies(loading, columns, matches, policy=policy), table)
            case "contacts":
                loading.load(Contacts(loading, columns, matches, policy=policy), table)
            case "leads":
                people = Contacts(loading, columns, matches, policy=policy)
                loading.load(Leads(loading, columns, people, matches), table)
            case "deals":
                loading.load(Deals(loading, columns, matches), table)
            case "activities":
                loading.load(Activities(loading, columns, matches), table)
            case "products":
                loading.load(Products(loading, columns, matches), table)
            case "orders":
                loading.load(Orders(loading, columns, matches), table)
            case _:
                loading.load(Payments(loading, columns, matches), table)


__all__ = ["ORDER", "POLICIES", "Proposal", "confirm_match", "load_tables"]
