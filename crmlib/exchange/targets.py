"""Which field a header's words mean in a file of some kind: from a concept to `record.field`."""

from typing import Any

from rapidfuzz import fuzz, process

from crmlib.base import InvalidInput
from crmlib.exchange.header_words import Word
from crmlib.exchange.mapping import CUSTOM, IGNORE, TAG, ColumnMapping
from crmlib.exchange.matching import match_key
from crmlib.i18n import gettext as _

_RECORD = {
    "contacts": "person", "companies": "organization", "deals": "deal", "activities": "activity", "leads": "lead",
    "products": "product", "orders": "order", "payments": "payment",
}  # fmt: skip
_POINTS = {
    "email", "phone", "mobile", "fax", "pager", "website", "linkedin", "facebook", "x", "instagram", "skype",
    "whatsapp", "telegram",
}  # fmt: skip
_ADDRESS = {
    "address": "whole", "street": "street", "street2": "street", "street3": "street", "extra": "extra", "city": "city",
    "region": "region",
    "postal_code": "postal_code", "country": "country", "po_box": "po_box", "latitude": "latitude",
    "longitude": "longitude",
}  # fmt: skip
_PERSON = {
    "given_name": "given_name", "middle_name": "middle_name", "family_name": "family_name", "salutation": "salutation",
    "suffix": "suffix", "nickname": "nickname", "phonetic_given_name": "phonetic_given_name",
    "phonetic_family_name": "phonetic_family_name", "job_title": "job_title", "birthday": "birthday_on",
    "anniversary": "anniversary_on", "gender": "gender", "pronouns": "pronouns", "language": "languages",
    "education": "education", "full_name": "name",
}  # fmt: skip
_ORGANIZATION = {
    "sector": "sector", "n_employees": "n_employees", "annual_revenue": "annual_revenue", "founded": "founded_year",
    "tax_number": "tax_number", "registration_number": "registration_number", "legal_name": "legal_name",
}  # fmt: skip
_DEAL = {
    "deal_name": "name", "stage": "stage", "pipeline": "pipeline", "amount": "amount", "currency": "currency",
    "probability": "probability", "expected_close": "expected_close_on", "closed": "closed_on", "opened": "opened_on",
    "lost_reason": "lost_reason",
}  # fmt: skip
_LEAD = {
    "lead_status": "status", "lead_origin": "origin", "converted": "converted", "campaign": "campaign",
    "rating": "rating", "score": "score",
}  # fmt: skip
_ACTIVITY = {
    "subject": "subject", "activity_type": "kind", "due_date": "due_on", "due_time": "due_time", "done": "done",
    "outcome": "outcome", "duration": "duration", "priority": "priority",
}  # fmt: skip
_ORDER = {
    "order_number": "number", "order_date": "ordered_at", "total": "total", "subtotal": "subtotal", "tax": "tax",
    "discount": "discount", "coupon": "coupon",
}  # fmt: skip
_LINE = {"quantity": "quantity", "unit_price": "unit_price"}
_PRODUCT = {
    "product_name": "name", "product_code": "code", "unit": "unit", "series": "series", "category": "category",
    "barcode": "barcode", "cost": "cost",
}  # fmt: skip
_PAYMENT = {
    "paid_at": "paid_at", "payment_method": "method", "payment_id": "reference", "payment_status": "status",
    "refunded": "refunded", "fee": "fee",
}  # fmt: skip
_CONSENT = {
    "consent_email": ("email", False), "refuse_email": ("email", True), "consent_sms": ("sms", False),
    "refuse_phone": ("phone", True),
}  # fmt: skip
_RELATIONS = {"spouse", "children", "manager", "assistant"}
_IGNORED = {"file_as", "photo", "ip", "phonetic_middle_name", "last_activity", "won_reason"}


def column_mapping(word: Word, kind: str, system: str, override: str | None) -> ColumnMapping:
    """What the column of a header means in a file of this kind. `override` is what its system means by it."""
    look = word.look
    common: dict[str, Any] = {
        "column": word.column, "look": look.kind, "style": look.style, "order": look.order, "currency": look.currency,
        "of": word.entity if word.entity in _RECORD and word.entity != kind else "",
    }  # fmt: skip
    if override is not None:
        target, *more = override.split()
        says = _("{system} calls it so").format(system=system.replace("_", " ").title())
        by = next((one for one in more if one in {"key", "name", "email"}), "")
        label = next((one for one in more if one not in {"key", "name", "email", "label", "not"}), "")
        return ColumnMapping(
            **common, target=target, by=by, label=label, part="label" if "label" in more else "value",
            n=1 if target in {IGNORE, CUSTOM, TAG} else word.n, is_inverted="not" in more, confidence=1.0, reason=says,
        )  # fmt: skip
    target, more_of = _target(word, kind)
    if not target:
        if look.kind == "empty" or word.entity:
            return ColumnMapping(**common, target=CUSTOM, confidence=0.3, reason=_("it is unknown here"))
        says = _("it is unknown here; it can become a field of its own")
        return ColumnMapping(**common, target=CUSTOM, confidence=0.3, reason=says)
    return ColumnMapping(
        **{**common, "target": target, "label": word.label, "n": word.n, "part": word.part,
           "confidence": round(word.confidence, 2), "reason": word.reason, **more_of}
    )  # fmt: skip


