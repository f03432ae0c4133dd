"""What an undo would do, without doing it."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from crmlib.base.history.undone import Undone


def would_undo(session: Session, undo: Callable[[], Undone]) -> Undone:
    """What `undo` answers when it is done in `session` and rolled back at once: how many changes, what is spared.

    It takes as long as the undo itself. What was changed in the session before is written, and kept.
    """
    session.flush()
    batch = session.info.get("batch")
    trial = session.begin_nested()
    try:
        return undo()
    finally:
        session.info["batch"] = batch
        trial.rollback()
        session.expire_all()
