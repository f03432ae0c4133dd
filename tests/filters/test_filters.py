from decimal import Decimal

import pytest

from crmlib.filters import (
    FilterError,
    Link,
    count_rows,
    fields_for,
    filter_clause,
    find_rates_with,
    list_page,
    parse,
    parse_filter,
    to_text,
)
from crmlib.filters.meaning import _finders


def found(workbench, ids, text, record="party"):
    with workbench.reading() as session:
        rows = list_page(session, record, filter=text, columns=["name"], per_page=500).rows
    names = {number: name for name, number in ids.items()}
    return {names.get(row["id"], row["name"]) for row in rows}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "maria bank stefan dewi nobody"),
        ('lifecycle == "customer"', "stefan dewi"),
        ('lifecycle == "Customer" and city in ("Jakarta", "Cluj-Napoca")', "stefan dewi"),
        ('city == "CLUJ-NAPOCA"', "bank stefan"),
        ('city != "Jakarta"', "maria bank stefan nobody"),
        ("city is empty", "maria nobody"),
        ('name contains "turcanu" or name starts with "banca"', "stefan bank"),
        ('not (name contains "a" or name contains "e")', "nobody"),
        ('organization == "banca transilvana"', "stefan"),
        ('country == "Romania"', "bank stefan"),
        ('email == "STEFAN@example.org"', "stefan"),
        ('phone contains "721 234"', "stefan"),
        ("email is empty and kind == 'person'", "maria dewi nobody"),
        ('"golf" in interests', "stefan"),
        ('interests in ("golf", "sailing")', "stefan dewi"),
        ('interests contains "chess"', "stefan"),
        ('interests != "golf"', "maria bank dewi nobody"),
        ("interests is empty", "maria bank nobody"),
        ("handicap >= 3 and handicap < 12.6", "stefan dewi"),
        ("1 < handicap <= 3", "dewi"),
        ("budget >= 1000", "stefan"),
        ("budget == 500 USD", "dewi"),
        ("not budget > 1", "maria bank dewi nobody"),
        ("met_on == yesterday", "stefan"),
        ("met_on < today", "stefan"),
        ('shirt in ("S", "m")', "dewi"),
        ('spouse contains "stefan"', "dewi"),
        ('called_by_friends contains "dewi"', "dewi"),
        ("last_activity_at < today - 90d", "stefan"),
        ("last_activity_at < today - 101d", ""),
        ("birthday_on == 1980-02-29", "stefan"),
        ("open_deals > 0", "stefan dewi"),
        ("open_deals == 2", "stefan"),
        ("open_deals_amount > 1500 USD", "stefan"),
        ("open_deals_amount is empty", "maria bank nobody"),
        ("won_amount >= 700", "dewi"),
        ("next_step_at > now", "dewi"),
        ("n_activities == 0 and n_contact_points == 0", "maria bank nobody"),
        ('owner == "maria pop"', "bank stefan"),
        ("created_at >= this month and sector == 'finance'", "bank"),
        ("sector != 'finance'", "maria stefan dewi nobody"),
        ("not not lifecycle = 'customer'", "stefan dewi"),
    ],
)
def test_a_filter_finds_whom_it_means(workbench, company, text, expected):
    assert found(workbench, company, text) == set(expected.split())


def test_me_is_the_colleague_of_the_actors_name(workbench, company):
    with workbench.reading() as session:
        session.info["actor"] = "maria pop"
        assert count_rows(session, "party", filter="owner == me") == 2
        session.info["actor"] = "somebody"
        assert count_rows(session, "party", filter="owner == me") == 0
        assert count_rows(session, "party", filter="owner != me") == 5


@pytest.mark.parametrize(
    ("record", "text", "expected"),
    [
        ("deal", 'status == "open" and amount >= 100', 2),
        ("deal", "amount is empty", 1),
        ("deal", 'stage == "qualified" and party contains "stefan"', 2),
        ("deal", "expected_close_on == this month + 1m", 3),
        ("deal", 'pipeline == "sales" and status in ("won", "lost")', 1),
        ("deal", "party is empty", 1),
        ("activity", "is_done", 1),
        ("activity", "not is_done and assignee == 'Maria Pop'", 1),
        ("activity", 'party starts with "dewi" and kind == "task"', 1),
        ("product", "is_active and price > 1", 0),
    ],
)
def test_other_records_are_filtered_alike(workbench, company, record, text, expected):
    with workbench.reading() as session:
        assert count_rows(session, record, filter=text) == expected


def test_other_currencies_count_by_the_days_rate_where_there_is_one(workbench, company, monkeypatch):
    assert found(workbench, company, "budget > 400") == {"stefan"}
    monkeypatch.setitem(_finders, "rates", None)
    find_rates_with(lambda session, currency, day: {"USD": Decimal("0.9")} if currency == "EUR" else {})
    assert found(workbench, company, "budget > 400") == {"stefan", "dewi"}
    assert found(workbench, company, "budget > 450") == {"stefan"}
    assert found(workbench, company, "budget >= 450") == {"stefan", "dewi"}


