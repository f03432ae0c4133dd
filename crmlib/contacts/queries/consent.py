"""What a party allows us, from what it said: rows, of which the newest word counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from crmlib.base import read_frame
from crmlib.contacts.records import Channel, ConsentChange, ConsentEvent, LawfulBasis, Party, Purpose
from crmlib.i18n import gettext as _

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONSENTS", "Consent", "consent_state", "consents", "may_contact", "refuses_all", "wants_no_contact"]

CONSENTS = {
    "consent_event_id": "int64",
    "party_id": "int64",
    "party": "str",
    "channel": "category",
    "purpose": "category",
    "change": "category",
    "basis": "category",
    "at": "datetime64[us, UTC]",
    "how": "str",
    "source": "str",
    "text_version": "str",
    "evidence": "str",
}


@dataclass(frozen=True)
class Consent:
    """Whether a channel may be used for a purpose: `is_given`, since when, on which basis, and the row it rests on."""

    channel: Channel
    purpose: Purpose
    is_given: bool
    at: datetime
    basis: LawfulBasis
    event_id: int


def consents(session: Session, *, party_id: int | None = None) -> "pd.DataFrame":
    """Everything that was said about consent, oldest first.

    One row per saying; `consent_event_id` is unique. Columns are `CONSENTS`, also when nothing was said. Rows are
    never changed; `consent_state` tells what follows from them.
    """
    rows = (
        select(
            ConsentEvent.id.label("consent_event_id"),
            ConsentEvent.party_id,
            Party.name.label("party"),
            ConsentEvent.channel,
            ConsentEvent.purpose,
            ConsentEvent.change,
            ConsentEvent.basis,
            ConsentEvent.at,
            ConsentEvent.how,
            ConsentEvent.source,
            ConsentEvent.text_version,
            ConsentEvent.evidence,
        )
        .join(Party, Party.id == ConsentEvent.party_id)
        .order_by(ConsentEvent.at, ConsentEvent.id)
    )
    if party_id is not None:
        rows = rows.where(ConsentEvent.party_id == party_id)
    return read_frame(session, rows, CONSENTS)


def consent_state(
    session: Session,
    party: Party | int,
    *,
    channel: Channel | str | None = None,
    purpose: Purpose | str | None = None,
    at: datetime,
) -> list[Consent]:
    """What `party` allowed as of `at`: one Consent per channel and purpose that were ever spoken of.

    The newest word that covers a channel and purpose counts; one about any channel or any purpose covers those
    within. A *do not contact* (any channel, any purpose) holds over everything, later consents too, until it is lifted.
    """
    events = _events(session, party, at)
    pairs = dict.fromkeys((one.channel, one.purpose) for one in events if one.change is not ConsentChange.LIFTED)
    found = [_newest(events, *pair) for pair in pairs]
    wanted_channel = Channel(channel) if channel else None
    wanted_purpose = Purpose(purpose) if purpose else None
    return [
        one
        for one in found
        if one is not None and wanted_channel in (None, one.channel) and wanted_purpose in (None, one.purpose)
    ]


def may_contact(
    session: Session, party: Party | int, channel: Channel | str, purpose: Purpose | str, *, at: datetime
) -> tuple[bool, str]:
    """Whether `party` may be contacted by `channel` for `purpose` as of `at`, and why, in words.

    Where nothing was ever said the answer is no: nobody's silence is consent.
    """
    channel, purpose = Channel(channel), Purpose(purpose)
    events = _events(session, party, at)
    if _refuses(events):
        return False, _("Does not want to be contacted.")
    newest = _newest(events, channel, purpose)
    if newest is None:
        return False, _("Has never been asked.")
    if newest.is_given:
        return True, _("Allowed: {basis}.").format(basis=_(newest.basis.label))
    return False, _("Has taken consent back.")


def refuses_all(session: Session, party: Party | int, *, at: datetime) -> bool:
    """Whether a *do not contact* holds as of `at`."""
    return _refuses(_events(session, party, at))


def wants_no_contact() -> ColumnElement[bool]:
    """The same as a condition on `Party`, for lists and filters."""
    later = aliased(ConsentEvent)
    everything = (ConsentEvent.channel == Channel.ANY) & (ConsentEvent.purpose == Purpose.ANY)
    lifted = exists().where(
        later.party_id == ConsentEvent.party_id,
        later.channel == Channel.ANY,
        later.purpose == Purpose.ANY,
        later.change == ConsentChange.LIFTED,
        (later.at > ConsentEvent.at) | ((later.at == ConsentEvent.at) & (later.id > ConsentEvent.id)),
    )
    return exists().where(
        ConsentEvent.party_id == Party.id, everything, ConsentEvent.change == ConsentChange.WITHDRAWN, ~lifted
    )


def _events(session: Session, party: Party | int, at: datetime) -> list[ConsentEvent]:
    number = party if isinstance(party, int) else party.id
    rows = select(ConsentEvent).where(ConsentEvent.party_id == number, ConsentEvent.at <= at)
    return list(session.scalars(rows.order_by(ConsentEvent.at, ConsentEvent.id)))


def _is_about_all(event: ConsentEvent) -> bool:
    return event.channel is Channel.ANY and event.purpose is Purpose.ANY


def _refuses(events: list[ConsentEvent]) -> bool:
    # A sweeping yes does not lift it: that takes the word for it.
    said = [one.change for one in events if _is_about_all(one) and one.change is not ConsentChange.GIVEN]
    return bool(said) and said[-1] is ConsentChange.WITHDRAWN


def _newest(events: list[ConsentEvent], channel: Channel, purpose: Purpose) -> Consent | None:
    covering = [
        one
        for one in events
        if one.channel in (channel, Channel.ANY)
        and one.purpose in (purpose, Purpose.ANY)
        and one.change is not ConsentChange.LIFTED
        # Once lifted, a refusal of everything leaves no trace on what was said before or after it.
        and not (_is_about_all(one) and one.change is ConsentChange.WITHDRAWN)
    ]
    refusals = [one for one in events if _is_about_all(one) and one.change is ConsentChange.WITHDRAWN]
    newest = refusals[-1] if _refuses(events) else covering[-1] if covering else None
    if newest is None:
        return None
    is_given = newest.change is ConsentChange.GIVEN
    return Consent(channel, purpose, is_given, newest.at, newest.basis, newest.id)
