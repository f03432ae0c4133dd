"""What a page shows of values and of what happened."""

import importlib

from crmlib.base import Event
from widgets.shared.shown import EVENT_ICONS


def test_everything_that_can_happen_has_an_icon_of_its_own():
    for room in ("contacts", "catalog", "activities", "sales", "billing", "exchange", "workbench"):
        importlib.import_module(f"crmlib.{room}")
    parents = {parent for kind in Event.kinds.values() for parent in kind.__mro__[1:]}
    ours = {name for name, kind in Event.kinds.items() if kind.__module__.startswith("crmlib.") and kind not in parents}
    assert ours - EVENT_ICONS.keys() == set()
    assert EVENT_ICONS.keys() - ours == set()
