"""vCards 2.1, 3.0 and 4.0 as address books really write them, and as a table with the columns of Google's contacts.

Read here and not by a library, because clients disagree with the standards in ways that lose data elsewhere: soft
breaks of quoted-printable with and without folding, bare parameters, a charset for each property, characters folded
in the middle, photographs without indentation, a card in a card. One damaged card is refused and the others go on.
"""

import binascii
import itertools
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crmlib.exchange.reading import limits
from crmlib.exchange.reading.delimited import Text
from crmlib.exchange.reading.encodings import Encoding, find_encoding
from crmlib.exchange.reading.limits import Source, refusal
from crmlib.exchange.reading.table import BadRow, Record, Table
from crmlib.i18n import gettext as _

MOST_CARD = 2_000_000
# Stands for an escaped backslash while a value is taken apart; no decoder gives it.
_BACKSLASH = "\udcfd"
#: Telephones, addresses and the like of one card.
MOST_OF_A_KIND = 50

_BINARY = {"PHOTO", "LOGO", "SOUND", "KEY"}
_ENCODINGS = {"QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT", "B"}
#: Said by every card or by none; nothing of it is about the person.
_SILENT = {
    "VERSION", "PRODID", "REV", "PROFILE", "CLASS", "SOURCE", "NAME", "MAILER", "SORT-STRING", "LABEL", "X-ABADR",
    "X-ABUID", "X-ABLABEL", "X-MS-OL-DESIGN", "X-MS-OL-DEFAULT-POSTAL-ADDRESS", "X-GENERATOR", "CLIENTPIDMAP", "XML",
    "X-COUCHDB-APPLICATION-ANNOTATIONS", "X-EVOLUTION-FILE-AS",
}  # fmt: skip
_PARTS = ("PO Box", "Extended Address", "Street", "City", "Region", "Postal Code", "Country")
_EVENTS = {
    "ANNIVERSARY": "anniversary", "X-ANNIVERSARY": "anniversary", "X-EVOLUTION-ANNIVERSARY": "anniversary",
    "X-MS-ANNIVERSARY": "anniversary", "DEATHDATE": "death", "X-ABDATE": "",
}  # fmt: skip
_RELATIONS = {
    "RELATED": "", "X-ABRELATEDNAMES": "", "X-SPOUSE": "spouse", "X-EVOLUTION-SPOUSE": "spouse",
    "X-MANAGER": "manager", "X-EVOLUTION-MANAGER": "manager", "X-MS-MANAGER": "manager", "X-MS-SPOUSE": "spouse",
    "X-ASSISTANT": "assistant", "X-EVOLUTION-ASSISTANT": "assistant", "X-MS-ASSISTANT": "assistant", "AGENT": "agent",
}  # fmt: skip
_MESSENGERS = {
    "IMPP": "", "X-AIM": "aim", "X-ICQ": "icq", "X-JABBER": "xmpp", "X-MSN": "msn", "X-YAHOO": "yahoo",
    "X-SKYPE": "skype", "X-SKYPE-USERNAME": "skype", "X-GOOGLE-TALK": "xmpp", "X-GTALK": "xmpp", "X-QQ": "qq",
    "X-MS-IMADDRESS": "", "X-GADUGADU": "gadugadu", "X-GROUPWISE": "groupwise", "X-TWITTER": "twitter",
    "X-WHATSAPP": "whatsapp",
}  # fmt: skip
_PLAIN = {
    "FN": "Formatted Name", "TITLE": "Organization Title", "ROLE": "Organization Role", "GENDER": "Gender",
    "LANG": "Language", "UID": "UID", "KIND": "Kind", "TZ": "Time Zone", "GEO": "Coordinates",
    "X-PHONETIC-FIRST-NAME": "Phonetic First Name", "X-PHONETIC-MIDDLE-NAME": "Phonetic Middle Name",
    "X-PHONETIC-LAST-NAME": "Phonetic Last Name", "X-MAIDENNAME": "Maiden Name", "BIRTHPLACE": "Place of Birth",
}  # fmt: skip
_FIRST = (
    "Name Prefix", "First Name", "Middle Name", "Last Name", "Name Suffix", "Formatted Name", "Nickname", "Kind",
    "Phonetic First Name", "Phonetic Middle Name", "Phonetic Last Name", "Organization Name",
    "Organization Department", "Organization Title", "Organization Role", "Birthday", "Gender", "Language", "Labels",
)  # fmt: skip
_GROUPS = ("E-mail", "Phone", "Address", "Website", "IM", "Event", "Relation")


