"""What files and rows connect: keys of other systems, rows that hold several records, fields of the business's own."""

from datetime import date

import pytest
from sqlalchemy import func, select

from crmlib.activities import Activity, ActivityKind
from crmlib.base import InvalidInput
from crmlib.contacts import Affiliation, Fact, Organization, Party, Person, Relation
from crmlib.exchange import guess_table, import_table, open_table, undo_import, unknown_columns, with_own_fields
from crmlib.filters import add_custom_field, custom_fields
from crmlib.sales import Deal


@pytest.fixture
def bring(workbench, tmp_path):
    def bring(texts, changes=(), **options):
        tables = []
        for name, text in texts.items():
            path = tmp_path / name
            path.write_text(text, "utf-8")
            table = open_table(path)
            meaning = guess_table(table)
            for column, target, more in changes:
                if column in table.columns:
                    meaning = meaning.changed(column, target, **more)
            tables.append((table, meaning))
        with workbench.session() as session:
            return import_table(session, tables, at=workbench.now(), **options)

    return bring


@pytest.fixture
def one(workbench):
    """The one party of a name, read outside the import."""
    with workbench.reading() as session:
        yield lambda name: session.scalars(select(Party).where(Party.name == name)).one()


ACCOUNTS = """Id,IsDeleted,Name,ParentId,BillingStreet,BillingCity,OwnerId,AccountNumber,SystemModstamp
001B,0,Acme Bau,001A,Weg 1,Bonn,,77,
001A,0,Acme,,Weg 2,Bonn,,78,
001C,0,Ring A,001D,Weg 3,Bonn,,,
001D,0,Ring B,001C,Weg 4,Bonn,,,
"""
PEOPLE = """Id,IsDeleted,AccountId,LastName,FirstName,ReportsToId,Department,Title,LeadSource,OwnerId,SystemModstamp
003A,0,001B,Pop,Ana,003B,Sales,Buyer,Fair,,
003B,0,001A,Rus,Dan,,Board,Chief,,,
"""
OPPORTUNITIES = """Id,AccountId,ContactId,Name,StageName,CloseDate,Amount,OwnerId,LostReason
006A,001B,003A,Fleet,Prospecting,2026-09-01,1200,,
006B,001A,,Seats,Closed Lost,2026-03-01,300,,Too dear
"""


def test_salesforce_files_keep_parents_managers_and_departments(workbench, bring, one):
    report = bring({"opps.csv": OPPORTUNITIES, "people.csv": PEOPLE, "accounts.csv": ACCOUNTS})
    assert report.system == "salesforce"
    assert one("Acme Bau").parent.name == "Acme"
    # One of two that are said to be above each other is, and the other is told.
    assert sum(one(name).parent_id is not None for name in ("Ring A", "Ring B")) == 1
    assert "belongs to" in "\n".join(report.sentences())
    ana = one("Ana Pop")
    assert [(part.organization.name, part.department, part.role) for part in ana.affiliations] == [
        ("Acme Bau", "Sales", "Buyer")
    ]
    assert ana.source_detail == "Fair"
    with workbench.reading() as session:
        (relation,) = session.scalars(select(Relation)).all()
        assert (relation.party.name, relation.kind.value, relation.other.name) == ("Dan Rus", "manages", "Ana Pop")
        fleet = session.scalars(select(Deal).where(Deal.name == "Fleet")).one()
        assert (fleet.party.name, [one.party.name for one in fleet.contacts]) == ("Acme Bau", ["Ana Pop"])
        assert session.scalars(select(Deal.lost_reason).where(Deal.name == "Seats")).one() == "Too dear"


