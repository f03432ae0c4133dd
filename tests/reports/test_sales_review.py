"""The sales review as it is run: on real data with known figures, on an empty workbench, on both databases."""

import json
import re

import pytest

from crmlib.exchange import import_files
from crmlib.reporting import run_report
from crmlib.reporting.blocks import Table, blocks_of


def said(run) -> str:
    """The report's text as a reader of the HTML sees it."""
    page = run.paths["html"].read_text("utf-8")
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</style>")[-1]).split())


def tables_of(run) -> list[Table]:
    return [block for block in blocks_of(json.loads(run.paths["notebook"].read_text())) if isinstance(block, Table)]


def test_on_an_empty_workbench_it_says_that_nothing_has_closed(workbench):
    run = run_report(workbench, "sales_review")
    assert run.evidence["finding"] == "Nothing closed yet"
    assert "There are no deals here yet" in said(run)
    assert "sales_review(" not in said(run), "a report shows no code"
    assert run.paths["pdf"].read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_on_the_maven_data_it_gives_the_published_figures(workbench, real_data):
    with workbench.session() as session:
        import_files(session, "maven_crm", sorted((real_data / "maven_crm").glob("*.csv.gz")), at=workbench.now())
    run = run_report(workbench, "sales_review", {"quarter": "2017-Q4"})
    figures = {figure["name"]: figure for figure in run.evidence["figures"]}
    assert figures["Won in Q4 2017"]["value"] == 2_802_496
    assert figures["Won in Q4 2017"]["text"] == "$2,802,496"
    assert figures["Win rate"]["value"] == pytest.approx(1196 / 1985)
    assert (figures["Median time to close"]["value"], figures["Open deals"]["value"]) == (69, 2089)
    assert run.evidence["resolved"]["as_of"] == "2017-12-31"
    assert run.evidence["resolved"]["currency"] == "USD"
    assert run.evidence["data_version"] == workbench.data_version()
    text = said(run)
    assert "4,238 were won, 2,473 lost, and 2,089 are open: 500 in Prospecting and 1,589 in Engaging" in text
    quarters = next(table for table in tables_of(run) if table.columns[0].label == "Quarter")
    revenue = {row[0]: row[3] for row in quarters.rows}
    assert revenue == {"Q4 2017": "2,802,496", "Q3 2017": "2,982,255", "Q2 2017": "3,086,111", "Q1 2017 *": "1,134,672"}
    sellers = next(table for table in tables_of(run) if table.columns[0].label == "Seller")
    assert sellers.rows[0][0] == "Darcel Schlecht"
    assert sellers.total[3] == "2,802,496"
    assert "No seller&#x27;s win rate" in text
