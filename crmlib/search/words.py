"""What was typed, as the index can be asked for it: words, other ways to write them, and what was probably meant."""

import json
import unicodedata
from dataclasses import dataclass

import phonenumbers
from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import Text, bindparam, select, text
from sqlalchemy.orm import Session

from crmlib.base import folded
from crmlib.search.records import SearchWord

# The same signs as in migration 0008: blanks in the index, and left out of it.
_CLEAN = str.maketrans(dict.fromkeys('-./,@()_+:;"\n\t\r', " ") | dict.fromkeys("'’"))
_SEPARATORS = frozenset('-./,@()_+:;"\n\t\r ')

# Nobody types more than this into a search, and what is pasted is cut.
LONGEST = 100
MOST_WORDS = 8

# How others write what folding made one letter.
_SPELLED = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})

_LAST = "\U0010ffff"
# As many words of one beginning are compared with a misspelt one.
_MOST_COMPARED = 3000


@dataclass(frozen=True)
class Asked:
    """What is looked for: all of `words`, each in one of its ways; or `phrase` as it stands.

    Where it may be a phone number, `numbers` are the whole ones it may be (E.164), `phones` the digits in them.
    """

    phrase: str
    words: tuple[tuple[str, ...], ...]
    phones: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def all_ways(self) -> list[str]:
        return [way for word in self.words for way in word]


def clean(text: str) -> str:
    """Folded text as the index writes it: a blank for what divides words."""
    return text.translate(_CLEAN)


def is_separator(sign: str) -> bool:
    return sign in _SEPARATORS


def spread(text: str) -> str:
    """Cleaned text with two blanks before each word, as `SearchEntry.text` has it."""
    return text.replace(" ", "  ")


def understand(text: str, *, country: str | None = None) -> Asked | None:
    """What was typed, taken apart; None where nothing can be looked for. `country` reads phone numbers."""
    text = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in text[:LONGEST])
    phrase = clean(folded(text)).strip()
    spelled = [clean(folded(word)) for word in text.casefold().translate(_UMLAUTS).split()]
    plain = [clean(folded(word)) for word in text.split()]
    umlauts = {
        one: other
        for left, right in zip(plain, spelled, strict=False)
        for one, other in zip(left.split(), right.split(), strict=False)
    }
    words = list(dict.fromkeys(phrase.split()))[:MOST_WORDS]
    if not words:
        return None
    phones, numbers = _phones(text, country)
    return Asked(phrase, tuple(_ways(word, umlauts.get(word, word)) for word in words), phones, numbers)


def _ways(word: str, spelled: str) -> tuple[str, ...]:
    ways = [word, spelled]
    for long, short in _SPELLED:
        if long in word and len(word) > 3:
            ways.append(word.replace(long, short))
    if word.isdecimal() and word.startswith("0") and len(word) >= 4:
        # The 0 of a national number is not in what is kept, +40721….
        ways.append(word.lstrip("0") or word)
    return tuple(dict.fromkeys(ways))


