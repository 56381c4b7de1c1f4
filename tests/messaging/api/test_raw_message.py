from __future__ import annotations

from email import message_from_bytes, policy

from attachments.models import Attachment, Blob
from attachments.storage import attachment_storage
from messaging.models import Inbox
from tests.messaging.api.reach import error_of, url_of
from tests.messaging.make import make_file, make_message, make_reservation
from tests.people import Person


def test_it_gives_the_mail_as_it_is_sent(alice: Person, bob: Person, inbox: Inbox):
    message = make_message(inbox, files=[make_file(alice.workspace, b"%PDF x" * 99)])
    answer = bob.api.get(url_of(message, "raw"))
    raw = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "message/rfc822"
    assert int(answer["Content-Length"]) == len(raw) == message.size
    mail = message_from_bytes(raw, policy=policy.SMTP)
    assert mail["Subject"] == "Hello" and mail["Message-ID"] == message.rfc_message_id
    (file,) = mail.iter_attachments()
    assert file.get_content() == b"%PDF x" * 99 and file.get_filename() == "a.pdf"
    assert b"".join(bob.api.get(url_of(message, "raw")).streaming_content) == raw


def test_it_answers_head_without_a_body(alice: Person, inbox: Inbox):
    message = make_message(inbox)
    answer = alice.api.head(url_of(message, "raw"))
    assert answer.status_code == 200 and answer.content == b""
    assert answer["Content-Length"] == str(message.size)


def test_it_waits_for_the_bytes(alice: Person, inbox: Inbox):
    message = make_message(inbox, files=[make_reservation(alice.workspace)])
    assert error_of(alice.api.get(url_of(message, "raw")), 425)["code"] == "attachment_not_ready"


def test_it_says_so_when_bytes_are_gone(alice: Person, inbox: Inbox):
    message = make_message(inbox, files=[make_file(alice.workspace)])
    attachment_storage().delete(Blob.objects.get().key)
    assert error_of(alice.api.get(url_of(message, "raw")), 410)["code"] == "bytes_missing"
    Attachment.objects.update(
        state="gone", blob=None, reason_code="expired", gone_at=message.created_at
    )
    error = error_of(alice.api.get(url_of(message, "raw")), 410)
    assert error["details"]["reason"] == "expired"


def test_a_stranger_gets_nothing(charlie: Person, inbox: Inbox):
    assert error_of(charlie.api.get(url_of(make_message(inbox), "raw")), 404)
