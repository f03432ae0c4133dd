"""Any file, by what its columns mean: parties, deals, leads, activities, products, orders, payments.

Files that belong together are loaded in an order in which what one refers to is there before: organizations, people,
products, leads, deals, activities, orders, payments. A file whose rows hold several of them is loaded in parts.
"""

from collections.abc import Sequence
from typing import Any

from crmlib.base import InvalidInput, fields_of
from crmlib.exchange.generic.activities import Activities, Notes
from crmlib.exchange.generic.columns import Columns
from crmlib.exchange.generic.companies import Companies
from crmlib.exchange.generic.customs import add_new_fields, unknown_columns, with_own_fields
from crmlib.exchange.generic.deals import Deals
from crmlib.exchange.generic.leads import Leads
from crmlib.exchange.generic.matches import Matches, Proposal, confirm_match
from crmlib.exchange.generic.parties import POLICIES
from crmlib.exchange.generic.parts import NOTES, part, parts_of
from crmlib.exchange.generic.people import Contacts
from crmlib.exchange.generic.trade import Orders, Payments, Products
from crmlib.exchange.loading import Kind, Loading
from crmlib.exchange.mapping import CUSTOM, IGNORE, Mapping
from crmlib.exchange.reading import Table
from crmlib.i18n import gettext as _

ORDER = ("companies", "contacts", "products", "leads", "deals", "activities", NOTES, "orders", "payments")
_PARTIES: dict[str, Any] = {"companies": Companies, "contacts": Contacts}
_OTHERS: dict[str, Any] = {
    "deals": Deals, "activities": Activities, NOTES: Notes, "products": Products, "orders": Orders,
    "payments": Payments,
}  # fmt: skip


def load_tables(
    loading: Loading, tables: Sequence[tuple[Table, Mapping]], *, policy: str = "ask", currency: str = ""
) -> None:
    """Load tables by their mappings. Raises InvalidInput for a policy, or a field of one's own, that there is not."""
    if policy not in POLICIES:
        raise InvalidInput(_("Policy"), policy, _("choose one of: {names}").format(names=", ".join(POLICIES)))
    made = [(table, add_new_fields(loading.session, table, meaning)) for table, meaning in tables]
    pieces = [(kind, table, meaning, told) for table, meaning in made for kind, told in parts_of(meaning)]
    used: dict[int, set[str]] = {}
    for kind, table, meaning, told in sorted(pieces, key=lambda piece: ORDER.index(piece[0])):
        columns = Columns(told, currency=currency)
        is_own = kind == meaning.kinds[0]
        # Whoever is only mentioned in a row of something else, and is here, is meant.
        rows = _kind(loading, kind, columns, policy if is_own or policy != "ask" else "update")
        if kind in _PARTIES:
            rows.trusts_names = not is_own  # type: ignore[attr-defined]  # they are kinds of parties
        source: Table = table
        if len(parts_of(meaning)) > 1:
            source = _part(loading, table, kind, told, rows, is_own=is_own)
        loading.load(rows, source)
        counts = loading.report.of(kind)
        # Only rows that were read have asked for their columns.
        unasked = {one.column for one in columns.unasked()} if counts.new or counts.changed else set()
        used.setdefault(id(meaning), set()).update(one.column for one in told.columns if one.column not in unasked)
    for _table, meaning in made:
        _note_unused(loading, meaning, used[id(meaning)])


def labels_of(kind: str) -> dict[str, str]:
    """What the fields of such rows are called by people, by the names that a preview has."""
    found: Any = _PARTIES.get(kind) or _OTHERS.get(kind) or {"leads": Leads}.get(kind)
    if found is None:
        return {}
    return {name: about.title for name, about in fields_of(found.record).items()} | {
        "organization": _("Organization"), "stage": _("Stage"), "reach": _("Contact"),
    }  # fmt: skip


def _kind(loading: Loading, kind: str, columns: Columns, policy: str) -> Kind[Any]:
    matches = Matches(loading)
    if kind in _PARTIES:
        found: Kind[Any] = _PARTIES[kind](loading, columns, matches, policy=policy)
    elif kind == "leads":
        found = Leads(loading, columns, Contacts(loading, columns, matches, policy=policy), matches)
    else:
        found = _OTHERS[kind](loading, columns, matches)
    return found


def _part(loading: Loading, table: Table, kind: str, told: Mapping, rows: Any, *, is_own: bool) -> Table:
    """The rows of one kind among those of a table; a party or product that several rows name is one."""
    once: dict[str, Any] = {}
    if kind in ("companies", "contacts", "products"):
        says = _("it says something else of one that stands in a row before; what that one says was taken")
        once = {
            "named": lambda values: f"{rows.key(values)}\x1f{rows.named(values)}",
            "differs": lambda line: loading.report.point_out(kind, says, line),
            "skipped": (lambda n_rows: loading.count(table, n_rows)) if is_own else None,
        }
    return part(table, kind, told, is_own=is_own, **once)


def _note_unused(loading: Loading, meaning: Mapping, used: set[str]) -> None:
    """Say which columns of a file found no place, so that nothing is lost unseen."""
    told = [one for one in meaning.columns if one.look != "empty" and one.target != IGNORE]
    unknown = [one.column for one in told if one.target == CUSTOM]
    if unknown:
        says = _("columns that mean nothing here are kept with the source rows only: {names}")
        loading.report.note(meaning.kinds[0], says.format(names=", ".join(unknown)))
    unused = [f"{one.column} ({one.short})" for one in told if one.target != CUSTOM and one.column not in used]
    if unused:
        says = _("columns that have no place in these records are kept with the source rows only: {names}")
        loading.report.note(meaning.kinds[0], says.format(names=", ".join(unused)))


__all__ = [
    "ORDER",
    "POLICIES",
    "Proposal",
    "add_new_fields",
    "confirm_match",
    "labels_of",
    "load_tables",
    "unknown_columns",
    "with_own_fields",
]
