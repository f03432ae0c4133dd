from datetime import date

import pytest

from crmlib.base import InvalidInput
from crmlib.reporting.parameters import Parameter, check_parameters, read_parameter

TODAY = date(2026, 7, 1)
QUARTER = Parameter("quarter", "str", "", "", "past YYYY-Qn")
LEVEL = Parameter("level", "float", 0.95, "", "0.5 to 0.99")
REGION = Parameter("region", "str", "", "", "region on record")


def of(kind: str, default: object = None, rule: str = "") -> Parameter:
    defaults = {"str": "", "int": 0, "float": 0.0, "bool": False}
    return Parameter("p", kind, defaults[kind] if default is None else default, "", rule)


@pytest.mark.parametrize(
    ("parameter", "given", "taken"),
    [
        (QUARTER, "2017-q4", "2017-Q4"),
        (QUARTER, "", ""),
        (LEVEL, "0.8", 0.8),
        (LEVEL, 0.99, 0.99),
        (of("int"), "12", 12),
        (of("int"), 12.0, 12),
        (of("bool"), "yes", True),
        (of("bool"), False, False),
        (of("str", "short", "short | long"), "long", "long"),
        (of("str", rule="YYYY-MM"), "2026-02", "2026-02"),
        (of("str", rule="YYYY-MM-DD"), "2024-02-29", "2024-02-29"),
    ],
)
def test_what_is_right_is_taken_in_its_type(parameter, given, taken):
    checked = parameter.check(given, today=TODAY)
    assert (checked, type(checked)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("parameter", "given", "says"),
    [
        (QUARTER, "2017-Q5", "write a quarter as 2017-Q4"),
        (QUARTER, "0000-Q1", "write a quarter"),
        (QUARTER, "2026-Q4", "still to come"),
        (LEVEL, "2", "level, “2”: give a number from 0.5 to 0.99"),
        (LEVEL, "many", "give a number"),
        (LEVEL, "nan", "give a number"),
        (LEVEL, True, "give a number"),
        (of("int"), "1.5", "give a whole number"),
        (of("bool"), "maybe", "give true or false"),
        (of("str", "short", "short | long"), "tall", "choose short or long"),
        (of("str", rule="YYYY-MM"), "2026-13", "write a month as 2017-12"),
        (of("str", rule="YYYY-MM-DD"), "2023-02-29", "write a day as 2017-12-31"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_be_right(parameter, given, says):
    with pytest.raises(InvalidInput, match=says):
        parameter.check(given, today=TODAY)


def test_a_name_must_be_on_record_and_the_nearest_are_named():
    names = {"region": ["West", "East", "Central"]}.__getitem__
    assert REGION.check("west", names) == "West"
    with pytest.raises(InvalidInput, match=r"Wst.*try West"):
        REGION.check("Wst", names)
    with pytest.raises(InvalidInput, match="no deal on record has one"):
        REGION.check("West", lambda kind: [])


def test_an_unknown_parameter_is_told_with_the_nearest_name():
    with pytest.raises(InvalidInput, match=r"quartal.*did you mean quarter\?"):
        check_parameters([QUARTER, LEVEL], {"quartal": "1"})
    with pytest.raises(InvalidInput, match="takes no parameters"):
        check_parameters([], {"x": "1"})


def test_what_is_not_given_takes_its_default_in_declared_order():
    assert list(check_parameters([QUARTER, LEVEL], {"level": "0.9"}).items()) == [("quarter", ""), ("level", 0.9)]


def test_rules_and_help_are_read_from_the_comment():
    said = "Quarter the deals closed in [past YYYY-Qn]; empty takes the last full one"
    read = read_parameter({"name": "quarter", "inferred_type_name": "str", "default": '""', "help": said})
    assert read == Parameter(
        "quarter", "str", "", "Quarter the deals closed in; empty takes the last full one", "past YYYY-Qn"
    )


@pytest.mark.parametrize(
    ("inspected", "says"),
    [
        ({"inferred_type_name": "None", "default": "None", "help": ""}, "a parameter is str"),
        ({"inferred_type_name": "int", "default": "3", "help": "Months [some]"}, r"rule \[some\]"),
        ({"inferred_type_name": "int", "default": '"3"', "help": ""}, "is no int"),
    ],
)
def test_a_report_that_declares_what_cannot_be_checked_is_a_mistake(inspected, says):
    with pytest.raises(ValueError, match=says):
        read_parameter({"name": "months", **inspected})
