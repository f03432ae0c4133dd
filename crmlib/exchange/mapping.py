"""What the columns of a file mean: a proposal from its headers and some of its values, to be changed and saved.

A `Mapping` is plain data. `guess` looks a header up in `header_words.toml` (ten languages), knows the exports of
other systems by their columns (`systems.toml`), and asks the values where words do not say enough. Nothing is read
from or written to the database here.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from rapidfuzz import fuzz, process

from crmlib.exchange.matching import match_key
from crmlib.exchange.reading import BadRow, Table
from crmlib.exchange.values import Look, look_at
from crmlib.i18n import gettext as _

#: Rows that are looked at for what values look like.
SAMPLE = 500
#: Record types a file may hold.
KINDS = ("contacts", "companies", "deals", "activities", "leads", "products", "orders", "payments")
IGNORE, CUSTOM, TAG = "ignore", "custom", "tag"
# Likeness (0 to 100) from which a header is taken for a slip of a word we know.
_NEAR = 88
_RECORD = {
    "contacts": "person", "companies": "organization", "deals": "deal", "activities": "activity", "leads": "lead",
    "products": "product", "orders": "order", "payments": "payment",
}  # fmt: skip


@dataclass(frozen=True)
class ColumnMapping:
    """What one column means.

    `target` is `record.field` (`person.given_name`, `address.city`, `contact_point.email`, `deal.amount`,
    `consent.email` …), `tag`, `custom` or `ignore`. `record.key` is the row's own key in its system, and
    `organization.ref`, `person.ref`, `owner.ref`, `deal.ref`, `parent.ref` … name a record that another file (or this
    row) holds, `by` its key, name or email. `part` is `label` where the column only says what its neighbour of the
    same `n` is, `line 2` and `line 3` where it goes on with a street. `label` is home, work, mobile …, `n` counts
    several of one kind. `style`, `order` and `currency` say how to read the values. `confidence` is 0 to 1, `reason`
    a sentence.
    """

    column: str
    target: str
    part: str = "value"
    label: str = ""
    n: int = 1
    by: str = ""
    look: str = ""
    style: str = ""
    order: str = ""
    currency: str = ""
    is_inverted: bool = False
    confidence: float = 0.0
    reason: str = ""

    @property
    def short(self) -> str:
        """The target in a few words: `contact_point.email home 2`."""
        more = [self.label, str(self.n) if self.n > 1 else "", "" if self.part == "value" else self.part]
        more += [f"by {self.by}" if self.by else "", "not" if self.is_inverted else ""]
        return " ".join(filter(None, [self.target, *more]))


@dataclass(frozen=True)
class Mapping:
    """What a file means: the system it comes from ("" where unknown), the record types in it, and its columns."""

    system: str
    kinds: tuple[str, ...]
    columns: tuple[ColumnMapping, ...]
    remarks: tuple[str, ...] = ()

    def of(self, column: str) -> ColumnMapping:
        """What a column means; KeyError where there is none of this name."""
        return {one.column: one for one in self.columns}[column]

    def changed(self, column: str, target: str, **more: Any) -> "Mapping":
        """The same with another meaning of one column, as somebody decided."""
        told = {"confidence": 1.0, "reason": _("chosen by hand"), **more}
        new = replace(self.of(column), target=target, **told)
        return replace(self, columns=tuple(new if one.column == column else one for one in self.columns))

    def as_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {
            "kinds": list(self.kinds), "remarks": list(self.remarks), "columns": [asdict(one) for one in self.columns]
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: MappingOf[str, Any]) -> "Mapping":
        """The mapping that `as_json` gave."""
        columns = tuple(ColumnMapping(**one) for one in told["columns"])
        return cls(told["system"], tuple(told["kinds"]), columns, tuple(told.get("remarks", ())))


@dataclass(frozen=True)
class _Word:
    """What a header says: a concept, the record its prefix names, a qualifier, a number, and how sure that is."""

    column: str
    concept: str = ""
    entity: str = ""
    label: str = ""
    n: int = 1
    part: str = "value"
    confidence: float = 0.0
    reason: str = ""
    look: Look = field(default_factory=lambda: Look("empty"))


def guess_table(table: Table, *, sample: int = SAMPLE) -> Mapping:
    """The proposal for a table, its first rows read for what the values look like."""
    values: list[list[str]] = [[] for _column in table.columns]
    for record, _n in zip(table.records(), range(sample), strict=False):
        if not isinstance(record, BadRow):
            for place, value in enumerate(record[1][: len(values)]):
                values[place].append(value)
    found = guess(table.columns, dict(zip(table.columns, values, strict=True)))
    if table.format == "vcard":
        found = replace(found, system="vcard", kinds=("contacts",))
    return found


def guess(columns: Sequence[str], values: MappingOf[str, Iterable[str]] | None = None) -> Mapping:
    """What the columns mean. `values` are a sample of each column's values; without one, headers alone decide."""
    looks = {column: look_at((values or {}).get(column, ())) for column in columns}
    words = [replace(_word(column), look=looks[column]) for column in columns]
    system, kind = find_system(columns)
    words = [_by_values(word) for word in words]
    words = _together(words)
    if not kind:
        kind = _kind_of(words)
    told = _systems()["overrides"].get(f"{system}.{kind}", {})
    overrides = {match_key(name): target for name, target in told.items()}
    mapped = [_mapped(word, kind, system, overrides.get(match_key(word.column))) for word in words]
    mapped = _numbered(mapped)
    remarks = [
        _("“{column}”: day and month could be either way round; day first is assumed").format(column=one.column)
        for one in mapped
        if looks[one.column].is_ambiguous and one.look in {"date", "moment"}
    ]
    remarks += [
        _("“{column}”: a comma could part decimals or thousands; look at a value").format(column=one.column)
        for one in mapped
        if looks[one.column].is_ambiguous and one.look in {"money", "decimal"} and one.target != IGNORE
    ]
    return Mapping(system, _kinds(kind, mapped), tuple(mapped), tuple(remarks))


