"""The desk as a salesperson uses it: in a real browser, by mouse, keyboard and thumb."""

import re

import pytest
from playwright.sync_api import expect

from crmlib.base import Money
from crmlib.contacts import Lifecycle
from crmlib.workbench import create_workbench

pytestmark = pytest.mark.browser

# A machine that builds other things meanwhile is slow, not wrong.
expect.set_options(timeout=15_000)

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def workbench(tmp_path_factory):
    """A small company; each test adds the customer or the deal that it works with."""
    made = create_workbench(
        tmp_path_factory.mktemp("desk") / "workspace",
        name="Halyard & Sons",
        currency="EUR",
        locale="en",
        timezone="UTC",
        country="DE",
    )
    made.sales.add_pipeline(name="Instruments")
    made.contacts.add_person(given_name="Suparman", lifecycle=Lifecycle.COLLEAGUE)
    for n in range(24):
        made.contacts.add_person(given_name=f"Ana {n:02}", city="București", country="RO")
    yield made
    made.close()


@pytest.fixture
def address(workbench, desk_server):
    return desk_server(workbench.settings.workspace)


@pytest.fixture
def open_desk(address, open_page):
    """Open the desk on a view; it gives back a page whose view is drawn."""

    def open_it(query="", drawn=".crm-stand-view", **how):
        page = open_page(address + query, **how)
        expect(page.locator(drawn).first).to_be_visible()
        return page

    return open_it


@pytest.fixture
def make_deal(workbench):
    def make(name, amount="100"):
        return workbench.sales.open_deal(name=name, amount=Money.of(amount, "EUR")).id

    return make


def card_in(page, stage, name):
    return (
        page.locator(".crm-column").filter(has=page.locator(f"b:text-is('{stage}')")).get_by_role("button", name=name)
    )


def toast(page, words):
    expect(page.locator(".v-snackbar").filter(has_text=words)).to_be_visible()


def drag(page, card, target):
    """Press, carry and drop as a hand does, in steps."""
    page.mouse.move(*middle(card))
    page.mouse.down()
    x, y = middle(card)
    page.mouse.move(x + 8, y + 3, steps=3)
    box = target.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, min(box["y"] + box["height"] / 2, 700), steps=8)
    page.mouse.up()


def middle(locator):
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def does_not_scroll_sideways(page):
    return page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


# --- the board ---------------------------------------------------------------------------------------


def test_a_deal_that_was_dragged_is_where_it_was_dropped_after_a_reload(open_desk, make_deal):
    make_deal("Dragged sensors")
    page = open_desk("?view=pipeline", ".crm-deal")
    drag(page, card_in(page, "Qualified", "Dragged sensors"), page.locator(".crm-column").nth(2))
    toast(page, "“Dragged sensors” moved to Offer sent.")
    page.reload()
    expect(card_in(page, "Offer sent", "Dragged sensors")).to_be_visible()


def test_a_deal_is_carried_by_keyboard(open_desk, make_deal):
    make_deal("Carried sensors")
    page = open_desk("?view=pipeline", ".crm-deal")
    card_in(page, "Qualified", "Carried sensors").focus()
    for key in ("Space", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("[aria-live=assertive]")).to_have_text("Carried sensors over Offer sent")
    page.keyboard.press("Space")
    toast(page, "“Carried sensors” moved to Offer sent.")
    page.reload()
    expect(card_in(page, "Offer sent", "Carried sensors")).to_be_visible()


