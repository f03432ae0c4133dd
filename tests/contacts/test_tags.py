import pytest

from crmlib.base import Conflict, InvalidInput, Refused
from crmlib.contacts import TAGS


@pytest.fixture
def people(workbench):
    return [workbench.contacts.add_person(given_name=name).id for name in ("Ana", "Dan", "Eva")]


def test_a_tag_goes_on_many_at_once_and_off_again(workbench, people):
    assert workbench.contacts.tag("party", people, "VIP") == 3
    assert workbench.contacts.tag("party", people[:1], "vip") == 0
    assert workbench.contacts.untag("party", people[1:], "Vip") == 2
    frame = workbench.contacts.tags()
    assert list(frame.columns) == list(TAGS)
    assert frame[["tag", "n_records"]].to_numpy().tolist() == [["VIP", 1]]
    assert workbench.contacts.tags_of("party", people) == {people[0]: [{"tag_id": 1, "tag": "VIP", "colour": None}]}


def test_any_record_can_be_tagged_and_none_that_is_not_there(workbench, people):
    product = workbench.catalog.add_product(name="Probe", code="P1")
    workbench.contacts.tag("product", [product.id], "new")
    assert workbench.contacts.tags(record="product")["n_records"].sum() == 1
    assert workbench.contacts.tags(record="party")["n_records"].sum() == 0
    with pytest.raises(InvalidInput, match="no such record"):
        workbench.contacts.tag("party", [999], "new")
    with pytest.raises(InvalidInput, match="kind of record"):
        workbench.contacts.tag("journal; drop", [1], "new")


def test_tags_are_renamed_coloured_and_merged(workbench, people):
    workbench.contacts.tag("party", people, "Mailing")
    workbench.contacts.tag("party", people[:1], "Newsletter")
    old = workbench.contacts.tag_named("mailing")
    new = workbench.contacts.tag_named("NEWSLETTER")
    with pytest.raises(Refused, match="merge"):
        workbench.contacts.edit_tag(old.id, {"name": "newsletter"})
    workbench.contacts.edit_tag(old.id, {"colour": "Blue", "name": "Mailings"}, was={"name": "Mailing"})
    with pytest.raises(Conflict):
        workbench.contacts.edit_tag(old.id, {"name": "Letters"}, was={"name": "Mailing"})
    workbench.contacts.merge_tags([old.id], new.id)
    assert workbench.contacts.tags()[["tag", "n_records"]].to_numpy().tolist() == [["Newsletter", 3]]
    assert workbench.contacts.delete_tag(new.id) == 3
    assert workbench.contacts.tags().empty