def find_system(columns: Sequence[str]) -> tuple[str, str]:
    """Which system's export has these columns, and of what; the most telling signature wins."""
    keys = {match_key(column) for column in columns}
    best = ("", "", 0)
    for told in _systems()["signatures"]:
        needed = {match_key(name) for name in told["all"]}
        some = {match_key(name) for name in told.get("any", [])}
        is_prefixed = any(column.startswith(told["prefix"]) for column in columns) if "prefix" in told else True
        if needed <= keys and (not some or some & keys) and is_prefixed:
            score = len(needed) * 2 + len(some & keys) + ("prefix" in told)
            if score > best[2]:
                best = (told["system"], told["kind"], score)
    return best[0], best[1]


# --- words ------------------------------------------------------------------------------------------


_ENTITIES = {
    "person": "contacts", "contact": "contacts", "organization": "companies", "organisation": "companies",
    "company": "companies", "account": "companies", "deal": "deals", "opportunity": "deals", "activity": "activities",
    "note": "notes", "product": "products", "lead": "leads", "order": "orders", "customer": "contacts",
}  # fmt: skip
_PART_WORDS = {"label": "label", "type": "label", "value": "value", "service": "label"}
_GROUPED = {"email", "phone", "website", "im", "event", "relation", "customfield", "address"}


@cache
def _words() -> dict[str, tuple[str, str]]:
    """Concept and language of every word, by its key."""
    told = tomllib.loads(files("crmlib.exchange").joinpath("header_words.toml").read_text("utf-8"))
    found: dict[str, tuple[str, str]] = {}
    for language, concepts in told.items():
        if language != "qualifiers":
            for concept, names in concepts.items():
                for name in names:
                    found.setdefault(match_key(name), (concept, language))
    return found


@cache
def _qualifiers() -> dict[str, str]:
    told = tomllib.loads(files("crmlib.exchange").joinpath("header_words.toml").read_text("utf-8"))["qualifiers"]
    return {match_key(name): label for label, names in told.items() for name in names}


@cache
def _systems() -> dict[str, Any]:
    return tomllib.loads(files("crmlib.exchange").joinpath("systems.toml").read_text("utf-8"))