def test_escape_puts_a_lifted_card_back(open_desk, make_deal):
    make_deal("Returned sensors")
    page = open_desk("?view=pipeline", ".crm-deal")
    card_in(page, "Qualified", "Returned sensors").focus()
    for key in ("Space", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    expect(card_in(page, "Qualified", "Returned sensors")).to_be_visible()


def test_escape_ends_a_drag_and_the_focus_stays_on_a_card_that_was_dropped(open_desk, make_deal):
    make_deal("Hesitant sensors")
    page = open_desk("?view=pipeline", ".crm-deal")
    card = card_in(page, "Qualified", "Hesitant sensors")
    page.mouse.move(*middle(card))
    page.mouse.down()
    page.mouse.move(700, 400, steps=6)
    expect(page.locator(".crm-ghost")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".crm-ghost")).to_have_count(0)
    page.mouse.up()
    card.focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    toast(page, "“Hesitant sensors” moved to Needs analysis.")
    expect(card_in(page, "Needs analysis", "Hesitant sensors")).to_be_focused()


def test_the_toast_of_one_move_is_not_in_the_way_of_the_next(open_desk, make_deal):
    make_deal("First sensors")
    make_deal("Second sensors")
    page = open_desk("?view=pipeline", ".crm-deal")
    drag(page, card_in(page, "Qualified", "First sensors"), page.locator(".crm-column").nth(1))
    toast(page, "“First sensors” moved")
    page.mouse.move(*middle(card_in(page, "Qualified", "Second sensors")))
    page.mouse.down()
    page.mouse.move(400, 500, steps=4)
    zone = page.locator("[data-zone=lost]").bounding_box()
    page.mouse.move(zone["x"] + 60, zone["y"] + 20, steps=6)
    page.mouse.up()
    expect(page.get_by_role("dialog").filter(has_text="Why was this deal lost?")).to_be_visible()


def test_lost_asks_for_a_reason_and_undo_takes_it_back(open_desk, make_deal):
    deal = make_deal("Doubtful sensors")
    page = open_desk(f"?view=pipeline&deal={deal}", ".crm-side")
    page.get_by_role("button", name="Mark as lost").click()
    dialog = page.get_by_role("dialog").filter(has_text="Why was this deal lost?")
    dialog.get_by_role("button", name="Mark as lost").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Choose a reason")
    dialog.get_by_role("radio", name="Price").click()
    dialog.get_by_role("button", name="Mark as lost").click()
    toast(page, "“Doubtful sensors” is lost")
    expect(page.locator(".crm-deal", has_text="Doubtful sensors")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(card_in(page, "Qualified", "Doubtful sensors")).to_be_visible()


def test_a_refused_move_slides_back_and_says_why(workbench, open_desk, make_deal):
    deal = make_deal("Contested sensors")
    page = open_desk("?view=pipeline", ".crm-deal")
    workbench.sales.win_deal(deal)
    drag(page, card_in(page, "Qualified", "Contested sensors"), page.locator(".crm-column").nth(1))
    toast(page, "“Contested sensors” is Won. Reopen it before you move it.")
    expect(card_in(page, "Won this month", "Contested sensors")).to_be_visible()


# --- quick add ---------------------------------------------------------------------------------------


def test_a_mistake_is_told_beside_its_field_and_what_was_typed_stays(workbench, open_desk):
    page = open_desk()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Given names").fill("Mihaela")
    page.get_by_label("E-mail").fill("mihaela@tomar")
    page.get_by_label("Phone").fill("+62 812 345")
    page.get_by_role("button", name="Add person").click()
    expect(page.locator("[data-field=email]")).to_contain_text("ending, such as .com")
    expect(page.locator("[data-field=phone]")).to_contain_text("Too short")
    expect(page.get_by_role("alert").filter(has_text="2 fields need another look")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_be_focused()
    assert page.get_by_label("Given names").input_value() == "Mihaela"
    page.get_by_label("E-mail").fill("mihaela@tomar.example")
    page.get_by_label("Phone").fill("+40 721 234 567")
    page.get_by_role("button", name="Add person").click()
    toast(page, "Mihaela is in your customers.")
    assert [one["party"] for one in workbench.contacts.find_parties("mihaela")] == ["Mihaela"]
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="Mihaela")).to_be_visible()


