"""What may be done with pipelines, their stages, the reasons for losing, and who sells."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, InvalidTransition, Refused, fields_of, find
from crmlib.contacts import Party
from crmlib.i18n import gettext as _
from crmlib.i18n import lazy, ngettext
from crmlib.sales.actions.deal import change_pipeline, enter_stage, move_deal
from crmlib.sales.editing import read_edit
from crmlib.sales.records import LOST_REASONS, Deal, LostReason, Pipeline, Seller, Stage, StageKind

__all__ = [
    "add_lost_reason",
    "add_pipeline",
    "add_seller",
    "add_stage",
    "archive_lost_reason",
    "archive_pipeline",
    "archive_stage",
    "edit_stage",
    "rename_lost_reason",
    "rename_pipeline",
    "reorder_stages",
    "restore_pipeline",
    "restore_stage",
]

DEFAULT_STAGES = (lazy("Qualified"), lazy("Needs analysis"), lazy("Offer sent"), lazy("Negotiation"))
WON, LOST = lazy("Won"), lazy("Lost")


def add_pipeline(
    session: Session,
    *,
    name: str,
    open_stages: Sequence[str] = (),
    won: str = "",
    lost: str = "",
) -> Pipeline:
    """A pipeline with its open stages in order, then the stage of won and the stage of lost deals.

    Raises Refused where a pipeline of that name exists already.
    """
    name = fields_of(Pipeline)["name"].read(name)
    if session.scalar(select(Pipeline).where(Pipeline.name == name)) is not None:
        raise Refused(_("There is a pipeline called “{name}” already.").format(name=name))
    names = list(open_stages) or [_(stage) for stage in DEFAULT_STAGES]
    kinds = [StageKind.OPEN] * len(names) + [StageKind.WON, StageKind.LOST]
    names += [won or _(WON), lost or _(LOST)]
    pipeline = Pipeline(name=name)
    pipeline.stages = [
        Stage(name=stage, position=position, kind=kind)
        for position, (stage, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    session.add(pipeline)
    session.flush()
    return pipeline


def add_seller(
    session: Session, party: Party | int, *, manager: Party | int | None = None, region: str | None = None
) -> Seller:
    """Say that a colleague sells, under whom and where; what was said before is replaced."""
    party = find(session, Party, party)
    seller = session.get(Seller, party.id) or Seller(party_id=party.id)
    seller.manager_id = None if manager is None else find(session, Party, manager).id
    seller.region = region
    session.add(seller)
    session.flush()
    return seller


def rename_pipeline(session: Session, pipeline: Pipeline | int, name: str, *, was: str | None = None) -> Pipeline:
    """Call a pipeline something else. Raises Refused where another is called so, Conflict where `was` is not stored."""
    pipeline = find(session, Pipeline, pipeline)
    seen = None if was is None else {"name": was}
    values = read_edit(session, pipeline, {"name": name}, was=seen, known=fields_of(Pipeline))
    other = session.scalar(select(Pipeline).where(Pipeline.name == values["name"], Pipeline.id != pipeline.id))
    if other is not None:
        raise Refused(_("There is a pipeline called “{name}” already.").format(name=values["name"]))
    pipeline.name = values["name"]
    return pipeline


def archive_pipeline(
    session: Session, pipeline: Pipeline | int, *, at: datetime, move_to: Pipeline | int | None = None
) -> Pipeline:
    """Put a pipeline away: it keeps its history and takes no new deals.

    Its open deals go on in `move_to`, each in the stage that stands for the same; Refused where there are some and
    no pipeline for them.
    """
    pipeline = find(session, Pipeline, pipeline)
    rows = select(Deal).join(Stage, Stage.id == Deal.stage_id)
    open_ones = session.scalars(
        rows.where(Stage.pipeline_id == pipeline.id, Stage.kind == StageKind.OPEN).order_by(Deal.id)
    ).all()
    if open_ones and move_to is None:
        raise Refused(_still_there(len(open_ones), pipeline.name))
    if move_to is not None:
        target = find(session, Pipeline, move_to)
        if target is pipeline:
            raise Refused(_("Choose another pipeline for the deals of this one."))
        for deal in open_ones:
            change_pipeline(session, deal, target, at=at)
    pipeline.archived_at = pipeline.archived_at or at
    return pipeline


def restore_pipeline(session: Session, pipeline: Pipeline | int) -> Pipeline:
    """Take an archived pipeline into use again."""
    pipeline = find(session, Pipeline, pipeline)
    pipeline.archived_at = None
    return pipeline


def add_stage(
    session: Session, pipeline: Pipeline | int, *, name: str, position: int | None = None, **facts: Any
) -> Stage:
    """A further open stage of a pipeline, at `position` (from 0), or after its last open one.

    `facts` are `probability` (percent), `canonical`, `target_days`. Raises Refused where the name is taken.
    """
    pipeline = find(session, Pipeline, pipeline)
    known = fields_of(Stage)
    name = known["name"].read(name)
    _free_stage_name(pipeline, name)
    unknown = set(facts) - {"probability", "canonical", "target_days"}
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    in_order = list(pipeline.stages)
    n_open = sum(stage.kind is StageKind.OPEN for stage in in_order)
    place = n_open if position is None else max(0, min(position, n_open))
    stage = Stage(name=name, kind=StageKind.OPEN, **{key: known[key].read(value) for key, value in facts.items()})
    in_order.insert(place, stage)
    stage.position = place
    pipeline.stages.append(stage)
    _number(in_order)
    session.flush()
    session.refresh(pipeline, ["stages"])
    return stage


def edit_stage(
    session: Session, stage: Stage | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Stage:
    """Change a stage's name, probability, canonical status or target days. What it means (its kind) stays.

    Raises Conflict with both versions where the editor saw other values than are stored.
    """
    stage = find(session, Stage, stage)
    values = read_edit(session, stage, typed, was=was, known=fields_of(Stage))
    if values.get("name", stage.name) != stage.name:
        _free_stage_name(stage.pipeline, values["name"])
    for key, value in values.items():
        setattr(stage, key, value)
    return stage


def reorder_stages(session: Session, pipeline: Pipeline | int, stages: Sequence[Stage | int]) -> Pipeline:
    """Put the stages of a pipeline in this order; all of them are named, the open ones first.

    Raises InvalidInput where one is missing, twice or of another pipeline, or an open one stands behind a closed one.
    """
    pipeline = find(session, Pipeline, pipeline)
    wanted = [find(session, Stage, stage) for stage in stages]
    if sorted(stage.id for stage in wanted) != sorted(stage.id for stage in pipeline.stages):
        raise InvalidInput(_("Stages"), "", _("name every stage of the pipeline once"))
    closed = [stage.kind is not StageKind.OPEN for stage in wanted]
    if closed != sorted(closed):
        raise InvalidInput(_("Stages"), "", _("stages for won and lost deals come last"))
    _number(wanted)
    session.flush()
    session.refresh(pipeline, ["stages"])
    return pipeline


def archive_stage(session: Session, stage: Stage | int, *, at: datetime, move_to: Stage | int | None = None) -> Stage:
    """Put a stage away: deals that went through it keep it in their history, and none can enter it any more.

    Deals that are in it go to `move_to`, a stage of the same kind. Raises Refused where there are deals and no such
    stage, and where it is the last one of its kind: a pipeline needs one to be open, won and lost in.
    """
    stage = find(session, Stage, stage)
    others = [
        one for one in stage.pipeline.stages if one is not stage and one.kind is stage.kind and one.archived_at is None
    ]
    if not others:
        raise Refused(_("{stage} is the last stage of its kind; a pipeline needs one.").format(stage=stage.name))
    here = session.scalars(select(Deal).where(Deal.stage_id == stage.id).order_by(Deal.id)).all()
    if here and move_to is None:
        raise Refused(_still_there(len(here), stage.name))
    if move_to is not None:
        target = find(session, Stage, move_to)
        if target not in others:
            raise InvalidTransition(
                _("{stage} cannot take the deals of this stage; choose one of the same kind.").format(stage=target.name)
            )
        for deal in here:
            if stage.kind is StageKind.OPEN:
                move_deal(session, deal, target, at=at)
            else:
                enter_stage(deal, target, at)
    stage.archived_at = stage.archived_at or at
    session.flush()
    return stage


def restore_stage(session: Session, stage: Stage | int) -> Stage:
    """Take an archived stage into use again."""
    stage = find(session, Stage, stage)
    stage.archived_at = None
    return stage


def add_lost_reason(session: Session, label: str, *, word: str = "") -> LostReason:
    """A further reason for losing a deal. `word` is what deals keep; without one, the label in lower case."""
    known = _lost_reasons(session)
    label = fields_of(LostReason)["label"].read(label)
    word = (word or label).strip().casefold()
    there = next((one for one in known if one.word == word), None)
    if there is not None and there.archived_at is None:
        raise Refused(_("There is a reason called “{name}” already.").format(name=there.label))
    reason = there or LostReason(word=word, position=len(known), label=label)
    reason.label, reason.archived_at = label, None
    session.add(reason)
    session.flush()
    return reason


def rename_lost_reason(session: Session, word: str, label: str, *, was: str | None = None) -> LostReason:
    """Call a reason something else; deals that have it show the new name. Raises Conflict where `was` is not stored."""
    reason = _lost_reason(session, word)
    seen = None if was is None else {"label": was}
    values = read_edit(session, reason, {"label": label}, was=seen, known=fields_of(LostReason))
    reason.label = values["label"]
    return reason


def archive_lost_reason(session: Session, word: str, *, at: datetime) -> LostReason:
    """Offer a reason no longer; deals that have it keep it."""
    reason = _lost_reason(session, word)
    reason.archived_at = reason.archived_at or at
    return reason


def _lost_reasons(session: Session) -> list[LostReason]:
    """The list as it is kept; the first one who edits it writes down what everybody has seen so far."""
    known = list(session.scalars(select(LostReason).order_by(LostReason.position, LostReason.id)))
    if not known:
        known = [LostReason(word=word, label=label, position=n) for n, (word, label) in enumerate(LOST_REASONS)]
        session.add_all(known)
        session.flush()
    return known


def _lost_reason(session: Session, word: str) -> LostReason:
    for reason in _lost_reasons(session):
        if reason.word == word:
            return reason
    raise InvalidInput(_("Reason"), word, _("choose one that is there"))


def _free_stage_name(pipeline: Pipeline, name: str) -> None:
    if any(stage.name == name for stage in pipeline.stages):
        raise Refused(_("This pipeline has a stage called “{name}” already.").format(name=name))


def _number(stages: Sequence[Stage]) -> None:
    for position, stage in enumerate(stages):
        stage.position = position


def _still_there(n: int, name: str) -> str:
    return ngettext(
        "{n} deal is still in {name}. Say where it goes.", "{n} deals are still in {name}. Say where they go.", n
    ).format(n=n, name=name)
