import pytest
from sqlalchemy import func, select

from crmlib.base import Base, Conflict, JournalEntry, NotFound, Refused


def test_the_archive_is_out_of_every_list_and_comes_back(workbench):
    ana = workbench.contacts.add_person(given_name="Ana").id
    workbench.contacts.archive_party(ana)
    assert workbench.contacts.parties().empty
    assert workbench.contacts.parties_page().total == 0
    assert workbench.contacts.find_parties("ana") == []
    assert workbench.contacts.lifecycle_counts() == {}
    assert workbench.contacts.parties_page(is_archived=True).total == 1
    assert list(workbench.contacts.parties(with_archived=True)["party"]) == ["Ana"]
    workbench.contacts.restore_party(ana)
    assert workbench.contacts.parties_page().total == 1


def test_a_party_that_something_hangs_on_is_not_deleted(workbench):
    firm = workbench.contacts.add_organization(name="Acme").id
    workbench.contacts.add_organization(name="Little Acme", parent=firm)
    workbench.activities.log_activity("call", subject="Hello", with_parties=[firm])
    with pytest.raises(Refused, match=r"Acme cannot be deleted, because of: .*activities with it \(1\)") as caught:
        workbench.contacts.delete_party(firm)
    assert "organizations that belong to it (1)" in str(caught.value)
    assert "Archive it instead" in str(caught.value)


def test_a_party_is_deleted_with_all_its_parts_and_the_journal_keeps_them(workbench):
    add = workbench.contacts
    firm = add.add_organization(name="Acme").id
    dan = add.add_person(given_name="Dan").id
    us = add.add_person(given_name="Rani", lifecycle="colleague").id
    ana = add.add_person(given_name="Ana", email="ana@example.com", city="Cluj", country="RO", organization=firm).id
    add.add_fact(ana, "likes", "Tea")
    add.add_fact(dan, "likes", "Coffee", source_party=ana)
    add.tag("party", [ana], "VIP")
    add.relate(dan, "knows", ana)
    add.give_consent(ana, "email", "newsletter")
    add.join_team(ana, us)
    with pytest.raises(Conflict):
        add.delete_party(ana, was={"name": "Anna"})
    add.delete_party(ana, was={"name": "Ana"})
    with pytest.raises(NotFound):
        add.party_card(ana)
    with workbench.reading() as session:
        gone = set(session.scalars(select(JournalEntry.record).where(JournalEntry.kind == "delete")))
        assert {"party", "contact_point", "address", "affiliation", "fact", "tagging", "relation", "consent_event",
                "team_member"} <= gone  # fmt: skip
        for name in ("contact_point", "address", "affiliation", "consent_event", "relation", "tagging"):
            assert session.scalar(select(func.count()).select_from(Base.metadata.tables[name])) == 0
    assert list(add.facts()["value"]) == ["Coffee"]
