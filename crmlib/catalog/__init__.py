"""Catalog: what the business sells, and at what price."""

from crmlib.catalog.actions import add_product
from crmlib.catalog.queries import PRODUCTS, product_choices, products
from crmlib.catalog.records import Product

__all__ = ["PRODUCTS", "Product", "add_product", "product_choices", "products"]
