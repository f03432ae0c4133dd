"""What may be asked about leads: the inbox, the frame for analysts, how many become deals."""

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Double, Select, case, cast, func, select
from sqlalchemy.orm import Session, aliased, selectinload

from crmlib.base import (
    MOST_ROWS,
    NotFound,
    Page,
    Stretch,
    choose,
    like_pattern,
    major_units,
    page_of_stretches,
    read_frame,
    stretches_by,
    total_of,
)
from crmlib.catalog import Product
from crmlib.contacts import Party, folded
from crmlib.i18n import gettext as _
from crmlib.sales.queries.days import day_begins
from crmlib.sales.records import Deal, Lead, LeadKind, LeadStatus, Stage, StageKind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEADS", "LEAD_CONVERSION", "lead_card", "lead_conversion", "leads", "leads_of", "leads_page"]

LEADS = {
    "lead_id": "int64",
    "party_id": "int64",
    "party": "str",
    "subject": "str",
    "status": "category",
    "kind": "category",
    "source": "str",
    "source_detail": "str",
    "campaign": "str",
    "keyword": "str",
    "origin": "str",
    "rating": "category",
    "score": "Int64",
    "owner_id": "Int64",
    "owner": "str",
    "product_id": "Int64",
    "product": "str",
    "amount": "float64",
    "currency": "category",
    "received_at": "datetime64[us, UTC]",
    "first_response_at": "datetime64[us, UTC]",
    "closed_at": "datetime64[us, UTC]",
    "disqualified_reason": "str",
    "deal_id": "Int64",
}

LEAD_CONVERSION = {
    "group": "str",
    "n_leads": "int64",
    "n_open": "int64",
    "n_qualified": "int64",
    "n_disqualified": "int64",
    "n_won": "int64",
    "conversion_rate": "float64",
}

_Owner = aliased(Party, name="owner")

_KIND: Any = case(
    (Lead.status == LeadStatus.QUALIFIED, LeadKind.QUALIFIED.value),
    (Lead.status == LeadStatus.DISQUALIFIED, LeadKind.DISQUALIFIED.value),
    else_=LeadKind.OPEN.value,
)


def leads(session: Session) -> "pd.DataFrame":
    """Every lead, in the order they were entered.

    One row per lead; `lead_id` is unique. Columns are `LEADS`, also when there is none. `kind` is open, qualified or
    disqualified, as the status means. `score` is 0 to 100. `amount` is the expected amount without tax in major units
    of `currency` (ISO 4217): never add two currencies. `received_at` is NaT where the source does not say.
    `deal_id` is the first deal that came from it, NA where none has. Missing text is NA.
    """
    return read_frame(session, _leads().order_by(Lead.id), LEADS)


def leads_page(
    session: Session,
    *,
    kind: str = "open",
    status: str = "",
    owner_id: int | None = None,
    unassigned: bool = False,
    source: str = "",
    search: str = "",
    sort: str = "newest",
    page: int = 1,
    per_page: int = 20,
) -> Page:
    """The inbox of inquiries: one page of leads as dicts with the keys of `LEADS`, their amount apart.

    `kind` is open, qualified, disqualified or all; `sort` is newest, oldest, score or unanswered (those nobody has
    answered first, the longest waiting on top). `search` finds words in who asks, the subject and the campaign.
    """
    ids = select(Lead.id)
    if status in set(LeadStatus):
        ids = ids.where(Lead.status == LeadStatus(status))
    elif kind in set(LeadKind):
        ids = ids.where(Lead.status.in_(LeadStatus.of_kind(LeadKind(kind))))
    if owner_id is not None:
        ids = ids.where(Lead.owner_id == owner_id)
    elif unassigned:
        ids = ids.where(Lead.owner_id.is_(None))
    if source:
        ids = ids.where(Lead.source == source)
    if search.strip():
        ids = ids.join(Party, Party.id == Lead.party_id)
    for word in folded(search).split():
        pattern = like_pattern(word)
        ids = ids.where(
            Party.folded.like(pattern, escape="\\")
            | func.lower(Lead.subject).like(pattern, escape="\\")
            | func.lower(Lead.campaign).like(pattern, escape="\\")
        )
    per_page = max(1, min(per_page, MOST_ROWS))
    numbers = page_of_stretches(session, _in_order(ids, sort), page=page, per_page=per_page)
    total = total_of(session, ids, len(numbers), page=page, per_page=per_page, key=Lead.id.expression)
    read = {row["lead_id"]: dict(row) for row in session.execute(_leads().where(Lead.id.in_(numbers))).mappings()}
    return Page([read[number] for number in numbers if number in read], *total)


