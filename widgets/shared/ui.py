"""What every view stands on: the template with its words and defaults, the page's address, errors in words."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol
from urllib.parse import parse_qs

import ipyvuetify as v
from ipyvue.Template import Template

from crmlib.i18n import current_locale
from crmlib.i18n import gettext as _
from crmlib.i18n.vue import ANY_WORD, WORD, message_of
from widgets.shared.theme import apply_theme, stylesheet

# Vuetify's own defaults are Material's; these make its parts as dense and quiet as the rest.
DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "VBtn": {"variant": "text", "ripple": False},
    "VTextField": {"variant": "outlined", "density": "compact", "hideDetails": "auto"},
    "VSelect": {"variant": "outlined", "density": "compact", "hideDetails": "auto"},
    "VAutocomplete": {"variant": "outlined", "density": "compact", "hideDetails": "auto"},
    "VCombobox": {"variant": "outlined", "density": "compact", "hideDetails": "auto"},
    "VTextarea": {"variant": "outlined", "density": "compact", "hideDetails": "auto"},
    "VChip": {"size": "small", "variant": "tonal", "label": True, "closeIcon": "mdi-close"},
    "VCard": {"variant": "flat", "border": True},
    "VCheckboxBtn": {"density": "compact", "color": "primary"},
    "VDataTable": {"density": "compact", "hover": True},
    "VDataTableServer": {"density": "compact", "hover": True},
    "VTooltip": {"openDelay": 400, "location": "bottom"},
    "VList": {"density": "compact"},
    "VListItem": {"ripple": False},
    "VTab": {"ripple": False},
}

# Set on Vuetify itself, not by v-defaults-provider: that one does not reach into dialogs and menus.
_MIXIN: Final = """
// ipyvuetify ends every key press at the overlays' container, so that Vuetify's own Escape never arrives.
if (!window.crmEscape) {
  window.crmEscape = true;
  window.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !event.target.closest?.(".v-overlay-container")) return;
    setTimeout(() => {
      if (!event.defaultPrevented) window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    });
  }, true);
}
%(sheet)s
const crmView = {
  created() {
    if (!this.$vuetify.defaults?.crm) {
      this.$vuetify.defaults = { ...%(defaults)s, crm: {} };
      const words = %(words)s, known = this.$vuetify.locale.messages.en;
      Object.assign(known, words, { input: { ...known.input, ...words.input } });
    }
    if (window.crm && !window.crm.vuetify) {
      window.crm.vuetify = this.$vuetify;
      window.crm.followTheme((theme) => { this.$vuetify.theme.change(theme); });
    }
  },
  methods: { crmAvatar(number) {
    return { background: `var(--crm-avatar-${number})`, color: `var(--crm-avatar-${number}-ink)` };
  } },
};
"""

_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)

_templates: dict[tuple[str, str], Template] = {}


class View(v.VuetifyTemplate):
    """A view: state in traits tagged `sync=True`, markup in the `.vue` file beside the class.

    `{{ t("Add person") }}` in the file becomes the sentence in the reader's language when the view is made, so
    `t` takes one plain string; put values in afterwards (`t("To {stage}").replace("{stage}", name)`) or make the
    sentence in Python. Amounts, days and shares are formatted in Python and arrive as text.

    Methods named `vue_<event>` are what the template calls as `event(argument)`; each must check what it gets,
    anyone at the page can call it with anything.
    """

    # Whole-page views are made once; nobody asks a template to change while it is shown.
    template_file: ClassVar[Any] = None

    def __init__(self, **traits: Any) -> None:
        if self.template_file:
            folder, name = self.template_file
            traits.setdefault("template", template(Path(folder).parent / name))
        apply_theme_once()
        # `template_file` is answered for above; ipyvue would read the file again, untranslated.
        file, type(self).template_file = type(self).template_file, None
        try:
            super().__init__(**traits)
        finally:
            type(self).template_file = file

    def call(self, method: str, *arguments: Any) -> None:
        """Run `jupyter_<method>(...)` of the template in every browser that shows this view."""
        self.send({"method": method, "args": list(arguments)})


def template(path: Path) -> Template:
    """The template in `path`, in the current locale; one widget for all views that use it."""
    key = (str(path), str(current_locale()))
    found = _templates.get(key)
    if found is not None and found.comm is not None:
        return found
    made = Template(template=prepare(path.read_text("utf-8"), path.name), source_url=path.name)
    # Outside a kernel (tests) there is nobody to share it with.
    if made.comm is not None and type(made.comm).__name__ != "DummyComm":
        _templates[key] = made
    return made


def prepare(source: str, name: str = "a template") -> str:
    """A `.vue` file with its sentences translated and our defaults woven into its script.

    Raises ValueError where `t(…)` is given anything but one plain string.
    """
    translated = WORD.sub(lambda found: _literal(_(message_of(found))), source)
    if (wrong := ANY_WORD.search(translated)) is not None:
        line = translated.count("\n", 0, wrong.start()) + 1
        raise ValueError(f"{name}, line {line}: t(…) takes one plain string in quotes")
    mixin = _MIXIN % {
        "defaults": json.dumps(DEFAULTS),
        "words": json.dumps(_vuetify_words()).replace("</", "<\\/"),
        "sheet": "" if _served() else _inlined_sheet(),
    }
    script = _SCRIPT.search(translated)
    if script is None:
        return f"{translated}\n<script>{mixin}\nexport default {{ mixins: [crmView] }};\n</script>\n"
    own = script[1].replace("module.exports =", "export default", 1).replace("export default", "const own =", 1)
    woven = (
        f"<script>{mixin}\n{own.rstrip().removesuffix(';')};\nexport default {{ mixins: [crmView, own] }};\n</script>"
    )
    return translated[: script.start()] + woven + translated[script.end() :]


def _served() -> bool:
    """Whether this kernel belongs to a page of our own server, which serves the style sheet as a file."""
    return os.environ.get("CRM_DOOR") == "page"


def _vuetify_words() -> dict[str, Any]:
    """What Vuetify's parts say by themselves, which is English in every locale that ipyvuetify brings."""
    return {
        "noDataText": _("Nothing to choose from yet"),
        "open": _("Open the list"),
        "close": _("Close the list"),
        "input": {"clear": _("Clear {field}").replace("{field}", "{0}")},
    }


