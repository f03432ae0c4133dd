import pytest

from crmlib.base import Money
from crmlib.billing import place_order


@pytest.fixture
def acme(workbench):
    return workbench.contacts.add_organization(name="Acme")


@pytest.fixture
def order_of(workbench):
    """Place an order of lines given as (quantity, unit price)."""

    def place(*lines, party=None, currency="EUR", **more):
        with workbench.session() as session:
            return place_order(
                session,
                at=workbench.now(),
                party=None if party is None else party.id,
                currency=currency,
                lines=[{"description": "Thing", "quantity": q, "unit_price": p} for q, p in lines],
                **more,
            ).id

    return place


@pytest.fixture
def euros():
    return lambda amount: Money.of(amount, "EUR")
