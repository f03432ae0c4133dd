"""The page of one customer."""

from widgets.contacts.customer.model import CustomerModel
from widgets.contacts.customer.view import Customer

__all__ = ["Customer", "CustomerModel"]
