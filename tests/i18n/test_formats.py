from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crmlib import i18n


def test_money_is_written_as_the_reader_has_it():
    assert i18n.format_money(Decimal("24900.5"), "EUR") == "€24,900.50"
    assert i18n.format_money(Decimal("24900"), "EUR", whole=True) == "€24,900"
    with i18n.use_locale("ro"):
        assert i18n.format_money(Decimal("24900.5"), "EUR").replace("\u00a0", " ") == "24.900,50 EUR"


def test_a_code_stands_apart_from_its_figure():
    assert i18n.format_money(Decimal("3000000"), "IDR", whole=True) == "IDR\u00a03,000,000"
    assert i18n.format_money_short(Decimal("486000000"), "IDR") == "IDR\u00a0486M"
    assert i18n.format_money(Decimal("12"), "USD", whole=True) in ("$12", "US$12")


def test_a_share_is_written_as_the_reader_has_it():
    assert i18n.format_percent(0.6315, 2) == "63.15%"
    with i18n.use_locale("ro"):
        assert i18n.format_percent(0.31).replace("\u00a0", " ") == "31 %"


def test_a_day_has_its_year_only_where_it_is_another():
    assert i18n.format_date(date(2026, 11, 12), today=date(2026, 11, 23)) == "12 Nov"
    assert i18n.format_date(date(2025, 11, 12), today=date(2026, 11, 23)) == "12 Nov 2025"


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=5), "Just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(days=1), "Yesterday"),
        (timedelta(days=11), "12 Nov"),
        (timedelta(days=-2), "25 Nov"),
    ],
)
def test_how_long_ago_is_said_as_people_say_it(before, said):
    now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    assert i18n.ago(now - before, now=now, zone=UTC) == said


@pytest.mark.parametrize(
    ("locale", "typed", "value"),
    [("en", "1,204.50", "1204.50"), ("ro", "1.204,50", "1204.50"), ("ro", "1204.5", "1204.5"), ("en", "12", "12")],
)
def test_numbers_are_read_as_people_type_them(locale, typed, value):
    with i18n.use_locale(locale):
        assert i18n.parse_decimal(typed) == Decimal(value)


def test_a_locale_lasts_no_longer_than_its_block():
    with i18n.use_locale("id"):
        assert i18n.current_locale().language == "id"
    assert i18n.current_locale().language == "en"