@dataclass(frozen=True)
class Property:
    """One line of a card, unfolded and decoded. `types` are small; `value` still has its backslashes."""

    name: str
    value: str
    group: str = ""
    types: tuple[str, ...] = ()
    params: dict[str, str] = field(default_factory=dict)
    is_damaged: bool = False

    @property
    def rank(self) -> int:
        """How much it is preferred; 1 is first, 100 not at all."""
        if "pref" in self.types:
            return 1
        told = self.params.get("PREF", "")
        return int(told) if told.isdecimal() and len(told) < 4 else 100


@dataclass(frozen=True)
class Card:
    """One card: the line it begins on, its properties, and how many pictures and keys were left out."""

    line: int
    properties: tuple[Property, ...]
    n_left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class CardTable(Table):
    """Cards as rows."""

    source: Source

    def records(self) -> Iterator[Record | BadRow]:
        for card in read_cards(self.source, Encoding(self.encoding)):
            if isinstance(card, BadRow):
                yield card
                continue
            row = row_of(card)
            yield row if isinstance(row, BadRow) else (card.line, [row.get(name, "") for name in self.columns])


def open_cards(source: Source, *, sha256: str = "") -> CardTable:
    """The cards of a file as a table, read once through for its columns. Raises InvalidInput where there is none."""
    encoding = find_encoding(source)
    seen: dict[str, None] = {}
    n_cards = n_left_out = 0
    damaged: list[tuple[int, str]] = []
    for card in read_cards(source, encoding):
        if isinstance(card, BadRow):
            continue
        row = row_of(card)
        if not isinstance(row, BadRow):
            n_cards += 1
            n_left_out += card.n_left_out
            damaged += [(card.line, item.name) for item in card.properties if item.is_damaged]
            seen.update(dict.fromkeys(row))
            if len(seen) > limits.MOST_COLUMNS:
                raise refusal(source.name, _("it has more than {n} columns").format(n=limits.MOST_COLUMNS))
    if not n_cards:
        raise refusal(source.name, _("none of its cards can be read; export the contacts anew"))
    remarks = [encoding.remark] if encoding.remark else []
    if n_left_out:
        remarks.append(_("pictures, sounds and keys are left out: {n}").format(n=n_left_out))
    for line, name in damaged[:20]:
        says = _("the {name} of the card in line {line} holds bytes that are no text; they are shown as �")
        remarks.append(says.format(name=name, line=line))
    return CardTable(
        name=source.name,
        columns=tuple(sorted(seen, key=_place)),
        format="vcard",
        encoding=encoding.name,
        sha256=sha256,
        header_line=0,
        remarks=tuple(remarks),
        source=source,
    )