def _phones(text: str, country: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The digits that a phone number is kept with, where what was typed may be one, however it is written."""
    text = unicodedata.normalize("NFKC", text)
    if not all(sign.isdecimal() or sign in " +-()./\xa0" for sign in text):
        return (), ()
    digits = "".join(str(int(sign)) for sign in text if sign.isdecimal())
    if len(digits) < 5:
        return (), ()
    found, numbers = [], []
    for region in dict.fromkeys((country, None)):
        try:
            number = phonenumbers.parse(text if region else "+" + digits.lstrip("0"), region)
        except phonenumbers.NumberParseException:
            continue
        found.append(phonenumbers.national_significant_number(number))
        numbers.append(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    bare = digits.lstrip("0")
    found.append(bare)
    # +40 (0) 721 … with its 0 in brackets, and 8 921 … or 1 212 … with a trunk prefix that is no 0.
    if "(0)" in text:
        found.append("".join(str(int(sign)) for sign in text.replace("(0)", "") if sign.isdecimal()).lstrip("0"))
    if len(bare) >= 10:
        found.append(bare[1:])
    return tuple(dict.fromkeys(one for one in found if len(one) >= 4)), tuple(numbers)


# --- what was probably meant -------------------------------------------------------------------------


_first, _last = (bindparam(name, type_=Text()) for name in ("first", "last"))
_WORDS = (
    select(SearchWord.word).where(SearchWord.word >= _first, SearchWord.word < _last).distinct().limit(_MOST_COMPARED)
)


def meant(session: Session, word: str, *, most: int = 8) -> list[str]:
    """Words of titles that `word` may be a misspelling of: one slip away, two from eight letters on; nearest first.

    Such a word may still be half typed: it is compared with the beginnings of longer ones too.
    """
    n = len(word)
    if n < 3 or n > 40 or word.isdecimal():
        return []
    slips = 1 if n < 8 else 2
    half = (n + 1) // 2
    candidates: set[str] = set()
    if n >= 4:
        # A slip in the second half leaves the first as it is.
        begins = word[:half]
        candidates.update(session.scalars(_WORDS, {"first": begins, "last": begins + _LAST}))
    # A slip in the first half leaves the second: then what it may have been is few enough to be looked up.
    front = n if n < 6 else half + 1
    variants = {one + word[front:] for one in _one_slip(word[:front], word)}
    candidates.update(_known(session, variants))
    candidates.discard(word)
    pool = sorted(candidates)
    best: dict[str, float] = {}
    for cut in (None, n, n + 1):
        whole = pool if cut is None else [one[:cut] for one in pool]
        for _text, distance, index in process.extract(
            word, whole, scorer=OSA.distance, score_cutoff=slips, limit=most * 2
        ):
            found = pool[index]
            best[found] = min(best.get(found, 99), distance + (0 if cut is None else 0.5))
    return sorted(best, key=lambda one: (best[one], one))[:most]


def taken_apart(session: Session, word: str) -> tuple[str, str] | None:
    """Two words of titles that `word` is made of, where somebody forgot the blank: anapopescu."""
    pairs = [(word[:at], word[at:]) for at in range(3, len(word) - 2)]
    if not pairs or len(word) > 60:
        return None
    known = _known(session, {half for pair in pairs for half in pair})
    return next((pair for pair in pairs if known.issuperset(pair)), None)


def _known(session: Session, words: set[str]) -> set[str]:
    """Those of very many words that are in titles. Passed as one parameter: hundreds take longer."""
    given = json.dumps(sorted(words), ensure_ascii=False)
    sqlite = session.get_bind().dialect.name == "sqlite"
    each = "json_each(:given) AS given" if sqlite else "json_array_elements_text(CAST(:given AS json)) AS given(value)"
    # Each is looked up for itself, whatever the planner thinks of so many.
    rows = text(f"SELECT (SELECT word FROM search_word WHERE word = given.value LIMIT 1) FROM {each}")  # noqa: S608
    return {word for word in session.scalars(rows, {"given": given}) if word}


def _one_slip(front: str, word: str) -> set[str]:
    letters = _letters(word)
    cuts = [(front[:at], front[at:]) for at in range(len(front) + 1)]
    return {
        *(left + right[1:] for left, right in cuts if right),
        *(left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1),
        *(left + letter + right[1:] for left, right in cuts if right for letter in letters),
        *(left + letter + right for left, right in cuts for letter in letters),
    }


def _letters(word: str) -> str:
    """The letters that could stand in a word: Latin ones, or those of its own script."""
    own = {sign for sign in word if sign.isalpha() and not sign.isascii()}
    blocks = {ord(sign) & ~0x1F for sign in own if ord(sign) < 0x3000}
    more = "".join(
        chr(code) for start in sorted(blocks)[:3] for code in range(start, start + 32) if chr(code).isalpha()
    )
    latin = "abcdefghijklmnopqrstuvwxyz" if not own or any(sign.isascii() and sign.isalpha() for sign in word) else ""
    digits = "0123456789" if any(sign.isdecimal() for sign in word) else ""
    return latin + more + digits


def how_near(phrase: str, name: str) -> int | None:
    """By how many slips a title, or its beginning, differs from what was typed; None where it is another."""
    allowed = 1 if len(phrase) < 10 else 2
    n = len(phrase)
    distances = (OSA.distance(phrase, one, score_cutoff=allowed) for one in {name, name[:n], name[: n + 1]})
    nearest = min(distances)
    return nearest if nearest <= allowed else None


def trigrams(text: str) -> list[str]:
    """Every three signs of a text that follow each other."""
    return [text[at : at + 3] for at in range(len(text) - 2)]
