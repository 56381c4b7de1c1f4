"""The drain against a real SMTP conversation."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connection

from messaging.models import Inbox
from messaging.outbox.drain import deliver_due, stop
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    outcomes,
)
from tests.people import Person
from tests.services.sinks import StartSink
from tests.services.smtp_rules import Rule
from tests.services.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_delivers_a_message_with_its_file(inbox: Inbox, relay: SmtpSink) -> None:
    message = make_message(inbox, files=[make_file(inbox.workspace)])
    deliver_due()
    (mail,) = relay.kept
    assert mail.sender == inbox.address
    assert mail.accepted == ["ann@example.com"]
    assert mail.message_id == message.rfc_message_id
    assert mail.size == message.size
    assert mail.faults == []
    assert outcomes(message) == {"ann@example.com": "accepted"}
    assert delivery_of(message).state == "done"


def test_it_sends_many_over_a_few_connections(inbox: Inbox, relay: SmtpSink) -> None:
    messages = [make_message(inbox, letter_to(f"r{n}@example.com")) for n in range(60)]
    deliver_due()
    assert sorted(mail.message_id for mail in relay.kept) == sorted(
        message.rfc_message_id for message in messages
    )
    assert relay.connections <= 16


def test_a_relay_that_hangs_keeps_no_other_waiting(
    alice: Person, inbox: Inbox, relay: SmtpSink, start_sink: StartSink
) -> None:
    hung = start_sink(Rule(at="mail", hold=True))
    other = make_inbox(alice.workspace, smtp_url=hung.url)
    for number in range(120):
        make_message(other, letter_to(f"r{number}@example.com"))
    message = make_message(inbox)
    draining = Thread(target=drain_in_thread)
    draining.start()
    (mail,) = relay.wait_kept(1, timeout=20)
    assert mail.message_id == message.rfc_message_id
    stop()
    hung.stop()
    draining.join()


def drain_in_thread() -> None:
    try:
        deliver_due()
    finally:
        connection.close()