def test_a_draft_survives_a_reload(open_desk):
    page = open_desk()
    page.keyboard.press("c")
    page.get_by_label("Given names").fill("Half a na")
    page.reload()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Given names")).to_have_value("Half a na")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_label("Given names")).to_have_value("")


def test_a_second_click_does_not_add_a_second_person(workbench, open_desk):
    page = open_desk()
    page.keyboard.press("c")
    page.get_by_label("Given names").fill("Onlyone")
    page.get_by_role("button", name="Add person").dblclick()
    toast(page, "Onlyone is in your customers.")
    page.wait_for_timeout(500)
    assert len(workbench.contacts.find_parties("onlyone")) == 1


def test_somebody_known_already_is_pointed_out_and_can_be_added_all_the_same(workbench, open_desk):
    workbench.contacts.add_person(
        given_name="Nicoleta", family_name="Vasilescu", email="nicoleta@muntele.example", city="Brad", country="RO"
    )
    page = open_desk(phone=True)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Given names").fill("Nicolet")
    page.get_by_label("E-mail").fill("NICOLETA@muntele.example")
    page.get_by_label("Phone").focus()
    near = page.locator(".crm-near", has_text="Nicoleta Vasilescu is very likely the same: same e-mail")
    expect(near).to_be_in_viewport()
    page.get_by_label("E-mail").fill("nv@other.example")
    page.get_by_label("Phone").focus()
    expect(near).to_have_count(0)
    for label, typed in (("Given names", "Nicoleta"), ("Family name", "Vasilesku"), ("City", "Brad")):
        page.get_by_label(label).fill(typed)
    page.get_by_label("Country").fill("RO")
    page.get_by_label("Country").blur()
    expect(page.locator(".crm-near", has_text="Nicoleta Vasilescu")).to_be_in_viewport()
    page.get_by_role("button", name="Add person").click()
    toast(page, "Nicoleta Vasilesku is in your customers.")
    assert len(workbench.contacts.find_parties("nicoleta vasiles")) == 2


# --- a customer --------------------------------------------------------------------------------------


def test_a_fact_is_edited_in_place_and_escape_leaves_it(workbench, open_desk):
    party = workbench.contacts.add_person(given_name="Editha", job_title="Buyer").id
    page = open_desk(f"?view=party&id={party}", "h1")
    title, country = (page.locator(f".crm-fact[data-key={key}]") for key in ("job_title", "country"))
    title.locator(".crm-fact-value").click()
    title.get_by_role("textbox").fill("Something else")
    page.keyboard.press("Escape")
    expect(title.locator(".crm-fact-value")).to_have_text("Buyer")
    title.locator(".crm-fact-value").click()
    title.get_by_role("textbox").fill("Head of purchasing")
    page.keyboard.press("Enter")
    expect(title.locator(".crm-fact-value")).to_have_text("Head of purchasing")
    country.locator(".crm-fact-value").click()
    country.get_by_role("textbox").fill("Atlantis")
    page.keyboard.press("Enter")
    expect(country).to_contain_text("not a country")
    expect(country.get_by_role("textbox")).to_have_value("Atlantis")
    page.keyboard.press("Escape")
    country.locator(".crm-fact-value").click()
    expect(country).not_to_contain_text("not a country")
    page.reload()
    expect(title.locator(".crm-fact-value")).to_have_text("Head of purchasing")
    expect(country.locator(".crm-fact-value")).to_have_text("Add country")


def test_a_refused_fact_keeps_its_reason_while_another_is_refused(workbench, open_desk):
    party = workbench.contacts.add_organization(name="Careless").id
    page = open_desk(f"?view=party&id={party}", "h1")
    for key, typed in (("country", "Atlantis"), ("n_employees", "many")):
        page.locator(f".crm-fact[data-key={key}] .crm-fact-value").click()
        page.locator(f".crm-fact[data-key={key}]").get_by_role("textbox").fill(typed)
        page.keyboard.press("Enter")
        expect(page.locator(f".crm-fact[data-key={key}] .v-messages__message")).to_be_visible()
    expect(page.locator(".crm-fact[data-key=country]")).to_contain_text("not a country")
    expect(page.locator(".crm-fact[data-key=n_employees]")).to_contain_text("whole number")


