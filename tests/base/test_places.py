import pytest

from crmlib.base import places
from crmlib.base.errors import CrmError


def test_the_folders_of_a_checkout_are_found():
    assert (places.find_folder("reports") / "sales_review.ipynb").is_file()
    assert places.find_folder("notebooks").is_dir()


def test_another_home_comes_first(tmp_path, monkeypatch):
    (tmp_path / "reports").mkdir()
    monkeypatch.setenv("CRM_HOME", str(tmp_path))
    assert places.find_folder("reports") == tmp_path / "reports"


def test_an_install_is_found_where_there_is_no_checkout(tmp_path, monkeypatch):
    (tmp_path / "share" / "crm-workbench" / "reports").mkdir(parents=True)
    monkeypatch.setattr(places, "__file__", str(tmp_path / "lib" / "crmlib" / "base" / "places.py"))
    monkeypatch.setattr(places.sysconfig, "get_path", lambda _name: str(tmp_path))
    assert places.find_folder("reports") == tmp_path / "share" / "crm-workbench" / "reports"


def test_a_missing_folder_says_where_it_was_looked_for():
    with pytest.raises(CrmError, match="The folder “attic” of CRM Workbench is missing. Looked in: /"):
        places.find_folder("attic")
