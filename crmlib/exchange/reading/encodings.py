"""Which encoding a text is in: by its mark, by whether it is UTF-8 throughout, else by likeness, and how sure."""

import codecs
import logging
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from crmlib.exchange.reading import limits
from crmlib.exchange.reading.limits import Source, refusal
from crmlib.i18n import gettext as _

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What spreadsheets and old systems write, besides Unicode.
_OTHERS = [
    "cp1252", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874",
    "cp932", "gb18030", "big5", "cp949", "euc_jp", "cp850", "mac_roman",
]  # fmt: skip
#: Encodings of Latin letters, the commonest first, each with the letters that its languages really use.
_WEST = "äöüßÄÖÜéèêëàâçîïôùœæÿÉÈÀÂÇÊŒñáíóúÁÍÓÚÑãÃåøÅØÆìòÎÔ¿¡"
#: In these languages too, but seldom; and letters that in Portuguese would be others.
_RARE, _UNLIKELY = "õûðþÐÞýÕÛ", {"ăo", "ăe", "ăs", "őe"}
_EAST = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽăâîşţĂÂÎŞŢőűöüÖÜŐŰäßÄôľĺŕĽđĐ"
_LATIN = {
    "cp1252": f"cp1252:{_WEST}",
    "cp1250": f"cp1250:{_EAST}",
    "iso8859_2": f"iso8859_2:{_EAST}",
    "cp1254": "cp1254:çğıöşüÇĞİÖŞÜâîû",
    "cp1257": "cp1257:ąčęėįšųūžĄČĘĖĮŠŲŪŽāēģīķļņĀĒĢĪĶĻŅäöõüÄÖÕÜ",
    "cp850": f"cp850:{_WEST}",
    "mac_roman": f"mac_roman:{_WEST}",
}
_SIGNS = "€£¥§©®°±²³µ·¼½¾«»‘’“”„‚–—…•™ºª´\xa0"
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_SURELY_LATIN = 0.85
_SAMPLE = 200_000
_FEW = 0.01
_HIGH = re.compile(rb"[\x80-\xff]+")
#: What stands for bytes that are none of the encoding; no decoder gives it, so no text can be mistaken for it.
DAMAGE = "\udcff"

codecs.register_error("crmlib.damage", lambda error: (DAMAGE, error.end))  # type: ignore[attr-defined]
logging.getLogger("charset_normalizer").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Encoding:
    """The name of an encoding, and a remark where it was guessed."""

    name: str
    remark: str = ""


def find_encoding(source: Source) -> Encoding:
    """The encoding of a text file, which is read once through. Raises InvalidInput at a line without end."""
    head = source.head()
    for bom, name in _BOMS:
        if head.startswith(bom):
            _look_through(source)
            return Encoding(name)
    if wide := _unmarked_unicode(head[:4096]):
        _look_through(source)
        return Encoding(wide, _("the file has no mark of its encoding; it is read as {encoding}").format(encoding=wide))
    is_utf8, sample = _look_through(source)
    if is_utf8:
        return Encoding("utf-8")
    return _by_likeness(sample)


