import pytest

from crmlib.base import Money
from crmlib.contacts import Lifecycle


@pytest.fixture
def pipeline(workbench):
    return workbench.sales.add_pipeline(name="Instruments")


@pytest.fixture
def make_deal(workbench, pipeline):
    def make(name="Sensors", amount="100", currency="EUR", **more):
        return workbench.sales.open_deal(name=name, amount=amount and Money.of(amount, currency), **more)

    return make


@pytest.fixture
def make_colleague(workbench):
    def make(name):
        return workbench.contacts.add_person(given_name=name, lifecycle=Lifecycle.COLLEAGUE)

    return make


@pytest.fixture
def told(workbench):
    """The sentences of a party's timeline, newest first."""

    def sentences(party_id):
        return [entry.title for entry in workbench.activities.timeline([party_id], what="event")]

    return sentences
