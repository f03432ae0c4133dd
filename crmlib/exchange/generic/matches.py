"""Which record is meant: by the key of another file, by name, by e-mail; and what people decided about it before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, find, insert_many, record_name
from crmlib.contacts import Affiliation, ContactKind, ContactPoint, Organization, Party, PartyKind, Person, folded
from crmlib.contacts.reach import normalise
from crmlib.exchange.loading import Doubt, Loading
from crmlib.exchange.making import NewParty, Reach, add_parties, person_name
from crmlib.exchange.matching import match_key, nearest
from crmlib.exchange.records import MatchDecision
from crmlib.exchange.sources import Kept, digest_of, payload_text
from crmlib.i18n import gettext as _

# So many names that begin alike are looked at for a near miss.
_LIKELY = 200


@dataclass(frozen=True)
class Named:
    """Somebody whom a row names and nobody here is: made with the row, once for all rows that name the same."""

    kind: PartyKind
    name: str
    email: str = ""

    def __str__(self) -> str:
        return self.name or self.email


#: Of what it can be decided whom a name means: an organization or a person by name, a party by e-mail or phone.
DECIDED = ("organization", "person", "party")


@dataclass(frozen=True)
class Proposal:
    """A name of the file that may mean a record we have: `confirm_match` says so, and is remembered."""

    what: str
    name: str
    record_id: int
    called: str
    why: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def confirm_match(
    session: Session, system: str, what: str, name: str, record_id: int | None, *, at: datetime
) -> MatchDecision:
    """Say which record `name` means in the files of `system`, None for a new one; later imports hold to it.

    `what` is one of `DECIDED`. Raises InvalidInput, and NotFound where there is no such record.
    """
    if what not in DECIDED:
        raise InvalidInput(_("What is meant"), what, _("choose one of: {names}").format(names=", ".join(DECIDED)))
    same = (MatchDecision.system == system, MatchDecision.what == what, MatchDecision.name == name)
    decision = session.scalars(select(MatchDecision).where(*same)).one_or_none()
    if record_id is not None:
        find(session, Party, record_id)
    if decision is None:
        decision = MatchDecision(system=system, what=what, name=name)
        session.add(decision)
    decision.record_id, decision.decided_at = record_id, at
    decision.decided_by = str(session.info.get("actor", ""))
    session.flush()
    return decision


class Matches:
    """Looks up parties for a whole import, a portion of rows at a time."""

    def __init__(self, loading: Loading) -> None:
        self.loading, self.session = loading, loading.session
        rows = select(MatchDecision.what, MatchDecision.name, MatchDecision.record_id).where(
            MatchDecision.system == loading.system
        )
        self.decided = {(what, name): number for what, name, number in self.session.execute(rows)}
        self.newest = self.session.scalar(select(func.max(Party.id))) or 0

    def by_name(self, names: Iterable[str], kind: PartyKind | None = None) -> dict[str, int]:
        """The one party of each name, without regard to case and accents; a name that several bear names none."""
        plain = {name: folded(name) for name in names if name}
        found: dict[str, list[int]] = {}
        wanted = list(set(plain.values()))
        for place in range(0, len(wanted), 5000):
            rows = select(Party.folded, Party.id).where(Party.folded.in_(wanted[place : place + 5000]))
            if kind is not None:
                rows = rows.where(Party.kind == kind)
            for key, number in self.session.execute(rows):
                found.setdefault(key, []).append(number)
        return {name: found[key][0] for name, key in plain.items() if len(found.get(key, ())) == 1}

    def meant(self, names: Iterable[str], kind: PartyKind, rows: str) -> dict[str, int]:
        """The party that each name of a file means: as decided, what a row so called became, or the only one here.

        `rows` is the kind of rows that such parties come in.
        """
        wanted = list(dict.fromkeys(name for name in names if name))
        found = {name: n for name in wanted if (n := self.decided.get((kind.value, name))) is not None}
        by_row = {f"{name.casefold()}/1": name for name in wanted if name not in found}
        for key, number in self.loading.sources.numbers(rows, by_row).items():
            found[by_row[key]] = number
        is_person = kind is PartyKind.PERSON
        made = {name.casefold() if is_person else name: name for name in wanted if name not in found}
        came = self.loading.sources.numbers("people named" if is_person else "organizations named", made)
        found |= {made[key]: number for key, number in came.items()}
        return self.by_name((name for name in wanted if name not in found), kind) | found

    def by_reach(self, normalised: Iterable[str]) -> dict[str, int]:
        """The party that was here before this import and can be reached so; the first one where several can."""
        wanted = list({value for value in normalised if value})
        found: dict[str, int] = {}
        for place in range(0, len(wanted), 5000):
            rows = select(ContactPoint.normalised, ContactPoint.party_id).where(
                ContactPoint.normalised.in_(wanted[place : place + 5000])
            )
            # The first one of a value comes last, and stays.
            found |= dict(self.session.execute(rows.order_by(ContactPoint.id.desc())).all())
        return found

    def organizations(self, names: Sequence[tuple[str, Doubt]]) -> dict[str, int]:
        """The organization of each name: decided, here already, or made now. Near misses are proposed."""
        wanted: dict[str, Doubt] = {}
        for name, doubt in names:
            if name:
                wanted.setdefault(name, doubt)
        found = self.meant(wanted, PartyKind.ORGANIZATION, "companies")
        fresh: dict[str, list[str]] = {}
        for name in wanted:
            if name not in found:
                fresh.setdefault(folded(name), []).append(name)
        if not fresh:
            return found
        for same in fresh.values():
            self._propose(same[0], wanted[same[0]])
        first = [same[0] for same in fresh.values()]
        parties = [NewParty(kind=PartyKind.ORGANIZATION, name=name) for name in first]
        made = add_parties(self.session, parties, at=self.loading.at)
        kept = []
        for name, number in zip(first, made, strict=True):
            text = payload_text({"name": name})
            kept.append(Kept(name, text, digest_of(text), number))
        self.loading.keep("organizations named", record_name(Organization), kept)
        self.loading.report.of("organizations named").new += len(made)
        for same, number in zip(fresh.values(), made, strict=True):
            found |= dict.fromkeys(same, number)
        return found

    def people(self, named: Mapping[Named, int | None]) -> dict[Named, int]:
        """New people of these names and e-mails, in the organization beside each."""
        by_key: dict[str, list[Named]] = {}
        for one in named:
            by_key.setdefault((one.email or one.name).casefold(), []).append(one)
        parties, kept = [], []
        for same in by_key.values():
            first = same[0]
            given, _blank, family = first.name.rpartition(" ")
            given, family = (given, family) if given else (first.name or first.email.partition("@")[0], "")
            reach = [_email(first.email, self.session.info.get("country"))] if first.email else []
            columns = {"given_name": given, "family_name": family or None}
            parties.append(NewParty(PartyKind.PERSON, person_name(given, family), columns=columns, reach=reach))
        made = add_parties(self.session, parties, at=self.loading.at)
        found: dict[Named, int] = {}
        for (key, same), number in zip(by_key.items(), made, strict=True):
            text = payload_text({"name": same[0].name, "email": same[0].email})
            kept.append(Kept(key, text, digest_of(text), number))
            found |= dict.fromkeys(same, number)
        self.loading.keep("people named", record_name(Person), kept)
        self.loading.report.of("people named").new += len(made)
        rows = [
            {"person_id": found[one], "organization_id": organization, "is_primary": True}
            for one, organization in {found[one]: (one, where) for one, where in named.items() if where}.values()
        ]
        insert_many(self.session, Affiliation, rows)
        return found

    def _propose(self, name: str, doubt: Doubt) -> None:
        if ("organization", name) in self.decided:
            return
        plain = folded(name)
        rows = select(Party.name, Party.id).where(
            Party.kind == PartyKind.ORGANIZATION,
            Party.id <= self.newest,
            Party.folded.startswith(plain[:3], autoescape=True),
        )
        here = dict(self.session.execute(rows.limit(_LIKELY)).all())
        same = next((called for called in here if match_key(called) == match_key(name)), None)
        near = same or nearest(name, here)
        if near is None:
            return
        why = _("“{name}” looks like “{meant}”, which is here; it was kept apart until somebody says they are the same")
        doubt(why.format(name=name, meant=near))
        self.loading.report.propose(
            Proposal("organization", name, here[near], near, _("the names are nearly the same")).as_dict()
        )


def _email(value: str, country: str | None) -> Reach:
    """An e-mail as it is kept; one that cannot be right stays as it was typed."""
    try:
        return Reach(ContactKind.EMAIL, value, normalise(ContactKind.EMAIL, value, country=country))
    except InvalidInput:
        return Reach(ContactKind.OTHER, value, value.strip().casefold(), ContactKind.EMAIL.value)
