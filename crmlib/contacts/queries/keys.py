"""Whether every party has the keys by which those like it are found."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crmlib.contacts.likeness import back_key, name_key
from crmlib.contacts.records import Party

__all__ = ["keys_are_complete"]


def keys_are_complete(session: Session, *, thorough: bool = True) -> bool:
    """Whether all parties have a `name_key` and a `back_key`; `thorough` also compares each with its name."""
    missing = select(Party.id).where(or_(Party.name_key.is_(None), Party.back_key.is_(None))).limit(1)
    if session.scalar(missing) is not None:
        return False
    if not thorough:
        return True
    every = select(Party.name, Party.name_key, Party.back_key).execution_options(yield_per=5_000)
    with session.execute(every) as rows:
        return all((name_key(name), back_key(name)) == (front, back) for name, front, back in rows)
