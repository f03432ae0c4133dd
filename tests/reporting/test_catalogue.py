import nbformat
import pytest

from crmlib.base import NotFound
from crmlib.reporting import list_reports, show_report


def write(folder, name, *cells):
    made = []
    for kind, source, *tags in cells:
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(source)
        cell.metadata["tags"] = list(tags)
        made.append(cell)
    nbformat.write(nbformat.v4.new_notebook(cells=made), folder / f"{name}.ipynb")


def test_a_report_is_read_from_its_notebook(tmp_path):
    write(
        tmp_path,
        "calls",
        ("markdown", "# Calls\n\nWho was called,\nand what came of it.\n\nMore."),
        ("code", 'month: str = ""  # Month [YYYY-MM]; empty takes the last\nn: int = 3  # How many', "parameters"),
    )
    (report,) = list_reports(tmp_path)
    assert (report.name, report.title, report.sentence) == ("calls", "Calls", "Who was called, and what came of it.")
    assert [(p.name, p.type, p.default, p.rule) for p in report.parameters] == [
        ("month", "str", "", "YYYY-MM"),
        ("n", "int", 3, ""),
    ]


def test_a_parameter_that_papermill_would_drop_is_a_mistake_told(tmp_path):
    write(tmp_path, "calls", ("code", "owner: int | None = None  # Who", "parameters"))
    with pytest.raises(ValueError, match="cannot read the parameters.*owner"):
        list_reports(tmp_path)


def test_a_report_without_parameters_takes_none(tmp_path):
    write(tmp_path, "calls", ("markdown", "# Calls"))
    assert show_report("calls", tmp_path).parameters == ()


@pytest.mark.parametrize("name", ["cals", "../calls", "calls.ipynb", ""])
def test_a_name_that_is_none_is_told_with_those_that_are(tmp_path, name):
    write(tmp_path, "calls", ("markdown", "# Calls"))
    with pytest.raises(NotFound, match=r"There is no report “.*Try calls\."):
        show_report(name, tmp_path)


def test_our_own_reports_can_be_listed_and_have_a_sentence():
    reports = list_reports()
    assert "sales_review" in [report.name for report in reports]
    assert all(report.sentence and report.parameters for report in reports)
    assert all(parameter.help for report in reports for parameter in report.parameters)
