"""Files of organizations, whoever exported them."""

from collections.abc import Mapping

from crmlib.base import InvalidInput, Money
from crmlib.contacts import Organization, PartyKind
from crmlib.exchange.generic.links import PARENT, Link
from crmlib.exchange.generic.parties import Parties
from crmlib.exchange.loading import Doubt, Facts
from crmlib.exchange.making import NewParty
from crmlib.i18n import gettext as _


class Companies(Parties[Organization]):
    """Organizations."""

    name, record, kind, own = "companies", Organization, PartyKind.ORGANIZATION, "organization"

    def read(self, values: Mapping[str, str], doubt: Doubt) -> Facts:
        name = self.named(values)
        if not name:
            raise InvalidInput(_("Name"), "", _("it does not say what it is called"))
        money = self.c.read(values, "organization.annual_revenue", "money") if self.c.currency else None
        return {"name": name, "annual_revenue": money, **super().read(values, doubt)}

    def made(self, facts: Facts) -> NewParty:
        money: Money | None = facts["annual_revenue"]
        columns = self._columns(facts)
        columns |= {
            "annual_revenue_minor": money and money.minor,
            "annual_revenue_currency": money and money.currency,
        }
        return NewParty(
            PartyKind.ORGANIZATION,
            facts["name"],
            facts["lifecycle"],
            columns=columns,
            addresses=facts["addresses"],
            reach=facts["reach"],
        )

    def adopt(self, facts: Facts) -> Organization | None:
        found = super().adopt(facts)
        if found is not None or self.policy == "new":
            return found
        number = self.matches.decided.get(("organization", facts["name"]))
        if number is None:
            number = self.matches.by_name([facts["name"]], PartyKind.ORGANIZATION).get(facts["name"])
        if number is None or number > self.matches.newest:
            return None
        return self.session.get(Organization, number)

    def _links(self, values: Mapping[str, str]) -> tuple[Link, ...]:
        one = next(iter(self.c.all("parent.ref")), None)
        told = values.get(one.column, "") if one is not None else ""
        return (Link(PARENT, one.by, told),) if one is not None and told else ()
