"""The tutorials run from top to bottom, on a company with data and on an empty one."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TUTORIALS = sorted(Path(__file__).parents[2].joinpath("notebooks", "tutorials").glob("*.ipynb"))


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory):
    """A small company with some deals, and an empty one."""
    from crmlib import create_workbench
    from crmlib.base import Money

    folder = tmp_path_factory.mktemp("tutorials")
    create_workbench(folder / "empty").close()
    with create_workbench(folder / "busy", name="Busy") as wb:
        wb.sales.add_pipeline(name="Sales")
        owner = wb.contacts.add_person(given_name="Rani", lifecycle="colleague")
        for n in range(30):
            deal = wb.sales.open_deal(name=f"Deal {n}", owner=owner.id, amount=Money.of(100 + n, "EUR"))
            if n % 3 == 0:
                wb.sales.win_deal(deal.id)
            elif n % 3 == 1:
                wb.sales.lose_deal(deal.id, reason="price")
    return folder


@pytest.mark.parametrize("company", ["busy", "empty"])
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_to_its_end(tutorial, company, workspaces, monkeypatch):
    monkeypatch.setenv("CRM_WORKSPACE", str(workspaces / company))
    monkeypatch.delenv("CRM_DATABASE", raising=False)
    book = nbformat.read(tutorial, as_version=4)
    done = NotebookClient(book, timeout=120, resources={"metadata": {"path": str(workspaces)}}).execute()
    told = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert not [output for output in told if output.get("name") == "stderr"], "a warning reached the reader"
    said = "".join(output.get("text", "") for output in told)
    assert "24 oxygen sensors won" in said
    assert "The part after @" in said or "the part after @" in said
