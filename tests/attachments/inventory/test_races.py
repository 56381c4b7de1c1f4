"""Nothing is lost while all are at work: uploads, sends, deletions, purges, arrivals, the check"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

import pytest
from django.utils import timezone

from attachments.inventory.inspection import GRACE, Finding, Inspection
from attachments.inventory.repair import repair_finding
from attachments.models import Attachment, Blob
from attachments.retention import delete_attachment, purge
from attachments.storage import attachment_storage
from messaging.models import Arrival, Captured, Inbox, Message
from messaging.outbox.drain import deliver_due
from project.errors import Refusal
from tests.attachments.inventory.ground import RAW, look
from tests.attachments.make import make_attachment
from tests.messaging.make import make_inbox, make_message, receive
from tests.messaging.outbox.steps import many, together

pytestmark = pytest.mark.django_db(transaction=True)

#: with STORAGE_RACE_ROUNDS it goes on for longer
ROUNDS = int(os.environ.get("STORAGE_RACE_ROUNDS", many(8, 40)))


def check_and_repair() -> list[Finding]:
    """What the check tells in the middle of it all; what it tells is repaired at once."""
    at = timezone.now()
    inspection = Inspection(at=at, grace=GRACE, hashing=True)
    found = [finding for findings in inspection.steps() for finding in findings]
    for finding in found:
        repair_finding(finding, at=at)
    return found


def send_again(inbox: Inbox, content: bytes) -> Message:
    """Upload what may be on its way out just now, and send it."""
    return make_message(inbox, files=[make_attachment(inbox.workspace, content)])


def delete(file: Attachment) -> None:
    with suppress(Refusal):
        delete_attachment(attachment=file)


def purge_now() -> None:
    for _ in range(3):
        purge(at=timezone.now())


def content_at(key: str) -> bytes:
    with attachment_storage().open(key) as file:
        return file.read()


def test_no_bytes_are_lost_and_none_are_left(alice):
    inbox = make_inbox(alice.workspace)
    sent: dict[Message, bytes] = {}
    for number in range(ROUNDS):
        content = b"%d: bytes that come and go" % number
        old = make_attachment(alice.workspace, content)
        expiring = make_attachment(alice.workspace, content + b"!")
        Attachment.objects.filter(pk=expiring.pk).update(expires_at=timezone.now())
        Blob.objects.update(sweep_at=None)  # so old that a sweep may take them at once
        told, message, again, *_ = together(
            check_and_repair,
            lambda content=content: send_again(inbox, content),
            lambda content=content: make_attachment(alice.workspace, content + b"!"),
            lambda old=old: delete(old),
            purge_now,
            lambda number=number: receive(inbox, RAW + b"%d\r\n" % number),
            deliver_due,
        )
        assert told == []
        sent[message] = content
        assert content_at(again.blob.key) == content + b"!"
    deliver_due()
    purge(at=timezone.now() + timedelta(hours=2))
    assert look() == []
    assert Captured.objects.count() == Arrival.objects.count() == ROUNDS
    for message, content in sent.items():
        (file,) = Attachment.objects.filter(message_enclosures__message=message)
        assert (file.state, content_at(file.blob.key)) == ("ready", content)
        assert file.sha256 == sha256(content).hexdigest()
    assert Blob.objects.count() == 2 * ROUNDS
    assert Attachment.objects.filter(state="gone").count() == 2 * ROUNDS
