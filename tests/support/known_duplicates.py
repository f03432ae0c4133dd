"""Public sets of records whose duplicates are known, and how well `near_parties` points them out.

Each set is asked as a form would ask: a record's own facts are typed, those of its set are in the workbench already.
"""

import csv
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import InvalidInput
from crmlib.contacts import Address, ContactPoint, Organization, Person, near_parties
from crmlib.contacts.reach import normalise_email, normalise_phone


@dataclass
class Known:
    """A record of a set: `asked` as `near_parties` takes it, `group` what it shares with its duplicates."""

    group: str
    kept: bool
    asked: dict[str, Any]
    person: tuple[str, str | None] | None = None


@dataclass
class Found:
    """Of `asked` records that have a duplicate, `right` were shown it; of `pointed` parties, `true` were one."""

    asked: int = 0
    right: int = 0
    pointed: int = 0
    true: int = 0
    missed: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    wrong: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.right / max(self.asked, 1)

    @property
    def precision(self) -> float:
        return self.true / max(self.pointed, 1)


def measure(session: Session, known: list[Known], at: Any) -> Found:
    """Put the kept ones in, ask for the others (for all of them, where all are kept), and count."""
    numbers: dict[int, int] = {}
    groups: dict[int, str] = {}
    for index, one in enumerate(known):
        if one.kept:
            numbers[index] = _keep(session, one, at)
            groups[numbers[index]] = one.group
    session.flush()
    found = Found()
    names: dict[str, str] = {}
    for index, one in enumerate(known):
        if one.kept:
            names.setdefault(one.group, one.asked["name"])
    for index, one in enumerate(known):
        if one.kept and not all(other.kept for other in known):
            continue
        own = numbers.get(index)
        shown = near_parties(session, **one.asked, leave_out=[own] if own else [])
        true = [two for two in shown if groups[two["party_id"]] == one.group]
        if any(group == one.group and number != own for number, group in groups.items()):
            found.asked += 1
            found.right += bool(true)
            if not true:
                found.missed.append((one.asked, names[one.group]))
        found.pointed += len(shown)
        found.true += len(true)
        found.wrong += [(one.asked, two) for two in shown if groups[two["party_id"]] != one.group]
    return found


def _keep(session: Session, one: Known, at: Any) -> int:
    asked = one.asked
    if one.person:
        party: Any = Person(given_name=one.person[0], family_name=one.person[1], birthday_on=asked.get("birthday_on"))
    else:
        party = Organization()
    party.name, party.created_at = asked["name"], at
    if asked.get("city") or asked.get("postal_code"):
        place = {key: asked.get(key) or None for key in ("city", "postal_code", "country")}
        party.addresses.append(Address(**place, is_preferred=True))
    for kind, normalise in (("email", normalise_email), ("phone", lambda text: normalise_phone(text, country="US"))):
        if typed := asked.get(kind):
            try:
                party.contact_points.append(ContactPoint(kind=kind, value=typed, normalised=normalise(typed)))
            except InvalidInput:
                continue
    session.add(party)
    session.flush()
    return int(party.id)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {(key or "").strip(): (value or "").strip() for key, value in row.items()}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if "-" in text else date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def _person(group: str, kept: bool, given: str, family: str, **more: Any) -> Known | None:
    if not (given or family):
        return None
    names = (given or family, family if given else None)
    return Known(group, kept, {"name": f"{given} {family}".strip(), **more}, names)


def _febrl(*files: Path) -> list[Known]:
    made = (
        _person(
            row["rec_id"].split("-")[1], row["rec_id"].endswith("-org"), row["given_name"], row["surname"],
            city=row["suburb"], postal_code=row["postcode"], country="AU", birthday_on=_day(row["date_of_birth"]),
        )
        for file in files
        for row in _rows(file)
    )  # fmt: skip
    return [one for one in made if one]


def febrl_1(folder: Path) -> list[Known]:
    """500 people with a damaged copy of each."""
    return _febrl(folder / "febrl" / "dataset1.csv.gz")


def febrl_4(folder: Path) -> list[Known]:
    """5,000 people and a damaged copy of each, in two files."""
    return _febrl(folder / "febrl" / "dataset4a.csv.gz", folder / "febrl" / "dataset4b.csv.gz")


def rldata(folder: Path) -> list[Known]:
    """500 German names with birthdays, 50 of them twice; all are kept, each is asked for."""
    made = (
        _person(
            row["identity"], True, f"{row['fname_c1']} {_given(row['fname_c2'])}".strip(),
            f"{row['lname_c1']} {_given(row['lname_c2'])}".strip(), country="DE",
            birthday_on=_day(f"{row['by']:0>4}{row['bm']:0>2}{row['bd']:0>2}"),
        )
        for row in _rows(folder / "rldata" / "RLdata500.csv.gz")
    )  # fmt: skip
    return [one for one in made if one]


def _given(text: str) -> str:
    return "" if text == "NA" else text


def restaurants(folder: Path) -> list[Known]:
    """Restaurants of two guides by name, city and phone: those of one are kept, those of the other asked for."""
    here = folder / "identity_fodors_zagats"
    pairs = {row["zagats_id"]: row["fodors_id"] for row in _rows(here / "matches_fodors_zagats.csv.gz")}
    known = []
    for name, kept in (("fodors", True), ("zagats", False)):
        for row in _rows(here / f"{name}.csv.gz"):
            group = row["id"] if kept else pairs.get(row["id"], f"z{row['id']}")
            phone = row["phone"].replace("/", "-").split(" ")[0]
            known.append(Known(group, kept, {"name": row["name"], "city": row["city"], "country": "US", "phone": phone}))
    return known


def restaurants_by_name(folder: Path) -> list[Known]:
    """The same without their phones, which nearly all of them share."""
    known = restaurants(folder)
    for one in known:
        one.asked.pop("phone")
    return known


def fake_1000(folder: Path) -> list[Known]:
    """1,000 records of 251 people by name, day of birth, city and e-mail, each with gaps; each is asked for."""
    made = (
        _person(
            row["cluster"], True, row["first_name"], row["surname"], city=row["city"], email=row["email"],
            birthday_on=_day(row["dob"]),
        )
        for row in _rows(folder / "splink_datasets" / "fake_1000.csv.gz")
    )  # fmt: skip
    return [one for one in made if one]


SETS: dict[str, Callable[[Path], list[Known]]] = {
    one.__name__: one for one in (febrl_1, febrl_4, rldata, restaurants, restaurants_by_name, fake_1000)
}