def test_a_file_that_came_too_early_is_connected_when_it_comes_again(workbench, bring, one):
    files = {"opps.csv": OPPORTUNITIES, "people.csv": PEOPLE}
    report = bring(files)
    assert "no organization has the key “001B”" in "\n".join(report.sentences())
    bring({"accounts.csv": ACCOUNTS})
    again = bring(files)
    assert again.known_files == []
    assert again.of("contacts").changed == 2
    assert again.of("deals").changed == 2
    assert [part.organization.name for part in one("Ana Pop").affiliations] == ["Acme Bau"]
    with workbench.reading() as session:
        assert session.scalars(select(Deal).where(Deal.name == "Fleet")).one().party.name == "Acme Bau"
        assert session.scalar(select(func.count()).select_from(Relation)) == 1
    # By now nothing waits but the ring that cannot be closed, and no row is counted as changed.
    assert not bring(files).changed_anything


THREE = """Person - Name*,Person - Phone,Person - Email (Work),Organization - Name*,Organization - Address,\
Deal - Title,Deal - Value,Activity - Subject*,Activity - Due date,Note - Content*
Ana Pop,+40 721 234 567,ana@example.com,Acme,"Weg 1, Bonn",Fleet,1200,Call Ana,2026-07-03,Likes tea
Ana Pop,+40 721 234 567,ana@example.com,Acme,"Weg 1, Bonn",Seats,300,,,
Dan Rus,,,Acme,,,,Visit,,
"""


def test_rows_that_hold_person_organization_and_deal_become_all_of_them(workbench, bring, one):
    report = bring({"pipedrive.csv": THREE})
    assert {kind: counts.new for kind, counts in report.counts.items() if counts.new} == {
        "companies": 1, "contacts": 2, "deals": 2, "activities": 2, "notes": 1,
    }  # fmt: skip
    assert report.files["pipedrive.csv"]["rows"] == 3
    with workbench.reading() as session:
        for name in ("Fleet", "Seats"):
            deal = session.scalars(select(Deal).where(Deal.name == name)).one()
            assert (deal.party.name, [person.party.name for person in deal.contacts]) == ("Acme", ["Ana Pop"])
        note = session.scalars(select(Activity).where(Activity.kind == ActivityKind.NOTE)).one()
        named = {session.get(Party, part.party_id).name for part in note.participations}
        assert (note.body, named) == ("Likes tea", {"Ana Pop", "Acme"})
        call = session.scalars(select(Activity).where(Activity.subject == "Call Ana")).one()
        assert len(call.abouts) == 1
    assert one("Acme").address.street == "Weg 1, Bonn"
    assert not one("Ana Pop").addresses
    assert {part.organization.name for name in ("Ana Pop", "Dan Rus") for part in one(name).affiliations} == {"Acme"}
    newer = bring({"pipedrive.csv": THREE.replace("300", "400")})
    assert (newer.of("deals").changed, newer.total("changed"), newer.total("new")) == (1, 1, 0)


def test_who_is_named_in_a_deal_and_is_nobody_here_is_made_once(workbench, bring):
    workbench.contacts.add_person(given_name="Dan", family_name="Rus")
    text = (
        "Deal - Title,Deal - Stage,Deal - Value,Deal - Organization,Deal - Contact person,Deal - Owner\n"
        "Fleet,Won,10,Acme,Ana Pop,Nobody\nSeats,Lost,5,Acme,Ana Pop,\nChairs,Open,5,Globex,Dan Rus,\n"
    )
    report = bring({"deals.csv": text})
    assert (report.of("people named").new, report.of("organizations named").new) == (1, 2)
    assert "nobody here is called “Nobody”" in "\n".join(report.sentences())
    with workbench.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 2
        deals = session.scalars(select(Deal)).all()
        assert {(deal.name, deal.party.name, *(one.party.name for one in deal.contacts)) for deal in deals} == {
            ("Fleet", "Acme", "Ana Pop"), ("Seats", "Acme", "Ana Pop"), ("Chairs", "Globex", "Dan Rus"),
        }  # fmt: skip
        ana = session.scalars(select(Person).where(Party.name == "Ana Pop")).one()
        assert [part.organization.name for part in ana.affiliations] == ["Acme"]


