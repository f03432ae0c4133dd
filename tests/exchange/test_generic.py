"""Any file by its mapping: exports of other systems end to end, relations between files, look-alikes, refusals."""

import csv

import pytest
from sqlalchemy import func, select

from crmlib.activities import Activity
from crmlib.contacts import Address, Affiliation, ContactPoint, Organization, Party, Person
from crmlib.exchange import (
    confirm_match,
    find_mapping,
    guess_table,
    import_table,
    open_table,
    save_mapping,
    undo_import,
)
from crmlib.sales import Deal, StageKind

COMPANIES = "Record ID,Company name,Company owner,Create Date\n77,Acme GmbH,,2025-01-02\n78,Globex,,2025-01-03\n"
CONTACTS = """Record ID,First Name,Last Name,Email,Phone Number,Lead Status,Create Date,Associated Company,Country
1,Ana,Pop,ana@example.com,+40 721 234 567,,2025-01-05,Acme GmbH,Romania
2,Suparman,,suparman@example.com,,,2025-01-06,Initech,Indonesia
3,Dan,Ionescu,not an address,,,2025-01-06,,Atlantis
"""
DEALS = """Record ID,Deal Name,Deal Stage,Pipeline,Amount,Deal owner,Close Date,Associated Company IDs
900,Fleet,Appointment scheduled,Default,1200.50,,2026-09-01,77
901,Seats,Closed Won,Default,300,,2026-03-01,78
"""


@pytest.fixture
def bring(workbench, tmp_path):
    def bring(texts, **options):
        tables = []
        for name, text in texts.items():
            path = tmp_path / name
            path.write_text(text, "utf-8")
            table = open_table(path)
            tables.append((table, guess_table(table)))
        with workbench.session() as session:
            return import_table(session, tables, at=workbench.now(), **options)

    return bring


FILES = {"deals.csv": DEALS, "contacts.csv": CONTACTS, "companies.csv": COMPANIES}


def test_files_of_one_system_keep_their_relations(workbench, bring):
    report = bring(FILES)
    assert report.system == "hubspot"
    assert {kind: one.new for kind, one in report.counts.items()} == {
        "companies": 2, "contacts": 3, "organizations named": 1, "deals": 2,
    }  # fmt: skip
    with workbench.reading() as session:
        fleet = session.scalars(select(Deal).where(Deal.name == "Fleet")).one()
        assert (fleet.party.name, str(fleet.amount.amount), fleet.amount.currency) == ("Acme GmbH", "1200.50", "EUR")
        won = session.scalars(select(Deal).where(Deal.name == "Seats")).one()
        assert (won.stage.kind, won.closed_on.isoformat()) == (StageKind.WON, "2026-03-01")
        ana = session.scalars(select(Person).where(Party.name == "Ana Pop")).one()
        assert [one.organization.name for one in ana.affiliations] == ["Acme GmbH"]
        assert {one.normalised for one in ana.contact_points} == {"ana@example.com", "+40721234567"}
        assert ana.address.country == "RO"
        suparman = session.scalars(select(Person).where(Party.name == "Suparman")).one()
        assert (suparman.given_name, suparman.family_name) == ("Suparman", None)


def test_the_same_files_again_change_nothing_and_newer_ones_only_what_changed(workbench, bring):
    bring(FILES)
    again = bring(FILES)
    assert not again.changed_anything
    newer = bring({"contacts.csv": CONTACTS.replace("+40 721 234 567", "+40 721 234 568")})
    assert (newer.total("new"), newer.total("changed"), newer.of("contacts").unchanged) == (0, 1, 2)
    with workbench.reading() as session:
        values = set(session.scalars(select(ContactPoint.normalised)))
        assert "+40721234568" in values
        assert "+40721234567" not in values


def test_what_cannot_be_read_is_kept_as_written_and_pointed_out(workbench, bring):
    report = bring({"contacts.csv": CONTACTS})
    said = "\n".join(report.sentences())
    assert "it is kept as it was written" in said
    assert "no country is called “Atlantis”" in said
    with workbench.reading() as session:
        assert session.scalar(select(func.count()).where(ContactPoint.value == "not an address")) == 1


def test_who_looks_like_somebody_we_have_is_proposed_and_never_merged(workbench, bring, tmp_path):
    known = workbench.contacts.add_person(given_name="Anna", family_name="Popescu", email="ana@example.com")
    report = bring({"contacts.csv": CONTACTS}, refused=tmp_path / "refused.csv")
    assert (report.of("contacts").new, report.of("contacts").refused) == (2, 1)
    (proposal,) = report.proposals
    assert (proposal["what"], proposal["name"], proposal["record_id"]) == ("party", "ana@example.com", known.id)
    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["First Name"], row["line"]) == ("Ana", "2")
    assert "looks like “Anna Popescu”" in row["reason"]
    with workbench.session() as session:
        confirm_match(session, "hubspot", "party", "ana@example.com", known.id, at=workbench.now())
    again = bring({"refused.csv": (tmp_path / "refused.csv").read_text("utf-8")})
    assert (again.of("contacts").new, again.of("contacts").refused) == (1, 0)
    with workbench.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 3
        here = session.get_one(Person, known.id)
        assert (here.name, "+40721234567" in {one.normalised for one in here.contact_points}) == ("Anna Popescu", True)


