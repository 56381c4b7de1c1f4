"""What a manifest says, and that it goes on saying it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from attachments.models import Attachment, Blob
from attachments.storage import attachment_storage
from messaging.errors import NotRecorded, NotSent
from messaging.manifest.evidence import manifest_of, signed_manifest
from messaging.models import Attempt, Captured, Inbox, Message, Recipient
from messaging.outbox.drain import deliver_due
from messaging.services import resolve_message
from messaging.suppressions import suppress
from tests.messaging.make import letter_to, make_file, make_inbox, make_message, receive
from tests.messaging.outbox.steps import try_again
from tests.messaging.receiving.test_reports import report
from tests.people import Person
from tests.services.sinks import StartSink
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB = "ann@example.com", "bob@example.com"


def manifest(message: Message) -> dict[str, Any]:
    return manifest_of(Message.objects.get(pk=message.pk))


def test_it_tells_of_the_mail_as_it_was_sent(inbox: Inbox):
    file = make_file(inbox.workspace, b"%PDF" * 100_000)
    letter = letter_to(ANN, html='<p>Hi <img src="cid:x"></p>')
    message = make_message(inbox, letter, files=[file])
    deliver_due()
    told = manifest(message)
    captured = Captured.objects.get()
    with attachment_storage().open(captured.key) as mail:
        raw = mail.read()
    assert told["mime"] == {"sha256": sha256(raw).hexdigest(), "size": len(raw)}
    assert told["message_id"] == message.rfc_message_id
    assert told["envelope"] == {"from": "hello@acme.test", "recipients": [ANN]}
    places = [(part["place"], part["name"], part["transfer_encoding"]) for part in told["parts"]]
    assert places == [("1.1", None, "7bit"), ("1.2", None, "7bit"), ("2", "a.pdf", "base64")]
    assert told["parts"][2]["sha256"] == file.sha256 and told["parts"][2]["size"] == 400_000
    assert [part["verdict"] for part in told["parts"]] == [None, None, "unscanned"]
    (reply,) = told["replies"]
    assert (reply["recipient"], reply["code"], reply["relay"]) == (ANN, 250, "outbox tray")
    assert reply["mime_sha256"] == told["mime"]["sha256"]
    assert reply["at"].endswith("Z")


def test_a_scan_is_told_as_it_was_when_the_mail_left(inbox: Inbox):
    file = make_file(inbox.workspace)
    found = Blob.objects.filter(attachments=file)
    found.update(verdict="clean", engine="ClamAV", scanned_at=timezone.now())
    message = make_message(inbox, files=[file])
    deliver_due()
    found.update(verdict="infected", signature="Eicar")
    assert [part["verdict"] for part in manifest(message)["parts"]] == [None, "clean"]


def test_a_later_bounce_is_added_and_changes_nothing_else(inbox: Inbox):
    message = make_message(inbox, letter_to(ANN, BOB))
    deliver_due()
    before = manifest(message)
    receive(inbox, report(message, recipient=ANN))
    after = manifest(message)
    assert after.pop("replies")[:2] == before.pop("replies")
    assert after == before
    bounce = manifest(message)["replies"][2]
    assert (bounce["recipient"], bounce["state"], bounce["code"]) == (ANN, "bounced", 550)
    assert bounce["attempt"] is None and "User unknown" in bounce["reply"]


def test_each_try_adds_what_was_said(inbox: Inbox, start_sink: StartSink, settings: Settings):
    sink = start_sink(Rule(at="rcpt", match=BOB, reply="450 4.2.1 Later", times=1))
    settings.SMTP_URL = sink.url
    message = make_message(inbox, letter_to(ANN, BOB))
    deliver_due()
    before = manifest(message)
    states = {row["recipient"]: (row["state"], row["code"]) for row in before["replies"]}
    assert states == {ANN: ("accepted", 250), BOB: ("deferred", 450)}
    try_again()
    after = manifest(message)
    assert after["replies"][:2] == before["replies"]
    assert [(row["recipient"], row["attempt"], row["state"]) for row in after["replies"][2:]] == [
        (BOB, 2, "accepted")
    ]
    assert after["mime"] == before["mime"] and after["parts"] == before["parts"]
    assert [one.sha256 for one in sink.kept] == [after["mime"]["sha256"]] * 2


def test_it_outlives_the_files_and_the_words(inbox: Inbox):
    message = make_message(inbox, files=[make_file(inbox.workspace)])
    deliver_due()
    before = manifest(message)
    Message.objects.update(text=None, html=None, headers={})
    Attachment.objects.update(
        state="gone", blob=None, reason_code="expired", gone_at=message.created_at
    )
    assert manifest(message) == before


def test_whom_nobody_asked_for_is_in_no_envelope(inbox: Inbox):
    suppress(workspace=inbox.workspace, email=BOB)
    message = make_message(inbox, letter_to(ANN, BOB))
    deliver_due()
    assert manifest(message)["envelope"]["recipients"] == [ANN]
    assert [row["recipient"] for row in manifest(message)["replies"]] == [ANN]


def test_of_a_mail_that_a_provider_writes_it_knows_the_files(inbox: Inbox, settings: Settings):
    settings.PROVIDER_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    deliver_due()
    told = manifest(message)
    assert told["mime"] is None and told["replies"][0]["mime_sha256"] is None
    assert told["parts"][-1]["sha256"] == file.sha256


def test_what_has_not_left_cannot_be_proven(inbox: Inbox, start_sink: StartSink, settings):
    settings.SMTP_URL = start_sink(Rule(at="rcpt", reply="550 5.1.1 No")).url
    message = make_message(inbox)
    with pytest.raises(NotSent):
        manifest(message)
    deliver_due()
    with pytest.raises(NotSent):
        manifest(message)
    with pytest.raises(NotSent):
        manifest(receive(inbox, b"Subject: Hi\r\n\r\nHello"))


def test_who_only_says_that_it_was_sent_proves_nothing(inbox: Inbox):
    message = make_message(inbox)
    deliver_due()
    Attempt.objects.update(sent=None, replies=[])
    Recipient.objects.update(state="unknown")
    resolve_message(message=message, outcome="sent")
    with pytest.raises(NotRecorded):
        manifest(message)


def test_it_costs_as_many_queries_with_many_files(inbox: Inbox, alice: Person):
    files = [make_file(alice.workspace, b"%d" % n, filename=f"{n}.txt") for n in range(5)]
    message = make_message(make_inbox(alice.workspace), files=files)
    deliver_due()
    message.refresh_from_db()
    with CaptureQueriesContext(connection) as queries:
        signed_manifest(message)
    assert len(queries) == 2