def _inlined_sheet() -> str:
    """For JupyterLab: the first view drawn puts the style sheet into the page."""
    sheet = json.dumps(stylesheet("")).replace("</", "<\\/")
    return f"""if (!document.getElementById("crm-sheet")) {{
  const style = Object.assign(document.createElement("style"), {{ id: "crm-sheet", textContent: {sheet} }});
  document.head.appendChild(style);
}}"""


def _literal(text: str) -> str:
    """`text` as a JavaScript string that may stand in markup, in a quoted attribute, and in a script."""
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', "\\x22").replace("'", "\\x27")
    for sign, code in (
        ("<", "\\x3c"),
        (">", "\\x3e"),
        ("&", "\\x26"),
        ("`", "\\x60"),
        ("{{", "{\\x7b"),
        ("}}", "}\\x7d"),
    ):
        escaped = escaped.replace(sign, code)
    return f"'{escaped}'"


_themed = False


def apply_theme_once() -> None:
    """Our colours, given to ipyvuetify with the first view of a kernel."""
    global _themed
    if not _themed:
        apply_theme()
        _themed = True


# --- the page's address --------------------------------------------------------------------------------


def page_request(**types: Callable[[str], Any]) -> dict[str, Any]:
    """What the page's address asks for: the named parameters that are in it, checked and typed.

    `page_request(view=str, id=int)` on `/?view=party&id=12` gives `{"view": "party", "id": 12}`. What is not in
    the address is left out, so the callee's defaults hold; names not asked for are ignored. `bool` takes 1, 0,
    yes, no, true, false; `date` takes 2026-07-01. Raises InvalidInput, which is also a ValueError.
    """
    given = parse_qs(os.environ.get("QUERY_STRING", ""), max_num_fields=50)
    return {name: _typed(name, given[name][-1], kind) for name, kind in types.items() if name in given}


def _typed(name: str, text: str, kind: Callable[[str], Any]) -> Any:
    from crmlib.base.errors import InvalidInput

    try:
        if kind is bool:
            return {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}[text.lower()]
        if kind is date:
            return date.fromisoformat(text)
        # Python's own int also takes "1_000" and " 7 "; a database takes no more than 18 digits.
        if kind is not int or re.fullmatch(r"-?\d{1,18}", text):
            return kind(text)
    except (KeyError, ValueError):
        pass
    raise InvalidInput(name, text, _expected(kind))


def _expected(kind: Callable[[str], Any]) -> str:
    if kind is int:
        return _("a whole number")
    if kind is bool:
        return _("yes or no")
    if kind is date:
        return _("a day such as 2026-07-01")
    return _("a value the page knows")


# --- errors --------------------------------------------------------------------------------------------


class _HasMessage(Protocol):
    message: Any


@contextmanager
def errors_shown_in(model: _HasMessage) -> Iterator[None]:
    """Let what `crmlib` refuses become `model.message`, which is empty again when the next thing goes well.

    Whatever else goes wrong is a bug and goes on up.
    """
    from crmlib.base.errors import CrmError

    try:
        yield
    except CrmError as refusal:
        model.message = str(refusal)
    else:
        model.message = ""
