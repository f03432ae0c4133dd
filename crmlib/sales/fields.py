"""What can be asked of a deal beside its own columns, and of a party about its deals."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from crmlib.base import READ_ONLY, Field
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.filters import Part, offer
from crmlib.i18n import lazy
from crmlib.sales.records import Deal, Pipeline, Stage, StageKind

__all__: list[str] = []

STATUSES = ((StageKind.OPEN, lazy("Open")), (StageKind.WON, lazy("Won")), (StageKind.LOST, lazy("Lost")))
_CHOICES = tuple((kind.value, label) for kind, label in STATUSES)


def _offer_fields() -> None:
    stage, its_stage, pipeline, product = aliased(Stage), aliased(Stage), aliased(Pipeline), aliased(Product)
    shown = ("list", "filter", "import", "export")
    offer(Deal, Field("stage", lazy("Stage"), shown=shown), one=Part(stage.id, stage.name, at=Deal.stage_id))
    offer(
        Deal,
        Field("pipeline", lazy("Pipeline"), shown=shown),
        one=Part(its_stage.id, pipeline.name, where=(pipeline.id == its_stage.pipeline_id,), at=Deal.stage_id),
    )
    meant = aliased(Stage)
    offer(
        Deal,
        Field("status", lazy("Status"), "choice", choices=_CHOICES, shown=READ_ONLY),
        one=Part(meant.id, meant.kind, at=Deal.stage_id),
    )
    offer(Deal, Field("product", lazy("Product"), shown=shown), one=Part(product.id, product.name, at=Deal.product_id))
    for kind, count, n_label, amount, label in (
        (StageKind.OPEN, "open_deals", lazy("Open deals"), "open_deals_amount", lazy("Open deals, amount")),
        (StageKind.WON, "won_deals", lazy("Deals won"), "won_amount", lazy("Deals won, amount")),
    ):
        counted, summed = aliased(Deal), aliased(Deal)
        offer(
            Party,
            Field(count, n_label, "number", shown=READ_ONLY),
            expression=select(func.count(counted.id))
            .where(counted.party_id == Party.id, counted.stage_id.in_(_stages(kind)))
            .correlate(Party)
            .scalar_subquery(),
            may_lack=False,
        )
        # One sum for each currency, and so never a sum over two.
        offer(
            Party,
            Field(amount, label, "money", shown=READ_ONLY),
            many=Part(
                summed.party_id,
                func.sum(summed.amount_minor),
                where=(
                    summed.stage_id.in_(_stages(kind)),
                    summed.amount_minor.is_not(None),
                    summed.party_id.is_not(None),
                ),
                currency=summed.currency,
                grouped=True,
            ),
        )


def _stages(kind: StageKind) -> Any:
    stage = aliased(Stage)
    return select(stage.id).where(stage.kind == kind).correlate(None)


_offer_fields()
