from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib.base import Money
from crmlib.billing import AppliedDiscount, Order, OrderLine, reckon, share_out, shares
from crmlib.catalog import Discount, DiscountScope

LINES = st.lists(
    st.tuples(
        st.decimals(min_value="0.001", max_value=1000, places=3),
        st.decimals(min_value=0, max_value=1000, places=4),
        st.sampled_from([None, Decimal(0), Decimal("9.5"), Decimal(19)]),
    ),
    min_size=1,
    max_size=6,
)
DISCOUNTS = st.lists(
    st.one_of(
        st.decimals(min_value="0.0001", max_value=100, places=4).map(lambda percent: {"percent": percent}),
        st.integers(1, 10**6).map(lambda minor: {"amount": Money(minor, "EUR")}),
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(lines=LINES, discounts=DISCOUNTS, included=st.booleans())
def test_an_order_adds_up_whatever_is_in_it(lines, discounts, included):
    order = Order(number="1", currency="EUR", tax_included=included)
    for quantity, price, rate in lines:
        order.lines.append(OrderLine(quantity=quantity, unit_price=price, tax_rate=rate, description="x"))
    for terms in discounts:
        discount = Discount(name="d", scope=DiscountScope.ORDER, **terms)
        order.applied.append(AppliedDiscount(discount=discount, amount_minor=0))
    reckon(order)
    on_lines = sum(line.amount_minor for line in order.lines)
    assert sum(one.amount_minor for one in order.applied) == order.discount_minor <= on_lines
    assert order.total_minor == on_lines - order.discount_minor + (0 if included else order.tax_minor)
    assert order.total_minor >= 0
    assert sum(share for _line, share in shares(order)) == order.total_minor
    for line in order.lines:
        assert abs(line.amount_minor - Fraction(line.exact) * 100) <= Fraction(1, 2)
    first = (order.total_minor, order.discount_minor, order.tax_minor)
    reckon(order)
    assert (order.total_minor, order.discount_minor, order.tax_minor) == first


@settings(max_examples=150, deadline=None)
@given(total=st.integers(0, 10**9), parts=st.lists(st.fractions(min_value=0, max_value=10**6), min_size=1, max_size=8))
def test_sharing_out_loses_nothing(total, parts):
    given_out = share_out(total, parts)
    assert sum(given_out) == total
    if sum(parts):
        for got, part in zip(given_out, parts, strict=True):
            assert abs(got - total * part / sum(parts)) < 1
