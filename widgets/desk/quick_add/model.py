"""What quick add asks, checks and keeps; no pixels in here."""

from collections.abc import Callable
from typing import Any

import traitlets as tl
from sqlalchemy.orm import Session

from crmlib import Workbench, contacts
from crmlib.base import CrmError, Field, InvalidInput
from crmlib.contacts import PartyKind, normalise_email, normalise_phone
from crmlib.i18n import gettext as _
from crmlib.i18n import ngettext
from widgets.desk.quick_add import forms
from widgets.shared import shown
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
    message = tl.Unicode()

    def __init__(self, workbench: Workbench, on_saved: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._workbench = workbench
        self._on_saved = on_saved or (lambda: None)
        self._n = 0

    def prepare(self) -> None:
        """Make the forms, with the owners, products and stages there are now."""
        with errors_shown_in(self), self._workbench.reading() as session:
            self.forms = forms.all_forms(session, self._workbench)
        self.errors, self.near, self.summary = {}, [], ""

    def check(self, form: Any, key: Any, typed: Any) -> None:
        """Look at one field as it is left."""
        about = forms.fields(str(form)).get(str(key))
        if about is None:
            return
        errors = {one: text for one, text in self.errors.items() if one != key}
        text = self._wrong(about, typed)
        self.errors = errors | ({str(key): text} if text else {})
        if not text:
            self._look_near(str(key), typed)

    def find(self, key: Any, typed: Any, kind: Any = "") -> None:
        """Offer the parties that fit what is being typed into a field."""
        with errors_shown_in(self), self._workbench.reading() as session:
            wanted = PartyKind(kind) if kind in ("person", "organization") else None
            found = contacts.find_parties(session, str(typed or "")[:100], kind=wanted)
        choices = [
            {"value": one["party_id"], "title": one["party"], "subtitle": one["organization"] or ""} for one in found
        ]
        self.options = self.options | {str(key): choices}

    def save(self, form: Any, typed: Any) -> None:
        """Add the record, or say beside every field what is wrong."""
        values = typed if isinstance(typed, dict) else {}
        known = forms.fields(str(form))
        wrong = {key: text for key, about in known.items() if (text := self._wrong(about, values.get(key)))}
        self.errors = wrong
        self.summary = self._summary(len(wrong))
        if wrong or not known:
            return
        try:
            with self._workbench.session() as session:
                saved = forms.SAVERS[str(form)](session, self._workbench, values)
        except InvalidInput as refusal:
            key = next((one for one, about in known.items() if _(about.label) == refusal.field), "")
            self.errors, self.summary = ({key: shown.refusal(refusal)}, self._summary(1)) if key else ({}, str(refusal))
            return
        except CrmError as refusal:
            self.summary = str(refusal)
            return
        self._n += 1
        self.near, self.errors, self.summary = [], {}, ""
        self.saved = saved | {"number": self._n, "form": str(form)}
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

    def _look_near(self, key: str, typed: Any) -> None:
        text = str(typed or "").strip()
        if key not in ("email", "phone", "name", "given_name", "family_name") or not text:
            return
        asked: dict[str, str] = {}
        country = self._workbench.settings.country or None
        try:
            if key == "email":
                asked["email"] = normalise_email(text)
            elif key == "phone":
                asked["phone"] = normalise_phone(text, country=country)
            elif key == "name":
                asked["name"] = text
        except InvalidInput:
            return
        if asked:
            with errors_shown_in(self), self._workbench.reading() as session:
                self.near = self._near(session, asked)

    def _near(self, session: Session, asked: dict[str, str]) -> list[dict[str, Any]]:
        found = contacts.near_parties(session, **asked)
        template = _("{name} has the same e-mail.") if "email" in asked else _("{name} has the same phone.")
        template = _("{name} is here already.") if "name" in asked else template
        return [{"id": one["party_id"], "text": template.format(name=one["party"])} for one in found]
