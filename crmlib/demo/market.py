"""The market: organizations and the people in them, drawn by chance and looking real."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

import phonenumbers

from crmlib.contacts import Lifecycle, Party
from crmlib.demo.sources import fill, read

#: Where customers came from, and of a hundred how many.
SOURCES = {
    "organic search": 20,
    "paid search": 10,
    "social": 6,
    "event": 23,
    "referral": 20,
    "outbound": 18,
    "store visit": 3,
}
_CAME_BY_THEMSELVES = ("organic search", "paid search", "event", "social")


@dataclass
class PersonPlan:
    """A person to be; `record` once there."""

    given_name: str
    family_name: str | None
    email: str
    phone: str | None
    facts: dict[str, Any]
    job_title: str | None = None
    record: Party | None = None

    @property
    def record_id(self) -> int:
        return self.record.id if self.record else 0


@dataclass
class OrganizationPlan:
    """An organization to be, the day we hear of it, and whose it is from which day; `record` once there."""

    name: str
    country: str
    region: str
    sector: str
    known_on: date
    lifecycle: Lifecycle
    source: str
    facts: dict[str, Any]
    revenue: int | None
    phone: str | None
    email: str
    people: list[PersonPlan]
    parent: "OrganizationPlan | None" = None
    owners: list[tuple[date, str]] = field(default_factory=list)
    record: Party | None = None
    won_on: list[date] = field(default_factory=list)
    left_on: date | None = None

    @property
    def record_id(self) -> int:
        return self.record.id if self.record else 0

    @property
    def may_buy(self) -> bool:
        return self.lifecycle not in (Lifecycle.PARTNER, Lifecycle.SUPPLIER)

    def owner_on(self, day: date) -> str:
        """Who looks after it on a day; before the first day, whoever does first."""
        return next((name for since, name in reversed(self.owners) if since <= day), self.owners[0][1])


def plan_market(rng: Random, *, count: int, begins: date, today: date) -> list[OrganizationPlan]:
    """`count` organizations in the order in which we hear of them, some as subsidiaries of earlier ones."""
    countries = read("countries")
    weights = [about["weight"] for about in countries.values()]
    span = (today - begins).days
    # A third was in the old address book; the others came one by one, up to some weeks ago.
    days = sorted(rng.randrange(0, 12) if rng.random() < 0.34 else rng.randrange(12, span - 10) for _ in range(count))
    taken: set[str] = set()
    plans: list[OrganizationPlan] = []
    for day in days:
        country = rng.choices(list(countries), weights)[0]
        plan = _organization(rng, country, begins + timedelta(days=day), today, taken)
        siblings = [
            one for one in plans if one.country == country and one.parent is None and one.known_on < plan.known_on
        ]
        if siblings and rng.random() < 0.07:
            plan.parent = rng.choice(siblings)
        plans.append(plan)
    return plans


def _organization(rng: Random, country: str, known_on: date, today: date, taken: set[str]) -> OrganizationPlan:
    about = read("countries")[country]
    sector = rng.choice(list(about["organizations"]))
    city, region, postal_code = rng.choice(about["cities"])
    name = _free_name(rng, about, sector, city, taken)
    domain = f"{slug(name)}.example"
    employees = max(3, round(rng.lognormvariate(4.1, 1.1)))
    source = rng.choices(list(SOURCES), list(SOURCES.values()))[0]
    lifecycle = Lifecycle.LEAD if source in _CAME_BY_THEMSELVES else Lifecycle.PROSPECT
    if (chance := rng.random()) < 0.035:
        lifecycle = Lifecycle.PARTNER if chance < 0.025 else Lifecycle.SUPPLIER
    facts = {
        "sector": sector,
        "founded_year": rng.randrange(1889, today.year - 2),
        "n_employees": employees,
        "website": f"https://www.{domain}" if rng.random() < 0.8 else None,
        "source": source,
        "street": fill(about["street_form"], street=rng.choice(about["streets"]), n=rng.randrange(1, 190)),
        "postal_code": pattern(rng, postal_code) or None,
        "city": city,
        "region": region,
        "country": country,
    }
    return OrganizationPlan(
        name=name,
        country=country,
        region=about["region"],
        sector=sector,
        known_on=known_on,
        lifecycle=lifecycle,
        source=source,
        facts={key: value for key, value in facts.items() if value is not None},
        revenue=round(employees * rng.uniform(7, 21)) * 10_000 if rng.random() < 0.6 else None,
        phone=phone(rng, about) if rng.random() < 0.85 else None,
        email=f"info@{domain}",
        people=_people(rng, country, sector, domain, known_on, rng.choices((1, 2, 3, 4, 5), (26, 38, 22, 10, 4))[0]),
    )


def _people(rng: Random, country: str, sector: str, domain: str, known_on: date, count: int) -> list[PersonPlan]:
    titles = rng.sample(read("words")["titles"][sector], k=min(count, 4))
    found: dict[str, PersonPlan] = {}
    while len(found) < count:
        person = plan_person(rng, country, domain, known_on)
        person.job_title = titles[len(found) % len(titles)]
        found.setdefault(person.email, person)
    return list(found.values())


def plan_person(rng: Random, country: str, domain: str, on: date) -> PersonPlan:
    """Somebody of a country, with an address at `domain`; one in six Indonesians has one name."""
    about = read("countries")[country]
    if "single" in about and rng.random() < 0.17:
        given, family = rng.choice(about["single"]), None
    else:
        gender = rng.choice(("female", "male"))
        given, family = rng.choice(about[gender]), rng.choice(about["family"])
        for male, female in about.get("female_endings", ()):  # Nowak is Nowak, but Kozłowski's wife is Kozłowska
            if gender == "female" and family.endswith(male):
                family = family.removesuffix(male) + female
    facts: dict[str, Any] = {"languages": _languages(rng, about["language"])}
    if rng.random() < 0.45:
        facts["birthday_on"] = date(on.year - rng.randrange(24, 63), rng.randrange(1, 13), rng.randrange(1, 29))
    if rng.random() < 0.35:
        facts["education"] = rng.choice(("Engineering degree", "Master's degree", "Vocational training", "Doctorate"))
    if rng.random() < 0.4:
        facts["tech_literacy"] = rng.choices(("low", "medium", "high"), (1, 4, 3))[0]
    local = ".".join(slug(part).replace("-", "") for part in (given, family) if part)
    return PersonPlan(
        given_name=given,
        family_name=family,
        email=f"{local}@{domain}",
        phone=phone(rng, about) if rng.random() < 0.7 else None,
        facts=facts,
    )


def phone(rng: Random, about: dict[str, Any]) -> str:
    """A mobile number that could exist in the country."""
    prefix, digits = about["phone"]
    while True:
        number = str(prefix) + "".join(str(rng.randrange(10)) for _ in range(digits))
        if phonenumbers.is_valid_number(phonenumbers.parse(number)):
            return number


def slug(text: str) -> str:
    """`text` as a part of an address: plain letters, digits and hyphens."""
    plain = text.replace("ß", "ss").replace("ł", "l").replace("Ł", "l").replace("ı", "i").replace("&", "and")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def pattern(rng: Random, text: str) -> str:
    """`text` with each # a digit and each @ a capital letter."""
    signs = {"#": "0123456789", "@": "ABCDEFGHJKLMNPRSTVWXZ"}
    return "".join(rng.choice(signs[sign]) if sign in signs else sign for sign in text)


def _languages(rng: Random, own: str) -> str:
    return own if own == "English" or rng.random() < 0.35 else f"{own}, English"


def _free_name(rng: Random, about: dict[str, Any], sector: str, city: str, taken: set[str]) -> str:
    for attempt in range(1000):
        form: str = rng.choice(about["organizations"][sector])
        name = fill(form, x=rng.choice(about["words"]), f=rng.choice(about["family"]), c=city)
        if attempt > 30:  # a large market runs out of words: tell namesakes apart as towns do
            name = f"{name} {city}" if attempt < 60 else f"{name} {attempt}"
        if slug(name) not in taken:
            taken.add(slug(name))
            return name
    raise RuntimeError("a thousand names were taken")
