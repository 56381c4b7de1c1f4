"""What came in."""

from __future__ import annotations

from base64 import encodebytes

import pytest

from messaging.addresses import Address
from messaging.letter import Letter
from messaging.models import Inbox
from messaging.omissions import Omitted
from project.ids import spell
from tests.contracts.agentsend.reach import (
    bytes_of,
    error_of,
    fetch,
    listed,
    make_received_file,
    messages_of,
    receive,
    send,
    sent,
)
from tests.messaging.make import make_message
from tests.messaging.make import receive as receive_mail
from tests.people import Person

LIMIT = 26_214_400
HEAD = (
    b"From: Ann <customer@example.com>\r\nTo: agent@acme.test\r\nMessage-ID: <abc@example.com>\r\n"
    b"Subject: Here's the contract\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nPlease sign.\r\n"
)
BIG = Omitted(filename="big.iso", size=31_457_280, limit=LIMIT)
NOTE = '[Attachment "big.iso" (31457280 bytes) was removed: exceeds the 25 MB limit]'


def test_r3_r19_r20_r21_a_received_message_shows_its_files(alice: Person, inbox: Inbox):
    file = make_received_file(alice.workspace, b"x" * 204_800, "contract.pdf")
    other = make_received_file(alice.workspace, b"\x89PNG", "logo.png")
    message = receive(inbox, file, other)
    found = alice.api.get(f"/messages/{spell('msg', message.pk)}").json()
    assert found["id"] == spell("msg", message.pk) and found["subject"] == "Here's the contract"
    assert found["attachments"] == [
        {
            "id": spell("att", file.pk),
            "filename": "contract.pdf",
            "contentType": "application/pdf",
            "size": 204_800,
        },
        {
            "id": spell("att", other.pk),
            "filename": "logo.png",
            "contentType": "image/png",
            "size": 4,
        },
    ]
    assert (found["direction"], found["status"], found["delivery"]) == (
        "inbound",
        "received",
        "email",
    )
    assert found["fromAddress"] == "customer@example.com"
    assert found["toAddresses"] == ["agent@acme.test"]
    assert found["ccAddresses"] == ["boss@example.com"] and found["bccAddresses"] == []
    assert found["bodyText"] == "Please sign." and found["bodyHtml"] is None
    assert found["messageIdHeader"] == "<abc@example.com>"
    assert found["inReplyTo"] == "<first@example.com>"
    assert found["referencesHeaders"] == ["<first@example.com>"]
    assert found["sentAt"] is None and "truncated" not in found
    assert listed(alice.api.get(messages_of(inbox))) == [found]
    assert listed(alice.api.get(f"/threads/{found['threadId']}/messages")) == [found]


def test_r22_its_files_are_downloaded_like_uploads(alice: Person, charlie: Person, inbox: Inbox):
    content = bytes(range(256)) * 99
    file = make_received_file(alice.workspace, content, "contract.pdf")
    message = receive(inbox, file)
    found = alice.api.get(f"/messages/{spell('msg', message.pk)}").json()
    id = found["attachments"][0]["id"]
    attachment = alice.api.get(f"/attachments/{id}").json()
    assert set(attachment) == {"id", "filename", "contentType", "size", "url", "createdAt"}
    assert attachment["filename"] == "contract.pdf" and attachment["size"] == len(content)
    answer = fetch(attachment["url"])
    assert bytes_of(answer) == content
    assert answer["Content-Disposition"] == 'attachment; filename="contract.pdf"'
    error_of(charlie.api.get(f"/attachments/{id}"), 404, "NOT_FOUND")
    error_of(alice.api.delete(f"/attachments/{id}"), 409, "ATTACHMENT_IN_USE")


def test_r22_a_file_that_came_in_may_go_out_again(alice: Person, inbox: Inbox):
    file = make_received_file(alice.workspace, b"%PDF-1.4", "contract.pdf")
    receive(inbox, file)
    message = sent(alice.api, inbox, attachmentIds=[spell("att", file.pk)])
    assert message["attachments"][0]["filename"] == "contract.pdf"


def test_an_answer_to_it_goes_behind_it(alice: Person, inbox: Inbox):
    message = receive(inbox)
    assert message.thread
    answer = send(alice.api, inbox, threadId=spell("thr", message.thread.pk)).json()
    assert answer["inReplyTo"] == "<abc@example.com>"
    assert answer["referencesHeaders"] == ["<first@example.com>", "<abc@example.com>"]