def is_text(text: str) -> bool:
    """Whether a decoded sample is text at all: programs, pictures and archives are full of control characters."""
    controls = sum(sign < " " and sign not in "\t\n\r\f\v\x1b\x1f" for sign in text)
    return controls <= max(4, len(text) // 20)


def _look_through(source: Source) -> tuple[bool, bytes]:
    """Whether all of it is UTF-8, and some of what is not ASCII. Raises InvalidInput at a line without end."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    sample = bytearray()
    since_break = 0
    for block in source.blocks():
        last = max(block.rfind(b"\n"), block.rfind(b"\r"))
        since_break = since_break + len(block) if last < 0 else len(block) - last - 1
        if since_break > limits.MOST_LINE:
            says = _("one of its lines is longer than {n} MB; that is no table").format(n=limits.MOST_LINE // 1_000_000)
            raise refusal(source.name, says)
        if not block.isascii():
            if len(sample) < _SAMPLE:
                sample += b"".join(line + b"\n" for line in block.splitlines() if not line.isascii())[:_SAMPLE]
            if is_utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
        elif is_utf8 and decoder.getstate()[0]:
            is_utf8 = False
    return is_utf8 and not decoder.getstate()[0], bytes(sample)


def _by_likeness(sample: bytes) -> Encoding:
    # A file of UTF-8 with a few rows pasted from elsewhere is UTF-8, and those rows are told to be damaged.
    sequences = len(_HIGH.findall(sample)) or 1
    damaged = sample.decode("utf-8", "crmlib.damage").count(DAMAGE)
    if damaged <= sequences * _FEW:
        return Encoding("utf-8", _("some rows hold bytes that are not UTF-8, as the rest is"))
    # The library tells scripts apart (Cyrillic, Thai, Japanese …). For Latin letters it has too little to go by in a
    # list of names, and its answer depends on their order; the letters of the languages tell more.
    best = from_bytes(sample[:50_000], cp_isolation=_OTHERS, threshold=0.6, enable_fallback=False).best()
    scores = {name: _latin_likeness(sample, letters) for name, letters in _LATIN.items()}
    latin = max(scores, key=lambda name: scores[name])
    if best is None or best.encoding in _LATIN or _is_sprinkled(sample):
        name, is_sure = latin, scores[latin] > _SURELY_LATIN
    else:
        name, is_sure = best.encoding, best.chaos < 0.1
        if name == "cp1251" and _is_hebrew(sample):
            name = "cp1255"
    shown = name.replace("cp12", "Windows-12").replace("iso8859_", "ISO-8859-")
    says = (
        _("the file is not in Unicode; it is most likely {encoding}. Look at a name with an accent.")
        if is_sure
        else _("the file is not in Unicode; {encoding} is a guess. Look at a name with an accent, or say the encoding.")
    )
    return Encoding(name, says.format(encoding=shown))


def _latin_likeness(sample: bytes, letters: str) -> float:
    """How much of what is not ASCII are letters of the encoding's languages, in places where letters stand: 0 to 1."""
    name, told = letters.split(":", 1)
    text = sample.decode(name, "replace")
    good, all_ = 0.0, 0
    for found in _FOREIGN.finditer(text):
        sign = found[0]
        all_ += 1
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        if sign in _SIGNS:
            # A sign such as £ or ® stands at the edge of a word, not within.
            good += 0.0 if before.isalpha() and after.isalpha() and sign not in "’´" else 0.9
        elif sign + after in _UNLIKELY:
            good += 0.3
        elif sign in told:
            # A capital after a small letter is a slip of the encoding, not of a person.
            good += 0.2 if sign.isupper() and before.islower() else 1.0
        elif sign in _RARE:
            good += 0.7
        elif sign.isalpha():
            good += 0.25
    return good / (all_ or 1)


def _is_sprinkled(sample: bytes) -> bool:
    """Whether what is not ASCII stands mostly alone, as accented letters do; other scripts come in whole words."""
    runs = _HIGH.findall(sample)
    return sum(len(run) for run in runs if len(run) > 2) < sum(map(len, runs)) / 3


def _is_hebrew(sample: bytes) -> bool:
    """Windows' Cyrillic and Hebrew share their bytes; Hebrew has no capitals and ends at 0xFA."""
    return all(0xE0 <= byte <= 0xFA for byte in sample if byte >= 0x80)


def _unmarked_unicode(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: the signs of every table (delimiters, line ends, digits) leave zeros."""
    head = head[: len(head) // 4 * 4]
    if len(head) < 4 or head.count(0) < len(head) // 20:
        return ""
    zeros = [head[place::4].count(0) for place in range(4)]
    quarter = len(head) // 4
    if zeros[2] + zeros[3] == 2 * quarter and zeros[0] < quarter:
        return "utf-32-le"
    if zeros[0] + zeros[1] == 2 * quarter and zeros[3] < quarter:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    name = "utf-16-le" if odd and not even else "utf-16-be" if even and not odd else ""
    if name:
        try:
            head.decode(name)
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                return ""
    return name
