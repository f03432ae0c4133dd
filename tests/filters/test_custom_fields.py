from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import inspect, text

from crmlib.base import Conflict, InvalidInput, Money, NotFound, Refused
from crmlib.contacts import Party, edit_party
from crmlib.filters import (
    add_custom_field,
    archive_custom_field,
    catalogue,
    count_rows,
    custom_fields,
    custom_values,
    edit_custom_field,
    index_custom_field,
    list_page,
    reorder_custom_fields,
    restore_custom_field,
    save_view,
    set_custom,
)


@pytest.fixture
def party(workbench):
    return workbench.contacts.add_person(given_name="Ana")


def test_the_catalogue_has_own_derived_and_custom_fields(session):
    add_custom_field(session, "party", label="Golf handicap", kind="number", hint="0 to 54")
    found = catalogue(session, "party")
    assert {"name", "birthday_on", "city", "open_deals", "golf_handicap"} <= set(found)
    assert list(found).index("golf_handicap") > list(found).index("open_deals")
    about = found["golf_handicap"]
    assert (about.kind, about.is_custom, about.hint, about.title) == ("decimal", True, "0 to 54", "Golf handicap")
    assert found["income_band"].sensitivity == "sensitive"
    assert found["owner"].record == "party"
    assert "city" not in catalogue(session, "party", shown="form")
    assert catalogue(session, "deal")["amount"].kind == "money"
    assert set(catalogue(session, Party)) == set(found)


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("text", " Bob ", "Bob"),
        ("number", "12.5", Decimal("12.5")),
        ("number", "12", Decimal(12)),
        ("money", "1,250.50", Money(125050, "EUR")),
        ("money", "99 USD", Money(9900, "USD")),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("choice", "red", "Red"),
        ("choices", "red; Blue", ["Red", "Blue"]),
        ("choices", ["Blue", "Blue"], ["Blue"]),
        ("url", "https://example.com/a", "https://example.com/a"),
    ],
)
def test_values_are_typed_and_come_back_as_they_were(workbench, party, kind, typed, value):
    with workbench.session() as session:
        choices = ("Red", "Blue") if kind.startswith("choice") else ()
        add_custom_field(session, "party", label="Thing", kind=kind, choices=choices)
        set_custom(session, session.get(Party, party.id), {"thing": typed})
    with workbench.reading() as session:
        assert custom_values(session, session.get(Party, party.id)) == {"thing": value}
        assert list_page(session, "party", columns=["thing"]).rows[0]["thing"] == value
        assert count_rows(session, "party", filter="thing is not empty") == 1


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("number", "many"),
        ("number", "1234567890123456"),
        ("money", "1 XQX"),
        ("date", "31/02/2026"),
        ("choice", "Green"),
        ("choices", ["Red", "Green"]),
        ("url", "javascript:alert(1)"),
        ("url", "no address"),
        ("party", "Bob"),
        ("text", "x\x00"),
    ],
)
def test_a_value_that_cannot_be_is_refused(workbench, party, kind, typed):
    with workbench.session() as session:
        choices = ("Red", "Blue") if kind.startswith("choice") else ()
        add_custom_field(session, "party", label="Thing", kind=kind, choices=choices)
        with pytest.raises(InvalidInput, match="Thing"):
            set_custom(session, session.get(Party, party.id), {"thing": typed})


def test_a_link_leads_to_a_party_that_is_there(workbench, party):
    with workbench.session() as session:
        add_custom_field(session, "party", label="Spouse", kind="party")
        with pytest.raises(NotFound):
            set_custom(session, session.get(Party, party.id), {"spouse": 4711})
        set_custom(session, session.get(Party, party.id), {"spouse": str(party.id)})


@pytest.mark.parametrize("key", ["name", "city", "open_deals", "id", "today", "Ünder", "1st", "a-b", "x" * 41, "and"])
def test_a_key_is_plain_and_not_taken(session, key):
    with pytest.raises(InvalidInput, match="Key"):
        add_custom_field(session, "party", label="Thing", key=key)


def test_a_key_is_made_of_the_label_and_there_once(session):
    assert add_custom_field(session, "party", label="Ștefan's 1st Größe!").key == "stefan_s_1st_grosse"
    with pytest.raises(InvalidInput, match="already"):
        add_custom_field(session, "party", label="Stefan s 1st Grösse")
    assert add_custom_field(session, "deal", label="Stefan s 1st Grosse").key == "stefan_s_1st_grosse"
    with pytest.raises(Refused):
        add_custom_field(session, "stage", label="Colour")
    with pytest.raises(InvalidInput, match="at least one"):
        add_custom_field(session, "party", label="Colour", kind="choice")
    with pytest.raises(InvalidInput, match="twice"):
        add_custom_field(session, "party", label="Colour", kind="choice", choices=["Red", "red"])


