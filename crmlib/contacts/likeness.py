"""How alike two names are, and by which keys those that may be alike are found among a million.

A name is compared without case, accents, order of its words, titles and legal forms (GmbH, Ltd, PT): *PT. Maju Jaya*
and *Maju Jaya, PT* are one name. An initial stands for every name that begins with it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

from crmlib.base import folded

__all__ = ["back_key", "name_key", "name_likeness", "spellings", "swapped", "tokens"]

# Letters that NFKD leaves as they are, as people type them without their own keyboard.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"})


def words(listed: str) -> frozenset[str]:
    """The words of a list that is written as one line."""
    return frozenset(listed.split())


# What stands beside a name and is none: forms of companies in many countries, and how people are addressed.
_LEGAL = words(
    "ab ag aps as asa bhd bv bvba co company corp corporation cv doo eg eirl eood gbr gmbh group holding holdings "
    "inc incorporated kft kg kgaa kk llc llp lp limited ltd ltda mbh nv ohg ood oy oyj pfa plc pt pte pty pvt sa "
    "sae saic sarl sas sasu sc sca scs sdn se sl slu snc spa spzoo spol sprl srl sro tbk ud ug uab zoo zrt"
)
_TITLES = words("mr mrs ms miss mx dr prof ir drs hj h ing dipl bapak ibu pak bu dl dna herr frau jr sr phd")
_SMALL = words("and und et si dan the of de da di la le el van von der den")


def _marks() -> str:
    """The vowel signs and the like of Indic, Thai, Burmese and other scripts, which belong to a word and are no letter."""
    signs = (chr(code) for code in range(0x0300, 0x1D00))
    return "".join(sign for sign in signs if unicodedata.category(sign) in ("Mn", "Mc"))


_WORD = re.compile(rf"[\w{_marks()}]+")


@lru_cache(maxsize=65_536)
def tokens(name: str) -> tuple[str, ...]:
    """The words of a name that tell it from others, in their order; all of them where none would be left."""
    plain = folded(name).translate(_PLAIN)
    # S.R.L. and B.V. are one word, O'Brien and O’Brien as well.
    plain = re.sub(r"\b(\w)\.(?=\w\b)", r"\1", plain).replace("'", "").replace("’", "")
    found = _WORD.findall(plain)
    told = tuple(word for word in found if word not in _LEGAL and word not in _TITLES and word not in _SMALL)
    return told or tuple(found)


def name_key(name: str) -> str:
    """The words of a name by the alphabet, the first and the last before those between: *john smith michael*.

    Names that share it are one name in another order. A range of it from `john s` holds all that differ only after
    the first letter of the other word.
    """
    return _key(tokens(name))


def _key(words: Iterable[str]) -> str:
    first, *between = sorted(words) or [""]
    return " ".join([first, between[-1], *between[:-1]]) if between else first


def back_key(name: str) -> str:
    """`name_key` with its first two words the other way round: *smith john michael*."""
    return swapped(name_key(name))


def swapped(key: str) -> str:
    """A `name_key` from a `back_key`, or the other way round."""
    first, *rest = key.split(" ")
    return " ".join([rest[0], first, *rest[1:]]) if rest else first


def spellings(name: str) -> list[str]:
    """Keys under which the same name may be kept: itself, two words run together, one taken apart, one left out.

    *Mega Com* is `megacom`, and *Megacom* may be `com mega`; *Livada Transilvană Cluj* may have been *Livada Cluj*.
    """
    words = tokens(name)[:8]
    found = [words]
    found += [(*words[:n], words[n] + words[n + 1], *words[n + 2 :]) for n in range(len(words) - 1)]
    if len(words) == 2:
        found.append((words[1] + words[0],))
    for n, word in enumerate(words[:3]):
        # From an alphabet with few letters each half is longer than one of them; 王小明 is 王 and 小明.
        short = 2 if word.isascii() else 1
        found += [
            (*words[:n], word[:cut], word[cut:], *words[n + 1 :])
            for cut in range(short, min(len(word), 16) - short + 1)
        ]
    if len(words) > 2:
        found += [words[:n] + words[n + 1 :] for n in range(len(words))]
    return list(dict.fromkeys(_key(one) for one in found))


def name_likeness(one: str, other: str) -> float:
    """From 0 to 100: 100 where two names have the same words, more than 90 where a letter or a word's place differs.

    Each word of the shorter name is matched with the word of the longer one that is most like it; an initial is
    nearly as good as the name it begins.
    """
    from rapidfuzz import fuzz
    from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

    mine, theirs = sorted((tokens(one), tokens(other)), key=lambda words: (len(words), words))
    if not mine:
        return 0.0
    if sorted(mine) == sorted(theirs) or "".join(mine) == "".join(theirs):
        return 100.0
    left, total, weight = list(theirs), 0.0, 0.0
    for word in sorted(mine, key=len, reverse=True):
        scores = [
            _word_likeness(word, candidate, JaroWinkler.similarity, DamerauLevenshtein.distance) for candidate in left
        ]
        if not scores:
            break
        best = max(scores)
        left.pop(scores.index(best))
        total, weight = total + best * max(len(word), 2), weight + max(len(word), 2)
    matched = total / weight if weight else 0.0
    # A second given name or a department more is no other name; one word out of four is.
    missing = sum(len(word) for word in left) / max(sum(map(len, theirs)), 1)
    by_words = matched * (1 - 0.35 * missing)
    # Words run together or apart: Mega Com and Megacom.
    whole = fuzz.ratio("".join(sorted(mine)), "".join(sorted(theirs)))
    return round(max(by_words, whole * 0.97), 1)


def _word_likeness(one: str, other: str, alike: Callable[..., float], steps_apart: Callable[..., int]) -> float:
    if one == other:
        return 100.0
    if len(one) == 1 or len(other) == 1:
        return 92.0 if one[0] == other[0] else 0.0
    short, long = sorted((one, other), key=len)
    if len(short) >= 4 and steps_apart(one, other, score_cutoff=2) == 1:
        return 93.0
    # Rob for Robert, Alex for Alexandra.
    if len(short) >= 3 and long.startswith(short):
        return 90.0
    return 100.0 * alike(one, other) * alike(one, other)
