import pytest

from crmlib.base import InvalidInput, NotFound, Refused
from crmlib.contacts import PARTIES, Lifecycle


@pytest.fixture
def people(workbench):
    firm = workbench.contacts.add_organization(name="Livada Transilvană", city="Cluj", country="RO")
    return {
        "firm": firm,
        "one": workbench.contacts.add_person(given_name="Suparman", email="sup@example.com", phone="+628123849920"),
        "two": workbench.contacts.add_person(
            given_name="Ștefan", family_name="Țurcanu", organization=firm.id, lifecycle=Lifecycle.CUSTOMER
        ),
        "us": workbench.contacts.add_person(given_name="Rani", lifecycle=Lifecycle.COLLEAGUE),
    }


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("stefan", "Ștefan Țurcanu"),
        ("TURCANU ste", "Ștefan Țurcanu"),
        ("sup@exa", "Suparman"),
        ("08123849920", "Suparman"),
        ("livada ștefan", "Ștefan Țurcanu"),
    ],
)
def test_people_are_found_by_whatever_one_remembers(workbench, people, typed, found):
    assert [row["party"] for row in workbench.contacts.parties_page(search=typed).rows] == [found]


@pytest.mark.parametrize("typed", ["%", "_", "\\", "'; drop table party; --", "\x00"])
def test_signs_that_mean_something_to_sql_are_only_text(workbench, people, typed):
    assert workbench.contacts.parties_page(search=typed.replace("\x00", "\ufffd")).total == 0


def test_colleagues_are_not_customers(workbench, people):
    assert "Rani" not in set(workbench.contacts.parties()["party"])
    assert [one["party"] for one in workbench.contacts.colleagues()] == ["Rani"]


def test_the_frame_keeps_its_contract_when_empty_and_when_not(workbench):
    empty = workbench.contacts.parties()
    workbench.contacts.add_person(given_name="Suparman")
    full = workbench.contacts.parties()
    assert list(empty.columns) == list(full.columns) == list(PARTIES)
    assert (empty.drop(columns=["kind", "lifecycle", "country", "source"]).dtypes.astype(str)
            == full.drop(columns=["kind", "lifecycle", "country", "source"]).dtypes.astype(str)).all()  # fmt: skip
    assert full["organization"].isna().all()


def test_a_page_is_a_window_on_the_whole(workbench, people):
    first = workbench.contacts.parties_page(per_page=2)
    second = workbench.contacts.parties_page(per_page=2, page=2)
    assert (first.total, len(first.rows), len(second.rows)) == (3, 2, 1)
    names = [row["party"] for row in first.rows + second.rows]
    assert names == ["Livada Transilvană", "Ștefan Țurcanu", "Suparman"]
    assert [row["party"] for row in workbench.contacts.parties_page(descending=True).rows] == names[::-1]


def test_an_unknown_order_is_the_order_by_name(workbench, people):
    assert workbench.contacts.parties_page(sort="1; drop table").rows[0]["party"] == "Livada Transilvană"


def test_a_person_is_shown_with_where_they_work(workbench, people):
    row = workbench.contacts.parties_page(search="turcanu").rows[0]
    assert row["organization"] == "Livada Transilvană"


def test_winning_standing_leaves_a_history(workbench, people):
    party = workbench.contacts.set_lifecycle(people["one"].id, "customer", reason="Signed")
    workbench.contacts.set_lifecycle(people["one"].id, "customer")
    assert [(event.lifecycle, event.reason) for event in party.lifecycle_events] == [
        (Lifecycle.PROSPECT, None),
        (Lifecycle.CUSTOMER, "Signed"),
    ]


def test_a_refused_person_is_not_kept(workbench):
    with pytest.raises(InvalidInput, match="no ending"):
        workbench.contacts.add_person(given_name="Ana", email="ana@example")
    assert workbench.contacts.parties_page().total == 0


def test_the_same_number_twice_is_refused(workbench, people):
    with pytest.raises(Refused, match="already"):
        workbench.contacts.add_contact_point(people["one"].id, kind="phone", value="+62 812 384 9920")


def test_a_contact_point_is_edited_and_removed(workbench, people):
    point = people["one"].contact_points[0]
    workbench.contacts.edit_contact_point(point.id, "New@example.com", was="sup@example.com")
    card = workbench.contacts.party_card(people["one"].id)
    assert (card.contact_points[0].value, card.contact_points[0].normalised) == ("New@example.com", "new@example.com")
    workbench.contacts.edit_contact_point(point.id, "")
    assert len(workbench.contacts.party_card(people["one"].id).contact_points) == 1


def test_someone_who_may_be_known_already_is_pointed_out(workbench, people):
    found = workbench.contacts.near_parties(name="SUPARMAN", email="sup@example.com")
    assert [(one["party"], one["why"]) for one in found] == [("Suparman", "same e-mail, same name")]


def test_who_is_not_there_is_said_kindly(workbench):
    with pytest.raises(NotFound, match="There is no customer 12"):
        workbench.contacts.party_card(12)


def test_who_sits_at_the_desk_is_one_colleague_or_nobody(workbench, people):
    assert workbench.contacts.colleague_called("rani") == people["us"].id
    workbench.contacts.add_person(given_name="Rani", lifecycle=Lifecycle.COLLEAGUE)
    assert workbench.contacts.colleague_called("Rani") is None
    assert workbench.contacts.colleague_called("") is None
    assert workbench.contacts.colleague_called("Suparman") is None
