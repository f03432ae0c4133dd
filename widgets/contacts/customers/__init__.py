"""The list of customers."""

from widgets.contacts.customers.model import ORDER, CustomersModel
from widgets.contacts.customers.view import Customers

__all__ = ["ORDER", "Customers", "CustomersModel"]
