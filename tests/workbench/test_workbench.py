import subprocess
import sys

import pytest

from crmlib import CrmError, InvalidInput, Refused, create_workbench, open_workbench


def test_a_missing_workbench_says_how_to_make_one(tmp_path):
    with pytest.raises(CrmError, match="crm demo"):
        open_workbench(tmp_path / "nowhere")


def test_a_second_workbench_in_one_folder_is_refused(tmp_path):
    create_workbench(tmp_path / "ws", name='Rani & "Sons"').close()
    with pytest.raises(Refused, match="already"):
        create_workbench(tmp_path / "ws")
    with open_workbench(tmp_path / "ws") as wb:
        assert wb.settings.name == 'Rani & "Sons"'


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("currency", "EURO", "three-letter"),
        ("timezone", "Mars/Olympus", "Europe/Bucharest"),
        ("locale", "xx_yy_zz_q", "en, id"),
        ("country", "Atlantis", "two-letter"),
    ],
)
def test_a_setting_that_cannot_be_says_what_would_be_right(tmp_path, setting, value, expected):
    with pytest.raises(InvalidInput, match=expected):
        create_workbench(tmp_path / "ws", **{setting: value})


def test_the_folder_is_its_owners_only(tmp_path):
    create_workbench(tmp_path / "ws").close()
    assert (tmp_path / "ws").stat().st_mode & 0o077 == 0


def test_departments_offer_what_they_can_do_and_nothing_else(workbench):
    assert "open_deals" in dir(workbench.sales)
    assert "Deal" not in dir(workbench.sales)
    with pytest.raises(AttributeError, match="it has"):
        workbench.sales.sell_everything()


def test_a_workbench_shows_what_it_holds(workbench):
    workbench.contacts.add_person(given_name="<script>")
    assert "1 party" in workbench._repr_html_()
    person = workbench.contacts.party_card(1)
    assert "<script>" not in person._repr_html_()
    assert "&lt;script&gt;" in person._repr_html_()


def test_opening_a_workbench_stays_light():
    """Every page's kernel imports this; frames, charts and migrations come only when they are used."""
    heavy = ("pandas", "altair", "alembic", "IPython")
    code = f"import crmlib.workbench, sys; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
