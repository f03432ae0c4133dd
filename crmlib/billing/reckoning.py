"""How an order is added up: lines, discounts, tax. Exact, and rounded half-even once per line and once per discount."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from crmlib.base import Money, round_minor
from crmlib.billing.records import AppliedDiscount, Order, OrderLine
from crmlib.catalog import Discount, DiscountScope

__all__ = ["chosen_discounts", "matching_lines", "reckon", "share_out", "shares"]


def chosen_discounts(order: Order) -> list[Discount]:
    """The discounts an order was given, each once, in the order they were given."""
    return list(dict.fromkeys(one.discount for one in order.applied if one.discount is not None))


def matching_lines(discount: Discount, lines: Iterable[OrderLine]) -> list[OrderLine]:
    """The lines that a discount on a product or a series is taken off."""
    if discount.scope is DiscountScope.PRODUCT:
        return [line for line in lines if line.product_id is not None and line.product_id == discount.product_id]
    return [line for line in lines if line.product is not None and line.product.series == discount.series]


def reckon(order: Order) -> None:
    """Add an order up: the amounts of its lines, what each discount took off, tax and total.

    Discounts on lines come first, then those on the whole order, each off what the ones before it left, and never
    below nothing. Tax is reckoned on what is left of each line, its share of the order's discounts taken off.
    """
    taken: dict[tuple[Discount | None, OrderLine | None], int] = {}
    for line in order.lines:
        line.discount_minor = 0
        line.amount_minor = _amount(order, line)
    for one in order.applied:
        if one.discount is None and one.line is not None:
            _take_off_line(order, one.line, one.amount_minor)
    for discount in chosen_discounts(order):
        if discount.scope is DiscountScope.ORDER:
            continue
        left = discount.amount_minor or 0
        for line in matching_lines(discount, order.lines):
            off = min(_part(discount, line.amount_minor, left), max(line.amount_minor, 0))
            left -= off
            taken[discount, line] = off
            _take_off_line(order, line, off)
    on_lines = sum(line.amount_minor for line in order.lines)
    rest = max(on_lines, 0)
    for one in order.applied:
        if one.discount is None and one.line is None:
            one.amount_minor = min(one.amount_minor, rest)
            rest -= one.amount_minor
    for discount in chosen_discounts(order):
        if discount.scope is DiscountScope.ORDER:
            off = min(_part(discount, rest, discount.amount_minor or 0), rest)
            taken[discount, None] = off
            rest -= off
        elif not any(discount is key for key, _line in taken):
            taken[discount, None] = 0  # it was given, and nothing here is what it is taken off
    _write_down(order, taken)
    order.discount_minor = max(on_lines, 0) - rest
    order.tax_minor = sum(_tax(order, line, on_lines) for line in order.lines)
    order.total_minor = on_lines - order.discount_minor + (0 if order.tax_included else order.tax_minor)


def shares(order: Order) -> list[tuple[OrderLine, Fraction]]:
    """What each line comes to in the end, in minor units: its part of discounts and tax included. Exact: it sums up."""
    on_lines = sum(line.amount_minor for line in order.lines)
    return [
        (line, _left_of(order, line, on_lines) + (0 if order.tax_included else _tax(order, line, on_lines)))
        for line in order.lines
    ]


def share_out(total: int, parts: Sequence[Fraction]) -> list[int]:
    """`total` minor units by the size of `parts`, whole, with no unit lost: who lost most by rounding down gets one."""
    whole = sum(parts)
    if not whole:
        return [total if place == 0 else 0 for place in range(len(parts))]
    exact = [total * part / whole for part in parts]
    given = [one.numerator // one.denominator for one in exact]
    by_loss = sorted(range(len(parts)), key=lambda place: (given[place] - exact[place], place))
    for place in by_loss[: total - sum(given)]:
        given[place] += 1
    return given


def _amount(order: Order, line: OrderLine) -> int:
    off = Money(line.discount_minor, order.currency).amount
    return round_minor(Fraction(line.exact) - Fraction(off), order.currency)


def _take_off_line(order: Order, line: OrderLine, minor: int) -> None:
    line.discount_minor += minor
    line.amount_minor = _amount(order, line)


def _part(discount: Discount, of: int, left: int) -> int:
    if discount.percent is None:
        return max(left, 0)
    return round(max(of, 0) * Fraction(discount.percent) / 100)


def _left_of(order: Order, line: OrderLine, on_lines: int) -> Fraction:
    if not on_lines:
        return Fraction(line.amount_minor)
    return Fraction(line.amount_minor) * (on_lines - order.discount_minor) / on_lines


def _tax(order: Order, line: OrderLine, on_lines: int) -> int:
    if line.tax_rate is None:
        return 0
    left, rate = _left_of(order, line, on_lines), Fraction(line.tax_rate)
    return round(left * rate / (100 + rate)) if order.tax_included else round(left * rate / 100)


def _write_down(order: Order, taken: dict[tuple[Discount | None, OrderLine | None], int]) -> None:
    kept: dict[tuple[Discount | None, OrderLine | None], AppliedDiscount] = {
        (one.discount, one.line): one for one in order.applied if one.discount is not None
    }
    for key, one in kept.items():
        if key not in taken:
            order.applied.remove(one)
    for (discount, line), minor in taken.items():
        if (discount, line) in kept:
            kept[discount, line].amount_minor = minor
        else:
            order.applied.append(AppliedDiscount(discount=discount, line=line, amount_minor=minor))
