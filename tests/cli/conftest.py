"""The `crm` command as somebody types it, in a folder of its own."""

import pytest

from crmlib.cli.app import run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No test may meet the workspace or the settings of whoever runs it."""
    monkeypatch.chdir(tmp_path)
    for name in ("CRM_WORKSPACE", "CRM_DATABASE", "CRM_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    """The workspace `ws` is the one that commands work in."""
    monkeypatch.setenv("CRM_WORKSPACE", str(tmp_path / "ws"))


@pytest.fixture
def crm(capsys):
    """Type a command: its exit code, what it printed, and what it complained of."""

    def crm(*arguments):
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return crm
