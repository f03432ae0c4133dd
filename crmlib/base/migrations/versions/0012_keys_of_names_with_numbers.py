"""keys of names that read the newest of their bearers first, postal codes, and keys for whoever came without"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None

_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"})
_NO_NAMES = frozenset(
    [
        "ab",
        "ag",
        "aps",
        "as",
        "asa",
        "bhd",
        "bv",
        "bvba",
        "co",
        "company",
        "corp",
        "corporation",
        "cv",
        "doo",
        "eg",
        "eirl",
        "eood",
        "gbr",
        "gmbh",
        "group",
        "holding",
        "holdings",
        "inc",
        "incorporated",
        "kft",
        "kg",
        "kgaa",
        "kk",
        "llc",
        "llp",
        "lp",
        "limited",
        "ltd",
        "ltda",
        "mbh",
        "nv",
        "ohg",
        "ood",
        "oy",
        "oyj",
        "pfa",
        "plc",
        "pt",
        "pte",
        "pty",
        "pvt",
        "sa",
        "sae",
        "saic",
        "sarl",
        "sas",
        "sasu",
        "sc",
        "sca",
        "scs",
        "sdn",
        "se",
        "sl",
        "slu",
        "snc",
        "spa",
        "spzoo",
        "spol",
        "sprl",
        "srl",
        "sro",
        "tbk",
        "ud",
        "ug",
        "uab",
        "zoo",
        "zrt",
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "ir",
        "drs",
        "hj",
        "h",
        "ing",
        "dipl",
        "bapak",
        "ibu",
        "pak",
        "bu",
        "dl",
        "dna",
        "herr",
        "frau",
        "jr",
        "sr",
        "phd",
        "the",
        "and",
        "und",
        "et",
        "si",
        "dan",
        "of",
        "de",
        "da",
        "di",
        "la",
        "le",
        "el",
        "van",
        "von",
        "der",
        "den",
    ]
)
_MARKS = "".join(chr(code) for code in range(0x0300, 0x1D00) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_WORD = re.compile(rf"[\w{_MARKS}]+")


def upgrade() -> None:
    for column in ("name_key", "back_key"):
        op.drop_index(op.f(f"ix_party_{column}"), table_name="party")
        op.create_index(op.f(f"ix_party_{column}"), "party", [column, "id"], unique=False)
    op.create_index(op.f("ix_address_postal_code"), "address", ["postal_code", "id"], unique=False)
    _fill_keys()


def _fill_keys() -> None:
    """Keys for whoever was inserted past the records, and for names whose vowel signs used to part their words."""
    connection = op.get_bind()
    party = sa.table("party", sa.column("id"), sa.column("folded"), sa.column("name_key"), sa.column("back_key"))
    fill = (
        party.update()
        .where(party.c.id == sa.bindparam("number"))
        .values(name_key=sa.bindparam("front"), back_key=sa.bindparam("back"))
    )
    last = 0
    while True:
        page = sa.select(party.c.id, party.c.folded, party.c.name_key, party.c.back_key).where(party.c.id > last)
        rows = connection.execute(page.order_by(party.c.id).limit(5_000)).all()
        if not rows:
            return
        last = rows[-1].id
        wrong = []
        for number, folded, front, back in rows:
            if front is None or back is None or not folded.isascii():
                keys = _keys(folded)
                if keys != (front, back):
                    wrong.append({"number": number, "front": keys[0], "back": keys[1]})
        if wrong:
            connection.execute(fill, wrong)


def _keys(folded: str) -> tuple[str, str]:
    plain = re.sub(r"\b(\w)\.(?=\w\b)", r"\1", folded.translate(_PLAIN)).replace("'", "").replace("\u2019", "")
    found = _WORD.findall(plain)
    first, *between = sorted([word for word in found if word not in _NO_NAMES] or found) or [""]
    if not between:
        return first, first
    last, *others = between[-1], *between[:-1]
    return " ".join([first, last, *others]), " ".join([last, first, *others])


def downgrade() -> None:
    op.drop_index(op.f("ix_address_postal_code"), table_name="address")
    for column in ("back_key", "name_key"):
        op.drop_index(op.f(f"ix_party_{column}"), table_name="party")
        op.create_index(op.f(f"ix_party_{column}"), "party", [column], unique=False)
