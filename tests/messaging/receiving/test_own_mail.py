"""Mail that comes back to the inbox from which it was sent."""

from __future__ import annotations

import pytest

from messaging.models import Inbox, Message
from messaging.models.message import Direction
from tests.messaging.make import letter_to, make_inbox, make_message, receive
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


def mail(id: str, *, answered: str = "") -> bytes:
    reply = f"In-Reply-To: {answered}\r\n" if answered else ""
    return f"Message-ID: {id}\r\n{reply}Subject: Hello\r\n\r\ntext\r\n".encode()


def test_the_copy_that_arrives_joins_the_thread_of_what_was_sent(inbox: Inbox) -> None:
    sent = make_message(inbox, letter_to(inbox.address))
    received = receive(inbox, mail(sent.rfc_message_id))
    assert received.pk != sent.pk
    assert received.rfc_message_id == sent.rfc_message_id
    assert received.direction == Direction.INBOUND
    assert received.thread_id == sent.thread_id is not None
    assert receive(inbox, mail(sent.rfc_message_id)) == received
    assert Message.objects.count() == 2


def test_what_was_sent_decides_before_what_it_answered(inbox: Inbox) -> None:
    elsewhere = receive(inbox, mail("<other@example.com>"))
    sent = make_message(inbox, letter_to(inbox.address))
    received = receive(inbox, mail(sent.rfc_message_id, answered="<other@example.com>"))
    assert received.thread_id == sent.thread_id != elsewhere.thread_id


def test_in_another_inbox_it_begins_a_thread(inbox: Inbox) -> None:
    other = make_inbox(inbox.workspace)
    sent = make_message(inbox, letter_to(other.address))
    received = receive(other, mail(sent.rfc_message_id))
    assert received.thread_id != sent.thread_id
    answer = receive(inbox, mail("<answer@acme.test>", answered=sent.rfc_message_id))
    assert answer.thread_id == sent.thread_id
