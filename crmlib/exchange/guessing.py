"""The proposal of what the columns of a file mean, from its headers and some of its values.

`guess` looks a header up in `header_words.toml` (ten languages), knows the exports of other systems by their columns
(`systems.toml`), and asks the values where words do not say enough.
"""

import tomllib
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from crmlib.exchange.header_words import Word, read_header
from crmlib.exchange.mapping import CUSTOM, IGNORE, TAG, ColumnMapping, Mapping
from crmlib.exchange.matching import match_key
from crmlib.exchange.reading import BadRow, Table
from crmlib.exchange.targets import column_mapping
from crmlib.exchange.values import look_at
from crmlib.i18n import gettext as _

#: Rows that are looked at for what values look like.
SAMPLE = 500
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
    words = [replace(read_header(column), look=looks[column]) for column in columns]
    system, kind = find_system(columns)
    words = [_by_values(word) for word in words]
    words = _together(words)
    if not kind:
        kind = _kind_of(words)
    told = _systems()["overrides"].get(f"{system}.{kind}", {})
    overrides = {match_key(name): target for name, target in told.items()}
    mapped = [column_mapping(word, kind, system, overrides.get(match_key(word.column))) for word in words]
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


@cache
def _systems() -> dict[str, Any]:
    return tomllib.loads(files("crmlib.exchange").joinpath("systems.toml").read_text("utf-8"))


def _by_values(word: Word) -> Word:
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


# What a title is of these: `Deal - Title`.
_TITLED = {"deals": "deal_name", "activities": "subject", "products": "product_name"}


def _together(words: list[Word]) -> list[Word]:
    """What several columns say together: a bare first name is a name, a title beside a job title a salutation."""
    has = {word.concept for word in words if not word.entity}
    found = []
    for word in words:
        key = match_key(word.column)
        if word.concept == "given_name" and "family_name" not in has and key in {"nombre", "nome"}:
            word = replace(word, concept="name")
        if word.concept == "family_name" and "given_name" not in has and key in {"nom", "nume"}:
            word = replace(word, concept="name")
        if word.concept == "title" and word.entity in _TITLED:
            word = replace(word, concept=_TITLED[word.entity])
        elif word.concept == "title":
            word = replace(word, concept="salutation" if "job_title" in has else "job_title", confidence=0.8)
        if word.concept == "date":
            word = replace(word, concept="order_date" if {"quantity", "order_number", "total"} & has else "")
        if word.concept == "country" and word.look.kind in {"number", "decimal", "date"}:
            word = replace(word, concept="", confidence=0.0)
        found.append(word)
    return found


def _kind_of(words: list[Word]) -> str:
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


def _numbered(mapped: list[ColumnMapping]) -> list[ColumnMapping]:
    """Several columns of one meaning are counted, so that none takes another's place."""
    taken: set[tuple[str, str, str, int]] = set()
    found = []
    for one in mapped:
        if one.target.startswith("contact_point.") or one.target == "note.body":
            n = one.n
            while (one.target, one.label, one.part + one.of, n) in taken:
                n += 1
            one = replace(one, n=n)
            taken.add((one.target, one.label, one.part + one.of, n))
        elif one.target not in {IGNORE, CUSTOM, TAG} and "." in one.target:
            key = (one.target, one.label, one.part + one.by + one.of, one.n)
            if key in taken:
                says = _("another column already says this")
                one = replace(one, target=CUSTOM, confidence=0.2, reason=says, by="")
            taken.add(key)
        found.append(one)
    return found
