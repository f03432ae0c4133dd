"""A deal as the panel beside the board shows it."""

from typing import Any

from sqlalchemy.orm import Session

from crmlib import Workbench, catalog, contacts, filters, sales
from crmlib.base import Conflict, CrmError, Field, InvalidInput, as_json, fields_of
from crmlib.i18n import format_money
from crmlib.i18n import gettext as _
from crmlib.sales import AMOUNT, Deal
from widgets.shared import shown

EDITABLE = ("name", "amount", "expected_close_on", "owner_id", "product_id")


def deal_details(session: Session, deal: Deal, step: dict[str, Any] | None, workbench: Workbench) -> dict[str, Any]:
    """A deal with its fields, its next step and every stage it was in."""
    money = "" if deal.amount is None else format_money(deal.amount.amount, deal.amount.currency)
    known = fields_of(Deal)
    fields = [
        shown.form_field(known["name"], value=deal.name, shown=deal.name),
        shown.form_field(
            AMOUNT,
            value=str(deal.amount.amount) if deal.amount else "",
            shown=money,
        )
        | {"suffix": deal.currency or workbench.settings.currency},
        shown.form_field(
            known["expected_close_on"],
            value=as_json(deal.expected_close_on) or "",
            shown=shown.day(deal.expected_close_on, workbench),
        ),
        _link("owner_id", _("Owner"), deal.owner_id, _name(deal.owner), _colleagues(session)),
        _link("product_id", _("Product"), deal.product_id, _name(deal.product), _products(session)),
    ]
    fields += shown.custom_fields(session, deal, workbench)
    history = [
        {
            "stage": event.stage.name,
            "kind": event.stage.kind.value,
            **(
                shown.moment(event.entered_at, workbench)
                if event.entered_at
                else {"text": _("Day not known"), "exact": ""}
            ),
        }
        for event in reversed(deal.stage_events)
    ]
    return {
        "id": deal.id,
        "name": deal.name,
        "kind": deal.stage.kind.value,
        "stage_id": deal.stage_id,
        "stage": deal.stage.name,
        "amount": money,
        "party": deal.party.name if deal.party else "",
        "party_id": deal.party_id or 0,
        "fields": fields,
        "stages": [
            {"id": stage.id, "name": stage.name} for stage in deal.stage.pipeline.stages if stage.kind == "open"
        ],
        "step": {"text": step["subject"], "icon": shown.ACTIVITY_ICONS[step["kind"].value]} if step else {},
        "lost_reason": sales.lost_reason_labels(session).get(deal.lost_reason or "", deal.lost_reason or ""),
        "lost_note": deal.lost_note or "",
        "closed": shown.day(deal.closed_on, workbench),
        "opened": shown.day(deal.opened_on, workbench),
        "history": history,
    }


def edit_one(workbench: Workbench, deal_id: int, key: str, typed: Any, was: Any) -> dict[str, Any]:
    """Change one field; what is wrong comes back as a sentence to show beside it, under `text`."""
    try:
        with workbench.session() as session:
            deal = sales.deal_card(session, deal_id)
            is_custom = key not in EDITABLE
            if is_custom and key not in filters.custom_values(session, deal):
                return {"key": key, "text": _("no such field here")}
            # An own amount stays in the currency it is in.
            currency = "" if is_custom else deal.currency or workbench.settings.currency
            sales.edit_deal(session, deal, {key: typed}, was={key: was}, currency=currency)
    except InvalidInput as refusal:
        return {"key": key, "text": shown.refusal(refusal)}
    except Conflict as refusal:
        return {"key": key, "text": str(refusal), "conflict": True}
    except CrmError as refusal:
        return {"key": key, "text": str(refusal)}
    return {"key": key, "text": ""}


def _link(key: str, label: str, number: int | None, name: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return shown.form_field(Field(key, label, "choice"), value=number, shown=name) | {"choices": choices}


def _colleagues(session: Session) -> list[dict[str, Any]]:
    return [{"value": one["party_id"], "title": one["party"]} for one in contacts.colleagues(session)]


def _products(session: Session) -> list[dict[str, Any]]:
    return [{"value": one["product_id"], "title": one["product"]} for one in catalog.product_choices(session)]


def _name(record: Any) -> str:
    return record.name if record is not None else ""
