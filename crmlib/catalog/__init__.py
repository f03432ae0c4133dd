"""Catalog: what the business sells, and at what price."""

from crmlib.catalog.actions import add_product
from crmlib.catalog.queries import PRODUCTS, product_choices, products
from crmlib.catalog.records import (
    TAX_CLASSES,
    Coupon,
    Discount,
    DiscountKind,
    DiscountScope,
    PartyPriceList,
    PriceEntry,
    PriceList,
    Product,
    ProductKind,
    TaxRate,
)

__all__ = [
    "PRODUCTS",
    "TAX_CLASSES",
    "Coupon",
    "Discount",
    "DiscountKind",
    "DiscountScope",
    "PartyPriceList",
    "PriceEntry",
    "PriceList",
    "Product",
    "ProductKind",
    "TaxRate",
    "add_product",
    "product_choices",
    "products",
]