def test_two_tabs_that_edit_one_fact_both_know_it(workbench, open_desk):
    party = workbench.contacts.add_person(given_name="Shared", job_title="Buyer").id
    first, second = (open_desk(f"?view=party&id={party}", "h1") for _tab in range(2))
    for page, typed in ((first, "Director"), (second, "Assistant")):
        fact = page.locator(".crm-fact[data-key=job_title]")
        fact.locator(".crm-fact-value").click()
        fact.get_by_role("textbox").fill(typed)
        page.keyboard.press("Enter")
        expect(fact).to_contain_text("Director")
    fact = second.locator(".crm-fact[data-key=job_title]")
    expect(fact).to_contain_text("Someone changed this in the meantime: it says Director now.")
    expect(fact).to_contain_text("It said Buyer before.")
    # What was typed is still there, and either version can be had.
    expect(fact.get_by_role("textbox")).to_have_value("Assistant")
    assert workbench.contacts.party_card(party).job_title == "Director"
    fact.get_by_role("button", name="Save mine").click()
    expect(fact.locator(".crm-fact-value")).to_have_text("Assistant")
    assert workbench.contacts.party_card(party).job_title == "Assistant"
    fact = first.locator(".crm-fact[data-key=job_title]")
    fact.locator(".crm-fact-value").click()
    fact.get_by_role("textbox").fill("Manager")
    first.keyboard.press("Enter")
    fact.get_by_role("button", name="Keep theirs").click()
    expect(fact.locator(".crm-fact-value")).to_have_text("Assistant")


def test_a_change_is_undone_from_the_timeline_and_can_be_brought_back(workbench, open_desk):
    party = workbench.contacts.add_person(given_name="Wavering", job_title="Buyer").id
    workbench.contacts.edit_party(party, {"job_title": "Director"})
    page = open_desk(f"?view=party&id={party}", "h1")
    title = page.locator(".crm-fact[data-key=job_title] .crm-fact-value")
    page.get_by_role("button", name="Undo this change: Job title set to Director, was Buyer").click()
    toast(page, "The change is taken back.")
    expect(title).to_have_text("Buyer")
    page.locator(".v-snackbar").get_by_role("button", name="Undo").click()
    toast(page, "The change is back.")
    expect(title).to_have_text("Director")


def test_empty_facts_stand_behind_a_button(workbench, open_desk):
    party = workbench.contacts.add_person(given_name="Sparing").id
    page = open_desk(f"?view=party&id={party}", "h1")
    nickname = page.locator(".crm-fact[data-key=nickname]")
    expect(page.locator(".crm-fact[data-key=country]")).to_be_visible()
    expect(nickname).to_have_count(0)
    page.get_by_role("button", name="Show empty fields").click()
    nickname.locator(".crm-fact-value").click()
    nickname.get_by_role("textbox").fill("Sparrow")
    page.keyboard.press("Enter")
    expect(nickname.locator(".crm-fact-value")).to_have_text("Sparrow")
    page.get_by_role("button", name="Hide empty fields").click()
    expect(nickname).to_be_visible()
    expect(page.locator(".crm-fact[data-key=suffix]")).to_have_count(0)


def test_a_second_click_on_a_task_leaves_the_page_as_it_is(workbench, open_desk):
    party = workbench.contacts.add_person(given_name="Busy").id
    workbench.activities.plan_activity("task", subject="Send the lease", due_at=None, with_parties=[party])
    page = open_desk(f"?view=party&id={party}", "h1")
    page.get_by_role("button", name="Mark as done: Send the lease").dblclick()
    toast(page, "“Send the lease” is done.")
    page.wait_for_timeout(400)
    expect(page.get_by_role("heading", name="Busy")).to_be_visible()


