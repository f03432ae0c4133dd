"""Values as a page shows them: plain dicts and text, in the reader's language. No view formats for itself."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from crmlib import Workbench
from crmlib.base import Field, InvalidInput, Money
from crmlib.i18n import ago, country_name, format_date, format_datetime, format_money, format_money_short
from crmlib.i18n import gettext as _
from widgets.shared.theme import avatar_number, initials

# Icon of each kind of activity, and the colour of each standing.
ACTIVITY_ICONS = {
    "task": "mdi-checkbox-marked-circle-outline",
    "call": "mdi-phone-outline",
    "meeting": "mdi-calendar-outline",
    "email": "mdi-email-outline",
    "chat": "mdi-message-outline",
    "note": "mdi-note-outline",
    "visit": "mdi-map-marker-outline",
}
CONTACT_ICONS = {
    "email": "mdi-email-outline",
    "phone": "mdi-phone-outline",
    "mobile": "mdi-phone-outline",
    "whatsapp": "mdi-whatsapp",
    "website": "mdi-web",
    "other": "mdi-at",
}
LIFECYCLE_COLOURS = {
    "prospect": "primary",
    "lead": "primary",
    "customer": "success",
    "former": "warning",
    "partner": "info",
    "supplier": "secondary",
    "colleague": "secondary",
}


def avatar(name: str | None, kind: str = "person") -> dict[str, Any]:
    """Who stands behind a name: initials, tint, and the shape that tells people from organizations."""
    name = name or ""
    return {"initials": initials(name), "tint": avatar_number(name), "square": kind == "organization", "name": name}


def lifecycle(value: Any) -> dict[str, str]:
    """A standing as a chip: its word in the reader's language and its colour."""
    return {"value": str(value.value), "label": _(value.label), "colour": LIFECYCLE_COLOURS[value.value]}


def sums(amounts: Iterable[Money], *, short: bool = True) -> str:
    """Sums of several currencies side by side, never added up; a dash for none."""
    write = format_money_short if short else format_money
    return " + ".join(write(money.amount, money.currency) for money in amounts) or "–"


def amount(money: Money | None) -> str:
    """An amount on a card; nothing where nobody has said."""
    return "" if money is None else format_money_short(money.amount, money.currency)


def day(value: date | None, workbench: Workbench) -> str:
    """A day, with its year where it is another; nothing for none."""
    return "" if value is None else format_date(value, today=workbench.today())


def moment(value: datetime | None, workbench: Workbench) -> dict[str, str]:
    """A moment as people say it, and to the minute for the tooltip."""
    if value is None:
        return {"text": "", "exact": ""}
    zone = workbench.settings.zone
    return {"text": ago(value, now=workbench.now(), zone=zone), "exact": format_datetime(value, zone)}


def place(city: str | None, country: str | None) -> str:
    """A town and its country, whichever is known."""
    return ", ".join(part for part in (city, country_name(country) if country else "") if part)


def refusal(error: InvalidInput) -> str:
    """What would be right, as the sentence that stands beside the field."""
    return error.expected[:1].upper() + error.expected[1:]


def form_field(about: Field, *, value: Any = None, shown: str = "") -> dict[str, Any]:
    """A field as a form asks for it and a page shows it."""
    return {
        "key": about.key,
        "label": _(about.label),
        "kind": about.kind,
        "required": about.required,
        "hint": _(about.hint) if about.hint else "",
        "choices": [{"value": key, "title": _(label)} for key, label in about.choices],
        "value": value,
        "shown": shown,
    }