def _word(column: str) -> _Word:
    told = column.strip().rstrip("*").strip()
    if grouped := re.fullmatch(r"(.+?)\s+(\d+)\s*-\s*(.+)", told):
        return _grouped(column, grouped[1], int(grouped[2]), grouped[3])
    entity = ""
    for separator in (" - ", ": ", " > ", "."):
        first, is_there, rest = told.partition(separator)
        if is_there and match_key(first) in _ENTITIES:
            entity, told = _ENTITIES[match_key(first)], rest
            break
    label = ""
    bracketed = re.fullmatch(r"(.*?)\s*[(\[]([^)\]]*)[)\]]", told)
    if bracketed and match_key(bracketed[2]) in _qualifiers():
        label, told = _qualifiers()[match_key(bracketed[2])], bracketed[1]
    if found := _lookup(told):
        concept, confidence, reason = found
        return _Word(column, concept, entity, label, 1, "value", confidence, reason)
    n = 1
    if numbered := re.fullmatch(r"(.*\D)\s*[-#]?\s*(\d{1,2})(\D*)", told):
        n, told = int(numbered[2]), f"{numbered[1].strip()} {numbered[3].strip()}".strip()
        if found := _lookup(told):
            concept, confidence, reason = found
            return _Word(column, concept, entity, label, max(n, 1), "value", confidence, reason)
    pieces = re.findall(r"[A-ZÀ-Þ]+(?![a-zà-ÿ])|[A-ZÀ-Þ]?[^\W\dA-Z_]+|\d+", told) or [told]
    for at, piece in ((0, pieces[0]), (-1, pieces[-1])):
        rest = " ".join(pieces[1:] if at == 0 else pieces[:-1])
        if len(pieces) > 1 and match_key(piece) in _qualifiers() and (found := _lookup(rest)):
            concept, confidence, reason = found
            qualifier = _qualifiers()[match_key(piece)]
            return _Word(column, concept, entity, label or qualifier, max(n, 1), "value", confidence - 0.05, reason)
    near = _nearest(told)
    if near:
        concept, confidence, reason = near
        return _Word(column, concept, entity, label, max(n, 1), "value", confidence, reason)
    return _Word(column, "", entity, label, max(n, 1))


def _grouped(column: str, group: str, n: int, part: str) -> _Word:
    """A column such as `E-mail 2 - Value`: Google's way to write several of a kind."""
    key, told = match_key(group), match_key(part)
    names = {"email": "email", "phone": "phone", "website": "website", "im": "im", "instantmessage": "im"}
    sure = {"confidence": 0.98, "reason": _("a numbered column, as Google writes them"), "n": n}
    if key in names or key in {"event", "relation", "customfield"}:
        concept = names.get(key, key)
        return _Word(column, concept, part="label" if _PART_WORDS.get(told) == "label" else "value", **sure)  # type: ignore[arg-type]
    if key == "address":
        if told in {"label", "type"}:
            return _Word(column, "address", part="label", **sure)  # type: ignore[arg-type]
        concepts = {
            "formatted": "address", "street": "street", "city": "city", "pobox": "po_box", "region": "region",
            "postalcode": "postal_code", "country": "country", "extendedaddress": "extra",
        }  # fmt: skip
        return _Word(column, concepts.get(told, ""), **sure)  # type: ignore[arg-type]
    if key in {"organization", "organisation"}:
        concepts = {"name": "organization", "title": "job_title", "department": "department", "type": ""}
        return _Word(column, concepts.get(told, ""), **sure)  # type: ignore[arg-type]
    return _Word(column, _words().get(match_key(f"{group} {part}"), ("", ""))[0], **sure)  # type: ignore[arg-type]


def _lookup(text: str) -> tuple[str, float, str] | None:
    found = _words().get(match_key(text))
    return (found[0], 0.95, _("the header says so")) if found else None


def _nearest(text: str) -> tuple[str, float, str] | None:
    """The word that a header is most likely a slip for; short ones are too like each other."""
    key = match_key(text)
    if len(key) < 5:
        return None
    found = process.extractOne(key, list(_words()), scorer=fuzz.ratio, score_cutoff=_NEAR)
    if not found:
        return None
    says = _("the header is nearly “{word}”").format(word=found[0])
    return _words()[found[0]][0], 0.7 * found[1] / 100, says


# --- from words to fields ---------------------------------------------------------------------------


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
#: How much a concept tells about what a file's rows are.
_TELLING: dict[str, set[str]] = {
    "deals": {"deal_name", "stage", "pipeline", "probability", "expected_close", "lost_reason", "opened"},
    "activities": {"subject", "activity_type", "due_date", "due_time", "done", "outcome"},
    "leads": {"lead_status", "lead_origin", "converted", "score", "rating", "campaign"},
    "orders": {"order_number", "order_date", "quantity", "coupon", "subtotal"},
    "payments": {"paid_at", "payment_method", "payment_id", "payment_status", "fee", "refunded"},
    "products": {"product_code", "barcode", "series", "category", "cost", "unit"},
    "companies": {"sector", "n_employees", "annual_revenue", "founded", "parent", "tax_number", "legal_name"},
    "contacts": {"given_name", "family_name", "full_name", "email", "mobile", "birthday", "job_title", "salutation"},
}


