"""What may be done with custom fields, their values, and saved views."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Index, MetaData, Table, exists, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex

from crmlib.base import (
    Base,
    Conflict,
    Field,
    InvalidInput,
    Money,
    NotFound,
    PermissionDenied,
    Refused,
    as_json,
    fields_of,
    find,
    folded,
    folded_sql,
)
from crmlib.filters.catalogue import custom_fields, custom_offered, custom_value, fields_for
from crmlib.filters.lists import check_order
from crmlib.filters.meaning import FAMILIES, Lacks, Same
from crmlib.filters.offered import Offered, is_customizable, offered, record_class
from crmlib.filters.parsing import parse
from crmlib.filters.records import CustomField, SavedView
from crmlib.filters.sql import SqlBackend
from crmlib.filters.stored import dump, load
from crmlib.filters.tree import conditions
from crmlib.i18n import gettext as _

__all__ = [
    "add_custom_field",
    "archive_custom_field",
    "custom_key",
    "delete_view",
    "edit_custom_field",
    "has_values",
    "index_custom_field",
    "read_choices",
    "rename_view",
    "reorder_custom_fields",
    "reorder_views",
    "restore_custom_field",
    "save_view",
    "set_custom",
    "share_view",
]

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")

# Words of the filter language, and what every record has already.
_TAKEN = frozenset({
    *("and", "or", "not", "in", "is", "contains", "starts", "with", "empty", "me", "now", "today", "yesterday"),
    *("tomorrow", "this", "true", "false", "yes", "no", "id", "version", "custom", "created_at", "updated_at"),
})  # fmt: skip
MOST_CHOICES = 500


# --- custom fields


def add_custom_field(
    session: Session,
    record: str,
    *,
    label: str,
    kind: str = "text",
    key: str = "",
    choices: Sequence[str | Sequence[str]] = (),
    required: bool = False,
    hint: str | None = None,
    sensitivity: str = "internal",
) -> CustomField:
    """Give a kind of record (party, deal, activity, product …) a field of the business's own.

    `key` is made of the label where none is given. Raises InvalidInput where a part of the definition cannot be,
    Refused where that kind of record has no custom fields.
    """
    if not is_customizable(record):
        raise Refused(_("Records of this kind cannot have fields of your own."))
    known = fields_of(CustomField)
    label, kind = known["label"].read(label), known["kind"].read(kind)
    made = custom_key(session, record, label, key)
    last = max((one.position for one in custom_fields(session, record, archived=True)), default=-1)
    found = CustomField(
        record=record,
        key=made,
        label=label,
        kind=kind,
        choices=read_choices(kind, choices),
        is_required=required,
        hint=known["hint"].read(hint),
        sensitivity=known["sensitivity"].read(sensitivity),
        position=last + 1,
    )
    session.add(found)
    session.flush()
    return found


def edit_custom_field(session: Session, field: CustomField | int, typed: Mapping[str, Any]) -> CustomField:
    """Change label, hint, choices, required (`is_required`), sensitivity or kind of a custom field.

    Its key never changes, because filters and files speak of it. Raises Refused where records have values already and
    the kind, or a choice that some have, would go.
    """
    field = find(session, CustomField, field)
    known = fields_of(CustomField)
    values: dict[str, Any] = {}
    for name, value in typed.items():
        if name == "choices":
            continue
        if name not in ("label", "hint", "kind", "sensitivity", "is_required"):
            raise InvalidInput(_("Field"), name, _("no such field here"))
        values[name] = known[name].read(value)
    kind = values.get("kind", field.kind)
    if kind != field.kind and has_values(session, field):
        raise Refused(
            _("“{label}” has values already, so its kind stays. Add another field instead.").format(label=field.label)
        )
    if "choices" in typed or kind != field.kind:
        choices = read_choices(kind, typed.get("choices", field.choices if kind in ("choice", "choices") else ()))
        gone = [pair for pair in field.choices if pair[0] not in {word for word, _label in choices}]
        for word, name in gone:
            if kind == field.kind and has_values(session, field, word):
                raise Refused(
                    _("Some records have “{choice}” in “{label}”. Change them before it goes.")
                    .format(choice=name, label=field.label)
                )  # fmt: skip
        field.choices = choices
    for name, value in values.items():
        setattr(field, name, value)
    return field


def archive_custom_field(session: Session, field: CustomField | int) -> CustomField:
    """Put a custom field away: forms, lists and filters no longer know it; the values are kept."""
    field = find(session, CustomField, field)
    field.is_archived = True
    return field


def restore_custom_field(session: Session, field: CustomField | int) -> CustomField:
    """Take a custom field out of the archive, with the values it had. Refused where another has its key by now."""
    field = find(session, CustomField, field)
    if field.key in offered(field.record):
        raise Refused(_("There is a field called {key} already.").format(key=field.key))
    field.is_archived = False
    return field


def reorder_custom_fields(session: Session, record: str, keys: Iterable[str]) -> list[CustomField]:
    """Put the custom fields of a kind of record in this order; those not named follow in the one they had."""
    wanted = list(keys)
    known = custom_fields(session, record, archived=True)
    missing = set(wanted) - {one.key for one in known}
    if missing:
        raise InvalidInput(_("Field"), ", ".join(sorted(missing)), _("no such field here"))
    ordered = sorted(known, key=lambda one: wanted.index(one.key) if one.key in wanted else len(wanted) + one.position)
    for position, one in enumerate(ordered):
        one.position = position
    return ordered


def index_custom_field(session: Session, field: CustomField | int) -> bool:
    """Make filtering and sorting by a custom field fast at any size; True where an index was made now.

    A view that is saved with a filter or an order of the field does it by itself. Nothing is done for fields of
    several choices, of which no index of either database can be used alike.
    """
    field = find(session, CustomField, field)
    if field.is_indexed or field.kind == "choices":
        return False
    dialect = session.get_bind().dialect.name
    table = inspect(record_class(field.record)).local_table
    assert isinstance(table, Table)
    # On a copy: an index that a workbench made for itself is not one of the records'.
    column = table.to_metadata(MetaData()).c.custom
    about = Field(field.key, field.label, "decimal" if field.kind == "number" else field.kind, is_custom=True)
    of = custom_value(column, about, dialect)
    if FAMILIES[about.kind] == "text" and dialect == "postgresql":
        of = folded_sql(of)
    index = Index(f"ix_custom_{field.record}_{field.key}"[:63], of)
    index._set_parent(column.table)  # noqa: SLF001  # as an index on plain columns does by itself
    session.flush()
    session.execute(CreateIndex(index, if_not_exists=True))
    field.is_indexed = True
    return True


def set_custom(
    session: Session,
    record: Base,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    currency: str = "",
) -> Base:
    """Set custom fields of a record to what was typed; nothing typed takes the value away.

    `was` holds what the editor saw: where a stored value is another by now, nothing changes and Conflict carries both
    versions. A bare amount is in the currency it was in, else in `currency`, else in the reporting currency. Raises
    InvalidInput where a value cannot be.
    """
    known = {key: one.about for key, one in fields_for(session, type(record)).by_key.items() if one.about.is_custom}
    unknown = set(typed) - set(known)
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(map(str, unknown))), _("no such field here"))
    stored: dict[str, Any] = getattr(record, "custom", None) or {}
    theirs = {key: seen_value(known[key], stored.get(key)) for key in typed}
    seen = {key: _seen(value) for key, value in (was or {}).items() if key in typed}
    changed = {key: theirs[key] for key in seen if (theirs[key] or None) != (seen[key] or None)}
    if changed:
        shown = ", ".join("–" if value in (None, "", []) else str(value) for value in changed.values())
        raise Conflict(
            _("Someone changed this in the meantime: it says {value} now.").format(value=shown),
            mine={key: typed[key] for key in changed},
            theirs=changed,
        )
    values = dict(stored)
    for key, value in typed.items():
        before = stored.get(key)
        money = (before or {}).get("currency") if known[key].kind == "money" else ""
        usual = currency or money or session.info.get("currency") or ""
        read = known[key].read(value, currency=usual)
        if known[key].kind == "party" and read is not None:
            find(session, record_class("party"), read)
        if read is None:
            values.pop(key, None)
        else:
            values[key] = dump(read)
    if values != stored:
        record.custom = values  # type: ignore[attr-defined]  # Customizable, or there would be no such field
    return record


def seen_value(about: Field, stored: Any) -> Any:
    """A stored custom value as an editor sees it and hands it back in `was`: amounts as text without their currency."""
    return _seen(load(about, stored))


def _seen(value: Any) -> Any:
    return str(value.amount) if isinstance(value, Money) else as_json(value)


def _slug(label: str) -> str:
    made = re.sub(r"[^a-z0-9]+", "_", folded(label)).strip("_")[:40].strip("_")
    return made if made and made[0].isalpha() else f"field_{made}".strip("_")[:40]


def custom_key(session: Session, record: str, label: str, key: str = "") -> str:
    """What filters and files will call a new custom field: `key`, or one made of `label`.

    Raises InvalidInput where it cannot be, or is taken.
    """
    key = key.strip() or _slug(label)
    label = _("Key")
    if not _KEY.fullmatch(key):
        raise InvalidInput(label, key[:60], _("use small letters, digits and _, a letter first, 40 at most"))
    if key in _TAKEN or key in offered(record):
        raise InvalidInput(label, key, _("a field of this name is built in"))
    if any(one.key == key for one in custom_fields(session, record, archived=True)):
        raise InvalidInput(label, key, _("there is a field of this name already, perhaps in the archive"))
    return key


def read_choices(kind: str, choices: Iterable[str | Sequence[str]]) -> list[list[str]]:
    """Choices of a custom field of this kind as pairs of value and label. Raises InvalidInput where they cannot be."""
    label = _("Choices")
    pairs: list[list[str]] = []
    for one in choices:
        word, name = (one, one) if isinstance(one, str) else (one[0], one[-1])
        word, name = word.strip(), name.strip()
        if not word or not name or len(word) > 100 or len(name) > 100 or re.search(r"[;,\n\x00]", word):
            raise InvalidInput(label, word[:60], _("a choice has 1 to 100 characters and no comma or semicolon"))
        if any(folded(word) == folded(known) or folded(name) == folded(said) for known, said in pairs):
            raise InvalidInput(label, word, _("is there twice"))
        pairs.append([word, name])
    if kind in ("choice", "choices"):
        if not pairs:
            raise InvalidInput(label, "", _("write at least one choice"))
        if len(pairs) > MOST_CHOICES:
            raise InvalidInput(label, len(pairs), _("{n} is the most it can be").format(n=MOST_CHOICES))
        return pairs
    if pairs:
        raise InvalidInput(label, pairs[0][0], _("only fields of choices have them"))
    return []


def has_values(session: Session, field: CustomField | int, choice: str = "") -> bool:
    """Whether any record has a value in a custom field, or this `choice` of it: then its kind, or the choice, stays."""
    field = find(session, CustomField, field)
    dialect = session.get_bind().dialect.name
    about = Field(
        field.key, field.label, "decimal" if field.kind == "number" else field.kind, many=field.kind == "choices"
    )
    one: Offered = custom_offered(field.record, about, dialect)
    record: Any = record_class(field.record)
    backend = SqlBackend(record, dialect)
    test = backend.test(one, Same((choice,))) if choice else backend.contrary(backend.test(one, Lacks()))
    return bool(session.scalar(select(exists(select(record.id).where(test)))))


# --- saved views


def save_view(
    session: Session,
    record: str,
    *,
    name: str,
    filter: str = "",  # noqa: A002  # the word of the trade
    columns: Sequence[str] = (),
    sort: str = "",
    descending: bool = False,
    is_shared: bool = False,
    view: SavedView | int | None = None,
) -> SavedView:
    """Keep a list under a name, or what an own `view` lists now.

    Raises FilterError for a filter that cannot be understood, InvalidInput for a column or order that there is not,
    Refused where the actor has a view of that name. Custom fields it filters or sorts by are indexed.
    """
    fields = fields_for(session, record)
    tree = parse(filter, fields)
    for key in columns:
        if key not in fields.by_key:
            raise InvalidInput(_("Field"), str(key)[:60], _("no such field here"))
    if sort:
        check_order(fields, sort)
    known = fields_of(SavedView)
    name, me = known["name"].read(name), _me(session)
    found = _own(session, view) if view is not None else SavedView(record=record, owner=me)
    if found.record != record:
        raise Refused(_("This view lists other records."))
    _check_name(session, found, name)
    if view is None:
        last = session.scalars(select(SavedView.position).where(SavedView.record == record, SavedView.owner == me))
        found.position = max(last, default=-1) + 1
        found.is_shared = is_shared
        session.add(found)
    found.name, found.filter, found.columns = name, filter.strip(), list(columns)
    found.sort, found.descending = sort, descending
    session.flush()
    used = {one.field for one in conditions(tree)} | {sort}
    for one in custom_fields(session, record):
        if one.key in used:
            index_custom_field(session, one)
    return found


def rename_view(session: Session, view: SavedView | int, name: str) -> SavedView:
    """Call an own view something else. Raises Refused where the actor has one of that name."""
    view = _own(session, view)
    name = fields_of(SavedView)["name"].read(name)
    _check_name(session, view, name)
    view.name = name
    return view


def share_view(session: Session, view: SavedView | int, *, is_shared: bool = True) -> SavedView:
    """Let everybody open an own view, or nobody else any more."""
    view = _own(session, view)
    view.is_shared = is_shared
    return view


def reorder_views(session: Session, record: str, ids: Sequence[int]) -> None:
    """Put the actor's own views in this order; those not named follow in the one they had."""
    rows = select(SavedView).where(SavedView.record == record, SavedView.owner == _me(session))
    own = session.scalars(rows.order_by(SavedView.position, SavedView.id)).all()
    wanted = {number: position for position, number in enumerate(ids)}
    for position, one in enumerate(sorted(own, key=lambda one: wanted.get(one.id, len(wanted) + one.position))):
        one.position = position


def delete_view(session: Session, view: SavedView | int) -> None:
    """Forget an own view."""
    session.delete(_own(session, view))
    session.flush()


def _me(session: Session) -> str:
    return str(session.info.get("actor") or "")


def _own(session: Session, view: SavedView | int) -> SavedView:
    found = find(session, SavedView, view)
    if found.owner != _me(session):
        if not found.is_shared:
            raise NotFound(_("view"), found.id)
        raise PermissionDenied(_("This view is {owner}'s. Save a copy of your own.").format(owner=found.owner))
    return found


def _check_name(session: Session, view: SavedView, name: str) -> None:
    rows = select(SavedView.id, SavedView.name).where(SavedView.record == view.record, SavedView.owner == view.owner)
    if any(number != view.id and folded(known) == folded(name) for number, known in session.execute(rows)):
        raise Refused(_("You have a view called “{name}” already.").format(name=name))