def read_cards(source: Source, encoding: Encoding) -> Iterator[Card | BadRow]:
    """The cards of a file, one after the other."""
    # Each property may have a charset of its own, and a fold may split a character: so bytes first, as Latin-1.
    is_wide = encoding.name.startswith(("utf-16", "utf-32"))
    lines = Text(source, encoding.name if is_wide else "latin-1").lines()
    charset = "" if is_wide else encoding.name
    begin, raw, size, n_left_out, depth = 0, list[str](), 0, 0, 0
    for number, text in _unfolded(lines):
        mark = text.strip().upper()
        if mark == "BEGIN:VCARD":
            if (begin and raw and raw[-1].upper().startswith("AGENT")) or depth:
                depth += 1  # a card in a card: an agent's
                continue
            if begin:
                yield BadRow(begin, _("the card has no end"), _shown(raw, charset))
            begin, raw, size, n_left_out = number, [], 0, 0
        elif not begin:
            if mark.lstrip("\ufeff\xef\xbb\xbf"):
                if mark.lstrip("\ufeff\xef\xbb\xbf") == "BEGIN:VCARD":
                    begin, raw, size, n_left_out = number, [], 0, 0
                else:
                    yield BadRow(number, _("it stands outside of any card"), _shown([text], charset))
        elif mark == "END:VCARD":
            if depth:
                depth -= 1
                continue
            if size > MOST_CARD:
                yield BadRow(begin, _("the card is larger than {n} MB").format(n=MOST_CARD // 1_000_000))
            else:
                yield Card(begin, tuple(_properties(raw, charset)), n_left_out)
            begin = 0
        elif not depth:
            if _is_binary(text):
                n_left_out += 1
                continue
            size += len(text)
            if size <= MOST_CARD:
                raw.append(text)
    if begin:
        yield BadRow(begin, _("the card has no end"), _shown(raw, charset))


def row_of(card: Card) -> dict[str, str] | BadRow:
    """A card by columns: Google's names where Google has one. What is preferred stands first."""
    if any("\0" in item.value for item in card.properties):
        return BadRow(card.line, _("it holds a character with the number 0, which is no text"))
    labels = {
        item.group: re.sub(r"^_\$!<(.*)>!\$_$", r"\1", unescaped(item.value))
        for item in card.properties
        if item.name == "X-ABLABEL" and item.group
    }
    row: dict[str, str] = {}
    lists: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for item in sorted(card.properties, key=lambda item: item.rank):
        label = labels.get(item.group, "") if item.group else ""
        _put(item, label, row, lists)
    for kind, found in lists.items():
        if len(found) > MOST_OF_A_KIND:
            return BadRow(card.line, _("it has more than {n} entries of one kind").format(n=MOST_OF_A_KIND))
        for n, (label, values) in enumerate(found, 1):
            row[f"{kind} {n} - Label"] = label
            row.update({f"{kind} {n} - {part}": value for part, value in values.items()})
    return {name: value for name, value in row.items() if value}


def _put(item: Property, label: str, row: dict[str, str], lists: dict[str, list[tuple[str, dict[str, str]]]]) -> None:
    name, value = item.name, unescaped(item.value).strip()

    def add(kind: str, label: str, **values: str) -> None:
        if any(values.values()):
            lists.setdefault(kind, []).append((label, {part.replace("_", " "): text for part, text in values.items()}))

    if name in _SILENT or not value.strip(";, "):
        return
    if name == "N":
        parts = components(item.value)
        for place, (column, between) in enumerate(
            (("Last Name", " "), ("First Name", " "), ("Middle Name", " "), ("Name Prefix", " "), ("Name Suffix", ", "))
        ):
            row.setdefault(column, between.join(parts[place]) if place < len(parts) else "")
    elif name == "ORG":
        told = [", ".join(part) for part in components(item.value)]
        if "Organization Name" not in row:
            row["Organization Name"] = told[0]
            row["Organization Department"] = ", ".join(filter(None, told[1:]))
        else:
            _more(row, "Other Organizations", ", ".join(filter(None, told)), "; ")
    elif name in {"NICKNAME", "CATEGORIES"}:
        column = "Nickname" if name == "NICKNAME" else "Labels"
        _more(row, column, ", ".join(part for group in components(item.value) for part in group), ", ")
    elif name == "NOTE":
        _more(row, "Notes", value, "\n\n")
    elif name == "BDAY":
        row.setdefault("Birthday", day_of(value))
    elif name == "EMAIL":
        add("E-mail", label or _label(item), Value=re.sub(r"^mailto:", "", value, flags=re.IGNORECASE))
    elif name == "TEL":
        add("Phone", label or _label(item), Value=_phone(value))
    elif name == "URL":
        add("Website", label or _label(item), Value=value)
    elif name == "ADR":
        parts = components(item.value)
        texts = [", ".join(filter(None, part)) for part in parts] + [""] * len(_PARTS)
        values = dict(zip(_PARTS, texts, strict=False))
        if any(values.values()):
            lists.setdefault("Address", []).append((label or _label(item), values))
    elif name in _MESSENGERS:
        service = label or _MESSENGERS[name]
        scheme, colon, rest = value.partition(":")
        if name == "IMPP" and colon and re.fullmatch(r"[A-Za-z][\w.+-]*", scheme):
            service, value = service or scheme.lower(), rest
        add("IM", service or _label(item), Value=value)
    elif name in _EVENTS:
        add("Event", label or _EVENTS[name], Value=day_of(value))
    elif name in _RELATIONS:
        add("Relation", label or _RELATIONS[name] or _label(item), Value=value)
    elif name == "X-ABSHOWAS":
        row.setdefault("Kind", "org" if value.upper() == "COMPANY" else value)
    elif name in _PLAIN:
        if name in {"TITLE", "ROLE", "LANG"}:
            _more(row, _PLAIN[name], value, ", ")
        else:
            row.setdefault(_PLAIN[name], value)
    else:
        _more(row, name, value, "; ")


def _more(row: dict[str, str], column: str, value: str, between: str) -> None:
    row[column] = f"{row[column]}{between}{value}" if row.get(column) else value


def components(value: str) -> list[list[str]]:
    """A structured value: its parts (between semicolons), each a list (between commas); both may be escaped."""
    return [
        [unescaped(item).strip() for item in re.split(r"(?<!\\),", part)]
        for part in re.split(r"(?<!\\);", value.replace("\\\\", _BACKSLASH))
    ]


def unescaped(value: str) -> str:
    r"""A value without its backslashes: `\n` is a new line, and what else they stand before is meant as it is."""
    value = re.sub(r"\\([\s\S])", lambda found: "\n" if found[1] in "nN" else found[1], value)
    return value.replace(_BACKSLASH, "\\").replace("\r\n", "\n")


def day_of(value: str) -> str:
    """A date as ISO where it is complete, `--MM-DD` where it has no year, else as it stands."""
    value = value.strip()
    if found := re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)([T ].*)?", value):
        return f"{found[1]}-{found[2]}-{found[3]}"
    if found := re.fullmatch(r"--(\d\d)-?(\d\d)", value):
        return f"--{found[1]}-{found[2]}"
    return value


def _phone(value: str) -> str:
    if not value.lower().startswith("tel:"):
        return value
    number, *extras = value[4:].split(";")
    extension = next((extra[4:] for extra in extras if extra.lower().startswith("ext=")), "")
    return f"{number} ext. {extension}" if extension else number


def _label(item: Property) -> str:
    """What kind of address or number it is, in a few words: `work`, `home fax`, `mobile`."""
    types = set(item.types)
    where = "work" if "work" in types else "home" if "home" in types else ""
    what = next((word for word in ("fax", "pager", "assistant", "car", "isdn") if word in types), "")
    if types & {"cell", "mobile", "iphone"}:
        what = "mobile"
    return " ".join(filter(None, (where, what))) or ("other" if "other" in types else "")


def _place(column: str) -> tuple[int, int, int, str]:
    if column in _FIRST:
        return 0, _FIRST.index(column), 0, ""
    if (found := re.fullmatch(r"(.+) (\d+) - (.+)", column)) and found[1] in _GROUPS:
        parts = ("Label", "Value", *_PARTS)
        return 1, _GROUPS.index(found[1]) * 100 + int(found[2]), parts.index(found[3]), ""
    return 2, column == "Notes", 0, column


# --- lines to properties ----------------------------------------------------------------------------


def _unfolded(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Whole property lines with the number each begins on; pictures come without their content."""
    waiting, begin, size = list[str](), 0, 0
    is_soft = is_binary = is_21 = False
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if waiting and is_soft:
            is_continued, text = True, text.removeprefix(" ") if text.startswith(" =") else text
        elif waiting and is_binary:
            is_continued = text[:1] in (" ", "\t") or (":" not in text and bool(text.strip()))
        else:
            is_continued = bool(waiting) and text[:1] in (" ", "\t")
            text = text if is_21 and is_continued else text[1:] if is_continued else text
        if is_continued:
            size += len(text)
            if not is_binary and size <= MOST_CARD:
                waiting.append(text)
        else:
            if waiting:
                yield begin, "".join(waiting)
            waiting, begin, size = [text], number, len(text)
            head = text.partition(":")[0].upper()
            is_binary = _is_binary(text)
            if head == "BEGIN":
                is_21 = False
            elif head == "VERSION":
                is_21 = text.partition(":")[2].strip() == "2.1"
        is_quoted = not is_binary and "QUOTED-PRINTABLE" in waiting[0].partition(":")[0].upper()
        is_soft = is_quoted and text.endswith("=")
        if is_soft and waiting:
            waiting[-1] = waiting[-1].removesuffix("=")
    if waiting:
        yield begin, "".join(waiting)


def _is_binary(line: str) -> bool:
    head = re.split("[;:]", line, maxsplit=1)[0].rpartition(".")[2].strip().upper()
    return head in _BINARY


def _properties(lines: Iterable[str], charset: str) -> Iterator[Property]:
    for line in lines:
        if line.strip() and (found := _property(line, charset)):
            yield found


def _property(line: str, charset: str) -> Property | None:
    head, value = _cut(line, ":")
    if value is None:
        return None
    first, *told = _pieces(head, ";")
    group, _dot, name = first.rpartition(".")
    types: list[str] = []
    params: dict[str, str] = {}
    for text in told:
        key, equals, content = text.partition("=")
        key = key.strip().upper()
        if not equals:
            key, content = ("ENCODING", key) if key in _ENCODINGS else ("TYPE", key)
        content = content.strip().strip('"')
        if key == "TYPE":
            types += [word.strip().strip('"').lower() for word in content.split(",")]
        else:
            params[key] = content
    encoding = params.get("ENCODING", "").upper()
    value, is_damaged = _decoded(value, encoding, params.get("CHARSET", ""), charset)
    return Property(name.strip().upper(), value, group.lower(), tuple(types), params, is_damaged)


def _decoded(value: str, encoding: str, told: str, charset: str) -> tuple[str, bool]:
    if not charset and encoding != "QUOTED-PRINTABLE":
        return value, False
    data = value.encode("latin-1" if charset else "utf-8", "replace")
    if encoding == "QUOTED-PRINTABLE":
        try:
            data = quopri.decodestring(data)
        except (binascii.Error, ValueError):
            return value, True
    for name in (told, charset or "utf-8", "cp1252" if encoding and not told else ""):
        try:
            if name:
                return data.decode(name), False
        except (LookupError, UnicodeError):
            continue
    return data.decode(charset or "utf-8", "replace"), True


def _cut(line: str, sign: str) -> tuple[str, str | None]:
    """What stands before and after the first `sign` outside of quotation marks."""
    is_quoted = False
    for place, character in enumerate(line[:10_000]):
        if character == '"':
            is_quoted = not is_quoted
        elif character == sign and not is_quoted:
            return line[:place], line[place + 1 :]
    head, found, rest = line.partition(sign)
    return (head, rest) if found else (line, None)


def _pieces(head: str, sign: str) -> list[str]:
    """`head` cut at every `sign` outside of quotation marks; parameters beyond 10,000 characters are nobody's."""
    is_quoted, pieces = False, [""]
    for part in re.split(f'(["{sign}])', head[:10_000]):
        if part == sign and not is_quoted:
            pieces.append("")
            continue
        if part == '"':
            is_quoted = not is_quoted
        pieces[-1] += part
    return pieces


def _shown(lines: Iterable[str], charset: str) -> str:
    text = "\n".join(itertools.islice(lines, 30))[:2_000]
    return text.encode("latin-1", "replace").decode(charset, "replace") if charset else text
