"""Custom values as JSON keeps them."""

from datetime import date
from decimal import Decimal
from typing import Any

from crmlib.base import Field, Money


def dump(value: Any) -> Any:
    """A value that `Field.read` gave, as JSON."""
    match value:
        case Money(minor=minor, currency=currency):
            return {"minor": minor, "currency": currency}
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case date():
            return value.isoformat()
    return value


def load(about: Field, stored: Any) -> Any:
    """The value that JSON keeps, as `Field.read` gives it."""
    if stored is None:
        return [] if about.many else None
    match about.kind:
        case "money":
            return Money(int(stored["minor"]), stored["currency"])
        case "decimal":
            return Decimal(str(stored))
        case "date":
            return date.fromisoformat(stored)
    return stored