def test_the_kind_stays_once_there_are_values(workbench, party):
    with workbench.session() as session:
        field = add_custom_field(session, "party", label="Shirt", kind="choices", choices=["S", "M"])
        edit_custom_field(
            session, field, {"kind": "choice", "choices": ["S", "M", "L"], "label": "Size", "is_required": "yes"}
        )
        set_custom(session, session.get(Party, party.id), {"shirt": "M"})
        session.flush()
        with pytest.raises(Refused, match="kind stays"):
            edit_custom_field(session, field, {"kind": "text"})
        with pytest.raises(Refused, match="have “M”"):
            edit_custom_field(session, field, {"choices": ["S"]})
        edit_custom_field(session, field, {"choices": ["M"]})
        with pytest.raises(InvalidInput, match="needed"):
            set_custom(session, session.get(Party, party.id), {"shirt": ""})


def test_values_survive_the_archive(workbench, party):
    with workbench.session() as session:
        field = add_custom_field(session, "party", label="Shirt")
        set_custom(session, session.get(Party, party.id), {"shirt": "M"})
        archive_custom_field(session, field)
        session.flush()
        assert "shirt" not in catalogue(session, "party")
        with pytest.raises(InvalidInput):
            set_custom(session, session.get(Party, party.id), {"shirt": "L"})
        restore_custom_field(session, field)
        session.flush()
        assert custom_values(session, session.get(Party, party.id)) == {"shirt": "M"}


def test_fields_are_put_in_order(session):
    for label in ("A", "B", "C"):
        add_custom_field(session, "party", label=label)
    reorder_custom_fields(session, "party", ["c", "a"])
    assert [one.key for one in custom_fields(session, "party")] == ["c", "a", "b"]


def test_a_custom_field_is_edited_like_any_other_and_conflicts_alike(workbench, clock, party):
    with workbench.session() as session:
        add_custom_field(session, "party", label="Shirt")
        add_custom_field(session, "party", label="Budget", kind="money")
        edit_party(session, party.id, {"shirt": "M", "budget": "10", "given_name": "Anna"}, at=clock.now)
    with workbench.session() as session:
        edit_party(session, party.id, {"budget": "20"}, was={"budget": "10.00"}, at=clock.now)
        with pytest.raises(Conflict) as caught:
            edit_party(session, party.id, {"shirt": "L", "given_name": "Eva"}, was={"shirt": "S"}, at=clock.now)
        assert (caught.value.mine, caught.value.theirs) == ({"shirt": "L"}, {"shirt": "M"})
        with pytest.raises(InvalidInput, match="no such field"):
            edit_party(session, party.id, {"colour": "red"}, at=clock.now)
    with workbench.reading() as session:
        assert (found := session.get(Party, party.id)).name == "Anna"
        assert found.custom == {"shirt": "M", "budget": {"minor": 2000, "currency": "EUR"}}


@pytest.mark.parametrize("kind", ["text", "number", "money", "date", "choice", "party", "url"])
def test_filtered_fields_are_indexed_and_the_index_is_used(workbench, party, kind, dialect):
    values = {"text": "'x'", "number": "3", "money": "3", "date": "today", "choice": "'S'", "party": "3", "url": "'x'"}
    with workbench.session() as session:
        field = add_custom_field(session, "party", label="Thing", kind=kind, choices=["S"] if kind == "choice" else ())
        save_view(session, "party", name="Things", filter=f"thing == {values[kind]}", sort="thing")
        assert field.is_indexed
        assert not index_custom_field(session, field)
    with workbench.reading() as session:
        assert count_rows(session, "party", filter=f"thing == {values[kind]}") == 0
        if dialect == "sqlite":
            names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'index'")).all()
        else:
            session.execute(text("SET LOCAL enable_seqscan = off"))
            names = [one["name"] for one in inspect(session.connection()).get_indexes("party")]
        assert "ix_custom_party_thing" in names
        if kind in ("text", "url") and dialect == "sqlite":
            return
        from sqlalchemy import select

        from crmlib.filters import filter_clause

        query = select(Party.id).where(filter_clause(session, "party", f"thing == {values[kind]}"))
        explain = "EXPLAIN QUERY PLAN " if dialect == "sqlite" else "EXPLAIN "
        seen = []
        from sqlalchemy import event

        def note(_connection, _cursor, statement, parameters, _context, _many):
            seen.append((statement, parameters))

        event.listen(workbench.engine, "before_cursor_execute", note)
        session.execute(query).all()
        event.remove(workbench.engine, "before_cursor_execute", note)
        plan = session.connection().exec_driver_sql(explain + seen[-1][0], seen[-1][1]).all()
        assert "ix_custom_party_thing" in str(plan)
