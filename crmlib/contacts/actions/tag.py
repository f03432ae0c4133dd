"""What may be done with tags: put on and taken off, one by one or many at once, renamed, merged."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import Base, InvalidInput, Refused, fields_of, find, record_name, tell
from crmlib.contacts.editing import write
from crmlib.contacts.events import Tagged, Untagged
from crmlib.contacts.records import Tag, Tagging, folded
from crmlib.i18n import gettext as _

__all__ = ["add_tag", "delete_tag", "edit_tag", "merge_tags", "tag", "tag_named", "untag", "untag_everything"]

# As many numbers in one statement as SQLite of any build takes.
_AT_ONCE = 500


def tag_named(session: Session, name: str) -> Tag | None:
    """The tag of this name, whatever its case and accents."""
    return session.scalars(select(Tag).where(Tag.folded == folded(name))).first()


def add_tag(session: Session, name: str, *, colour: str | None = None, description: str | None = None) -> Tag:
    """A new tag. Raises Refused where there is one of this name."""
    known = fields_of(Tag)
    name = known["name"].read(name)
    if (there := tag_named(session, name)) is not None:
        raise Refused(_("There is a tag {name} already.").format(name=there.name))
    made = Tag(name=name, colour=known["colour"].read(colour), description=known["description"].read(description))
    session.add(made)
    session.flush()
    return made


def edit_tag(
    session: Session, tag: Tag | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Tag:
    """Rename a tag, or change its colour or description. Raises Refused where another has the name: merge them."""
    tag = find(session, Tag, tag)
    other = tag_named(session, str(typed["name"])) if typed.get("name") else None
    if other is not None and other is not tag:
        raise Refused(_("There is a tag {name} already; merge the two.").format(name=other.name))
    write(tag, typed, was=was)
    return tag


def tag(session: Session, record: str | type[Base], record_ids: Iterable[int], name: str | Tag, *, at: datetime) -> int:
    """Put a tag on records of a kind ("party", "deal", or their class); how many got it that had it not.

    A tag that nobody has used yet is made. Raises InvalidInput where one of the records is not there.
    """
    kind = _kind(record)
    numbers = list(dict.fromkeys(record_ids))
    _must_exist(session, kind, numbers)
    word = name if isinstance(name, Tag) else tag_named(session, name) or add_tag(session, name)
    have: set[int] = set()
    for some in _portions(numbers):
        have.update(
            session.scalars(
                select(Tagging.record_id).where(
                    Tagging.tag_id == word.id, Tagging.record == kind, Tagging.record_id.in_(some)
                )
            )
        )
    made = [Tagging(tag_id=word.id, record=kind, record_id=number) for number in numbers if number not in have]
    session.add_all(made)
    session.flush()
    for one in made:
        tell(session, Tagged(record_id=one.id, party_id=one.concerns_party_id, at=at, tag=word.name))
    return len(made)


def untag(
    session: Session, record: str | type[Base], record_ids: Iterable[int], name: str | Tag, *, at: datetime
) -> int:
    """Take a tag off records of a kind; how many had it."""
    kind = _kind(record)
    word = name if isinstance(name, Tag) else tag_named(session, name)
    if word is None:
        return 0
    gone: list[Tagging] = []
    for some in _portions(list(dict.fromkeys(record_ids))):
        rows = select(Tagging).where(Tagging.tag_id == word.id, Tagging.record == kind, Tagging.record_id.in_(some))
        gone += session.scalars(rows).all()
    for one in gone:
        tell(session, Untagged(record_id=one.id, party_id=one.concerns_party_id, at=at, tag=word.name))
        session.delete(one)
    session.flush()
    return len(gone)


def untag_everything(session: Session, record: str | type[Base], record_id: int) -> int:
    """Take all tags off a record that is about to be deleted; how many it had."""
    rows = select(Tagging).where(Tagging.record == _kind(record), Tagging.record_id == record_id)
    gone = session.scalars(rows).all()
    for one in gone:
        session.delete(one)
    session.flush()
    return len(gone)


def merge_tags(session: Session, tags: Iterable[Tag | int], into: Tag | int) -> Tag:
    """Make one tag of several: what had any of them has `into`, once."""
    into = find(session, Tag, into)
    theirs = select(Tagging.record, Tagging.record_id).where(Tagging.tag_id == into.id)
    have = {(record, number) for record, number in session.execute(theirs)}
    for one in tags:
        other = find(session, Tag, one)
        if other is into:
            continue
        for link in session.scalars(select(Tagging).where(Tagging.tag_id == other.id)).all():
            if (link.record, link.record_id) in have:
                session.delete(link)
            else:
                link.tag_id = into.id
                have.add((link.record, link.record_id))
        session.flush()
        session.delete(other)
        session.flush()
    return into


def delete_tag(session: Session, tag: Tag | int) -> int:
    """Delete a tag and take it off everything; how many records had it."""
    tag = find(session, Tag, tag)
    links = session.scalars(select(Tagging).where(Tagging.tag_id == tag.id)).all()
    for link in links:
        session.delete(link)
    session.flush()
    session.delete(tag)
    session.flush()
    return len(links)


def _kind(record: str | type[Base]) -> str:
    kind = record if isinstance(record, str) else record_name(record)
    if kind not in Base.metadata.tables or kind not in _records():
        raise InvalidInput(_("Record"), kind, _("no such kind of record here"))
    return kind


def _records() -> dict[str, type[Base]]:
    return {record_name(mapper.class_): mapper.base_mapper.class_ for mapper in Base.registry.mappers}


def _must_exist(session: Session, kind: str, numbers: list[int]) -> None:
    record: Any = _records()[kind]
    there: set[int] = set()
    for some in _portions(numbers):
        there.update(session.scalars(select(record.id).where(record.id.in_(some))))
    missing = [number for number in numbers if number not in there]
    if missing:
        raise InvalidInput(_(kind.replace("_", " ")), ", ".join(map(str, missing[:5])), _("there is no such record"))


def _portions(numbers: list[int]) -> Iterable[list[int]]:
    return (numbers[start : start + _AT_ONCE] for start in range(0, len(numbers), _AT_ONCE))
