"""What a header says: its words looked up in ten languages, and parted into what is meant and of what.

The words stand in `header_words.toml`: a concept with its names in each language, and the qualifiers that stand beside
one, such as home and work.
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from rapidfuzz import fuzz, process

from crmlib.exchange.matching import match_key
from crmlib.exchange.values import Look
from crmlib.i18n import gettext as _

# Likeness (0 to 100) from which a header is taken for a slip of a word we know.
_NEAR = 88


@dataclass(frozen=True)
class Word:
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


def read_header(column: str) -> Word:
    """What one header says; a concept of its own is empty where no word of it is known."""
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
        return Word(column, concept, entity, label, 1, "value", confidence, reason)
    n = 1
    if numbered := re.fullmatch(r"(.*\D)\s*[-#]?\s*(\d{1,2})(\D*)", told):
        n, told = int(numbered[2]), f"{numbered[1].strip()} {numbered[3].strip()}".strip()
        if found := _lookup(told):
            concept, confidence, reason = found
            return Word(column, concept, entity, label, max(n, 1), "value", confidence, reason)
    pieces = re.findall(r"[A-ZÀ-Þ]+(?![a-zà-ÿ])|[A-ZÀ-Þ]?[^\W\dA-Z_]+|\d+", told) or [told]
    for at, piece in ((0, pieces[0]), (-1, pieces[-1])):
        rest = " ".join(pieces[1:] if at == 0 else pieces[:-1])
        if len(pieces) > 1 and match_key(piece) in _qualifiers() and (found := _lookup(rest)):
            concept, confidence, reason = found
            qualifier = _qualifiers()[match_key(piece)]
            return Word(column, concept, entity, label or qualifier, max(n, 1), "value", confidence - 0.05, reason)
    near = _nearest(told)
    if near:
        concept, confidence, reason = near
        return Word(column, concept, entity, label, max(n, 1), "value", confidence, reason)
    return Word(column, "", entity, label, max(n, 1))


def _grouped(column: str, group: str, n: int, part: str) -> Word:
    """A column such as `E-mail 2 - Value`: Google's way to write several of a kind."""
    key, told = match_key(group), match_key(part)
    names = {"email": "email", "phone": "phone", "website": "website", "im": "im", "instantmessage": "im"}
    sure = {"confidence": 0.98, "reason": _("a numbered column, as Google writes them"), "n": n}
    if key in names or key in {"event", "relation", "customfield"}:
        concept = names.get(key, key)
        return Word(column, concept, part="label" if _PART_WORDS.get(told) == "label" else "value", **sure)  # type: ignore[arg-type]
    if key == "address":
        if told in {"label", "type"}:
            return Word(column, "address", part="label", **sure)  # type: ignore[arg-type]
        concepts = {
            "formatted": "address", "street": "street", "city": "city", "pobox": "po_box", "region": "region",
            "postalcode": "postal_code", "country": "country", "extendedaddress": "extra",
        }  # fmt: skip
        return Word(column, concepts.get(told, ""), **sure)  # type: ignore[arg-type]
    if key in {"organization", "organisation"}:
        concepts = {"name": "organization", "title": "job_title", "department": "department", "type": ""}
        return Word(column, concepts.get(told, ""), **sure)  # type: ignore[arg-type]
    return Word(column, _words().get(match_key(f"{group} {part}"), ("", ""))[0], **sure)  # type: ignore[arg-type]


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
