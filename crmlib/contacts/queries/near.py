"""Looks like one we have: parties that a new one may be, found by keys and ranked by likeness.

Nothing here scans: an e-mail or a phone is looked up by what it normalises to, a name by ranges of `Party.name_key`
and `Party.back_key` (see `likeness`). Only what these find is compared letter by letter.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from crmlib.base import InvalidInput
from crmlib.contacts.likeness import back_key, name_key, name_likeness, tokens, words
from crmlib.contacts.reach import PHONE_KINDS, normalise_email, normalise_phone
from crmlib.contacts.records import Address, Affiliation, ContactKind, ContactPoint, Party, Person, folded
from crmlib.i18n import gettext as _

__all__ = ["near_parties"]

# From 0 to 100. In the same place a name may differ by a letter or a word; elsewhere it must be the same one.
_NEAR, _VERY_NEAR, _SAME = 86.0, 93.0, 99.5
# No key is so common that what it finds would take long to compare; rarer keys are asked first.
_MOST_CANDIDATES = 400
_LAST = "\U0010ffff"
# A domain that anyone may have says nothing of where somebody works.
_OPEN_DOMAINS = words(
    "gmail.com googlemail.com yahoo.com hotmail.com outlook.com live.com msn.com icloud.com me.com aol.com gmx.de "
    "gmx.net web.de mail.ru yandex.ru proton.me protonmail.com qq.com 163.com yahoo.co.id yahoo.ro ymail.com"
)


def near_parties(
    session: Session,
    *,
    name: str = "",
    email: str = "",
    phone: str = "",
    city: str | None = None,
    postal_code: str | None = None,
    country: str | None = None,
    organization: str = "",
    birthday_on: date | None = None,
    leave_out: Iterable[int] = (),
    limit: int = 3,
) -> list[dict[str, Any]]:
    """Parties that look like one about to be added, the likeliest first. Saving is never prevented by them.

    One dict per party: party_id, party, kind, organization, why (in words), score (0 to 100). A score of 90 and more
    says *very likely the same*: the same e-mail or phone, of whatever kind of number, or a near-equal name in the same
    place, at the same organization or domain, or born on the same day. An equal name without any of these scores 70,
    and 50 where the places are known and differ. Typed e-mails and phones are normalised here.
    """
    left_out = set(leave_out)
    mail, number = _mail(email), _number(session, phone, country)
    found: dict[int, tuple[float, list[str]]] = {}

    def note(party_id: int, score: float, why: str) -> None:
        best, reasons = found.get(party_id, (0.0, []))
        # Two reasons are better than one, and nothing is certain.
        joint = max(best, score) + (min(best, score) * 0.03 if reasons else 0)
        found[party_id] = (min(joint, 100.0), [*reasons, why])

    for party_id in _reached(session, mail, [ContactKind.EMAIL]):
        note(party_id, 97, _("same e-mail"))
    for party_id in _reached(session, number, [*PHONE_KINDS, ContactKind.TELEGRAM]):
        note(party_id, 95, _("same phone"))
    if tokens(name):
        here = _Place(city, postal_code, country, organization, mail, birthday_on)
        for party_id, score, why in _named(session, name, here, frozenset(found)):
            note(party_id, score, why)
    ranked = sorted((one for one in found if one not in left_out), key=lambda one: (-found[one][0], one))
    return _told(session, {one: found[one] for one in ranked[: max(limit, 0)]})


class _Place:
    """What is known of where somebody is, in the form in which it is compared."""

    def __init__(
        self,
        city: str | None,
        postal_code: str | None,
        country: str | None,
        organization: str | None,
        mail: str,
        birthday_on: date | None,
    ) -> None:
        self.cities = {folded(city)} if city and folded(city) else set[str]()
        self.codes = {postal_code.replace(" ", "").casefold()} if postal_code and postal_code.strip() else set[str]()
        self.countries = {country.upper()} if country else set[str]()
        self.employers = {name_key(organization)} if organization and tokens(organization) else set[str]()
        self.domains = _domains([mail])
        self.birthday_on = birthday_on


def _named(session: Session, name: str, here: _Place, reached: frozenset[int]) -> Iterable[tuple[int, float, str]]:
    candidates = _candidates(session, name)
    alike = {number: score for number, other in candidates.items() if (score := name_likeness(name, other)) >= _NEAR}
    if not alike:
        return
    there = _places(session, list(alike))
    for number, score in alike.items():
        place = there[number]
        if number in reached:
            # The same address has the same domain, which says nothing more.
            place.domains.clear()
        why = _("same name") if score >= _SAME else _("nearly the same name")
        if shared := _shared(here, place):
            yield number, 90 + 9 * (score - _NEAR) / (100 - _NEAR), _("{why}, {place}").format(why=why, place=shared)
        elif _differ(here, place):
            if score >= _SAME:
                yield number, 50, why
        elif score >= _VERY_NEAR:
            yield number, 70 if score >= _SAME else 60, why


def _candidates(session: Session, name: str) -> dict[int, str]:
    """Numbers and names of those whose keys lie near, at most `_MOST_CANDIDATES` for each key."""
    front, back = name_key(name), back_key(name)
    first, *others = front.split(" ")
    asked: list[ColumnElement[bool]] = [Party.name_key == front]
    for column, key in ((Party.name_key, front), (Party.back_key, back)):
        words = key.split(" ")
        if len(words) > 1:
            # All of one word, and the other's first letter: a slip of the pen is seldom in both.
            asked.append(_begins(column, f"{words[0]} {words[1][0]}"))
    # Three letters of either word, where the other is the same: Jon for John, Smyth for Smith, and both.
    if others:
        asked.append(_begins(Party.name_key, first[:3]) & _begins(Party.back_key, others[0][:3]))
    elif len(first) >= 4:
        asked.append(_begins(Party.name_key, first[: max(4, len(first) - 2)]))
    found: dict[int, str] = {}
    for condition in asked:
        rows = select(Party.id, Party.name).where(condition).limit(_MOST_CANDIDATES)
        found |= dict(session.execute(rows).all())
    return found


def _begins(column: Any, prefix: str) -> ColumnElement[bool]:
    between: ColumnElement[bool] = (column >= prefix) & (column < prefix + _LAST)
    return between


def _places(session: Session, numbers: list[int]) -> dict[int, _Place]:
    found = {number: _Place(None, None, None, None, "", None) for number in numbers}
    homes = select(Address.party_id, Address.city, Address.postal_code, Address.country)
    for number, city, code, country in session.execute(homes.where(Address.party_id.in_(numbers))):
        _add(found[number], city, code, country)
    employer = aliased(Party)
    works = (
        select(Affiliation.person_id, employer.name, Address.city, Address.postal_code, Address.country)
        .join(employer, employer.id == Affiliation.organization_id)
        .outerjoin(Address, Address.party_id == employer.id)
        .where(Affiliation.person_id.in_(numbers))
    )
    for number, organization, city, code, country in session.execute(works):
        found[number].employers.add(name_key(organization))
        _add(found[number], city, code, country)
    mails = select(ContactPoint.party_id, ContactPoint.normalised).where(
        ContactPoint.party_id.in_(numbers), ContactPoint.kind == ContactKind.EMAIL
    )
    for number, mail in session.execute(mails):
        found[number].domains |= _domains([mail])
    born = select(Person.id, Person.birthday_on).where(Person.id.in_(numbers))
    for number, day in session.execute(born):
        found[number].birthday_on = day
    return found


def _add(place: _Place, city: str | None, code: str | None, country: str | None) -> None:
    more = _Place(city, code, country, None, "", None)
    place.cities |= more.cities
    place.codes |= more.codes
    place.countries |= more.countries


def _shared(here: _Place, there: _Place) -> str:
    """What the two have in common, in words; nothing where they have nothing."""
    if here.birthday_on is not None and here.birthday_on == there.birthday_on:
        return _("same birthday")
    if here.employers & there.employers:
        return _("same organization")
    if here.domains & there.domains:
        return _("same e-mail domain")
    # Cluj in two countries are two places; where a country is not known it is no obstacle.
    if here.countries and there.countries and not here.countries & there.countries:
        return ""
    if here.cities & there.cities:
        return _("same city")
    if here.codes & there.codes:
        return _("same postal code")
    if here.countries & there.countries and not (here.cities and there.cities):
        return _("same country")
    return ""


def _differ(here: _Place, there: _Place) -> bool:
    pairs = ((here.countries, there.countries), (here.cities, there.cities), (here.employers, there.employers))
    return any(mine and theirs and not mine & theirs for mine, theirs in pairs)


def _domains(mails: Iterable[str]) -> set[str]:
    found = {mail.rpartition("@")[2] for mail in mails if "@" in mail}
    return found - _OPEN_DOMAINS


def _reached(session: Session, normalised: str, kinds: list[ContactKind]) -> list[int]:
    if not normalised:
        return []
    rows = select(ContactPoint.party_id).where(ContactPoint.normalised == normalised, ContactPoint.kind.in_(kinds))
    return list(dict.fromkeys(session.scalars(rows.order_by(ContactPoint.party_id).limit(_MOST_CANDIDATES))))


def _mail(typed: str) -> str:
    try:
        return normalise_email(typed) if typed and typed.strip() else ""
    except InvalidInput:
        return typed.strip().casefold()


def _number(session: Session, typed: str, country: str | None) -> str:
    if not typed or not typed.strip():
        return ""
    home = session.info.get("country")
    for region in dict.fromkeys((country, home)):
        try:
            return normalise_phone(typed, country=region)
        except InvalidInput:
            continue
    return typed.strip().casefold()


def _told(session: Session, ranked: dict[int, tuple[float, list[str]]]) -> list[dict[str, Any]]:
    employer = aliased(Party)
    works = (
        select(Affiliation.organization_id)
        .where(Affiliation.person_id == Party.id, Affiliation.to_on.is_(None))
        .order_by(Affiliation.is_primary.desc(), Affiliation.id.desc())
        .limit(1)
        .correlate(Party)
        .scalar_subquery()
    )
    rows = (
        select(Party.id, Party.name, Party.kind, employer.name.label("organization"))
        .outerjoin(employer, employer.id == works)
        .where(Party.id.in_(ranked))
    )
    shown = {row.id: row for row in session.execute(rows)}
    return [
        {
            "party_id": number,
            "party": shown[number].name,
            "kind": shown[number].kind,
            "organization": shown[number].organization,
            "why": ", ".join(dict.fromkeys(reasons)),
            "score": round(score),
        }
        for number, (score, reasons) in ranked.items()
        if number in shown
    ]
