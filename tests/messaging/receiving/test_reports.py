"""Delivery status notifications change what is known of the recipients of a mail."""

from __future__ import annotations

import pytest

from messaging.models import Delivery, Inbox, Message, Recipient
from project.events.models import Event
from tests.messaging.make import letter_to, make_inbox, make_message, receive
from tests.people import Person


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


def sent(inbox: Inbox, *to: str, state: str = "accepted") -> Message:
    """A message that has left, its recipients in a state."""
    message = make_message(inbox, letter_to(*to))
    Recipient.objects.filter(delivery__message=message).update(state=state)
    Delivery.objects.filter(message=message).update(state="done", due_at=None)
    return message


def report(
    message: Message,
    *,
    action: str = "failed",
    recipient: str = "ann@example.com",
    original: str = "",
    returned: str = "message/rfc822",
) -> bytes:
    kept = f"Original-Recipient: rfc822;{original}\r\n" if original else ""
    return (
        "From: MAILER-DAEMON@relay.test\r\nTo: hello@acme.test\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n'
        "--r\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n"
        "--r\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; relay.test\r\nArrival-Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\n"
        f"{kept}Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <ann@example.com>:\r\n    User unknown\r\n\r\n"
        f"--r\r\nContent-Type: {returned}\r\n\r\n"
        f"Message-ID: {message.rfc_message_id}\r\nSubject: Hello\r\n\r\ntext\r\n--r--\r\n"
    ).encode()


def states(message: Message) -> dict[str, str]:
    rows = Recipient.objects.filter(delivery__message=message)
    return dict(rows.values_list("email", "state"))


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_is_told_with_its_words(alice: Person, inbox: Inbox, returned: str) -> None:
    message = sent(inbox, "ann@example.com", "bo@example.com")
    received = receive(inbox, report(message, returned=returned))
    assert received.subject == "Undelivered Mail Returned to Sender"
    assert states(message) == {"ann@example.com": "bounced", "bo@example.com": "accepted"}
    ann = Recipient.objects.get(email="ann@example.com")
    assert (ann.code, ann.reply) == (550, "550 5.1.1 <ann@example.com>:    User unknown")
    event = Event.objects.get(kind="message.bounced")
    assert event.subject_id == message.pk
    assert event.payload == {"recipients": ["ann@example.com"], "reached": False}


def test_a_report_proves_what_was_in_doubt(inbox: Inbox) -> None:
    message = sent(inbox, "ann@example.com", state="unknown")
    receive(inbox, report(message, action="delivered"))
    assert states(message) == {"ann@example.com": "delivered"}
    message.refresh_from_db()
    assert message.sent_at is not None
    other = sent(inbox, "ann@example.com", state="unknown")
    receive(inbox, report(other))
    assert states(other) == {"ann@example.com": "bounced"}


def test_a_delay_changes_nothing_and_a_success_no_refusal(inbox: Inbox) -> None:
    message = sent(inbox, "ann@example.com")
    receive(inbox, report(message, action="delayed"))
    assert states(message) == {"ann@example.com": "accepted"}
    refused = sent(inbox, "ann@example.com", state="refused")
    receive(inbox, report(refused, action="delivered"))
    assert states(refused) == {"ann@example.com": "refused"}


def test_a_forwarder_is_understood(inbox: Inbox) -> None:
    alone = sent(inbox, "ann@example.com")
    receive(inbox, report(alone, recipient="ann@elsewhere.example"))
    assert states(alone) == {"ann@example.com": "bounced"}
    two = sent(inbox, "ann@example.com", "bo@example.com")
    receive(inbox, report(two, recipient="x@elsewhere.example", original="Bo@example.com"))
    assert states(two) == {"ann@example.com": "accepted", "bo@example.com": "bounced"}
    receive(inbox, report(two, recipient="stranger@elsewhere.example"))
    assert states(two)["ann@example.com"] == "accepted"


def test_a_report_to_another_inbox_is_mail_like_any_other(inbox: Inbox, charlie: Person) -> None:
    message = sent(inbox, "ann@example.com")
    for elsewhere in (make_inbox(inbox.workspace), make_inbox(charlie.workspace)):
        receive(elsewhere, report(message))
    assert states(message) == {"ann@example.com": "accepted"}