@pytest.mark.parametrize(
    ("text", "place", "says", "nearest"),
    [
        ('lifecycel == "customer"', "lifecycel", "did you mean lifecycle", "lifecycle"),
        ('name == "x" and citty == "y"', "citty", "did you mean city", "city"),
        ('lifecycle == "custmer"', '"custmer"', "choose one of prospect, lead, customer", "customer"),
        ("city == Cluj", "Cluj", 'quotation marks: "Cluj"', ""),
        ("open_deals > ", "", "value is missing", ""),
        ('(city == "x"', "(", "never closed", ""),
        ('city == "x")', ")", "no bracket that this one closes", ""),
        ('open_deals > 3 city == "x"', "city", "and or or", ""),
        ('open_deals > "abc"', '"abc"', "without quotation marks", ""),
        ("birthday_on == 2026-02-30", "2026-02-30", "not a day", ""),
        ('birthday_on > "soon"', '"soon"', "write a day like", ""),
        ("annual_revenue > 100 XQX", "XQX", "three-letter code", ""),
        ("city > 'A'", "'A'", "city is text", ""),
        ('city == "x', '"x', "has none at its end", ""),
        ("city == 'x' && name == 'y'", "&", "as words", ""),
        ("city in ()", "(", "at least one value", ""),
        ("today == city", "today", "", ""),
        ("90d < created_at", "90d", "today - 90d", ""),
        ("created_at == city", "city", "not with another field", ""),
        ("12345678901234567890 < n_employees", "12345678901234567890", "at most 15 digits", ""),
        ("this is odd", "this", "this week", ""),
        ("not", "", "here belongs a field", ""),
    ],
)
def test_an_error_shows_the_place_and_what_would_be_right(workbench, text, place, says, nearest):
    with workbench.reading() as session, pytest.raises(FilterError, match="Filter") as caught:
        parse_filter(session, "party", text)
    error = caught.value
    assert text[error.position : error.position + error.length] == place or not place
    assert says in error.expected
    assert error.nearest == nearest
    first, marked = error.caret().split("\n")
    assert first == text
    assert marked.startswith(" " * error.position + "^" * max(1, len(place)))


def test_the_marker_stands_under_wide_signs_and_on_the_right_line(workbench):
    with workbench.reading() as session, pytest.raises(FilterError) as caught:
        parse_filter(session, "party", 'name == "株式会社"\n and  citi == 3')
    assert caught.value.caret().startswith(" and  citi == 3\n      ^^^^ ")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1 < handicap <= 3", "handicap > 1 and handicap <= 3"),
        ('"golf" in interests', 'interests in ("golf")'),
        ("city = 'A \"B\" \\\\'", 'city == "A \\"B\\" \\\\"'),
        ("created_at >= this_month - 1m + 2d", "created_at >= this month - 1m + 2d"),
        ("budget > 1_000.50 eur", "budget > 1000.50 EUR"),
        ("a", None),
        ("not (city == 'a' and (city == 'b' or city == 'c'))", 'not (city == "a" and (city == "b" or city == "c"))'),
    ],
)
def test_a_tree_is_written_as_it_is_read(workbench, company, text, written):
    with workbench.reading() as session:
        fields = fields_for(session, "party")
        if written is None:
            with pytest.raises(FilterError):
                parse(text, fields)
            return
        tree = parse(text, fields)
        assert to_text(tree) == written
        assert parse(written, fields) == tree


def test_depth_length_and_number_are_limited(workbench):
    with workbench.reading() as session:
        for text in (
            "(" * 100_000 + "city == 'x'",
            "not " * 3_000 + "city == 'x'",
            " or ".join(["city == 'x'"] * 300),
            "city in (" + ", ".join(["'x'"] * 2000) + ")",
        ):
            with pytest.raises(FilterError):
                parse_filter(session, "party", text)


def test_the_largest_filter_allowed_still_runs(workbench, company):
    deep = "(" * 14 + "city == 'x'" + ")" * 14
    wide = " or ".join(f"not (n_employees > {n} and city != 'c{n}')" for n in range(80))
    nested = "not (open_deals > 1 and " * 7 + "city == 'x'" + ")" * 7
    for text in (deep, wide, "not " * 14 + "city == 'x'", nested):
        with workbench.reading() as session:
            assert count_rows(session, "party", filter=text) >= 0


def test_a_filter_is_a_condition_for_any_query(workbench, company):
    from sqlalchemy import func, select

    from crmlib.contacts import Party

    with workbench.reading() as session:
        rows = select(func.count()).select_from(Party).where(filter_clause(session, "party", "open_deals > 0"))
        assert session.scalar(rows) == 2


def test_analysts_filter_frames(workbench, company):
    assert list(workbench.parties("city == 'Jakarta'")["party"]) == ["Dewi"]
    assert set(workbench.deals("amount > 1000 USD")["deal"]) == {"Deal 2000"}
    assert list(workbench.activities.activities("is_done")["subject"]) == ["Called"]
    assert list(workbench.sales.open_deals("amount == 5000")["deal"]) == ["Deal 5000"]


def test_a_list_shows_any_column_of_the_catalogue(workbench, company):
    with workbench.reading() as session:
        keys = list(fields_for(session, "party").by_key)
        rows = {row["id"]: row for row in list_page(session, "party", columns=keys, per_page=100).rows}
    stefan = rows[company["stefan"]]
    assert stefan["organization"] == Link(company["bank"], "Banca Transilvană")
    assert stefan["city"] == "Cluj-Napoca"
    assert stefan["email"] == ["stefan@example.org"]
    assert sorted(map(str, stefan["open_deals_amount"])) == ["$2,000.00", "€100.00"]
    assert stefan["interests"] == ["golf", "chess"]
    assert str(stefan["budget"]) == "€1,000.00"
    assert rows[company["nobody"]]["email"] == []
