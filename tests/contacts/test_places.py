"""Where a party is and whom it belongs to is kept beside it, whatever changes and in whichever way."""

import random
from datetime import date

import pytest
from sqlalchemy import select, update

from crmlib.base import JournalEntry, insert_many, undo_change
from crmlib.contacts import (
    Address,
    Affiliation,
    Organization,
    Party,
    Person,
    add_address,
    add_organization,
    add_person,
    delete_party,
    edit_address,
    keep_places_anew,
    prefer_address,
    remove_address,
    without_places,
)

PAST = {"execution_options": {"derived": True}}


def kept(session, party):
    session.flush()
    party = session.get(Party, getattr(party, "id", party))
    session.refresh(party)
    return party.kept_city, party.kept_city_folded, party.kept_country, party.kept_organization_id


def reckoned(session):
    """The same read off the records, in plain Python."""
    session.flush()
    session.expire_all()
    found = {}
    for party in session.scalars(select(Party)):
        if isinstance(party, Person):
            current = [one for one in party.affiliations if one.to_on is None]
            firm = max(current, key=lambda one: (one.is_primary, one.id)).organization if current else None
        else:
            firm = party.parent
        homes = [one.addresses for one in (party, firm) if one is not None]
        preferred = [next((one for one in each if one.is_preferred), None) for each in homes]

        def first(name, preferred=preferred):
            return next((getattr(one, name) for one in preferred if one and getattr(one, name) is not None), None)

        says = next((one for one in preferred if one and one.city is not None), None)
        found[party.id] = (first("city"), says and says.folded, first("region"), first("country"), firm and firm.id)
    return found


def stored(session):
    columns = (Party.kept_city, Party.kept_city_folded, Party.kept_region, Party.kept_country)
    rows = session.execute(select(Party.id, *columns, Party.kept_organization_id))
    return {number: tuple(values) for number, *values in rows}


def test_of_the_preferred_address_or_else_of_the_organization(session, clock):
    bank = add_organization(session, name="Banca", city="Cluj-Napoca", country="RO", at=clock.now)
    ana = add_person(session, given_name="Ana", organization=bank, at=clock.now)
    assert kept(session, ana) == ("Cluj-Napoca", "cluj-napoca", "RO", bank.id)
    address = add_address(session, ana, city="Timișoara")
    session.flush()
    assert kept(session, ana) == ("Timișoara", "timisoara", "RO", bank.id), "what it does not say, the bank's does"
    other = add_address(session, ana, city="Delft", country="NL")
    assert kept(session, ana)[0] == "Timișoara"
    prefer_address(session, other)
    session.flush()
    assert kept(session, ana) == ("Delft", "delft", "NL", bank.id)
    edit_address(session, bank.addresses[0], {"city": "București"})
    remove_address(session, other)
    remove_address(session, address)
    session.flush()
    assert kept(session, ana) == ("București", "bucuresti", "RO", bank.id)
    ana.affiliations[0].to_on = date(2026, 6, 30)
    session.flush()
    assert kept(session, ana) == (None, None, None, None)
    branch = add_organization(session, name="Sucursala", at=clock.now)
    branch.parent = bank
    session.flush()
    assert kept(session, branch) == ("București", "bucuresti", "RO", bank.id)


def test_it_is_no_change_of_the_party(workbench, clock):
    with workbench.session() as session:
        ana = add_person(session, given_name="Ana", at=clock.now)
    with workbench.session() as session:
        add_address(session, ana.id, city="Delft")
    with workbench.reading() as session:
        party = session.get(Party, ana.id)
        assert (party.kept_city, party.version, party.updated_at) == ("Delft", ana.version, ana.updated_at)


def test_it_comes_back_with_who_was_deleted(workbench, clock):
    with workbench.session() as session:
        ana = add_person(session, given_name="Ana", city="Delft", country="NL", at=clock.now)
    with workbench.session() as session:
        delete_party(session, ana.id, at=clock.now)
    with workbench.session() as session:
        gone = select(JournalEntry.number).filter_by(kind="delete", record="party")
        undo_change(session, session.scalars(gone).one(), at=clock.now)
    with workbench.reading() as session:
        assert kept(session, ana)[:3] == ("Delft", "delft", "NL")


def test_whatever_changes(session, clock):
    """Two hundred changes by every way there is, past the records as well."""
    dice = random.Random(3)
    places = [None, "", "Delft", "Łódź", "Cluj-Napoca"]
    firms = [add_organization(session, name=f"Firm {n}", at=clock.now) for n in range(4)]
    people = [add_person(session, given_name=f"P{n}", at=clock.now) for n in range(8)]
    for turn in range(200):
        firm, person, party = dice.choice(firms), dice.choice(people), dice.choice(firms + people)
        addresses = list(session.scalars(select(Address)))
        links = list(session.scalars(select(Affiliation)))
        address, link = dice.choice([None, *addresses]), dice.choice([None, *links])
        match dice.randrange(9):
            case 0:
                has_one = any(one.is_preferred for one in addresses if one.party_id == party.id)
                row = {"party_id": party.id, "city": dice.choice(places), "country": dice.choice([None, "NL"])}
                insert_many(session, Address, [row | {"is_preferred": not has_one, "region": dice.choice(places)}])
            case 1 if address:
                address.city, address.region = dice.choice(places), dice.choice(places)
            case 2 if address:
                session.delete(address)
            case 3 if address:
                session.execute(update(Address).where(Address.id == address.id).values(is_preferred=False), **PAST)
            case 4:
                link = Affiliation(person_id=person.id, organization_id=firm.id, is_primary=dice.random() < 0.5)
                session.add(link)
            case 5 if link:
                link.to_on = dice.choice([None, date(2026, 1, 1)])
                link.is_primary = not link.is_primary
            case 6 if link:
                link.organization_id = firm.id
            case 7 if link:
                session.delete(link)
            case 8:
                other = dice.choice([None, *firms])
                firm.parent_id = other.id if other and other is not firm else None
        session.flush()
        if turn % 10 == 9:
            assert stored(session) == reckoned(session), turn
            assert keep_places_anew(session) == 0


@pytest.mark.parametrize("is_told", [False, True])
def test_a_load_without_triggers_is_looked_at_at_its_end(session, is_told):
    with without_places(session):
        numbers = insert_many(
            session,
            Organization,
            [{"name": f"Firm {n}", **({"kept_city": "Delft"} if is_told else {})} for n in range(3)],
        )
        insert_many(session, Address, [{"party_id": n, "city": "Delft", "is_preferred": True} for n in numbers])
    assert stored(session) == reckoned(session)
    add_address(session, numbers[0], city="Kiel", is_preferred=True)
    session.flush()
    assert kept(session, numbers[0])[0] == "Kiel", "the triggers are back"
