"""Words and figures in the reader's language: messages, numbers, money, days, names of countries.

Every sentence that a person may read goes through `gettext` (imported as `_`) where it is written, from the
first one on; a page, a report or a mail chooses the locale around the call:

    with use_locale("ro"):
        format_money(Decimal("24900"), "EUR")       # '24.900,00 €'

The locale is a context variable, so two readers served by one process never see each other's language.
"""

from crmlib.i18n.formats import (
    ago,
    country_name,
    format_date,
    format_datetime,
    format_money,
    format_money_short,
    format_number,
    format_percent,
    parse_decimal,
    parse_territory,
)
from crmlib.i18n.messages import (
    available_locales,
    current_locale,
    gettext,
    lazy,
    ngettext,
    set_locale,
    use_locale,
)

__all__ = [
    "ago",
    "available_locales",
    "country_name",
    "current_locale",
    "format_date",
    "format_datetime",
    "format_money",
    "format_money_short",
    "format_number",
    "format_percent",
    "gettext",
    "lazy",
    "ngettext",
    "parse_decimal",
    "parse_territory",
    "set_locale",
    "use_locale",
]
