import csv
import gzip
from datetime import date

import pytest

from crmlib.base import Conflict, InvalidInput, InvalidTransition, JournalEntry, Money, Refused
from crmlib.contacts import Lifecycle, add_person
from crmlib.sales import LEAD_CONVERSION, LEADS, Lead, LeadKind, LeadStatus, LeadStatusEvent, lead_conversion


@pytest.fixture
def ana(workbench):
    return workbench.contacts.add_person(given_name="Ana", family_name="Pop")


@pytest.fixture
def make_lead(workbench, ana):
    def make(**more):
        return workbench.sales.receive_lead(**{"party": ana.id, "source": "Google", "origin": "form", **more})

    return make


def test_a_lead_may_be_about_somebody_new(workbench, told):
    lead = workbench.sales.receive_lead(
        person={"given_name": "Budi", "email": "budi@example.com"},
        organization={"name": "Toko Maju"},
        subject="Price of sensors",
        details={"visits": 4, "page": "/sensors"},
    )
    card = workbench.sales.lead_card(lead.id)
    assert (card.party.name, card.party.lifecycle, card.details["visits"]) == ("Budi", Lifecycle.LEAD, 4)
    assert workbench.contacts.party_card(card.party_id).affiliations[0].organization.name == "Toko Maju"
    assert "Inquiry received: Price of sensors" in told(card.party_id)


def test_a_lead_needs_somebody_who_asks_and_only_one(workbench, ana):
    with pytest.raises(InvalidInput, match="who asks"):
        workbench.sales.receive_lead(source="Google")
    with pytest.raises(Refused, match="not by both"):
        workbench.sales.receive_lead(party=ana.id, person={"given_name": "Budi"})
    with pytest.raises(InvalidInput, match="100 is the most"):
        workbench.sales.receive_lead(party=ana.id, score=101)
    with pytest.raises(InvalidInput, match="no such field"):
        workbench.sales.receive_lead(party=ana.id, colour="red")
    with pytest.raises(InvalidInput, match="nothing or more"):
        workbench.sales.receive_lead(party=ana.id, amount=Money(-1, "EUR"))
    assert len(workbench.sales.leads()) == 0


def test_a_prospect_who_asks_is_a_lead_and_a_customer_stays_one(workbench, make_lead, ana):
    make_lead()
    assert workbench.contacts.party_card(ana.id).lifecycle is Lifecycle.LEAD
    workbench.contacts.set_lifecycle(ana.id, Lifecycle.CUSTOMER)
    make_lead()
    assert workbench.contacts.party_card(ana.id).lifecycle is Lifecycle.CUSTOMER


def test_qualifying_opens_a_deal_and_copies_nothing(workbench, pipeline, make_lead, make_colleague, told):
    mia = make_colleague("Mia")
    sensor = workbench.catalog.add_product(name="Sensor")
    lead = make_lead(product=sensor.id, amount=Money.of("900", "EUR"), owner=mia.id, subject="Asked", campaign="Fair")
    deal = workbench.sales.qualify_lead(lead.id)
    assert (deal.lead_id, deal.name, deal.owner_id) == (lead.id, "Sensor, Ana Pop", mia.id)
    assert (deal.amount, deal.product_id, deal.expected_close_on) == (None, None, None)
    row = workbench.sales.leads().iloc[0]
    assert (row["status"], row["kind"], row["deal_id"], row["amount"]) == ("qualified", "qualified", deal.id, 900.0)
    assert "Inquiry Asked qualified, deal Sensor, Ana Pop opened" in told(lead.party_id)
    assert workbench.sales.deal_sources().iloc[0].to_dict() == {
        "deal_id": deal.id, "source": "Google", "source_of": "lead", "campaign": "Fair",
    }  # fmt: skip
    with pytest.raises(InvalidTransition, match="closed"):
        workbench.sales.qualify_lead(lead.id)


def test_a_deal_without_a_lead_comes_from_where_its_party_does(workbench, make_deal):
    firm = workbench.contacts.add_organization(name="Acme", source="referral")
    make_deal(party=firm.id)
    make_deal()
    sources = workbench.sales.deal_sources()
    assert list(sources["source_of"].astype(object).fillna("–")) == ["party", "–"]
    assert sources["source"][0] == "referral"