def test_hubspot_deals_keep_all_their_contacts_and_zoho_names_its_accounts(workbench, bring):
    people = "Record ID,First Name,Last Name,Email,Create Date\n1,Ana,Pop,a@example.com,\n2,Dan,Rus,d@example.com,\n"
    deals = (
        "Record ID,Deal Name,Deal Stage,Amount,Deal owner,Associated Company IDs,Associated Contact IDs\n"
        "900,Fleet,Won,10,,77,1;2\n"
    )
    companies = "Record ID,Company name,Company owner,Create Date\n77,Acme,,\n"
    bring({"deals.csv": deals, "people.csv": people, "companies.csv": companies})
    zoho = (
        "Deal Id,Deal Owner,Deal Name,Closing Date,Account Name,Stage,Amount\nzcrm_1,,Chairs,2026-09-01,Acme,Won,10\n"
    )
    report = bring({"zoho.csv": zoho})
    assert report.system == "zoho"
    with workbench.reading() as session:
        fleet = session.scalars(select(Deal).where(Deal.name == "Fleet")).one()
        assert (fleet.party.name, sorted(one.party.name for one in fleet.contacts)) == ("Acme", ["Ana Pop", "Dan Rus"])
        assert session.scalars(select(Deal).where(Deal.name == "Chairs")).one().party_id == fleet.party_id


OUTLOOK = """First Name,Last Name,Company,Department,Job Title,E-mail Address,E-mail Display Name,Business Street,\
Spouse,Children,Manager's Name,Hobby,Gender,Anniversary
Ana,Pop,Acme,Sales,Buyer,ana@example.com,Ana,Weg 1,Tom,"Mia, Leo",Dan Rus,golf,F,2001-05-06
Dan,Rus,Acme,,Chief,dan@example.com,Dan,Weg 1,,,,,unsaid,
"""


def test_relatives_who_are_nobody_here_are_facts_and_managers_relations(workbench, bring, one):
    report = bring({"outlook.csv": OUTLOOK})
    with workbench.reading() as session:
        facts = set(session.execute(select(Fact.topic, Fact.value)).all())
        assert {(topic.value, value) for topic, value in facts} == {
            ("hobby", "golf"), ("family", "Partner: Tom"), ("family", "Parent or child: Mia"),
            ("family", "Parent or child: Leo"),
        }  # fmt: skip
        (relation,) = session.scalars(select(Relation)).all()
        assert (relation.party.name, relation.other.name) == ("Dan Rus", "Ana Pop")
        assert set(session.scalars(select(Affiliation.department))) == {"Sales", None}
    assert (one("Ana Pop").gender, one("Ana Pop").anniversary_on) == ("female", date(2001, 5, 6))
    assert (one("Dan Rus").gender, "unsaid" in "\n".join(report.sentences())) == (None, True)
    assert not bring({"outlook.csv": OUTLOOK + "\n"}).changed_anything


def test_columns_of_ones_own_are_typed_and_validated(workbench, bring, one, tmp_path):
    with workbench.session() as session:
        add_custom_field(session, "party", label="Shirt size", kind="choice", choices=["S", "M"])
        add_custom_field(session, "party", label="Points", kind="number")
    text = 'First Name,Last Name,Email,Shirt size,Points\nAna,Pop,ana@example.com,m,"1,200.5"\nDan,Rus,,XL,3\n'
    path = tmp_path / "people.csv"
    path.write_text(text)
    table = open_table(path)
    with workbench.session() as session:
        meaning = with_own_fields(session, guess_table(table))
        assert [meaning.of(name).target for name in ("Shirt size", "Points")] == [
            "custom.shirt_size", "custom.points",
        ]  # fmt: skip
        report = import_table(session, [(table, meaning)], at=workbench.now())
    assert (report.of("contacts").new, report.of("contacts").refused) == (1, 1)
    assert "Shirt size, “XL”" in "\n".join(report.sentences())
    assert one("Ana Pop").custom == {"shirt_size": "M", "points": 1200.5}
    path.write_text(text.replace("1,200.5", "7"))
    with workbench.session() as session:
        import_table(session, [(open_table(path), meaning)], at=workbench.now())
    with workbench.reading() as session:
        assert session.scalars(select(Person)).one().custom == {"shirt_size": "M", "points": 7}


