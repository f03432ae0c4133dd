"""What quick add asks, checks and keeps; no pixels in here."""

from collections.abc import Callable
from typing import Any

import traitlets as tl

from crmlib import Workbench, contacts
from crmlib.base import CrmError, Field, InvalidInput
from crmlib.contacts import PartyKind, normalise_email, normalise_phone
from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext
from widgets.desk.quick_add import forms
from widgets.shared import arrived, shown
from widgets.shared.ui import errors_shown_in


class QuickAddModel(tl.HasTraits):
    """Four forms. `errors` has, by field, what is wrong with what was typed; `near` who may be known already.

    `saved` is what was added last: its sentence, and where to go to see it. What was typed is the page's to keep
    until then, so that nothing is lost to an error.
    """

    forms = tl.List(tl.Dict())
    errors = tl.Dict()
    summary = tl.Unicode()
    near = tl.List(tl.Dict())
    options = tl.Dict()
    saved = tl.Dict()
    answered = tl.Int(0)
    message = tl.Unicode()

    def __init__(self, workbench: Workbench, on_saved: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._workbench = workbench
        self._on_saved = on_saved or (lambda: None)
        self._n = 0
        self._typed: dict[str, dict[str, str]] = {}

    def prepare(self) -> None:
        """Make the forms, with the owners, products and stages there are now."""
        with errors_shown_in(self), self._workbench.reading() as session:
            self.forms = forms.all_forms(session, self._workbench)
        self.errors, self.near, self.summary, self._typed = {}, [], "", {}

    def check(self, form: Any, key: Any, typed: Any) -> None:
        """Look at one field as it is left."""
        form, key, typed = arrived.text(form), arrived.text(key), arrived.typed(typed)
        about = forms.fields(form).get(key)
        if about is None:
            return
        errors = {one: text for one, text in self.errors.items() if one != key}
        text = self._wrong(about, typed)
        self.errors = errors | ({key: text} if text else {})
        if self.summary:
            self.summary = self._summary(len(self.errors))
        self._typed.setdefault(form, {})[key] = "" if text or typed is None else str(typed)
        self._look_near(form)

    def find(self, key: Any, typed: Any, kind: Any = "") -> None:
        """Offer the parties that fit what is being typed into a field."""
        with errors_shown_in(self), self._workbench.reading() as session:
            kind = arrived.text(kind)
            wanted = PartyKind(kind) if kind in ("person", "organization") else None
            found = contacts.find_parties(session, arrived.text(typed, 100), kind=wanted)
        choices = [
            {"value": one["party_id"], "title": one["party"], "subtitle": one["organization"] or ""} for one in found
        ]
        self.options = self.options | {arrived.text(key): choices}

    def save(self, form: Any, typed: Any) -> None:
        """Add the record, or say beside every field what is wrong; `answered` counts the answers."""
        try:
            self._save(form, typed)
        finally:
            self.answered += 1

    def _save(self, form: Any, typed: Any) -> None:
        form = arrived.text(form)
        values = {key: arrived.typed(value) for key, value in arrived.mapping(typed).items()}
        known = forms.fields(form)
        wrong = {key: text for key, about in known.items() if (text := self._wrong(about, values.get(key)))}
        self.errors = wrong
        self.summary = self._summary(len(wrong))
        if wrong or not known:
            return
        try:
            with self._workbench.session() as session:
                saved = forms.SAVERS[form](session, self._workbench, values)
        except InvalidInput as refusal:
            key = next((one for one, about in known.items() if _(about.label) == refusal.field), "")
            self.errors, self.summary = ({key: shown.refusal(refusal)}, self._summary(1)) if key else ({}, str(refusal))
            return
        except CrmError as refusal:
            self.summary = str(refusal)
            return
        self._n += 1
        self.near, self.errors, self.summary, self._typed = [], {}, "", {}
        self.saved = saved | {"number": self._n, "form": form}
        self._on_saved()

    def _wrong(self, about: Field, typed: Any) -> str:
        try:
            forms.read(about, typed, self._workbench)
        except InvalidInput as refusal:
            return shown.refusal(refusal)
        return ""

    def _summary(self, n: int) -> str:
        if not n:
            return ""
        return ngettext("One field needs another look:", "{n} fields need another look:", n).format(n=n)

    def _look_near(self, form: str) -> None:
        """Who is known already by what the form says so far: by e-mail, by phone, or by the whole name."""
        said = self._typed.get(form, {})
        if form not in ("person", "organization"):
            self.near = []
            return
        asked = {
            _("{name} has the same e-mail."): {"email": _normal(normalise_email, said.get("email"))},
            _("{name} has the same phone."): {"phone": _normal(self._phone, said.get("phone"))},
            _("{name} is here already."): {"name": _whole_name(said)},
        }
        found: dict[int, dict[str, Any]] = {}
        with errors_shown_in(self), self._workbench.reading() as session:
            for template, wanted in asked.items():
                for one in contacts.near_parties(session, **wanted) if any(wanted.values()) else ():
                    text = template.format(name=one["party"])
                    found.setdefault(one["party_id"], {"id": one["party_id"], "text": text})
        self.near = list(found.values())[:3]

    def _phone(self, typed: str) -> str:
        return normalise_phone(typed, country=self._workbench.settings.country or None)


def _normal(normalise: Callable[[str], str], typed: str | None) -> str:
    try:
        return normalise(typed) if typed else ""
    except InvalidInput:
        return ""


def _whole_name(said: dict[str, str]) -> str:
    if "name" in said:
        return said["name"]
    # One name alone is shared by too many; it is a whole name only when the other field was left empty.
    return (
        " ".join(part for part in (said.get("given_name"), said.get("family_name")) if part)
        if "family_name" in said
        else ""
    )
