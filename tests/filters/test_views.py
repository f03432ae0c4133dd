import pytest

from crmlib.base import InvalidInput, NotFound, PermissionDenied, Refused
from crmlib.filters import (
    FilterError,
    add_custom_field,
    archive_custom_field,
    delete_view,
    open_view,
    rename_view,
    reorder_views,
    save_view,
    saved_views,
    share_view,
)


def as_actor(session, name):
    session.info["actor"] = name


def test_a_view_keeps_filter_columns_and_order(workbench, company):
    made = workbench.filters.save_view(
        "party",
        name="Customers",
        filter='lifecycle == "customer"',
        columns=["name", "city"],
        sort="name",
        descending=True,
    )
    page = workbench.filters.open_view(made.id)
    assert [row["name"] for row in page.rows] == ["Ștefan Țurcanu", "Dewi"]
    assert list(page.rows[0]) == ["id", "name", "city"]


def test_what_cannot_be_is_not_saved(session):
    with pytest.raises(FilterError):
        save_view(session, "party", name="Bad", filter="citi == 3")
    with pytest.raises(InvalidInput):
        save_view(session, "party", name="Bad", columns=["citi"])
    with pytest.raises(InvalidInput):
        save_view(session, "party", name="Bad", sort="email")
    with pytest.raises(InvalidInput):
        save_view(session, "party", name=" ")


def test_others_see_what_is_shared_and_change_nothing(session):
    as_actor(session, "ana")
    mine = save_view(session, "party", name="Mine")
    as_actor(session, "bob")
    assert saved_views(session, "party") == []
    with pytest.raises(NotFound):
        delete_view(session, mine)
    as_actor(session, "ana")
    share_view(session, mine)
    as_actor(session, "bob")
    assert [(one.name, one.is_mine) for one in saved_views(session, "party")] == [("Mine", False)]
    with pytest.raises(PermissionDenied, match="ana's"):
        rename_view(session, mine, "Yours")


def test_names_are_there_once_and_order_is_kept(session):
    first, second = (save_view(session, "party", name=name) for name in ("One", "Two"))
    with pytest.raises(Refused, match="already"):
        rename_view(session, second, "ONE")
    reorder_views(session, "party", [second.id, first.id])
    rename_view(session, first, "one!")
    session.flush()
    assert [one.name for one in saved_views(session)] == ["Two", "one!"]
    save_view(session, "party", name="Two", filter="city == 'x'", view=second)
    delete_view(session, first)
    assert [(one.name, one.filter) for one in saved_views(session)] == [("Two", "city == 'x'")]


def test_a_view_of_a_field_that_is_gone_says_so(session):
    field = add_custom_field(session, "party", label="Shirt")
    view = save_view(session, "party", name="Shirts", filter="shirt == 'M'", columns=["name", "shirt"], sort="shirt")
    assert [one.problem for one in saved_views(session)] == [""]
    archive_custom_field(session, field)
    session.flush()
    assert ["no field shirt" in one.problem for one in saved_views(session)] == [True]
    with pytest.raises(FilterError):
        open_view(session, view)
    assert open_view(session, view, filter="").total == 0
