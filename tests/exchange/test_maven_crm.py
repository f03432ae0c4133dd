"""The Maven preset, on small files that break in known ways and on the real ones."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from crmlib.base import Base, InvalidInput, JournalEntry, NotFound
from crmlib.contacts import Lifecycle, LifecycleEvent, Organization, Party
from crmlib.exchange import Import, SourceRecord, import_files
from crmlib.sales import Deal, Seller, Stage, StageEvent

ACCOUNTS = """account,sector,year_established,revenue,employees,office_location,subsidiary_of
Cancity,retail,2001,718.62,2448,United States,
Isdom,medical,2002,3178.24,4540,Philipines,Bubba Gump
Bubba Gump,technolgy,2002,987.39,2253,Norway,
"""
PRODUCTS = "product,series,sales_price\nGTX Pro,GTX,4821\nMG Special,MG,55\n"
TEAMS = """sales_agent,manager,regional_office
Moses Frase,Dustin Brinkmann,Central
Darcel Schlecht,Melvin Marxen,Central
Suparman,Melvin Marxen,Central
"""
PIPELINE = """opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
A1,Moses Frase,GTXPro,Cancity,Won,2016-10-20,2017-03-01,4514
A2,Darcel Schlecht,MG Special,Isdom,Lost,2016-10-25,2017-03-11,0
A3,Darcel Schlecht,MG Special,Isdom,Engaging,2016-10-25,,
A4,Moses Frase,GTX Pro,,Prospecting,,,
"""


@pytest.fixture
def make_files(tmp_path):
    def make(**changed):
        texts = {"accounts": ACCOUNTS, "products": PRODUCTS, "teams": TEAMS, "pipeline": PIPELINE} | changed
        paths = []
        for name, text in texts.items():
            if text:
                paths.append(tmp_path / f"{name}.csv")
                paths[-1].write_text(text, "utf-8", newline="\r\n")
        return paths

    return make


@pytest.fixture
def run(workbench):
    def run(files, *, dry_run=False, again=False):
        with workbench.session() as session:
            return import_files(session, "maven_crm", files, at=workbench.now(), dry_run=dry_run, again=again)

    return run


def rows_in_all_tables(workbench):
    with workbench.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables
        }


def deal_of(workbench, key):
    with workbench.reading() as session:
        number = session.scalar(select(SourceRecord.record_id).where(SourceRecord.key == key))
        return session.get_one(Deal, number)


def said(report):
    return "\n".join(report.sentences())


def test_the_four_files_become_organizations_products_sellers_and_deals(workbench, run, make_files):
    report = run(reversed(make_files()))
    assert {kind: counts.new for kind, counts in report.counts.items()} == {
        "accounts": 3,
        "products": 2,
        "managers": 2,
        "sellers": 3,
        "deals": 4,
    }
    deals = workbench.sales.deals().set_index("deal")
    assert list(deals.index) == ["GTX Pro, Cancity", "MG Special, Isdom", "MG Special, Isdom", "GTX Pro"]
    won = deals.loc["GTX Pro, Cancity"]
    assert (won["amount"], won["currency"], won["status"], won["region"]) == (4514.0, "USD", "won", "Central")
    assert (won["owner"], won["manager"]) == ("Moses Frase", "Dustin Brinkmann")
    assert (str(won["opened_on"].date()), str(won["closed_on"].date())) == ("2016-10-20", "2017-03-01")


def test_a_subsidiary_may_stand_before_its_parent(workbench, run, make_files):
    run(make_files())
    with workbench.reading() as session:
        isdom = session.scalars(select(Organization).where(Party.name == "Isdom")).one()
        assert isdom.parent.name == "Bubba Gump"
        assert isdom.address.country == "PH"
        assert str(isdom.annual_revenue.amount) == "3178240000.00"


def test_doubts_are_told_and_the_values_kept(workbench, run, make_files):
    report = run(make_files())
    assert "sector “technolgy” is kept as it is; it looks like “technology”" in said(report)
    assert "country “Philipines” is read as Philippines" in said(report)
    assert "deals, line 2: product “GTXPro” is read as “GTX Pro”" in said(report)
    with workbench.reading() as session:
        source = session.scalars(select(SourceRecord).where(SourceRecord.key == "Isdom")).one()
        assert source.payload["office_location"] == "Philipines"
        gump = session.scalars(select(Organization).where(Party.name == "Bubba Gump")).one()
        assert gump.sector == "technolgy"


def test_stage_history_says_what_the_source_says_and_nothing_else(workbench, run, make_files):
    run(make_files())
    with workbench.reading() as session:
        rows = select(SourceRecord.key, Stage.name, StageEvent.entered_at)
        rows = rows.join(StageEvent, StageEvent.deal_id == SourceRecord.record_id).join(Stage)
        rows = rows.where(SourceRecord.kind == "deals").order_by(StageEvent.id)
        told = [(key, stage, at and at.date().isoformat()) for key, stage, at in session.execute(rows)]
    assert told == [
        ("A1", "Engaging", "2016-10-20"),
        ("A1", "Won", "2017-03-01"),
        ("A2", "Engaging", "2016-10-25"),
        ("A2", "Lost", "2017-03-11"),
        ("A3", "Engaging", "2016-10-25"),
        ("A4", "Prospecting", None),
    ]


def test_who_has_bought_is_a_customer_since_then(workbench, run, make_files):
    run(make_files())
    with workbench.reading() as session:
        rows = select(Party.name, LifecycleEvent.lifecycle, LifecycleEvent.at).join(Party)
        rows = rows.where(Party.name == "Cancity").order_by(LifecycleEvent.id)
        assert [tuple(row) for row in session.execute(rows)] == [
            ("Cancity", Lifecycle.PROSPECT, datetime(2016, 10, 20, tzinfo=UTC)),
            ("Cancity", Lifecycle.CUSTOMER, datetime(2017, 3, 1, tzinfo=UTC)),
        ]
        isdom = session.scalars(select(Party).where(Party.name == "Isdom")).one()
        assert isdom.lifecycle is Lifecycle.PROSPECT
        assert session.scalar(select(func.count()).where(Party.lifecycle == Lifecycle.COLLEAGUE)) == 5
        suparman = session.scalars(select(Party).where(Party.name == "Suparman")).one()
        assert (suparman.given_name, suparman.family_name) == ("Suparman", None)
        assert session.get(Seller, suparman.id).region == "Central"


def test_the_same_files_again_change_nothing(workbench, run, make_files):
    run(make_files())
    before = rows_in_all_tables(workbench)
    known = run(make_files())
    assert (len(known.known_files), known.counts, known.changed_anything) == (4, {}, False)
    report = run(make_files(), again=True)
    assert not report.changed_anything
    assert report.headline() == "Nothing new in these files: 14 unchanged."
    assert report.import_id is None
    assert rows_in_all_tables(workbench) == before


def test_a_dry_run_tells_the_same_and_keeps_nothing(workbench, run, make_files):
    before = rows_in_all_tables(workbench)
    dry = run(make_files(), dry_run=True)
    assert rows_in_all_tables(workbench) == before
    real = run(make_files())
    assert {kind: vars(counts) for kind, counts in dry.counts.items()} == {
        kind: vars(counts) for kind, counts in real.counts.items()
    }
    assert dry.headline().startswith("Nothing was changed")
    assert dry.import_id is None
    assert real.import_id is not None


def test_a_newer_file_changes_only_what_changed(workbench, run, make_files, clock):
    run(make_files())
    clock.advance(days=1)
    newer = PIPELINE.replace(
        "A3,Darcel Schlecht,MG Special,Isdom,Engaging,2016-10-25,,",
        "A3,Darcel Schlecht,MG Special,Isdom,Won,2016-10-25,2017-05-02,61",
    )
    report = run(make_files(pipeline=newer))
    assert (report.total("new"), report.total("changed"), report.of("deals").unchanged) == (0, 1, 3)
    deal = deal_of(workbench, "A3")
    with workbench.reading() as session:
        deal = session.get_one(Deal, deal.id)
        assert (deal.stage.name, str(deal.amount.amount), deal.closed_on.isoformat()) == ("Won", "61.00", "2017-05-02")
        assert [event.stage.name for event in deal.stage_events] == ["Engaging", "Won"]
        assert deal.party.lifecycle is Lifecycle.CUSTOMER
        sources = session.scalars(select(SourceRecord).where(SourceRecord.key == "A3")).all()
        assert [source.payload["deal_stage"] for source in sources] == ["Engaging", "Won"]
        changes = session.scalars(
            select(JournalEntry).where(JournalEntry.kind == "update", JournalEntry.record == "deal")
        )
        assert {key for entry in changes for key in entry.after} == {
            "stage_id",
            "amount_minor",
            "currency",
            "closed_on",
        }


def test_what_people_changed_here_is_kept_and_pointed_out(workbench, run, make_files):
    run(make_files())
    with workbench.reading() as session:
        party = session.scalars(select(Party.id).where(Party.name == "Cancity")).one()
    workbench.contacts.edit_party(party, {"sector": "fashion", "country": "CA"})
    report = run(
        make_files(
            accounts=ACCOUNTS.replace(
                "Cancity,retail,2001,718.62,2448,United States", "Cancity,wholesale,2001,718.62,2500,Mexico"
            )
        )
    )
    assert "sector says “fashion” here since somebody changed it; the file's “wholesale” was not taken over" in said(
        report
    )
    with workbench.reading() as session:
        cancity = session.get_one(Organization, party)
        assert (cancity.sector, cancity.n_employees, cancity.address.country) == ("fashion", 2500, "CA")


def test_a_deal_moved_here_stays_where_people_put_it(workbench, run, make_files):
    run(make_files())
    workbench.sales.win_deal(deal_of(workbench, "A3").id)
    lost = PIPELINE.replace("Isdom,Engaging,2016-10-25,,", "Isdom,Lost,2016-10-25,2017-05-02,0")
    report = run(make_files(pipeline=lost))
    assert "stage says “Won” here since somebody changed it" in said(report)
    with workbench.reading() as session:
        assert session.get_one(Deal, deal_of(workbench, "A3").id).stage.name == "Won"


def test_a_row_that_is_gone_is_noted_and_its_record_stays(workbench, run, make_files):
    run(make_files())
    report = run(make_files(pipeline=PIPELINE.replace("A4,Moses Frase,GTX Pro,,Prospecting,,,\n", "")))
    assert "1 row of an earlier import is not in this file. Its record stays: A4." in said(report)
    assert len(workbench.sales.deals()) == 4


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("A9,Moses Frase,GTX Pro,Cancity,Sold,2017-01-01,,", "Stage, “Sold”: choose one of: Prospecting"),
        ("A9,Moses Frase,GTX Pro,Cancity,Won,01/02/2017,2017-03-01,5", "Engage date, “01/02/2017”: is not a day"),
        ("A9,Moses Frase,GTX Pro,Cancity,Won,2017-01-01,,5", "a deal that is won or lost has one"),
        ("A9,Moses Frase,GTX Pro,Cancity,Won,2017-01-01,2017-02-01,much", "Close value, “much”: is not a number"),
        ("A9,Moses Frase,GTX Pro,Cancity,Won,2017-01-01,2017-02-01,-5", "not an amount between nothing and"),
        ("A9,Moses Frase,GTX Pro,Cancity,Won,2017-01-01,2017-02-01,9e999999", "not an amount between nothing and"),
        ("A9,Moses Frase,GTX Pro,Cancity,Won,2017-01-01,2017-02-01,NaN", "not an amount between nothing and"),
        (f"A9,Moses Frase,{'x' * 501},Cancity,Engaging,2017-01-01,,", "product is longer than 500 characters"),
        ("A9,Moses Frase,GTX Pro", "3 values, and the header names 8 columns"),
        (",Moses Frase,GTX Pro,Cancity,Engaging,2017-01-01,,", "does not say what it is called"),
        ("A1,Moses Frase,GTX Pro,Cancity,Engaging,2017-01-01,,", "“A1” is there already, in line 2"),
    ],
)
def test_a_row_that_cannot_be_is_refused_alone_with_its_reason(workbench, run, make_files, row, says):
    report = run(make_files(pipeline=PIPELINE + row + "\n"))
    assert (report.of("deals").new, report.of("deals").refused) == (4, 1)
    assert f"deals, line 6: {says}" in said(report) or says in said(report)
    assert len(workbench.sales.deals()) == 4


def test_a_name_that_nobody_has_is_left_empty_and_the_nearest_proposed(workbench, run, make_files):
    row = "A9,Moses Fraser,GTX Prov,Cancty,Engaging,2017-01-01,,\n"
    report = run(make_files(pipeline=PIPELINE + row))
    assert "there is no account “Cancty”, so it is left empty; did they mean “Cancity”?" in said(report)
    assert "there is no product “GTX Prov”, so it is left empty; did they mean “GTX Pro”?" in said(report)
    assert "did they mean “Moses Frase”?" in said(report)
    assert deal_of(workbench, "A9").party_id is None


def test_an_organization_that_is_here_already_is_adopted(workbench, run, make_files):
    known = workbench.contacts.add_organization(name="CANCITY", n_employees=7, country="DE")
    run(make_files())
    with workbench.reading() as session:
        found = session.scalars(select(Organization).where(Party.folded == "cancity")).all()
        assert [one.id for one in found] == [known.id]
        assert (found[0].n_employees, found[0].sector, found[0].address.country) == (7, "retail", "DE")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("Far,retail,99999,1,1,Kenya,", "Year established, “99999”: is not between 1000 and 2200"),
        ("Far,retail,2001,1,99999999999,Kenya,", "Employees, “99999999999”: is not between 0"),
        ("Far,retail,2001,1,many,Kenya,", "Employees, “many”: is not a whole number"),
        ("Far,retail,2001,1e30,1,Kenya,", "Revenue, “1e30”: is not an amount between"),
    ],
)
def test_a_number_that_no_database_holds_is_refused_in_words(run, make_files, row, says):
    report = run(make_files(accounts=ACCOUNTS + row + "\n"))
    assert report.of("accounts").refused == 1
    assert says in said(report)


def test_two_rows_of_one_file_are_never_taken_for_one_record(workbench, run, make_files):
    report = run(make_files(accounts=ACCOUNTS + "CANCITY,retail,2001,1,1,Kenya,\n"))
    assert report.of("accounts").new == 4
    assert (workbench.contacts.parties()["party"].str.lower() == "cancity").sum() == 2


def test_a_manager_who_sells_is_one_person(workbench, run, make_files):
    run(make_files(teams=TEAMS + "Melvin Marxen,,West\n"))
    people = workbench.contacts.parties(with_colleagues=True)
    assert (people["party"] == "Melvin Marxen").sum() == 1


def test_two_imports_at_once_bring_everything_once(workbench, make_files):
    files = make_files()

    def run_one(_number):
        with workbench.session() as session:
            return import_files(session, "maven_crm", files, at=workbench.now()).total("new")

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(run_one, range(2))) == [0, 14]
    assert len(workbench.sales.deals()) == 4


def test_a_circle_of_parents_is_pointed_out(workbench, run, make_files):
    circle = ACCOUNTS.replace("Norway,\n", "Norway,Isdom\n")
    assert "cannot be its parent: it belongs to it" in said(run(make_files(accounts=circle)))


def test_files_that_cannot_be_understood_change_nothing(workbench, run, make_files, tmp_path):
    before = rows_in_all_tables(workbench)
    (tmp_path / "other.csv").write_text("colour,size\nred,3\n")
    with pytest.raises(InvalidInput, match="fit none of the tables of Maven CRM"):
        run([*make_files(), tmp_path / "other.csv"])
    with pytest.raises(InvalidInput, match="looks like accounts, but lacks the columns revenue"):
        run(make_files(accounts=ACCOUNTS.replace("revenue", "turnover")))
    with pytest.raises(NotFound):
        run([*make_files(), tmp_path / "nowhere.csv"])
    with pytest.raises(InvalidInput, match="its rows name accounts; import that file with it"):
        run(make_files(accounts=""))
    with pytest.raises(InvalidInput, match="choose one of: cdnow, maven_crm"), workbench.session() as session:
        import_files(session, "sugar", make_files(), at=workbench.now())
    assert rows_in_all_tables(workbench) == before


def test_files_may_come_one_after_the_other(workbench, run, make_files):
    accounts, products, teams, pipeline = make_files()
    for path in (products, accounts, teams, pipeline):
        run([path])
    assert len(workbench.sales.deals()) == 4
    with workbench.reading() as session:
        assert session.scalar(select(func.count()).select_from(Import)) == 4


def test_an_import_is_one_batch_of_the_journal(workbench, run, make_files):
    run(make_files())
    with workbench.reading() as session:
        batch = session.scalars(select(Import.batch)).one()
        assert set(session.scalars(select(JournalEntry.batch))) == {batch}


def test_what_the_source_said_is_found_from_the_record(workbench, run, make_files):
    from crmlib.exchange import imports, sources_of

    run(make_files())
    with workbench.reading() as session:
        (source,) = sources_of(session, "deal", deal_of(workbench, "A1").id)
        assert (source["system"], source["key"], source["payload"]["product"]) == ("maven_crm", "A1", "GTXPro")
        assert list(imports(session)["system"]) == ["maven_crm"]


@pytest.mark.slow
def test_the_real_files_give_the_published_figures(workbench, run, real_data):
    """The figures were computed from the files apart from this code, and are kept beside them."""
    files = sorted((real_data / "maven_crm").glob("*.csv.gz"))
    report = run(files)
    assert (report.of("deals").new, report.of("accounts").new, report.total("refused")) == (8800, 85, 0)
    deals = workbench.sales.deals()
    won, lost = deals[deals["status"] == "won"], deals[deals["status"] == "lost"]
    assert (len(won), len(lost), len(deals)) == (4238, 2473, 8800)
    assert won["amount"].sum() == 10_005_534
    assert round(len(won) / (len(won) + len(lost)), 4) == 0.6315
    assert deals["stage"].value_counts().to_dict() == {"Won": 4238, "Lost": 2473, "Engaging": 1589, "Prospecting": 500}
    assert int(deals["party_id"].isna().sum()) == 1425

    def sums(column):
        return won.groupby(column, observed=True)["amount"].sum().sort_values(ascending=False)

    agents, managers = sums("owner"), sums("manager")
    assert agents.head(2).to_dict() == {"Darcel Schlecht": 1_153_214, "Vicki Laflamme": 478_396}
    assert sums("region").to_dict() == {"West": 3_568_647, "Central": 3_346_293, "East": 3_090_594}
    assert (managers.index[0], managers.iloc[0]) == ("Melvin Marxen", 2_251_930)
    assert (managers.index[-1], managers.iloc[-1]) == ("Dustin Brinkmann", 1_094_363)
    top = {"GTX Pro": 3_510_578, "GTX Plus Pro": 2_629_651, "MG Advanced": 2_216_387}
    assert sums("product").head(3).to_dict() == top
    quarters = won.groupby(won["closed_on"].dt.quarter)["amount"].sum()
    assert quarters.to_dict() == {1: 1_134_672, 2: 3_086_111, 3: 2_982_255, 4: 2_802_496}
    days = (deals["closed_on"] - deals["opened_on"]).dt.days
    assert round(days[won.index].mean(), 2) == 51.78
    assert round(days[lost.index].mean(), 2) == 41.48
    sellers = workbench.sales.sellers()
    assert len(set(sellers["owner"]) - set(deals["owner"].dropna()) - set(sellers["manager"].dropna())) == 5
    before = rows_in_all_tables(workbench)
    assert not run(files, again=True).changed_anything
    assert rows_in_all_tables(workbench) == before
