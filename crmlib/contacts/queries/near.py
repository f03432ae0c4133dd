"""Looks like one we have: parties that a new one may be, found by keys and ranked by likeness.

Nothing here scans, whatever the size of the workbench. An e-mail or a phone is looked up by what it normalises to.
A name takes two steps: first *which names that somebody bears are like it*, stepping through the indexes of
`Party.name_key` and `Party.back_key` from one name to the next different one (twenty thousand who are called John Smith
are one step); then *who bears them*, in the same place first, else the newest. Beside these, whoever was born on the
same day, lives in the same postal code or works in the same organization is compared, however the name was spelt. Each
step has a limit and an order, so that the same question has the same answer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Select, TextClause, bindparam, exists, or_, select, text, union_all
from sqlalchemy.orm import Session, aliased

from crmlib.base import InvalidInput, folded_sql
from crmlib.contacts.likeness import name_key, name_likeness, spellings, swapped, tokens, words
from crmlib.contacts.reach import PHONE_KINDS, normalise_email, normalise_phone
from crmlib.contacts.records import Address, Affiliation, ContactKind, ContactPoint, Party, Person, folded
from crmlib.i18n import gettext as _

__all__ = ["near_parties"]

# From 0 to 100: how alike names must be. The more two have in common beside them, the less alike they need to be;
# where nothing is known it must be the same name.
_SAME, _VERY_NEAR, _NEAR = 99.5, 93.0, 86.0
_NEAR_IN_TWO, _BORN_TOGETHER, _BORN_TOGETHER_HERE = 80.0, 75.0, 45.0
# How many different names are looked at on each side of the one asked for, under each of its words.
_NEIGHBOURS = 80
# Of the names that are alike, so many are asked for their bearers; each has so many, the newest first.
_NAMES, _BEARERS = 6, 12
# Among so many bearers of the name itself, and of each name like it, one in the same place is looked for.
_SOUGHT, _SOUGHT_NEAR = 400, 60
# So many who share a birthday, a postal code, an organization are compared; the newest, where there are more.
_SHARING = 150
# Of the same address or number, and of those alike, no more are looked at.
_MOST_CANDIDATES = 60
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
    name, email, phone, organization = (_clean(one) or "" for one in (name, email, phone, organization))
    city, postal_code, country = _clean(city), _clean(postal_code), _clean(country)
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


def _clean(typed: str | None) -> str | None:
    """What was typed without what no database takes: a zero byte, half a character."""
    return typed and typed.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


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
        # As they may stand in the database, which keeps them as they were typed.
        self.typed_codes = {code for one in (postal_code or "",) for code in (one.strip(), *self.codes) if code}
        self.countries = {country.upper()} if country else set[str]()
        self.employers = {name_key(organization)} if organization and tokens(organization) else set[str]()
        self.domains = _domains([mail])
        self.birthday_on = birthday_on


def _named(session: Session, name: str, here: _Place, reached: frozenset[int]) -> Iterable[tuple[int, float, str]]:
    alike = _alike(session, name, here)
    there = _places(session, list(alike))
    for number, score in alike.items():
        place = there[number]
        if number in reached:
            # The same address has the same domain, which says nothing more.
            place.domains.clear()
        shared = _shared(here, place)
        born = _born(here, place)
        why = _("same name") if score >= _SAME else _("nearly the same name") if score >= _NEAR else _("similar name")
        if born == "apart":
            # Father and son, or two of one name: worth a look where they also share the place.
            if shared and score >= _SAME:
                yield number, 50, _("{why}, {place}").format(why=why, place=shared[0])
        elif shared and score >= _enough(born, shared):
            yield number, _sure(score, born, shared), _("{why}, {place}").format(why=why, place=shared[0])
        elif _differ(here, place):
            if score >= _SAME:
                yield number, 50, why
        elif score >= _VERY_NEAR:
            yield number, 70 if score >= _SAME else 60, why


def _enough(born: str, shared: list[str]) -> float:
    """How alike names must be, given what else is the same."""
    if born == "same":
        return _BORN_TOGETHER if len(shared) == 1 else _BORN_TOGETHER_HERE
    return _NEAR if len(shared) == 1 and born != "nearly" else _NEAR_IN_TWO


def _sure(score: float, born: str, shared: list[str]) -> float:
    """From 90 to 99 for a near name where one thing is shared; more things weigh as a nearer name would."""
    nearer = score + (100 - score) * 0.25 * (len(shared) - 1 + (born == "same"))
    return 90 + 9 * max(nearer - _NEAR_IN_TWO, 0) / (100 - _NEAR_IN_TWO)


def _alike(session: Session, name: str, here: _Place) -> dict[int, float]:
    """Numbers of those whose name may be like this one, and how much; the likeliest, if there are very many."""
    found = _sharing(session, here)
    found |= _bearers(session, _keys_alike(session, name), here)
    least = _BORN_TOGETHER_HERE if here.birthday_on else _NEAR_IN_TWO if here.cities or here.codes else _NEAR
    scored = {number: score for number, other in found.items() if (score := _likeness(name, other)) >= least}
    first = sorted(scored, key=lambda number: (-scored[number], -number))[:_MOST_CANDIDATES]
    return {number: scored[number] for number in first}


def _likeness(name: str, other: str) -> float:
    from rapidfuzz import fuzz

    # What differs in nearly every letter is told apart faster than word by word.
    mine, theirs = name_key(name), name_key(other)
    return (
        0.0 if fuzz.ratio(mine, theirs) < 40 and fuzz.partial_ratio(mine, theirs) < 60 else name_likeness(name, other)
    )


def _keys_alike(session: Session, name: str) -> list[str]:
    """The keys of names that are like this one, the likeliest first, whoever bears them."""
    from rapidfuzz import fuzz, process

    front = name_key(name)
    others = spellings(name)
    near = _neighbours(session, front)
    # Keys have lost the order of the words, which costs nothing here: whoever bears them is compared once more.
    worth = [key for key, _score, _index in process.extract(front, near, scorer=fuzz.ratio, score_cutoff=60, limit=60)]
    scored = {key: name_likeness(front, key) for key in worth if key != front}
    likely = sorted((key for key in scored if scored[key] >= _NEAR_IN_TWO), key=lambda key: (-scored[key], key))
    return list(dict.fromkeys([front, *_borne(session, others), *likely]))[:_NAMES]


def _borne(session: Session, keys: list[str]) -> list[str]:
    """Those of `keys` that somebody bears."""
    if not keys:
        return []
    wanted = select(Party.__table__.c.name_key).where(Party.__table__.c.name_key.in_(keys)).distinct()
    there = set(session.execute(wanted).scalars())
    return [key for key in keys if key in there]


def _neighbours(session: Session, front: str) -> list[str]:
    """Different keys in use that share a word with this one, those nearest to it by the alphabet.

    Read from the indexes alone: what they tell is who might be asked for. That asking is narrowed to what the actor
    may see, as every other.
    """
    values: dict[str, Any] = {"most": _NEIGHBOURS}
    back = swapped(front)
    first, *others = front.split(" ")
    if others:
        # Where the other word differs in its first letter, this one may have changed places: both indexes are asked.
        ways = [("name_key", front, f"{first} "), ("back_key", back, f"{others[0]} ")]
        ways += [("back_key", front, f"{first} "), ("name_key", back, f"{others[0]} ")]
    else:
        # A word alone: those that go on from it, or part from it at the end.
        ways = [("name_key", front, front[: max(3, len(front) - 2)]), ("back_key", front, f"{front} ")]
    for number, (_column, key, prefix) in enumerate(ways):
        values |= {f"key{number}": key, f"low{number}": prefix, f"high{number}": prefix + _LAST}
    rows = session.execute(_walk(tuple(column for column, _key, _prefix in ways)), values)
    turned = {number for number, (column, _key, _prefix) in enumerate(ways) if column == "back_key"}
    return list(dict.fromkeys(swapped(key) if number in turned else key for number, key in rows))


@lru_cache
def _walk(columns: tuple[str, ...]) -> TextClause:
    steps = ", ".join(_STEPS.format(column=column, n=n) for n, column in enumerate(columns))
    parts = [_PART.format(n=n, way=way) for n in range(len(columns)) for way in _WAYS]
    # Names of columns of ours, put into statements of ours; what somebody typed is bound.
    return text(" ".join(["WITH RECURSIVE", steps, " UNION ALL ".join(parts)]))


# From one key to the next different one, up and down from where the key asked for would stand: one look into the
# index each, however many bear it. Both databases do it alike.
_WAYS = ("up", "down")
_PART = "SELECT {n} AS way, key FROM {way}{n} WHERE key IS NOT NULL"
_STEPS = """
up{n}(key, step) AS (
  SELECT (SELECT {column} FROM party WHERE {column} >= :key{n} AND {column} < :high{n} ORDER BY {column} LIMIT 1), 1
  UNION ALL
  SELECT (SELECT {column} FROM party WHERE {column} > key AND {column} < :high{n} ORDER BY {column} LIMIT 1), step + 1
  FROM up{n} WHERE key IS NOT NULL AND step < :most
), down{n}(key, step) AS (
  SELECT (SELECT {column} FROM party WHERE {column} < :key{n} AND {column} >= :low{n}
          ORDER BY {column} DESC LIMIT 1), 1
  UNION ALL
  SELECT (SELECT {column} FROM party WHERE {column} < key AND {column} >= :low{n}
          ORDER BY {column} DESC LIMIT 1), step + 1
  FROM down{n} WHERE key IS NOT NULL AND step < :most
)
"""


def _bearers(session: Session, keys: list[str], here: _Place) -> dict[int, str]:
    """Numbers and names of those who bear one of these names: those in the same place, and the newest anywhere."""
    if not keys:
        return {}
    newest = session.execute(_NEWEST, _padded(keys)).all()
    found = {number: name for number, name, _key in newest}
    borne = Counter(key for _number, _name, key in newest)
    # Where all who bear a name are here already, nobody is left to be looked for.
    common = [key if borne[key] >= _BEARERS else None for key in keys]
    if (here.cities or here.codes) and any(common):
        places = {"city": next(iter(here.cities), None), "codes": sorted(here.typed_codes) or [""]}
        found |= {number: name for number, name, _key in session.execute(_IN_PLACE, _padded(common) | places)}
    return found


def _padded(keys: Sequence[str | None]) -> dict[str, Any]:
    return {f"key{n}": keys[n] if n < len(keys) else None for n in range(_NAMES)}


def _newest() -> Any:
    party = Party.__table__
    each = [
        select(party.c.id).where(party.c.name_key == bindparam(f"key{n}")).order_by(party.c.id.desc()).limit(_BEARERS)
        for n in range(_NAMES)
    ]
    numbers = union_all(*(select(one.subquery().c.id) for one in each))
    return select(Party.id, Party.name, Party.name_key).where(Party.id.in_(numbers)).order_by(Party.id)


def _in_place() -> Any:
    party, address = Party.__table__, Address.__table__
    each = []
    for n in range(_NAMES):
        bearing = select(party.c.id).where(party.c.name_key == bindparam(f"key{n}")).order_by(party.c.id.desc())
        some = bearing.limit(_SOUGHT_NEAR if n else _SOUGHT).subquery()
        here = or_(
            folded_sql(address.c.city) == bindparam("city"),
            address.c.postal_code.in_(bindparam("codes", expanding=True)),
        )
        lives = exists().where(address.c.party_id == some.c.id, here)
        each.append(select(some.c.id).where(lives).limit(_BEARERS))
    numbers = union_all(*(select(one.subquery().c.id) for one in each))
    return select(Party.id, Party.name, Party.name_key).where(Party.id.in_(numbers)).order_by(Party.id)


_NEWEST, _IN_PLACE = _newest(), _in_place()


def _sharing(session: Session, here: _Place) -> dict[int, str]:
    """Numbers and names of those who have something rare in common, whatever their names are."""
    found: dict[int, str] = {}
    if here.birthday_on is not None:
        days = [here.birthday_on]
        if here.birthday_on.day <= 12:
            # 03/04 is the third of April or the fourth of March.
            days.append(here.birthday_on.replace(month=here.birthday_on.day, day=here.birthday_on.month))
        born = select(Person.__table__.c.id).where(Person.__table__.c.birthday_on.in_(days))
        found |= _told_of(session, born.order_by(Person.__table__.c.id.desc()).limit(_SHARING))
    if here.typed_codes:
        address = Address.__table__
        homes = select(address.c.party_id).where(address.c.postal_code.in_(sorted(here.typed_codes)))
        found |= _told_of(session, homes.order_by(address.c.id.desc()).limit(_SHARING))
    if here.employers:
        party, works = Party.__table__, Affiliation.__table__
        firms = select(party.c.id).where(party.c.name_key.in_(here.employers)).order_by(party.c.id.desc()).limit(5)
        people = select(works.c.person_id).where(works.c.organization_id.in_(select(firms.subquery().c.id)))
        found |= _told_of(session, people.order_by(works.c.id.desc()).limit(_SHARING))
    return found


def _told_of(session: Session, numbers: Select[Any]) -> dict[int, str]:
    some = select(*numbers.subquery().c)
    rows = select(Party.id, Party.name).where(Party.id.in_(some)).order_by(Party.id)
    return {number: name for number, name in session.execute(rows)}  # noqa: C416  # a row is no pair to mypy


def _places(session: Session, numbers: list[int]) -> dict[int, _Place]:
    found = {number: _Place(None, None, None, None, "", None) for number in numbers}
    asked = {"numbers": numbers}
    for number, city, code, country in session.execute(_HOMES, asked):
        _add(found[number], city, code, country)
    for number, organization, city, code, country in session.execute(_WORKS, asked):
        found[number].employers.add(name_key(organization))
        _add(found[number], city, code, country)
    for number, mail in session.execute(_MAILS, asked):
        found[number].domains |= _domains([mail])
    for number, day in session.execute(_BORN, asked):
        found[number].birthday_on = day
    return found


# Statements that are the same each time are put together once: that takes longer than carrying them out.
_NUMBERS: BindParameter[Any] = bindparam("numbers", expanding=True)
_EMPLOYER = aliased(Party)
_HOMES = select(Address.party_id, Address.city, Address.postal_code, Address.country).where(
    Address.party_id.in_(_NUMBERS)
)
_WORKS = (
    select(Affiliation.person_id, _EMPLOYER.name, Address.city, Address.postal_code, Address.country)
    .join(_EMPLOYER, _EMPLOYER.id == Affiliation.organization_id)
    .outerjoin(Address, Address.party_id == _EMPLOYER.id)
    .where(Affiliation.person_id.in_(_NUMBERS))
)
_MAILS = select(ContactPoint.party_id, ContactPoint.normalised).where(
    ContactPoint.party_id.in_(_NUMBERS), ContactPoint.kind == ContactKind.EMAIL
)
_BORN = select(Person.id, Person.birthday_on).where(Person.id.in_(_NUMBERS))
_WORKS_AT = (
    select(Affiliation.organization_id)
    .where(Affiliation.person_id == Party.id, Affiliation.to_on.is_(None))
    .order_by(Affiliation.is_primary.desc(), Affiliation.id.desc())
    .limit(1)
    .correlate(Party)
    .scalar_subquery()
)
_SHOWN = (
    select(Party.id, Party.name, Party.kind, _EMPLOYER.name.label("organization"))
    .outerjoin(_EMPLOYER, _EMPLOYER.id == _WORKS_AT)
    .where(Party.id.in_(_NUMBERS))
)


def _add(place: _Place, city: str | None, code: str | None, country: str | None) -> None:
    more = _Place(city, code, country, None, "", None)
    place.cities |= more.cities
    place.codes |= more.codes
    place.countries |= more.countries


def _shared(here: _Place, there: _Place) -> list[str]:
    """What the two have in common, in words, the most telling first; nothing where they have nothing."""
    found = []
    if _born(here, there) == "same":
        found.append(_("same birthday"))
    if here.employers & there.employers:
        found.append(_("same organization"))
    if here.domains & there.domains:
        found.append(_("same e-mail domain"))
    # Cluj in two countries are two places; where a country is not known it is no obstacle.
    if here.countries and there.countries and not here.countries & there.countries:
        return found
    if here.cities & there.cities:
        found.append(_("same city"))
    if here.codes & there.codes:
        found.append(_("same postal code"))
    if not found and here.countries & there.countries and not (here.cities and there.cities):
        found.append(_("same country"))
    return found


def _born(here: _Place, there: _Place) -> str:
    """Whether birthdays are the `same`, `nearly` (a slip in one part, day and month exchanged), `apart` or unknown."""
    mine, theirs = here.birthday_on, there.birthday_on
    if mine is None or theirs is None:
        return ""
    if mine == theirs:
        return "same"
    exchanged = mine.year == theirs.year and (mine.day, mine.month) == (theirs.month, theirs.day)
    one, other = mine.isoformat(), theirs.isoformat()
    unequal = [n for n in range(10) if one[n] != other[n]]
    parts = sum(left == right for left, right in zip(one.split("-"), other.split("-"), strict=True))
    # Two digits beside each other are often typed in the wrong order.
    turned = len(unequal) == 2 and unequal[0] + 1 == unequal[1] and sorted(one) == sorted(other)
    return "nearly" if exchanged or turned or parts == 2 or len(unequal) == 1 else "apart"


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
    if not ranked:
        return []
    shown = {row.id: row for row in session.execute(_SHOWN, {"numbers": list(ranked)})}
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