@pytest.mark.parametrize(("policy", "people", "refused"), [("update", 3, 0), ("skip", 3, 1), ("new", 4, 0)])
def test_the_policy_says_what_becomes_of_look_alikes(workbench, bring, policy, people, refused):
    workbench.contacts.add_person(given_name="Anna", email="ana@example.com")
    report = bring({"contacts.csv": CONTACTS}, policy=policy)
    assert report.of("contacts").refused == refused
    with workbench.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == people


def test_a_near_miss_of_a_name_is_proposed_and_remembered(workbench, bring):
    acme = workbench.contacts.add_organization(name="Ini-Tech")
    report = bring({"contacts.csv": CONTACTS})
    assert [(one["what"], one["name"], one["called"]) for one in report.proposals] == [
        ("organization", "Initech", "Ini-Tech")
    ]
    with workbench.session() as session:
        undo_import(session, report.import_id, at=workbench.now())
        confirm_match(session, "hubspot", "organization", "Initech", acme.id, at=workbench.now())
    again = bring({"contacts.csv": CONTACTS})
    assert again.proposals == []
    with workbench.reading() as session:
        assert session.scalar(select(Affiliation.organization_id).where(Affiliation.organization_id == acme.id))


def test_a_dry_run_shows_the_first_records_and_keeps_nothing(workbench, bring):
    report = bring(FILES, dry_run=True)
    assert report.preview["contacts"][0]["given_name"] == "Ana"
    assert report.total("new") == 8
    with workbench.reading() as session:
        assert session.scalar(select(func.count()).select_from(Party)) == 0


def test_a_mapping_is_saved_changed_and_used_again(workbench, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("Wer,Mail\nAna,ana@example.com\n", "utf-8")
    table = open_table(path)
    meaning = guess_table(table).changed("Wer", "person.given_name")
    with workbench.session() as session:
        save_mapping(session, "odd", [meaning])
    with workbench.session() as session:
        again = find_mapping(session, "odd", guess_table(table))
        assert again.of("Wer").target == "person.given_name"
        report = import_table(session, [(table, again)], at=workbench.now())
    assert report.of("contacts").new == 1


def test_an_import_is_taken_back_but_for_what_people_edited(workbench, bring):
    report = bring(FILES)
    with workbench.reading() as session:
        acme = session.scalars(select(Organization.id).where(Party.name == "Acme GmbH")).one()
        ana = session.scalars(select(Person.id).where(Party.name == "Ana Pop")).one()
    workbench.contacts.edit_party(acme, {"sector": "retail"})
    workbench.contacts.edit_party(ana, {"job_title": "Buyer"})
    with workbench.session() as session:
        undone = undo_import(session, report.import_id, at=workbench.now())
    assert {(one.record, one.record_id) for one in undone.spared} >= {("party", acme), ("party", ana)}
    with workbench.reading() as session:
        assert set(session.scalars(select(Party.name))) == {"Acme GmbH", "Ana Pop"}
        assert session.scalar(select(func.count()).select_from(Deal)) == 0
    again = bring(FILES)
    assert (again.of("companies").new, again.of("companies").unchanged) == (1, 1)
    assert (again.of("contacts").new, again.of("contacts").unchanged) == (2, 1)
    with workbench.reading() as session:
        assert session.scalar(select(func.count()).where(Party.name == "Acme GmbH")) == 1


HEADERS = {
    "google_contacts_current": {"First Name": "Ana", "Last Name": "Pop", "E-mail 1 - Value": "ana@example.com"},
    "outlook_desktop": {
        "First Name": "Ana",
        "Last Name": "Pop",
        "E-mail Address": "ana@example.com",
        "Company": "Acme",
    },
    "hubspot_contacts": {"Record ID": "1", "First Name": "Ana", "Last Name": "Pop", "Email": "ana@example.com"},
    "hubspot_companies": {"Record ID": "1", "Company name": "Acme"},
    "hubspot_deals": {"Record ID": "1", "Deal Name": "Fleet", "Deal Stage": "Closed Won", "Amount": "10"},
    "salesforce_contact_data_export": {"Id": "003A", "LastName": "Pop", "FirstName": "Ana", "MailingCity": "Cluj"},
    "salesforce_account_data_export": {"Id": "001A", "Name": "Acme", "BillingCity": "Cluj"},
    "pipedrive_activities_export": {"Activity - Subject": "Call Ana", "Activity - Type": "Call"},
    "pipedrive_sample_import": {"Organization - Name*": "Acme", "Person - Name*": "Ana Pop"},
}


@pytest.mark.parametrize("name", HEADERS)
def test_the_header_rows_of_other_systems_are_understood(workbench, bring, real_data, name):
    import tarfile

    with tarfile.open(real_data / "crm_export_headers_visible.tar.gz") as archive:
        member = next(one for one in archive.getnames() if one.endswith(f"/{name}.csv") or one == f"{name}.csv")
        header = next(csv.reader(archive.extractfile(member).read().decode("utf-8-sig").splitlines()))
    told = [HEADERS[name].get(column, "") for column in header]
    assert sum(map(bool, told)) >= 2
    text = "\n".join(",".join(f'"{one}"' for one in row) for row in (header, told)) + "\n"
    report = bring({f"{name}.csv": text})
    assert (report.total("refused"), report.total("new") >= 1) == (0, True)
    with workbench.reading() as session:
        names = {*session.scalars(select(Party.name)), *session.scalars(select(Deal.name))}
        names |= set(session.scalars(select(Activity.subject)))
        assert names & {"Ana Pop", "Acme", "Fleet", "Call Ana"}
        if name == "salesforce_contact_data_export":
            assert session.scalars(select(Address.city)).one() == "Cluj"
