"""Messages and their translations, by gettext catalogues in `crmlib/i18n/locale`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE_FOLDER = Path(__file__).parent / "locale"
DOMAIN = "crm"

_locale: ContextVar[str] = ContextVar("crm_locale", default="en")


def available_locales() -> list[str]:
    """Codes of the languages the workbench speaks, English (its source language) first."""
    return ["en", *sorted(path.parts[-3] for path in LOCALE_FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))]


def current_locale() -> Locale:
    """The locale of the reader this call is for."""
    return _parsed(_locale.get())


def set_locale(code: str) -> None:
    """Speak `code` (such as "en", "id" or "ro_RO") from here on in this context.

    A locale that Babel does not know raises ValueError; one without a catalogue of ours keeps its own numbers
    and days, and English words.
    """
    _parsed(code)
    _locale.set(code)


@contextmanager
def use_locale(code: str) -> Iterator[None]:
    """Speak `code` inside the `with` block, then what was spoken before."""
    _parsed(code)
    token = _locale.set(code)
    try:
        yield
    finally:
        _locale.reset(token)


def gettext(message: str) -> str:
    """`message` in the reader's language, or as it stands where no translation exists."""
    # To gettext the empty message is the catalogue's header.
    return "" if not message else _translations(_locale.get()).gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form of the message that fits `n` in the reader's language (Romanian has three)."""
    return _translations(_locale.get()).ngettext(singular, plural, n)


def lazy(message: str) -> str:
    """Mark `message` for extraction and leave it as it stands; `gettext` it when it is shown.

    For labels that are written once at import, before anyone knows who will read them.
    """
    return message


@cache
def _parsed(code: str) -> Locale:
    return Locale.parse(code.replace("-", "_"))


@cache
def _translations(code: str) -> NullTranslations:
    # Compiled here from the .po, so that a checkout never runs with a stale .mo and no build step is needed.
    for name in (str(_parsed(code)), _parsed(code).language):
        path = LOCALE_FOLDER / name / "LC_MESSAGES" / f"{DOMAIN}.po"
        if path.exists():
            compiled = BytesIO()
            with path.open("rb") as source:
                write_mo(compiled, read_po(source, locale=name))
            compiled.seek(0)
            return GNUTranslations(compiled)
    return NullTranslations()
