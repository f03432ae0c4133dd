"""Collect every sentence of the sources for the translators: `make messages`.

`crm.pot` lists what is to be translated; each language's `crm.po` is brought up to date with it. What is new in a
`.po` stands there empty: a guess from a similar sentence is worse than an English one. Nothing in the files changes
when no sentence has.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from crmlib.i18n.messages import DOMAIN, LOCALE_FOLDER

CHECKOUT = Path(__file__).resolve().parents[2]
TEMPLATE = LOCALE_FOLDER / f"{DOMAIN}.pot"

_FOLDERS = ("crmlib", "widgets", "reports")
_METHODS = [
    ("**.py", "crmlib.i18n.extractors:python"),
    ("**.vue", "crmlib.i18n.vue:extract"),
    ("**.html", "jinja2.ext:babel_extract"),
    ("**.ipynb", "crmlib.i18n.extractors:report"),
]
_KEYWORDS = {"_": None, "gettext": None, "lazy": None, "t": None, "ngettext": (1, 2)}
_HEADER = "# CRM Workbench in {language}: sentences of the sources, collected by `make messages`.\n#"
# Dates and versions of tools change with every run, and say nothing to a translator.
_CHURN = (b'"POT-', b'"PO-', b'"Generated-By:', b'"Last-Translator:', b'"Language-Team:', b'"Report-Msgid-')


def collected(checkout: Path = CHECKOUT) -> Catalog:
    """Every sentence marked with `_`, `gettext`, `ngettext`, `lazy` or, in a template, `t`; and what reports say of
    themselves.
    """
    found = Catalog(
        domain=DOMAIN,
        project="CRM Workbench",
        version="1",
        header_comment=_HEADER.format(language="every language"),
        fuzzy=False,
    )
    for folder in _FOLDERS:
        read = extract_from_dir(checkout / folder, _METHODS, keywords=_KEYWORDS)
        for name, _line, message, _comments, _context in read:
            # Files without lines: a line moves with every edit above it.
            found.add(message, None, [(f"{folder}/{name}", 1)])
    return found


def written(catalogue: Catalog) -> bytes:
    """A catalogue as its file holds it: sorted, without dates."""
    out = BytesIO()
    write_po(out, catalogue, width=110, sort_output=True, ignore_obsolete=True, include_lineno=False)
    lines = out.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_CHURN))


def read_catalogue(path: Path, language: str) -> Catalog:
    """The catalogue in a `.po` file; an empty one where there is none yet."""
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN, project="CRM Workbench", version="1", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def main() -> None:
    """Write `crm.pot`, bring every language up to date with it, and say what is left to translate."""
    template = collected()
    TEMPLATE.parent.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(written(template))
    for path in sorted(LOCALE_FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        language = path.parts[-3]
        known = read_catalogue(path, language)
        known.update(template, no_fuzzy_matching=True)
        known.header_comment = _HEADER.format(language=known.locale.english_name if known.locale else language)
        path.write_bytes(written(known))
        missing = len(untranslated(known))
        print(f"{language}: {len(known)} sentences, {missing} to translate")  # noqa: T201


def untranslated(catalogue: Catalog) -> list[str]:
    """The sentences that a language does not have yet, or of which it lacks a plural form."""
    left = []
    for message in catalogue:
        forms = [message.string] if isinstance(message.string, str) else list(message.string or [])
        if message.id and not (forms and all(forms)):
            left.append(message.id if isinstance(message.id, str) else message.id[0])
    return left


if __name__ == "__main__":
    main()
