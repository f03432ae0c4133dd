"""What the page of custom fields shows and what can be done on it; no pixels in here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import traitlets as tl

from crmlib import Workbench, filters
from crmlib.base import CrmError, InvalidInput, fields_of, find
from crmlib.filters import CustomField
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy, ngettext
from widgets.shared import arrived, shown
from widgets.shared.ui import errors_shown_in

# Kinds of record that can have fields of the business's own, as people call them.
RECORDS = (
    ("party", lazy("Customers"), "mdi-account-multiple-outline"),
    ("deal", lazy("Deals"), "mdi-view-column-outline"),
    ("activity", lazy("Activities"), "mdi-checkbox-marked-circle-outline"),
    ("product", lazy("Products"), "mdi-package-variant-closed"),
    ("lead", lazy("Leads"), "mdi-inbox-arrow-down-outline"),
    ("order", lazy("Orders"), "mdi-receipt-text-outline"),
)
KIND_ICONS = {
    "text": "mdi-format-text",
    "number": "mdi-numeric",
    "money": "mdi-cash",
    "date": "mdi-calendar-outline",
    "choice": "mdi-radiobox-marked",
    "choices": "mdi-checkbox-multiple-marked-outline",
    "party": "mdi-account-outline",
    "url": "mdi-link-variant",
}
LEVELS = {
    "public": lazy("Anybody may see it, also outside the firm"),
    "internal": lazy("For everybody who works here"),
    "personal": lazy("About a person: left out where people are not to be recognised"),
    "sensitive": lazy("Such as health or belief: only where it cannot be done without"),
}
CHOOSING = ("choice", "choices")

# What the form asks, in the order in which what is wrong is told.
ASKED = ("label", "kind", "choices", "hint", "sensitivity", "key")


class FieldsModel(tl.HasTraits):
    """The custom fields of one kind of record, in their order, and those put away.

    `form` is the field being added (`id` 0) or edited; `errors` says beside which part of it something was refused.
    What was typed is the page's to keep until it is `saved`. `answered` counts the answers to Save.
    """

    records = tl.List(tl.Dict())
    record = tl.Unicode(RECORDS[0][0])
    fields = tl.List(tl.Dict())
    archived = tl.List(tl.Dict())
    kinds = tl.List(tl.Dict())
    levels = tl.List(tl.Dict())
    form = tl.Dict()
    errors = tl.Dict()
    summary = tl.Unicode()
    saved = tl.Int(0)
    answered = tl.Int(0)
    toast = tl.Dict()
    message = tl.Unicode()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self._workbench = workbench
        self._n = 0
        known = fields_of(CustomField)
        self.kinds = [
            {"value": kind, "title": _(label), "icon": KIND_ICONS[kind]} for kind, label in known["kind"].choices
        ]
        self.levels = [
            {"value": level, "title": _(label), "about": _(LEVELS[level])}
            for level, label in known["sensitivity"].choices
        ]

    def show(self, asked: dict[str, Any]) -> None:
        """Show the fields of a kind of `record`; one there is not is the first."""
        wanted = asked.get("record")
        self.record = (
            wanted if isinstance(wanted, str) and wanted in dict.fromkeys(one[0] for one in RECORDS) else "party"
        )
        self.form, self.errors, self.summary = {}, {}, ""
        self.refresh()

    def refresh(self) -> None:
        """Read the page anew."""
        with errors_shown_in(self), self._workbench.reading() as session:
            self._read(session)

    def begin(self, field_id: Any = 0) -> None:
        """Open the form: empty, or with the field of this number."""
        self.errors, self.summary = {}, ""
        number = arrived.whole(field_id)
        if not number:
            self._open({"kind": "text", "sensitivity": "internal"})
            return
        with errors_shown_in(self), self._workbench.reading() as session:
            field = find(session, CustomField, number)
            self._open(self._entry(field), version=field.version, has_values=filters.has_values(session, field))

    def close(self) -> None:
        """Put the form away without saving."""
        self.form, self.errors, self.summary = {}, {}, ""

    def check(self, key: Any, typed: Any) -> None:
        """Look at one part of the form as it is left; `typed` is all of the form."""
        key = arrived.text(key)
        if key not in ASKED:
            return
        with errors_shown_in(self), self._workbench.reading() as session:
            wrong = self._wrong(session, _typed(typed))
        # Another kind may need choices or none, and a key is made of the label.
        also = {"label": "key", "key": "label", "kind": "choices"}.get(key, key)
        self.errors = {one: text for one, text in self.errors.items() if one in wrong} | {
            one: wrong[one] for one in (key, also) if one in wrong and (one == key or one in self.errors)
        }
        if self.summary:
            self.summary = _summary(len(self.errors))

    def save(self, typed: Any) -> None:
        """Add the field, or change it, or say beside every part what is wrong."""
        try:
            self._save(_typed(typed))
        finally:
            self.answered += 1

    def move(self, field_id: Any, by: Any) -> None:
        """Put a field one place up (-1) or down (1) in the order."""
        number, step = arrived.whole(field_id), -1 if by == -1 else 1 if by == 1 else 0
        numbers = [one["id"] for one in self.fields]
        if number not in numbers or not step:
            return
        at = numbers.index(number)
        if not 0 <= at + step < len(numbers):
            return
        keys = [one["key"] for one in self.fields]
        keys[at], keys[at + step] = keys[at + step], keys[at]
        with errors_shown_in(self), self._workbench.session() as session:
            filters.reorder_custom_fields(session, self.record, keys)
        self._read_after()

    def archive(self, field_id: Any) -> None:
        """Put a field away; its values are kept."""
        with errors_shown_in(self), self._workbench.session() as session:
            field = filters.archive_custom_field(session, arrived.whole(field_id))
            told = _("“{label}” is in the archive; its values are kept.").format(label=field.label)
            self._tell(told, undo=field.id)
        self._read_after()

    def restore(self, field_id: Any) -> None:
        """Take a field out of the archive."""
        with errors_shown_in(self), self._workbench.session() as session:
            field = filters.restore_custom_field(session, arrived.whole(field_id))
            self._tell(_("“{label}” is back, with the values it had.").format(label=field.label))
        self._read_after()

    def undo(self) -> None:
        """Take the last archiving back."""
        if self.toast.get("field_id"):
            self.restore(self.toast["field_id"])

    def _save(self, typed: dict[str, Any]) -> None:
        number = typed.pop("id")
        version = typed.pop("version")
        try:
            with self._workbench.session() as session:
                wrong = self._wrong(session, typed, number)
                if not wrong and number:
                    wrong = self._changed_since(session, number, version, typed)
                self.errors, self.summary = wrong, _summary(len(wrong))
                if wrong:
                    return
                with self._beside(typed, number):
                    template = self._keep(session, number, typed)
        except _Told:
            return
        except CrmError as refusal:
            self.summary = str(refusal)
            return
        self._n += 1
        self.form, self.errors, self.summary = {}, {}, ""
        self.saved = self._n
        self._tell(template.format(label=typed["label"].strip()))
        self._read_after()

    def _keep(self, session: Any, number: int, typed: dict[str, Any]) -> str:
        values = {name: typed[name] for name in ("label", "kind", "hint", "sensitivity")}
        choices = _pairs(typed["choices"]) if typed["kind"] in CHOOSING else []
        if number:
            filters.edit_custom_field(session, number, values | {"choices": choices, "is_required": typed["required"]})
            return _("“{label}” is changed.")
        filters.add_custom_field(
            session, self.record, key=typed["key"], choices=choices, required=typed["required"], **values
        )
        return _("“{label}” can be filled in from now on.")

    @contextmanager
    def _beside(self, typed: dict[str, Any], number: int) -> Iterator[None]:
        """Let a refusal of the kind or of the choices stand beside them, and end the transaction."""
        try:
            yield
        except InvalidInput:
            raise
        except CrmError as refusal:
            if not number:
                raise
            before = self.form.get("kind")
            self.errors = {"choices" if typed["kind"] == before else "kind": str(refusal)}
            self.summary = _summary(1)
            raise _Told from None

    def _wrong(self, session: Any, typed: dict[str, Any], number: int | None = None) -> dict[str, str]:
        known = fields_of(CustomField)
        number = typed.get("id", 0) if number is None else number
        checks: dict[str, Callable[[], Any]] = {
            name: (lambda about=known[name], name=name: about.read(typed[name]))
            for name in ("label", "kind", "hint", "sensitivity")
        }
        if typed["kind"] in CHOOSING:
            checks["choices"] = lambda: filters.read_choices(typed["kind"], _pairs(typed["choices"]))
        if not number and typed["label"].strip():
            checks["key"] = lambda: filters.custom_key(session, self.record, typed["label"], typed["key"])
        wrong = {}
        for name, check in checks.items():
            try:
                check()
            except InvalidInput as refusal:
                said = shown.refusal(refusal)
                if name == "choices" and refusal.value not in ("", None):
                    said = _("“{choice}”: {why}").format(choice=refusal.value, why=refusal.expected)
                # Nobody typed the key that is made of a label.
                wrong["label" if name == "key" and not typed["key"].strip() else name] = said
        return {name: wrong[name] for name in ASKED if name in wrong}

    def _changed_since(self, session: Any, number: int, version: int, typed: dict[str, Any]) -> dict[str, str]:
        """Where somebody else changed the field since the form was opened: what it says now, beside each part."""
        field = find(session, CustomField, number)
        if field.version == version:
            return {}
        theirs = self._entry(field)
        self.form = self.form | {"version": field.version}
        mine = {**{name: typed[name].strip() for name in ("label", "kind", "hint", "sensitivity")}}
        titles = {one["value"]: one["title"] for one in (*self.kinds, *self.levels)}
        told = {
            name: titles.get(theirs[name], theirs[name]) or "–" for name, value in mine.items() if theirs[name] != value
        }
        if typed["kind"] in CHOOSING and _pairs(typed["choices"]) != [[*pair] for pair in field.choices]:
            told["choices"] = theirs["choices_text"]
        if theirs["required"] != typed["required"]:
            told["required"] = _("required") if theirs["required"] else _("not required")
        template = _("Someone changed this in the meantime: it says {value} now.")
        return {name: template.format(value=value) for name, value in told.items()}

    def _open(self, entry: dict[str, Any], *, version: int = 0, has_values: bool = False) -> None:
        self._n += 1
        blank = {"id": 0, "label": "", "key": "", "hint": "", "required": False, "choices": []}
        self.form = blank | entry | {"version": version, "has_values": has_values, "number": self._n}

    def _read_after(self) -> None:
        # The words of what was refused stay, although reading goes well.
        said = self.message
        self.refresh()
        self.message = said or self.message

    def _read(self, session: Any) -> None:
        counted = {name: len(filters.custom_fields(session, name)) for name, _label, _icon in RECORDS}
        self.records = [
            {"value": name, "title": _(label), "icon": icon, "count": counted[name]} for name, label, icon in RECORDS
        ]
        everything = [self._entry(one) for one in filters.custom_fields(session, self.record, archived=True)]
        self.fields = [one for one in everything if not one["is_archived"]]
        self.archived = [one for one in everything if one["is_archived"]]

    def _entry(self, field: CustomField) -> dict[str, Any]:
        kinds = {one["value"]: one for one in self.kinds}
        levels = {one["value"]: one["title"] for one in self.levels}
        return {
            "id": field.id,
            "key": field.key,
            "label": field.label,
            "kind": field.kind,
            "kind_title": kinds[field.kind]["title"],
            "icon": kinds[field.kind]["icon"],
            "choices": [{"value": value, "label": label} for value, label in field.choices],
            "choices_text": ", ".join(label for _value, label in field.choices),
            "required": field.is_required,
            "hint": field.hint or "",
            "sensitivity": field.sensitivity,
            "level": levels[field.sensitivity],
            "is_archived": field.is_archived,
        }

    def _tell(self, text: str, undo: int = 0) -> None:
        self._n += 1
        self.toast = {"number": self._n, "text": text, "undo": bool(undo), "field_id": undo}


class _Told(Exception):
    """What is wrong stands in the form already; the transaction ends without it."""


def _typed(value: Any) -> dict[str, Any]:
    """The form as it arrived, every part of it of its own type."""
    asked = arrived.mapping(value)
    choices = asked.get("choices")
    rows = [arrived.mapping(one) for one in choices[:1_000]] if isinstance(choices, list) else []
    return {
        "id": arrived.whole(asked.get("id")),
        "version": arrived.whole(asked.get("version")),
        "required": asked.get("required") is True,
        # One more than fits, so that what is too long is told and not cut.
        **{name: arrived.text(asked.get(name), 1_000) for name in ("label", "kind", "hint", "sensitivity", "key")},
        "choices": [{name: arrived.text(row.get(name), 200) for name in ("value", "label")} for row in rows],
    }


def _pairs(choices: list[dict[str, str]]) -> list[list[str]]:
    """Choices as the library takes them: a new one is stored as what it says; lines left empty are none."""
    taken = {one["value"] for one in choices if one["value"]}
    pairs = []
    for one in choices:
        label, value = one["label"].strip(), one["value"]
        if not label and not value:
            continue
        if not value:
            # Somebody renamed a choice and now adds one called as that was.
            value, n = label, 2
            while value in taken and all(known["label"].strip() != label for known in choices if known is not one):
                value, n = f"{label} {n}", n + 1
        pairs.append([value, label])
    return pairs


def _summary(n: int) -> str:
    return ngettext("One field needs another look:", "{n} fields need another look:", n).format(n=n) if n else ""
