"""The four forms of quick add: what each asks, and how it is kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib import Workbench, activities, catalog, contacts, filters, sales
from crmlib.activities import Activity
from crmlib.base import Base, Field, InvalidInput, Money, check_currency, fields_of
from crmlib.contacts import Address, Organization, Person, normalise_email, normalise_phone
from crmlib.i18n import format_money, lazy
from crmlib.i18n import gettext as _
from crmlib.sales import AMOUNT, Deal
from widgets.shared import arrived, shown

_EMAIL = Field("email", lazy("E-mail"), "email")
_PHONE = Field("phone", lazy("Phone"), "phone")
_OWNER = Field("owner_id", lazy("Owner"), "link")


# What the keys of the business's own fields begin with in a form.
CUSTOM = "custom."
_RECORDS = {"person": "party", "organization": "party", "deal": "deal", "activity": "activity"}


def fields(session: Session, form: str) -> dict[str, Field]:
    """The fields a form asks, in order, and the custom ones that are required; none for a form there is not."""
    asked = {about.key: about for about in _FORMS.get(form, list)()}
    if asked:
        for about in filters.catalogue(session, _RECORDS[form], shown="form").values():
            if about.is_custom and about.required:
                asked[CUSTOM + about.key] = replace(about, key=CUSTOM + about.key)
    return asked


def all_forms(session: Session, workbench: Workbench) -> list[dict[str, Any]]:
    """Every form with its fields, and what can be chosen in them."""
    owners = [{"value": one["party_id"], "title": one["party"]} for one in contacts.colleagues(session)]
    products = [{"value": one["product_id"], "title": one["product"]} for one in catalog.product_choices(session)]
    stages = [
        {"value": stage["stage_id"], "title": f"{stage['pipeline']}, {stage['stage']}"}
        for stage in sales.open_stages(session)
    ]
    choices = {"owner_id": owners, "assignee_id": owners, "product_id": products, "stage_id": stages}
    me = contacts.colleague_called(session, workbench.actor)
    chosen = {
        "owner_id": me,
        "assignee_id": me,
        "currency": workbench.settings.currency,
        "stage_id": stages[0]["value"] if stages else None,
        "kind": "task",
        "when": "planned",
    }
    made = []
    for form, (title, button) in _TITLES.items():
        asked = [
            shown.form_field(about, value=chosen.get(key))
            | ({"choices": choices[key]} if key in choices else {})
            | ({"suffix": workbench.settings.currency} if about.is_custom and about.kind == "money" else {})
            for key, about in fields(session, form).items()
        ]
        made.append({"form": form, "title": _(title), "button": _(button), "icon": _ICONS[form], "fields": asked})
    return made


def read(about: Field, typed: Any, workbench: Workbench) -> Any:
    """What was meant by what was typed into a form. Raises InvalidInput."""
    if about.kind == "link":
        if typed in (None, "", 0):
            return about.read(None)
        number = arrived.whole(typed)
        if not number:
            raise InvalidInput(_(about.label), str(typed)[:40], _("choose one from the list"))
        return number
    if about.kind == "datetime":
        return _moment(about, typed, workbench)
    value = about.read(typed, currency=workbench.settings.currency)
    if value is not None and about.key == "email":
        normalise_email(value)
    if value is not None and about.key == "phone":
        normalise_phone(value, country=workbench.settings.country or None)
    if value is not None and about.key == "currency":
        return check_currency(value)
    return value


def _person() -> list[Field]:
    known, address = fields_of(Person), fields_of(Address)
    employer = Field("organization_id", lazy("Organization"), "link")
    return [
        known["given_name"],
        known["family_name"],
        _EMAIL,
        _PHONE,
        employer,
        known["job_title"],
        address["city"],
        address["country"],
        _OWNER,
        known["source"],
    ]


def _organization() -> list[Field]:
    known, address = fields_of(Organization), fields_of(Address)
    name = Field("name", lazy("Name"), required=True)
    return [name, known["sector"], _EMAIL, _PHONE, address["city"], address["country"], _OWNER, known["source"]]


def _deal() -> list[Field]:
    known = fields_of(Deal)
    return [
        known["name"],
        Field("party_id", lazy("Customer"), "link"),
        AMOUNT,
        Field("currency", lazy("Currency"), "text"),
        Field("stage_id", lazy("Stage"), "link"),
        known["expected_close_on"],
        Field("product_id", lazy("Product"), "link"),
        _OWNER,
    ]


def _activity() -> list[Field]:
    known = fields_of(Activity)
    states = (("planned", lazy("To do")), ("done", lazy("Done already")))
    return [
        known["kind"],
        known["subject"],
        Field("party_id", lazy("Customer"), "link"),
        Field("when", lazy("State"), "choice", choices=states, required=True),
        Field("due_at", lazy("Due"), "datetime"),
        Field("assignee_id", lazy("Who does it"), "link"),
        known["body"],
    ]


_FORMS: dict[str, Callable[[], list[Field]]] = {
    "person": _person,
    "organization": _organization,
    "deal": _deal,
    "activity": _activity,
}
_TITLES = {
    "person": (lazy("Person"), lazy("Add person")),
    "organization": (lazy("Organization"), lazy("Add organization")),
    "deal": (lazy("Deal"), lazy("Add deal")),
    "activity": (lazy("Activity"), lazy("Add activity")),
}
_ICONS = {
    "person": "mdi-account-outline",
    "organization": "mdi-domain",
    "deal": "mdi-view-column-outline",
    "activity": "mdi-checkbox-marked-circle-outline",
}


def _save_person(session: Session, workbench: Workbench, typed: dict[str, Any]) -> dict[str, Any]:
    value = _values(session, "person", typed, workbench)
    person = contacts.add_person(
        session,
        given_name=value["given_name"],
        family_name=value["family_name"],
        email=value["email"],
        phone=value["phone"],
        organization=value["organization_id"],
        owner=value["owner_id"],
        at=workbench.now(),
        **_only(value, "job_title", "city", "country", "source"),
    )
    _keep_custom(session, person, typed, workbench)
    return {"text": _("{name} is in your customers.").format(name=person.name), "view": "party", "id": person.id}


def _save_organization(session: Session, workbench: Workbench, typed: dict[str, Any]) -> dict[str, Any]:
    value = _values(session, "organization", typed, workbench)
    made = contacts.add_organization(
        session,
        name=value["name"],
        email=value["email"],
        phone=value["phone"],
        owner=value["owner_id"],
        at=workbench.now(),
        **_only(value, "sector", "city", "country", "source"),
    )
    _keep_custom(session, made, typed, workbench)
    return {"text": _("{name} is in your customers.").format(name=made.name), "view": "party", "id": made.id}


def _save_deal(session: Session, workbench: Workbench, typed: dict[str, Any]) -> dict[str, Any]:
    value = _values(session, "deal", typed, workbench)
    currency = value["currency"] or workbench.settings.currency
    money = Money.of(typed["amount"], currency, field=_("Amount")) if value["amount"] is not None else None
    deal = sales.open_deal(
        session,
        name=value["name"],
        party=value["party_id"],
        owner=value["owner_id"],
        product=value["product_id"],
        stage=value["stage_id"],
        amount=money,
        opened_on=workbench.today(),
        expected_close_on=value["expected_close_on"],
        at=workbench.now(),
    )
    _keep_custom(session, deal, typed, workbench)
    worth = f", {format_money(money.amount, money.currency)}" if money else ""
    text = _("“{deal}” is in {stage}{worth}.").format(deal=deal.name, stage=deal.stage.name, worth=worth)
    return {"text": text, "view": "pipeline", "id": deal.id, "pipeline": deal.stage.pipeline_id}


def _save_activity(session: Session, workbench: Workbench, typed: dict[str, Any]) -> dict[str, Any]:
    value = _values(session, "activity", typed, workbench)
    shared = {
        "subject": value["subject"],
        "body": value["body"],
        "with_parties": [value["party_id"]] if value["party_id"] else [],
        "at": workbench.now(),
    }
    if value["when"] == "done":
        made = activities.log_activity(session, value["kind"], by=value["assignee_id"], **shared)
        template = _("“{subject}” is on the timeline.")
    else:
        made = activities.plan_activity(
            session, value["kind"], due_at=value["due_at"], assignee=value["assignee_id"], **shared
        )
        template = _("“{subject}” is planned.")
    _keep_custom(session, made, typed, workbench)
    where = {"view": "party", "id": value["party_id"]} if value["party_id"] else {"view": "", "id": 0}
    return {"text": template.format(subject=made.subject), **where}


SAVERS: dict[str, Callable[[Session, Workbench, dict[str, Any]], dict[str, Any]]] = {
    "person": _save_person,
    "organization": _save_organization,
    "deal": _save_deal,
    "activity": _save_activity,
}


def _values(session: Session, form: str, typed: dict[str, Any], workbench: Workbench) -> dict[str, Any]:
    return {key: read(about, typed.get(key), workbench) for key, about in fields(session, form).items()}


def _keep_custom(session: Session, record: Base, typed: dict[str, Any], workbench: Workbench) -> None:
    own = {key.removeprefix(CUSTOM): value for key, value in typed.items() if key.startswith(CUSTOM)}
    known = filters.custom_values(session, record)
    # A draft may hold a field that has been archived since.
    own = {key: value for key, value in own.items() if key in known}
    if own:
        filters.set_custom(session, record, own, currency=workbench.settings.currency)


def _only(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value[key] for key in keys if value[key] is not None}


def _moment(about: Field, typed: Any, workbench: Workbench) -> datetime | None:
    text = about.read(typed)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(_(about.label), text, _("is not a time; write it like 2026-02-28 14:30")) from None
    # What is typed without a zone is meant where the workbench is.
    return moment if moment.tzinfo else moment.replace(tzinfo=workbench.settings.zone)
