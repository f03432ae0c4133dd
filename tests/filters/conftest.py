"""People, firms, deals and activities with something of everything, for filters to find."""

from datetime import date, timedelta

import pytest

from crmlib.base import Money
from crmlib.filters import add_custom_field, set_custom


@pytest.fixture
def company(workbench, clock):
    """A small company with custom fields; ids by name."""
    with workbench.session() as session:
        from crmlib import activities, contacts, sales

        add_custom_field(session, "party", label="Interests", kind="choices", choices=["golf", "chess", "sailing"])
        add_custom_field(session, "party", label="Handicap", kind="number")
        add_custom_field(session, "party", label="Budget", kind="money")
        add_custom_field(session, "party", label="Met on", kind="date")
        add_custom_field(session, "party", label="Shirt", kind="choice", choices=["S", "M", "L"])
        add_custom_field(session, "party", label="Partner", key="spouse", kind="party")
        add_custom_field(session, "party", label="Called by friends", kind="text")
        at = clock.now
        maria = contacts.add_person(session, given_name="Maria", family_name="Pop", at=at, lifecycle="colleague")
        bank = contacts.add_organization(
            session, name="Banca Transilvană", city="Cluj-Napoca", country="RO", sector="Finance", at=at, owner=maria
        )
        stefan = contacts.add_person(
            session,
            given_name="Ștefan",
            family_name="Țurcanu",
            at=at - timedelta(days=200),
            email="Stefan@Example.org",
            phone="+40 721 234 567",
            organization=bank,
            lifecycle="customer",
            birthday_on=date(1980, 2, 29),
            owner=maria,
        )
        dewi = contacts.add_person(
            session, given_name="Dewi", at=at, city="Jakarta", country="ID", lifecycle="customer"
        )
        nobody = contacts.add_person(session, given_name="Nobody", at=at)
        set_custom(
            session,
            stefan,
            {"interests": ["golf", "chess"], "handicap": "12.5", "budget": "1000 EUR", "met_on": "2026-06-30"},
        )
        set_custom(session, dewi, {"interests": ["sailing"], "handicap": "3", "budget": "500 USD", "shirt": "M"})
        set_custom(session, dewi, {"spouse": stefan.id, "called_by_friends": "Déwi  the “Great”"})
        sales.add_pipeline(session, name="Sales")
        for party, amount, currency in ((stefan, "100", "EUR"), (stefan, "2000", "USD"), (dewi, "5000", "EUR")):
            sales.open_deal(
                session,
                name=f"Deal {amount}",
                party=party,
                owner=maria,
                amount=Money.of(amount, currency),
                expected_close_on=date(2026, 8, 1),
                at=at,
            )
        deal = sales.open_deal(session, name="Won one", party=dewi, amount=Money.of("700", "EUR"), at=at)
        sales.win_deal(session, deal, at=at)
        sales.open_deal(session, name="No amount", at=at)
        activities.log_activity(session, "call", subject="Called", with_parties=[stefan], at=at - timedelta(days=100))
        activities.plan_activity(
            session, "task", subject="Write", due_at=at + timedelta(days=1), with_parties=[dewi], assignee=maria, at=at
        )
        return {"maria": maria.id, "bank": bank.id, "stefan": stefan.id, "dewi": dewi.id, "nobody": nobody.id}
