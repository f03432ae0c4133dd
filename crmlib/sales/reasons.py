"""Why deals are lost: a list that people edit, and what a deal keeps of it."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import fields_of
from crmlib.base.fields import ask_for_choices
from crmlib.i18n import gettext as _
from crmlib.sales.records import LOST_REASONS, Deal, LostReason, Stage, StageKind

__all__ = ["lost_reason_counts", "lost_reason_labels", "lost_reasons"]


def lost_reasons(session: Session, *, archived: bool = False) -> list[dict[str, Any]]:
    """Why deals are lost, as people may choose: dicts of word (what a deal keeps), label, is_archived, in order.

    Until somebody edits the list it is LOST_REASONS. Labels of the house are English: `gettext` them where shown.
    """
    rows = session.scalars(select(LostReason).order_by(LostReason.position, LostReason.id)).all()
    kept = [(one.word, one.label, one.archived_at is not None) for one in rows]
    known = kept or [(word, label, False) for word, label in LOST_REASONS]
    return [
        {"word": word, "label": label, "is_archived": is_archived}
        for word, label, is_archived in known
        if archived or not is_archived
    ]


def lost_reason_labels(session: Session) -> dict[str, str]:
    """What people read for each reason that a deal may keep, those no longer offered included, in their language.

    A reason in words of somebody's own is not here: it is read as it is.
    """
    return {one["word"]: _(one["label"]) for one in lost_reasons(session, archived=True)}


def lost_reason_counts(session: Session, *, since: date) -> dict[str, int]:
    """How often each reason was given for deals lost since a day, most often first."""
    rows = (
        select(Deal.lost_reason, func.count())
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Stage.kind == StageKind.LOST, Deal.closed_on >= since, Deal.lost_reason.is_not(None))
        .group_by(Deal.lost_reason)
        .order_by(func.count().desc(), Deal.lost_reason)
    )
    return {reason: count for reason, count in session.execute(rows) if reason is not None}


def read_lost_reason(session: Session, typed: str | None) -> str | None:
    """The word that a deal keeps for a reason: of the list by word or label, else the words as they were typed."""
    reasons = tuple((one["word"], one["label"]) for one in lost_reasons(session, archived=True))
    found: str | None = replace(fields_of(Deal)["lost_reason"], choices=reasons).read(typed)
    return found


def _as_edited(session: Session) -> list[tuple[str, str]]:
    rows = select(LostReason.word, LostReason.label).order_by(LostReason.position, LostReason.id)
    return [(word, label) for word, label in session.execute(rows)]


# What filters, forms and exports know of the field is the list as it was edited.
ask_for_choices("deal", "lost_reason", _as_edited)
