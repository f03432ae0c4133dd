from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from crmlib.base import Money
from crmlib.billing import (
    Order,
    OrderStatus,
    PartyTotal,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    converter,
    count_anew,
    totals_agree,
    without_triggers,
)
from crmlib.contacts import add_organization

DAY = date(2026, 5, 1)
PARTIES = st.sampled_from([None, 0, 1])
AMOUNT = st.integers(-500, 500)
UNCONVERTED = st.booleans()
DAYS = st.integers(0, 6)
OPERATION = st.one_of(
    st.tuples(st.just("order"), PARTIES, AMOUNT, UNCONVERTED, DAYS, st.sampled_from(OrderStatus)),
    st.tuples(st.just("payment"), PARTIES, AMOUNT, UNCONVERTED, DAYS, st.sampled_from(PaymentStatus)),
    st.tuples(st.just("refund"), PARTIES, AMOUNT, UNCONVERTED, DAYS, st.sampled_from(RefundStatus)),
    st.tuples(st.just("delete"), st.integers(0, 20)),
    st.tuples(st.just("change"), st.integers(0, 20), PARTIES, AMOUNT, DAYS, st.integers(0, 3)),
)
DAY_OF = {Order: "ordered_on", Payment: "paid_on", Refund: "refunded_on"}
AMOUNT_OF = {Order: "total_minor", Payment: "amount_minor", Refund: "amount_minor"}


def kept(session):
    table = PartyTotal.__table__
    return [tuple(row) for row in session.execute(select(table).order_by(table.c.party_id))]


def carry_out(session, parties, operation, written):
    what, *how = operation
    if what == "delete":
        if written:
            session.delete(written.pop(how[0] % len(written)))
        return
    if what == "change":
        if written:
            place, party, minor, day, status = how
            one = written[place % len(written)]
            one.party_id = None if party is None else parties[party]
            setattr(one, AMOUNT_OF[type(one)], minor)
            setattr(one, DAY_OF[type(one)], DAY + timedelta(days=day))
            choices = list(type(one.status))
            one.status = choices[status % len(choices)]
        return
    party, minor, unconverted, day, status = how
    record = {"order": Order, "payment": Payment, "refund": Refund}[what]
    facts = {AMOUNT_OF[record]: minor, DAY_OF[record]: DAY + timedelta(days=day)}
    if record is Order:
        facts["number"] = f"n{len(written)}-{id(operation)}-{session.info.setdefault('n', 0)}"
        session.info["n"] += 1
    one = record(
        party_id=None if party is None else parties[party],
        currency="USD" if unconverted else "EUR",
        status=status,
        **facts,
    )
    session.add(one)
    written.append(one)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.lists(OPERATION, max_size=12))
def test_the_sums_of_each_party_are_what_a_recount_finds(workbench, operations):
    with workbench.session() as session:
        parties = [add_organization(session, name=name, at=workbench.now()).id for name in ("Acme", "Beta")]
        written = []
        for operation in operations:
            carry_out(session, parties, operation, written)
            session.flush()
        before = kept(session)
        count_anew(session)
        assert before == kept(session)
        for one in written:
            session.delete(one)
        session.flush()
        assert kept(session) == []
        session.rollback()


def test_rows_that_no_session_wrote_count_too(workbench, acme):
    with workbench.session() as session:
        rows = [
            {
                "party_id": acme.id,
                "amount_minor": 100 * n,
                "currency": "EUR",
                "reporting_minor": converter(session).minor(100 * n, "EUR", DAY),
                "paid_on": DAY + timedelta(days=n),
                "status": PaymentStatus.RECEIVED,
                "version": 1,
                "created_at": workbench.now(),
                "updated_at": workbench.now(),
            }
            for n in range(1, 6)
        ]
        session.execute(insert(Payment), rows, execution_options={"derived": True})
        session.execute(text("UPDATE payment SET party_id = NULL WHERE amount_minor = 500"))
        total = session.get(PartyTotal, acme.id)
        assert (total.paid_minor, total.n_payments, total.last_paid_on) == (1000, 4, DAY + timedelta(days=4))
        assert total.currency == "EUR"


def test_a_load_without_triggers_is_counted_at_its_end(workbench, acme):
    def pay(session):
        session.add(Payment(party_id=acme.id, amount=Money(100, "EUR"), paid_on=DAY))
        session.flush()

    with workbench.session() as session:
        with without_triggers(session):
            pay(session)
            assert kept(session) == []
        assert [row[2] for row in kept(session)] == [100]
        pay(session)
        assert [row[2] for row in kept(session)] == [200]
    with pytest.raises(KeyboardInterrupt), workbench.session() as session, without_triggers(session):
        pay(session)
        raise KeyboardInterrupt
    with workbench.session() as session:
        pay(session)
        assert [row[2] for row in kept(session)] == [300]
    assert workbench.billing.recount_totals() == 1
    assert list(workbench.billing.party_totals()["paid"]) == [3.0]


@pytest.mark.parametrize("thorough", [True, False])
def test_sums_that_are_wrong_are_noticed(workbench, acme, thorough):
    with workbench.session() as session:
        session.add(Payment(party_id=acme.id, amount=Money(100, "EUR"), paid_on=DAY))
        session.flush()
        assert totals_agree(session, thorough=thorough)
        session.connection().exec_driver_sql("UPDATE party_total SET paid_minor = paid_minor + 1")
        assert not totals_agree(session, thorough=thorough)
        session.connection().exec_driver_sql("DELETE FROM party_total")
        assert not totals_agree(session, thorough=thorough)
        count_anew(session)
        assert totals_agree(session, thorough=thorough)


def test_figures_are_exact_whatever_the_lines(workbench, order_of):
    from crmlib.billing import RefundLine

    order_of((6, "2.551"), (1, "0.001"))
    with workbench.session() as session:
        refund = Refund(number="C1", amount=Money(11062, "EUR"), refunded_on=DAY)
        refund.lines.append(RefundLine(quantity=2, unit_price="0.0001", amount_minor=0))
        session.add(refund)
    (figures,) = workbench.billing.line_figures()
    assert (str(figures.total), figures.n_lines, figures.n_refund_lines, figures.n_without_party) == (
        "15.3068000",
        3,
        1,
        3,
    )
