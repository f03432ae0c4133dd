"""A fact that is edited where it stands: text until it is clicked, a field until it is saved or left."""

from pathlib import Path

from widgets.shared.ui import prepare

_FILE = Path(__file__).with_name("fact.vue")


def fact() -> str:
    """The component `<crm-fact>` in the reader's language, for a view's `components`."""
    return prepare(_FILE.read_text("utf-8"), _FILE.name)