def _target(word: Word, kind: str) -> tuple[str, dict[str, Any]]:
    """The field that a concept is in a file of this kind; empty where we have none."""
    concept = word.concept
    within = word.entity if word.entity and word.entity != "notes" else kind
    own = _RECORD[within]
    if word.entity == "notes":
        return "note.body", {}
    if word.part == "label" and concept in {"event", "relation", "customfield", "address", "im"} | _POINTS:
        told = {"event": "event.any", "relation": "relation.any", "customfield": CUSTOM, "address": "address.kind"}
        return told.get(concept, f"contact_point.{'other' if concept == 'im' else concept}"), {}
    if concept in {"event", "relation"}:
        return f"{concept}.any", {}
    if concept == "customfield":
        return CUSTOM, {}
    if concept == "im":
        return "contact_point.other", {}
    if concept in _POINTS:
        if concept == "website" and own == "organization":
            return "organization.website", {}
        return f"contact_point.{concept}", {}
    if concept == "assistant_phone":
        return "contact_point.phone", {"label": "assistant"}
    if concept in _ADDRESS:
        more: dict[str, Any] = {}
        if concept in {"street2", "street3"}:
            more = {"part": f"line {concept[-1]}"}
        elif concept == "street" and word.n in {2, 3} and "-" not in word.column:
            more = {"part": f"line {word.n}", "n": 1}
        return f"address.{_ADDRESS[concept]}", more
    if concept in _CONSENT:
        channel, is_inverted = _CONSENT[concept]
        return f"consent.{channel}", {"is_inverted": is_inverted}
    if concept in _RELATIONS:
        return f"relation.{concept}", {}
    if concept in _IGNORED:
        return IGNORE, {}
    if concept == "tags":
        return TAG, {}
    return _own_target(concept, own, word)


def _own_target(concept: str, own: str, word: Word) -> tuple[str, dict[str, Any]]:
    by_name: dict[str, Any] = {"by": "name"}
    is_party = own in {"person", "organization", "lead"}
    match concept:
        case "name":
            return ("person.name" if own == "lead" else f"{own}.name"), {}
        case "id":
            return f"{own}.key", {}
        case "owner":
            return "owner.ref", {"by": "key" if match_key(word.column).endswith("id") else "name"}
        case "created":
            return f"{own}.created_at", {}
        case "updated":
            return f"{own}.updated_at", {}
        case "description":
            return {
                "activity": "activity.body", "deal": "note.body", "order": "order.note", "payment": "payment.note",
                "lead": "lead.message", "product": "product.description",
            }.get(own, "party.description"), {}  # fmt: skip
        case "organization":
            return ("organization.name", {}) if own == "organization" else ("organization.ref", by_name)
        case "deal_company":
            return "organization.ref", {"by": "key"}
        case "deal_contact":
            return "person.ref", {"by": "key" if "id" in match_key(word.column)[-3:] else "name"}
        case "parent":
            return "parent.ref", {"by": "key" if match_key(word.column).endswith("id") else "name"}
        case "department":
            return "affiliation.department", {}
        case "profession":
            return "affiliation.role", {}
        case "source":
            return ("lead.source" if own == "lead" else "party.source"), {}
        case "lifecycle" | "type" if is_party:
            return "party.lifecycle", {}
        case "type":
            return f"{own}.kind", {}
        case "status":
            return ("deal.stage" if own == "deal" else "party.lifecycle" if own == "person" else f"{own}.status"), {}
        case "currency":
            return f"{own if own != 'person' else 'order'}.currency", {}
        case "amount" if own in {"payment", "order"}:
            return ("payment.amount" if own == "payment" else "order.total"), {}
        case "unit_price" if own == "product":
            return "product.price", {}
        case "product_name" | "product_code" if own in {"order", "deal"}:
            return "product.ref", {"by": "name" if concept == "product_name" else "key"}
        case "full_name" if own in {"order", "payment", "deal", "activity"}:
            return "person.ref", by_name
        case "deal_name" if own in {"activity", "order"}:
            return "deal.ref", by_name
        case "order_number" if own == "payment":
            return "order.ref", {"by": "key"}
        case "order_date" if own == "payment":
            return "payment.paid_at", {}
        case "order_date" if own == "activity":
            return "activity.due_on", {}
        case "total" if own == "payment":
            return "payment.amount", {}
        case "total" | "subtotal" | "tax" | "discount" if own == "product":
            return "", {}
    for record, fields in (
        ("person", _PERSON), ("organization", _ORGANIZATION), ("deal", _DEAL), ("lead", _LEAD), ("activity", _ACTIVITY),
        ("order", _ORDER), ("order_line", _LINE), ("product", _PRODUCT), ("payment", _PAYMENT),
    ):  # fmt: skip
        if concept in fields:
            return f"{record}.{fields[concept]}", {}
    return "", {}