def test_a_note_is_kept_once(workbench, open_desk):
    party = workbench.contacts.add_person(given_name="Talkative").id
    page = open_desk(f"?view=party&id={party}", "h1")
    note = page.get_by_role("textbox", name="Write a note")
    note.fill("Wants the lease first")
    page.locator(".crm-log").get_by_role("button", name="Save").dblclick()
    expect(page.locator(".crm-entry", has_text="Wants the lease first").first).to_be_visible()
    page.wait_for_timeout(400)
    assert len(workbench.activities.activities()["subject"].loc[lambda s: s == "Wants the lease first"]) == 1


# --- fields of our own -------------------------------------------------------------------------------


def test_a_field_of_our_own_is_added_filled_in_corrected_and_filtered_by(workbench, open_desk):
    workbench.contacts.add_organization(name="Hull Insurers")
    party = workbench.contacts.add_person(given_name="Fielding").id
    page = open_desk("?view=fields&record=deal", ".crm-fields-body")
    expect(page.get_by_role("tab", name="Deals")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Customers").click()
    for label, kind in (("Berths", "Number"), ("Insured with", "Person or organization")):
        page.get_by_role("button", name="Add field").first.click()
        sheet = page.get_by_role("dialog").filter(has_text="Name in filters and files")
        sheet.get_by_label("Label").fill(label)
        sheet.locator(".v-select", has=page.locator("#cf-kind")).click()
        page.get_by_role("option", name=kind).click()
        sheet.get_by_role("button", name="Add field").click()
        toast(page, f"“{label}” can be filled in from now on.")
        expect(sheet).to_have_count(0)
    page.goto(f"{page.url.split('?')[0]}?view=party&id={party}")
    berths, insurer = (page.locator(f".crm-fact[data-key={key}]") for key in ("berths", "insured_with"))
    berths.locator(".crm-fact-value").click()
    berths.get_by_role("textbox").fill("a dozen")
    page.keyboard.press("Enter")
    expect(berths).to_contain_text("Write a number, such as 12.5")
    expect(berths.get_by_role("textbox")).to_have_value("a dozen")
    berths.get_by_role("textbox").fill("12")
    page.keyboard.press("Enter")
    expect(berths.locator(".crm-fact-value")).to_have_text("12")
    expect(page.locator(".crm-entry-title", has_text="Berths set to 12")).to_be_visible()
    assert workbench.parties("berths > 11 and berths < 13")["party"].tolist() == ["Fielding"]
    # A link leads to people, organizations and colleagues alike.
    insurer.locator(".crm-fact-value").click()
    for typed, found in (("suparm", "Suparman"), ("hull", "Hull Insurers")):
        insurer.locator("input").fill(typed)
        expect(page.get_by_role("option", name=found)).to_be_visible()
    page.get_by_role("option", name="Hull Insurers").click()
    expect(insurer.locator(".crm-fact-value")).to_have_text("Hull Insurers")


# --- finding one's way -------------------------------------------------------------------------------


def test_search_finds_without_accents_from_anywhere(workbench, open_desk):
    workbench.contacts.add_organization(name="Ștefănescu & fiii")
    page = open_desk("?view=pipeline")
    page.keyboard.press("/")
    page.get_by_role("textbox", name="Search", exact=True).fill("stefanescu")
    expect(page.get_by_role("option", name="Ștefănescu & fiii")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ștefănescu & fiii")).to_be_visible()


def test_search_offers_more_than_customers_and_a_product_without_a_page_stays_where_it_is(
    workbench, open_desk, make_deal
):
    deal = make_deal("Quokka sensors")
    workbench.catalog.add_product(name="Quokka rope", code="QR-1")
    page = open_desk("?view=customers")
    page.keyboard.press("/")
    search = page.get_by_role("textbox", name="Search", exact=True)
    search.fill("qoukka")
    product, other = page.get_by_role("option", name="Quokka rope"), page.get_by_role("option", name="Quokka sensors")
    expect(product).to_be_visible()
    assert product.evaluate("one => getComputedStyle(one).cursor") == "default"
    product.click()
    expect(product).to_be_visible()
    other.click()
    expect(page).to_have_url(re.compile(f"view=pipeline.*deal={deal}"))


def test_search_is_worked_by_keys_and_finds_the_middle_of_a_word(workbench, open_desk):
    first, second = (workbench.contacts.add_organization(name=f"Zeppelinwerft {n}").id for n in ("Eins", "Zwei"))
    page = open_desk()
    page.keyboard.press("/")
    search = page.get_by_role("textbox", name="Search", exact=True)
    search.press_sequentially("pelinwe")
    options = page.get_by_role("option", name="Zeppelinwerft")
    expect(options).to_have_count(2)
    chosen = page.locator("[role=option][aria-selected=true] .v-list-item-title")
    names = options.locator(".v-list-item-title").all_text_contents()
    for key, at in (("ArrowDown", 1), ("ArrowUp", 0), ("ArrowDown", 1)):
        page.keyboard.press(key)
        expect(chosen).to_have_text(names[at])
    page.keyboard.press("Escape")
    expect(search).to_be_hidden()
    page.keyboard.press("/")
    expect(search).to_have_value("")
    search.fill("zepelinwerft")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Zeppelinwerft")).to_be_visible()
    assert page.url.endswith((f"id={first}", f"id={second}"))


def test_enter_waits_for_the_answer_to_what_is_typed(open_desk):
    page = open_desk()
    search = page.get_by_role("textbox", name="Search", exact=True)
    page.keyboard.press("/")
    search.fill("qqqq")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    search.fill("ana 11")
    expect(page.get_by_role("option", name="Ana 11")).to_be_visible()
    search.fill("ana 12")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ana 12")).to_be_visible()


def test_a_note_that_is_not_saved_waits_with_its_customer(workbench, open_desk):
    first, second = (workbench.contacts.find_parties(name)[0]["party_id"] for name in ("Ana 01", "Ana 02"))
    page = open_desk(f"?view=party&id={first}", "h1")
    note = page.get_by_role("textbox", name="Write a note")
    note.fill("Wants the")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("textbox", name="Search", exact=True).fill("ana 02")
    page.get_by_role("option", name="Ana 02").click()
    expect(page).to_have_url(re.compile(f"id={second}"))
    expect(note).to_have_value("")
    page.go_back()
    expect(note).to_have_value("Wants the")


def test_addresses_lead_to_where_one_was(workbench, open_desk):
    party = workbench.contacts.find_parties("Ana 07")[0]["party_id"]
    page = open_desk("?view=customers&search=Ana+07", ".crm-row")
    expect(page.locator(".crm-row")).to_have_count(1)
    page.locator(".crm-name-cell").click()
    expect(page).to_have_url(re.compile(f"view=party&id={party}"))
    expect(page.get_by_role("heading", name="Ana 07")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Ana 07")).to_be_visible()
    expect(page).to_have_title("Ana 07 · Halyard & Sons")
    page.go_back()
    expect(page.locator(".crm-row")).to_have_count(1)
    expect(page.get_by_role("textbox", name="Search customers")).to_have_value("Ana 07")
    page.go_forward()
    expect(page.get_by_role("heading", name="Ana 07")).to_be_visible()


@pytest.mark.parametrize(
    "query", ["?view=party&id=999999", "?view=party&id=9999999999999999999999", "?view=party&id=x"]
)
def test_an_address_of_nobody_says_so_and_leads_back(open_desk, query):
    page = open_desk(query, ".crm-empty")
    expect(page.get_by_role("alert")).to_contain_text("no customer")
    page.get_by_role("button", name="All customers").click()
    expect(page.locator(".crm-row").first).to_be_visible()


def test_the_list_is_sorted_and_paged_by_the_database(open_desk):
    page = open_desk("?view=customers&search=Ana", ".crm-row")
    page.get_by_role("button", name="Name", exact=True).click()
    expect(page.locator(".crm-row").first).to_contain_text("Ana 00")
    page.get_by_role("button", name="Next page").click()
    expect(page.locator(".crm-row").first).to_contain_text("Ana 20")
    expect(page.locator(".crm-footer")).to_contain_text("21 to 24 of 24")
    page.reload()
    expect(page.locator(".crm-row").first).to_contain_text("Ana 20")


# --- light, dark, small, hostile ---------------------------------------------------------------------


def test_the_dark_theme_is_chosen_by_a_switch_and_stays(open_desk):
    page = open_desk()
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator(".v-application.v-theme--dark")).to_be_visible()
    page.reload()
    expect(page.locator(".v-application.v-theme--dark")).to_be_visible()
    expect(page.get_by_role("button", name="Light theme")).to_be_visible()


def test_a_phone_has_everything_and_nothing_scrolls_sideways(workbench, open_desk, make_deal):
    party = workbench.contacts.add_person(
        given_name="Pocket", email="a-rather-long-address@somewhere-far-away.example"
    ).id
    make_deal("A deal with a name that goes on for quite a while and then some more")
    page = open_desk("?view=customers", ".crm-card", phone=True)
    assert does_not_scroll_sideways(page)
    page.get_by_role("button", name="Pipeline").click()
    expect(page.locator(".crm-stage-tabs")).to_be_visible()
    page.get_by_role("tab", name="Negotiation").click()
    expect(page.get_by_role("tab", name="Negotiation")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".crm-column", has_text="Negotiation")).to_be_in_viewport(ratio=0.5)
    assert does_not_scroll_sideways(page)
    page.get_by_role("tab", name="Qualified").click()
    page.locator(".crm-deal", has_text="goes on for quite").click()
    expect(page.locator(".crm-side")).to_be_visible()
    assert does_not_scroll_sideways(page)
    page.locator(".crm-side").get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".v-bottom-sheet .crm-quick")).to_be_visible()
    assert does_not_scroll_sideways(page)
    page.keyboard.press("Escape")
    page.goto(f"{page.url.split('?')[0]}?view=party&id={party}")
    expect(page.get_by_role("heading", name="Pocket")).to_be_visible()
    for name in ("Facts", "Deals", "Timeline"):
        page.get_by_role("tab", name=name).click()
        assert does_not_scroll_sideways(page)


