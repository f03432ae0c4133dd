"""What the business defines for itself: fields of its own, and lists it comes back to."""

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmlib.base import SENSITIVITIES, Base, LongText, Tracked, field
from crmlib.i18n import lazy

#: What the values of a custom field can be.
CUSTOM_KINDS = (
    ("text", lazy("Text")),
    ("number", lazy("Number")),
    ("money", lazy("Amount of money")),
    ("date", lazy("Day")),
    ("choice", lazy("One choice")),
    ("choices", lazy("Several choices")),
    ("party", lazy("Person or organization")),
    ("url", lazy("Web address")),
)

_LEVELS = tuple(
    zip(SENSITIVITIES, (lazy("Public"), lazy("Internal"), lazy("Personal"), lazy("Sensitive")), strict=True)
)


class CustomField(Tracked, Base):
    """A field that the business gave to a kind of record at run time.

    `record` is that kind (the name of its table), `key` what filters, files and programs call the field, `label` what
    people call it. The values stand in the record's `custom` column; archiving a field hides it and keeps them.
    `choices` are pairs of value and label.
    """

    __tablename__ = "custom_field"
    __table_args__ = (UniqueConstraint("record", "key"),)

    record: Mapped[str]
    key: Mapped[str] = mapped_column(info=field(lazy("Key")))
    label: Mapped[str] = mapped_column(info=field(lazy("Label"), required=True))
    kind: Mapped[str] = mapped_column(info=field(lazy("Kind"), "choice", choices=CUSTOM_KINDS, required=True))
    choices: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    is_required: Mapped[bool] = mapped_column(default=False, info=field(lazy("Required"), "flag"))
    hint: Mapped[str | None] = mapped_column(info=field(lazy("Hint")))
    position: Mapped[int] = mapped_column(default=0)
    sensitivity: Mapped[str] = mapped_column(
        default="internal", info=field(lazy("Sensitivity"), "choice", choices=_LEVELS, required=True)
    )
    is_archived: Mapped[bool] = mapped_column(default=False, info=field(lazy("Archived"), "flag"))
    is_indexed: Mapped[bool] = mapped_column(default=False)


class SavedView(Tracked, Base):
    """A list that somebody comes back to: a filter with its columns and order, under a name.

    `record` is the kind of record it lists. `owner` is who made it, as the journal names them; everybody sees it once
    it `is_shared`. `columns` are keys of the catalogue; empty means the usual ones.
    """

    __tablename__ = "saved_view"
    __table_args__ = (Index("ix_saved_view_record_owner", "record", "owner"),)

    record: Mapped[str]
    name: Mapped[str] = mapped_column(info=field(lazy("View"), required=True))
    filter: Mapped[LongText] = mapped_column(default="", info=field(lazy("Filter"), "long"))
    columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    sort: Mapped[str] = mapped_column(default="")
    descending: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str]
    is_shared: Mapped[bool] = mapped_column(default=False, info=field(lazy("Shared"), "flag"))
    position: Mapped[int] = mapped_column(default=0)
