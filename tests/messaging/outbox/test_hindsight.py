"""Whom and what events of the outbox were about, as it can be known later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import Inbox, Message, Recipient
from messaging.outbox.hindsight import CLOCKS_APART, is_first_sent, recipients_of
from messaging.outbox.record import BACK_OFF
from project.events.models import Event
from project.events.services import emit, happened
from tests.messaging.make import letter_to, make_inbox, make_message
from tests.people import Person

ANN, BO, CY = "ann@example.com", "bo@example.com", "cy@example.com"


@pytest.fixture
def message(alice: Person) -> Message:
    inbox: Inbox = make_inbox(alice.workspace, address="hello@acme.test")
    return make_message(inbox, letter_to(ANN, BO, CY))


def tell(message: Message, kind: str, *, ago: timedelta = timedelta(), **payload: Any) -> Event:
    event = happened(
        kind, workspace_id=message.workspace_id, subject_id=message.pk, payload=payload
    )
    event.at = timezone.now() - ago
    emit(event)
    return event


def answer(message: Message, email: str, *, ago: timedelta, state: str = "accepted") -> None:
    rows = Recipient.objects.filter(delivery__message=message, email=email)
    rows.update(state=state, at=timezone.now() - ago)


def ids_of(message: Message, *emails: str) -> list[str]:
    rows = Recipient.objects.filter(delivery__message=message, email__in=emails)
    return [id.hex for id in rows.values_list("pk", flat=True)]


def emails_of(event: Event) -> list[str]:
    return [one.email for one in recipients_of(event)]


def test_the_clocks_may_not_be_so_far_apart_that_two_tries_are_one() -> None:
    assert BACK_OFF[0] > CLOCKS_APART


def test_a_try_was_about_those_who_were_answered_in_it_whatever_has_happened_since(
    message: Message,
) -> None:
    tries = [
        tell(message, kind, ago=timedelta(days=1), recipient_ids=ids_of(message, *emails))
        for kind, emails in (("message.partial", [ANN]), ("message.sent", [BO, CY]))
    ]
    answer(message, ANN, ago=timedelta(), state="bounced")
    assert [emails_of(one) for one in tries] == [[ANN], [BO, CY]]


def test_a_try_that_nobody_answered_is_about_whom_it_gave_up(message: Message) -> None:
    answer(message, ANN, ago=timedelta(), state="refused")
    assert emails_of(tell(message, "message.failed", attempt=9, recipient_ids=[])) == [ANN]


def test_what_was_swept_is_of_its_route(message: Message) -> None:
    answer(message, ANN, ago=timedelta(), state="unknown")
    assert emails_of(tell(message, "message.unknown", route="")) == [ANN]
    assert emails_of(tell(message, "message.unknown", route="local")) == []


def test_a_report_names_whom_it_is_about(message: Message) -> None:
    answer(message, ANN, ago=timedelta(hours=1))
    assert emails_of(tell(message, "message.bounced", recipients=[ANN, CY])) == [ANN, CY]


def test_what_has_happened_since_is_not_about_what_was_swept(message: Message) -> None:
    event = tell(message, "message.unknown", ago=timedelta(minutes=5), route="")
    answer(message, ANN, ago=timedelta(), state="bounced")
    assert emails_of(event) == []


def test_it_was_sent_with_the_first_try_in_which_somebody_took_it(message: Message) -> None:
    in_vain = tell(message, "message.partial", reached=False)
    deferred = tell(message, "message.deferred", reached=False)
    first = tell(message, "message.partial", reached=True)
    second = tell(message, "message.sent", reached=True)
    events = (in_vain, deferred, first, second)
    assert [is_first_sent(one) for one in events] == [False, False, True, False]