def test_disqualifying_needs_a_reason_and_reopening_keeps_it_in_the_history(workbench, make_lead, clock):
    lead = make_lead()
    with pytest.raises(InvalidInput, match="no sale"):
        workbench.sales.disqualify_lead(lead.id, reason=" ")
    workbench.sales.disqualify_lead(lead.id, reason="no budget", note="Next year")
    with pytest.raises(InvalidTransition, match="closed"):
        workbench.sales.disqualify_lead(lead.id, reason="spam")
    clock.advance(days=200)
    again = workbench.sales.reopen_lead(lead.id, reason="New year")
    assert (again.status, again.closed_at, again.disqualified_reason) == (LeadStatus.WORKING, None, None)
    steps = [(event.status.value, event.reason) for event in workbench.sales.lead_card(lead.id).status_events]
    assert steps == [("new", None), ("disqualified", "no budget"), ("working", "New year")]
    with pytest.raises(InvalidTransition, match="open already"):
        workbench.sales.reopen_lead(lead.id)


def test_a_lead_whose_deal_lives_is_not_reopened(workbench, pipeline, make_lead):
    lead = make_lead()
    deal = workbench.sales.qualify_lead(lead.id, name="Sensors")
    with pytest.raises(InvalidTransition, match="“Sensors” came from this inquiry and is Qualified"):
        workbench.sales.reopen_lead(lead.id)
    workbench.sales.lose_deal(deal.id, reason="price")
    assert workbench.sales.reopen_lead(lead.id).kind is LeadKind.OPEN


def test_the_first_answer_is_kept_with_how_long_it_took(workbench, make_lead, clock):
    lead = make_lead()
    clock.advance(minutes=90)
    first = workbench.sales.respond_lead(lead.id)
    assert (first.first_response_at, first.status) == (clock.now, LeadStatus.WORKING)
    clock.advance(days=1)
    assert workbench.sales.respond_lead(lead.id).first_response_at == first.first_response_at
    with workbench.reading() as session:
        event = session.query(JournalEntry).filter_by(kind="LeadResponded").one()
        assert event.after["waited_minutes"] == 90


def test_a_lead_moves_between_open_statuses_only(workbench, make_lead):
    lead = make_lead()
    assert workbench.sales.set_lead_status(lead.id, "waiting").status is LeadStatus.WAITING
    with pytest.raises(InvalidTransition, match="Qualify or disqualify"):
        workbench.sales.set_lead_status(lead.id, "qualified")


def test_a_lead_by_somebody_we_know_goes_over_with_its_deals(workbench, pipeline, make_lead, told):
    known = workbench.contacts.add_person(given_name="Ana", family_name="Popescu")
    lead = make_lead(subject="Asked")
    deal = workbench.sales.qualify_lead(lead.id)
    merged = workbench.sales.merge_lead(lead.id, known.id)
    assert (merged.party_id, workbench.sales.deal_card(deal.id).party_id) == (known.id, known.id)
    assert "Inquiry Asked is by Ana Popescu, not by Ana Pop" in told(known.id)
    with workbench.reading() as session:
        changes = session.query(JournalEntry).filter_by(record="lead", kind="update")
        assert any("party_id" in change.after for change in changes)


def test_scores_owners_and_fields_change_by_their_actions(workbench, make_lead, make_colleague, told):
    lead, mia = make_lead(subject="Asked"), make_colleague("Mia")
    workbench.sales.score_lead(lead.id, 80, why="Visited the prices")
    workbench.sales.assign_lead(lead.id, mia.id)
    workbench.sales.edit_lead(lead.id, {"rating": "hot", "amount": "1200"}, was={"rating": None}, currency="EUR")
    row = workbench.sales.leads().iloc[0]
    assert (row["score"], row["owner"], row["rating"], row["amount"]) == (80, "Mia", "hot", 1200.0)
    assert {"Inquiry Asked: owner now Mia, before nobody", "Inquiry Asked: score now 80"} <= set(told(lead.party_id))
    with pytest.raises(Conflict) as refused:
        workbench.sales.edit_lead(lead.id, {"rating": "cold", "amount": "5"}, was={"rating": "warm", "amount": "7.00"})
    assert refused.value.theirs == {"rating": "hot", "amount": "1200.00"}
    assert refused.value.mine == {"rating": "cold", "amount": "5"}
    with pytest.raises(InvalidInput, match="no such field"):
        workbench.sales.edit_lead(lead.id, {"status": "qualified"})


