from datetime import date
from decimal import Decimal

import pytest

from crmlib.base import Conflict, InvalidInput, Money, Refused
from crmlib.catalog import COUPONS, DISCOUNTS, PRICE_ENTRIES, PRODUCTS, TAX_RATES

DAY = date(2026, 6, 1)


@pytest.fixture
def probe(workbench):
    return workbench.catalog.add_product(
        name="Probe", code="P1", price=Money(1000, "EUR"), tax_class="Standard rate", kind="goods"
    )


def test_a_price_is_found_in_the_nearest_list_for_the_quantity_and_the_day(workbench, probe):
    catalog = workbench.catalog
    acme = workbench.contacts.add_organization(name="Acme")
    everybody = catalog.add_price_list(name="Retail", is_default=True)
    dealers = catalog.add_price_list(name="Dealers")
    catalog.set_price(everybody.id, probe.id, "9.5", currency="EUR")
    catalog.set_price(dealers.id, probe.id, "8", currency="EUR", to_on=date(2026, 6, 30))
    catalog.set_price(dealers.id, probe.id, "7.1234", currency="EUR", min_quantity=100, to_on=date(2026, 6, 30))

    def price(**more):
        found = catalog.price_of(probe.id, **{"on": DAY, **more})
        return found and (found.amount, found.source)

    assert price() == (Decimal("9.5"), "Retail")
    catalog.agree_price_list(acme.id, dealers.id)
    assert price(party=acme.id) == (Decimal(8), "Dealers")
    assert price(party=acme.id, quantity=250) == (Decimal("7.1234"), "Dealers")
    assert price(party=acme.id, on=date(2026, 7, 1)) == (Decimal("9.5"), "Retail")
    assert price(currency="USD") is None
    catalog.edit_price_list(everybody.id, {}, is_active=False)
    assert price() == (Decimal(10), "")
    catalog.agree_price_list(acme.id, None)
    assert price(party=acme.id) == (Decimal(10), "")
    assert len(catalog.price_entries(product_id=probe.id)) == 3


def test_an_edit_over_a_newer_one_is_a_conflict(workbench, probe):
    catalog = workbench.catalog
    catalog.edit_product(probe.id, {"price": "12", "category": "Sensors"}, was={"price": "10", "category": ""})
    with pytest.raises(Conflict) as conflict:
        catalog.edit_product(probe.id, {"price": "14"}, was={"price": Money(1000, "EUR")})
    assert conflict.value.theirs == {"price": "12.00 EUR"}
    with pytest.raises(InvalidInput, match="no such field"):
        catalog.edit_product(probe.id, {"colour": "red"})
    row = catalog.products().iloc[0]
    assert (row["price"], row["category"], row["tax_class"], row["kind"]) == (12.0, "Sensors", "standard", "goods")


def test_a_code_belongs_to_one_product(workbench, probe):
    with pytest.raises(Refused, match="P1 already"):
        workbench.catalog.add_product(name="Other", code="P1")
    other = workbench.catalog.add_product(name="Other")
    with pytest.raises(Refused, match="P1 already"):
        workbench.catalog.edit_product(other.id, {"code": "P1"})
    workbench.catalog.deactivate_product(probe.id)
    assert [one["product"] for one in workbench.catalog.product_choices()] == ["Other"]


def test_tax_rates_follow_each_other(workbench):
    catalog = workbench.catalog
    catalog.add_tax_rate(country="RO", rate="19")
    catalog.add_tax_rate(country="RO", rate="21", from_on=date(2025, 8, 1))
    assert catalog.tax_rate_of("standard", "RO", date(2025, 7, 31)) == 19
    assert catalog.tax_rate_of("standard", "RO", date(2025, 8, 1)) == 21
    assert catalog.tax_rate_of("reduced", "RO", DAY) is None
    with pytest.raises(Refused, match="already"):
        catalog.add_tax_rate(country="RO", rate="20", from_on=date(2024, 1, 1), to_on=date(2024, 6, 1))
    with pytest.raises(InvalidInput, match="between 0 and 100"):
        catalog.add_tax_rate(country="DE", rate="119")


def test_a_discount_is_a_percentage_or_an_amount_of_something(workbench):
    catalog = workbench.catalog
    for wrong in ({}, {"percent": 5, "amount": Money(1, "EUR")}, {"percent": "101"}, {"percent": 5, "scope": "series"}):
        with pytest.raises(InvalidInput):
            catalog.add_discount(name="Odd", **wrong)
    made = catalog.add_discount(name="Spring", percent="5", to_on=date(2026, 7, 31))
    with pytest.raises(InvalidInput, match="first"):
        catalog.edit_discount(made.id, {"from_on": "2026-08-01"})
    assert catalog.edit_discount(made.id, {"percent": "7.5"}, was={"percent": "5"}).percent == Decimal("7.5")
    catalog.add_coupon(made.id, code="mai")
    with pytest.raises(Refused, match="MAI already"):
        catalog.add_coupon(made.id, code=" Mai ")


def test_frames_keep_their_contracts_when_empty(workbench):
    catalog = workbench.catalog
    for name, contract in (
        ("products", PRODUCTS),
        ("price_entries", PRICE_ENTRIES),
        ("tax_rates", TAX_RATES),
        ("discounts", DISCOUNTS),
        ("coupons", COUPONS),
    ):
        frame = getattr(catalog, name)()
        assert {column: str(dtype) for column, dtype in frame.dtypes.items()} == contract
