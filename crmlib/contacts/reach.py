"""E-mail addresses and phone numbers: what was typed is kept, what machines compare is derived from it."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from crmlib.base import InvalidInput
from crmlib.contacts.records import ContactKind
from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext

# Numbers that ring with somebody: two of these kinds that are equal are one number.
PHONE_KINDS = frozenset(
    {ContactKind.PHONE, ContactKind.MOBILE, ContactKind.WHATSAPP, ContactKind.SIGNAL, ContactKind.VIBER}
)
# Dialled like them, and shared by a whole office.
_DIALLED = PHONE_KINDS | {ContactKind.FAX, ContactKind.PAGER}
# A number or a name of one's own.
_EITHER = frozenset({ContactKind.SIGNAL, ContactKind.VIBER, ContactKind.TELEGRAM})
# Whose pages are addresses such as linkedin.com/in/ana: the hosts, and what may be left of the path.
_PAGES = {
    ContactKind.LINKEDIN: ("linkedin.com",),
    ContactKind.XING: ("xing.com",),
    ContactKind.FACEBOOK: ("facebook.com", "fb.com"),
    ContactKind.MESSENGER: ("m.me", "messenger.com", "facebook.com"),
    ContactKind.INSTAGRAM: ("instagram.com",),
    ContactKind.X: ("x.com", "twitter.com"),
    ContactKind.TIKTOK: ("tiktok.com",),
    ContactKind.YOUTUBE: ("youtube.com",),
    ContactKind.TELEGRAM: ("t.me", "telegram.me"),
    ContactKind.SIGNAL: ("signal.me",),
    ContactKind.VIBER: ("viber.com",),
    ContactKind.WECHAT: ("weixin.qq.com",),
    ContactKind.LINE: ("line.me",),
    ContactKind.TEAMS: ("teams.microsoft.com",),
}


def normalise(kind: ContactKind, value: str, *, country: str | None = None) -> str:
    """The form in which two spellings of one contact are equal: E.164 for phones, lower case for e-mail.

    `country` (ISO 3166) is where a phone number without a country code is meant to be. Raises InvalidInput.
    """
    if kind is ContactKind.EMAIL:
        return normalise_email(value)
    if kind in _DIALLED and not (kind in _EITHER and not _like_a_number(value)):
        return normalise_phone(value, country=country, label=_(kind.label))
    if kind is ContactKind.TELEGRAM and _like_a_number(value):
        return normalise_phone(value, country=country, label=_(kind.label))
    if kind is ContactKind.SKYPE or kind in _PAGES:
        return normalise_handle(kind, value)
    return value.strip().casefold().removeprefix("https://").removeprefix("http://").rstrip("/")


def normalise_handle(kind: ContactKind, value: str) -> str:
    """A name in a messenger or a network, from the name itself or the address of its page: `@Ana` is `ana`.

    LinkedIn keeps what kind of page it is: `in/ana-pop`, `company/acme`. Raises InvalidInput where no name is in it.
    """
    text = value.strip()
    if kind is ContactKind.SKYPE:
        # skype:live:ana?chat is how a link is written.
        text = text.removeprefix("skype:").partition("?")[0]
    else:
        path = re.sub(r"^[a-z]+://", "", text, flags=re.IGNORECASE)
        host, _slash, rest = path.partition("/")
        hosts = _PAGES.get(kind, ())
        # A country's own front door (id.linkedin.com) opens the same house.
        if any(host.casefold() == one or host.casefold().endswith("." + one) for one in hosts):
            profile = (
                re.search(r"(?:^|[?&])id=(\d+)", rest.partition("?")[2]) if rest.startswith("profile.php") else None
            )
            text = profile[1] if profile else rest.partition("?")[0].partition("#")[0]
    name = text.strip("/ ").removeprefix("@").casefold()
    if kind is ContactKind.LINKEDIN and name and "/" not in name:
        name = f"in/{name}"
    if not re.fullmatch(r"[^\s@<>\"']+(@[^\s@<>\"']+)?", name):
        raise InvalidInput(_(kind.label), value.strip(), _("write the name there, such as ana.pop, or its address"))
    return name


def _like_a_number(value: str) -> bool:
    return re.fullmatch(r"[+(]?[\d\s().\-/]{5,}", value.strip()) is not None


def normalise_email(value: str) -> str:
    """A mail address in lower case, its domain in ASCII; InvalidInput says which part is wrong."""
    text = value.strip()
    label = _(ContactKind.EMAIL.label)
    if text.count("@") == 0:
        raise InvalidInput(label, text, _("an address has one @, such as ana@example.com"))
    local, _at, domain = text.rpartition("@")
    if local and domain and "." not in domain:
        raise InvalidInput(label, text, _("the part after @ has no ending, such as .com"))
    try:
        # Whether the domain exists is not asked: the machine may be offline, and an old address is still a fact.
        # Names kept for examples and tests (RFC 2606) are as good as any here.
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        if " " in text:
            expected = _("an address has no blank in it")
        elif not local:
            expected = _("the part before @ is missing")
        elif not domain:
            expected = _("the part after @ is missing")
        else:
            expected = _("this cannot be an address; write it like ana@example.com")
        raise InvalidInput(label, text, expected) from None
    # Mailboxes that differ only by case belong to one person everywhere that matters, whatever RFC 5321 allows.
    return f"{found.local_part.casefold()}@{(found.ascii_domain or found.domain).casefold()}"


def normalise_phone(value: str, *, country: str | None = None, label: str = "") -> str:
    """A phone number as +4072…; InvalidInput says how long it should be."""
    label = label or _(ContactKind.PHONE.label)
    text = value.strip()
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not text.startswith("+"):
            raise InvalidInput(label, text, _("begin with + and the country code, such as +40 721 234 567")) from None
        raise InvalidInput(label, text, _("is not a phone number; write it like +40 721 234 567")) from None
    possible = phonenumbers.is_possible_number_with_reason(number)
    digits = len(phonenumbers.national_significant_number(number))
    lengths = _lengths(number)
    if possible == phonenumbers.ValidationResult.TOO_SHORT or (lengths and digits < lengths[0]):
        raise InvalidInput(label, text, _length_hint(_("Too short"), number, digits, lengths))
    if possible == phonenumbers.ValidationResult.TOO_LONG or (lengths and digits > lengths[1]):
        raise InvalidInput(label, text, _length_hint(_("Too long"), number, digits, lengths))
    if possible == phonenumbers.ValidationResult.INVALID_COUNTRY_CODE:
        raise InvalidInput(label, text, _("no country has the code +{code}").format(code=number.country_code))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def shown_phone(normalised: str) -> str:
    """An E.164 number with the blanks its country sets; other text as it stands."""
    try:
        number = phonenumbers.parse(normalised, None)
    except phonenumbers.NumberParseException:
        return normalised
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _lengths(number: phonenumbers.PhoneNumber) -> tuple[int, int] | None:
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    about = phonenumbers.PhoneMetadata.metadata_for_region(region) if region else None
    general = about.general_desc if about else None
    possible = [n for n in (general.possible_length if general else ()) if n > 0]
    return (min(possible), max(possible)) if possible else None


def _length_hint(what: str, number: phonenumbers.PhoneNumber, digits: int, lengths: tuple[int, int] | None) -> str:
    counted = ngettext("{n} digit after +{code}", "{n} digits after +{code}", digits).format(
        n=digits, code=number.country_code
    )
    if not lengths:
        return f"{what}: {counted}"
    low, high = lengths
    needed = str(low) if low == high else _("{low} to {high}").format(low=low, high=high)
    return _("{what}: {counted}, needs {needed}").format(what=what, counted=counted, needed=needed)