def known_targets() -> frozenset[str]:
    """All that a column can mean, but for the fields that the business gave its records (`custom.KEY`)."""
    parts = (
        ("person", _PERSON), ("organization", _ORGANIZATION), ("deal", _DEAL), ("lead", _LEAD), ("order", _ORDER),
        ("activity", _ACTIVITY), ("order_line", _LINE), ("product", _PRODUCT), ("payment", _PAYMENT),
        ("address", _ADDRESS),
    )  # fmt: skip
    found = {f"{record}.{name}" for record, fields in parts for name in fields.values()}
    found |= {f"{record}.{name}" for record in _RECORD.values() for name in ("key", "created_at", "updated_at")}
    found |= {f"contact_point.{name}" for name in (*_POINTS, "other")}
    found |= {f"consent.{channel}" for channel, _inverted in _CONSENT.values()} | {"consent.email_at"}
    found |= {f"relation.{name}" for name in (*_RELATIONS, "any")} | {"event.any"}
    found |= {f"fact.{name}" for name in _FACTS}
    return frozenset(found | _FURTHER)


def read_target(text: str) -> dict[str, Any]:
    """What somebody typed a column to mean, for `Mapping.changed`: `organization.ref key`, `custom.hobby new text`.

    After the target: what a reference names (key, name, email), `not` where the meaning is reversed, `new` and the
    kind of a new field, or a label such as home. Raises InvalidInput, naming what was probably meant.
    """
    target, *words = text.split() or [""]
    record, _dot, name = target.partition(".")
    more: dict[str, Any] = {"target": target, "new": "", "of": "", "part": "value", "n": 1, "by": "", "label": ""}
    if record == CUSTOM and words[:1] == ["new"]:
        kind = words[1] if len(words) > 1 else "new"
        if kind != "new" and kind not in NEW_KINDS:
            raise InvalidInput("--map", text, _("choose one of: {names}").format(names=", ".join(NEW_KINDS)))
        return {**more, "new": kind}
    if not (target in (IGNORE, TAG, CUSTOM) or (record == CUSTOM and name)) and target not in known_targets():
        raise InvalidInput("--map", text, _no_target(target))
    for word in words:
        if word in ("key", "name", "email"):
            more["by"] = word
        elif word == "not":
            more["is_inverted"] = True
        else:
            more["label"] = word
    if name == "ref" and not more["by"]:
        more["by"] = "name"
    return more


def _no_target(target: str) -> str:
    near = process.extractOne(target, sorted(known_targets()), scorer=fuzz.ratio, score_cutoff=82)
    if near:
        return _("there is no such field; did you mean {near}?").format(near=near[0])
    record = target.partition(".")[0]
    names = sorted(one for one in known_targets() if one.startswith(f"{record}."))
    if names:
        return _("choose one of: {names}").format(names=", ".join(names))
    records = sorted({one.partition(".")[0] for one in known_targets()} | {IGNORE, TAG, CUSTOM})
    return _("a field begins with one of: {names}").format(names=", ".join(records))


#: What a new field can be, as `crmlib.filters` has them.
NEW_KINDS = ("text", "number", "money", "date", "choice", "choices", "party", "url")
_FACTS = ("likes", "dislikes", "hobby", "interest", "family", "pet", "health", "dates", "work", "other")
_FURTHER = frozenset({
    *("organization.ref", "person.ref", "owner.ref", "deal.ref", "parent.ref", "manager.ref", "product.ref"),
    *("order.ref", "organization.name", "organization.website", "lead.source", "lead.message", "activity.body"),
    *("affiliation.role", "affiliation.department", "party.source", "party.lifecycle", "party.description"),
    *("note.body", "order.note", "order.currency", "payment.note", "payment.amount", "payment.currency"),
    *("product.price", "product.currency", "product.description", "contact_point.bounced_at"),
    *("contact_point.bounce_reason", "organization.currency"),
})  # fmt: skip