def test_r24_what_was_too_large_is_noted(alice: Person, inbox: Inbox):
    small = make_received_file(alice.workspace, b"%PDF-1.4", "small.pdf")
    html = "<html><body><p>Please sign.</p></body></html>\n"
    message = receive(inbox, small, html=html, omitted=[BIG])
    found = alice.api.get(f"/messages/{spell('msg', message.pk)}").json()
    assert found["truncated"] is True
    assert found["bodyText"] == f"Please sign.\n\n{NOTE}"
    shown = NOTE
    assert found["bodyHtml"] == f"<html><body><p>Please sign.</p><p>{shown}</p></body></html>\n"
    assert [one["filename"] for one in found["attachments"]] == ["small.pdf"]
    assert listed(alice.api.get(messages_of(inbox)))[0]["truncated"] is True


def part(content: bytes, *, name: str = "", kind: str = "application/pdf") -> bytes:
    """A file of a mail."""
    named = f'; filename="{name}"' if name else ""
    return (
        f"--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment{named}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode() + encodebytes(content)


def test_r1_r3_r19_r22_files_of_a_mail_are_there_with_no_extra_step(alice: Person, inbox: Inbox):
    content = bytes(range(256)) * 800
    mail = HEAD + part(content, name="contract.pdf") + part(b"%PDF-1.4") + b"--b--\r\n"
    message = receive_mail(inbox, mail)
    found = alice.api.get(f"/messages/{spell('msg', message.pk)}").json()
    assert (found["direction"], found["status"]) == ("inbound", "received")
    assert found["subject"] == "Here's the contract"
    assert found["fromAddress"] == "customer@example.com"
    assert found["toAddresses"] == ["agent@acme.test"]
    assert (found["bodyText"] or "").strip() == "Please sign."
    files = [(one["filename"], one["contentType"], one["size"]) for one in found["attachments"]]
    assert files == [
        ("contract.pdf", "application/pdf", len(content)),
        ("attachment-2.pdf", "application/pdf", 8),
    ]
    attachment = alice.api.get(f"/attachments/{found['attachments'][0]['id']}").json()
    assert bytes_of(fetch(attachment["url"])) == content
    assert listed(alice.api.get(f"{messages_of(inbox)}?status=received")) == [found]


@pytest.mark.parametrize("more", [0, 1])
def test_r23_r24_25_mb_come_in_and_a_byte_more_is_noted(alice: Person, inbox: Inbox, more: int):
    size = LIMIT + more
    big = part(b"x" * size, name="big.iso", kind="application/octet-stream")
    message = receive_mail(inbox, HEAD + part(b"%PDF-1.4", name="a.pdf") + big + b"--b--\r\n")
    found = alice.api.get(f"/messages/{spell('msg', message.pk)}").json()
    files = [(one["filename"], one["size"]) for one in found["attachments"]]
    assert files == [("a.pdf", 8), *([] if more else [("big.iso", LIMIT)])]
    assert found.get("truncated", False) is bool(more)
    note = NOTE.replace("31457280", str(size))
    assert (found["bodyText"].splitlines()[-1] == note) is bool(more)


def test_a_mail_without_a_subject(alice: Person, inbox: Inbox):
    message = receive_mail(inbox, b"From: ann@example.com\r\n\r\nHello\r\n")
    found = alice.api.get(f"/messages/{spell('msg', message.pk)}").json()
    assert found["subject"] == "(no subject)" and found["attachments"] == []


def test_only_what_came_in_is_given_a_subject(alice: Person, inbox: Inbox):
    message = make_message(inbox, Letter(to=(Address("ann@example.com"),)))
    assert alice.api.get(f"/messages/{spell('msg', message.pk)}").json()["subject"] == ""


def test_an_answer_from_outside_comes_into_the_thread(alice: Person, inbox: Inbox):
    first = sent(alice.api, inbox)
    mail = (
        "From: customer@example.com\r\nSubject: Re: Your invoice\r\n"
        f"In-Reply-To: {first['messageIdHeader']}\r\n\r\nThanks\r\n"
    )
    message = receive_mail(inbox, mail.encode())
    rows = listed(alice.api.get(f"/threads/{first['threadId']}/messages"))
    assert [row["id"] for row in rows] == [first["id"], spell("msg", message.pk)]
    assert rows[1]["inReplyTo"] == first["messageIdHeader"]
