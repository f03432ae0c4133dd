"""What may be asked of the search: one text over everything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Money, folded
from crmlib.i18n import gettext as _
from crmlib.search.candidates import Candidate, Fragment, by_begins, by_name, by_number, by_text, fragment, looking
from crmlib.search.kinds import Kind, all_kinds
from crmlib.search.lines import Line, read_lines
from crmlib.search.words import Asked, clean, how_near, is_separator, meant, taken_apart, understand

if TYPE_CHECKING:
    import pandas as pd

FOUND = {
    "record": "str",
    "record_id": "int64",
    "title": "str",
    "organization": "str",
    "amount": "float64",
    "currency": "str",
    "date": "datetime64[s]",
    "part": "str",
    "matched": "str",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Hit:
    """A record that fits, as a line of a list.

    `title` is its name. `organization`, `amount` and `on` tell it from others: where a person works, whose deal it is
    and for how much, when an activity was. `part` is where the text was found (name, organization, email, phone, city,
    body, code) and `matched` what stands there; `title_at` and `matched_at` are the places to highlight in `title` and
    `matched`, pairs of first sign and the one after the last. `is_near` says that it only nearly fits. `party_id` is
    whom it concerns.
    """

    record: str
    record_id: int
    title: str
    organization: str | None = None
    amount: Money | None = None
    on: date | None = None
    part: str = "name"
    matched: str = ""
    title_at: list[tuple[int, int]] = field(default_factory=list)
    matched_at: list[tuple[int, int]] = field(default_factory=list)
    is_near: bool = False
    party_id: int | None = None
    sort: str | None = None


def search(session: Session, text: str, *, kinds: Iterable[str] | None = None, limit: int = 8) -> dict[str, list[Hit]]:
    """The records that fit what is being typed, by kind, best kind and best hit first; at most `limit` of a kind.

    One or two letters find beginnings of words, three and more any part of one; all words must be found, in any
    order and in any part of a record. Then follows what fits but for a slip of the fingers. Kinds are party, deal,
    activity, product and order; those of which nothing fits are left out. Order: the whole name, its beginning,
    beginnings of words in it, parts of words, other parts of the record, near misses; then what matters more, then
    what was touched last. Raises InvalidInput for a kind that there is not. No text is an error.
    """
    known = all_kinds()
    chosen = set(known) if kinds is None else set(kinds)
    unknown = chosen - set(known)
    if unknown:
        raise InvalidInput(_("Kind"), ", ".join(sorted(unknown)), ", ".join(known))
    session.flush()
    asked = understand(text, country=session.info.get("country"))
    if asked is None or limit < 1:
        return {}
    with looking(session) as here:
        return _search(session, asked, chosen & here, min(limit, 100))


def _search(session: Session, asked: Asked, kinds: set[str], limit: int) -> dict[str, list[Hit]]:
    wanted = [kind for record, kind in all_kinds().items() if record in kinds]
    found = {kind.record: _fitting(session, kind, asked, limit) for kind in wanted}
    # Where enough fits as typed, or something is called exactly so, nobody has slipped.
    fits = [one.name == asked.phrase for ones in found.values() for one in ones.values()]
    slipped = bool(found) and not any(fits) and all(len(ones) < limit for ones in found.values())
    guessed = _guess(session, asked) if slipped else None
    ranked: dict[str, tuple[tuple[object, ...], list[Hit]]] = {}
    for place, kind in enumerate(wanted):
        candidates = found[kind.record]
        if slipped:
            candidates = _near(session, kind, asked, guessed, limit) | candidates
        rated = sorted((_rank(one, asked), one.record_id, one) for one in candidates.values())[:limit]
        if not rated:
            continue
        lines = read_lines(session, kind.record, [one.record_id for _r, _id, one in rated])
        ways = _ways_to_show(asked, guessed)
        hits = [
            _hit(kind.record, lines[one.record_id], asked, ways, near=bool(one.near))
            for _r, _id, one in rated
            if one.record_id in lines
        ]
        ranked[kind.record] = ((rated[0][0][0], place), hits)
    return {record: hits for record, (_best, hits) in sorted(ranked.items(), key=lambda item: item[1][0])}


def found(session: Session, text: str, *, kinds: Iterable[str] | None = None, limit: int = 8) -> "pd.DataFrame":
    """What `search` finds, as a frame: one row per hit, best first within its kind. Columns are `FOUND`.

    `amount` is in `currency`; `date` is a day, NaT where there is none.
    """
    import pandas as pd

    hits = [hit for ones in search(session, text, kinds=kinds, limit=limit).values() for hit in ones]
    columns = {
        "record": [hit.record for hit in hits],
        "record_id": [hit.record_id for hit in hits],
        "title": [hit.title for hit in hits],
        "organization": [hit.organization for hit in hits],
        "amount": [float(hit.amount.amount) if hit.amount else float("nan") for hit in hits],
        "currency": [hit.amount.currency if hit.amount else None for hit in hits],
        "date": pd.to_datetime(pd.Series([hit.on for hit in hits], dtype=object)),
        "part": [hit.part for hit in hits],
        "matched": [hit.matched for hit in hits],
    }
    return pd.DataFrame(columns).astype(FOUND)


# --- finding -----------------------------------------------------------------------------------------


def _fitting(session: Session, kind: Kind, asked: Asked, limit: int) -> dict[int, Candidate]:
    """Candidates that fit as typed. Each step is taken only where those before it did not find enough."""
    enough = max(3 * limit, 24)
    begins = [asked.phrase]
    if len(asked.words) == 1:
        begins = list(asked.words[0])
    found = {one.record_id: one for one in by_name(session, kind, begins, enough)}
    if len(found) >= limit:
        return found

    def add(words: list[list[Fragment]], most: int) -> None:
        for one in by_text(session, kind, words, most):
            found.setdefault(one.record_id, one)

    if asked.phones and kind.record == "party":
        if asked.numbers and not found:
            found = {one.record_id: one for one in by_number(session, kind, asked.numbers, enough)}
        if not found:
            add([[Fragment(digits, starts=False) for digits in asked.phones]], enough)
        if found:
            return found
    # Beginnings of words are the better hits and the quicker to find; any part of one only where they are too few.
    for one in by_begins(session, kind, asked.words, enough):
        found.setdefault(one.record_id, one)
    if len(found) < limit and any(len(way) > 2 for way in asked.all_ways):
        add([[fragment(way, starts=False) for way in word] for word in asked.words], enough)
    if len(asked.words) > 1 and len(asked.phrase) > 2 and any(len(word[0]) < 3 for word in asked.words):
        # A piece out of the middle, such as “ia p” of Maria Pop.
        add([[Fragment(asked.phrase, starts=False)]], enough)
    return found


def _guess(session: Session, asked: Asked) -> list[list[str]] | None:
    """For each word what else it may have been; None where nothing comes to mind."""
    guesses = [meant(session, word[0]) for word in asked.words]
    if any(guesses):
        return guesses
    if len(asked.words) == 1 and (pair := taken_apart(session, asked.words[0][0])):
        return [list(pair)]
    return None


def _near(
    session: Session, kind: Kind, asked: Asked, guessed: list[list[str]] | None, limit: int
) -> dict[int, Candidate]:
    enough = max(3 * limit, 24)
    found: dict[int, Candidate] = {}
    if guessed is not None:
        if len(guessed) == 1 and len(asked.words) == 1 and len(guessed[0]) == 2 and asked.phrase == "".join(guessed[0]):
            words = [[half] for half in guessed[0]]
        else:
            # What one word was typed as has been looked for already.
            typed = asked.words if len(asked.words) > 1 else ((),)
            words = [[*word, *more] for word, more in zip(typed, guessed, strict=True)]
        for one in by_begins(session, kind, words, enough):
            found[one.record_id] = replace(one, near=1)
    # A slip may be in a short word, or be a blank too many or too few: then the title as a whole is nearly the same.
    phrase, n = asked.phrase, len(asked.phrase)
    if n >= 5 and not asked.phones and len(found) < limit:
        half = n // 2
        swapped = phrase[: half - 1] + phrase[half] + phrase[half - 1] + phrase[half + 1 :]
        tried = by_name(session, kind, [swapped, phrase[:half]], 200)
        if len(phrase[half:]) >= 3:
            tried += by_text(session, kind, [[Fragment(phrase[half:], starts=False)]], 200)
        for one in tried:
            slips = how_near(phrase, one.name)
            if slips and one.record_id not in found:
                found[one.record_id] = replace(one, near=slips)
    return found


# --- ranking -----------------------------------------------------------------------------------------


def _rank(one: Candidate, asked: Asked) -> tuple[float, ...]:
    """Smaller is better."""
    recent = one.recent or _EPOCH
    if recent.tzinfo is None:
        recent = recent.replace(tzinfo=UTC)
    return (_class(one, asked), -one.importance, -recent.timestamp())


def _class(one: Candidate, asked: Asked) -> float:
    name = " " + one.name
    if one.near:
        slips = how_near(asked.phrase, one.name)
        return 6 + (slips / 10 if slips else 0.5)
    if one.name == asked.phrase:
        return 0
    if one.name.startswith(asked.phrase):
        return 1
    if all(any(" " + way in name for way in word) for word in asked.words):
        return 2
    if all(any(way in name for way in word) for word in asked.words):
        return 3
    if all(any("  " + way in one.text for way in word) for word in asked.words):
        return 4
    return 5


# --- showing -----------------------------------------------------------------------------------------


def _ways_to_show(asked: Asked, guessed: Sequence[Sequence[str]] | None) -> list[list[str]]:
    """What to highlight for each word; what was typed before what was meant."""
    ways = [list(word) for word in asked.words]
    for word, more in zip(ways, guessed or (), strict=False):
        word += more
    return ways


def _hit(record: str, line: Line, asked: Asked, ways: list[list[str]], *, near: bool) -> Hit:
    title_at = _places(line.title, ways)
    parts = [("name", line.title), *line.parts]
    if asked.phones:
        digits = [list(asked.phones)]
        for part, value in line.parts:
            if part == "phone" and (at := _digit_places(value, digits[0])):
                return _made(record, line, part, value, [], at, near)
    missing = [word for word in ways if not _places(line.title, [word])]
    for part, value in parts[1:]:
        if missing and (at := _places(value, missing)):
            return _made(record, line, part, value, title_at, at, near)
    return _made(record, line, "name", line.title, title_at, title_at, near)


def _made(
    record: str,
    line: Line,
    part: str,
    matched: str,
    title_at: list[tuple[int, int]],
    matched_at: list[tuple[int, int]],
    near: bool,
) -> Hit:
    return Hit(
        record=record,
        record_id=line.record_id,
        title=line.title,
        organization=line.organization,
        amount=line.amount,
        on=line.on,
        part=part,
        matched=matched,
        title_at=title_at,
        matched_at=matched_at,
        is_near=near,
        party_id=line.party_id,
        sort=line.sort,
    )


def _places(text: str, words: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Where in `text` the words stand, the first way of each that is there; beginnings of words before other places."""
    signs: list[str] = []
    origin: list[int] = []
    for at, sign in enumerate(text):
        for one in _as_searched(sign):
            signs.append(one)
            origin.append(at)
    plain = "".join(signs)
    places = set()
    for ways in words:
        for way in ways:
            at = (" " + plain).find(" " + way)
            if at < 0 and len(way) > 2:
                at = plain.find(way)
            if at >= 0 and way:
                places.add((origin[at], origin[at + len(way) - 1] + 1))
                break
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@lru_cache(2000)
def _as_searched(sign: str) -> str:
    return clean(" " if is_separator(sign) else folded(sign) or (" " if sign.isspace() else ""))


def _digit_places(text: str, numbers: Sequence[str]) -> list[tuple[int, int]]:
    origin = [at for at, sign in enumerate(text) if sign.isdecimal()]
    digits = "".join(text[at] for at in origin)
    for number in numbers:
        at = digits.find(number)
        if at >= 0:
            return [(origin[at], origin[at + len(number) - 1] + 1)]
    return []
