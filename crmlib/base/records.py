"""What every stored record is made of: the declarative base, and what makes a record tracked."""

import enum
import html
from datetime import date, datetime
from typing import Any, ClassVar, TypeVar

from sqlalchemy import JSON, Date, Enum, MetaData, String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, Session, mapped_column

from crmlib.base.errors import NotFound
from crmlib.base.types import BigId, Utc
from crmlib.i18n import gettext as _

R = TypeVar("R", bound="Base")


class Base(DeclarativeBase):
    """The one declarative base. Constraints are named, so that migrations can speak of them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Utc(),
        date: Date(),
        str: String(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        # Stored as the word itself, checked by Python: a new choice needs no migration.
        enum.Enum: Enum(
            enum.Enum,
            native_enum=False,
            length=32,
            values_callable=lambda kind: [item.value for item in kind],
        ),
    }

    def __repr__(self) -> str:
        name = getattr(self, "name", None) or getattr(self, "subject", None)
        label = f" {name!r}" if name else ""
        return f"<{type(self).__name__} {getattr(self, 'id', None)}{label}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(column.key)}</th>"
            f"<td style='text-align:left'>{html.escape(str(value))}</td></tr>"
            for column in type(self).__mapper__.column_attrs
            if (value := self.__dict__.get(column.key)) not in (None, "")
        )
        return f"<table><caption>{html.escape(type(self).__name__)}</caption>{rows}</table>"


@event.listens_for(Mapper, "after_configured", once=True)
def _never_reuse_numbers() -> None:
    # SQLite would give the number of a deleted newest row to the next one, and mix up their histories.
    for table in Base.metadata.tables.values():
        if not any(column.foreign_keys for column in table.primary_key):
            table.dialect_options["sqlite"]["autoincrement"] = True


class Journalled:
    """A record whose every insert, update and delete the journal writes down in the same transaction.

    History rows and parts of others are no more than that. A column that something else keeps up to date, such as a
    trigger, says `info={"journal": False}`: in the journal it would only be noise.
    """

    @property
    def concerns_party_id(self) -> int | None:
        """The party on whose timeline a change of this record stands; None for nobody's."""
        return getattr(self, "party_id", None)


class Tracked(Journalled):
    """A journalled record that people edit.

    `version` counts the changes: a writer who read an older one gets `Conflict`, and nobody's work is overwritten.
    """

    id: Mapped[int] = mapped_column(BigId, primary_key=True, sort_order=-1)
    version: Mapped[int] = mapped_column(sort_order=97)
    created_at: Mapped[datetime] = mapped_column(sort_order=98)
    updated_at: Mapped[datetime] = mapped_column(sort_order=99)

    # Mixed into DeclarativeBase subclasses, which read it as it stands.
    __mapper_args__: Any = {"version_id_col": version}  # noqa: RUF012


def find(session: Session, kind: type[R], key: R | int) -> R:
    """The record itself, given it or its number; NotFound where no such record is."""
    if isinstance(key, kind):
        return key
    # A number that no column holds is a number that no record has.
    found = session.get(kind, key) if isinstance(key, int) and 0 <= key < 2**63 else None
    if found is None:
        raise NotFound(_(kind.__tablename__.replace("_", " ")), key)
    return found
