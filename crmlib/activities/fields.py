"""What can be asked of an activity beside its own columns, and of a party about what is done with it."""

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from crmlib.activities.records import Activity, Part, Participation
from crmlib.base import READ_ONLY, Field
from crmlib.contacts import Party
from crmlib.filters import Part as Values
from crmlib.filters import offer
from crmlib.i18n import lazy

__all__: list[str] = []


def _offer_fields() -> None:
    for key, label, part in (
        ("party", lazy("Customer"), Part.TARGET),
        ("assignee", lazy("Who does it"), Part.ASSIGNEE),
    ):
        taken = aliased(Participation)
        offer(
            Activity,
            Field(key, label, "party", record="party", shown=("list", "filter", "import", "export")),
            many=Values(taken.activity_id, taken.party_id, where=(taken.part == part,)),
        )
    offer(
        Activity,
        Field("is_done", lazy("Done already"), "flag", shown=READ_ONLY),
        expression=Activity.__table__.c.done_at.is_not(None),
        may_lack=False,
    )
    offer(
        Activity,
        Field("at", lazy("When"), "moment", shown=READ_ONLY),
        expression=Activity.shown_at,
        may_lack=False,
    )
    counted = aliased(Participation)
    offer(
        Party,
        Field("n_activities", lazy("Activities"), "number", shown=READ_ONLY),
        expression=select(func.count(counted.id))
        .where(counted.party_id == Party.id, counted.part == Part.TARGET)
        .correlate(Party)
        .scalar_subquery(),
        may_lack=False,
    )
    joined, planned = aliased(Participation), aliased(Activity)
    offer(
        Party,
        Field("next_step_at", lazy("Next step"), "moment", shown=READ_ONLY),
        expression=select(func.min(planned.due_at))
        .join(joined, joined.activity_id == planned.id)
        .where(joined.party_id == Party.id, joined.part == Part.TARGET, planned.done_at.is_(None))
        .correlate(Party)
        .scalar_subquery(),
    )


_offer_fields()
