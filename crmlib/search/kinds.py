"""The kinds of record that are searched, and what their rank and their line in a list are made of."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, case, func

from crmlib.activities import Activity
from crmlib.billing import Order, OrderStatus
from crmlib.catalog import Product
from crmlib.contacts import Lifecycle, Party
from crmlib.i18n import lazy
from crmlib.sales import Deal


@dataclass(frozen=True, eq=False)
class Kind:
    """`importance` and `recent` settle the order of equally good hits; `condition` leaves some records out."""

    record: str
    label: str
    entity: Any
    importance: ColumnElement[Any]
    recent: ColumnElement[Any]
    condition: ColumnElement[bool] | None = None


@cache
def all_kinds() -> dict[str, Kind]:
    """By record, in the order in which a list shows them."""
    kinds = [
        Kind(
            "party",
            lazy("Customers"),
            Party,
            case((Party.lifecycle == Lifecycle.CUSTOMER, 2), (Party.lifecycle == Lifecycle.COLLEAGUE, 0), else_=1),
            func.coalesce(Party.last_activity_at, Party.created_at),
        ),
        Kind("deal", lazy("Deals"), Deal, case((Deal.closed_on.is_(None), 1), else_=0), Deal.updated_at.expression),
        Kind(
            "activity",
            lazy("Activities"),
            Activity,
            case((Activity.done_at.is_(None), 1), else_=0),
            func.coalesce(Activity.starts_at, Activity.done_at, Activity.due_at, Activity.created_at),
        ),
        Kind(
            "product", lazy("Products"), Product, case((Product.is_active, 1), else_=0), Product.updated_at.expression
        ),
        Kind(
            "order",
            lazy("Orders"),
            Order,
            case((Order.status == OrderStatus.CANCELLED, 0), else_=1),
            Order.updated_at.expression,
        ),
    ]
    return {kind.record: kind for kind in kinds}
