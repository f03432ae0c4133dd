"""What can be asked of a party beside its own columns: where it is, whom it belongs to, how it is reached."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from crmlib.base import READ_ONLY, Field
from crmlib.contacts.records import ContactKind, ContactPoint, Party
from crmlib.filters import Part, find_me_with, offer
from crmlib.i18n import lazy

__all__: list[str] = []


def _offer_fields() -> None:
    # Where it is and whom it belongs to: what the database keeps beside the party, read as one column.
    offer(
        Party,
        Field("city", lazy("City"), shown=READ_ONLY),
        expression=Party.kept_city,
        folded=Party.kept_city_folded.expression,
        then=Party.folded.expression,
    )
    offer(Party, Field("region", lazy("Region"), shown=READ_ONLY), expression=Party.kept_region)
    offer(Party, Field("country", lazy("Country"), "country", shown=READ_ONLY), expression=Party.kept_country)
    offer(
        Party,
        Field("organization", lazy("Organization"), "party", record="party", shown=READ_ONLY),
        expression=Party.kept_organization_id,
    )
    for key, label, kind, kinds in (
        ("email", lazy("E-mail"), "email", (ContactKind.EMAIL,)),
        ("phone", lazy("Phone"), "phone", (ContactKind.PHONE, ContactKind.MOBILE, ContactKind.WHATSAPP)),
    ):
        point = aliased(ContactPoint)
        offer(
            Party,
            Field(key, label, kind, shown=READ_ONLY, sensitivity="personal"),
            many=Part(point.party_id, point.normalised, where=(point.kind.in_(kinds),)),
        )
    counted = aliased(ContactPoint)
    offer(
        Party,
        Field("n_contact_points", lazy("Ways to reach them"), "number", shown=READ_ONLY),
        expression=select(func.count(counted.id))
        .where(counted.party_id == Party.id)
        .correlate(Party)
        .scalar_subquery(),
        may_lack=False,
    )


def _who_acts(session: Session) -> int | None:
    from crmlib.contacts.queries.party import colleague_called

    return colleague_called(session, str(session.info.get("actor") or ""))


_offer_fields()
find_me_with(_who_acts)
