from datetime import timedelta

import pytest
from sqlalchemy import select

from crmlib.base import InvalidTransition
from crmlib.contacts import CONSENTS, Party, wants_no_contact


@pytest.fixture
def ana(workbench):
    return workbench.contacts.add_person(given_name="Ana").id


def allowed(workbench, ana, channel="email", purpose="newsletter"):
    return workbench.contacts.may_contact(ana, channel, purpose)[0]


def test_silence_is_no_consent(workbench, ana):
    assert workbench.contacts.may_contact(ana, "email", "newsletter") == (False, "Has never been asked.")


def test_the_newest_word_counts_for_each_channel_and_purpose(workbench, ana, clock):
    workbench.contacts.give_consent(ana, "email", "newsletter", how="double opt-in", text_version="2026-01")
    clock.advance(days=1)
    workbench.contacts.withdraw_consent(ana, "email", "newsletter", source="unsubscribe link")
    assert not allowed(workbench, ana)
    clock.advance(days=1)
    workbench.contacts.give_consent(ana, "email", "newsletter", how="on paper")
    assert allowed(workbench, ana)
    assert not allowed(workbench, ana, purpose="survey")
    yesterday = workbench.contacts.consent_state(ana, at=clock.now - timedelta(days=1))
    assert [one.is_given for one in yesterday] == [False]
    frame = workbench.contacts.consents(party_id=ana)
    assert list(frame.columns) == list(CONSENTS)
    assert list(frame["change"]) == ["given", "withdrawn", "given"]


def test_a_wider_word_covers_the_narrower(workbench, ana, clock):
    workbench.contacts.give_consent(ana, "any", "service", basis="contract")
    assert workbench.contacts.may_contact(ana, "phone", "service") == (True, "Allowed: Contract (6.1b).")
    clock.advance(days=1)
    workbench.contacts.withdraw_consent(ana, "phone", "any")
    assert not allowed(workbench, ana, "phone", "service")
    assert allowed(workbench, ana, "email", "service")


def test_do_not_contact_holds_until_it_is_lifted(workbench, ana, clock):
    workbench.contacts.give_consent(ana, "email", "newsletter")
    clock.advance(days=1)
    workbench.contacts.do_not_contact(ana, how="by phone")
    clock.advance(days=1)
    workbench.contacts.give_consent(ana, "email", "newsletter", source="an import")
    assert workbench.contacts.may_contact(ana, "email", "newsletter") == (False, "Does not want to be contacted.")
    with workbench.reading() as session:
        assert session.scalars(select(Party.id).where(wants_no_contact())).all() == [ana]
    workbench.contacts.edit_party(ana, {"given_name": "Anna"})
    assert not allowed(workbench, ana)
    workbench.contacts.allow_contact(ana)
    assert allowed(workbench, ana)
    with workbench.reading() as session:
        assert session.scalars(select(Party.id).where(wants_no_contact())).all() == []
    with pytest.raises(InvalidTransition, match="left alone"):
        workbench.contacts.allow_contact(ana)


def test_the_timeline_tells_consent_in_words(workbench, ana, clock):
    workbench.contacts.give_consent(ana, "email", "newsletter")
    clock.advance(days=1)
    workbench.contacts.do_not_contact(ana)
    titles = [entry.title for entry in workbench.activities.timeline([ana])]
    assert titles == ["Ana does not want to be contacted", "Consent given: E-mail, Newsletter", "Ana added"]
