"""What may be done with orders and with money: one module for what each action concerns."""

from crmlib.billing.actions.discount import apply_coupon, apply_discount, remove_coupon, remove_discount, take_off
from crmlib.billing.actions.line import add_line, edit_line, remove_line
from crmlib.billing.actions.order import (
    cancel_order,
    confirm_order,
    edit_order,
    fulfil_order,
    place_order,
    reopen_order,
)
from crmlib.billing.actions.payment import (
    add_payment_method,
    cancel_payment,
    edit_payment,
    end_payment_method,
    fail_payment,
    receive_payment,
    record_payment,
)
from crmlib.billing.actions.rates import recount_totals, restate, set_fx_rate, set_fx_rates
from crmlib.billing.actions.refund import cancel_refund, record_refund, refund_order, refund_payment, settle_refund

__all__ = [
    "add_line",
    "add_payment_method",
    "apply_coupon",
    "apply_discount",
    "cancel_order",
    "cancel_payment",
    "cancel_refund",
    "confirm_order",
    "edit_line",
    "edit_order",
    "edit_payment",
    "end_payment_method",
    "fail_payment",
    "fulfil_order",
    "place_order",
    "receive_payment",
    "record_payment",
    "record_refund",
    "recount_totals",
    "refund_order",
    "refund_payment",
    "remove_coupon",
    "remove_discount",
    "remove_line",
    "reopen_order",
    "restate",
    "set_fx_rate",
    "set_fx_rates",
    "settle_refund",
    "take_off",
]