def _in_order(ids: Select[*tuple[Any, ...]], sort: str) -> list[Stretch]:
    """The inbox in its order, as stretches that indexes are walked for."""
    received, key = Lead.received_at.expression, Lead.id.expression
    match sort:
        case "oldest":
            return stretches_by(ids, by=received, key=key)
        case "score":
            scored = (Lead.score.desc(), received.desc().nulls_last(), key.desc())
            unscored = ids.where(Lead.score.is_(None))
            return [
                Stretch(ids.where(Lead.score.is_not(None)), scored),
                *stretches_by(unscored, by=received, key=key, descending=True),
            ]
        case "unanswered":
            waiting = stretches_by(ids.where(Lead.first_response_at.is_(None)), by=received, key=key)
            return [*waiting, *stretches_by(ids.where(Lead.first_response_at.is_not(None)), by=received, key=key)]
    return stretches_by(ids, by=received, key=key, descending=True)


def leads_of(session: Session, party_id: int, *, limit: int = 50) -> list[dict[str, Any]]:
    """The inquiries of a party, newest first, as dicts with the keys of `LEADS`."""
    rows = _leads().where(Lead.party_id == party_id).order_by(Lead.received_at.desc().nulls_last(), Lead.id.desc())
    return [dict(row) for row in session.execute(rows.limit(limit)).mappings()]


def lead_card(session: Session, lead_id: int) -> Lead:
    """A lead with its history, party, owner, product and deals. Raises NotFound."""
    loaded = (
        selectinload(Lead.status_events),
        selectinload(Lead.party),
        selectinload(Lead.owner),
        selectinload(Lead.product),
        selectinload(Lead.deals).selectinload(Deal.stage),
    )
    lead = session.scalar(select(Lead).where(Lead.id == lead_id).options(*loaded))
    if lead is None:
        raise NotFound(_("lead"), lead_id)
    return lead


def lead_conversion(
    session: Session, *, by: str = "source", from_on: date | None = None, to_on: date | None = None
) -> "pd.DataFrame":
    """How many inquiries become deals, by `source`, `campaign`, `keyword`, `origin`, `rating` or `owner`.

    One row per group, the largest first; NA is where nobody has said. Of the leads received from one day to another
    (both included, in UTC; all without them): `n_qualified` of them were qualified by now, `n_won` of them led to a
    deal that is won. `conversion_rate` is qualified of all received, 0 to 1.
    """
    groups: dict[str, Any] = {
        "source": Lead.source,
        "campaign": Lead.campaign,
        "keyword": Lead.keyword,
        "origin": Lead.origin,
        "rating": Lead.rating,
        "owner": _Owner.name,
    }
    group: Any = choose(groups, by, "source")
    has_won = (
        select(Deal.id)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Deal.lead_id == Lead.id, Stage.kind == StageKind.WON)
        .correlate(Lead)
        .exists()
    )

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    qualified = count(LeadKind.QUALIFIED.value == _KIND)
    rows = (
        select(
            group.label("group"),
            func.count(Lead.id).label("n_leads"),
            count(LeadKind.OPEN.value == _KIND).label("n_open"),
            qualified.label("n_qualified"),
            count(LeadKind.DISQUALIFIED.value == _KIND).label("n_disqualified"),
            count(has_won).label("n_won"),
            (cast(qualified, Double) / func.count(Lead.id)).label("conversion_rate"),
        )
        .select_from(Lead)
        .outerjoin(_Owner, _Owner.id == Lead.owner_id)
        .group_by(group)
        .order_by(func.count(Lead.id).desc(), group.asc().nulls_last())
    )
    if from_on is not None:
        rows = rows.where(Lead.received_at >= day_begins(from_on))
    if to_on is not None:
        rows = rows.where(Lead.received_at < day_begins(to_on, after=1))
    return read_frame(session, rows, LEAD_CONVERSION)


def _leads() -> Select[*tuple[Any, ...]]:
    first_deal = select(func.min(Deal.id)).where(Deal.lead_id == Lead.id).correlate(Lead).scalar_subquery()
    rows: Select[*tuple[Any, ...]] = (
        select(
            Lead.id.label("lead_id"),
            Lead.party_id,
            Party.name.label("party"),
            Lead.subject,
            Lead.status,
            _KIND.label("kind"),
            Lead.source,
            Lead.source_detail,
            Lead.campaign,
            Lead.keyword,
            Lead.origin,
            Lead.rating,
            Lead.score,
            Lead.owner_id,
            _Owner.name.label("owner"),
            Lead.product_id,
            Product.name.label("product"),
            major_units(Lead.amount_minor, Lead.currency).label("amount"),
            Lead.currency,
            Lead.received_at,
            Lead.first_response_at,
            Lead.closed_at,
            Lead.disqualified_reason,
            first_deal.label("deal_id"),
        )
        .join(Party, Party.id == Lead.party_id)
        .outerjoin(_Owner, _Owner.id == Lead.owner_id)
        .outerjoin(Product, Product.id == Lead.product_id)
    )
    return rows