def _by_values(word: _Word) -> _Word:
    """A header that says nothing is told by its values, and one that says something else is doubted."""
    kind = word.look.kind
    if not word.concept and kind in {"email", "phone", "url", "country"}:
        concept = "website" if kind == "url" else kind
        return replace(word, concept=concept, confidence=0.6, reason=_("its values look like it"))
    if word.concept in {"email", "website"} and kind in {"number", "decimal", "date", "flag"}:
        return replace(word, confidence=0.4, reason=_("the header says so, and the values do not look like it"))
    if word.concept in {"name", "full_name", "organization"} and kind == "email":
        return replace(word, concept="email", confidence=0.6, reason=_("its values look like it"))
    return word


def _together(words: list[_Word]) -> list[_Word]:
    """What several columns say together: a bare first name is a name, a title beside a job title a salutation."""
    has = {word.concept for word in words if not word.entity}
    found = []
    for word in words:
        key = match_key(word.column)
        if word.concept == "given_name" and "family_name" not in has and key in {"nombre", "nome"}:
            word = replace(word, concept="name")
        if word.concept == "family_name" and "given_name" not in has and key in {"nom", "nume"}:
            word = replace(word, concept="name")
        if word.concept == "title":
            word = replace(word, concept="salutation" if "job_title" in has else "job_title", confidence=0.8)
        if word.concept == "date":
            word = replace(word, concept="order_date" if {"quantity", "order_number", "total"} & has else "")
        if word.concept == "country" and word.look.kind in {"number", "decimal", "date"}:
            word = replace(word, concept="", confidence=0.0)
        found.append(word)
    return found


def _kind_of(words: list[_Word]) -> str:
    """What the rows of a file are, from how much each type's own words occur in it."""
    concepts = {word.concept for word in words if word.entity in {"", "contacts"}}
    prefixed = {word.entity for word in words if word.entity}
    for kind in ("activities", "deals", "contacts", "companies", "leads", "products", "orders"):
        if kind in prefixed and len(prefixed) == 1:
            return kind
    scores = {kind: len(telling & concepts) for kind, telling in _TELLING.items()}
    if {"order_number", "quantity"} & concepts and scores["orders"] >= 2:
        return "orders"
    if "full_name" in concepts and not {"given_name", "email"} & concepts:
        scores["contacts"] -= 1
    best = max(scores, key=lambda kind: scores[kind])
    # A person with a company's data in the row is still a person.
    if best == "companies" and {"given_name", "family_name"} & concepts:
        return "contacts"
    if best == "leads" and scores["leads"] < 2 and scores["contacts"] > 0:
        return "contacts"
    if scores[best] <= 0 or (
        scores[best] == 1 and best == "contacts" and "organization" in concepts and "email" not in concepts
    ):
        return "companies" if "organization" in concepts else "contacts"
    return best


def _kinds(kind: str, mapped: list[ColumnMapping]) -> tuple[str, ...]:
    """All record types a file holds, the rows' own first."""
    found = [kind]
    records = {one.target.partition(".")[0] for one in mapped}
    names = {
        "person": "contacts", "organization": "companies", "deal": "deals", "activity": "activities",
        "note": "activities", "product": "products", "order": "orders", "order_line": "orders",
        "payment": "payments", "lead": "leads",
    }  # fmt: skip
    for record, name in names.items():
        own = {one.target for one in mapped if one.target.startswith(f"{record}.")} - {f"{record}.ref", f"{record}.key"}
        if record in records and own and name not in found:
            found.append(name)
    return tuple(found)


def _mapped(word: _Word, kind: str, system: str, override: str | None) -> ColumnMapping:
    look = word.look
    common: dict[str, Any] = {
        "column": word.column, "look": look.kind, "style": look.style, "order": look.order, "currency": look.currency,
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


def _target(word: _Word, kind: str) -> tuple[str, dict[str, Any]]:
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


def _own_target(concept: str, own: str, word: _Word) -> tuple[str, dict[str, Any]]:
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


def _numbered(mapped: list[ColumnMapping]) -> list[ColumnMapping]:
    """Several columns of one meaning are counted, so that none takes another's place."""
    taken: set[tuple[str, str, str, int]] = set()
    found = []
    for one in mapped:
        if one.target.startswith("contact_point.") or one.target == "note.body":
            n = one.n
            while (one.target, one.label, one.part, n) in taken:
                n += 1
            one = replace(one, n=n)
            taken.add((one.target, one.label, one.part, n))
        elif one.target not in {IGNORE, CUSTOM, TAG} and "." in one.target:
            key = (one.target, one.label, one.part + one.by, one.n)
            if key in taken:
                says = _("another column already says this")
                one = replace(one, target=CUSTOM, confidence=0.2, reason=says, by="")
            taken.add(key)
        found.append(one)
    return found
