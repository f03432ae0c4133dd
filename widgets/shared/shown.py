"""Values as a page shows them: plain dicts and text, in the reader's language. No view formats for itself."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib import Workbench, contacts, filters
from crmlib.base import Base, Field, InvalidInput, Money
from crmlib.contacts import Lifecycle, Party, PartyKind
from crmlib.i18n import ago, country_name, format_date, format_datetime, format_money, format_money_short, format_number
from crmlib.i18n import gettext as _
from widgets.shared import arrived
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
# Icon of each thing that happens, by the kind of event: every one that the journal may hold has its own.
EVENT_ICONS = {
    "PartyAdded": "mdi-account-plus-outline",
    "PartyArchived": "mdi-archive-outline",
    "PartyRestored": "mdi-archive-arrow-up-outline",
    "PartyDeleted": "mdi-account-remove-outline",
    "PartiesHandedOver": "mdi-account-switch-outline",
    "LifecycleChanged": "mdi-account-check-outline",
    "OwnerAssigned": "mdi-account-arrow-right-outline",
    "ParentSet": "mdi-sitemap-outline",
    "TeamChanged": "mdi-account-multiple-plus-outline",
    "TeamLeft": "mdi-account-multiple-minus-outline",
    "AffiliationEnded": "mdi-briefcase-remove-outline",
    "RelationNoted": "mdi-link-variant",
    "RelationEnded": "mdi-link-variant-off",
    "FactNoted": "mdi-thought-bubble-outline",
    "FactForgotten": "mdi-eraser",
    "Tagged": "mdi-tag-plus-outline",
    "Untagged": "mdi-tag-minus-outline",
    "ConsentGiven": "mdi-shield-check-outline",
    "ConsentWithdrawn": "mdi-shield-remove-outline",
    "ContactRefused": "mdi-bell-off-outline",
    "ContactAllowed": "mdi-bell-outline",
    "ActivityPlanned": "mdi-calendar-plus-outline",
    "ActivityDone": "mdi-check-circle-outline",
    "ActivityCancelled": "mdi-calendar-remove-outline",
    "ActivityMoved": "mdi-calendar-arrow-right",
    "ActivityReassigned": "mdi-account-arrow-right-outline",
    "ActivitiesHandedOver": "mdi-account-switch-outline",
    "InvitationAnswered": "mdi-account-question-outline",
    "SeriesStopped": "mdi-repeat-off",
    "LeadReceived": "mdi-inbox-arrow-down-outline",
    "LeadAssigned": "mdi-account-arrow-right-outline",
    "LeadResponded": "mdi-reply-outline",
    "LeadStatusChanged": "mdi-swap-horizontal",
    "LeadScored": "mdi-gauge",
    "LeadQualified": "mdi-inbox-full-outline",
    "LeadDisqualified": "mdi-inbox-remove-outline",
    "LeadReopened": "mdi-restore",
    "LeadMerged": "mdi-call-merge",
    "LeadDeleted": "mdi-delete-outline",
    "DealOpened": "mdi-plus",
    "DealDuplicated": "mdi-content-copy",
    "DealMoved": "mdi-swap-horizontal",
    "DealPipelineChanged": "mdi-swap-horizontal",
    "DealAmountChanged": "mdi-cash-edit",
    "DealAssigned": "mdi-account-arrow-right-outline",
    "DealShared": "mdi-account-multiple-plus-outline",
    "DealUnshared": "mdi-account-multiple-minus-outline",
    "DealsHandedOver": "mdi-account-switch-outline",
    "DealWon": "mdi-trophy-outline",
    "DealLost": "mdi-close-circle-outline",
    "DealReopened": "mdi-restore",
    "DealDeleted": "mdi-delete-outline",
    "CommissionEarned": "mdi-hand-coin-outline",
    "CommissionPaid": "mdi-cash-check",
    "CommissionReversed": "mdi-cash-remove",
    "OrderDrafted": "mdi-file-edit-outline",
    "OrderPlaced": "mdi-receipt-text-outline",
    "OrderFulfilled": "mdi-package-variant-closed-check",
    "OrderCancelled": "mdi-receipt-text-remove-outline",
    "OrderRefunded": "mdi-cash-refund",
    "CouponUsed": "mdi-ticket-percent-outline",
    "PaymentReceived": "mdi-cash-plus",
    "PaymentFailed": "mdi-cash-remove",
    "PaymentRefunded": "mdi-cash-refund",
    "RefundGiven": "mdi-cash-refund",
    "ChangeUndone": "mdi-undo",
    "BatchUndone": "mdi-undo-variant",
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
        "label": about.title,
        "kind": about.kind,
        "required": about.required,
        "hint": about.hint if about.is_custom or not about.hint else _(about.hint),
        "choices": [{"value": key, "title": label if about.is_custom else _(label)} for key, label in about.choices],
        "value": value,
        "shown": shown,
    }


def found_parties(
    session: Session, typed: Any, *, kind: PartyKind | None = None, colleagues: bool | None = None
) -> list[dict[str, Any]]:
    """Whom a link could lead to by what is being typed, as choices: customers, colleagues, or (None) both."""
    found = contacts.find_parties(session, arrived.text(typed, 100), kind=kind, colleagues=colleagues)
    return [{"value": one["party_id"], "title": one["party"], "subtitle": _beside(one)} for one in found]


def _beside(one: dict[str, Any]) -> str:
    """What tells parties of one name apart: where they work, or what they are."""
    if one["organization"]:
        return str(one["organization"])
    if one["lifecycle"] == Lifecycle.COLLEAGUE:
        return _(Lifecycle.COLLEAGUE.label)
    return _(one["kind"].label)


def custom_fields(session: Session, record: Base, workbench: Workbench) -> list[dict[str, Any]]:
    """The custom fields of a record as a page shows and edits them, in their order."""
    known = filters.catalogue(session, type(record))
    stored: dict[str, Any] = getattr(record, "custom", None) or {}
    made = []
    for key, about in known.items():
        if not about.is_custom:
            continue
        value = filters.from_stored(about, stored.get(key))
        said, more = _custom(session, about, value)
        seen = filters.seen_value(about, stored.get(key))
        field = form_field(about, value="" if seen is None else seen, shown=said)
        if isinstance(value, Money):
            more["suffix"] = value.currency
        elif about.kind == "money":
            more["suffix"] = workbench.settings.currency
        made.append(field | more)
    return made


def _custom(session: Session, about: Field, value: Any) -> tuple[str, dict[str, Any]]:
    """A custom value in words, and what its field needs besides."""
    if value in (None, "", []):
        return "", {}
    titles = dict(about.choices)
    match about.kind:
        case "money":
            return format_money(value.amount, value.currency), {}
        case "date":
            return format_date(value), {}
        case "decimal":
            return format_number(value, max(0, -value.normalize().as_tuple().exponent)), {}
        case "choice":
            return titles.get(value, value), {}
        case "choices":
            return ", ".join(titles.get(one, one) for one in value), {}
        case "party":
            # Who was removed since leaves their number.
            found = session.get(Party, value)
            name = found.name if found else f"#{value}"
            return name, {"choices": [{"value": value, "title": name}], "party_id": value if found else 0}
        case "url":
            return value, {
                "link": value if value.casefold().startswith(("http://", "https://")) else f"https://{value}"
            }
    return str(value), {}
