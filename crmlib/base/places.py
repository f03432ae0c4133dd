"""Where the files that are not Python lie: report notebooks, pages, tutorials.

They stand beside `crmlib` in a checkout, and under `share/crm-workbench` of the environment once installed.
"""

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from crmlib.base.errors import CrmError
from crmlib.i18n import gettext as _

_INSTALLED = Path("share") / "crm-workbench"


def find_folder(name: str) -> Path:
    """The folder `name` (`"reports"`, `"notebooks"`) that came with this copy of CRM Workbench.

    A checkout wins over an install, so that an edited notebook is the one that runs. `CRM_HOME` names
    another place to look first. Raises CrmError where the folder is nowhere.
    """
    for place in _places():
        folder = place / name
        if folder.is_dir():
            return folder
    looked = ", ".join(str(place) for place in _places())
    raise CrmError(
        _("The folder “{name}” of CRM Workbench is missing. Looked in: {looked}.").format(name=name, looked=looked)
    )


def _places() -> Iterator[Path]:
    if home := os.environ.get("CRM_HOME"):
        yield Path(home)
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        yield checkout
    yield Path(sysconfig.get_path("data")) / _INSTALLED
    yield Path(sys.prefix) / _INSTALLED