def test_names_of_markup_stay_names_everywhere(workbench, open_desk, make_deal):
    firm = workbench.contacts.add_organization(name=MARKUP + " Ltd").id
    party = workbench.contacts.add_person(given_name=MARKUP, job_title=MARKUP, city=MARKUP, organization=firm).id
    workbench.activities.log_activity("note", subject=MARKUP, body=MARKUP, with_parties=[party])
    deal = workbench.sales.open_deal(name=MARKUP, party=party).id
    page = open_desk(f"?view=party&id={party}", "h1")
    page.on("dialog", lambda dialog: page.errors.append(f"a script ran: {dialog.message}"))
    expect(page.locator("h1")).to_have_text(MARKUP)
    expect(page.locator(".crm-entry-title", has_text=MARKUP).first).to_be_visible()
    page.keyboard.press("/")
    page.get_by_role("textbox", name="Search", exact=True).fill("onerror")
    expect(page.get_by_role("option").first).to_contain_text(MARKUP)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Pipeline").click()
    expect(page.locator(".crm-deal", has_text=MARKUP)).to_be_visible()
    page.locator(f"[data-deal='{deal}']").click()
    expect(page.locator(".crm-side")).to_contain_text(MARKUP)
    page.get_by_role("button", name="Mark as won").click()
    toast(page, MARKUP)
    page.goto(page.url.split("?")[0] + "?view=customers&search=onerror")
    expect(page.locator(".crm-row")).to_have_count(2)
    assert page.locator("img[src=x]").count() == 0
