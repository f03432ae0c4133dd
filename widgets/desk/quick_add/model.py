"""What quick add asks, checks and keeps; no pixels in here."""

from collections.abc import Callable
from typing import Any

import traitlets as tl

from crmlib import Workbench, contacts
from crmlib.base import CrmError, Field, InvalidInput
from crmlib.contacts import PartyKind
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
        form, key, typed = arrived.text(form), arrived.text(key), arrived.given(typed)
        with errors_shown_in(self), self._workbench.reading() as session:
            about = forms.fields(session, form).get(key)
        if self.message or about is None:
            return
        errors = {one: text for one, text in self.errors.items() if one != key}
        text = self._wrong(about, typed)
        self.errors = errors | ({key: text} if text else {})
        if self.summary:
            self.summary = self._summary(len(self.errors))
        said = "" if text or typed is None else str(typed)
        self._typed.setdefault(form, {})[key] = (about.read(said) or "") if about.kind == "country" else said
        self._look_near(form)

    def find(self, key: Any, typed: Any, kind: Any = "") -> None:
        """Offer the parties that fit what is being typed into a field."""
        with errors_shown_in(self), self._workbench.reading() as session:
            kind = arrived.text(kind)
            wanted = PartyKind(kind) if kind in ("person", "organization") else None
            # A customer is not one of us; a field of the business's own may lead to anybody.
            both = None if arrived.text(key).startswith(forms.CUSTOM) else False
            found = shown.found_parties(session, typed, kind=wanted, colleagues=both)
            self.options = self.options | {arrived.text(key): found}

    def save(self, form: Any, typed: Any) -> None:
        """Add the record, or say beside every field what is wrong; `answered` counts the answers."""
        try:
            self._save(form, typed)
        finally:
            self.answered += 1

    def _save(self, form: Any, typed: Any) -> None:
        form = arrived.text(form)
        values = {key: arrived.given(value) for key, value in arrived.mapping(typed).items()}
        with errors_shown_in(self), self._workbench.reading() as session:
            known = forms.fields(session, form)
        if self.message:
            return
        wrong = {key: text for key, about in known.items() if (text := self._wrong(about, values.get(key)))}
        self.errors = wrong
        self.summary = self._summary(len(wrong))
        if wrong or not known:
            return
        try:
            with self._workbench.session() as session:
                saved = forms.SAVERS[form](session, self._workbench, values)
        except InvalidInput as refusal:
            key = next((one for one, about in known.items() if about.title == refusal.field), "")
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
        """Who is known already by what the form says so far: by e-mail, by phone, by name and place."""
        said = self._typed.get(form, {})
        if form not in ("person", "organization"):
            self.near = []
            return
        with errors_shown_in(self), self._workbench.reading() as session:
            employer = arrived.whole(said.get("organization_id"))
            found = contacts.near_parties(
                session,
                name=_whole_name(said),
                email=said.get("email", ""),
                phone=said.get("phone", ""),
                city=said.get("city") or None,
                country=said.get("country") or None,
                organization=contacts.party_card(session, employer).name if employer else "",
            )
            self.near = [_near(one) for one in found]
            return
        self.near = []


def _near(one: dict[str, Any]) -> dict[str, Any]:
    # From 90 on it says: very likely the same.
    likely = one["score"] >= 90
    template = _("{name} is very likely the same: {why}.") if likely else _("{name} may be the same: {why}.")
    text = template.format(name=one["party"], why=one["why"])
    return {"id": one["party_id"], "text": text, "about": one["organization"] or "", "likely": likely}


def _whole_name(said: dict[str, str]) -> str:
    if "name" in said:
        return said["name"]
    # One name alone is shared by too many; it is a whole name only when the other field was left empty.
    return (
        " ".join(part for part in (said.get("given_name"), said.get("family_name")) if part)
        if "family_name" in said
        else ""
    )