def test_the_mapping_may_make_a_new_field_and_undo_takes_it_along(workbench, bring, one):
    text = "First Name,Last Name,Email,Colour,Since,Kept\nAna,Pop,ana@example.com,Red,2026-01-02,x\n"
    changes = [("Colour", "custom", {"new": "choice"}), ("Since", "custom.since", {"new": "new"})]
    dry = bring({"people.csv": text}, changes, dry_run=True)
    assert dry.preview["contacts"][0]["Colour"] == "Red"
    assert "columns that mean nothing here are kept with the source rows only: Kept" in "\n".join(dry.sentences())
    report = bring({"people.csv": text}, changes)
    assert one("Ana Pop").custom == {"colour": "Red", "since": "2026-01-02"}
    with workbench.session() as session:
        found = {field.key: (field.kind, field.choices) for field in custom_fields(session, "party")}
        assert found == {"colour": ("choice", [["Red", "Red"]]), "since": ("date", [])}
        undo_import(session, report.import_id, at=workbench.now())
        assert custom_fields(session, "party") == []


def test_what_a_column_could_become_is_offered_and_a_wrong_field_is_named(workbench, bring, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("First Name,Email,Shoe size\nAna,ana@example.com,38\nDan,d@example.com,44\n")
    (offer,) = unknown_columns(guess_table(open_table(path)))
    assert (offer.column, offer.new) == ("Shoe size", "number")
    with workbench.session() as session:
        add_custom_field(session, "party", label="Shoe", key="shoe_size")
    with pytest.raises(InvalidInput, match=r"did you mean custom\.shoe_size"):
        bring({"people.csv": path.read_text()}, [("Shoe size", "custom.shoesize", {})])


def test_columns_that_have_no_place_are_told(workbench, bring):
    text = "id,Amount,Currency,Amount Refunded,Created (UTC),Customer Email,Fee\npi_1,10.00,eur,2.00,2026-01-02,,0.30\n"
    report = bring({"stripe.csv": text})
    (note,) = [str(one) for one in report.remarks if "no place" in one.says]
    assert "Amount Refunded (payment.refunded)" in note
    assert "Fee (payment.fee)" in note
    people = bring({"people.csv": "First Name,Last Name,Email,Mobile Phone\nAna,Pop,ana@example.com,+40 721 234 567\n"})
    assert [str(one) for one in people.remarks] == []


def test_a_known_file_is_not_read_again_unless_asked(workbench, bring, clock):
    workbench.actor = "Ana"
    companies = {"companies.csv": "Record ID,Company name,Company owner,Create Date\n77,Acme,,\n"}
    first = bring(companies)
    clock.advance(days=1)
    again = bring({"other name.csv": companies["companies.csv"]})
    assert (again.import_id, again.counts) == (None, {})
    (known,) = again.known_files
    assert (known.name, known.was_called, known.import_id) == ("other name.csv", "companies.csv", first.import_id)
    headline, sentence = again.sentences()
    assert headline.startswith("Nothing was changed")
    assert all(word in sentence for word in ("other name.csv", "by Ana", "--again"))
    assert bring(companies, again=True).of("companies").unchanged == 1
    assert bring(companies, policy="update").of("companies").unchanged == 1
    mixed = bring({**companies, "more.csv": companies["companies.csv"].replace("77,Acme", "78,Globex")})
    assert (len(mixed.known_files), mixed.of("companies").new) == (1, 1)
    with workbench.session() as session:
        undo_import(session, first.import_id, at=workbench.now())
    assert bring(companies).of("companies").new == 1
    with workbench.reading() as session:
        assert session.scalar(select(func.count()).select_from(Organization)) == 2
