"""What may be done about consent: rows are added, and none is ever changed."""

from datetime import datetime

from sqlalchemy.orm import Session

from crmlib.base import InvalidTransition, fields_of, find, tell
from crmlib.contacts.events import ConsentGiven, ConsentWithdrawn, ContactAllowed, ContactRefused
from crmlib.contacts.queries.consent import refuses_all
from crmlib.contacts.records import Channel, ConsentChange, ConsentEvent, LawfulBasis, Party, Purpose
from crmlib.i18n import gettext as _

__all__ = ["allow_contact", "do_not_contact", "give_consent", "withdraw_consent"]


def give_consent(
    session: Session,
    party: Party | int,
    channel: Channel | str,
    purpose: Purpose | str,
    *,
    basis: LawfulBasis | str = LawfulBasis.CONSENT,
    how: str | None = None,
    source: str | None = None,
    text_version: str | None = None,
    evidence: str | None = None,
    at: datetime,
) -> ConsentEvent:
    """Keep that `party` allowed us to use `channel` for `purpose`, with the proof of it. `at` is when it was said."""
    event = _keep(session, party, channel, purpose, ConsentChange.GIVEN, basis, how, source, text_version, evidence, at)
    tell(
        session,
        ConsentGiven(
            record_id=event.id,
            party_id=event.party_id,
            at=at,
            channel=event.channel,
            purpose=event.purpose,
            basis=event.basis,
        ),
    )
    return event


def withdraw_consent(
    session: Session,
    party: Party | int,
    channel: Channel | str = Channel.ANY,
    purpose: Purpose | str = Purpose.ANY,
    *,
    how: str | None = None,
    source: str | None = None,
    evidence: str | None = None,
    at: datetime,
) -> ConsentEvent:
    """Keep that `party` took it back; `any` takes back all channels, or all purposes. Both are *do not contact*."""
    basis = LawfulBasis.CONSENT
    event = _keep(session, party, channel, purpose, ConsentChange.WITHDRAWN, basis, how, source, None, evidence, at)
    if event.channel is Channel.ANY and event.purpose is Purpose.ANY:
        name = find(session, Party, party).name
        tell(session, ContactRefused(record_id=event.id, party_id=event.party_id, at=at, name=name))
    else:
        told = ConsentWithdrawn(
            record_id=event.id, party_id=event.party_id, at=at, channel=event.channel, purpose=event.purpose
        )
        tell(session, told)
    return event


def do_not_contact(
    session: Session,
    party: Party | int,
    *,
    how: str | None = None,
    source: str | None = None,
    evidence: str | None = None,
    at: datetime,
) -> ConsentEvent:
    """Keep that `party` does not want to be contacted in any way, until `allow_contact` lifts it."""
    return withdraw_consent(session, party, how=how, source=source, evidence=evidence, at=at)


def allow_contact(
    session: Session, party: Party | int, *, how: str | None = None, source: str | None = None, at: datetime
) -> ConsentEvent:
    """Lift a *do not contact*; what was given before it counts again. Raises InvalidTransition where there is none."""
    party = find(session, Party, party)
    if not refuses_all(session, party.id, at=at):
        raise InvalidTransition(_("{name} has not asked to be left alone.").format(name=party.name))
    any_channel, any_purpose, basis = Channel.ANY, Purpose.ANY, LawfulBasis.CONSENT
    event = _keep(session, party, any_channel, any_purpose, ConsentChange.LIFTED, basis, how, source, None, None, at)
    tell(session, ContactAllowed(record_id=event.id, party_id=party.id, at=at, name=party.name))
    return event


def _keep(
    session: Session,
    party: Party | int,
    channel: Channel | str,
    purpose: Purpose | str,
    change: ConsentChange,
    basis: LawfulBasis | str,
    how: str | None,
    source: str | None,
    text_version: str | None,
    evidence: str | None,
    at: datetime,
) -> ConsentEvent:
    known = fields_of(ConsentEvent)
    event = ConsentEvent(
        party_id=find(session, Party, party).id,
        channel=known["channel"].read(channel),
        purpose=known["purpose"].read(purpose),
        change=change,
        basis=known["basis"].read(basis) or LawfulBasis.CONSENT,
        at=at,
        how=known["how"].read(how),
        source=known["source"].read(source),
        text_version=known["text_version"].read(text_version),
        evidence=known["evidence"].read(evidence),
    )
    session.add(event)
    session.flush()
    return event
