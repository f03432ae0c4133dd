"""The review on a workbench, as a notebook calls it."""

import pytest

from crmlib.base import InvalidInput
from crmlib.reporting.blocks import Actions, Cover
from crmlib.reporting.sales_review import sales_review

SECTIONS = ("summary", "trend", "stages", "time_to_close", "sellers", "regions", "products", "notes")


def test_an_empty_workbench_says_what_to_do_first(workbench):
    review = sales_review(workbench)
    cover, actions = review.summary()
    assert isinstance(cover, Cover)
    assert cover.title == "Nothing closed yet"
    assert isinstance(actions, Actions)
    assert "import" in actions.items[0].why
    for section in SECTIONS:
        getattr(review, section)()


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"quarter": "2017"}, "write a quarter"),
        ({"as_of": "31.12.2017"}, "write a day"),
        ({"as_of": "2999-01-01"}, "still to come"),
        ({"seller": "Ana"}, "no deal on record has one"),
        ({"currency": "euro"}, "three-letter"),
    ],
)
def test_parameters_that_cannot_be_are_told(workbench, named, says):
    with pytest.raises(InvalidInput, match=says):
        sales_review(workbench, **named)
