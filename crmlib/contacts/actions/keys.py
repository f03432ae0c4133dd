"""Giving parties the keys by which those like them are found, where something came past what fills them in."""

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from crmlib.contacts.likeness import back_key, name_key
from crmlib.contacts.records import Party

__all__ = ["renew_keys"]


def renew_keys(session: Session) -> int:
    """Give every party whose keys do not fit its name those that do; how many. No version and no journal moves."""
    session.flush()
    party = Party.__table__
    fill = update(Party.__table__).where(party.c.id == bindparam("number"))  # type: ignore[arg-type]  # it is a table
    fill = fill.values(name_key=bindparam("front"), back_key=bindparam("back"))
    count = last = 0
    while True:
        page = select(party.c.id, party.c.name, party.c.name_key, party.c.back_key).where(party.c.id > last)
        rows = session.execute(page.order_by(party.c.id).limit(5_000)).all()
        if not rows:
            return count
        last = rows[-1].id
        keys = [(number, (front, back), (name_key(name), back_key(name))) for number, name, front, back in rows]
        wrong = [{"number": n, "front": new[0], "back": new[1]} for n, old, new in keys if old != new]
        if wrong:
            session.connection().execute(fill, wrong)
            count += len(wrong)