def test_the_inbox_shows_pages_in_the_order_asked_for(workbench, make_lead, make_colleague, clock):
    mia = make_colleague("Mia")
    for n in range(5):
        make_lead(subject=f"No. {n}", score=(n * 37) % 100, owner=mia.id if n % 2 else None)
        clock.advance(hours=1)
    workbench.sales.disqualify_lead(1, reason="spam")
    page = workbench.sales.leads_page(per_page=2)
    assert (page.total, [row["subject"] for row in page.rows]) == (4, ["No. 4", "No. 3"])
    assert set(LEADS) == set(page.rows[0])
    assert [row["score"] for row in workbench.sales.leads_page(sort="score").rows] == [74, 48, 37, 11]
    assert workbench.sales.leads_page(unassigned=True).total == 2
    assert workbench.sales.leads_page(owner_id=mia.id).total == 2
    assert workbench.sales.leads_page(kind="disqualified").total == 1
    assert workbench.sales.leads_page(kind="all", search="pop no").total == 5
    assert workbench.sales.leads_page(search="nobody").total == 0
    workbench.sales.respond_lead(2)
    assert [row["subject"] for row in workbench.sales.leads_page(sort="unanswered").rows][-1] == "No. 1"
    assert len(workbench.sales.leads_of(page.rows[0]["party_id"])) == 5


def test_conversion_is_counted_by_source(workbench, pipeline, make_lead):
    for number in range(4):
        lead = make_lead(source="Google")
        if number < 3:
            deal = workbench.sales.qualify_lead(lead.id)
    workbench.sales.win_deal(deal.id)
    workbench.sales.disqualify_lead(make_lead(source=None).id, reason="spam")
    found = workbench.sales.lead_conversion()
    assert {key: str(dtype) for key, dtype in found.dtypes.items()} == LEAD_CONVERSION
    assert found.iloc[0].to_dict() == {
        "group": "Google", "n_leads": 4, "n_open": 1, "n_qualified": 3, "n_disqualified": 0, "n_won": 1,
        "conversion_rate": 0.75,
    }  # fmt: skip
    assert (found["group"].isna()[1], found["n_disqualified"][1]) == (True, 1)
    assert len(workbench.sales.lead_conversion(from_on=date(2026, 7, 2))) == 0
    assert len(workbench.sales.lead_conversion(by="origin", to_on=date(2026, 7, 1))) == 1


def test_the_frames_keep_their_contract_when_empty(workbench):
    frame = workbench.sales.leads()
    assert list(frame.columns) == list(LEADS)
    assert [str(frame[key].dtype) for key in ("amount", "received_at", "score")] == [
        "float64", "datetime64[us, UTC]", "Int64",
    ]  # fmt: skip
    assert list(workbench.sales.lead_conversion().columns) == list(LEAD_CONVERSION)


def test_a_deleted_lead_leaves_its_deals(workbench, pipeline, make_lead):
    lead = make_lead()
    deal = workbench.sales.qualify_lead(lead.id)
    workbench.sales.delete_lead(lead.id)
    assert workbench.sales.deal_card(deal.id).lead_id is None
    assert len(workbench.sales.leads()) == 0


@pytest.mark.slow
def test_the_leads_of_x_education_fit(workbench, session, real_data):
    """9,240 leads with source, counters and flags; 3,561 converted (38.54 %), as their dictionary's readers count."""
    with gzip.open(real_data / "x_education_leads" / "Leads.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    asks = add_person(session, given_name="Asks", at=workbench.now())
    origins = {
        "Landing Page Submission": "landing page", "API": "api", "Lead Add Form": "form", "Lead Import": "import",
        "Quick Add Form": "form",
    }  # fmt: skip
    taken = {"Lead Source", "Lead Origin", "Converted"}
    for row in rows:
        status = LeadStatus.QUALIFIED if row["Converted"] == "1" else LeadStatus.NEW
        lead = Lead(
            party=asks, status=status, source=row["Lead Source"] or None, origin=origins[row["Lead Origin"]],
            details={key: value for key, value in row.items() if key not in taken},
        )  # fmt: skip
        lead.status_events.append(LeadStatusEvent(status=status))
        session.add(lead)
    by_source = lead_conversion(session).set_index("group")
    assert (by_source["n_leads"].sum(), by_source["n_qualified"].sum()) == (9240, 3561)
    assert round(by_source["n_qualified"].sum() / by_source["n_leads"].sum(), 4) == 0.3854
    google = by_source.loc["Google"]
    assert (google["n_leads"], round(google["conversion_rate"], 4)) == (2868, 0.3999)
    assert round(by_source.loc["Reference", "conversion_rate"], 4) == 0.9176
