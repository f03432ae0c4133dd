from datetime import date

from crmlib.base import Money
from crmlib.billing import Order, OrderStatus, PartyTotal, Payment, Refund


def test_the_database_keeps_the_sums_of_a_party(workbench):
    with workbench.session() as session:
        party = workbench.contacts  # noqa: F841
        from crmlib.contacts import add_organization

        acme = add_organization(session, name="Acme", at=workbench.now())
        beta = add_organization(session, name="Beta", at=workbench.now())
        session.flush()
        order = Order(
            number="1",
            party_id=acme.id,
            ordered_on=date(2026, 5, 1),
            currency="EUR",
            total_minor=500,
            reporting_minor=500,
            status=OrderStatus.CONFIRMED,
        )
        payments = [
            Payment(
                party_id=acme.id, paid_on=date(2026, 5, day), amount=Money(100 * day, "EUR"), reporting_minor=100 * day
            )
            for day in (1, 2, 3)
        ]
        session.add_all([order, *payments])
        session.flush()
        refund = Refund(party_id=acme.id, amount=Money(50, "EUR"), reporting_minor=50, refunded_on=date(2026, 6, 1))
        session.add(refund)
        session.flush()
        kept = session.get(PartyTotal, acme.id)
        assert (kept.paid_minor, kept.n_payments, kept.last_paid_on) == (550, 3, date(2026, 5, 3))
        assert (kept.ordered_minor, kept.refunded_minor, kept.n_unconverted) == (500, 50, 0)
        session.delete(payments[2])
        payments[0].party_id = beta.id
        order.status = OrderStatus.CANCELLED
        session.flush()
        session.expire_all()
        kept = session.get(PartyTotal, acme.id)
        assert (kept.paid_minor, kept.n_payments, kept.last_paid_on) == (150, 1, date(2026, 5, 2))
        assert (kept.ordered_minor, kept.n_orders, kept.last_order_on) == (0, 0, None)
        assert session.get(PartyTotal, beta.id).paid_minor == 100
        for one in (refund, *payments[:2]):
            session.delete(one)
        session.flush()
        session.expire_all()
        assert session.get(PartyTotal, acme.id) is None
        assert session.get(PartyTotal, beta.id) is None
