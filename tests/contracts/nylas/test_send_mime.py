"""Sending MIME source."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from messaging.models import Inbox, Message, Recipient
from tests.contracts.nylas.wire import (
    ICS,
    JACOB,
    PNG,
    data_of,
    digest,
    download,
    error_of,
    file_part,
    form_part,
    mail_of,
    send_form,
    url_of,
)
from tests.people import Person


@pytest.fixture
def send(grant: Inbox) -> str:
    return url_of(grant, "messages", "send?type=mime")


def source_of(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    for name, value in {
        "From": "Désk <desk@acme.test>",
        "To": "Ann <ann@example.com>, bob@example.com",
        "Cc": "c@example.com",
        "Bcc": "secret@example.com",
        "Reply-To": "r@example.com",
        "Subject": "Grüße",
        "X-MS-Order": "7",
        "Message-ID": "<mine@example.com>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }.items():
        mail[name] = value
    mail.set_content("Hallo ✓\n")
    mail.add_alternative('<p>Hallo <img src="cid:pic"></p>', subtype="html")
    mail.get_payload()[1].add_related(PNG, "image", "png", cid="<pic>", filename="pïc.png")
    mail.add_attachment(ICS, "application", "ics", filename="invite.ics")
    return mail


def test_r51_everything_comes_from_the_source(alice: Person, grant, send):
    source = source_of().as_bytes()
    sent = data_of(
        send_form(alice.api, send, file_part("mime", source, "message.eml", "message/rfc822"))
    )
    assert sent["from"] == [{"email": "desk@acme.test", "name": "Désk"}]
    assert [one["email"] for one in sent["to"]] == ["ann@example.com", "bob@example.com"]
    assert [one["email"] for one in sent["cc"]] == ["c@example.com"]
    assert [one["email"] for one in sent["reply_to"]] == ["r@example.com"]
    assert (sent["subject"], sent["body"]) == ("Grüße", '<p>Hallo <img src="cid:pic"></p>\n')
    assert [(one["filename"], one["is_inline"]) for one in sent["attachments"]] == [
        ("pïc.png", True),
        ("invite.ics", False),
    ]
    assert sent["attachments"][0]["content_id"] == "pic"
    found = [download(alice.api, grant, sent, place) for place in (0, 1)]
    assert [digest(one) for one in found] == [digest(PNG), digest(ICS)]
    mail = mail_of(sent)
    assert [value for name, value in mail.items() if name == "X-MS-Order"] == ["7"]
    assert mail["Message-ID"] != "<mine@example.com>"
    assert mail.get_body(("plain",)).get_content() == "Hallo ✓\r\n"


def test_r51_bcc_is_reached_and_not_told(alice: Person, send: str):
    source = source_of(Resent_Bcc="other@example.com").as_bytes()
    sent = data_of(send_form(alice.api, send, file_part("mime", source, "m.eml")))
    emails = set(Recipient.objects.values_list("email", flat=True))
    assert emails == {
        *("ann@example.com", "bob@example.com", "c@example.com", "secret@example.com")
    }
    assert b"secret@example.com" not in mail_of(sent).as_bytes()
    assert b"other@example.com" not in mail_of(sent).as_bytes()


def test_r51_the_source_may_be_a_plain_field(alice: Person, send: str):
    source = (
        b"To: a@example.com\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nna\xc3\xafve\r\n"
    )
    sent = data_of(send_form(alice.api, send, form_part("mime", source)))
    assert (sent["subject"], sent["body"]) == ("café", "naïve\r\n")
    assert sent["from"] == [{"email": "desk@acme.test", "name": "Acme"}]


def test_r51_an_answer_stays_in_its_thread(alice: Person, grant, send):
    first = data_of(alice.api.post(url_of(grant, "messages", "send"), {"to": [JACOB]}))
    source = source_of(In_Reply_To=mail_of(first)["Message-ID"]).as_bytes()
    sent = data_of(send_form(alice.api, send, file_part("mime", source, "m.eml")))
    assert sent["thread_id"] == first["thread_id"]
    assert sent["reply_to_message_id"] == first["id"]
    assert mail_of(sent)["In-Reply-To"] == mail_of(first)["Message-ID"]


def test_r51_a_mail_in_the_mail_is_a_file(alice: Person, grant, send):
    inner, outer = source_of(), source_of()
    outer.add_attachment(inner, filename="inner.eml")
    sent = data_of(send_form(alice.api, send, file_part("mime", outer.as_bytes(), "m.eml")))
    assert sent["attachments"][-1]["filename"] == "inner.eml"
    assert b"invite.ics" in download(alice.api, grant, sent, 2)


def test_r51_a_mail_in_the_mail_keeps_its_bytes(alice: Person, grant, send):
    inner = b"subject:  odd   \nX-Folded: a\n\tb\n\n\x80\xff no line end"
    head = b"To: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    part = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    sent = data_of(send_form(alice.api, send, file_part("mime", head + part, "m.eml")))
    assert [one["filename"] for one in sent["attachments"]] == ["message.eml"]
    assert download(alice.api, grant, sent) == inner


def test_r51_r20_one_content_id_twice_keeps_both_files(alice: Person, grant, send):
    mail = source_of()
    mail.add_attachment(b"twin", "image", "png", cid="<pic>", filename="twin.png")
    sent = data_of(send_form(alice.api, send, file_part("mime", mail.as_bytes(), "m.eml")))
    assert [one["content_id"] for one in sent["attachments"]] == ["pic", "", "pic"]
    assert download(alice.api, grant, sent, 2) == b"twin"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "mime: This has no headers, so it is no mail."),
        (b"\r\nhello", "mime: This has no headers, so it is no mail."),
        (b"Subject: x\r\n\r\nhello", "to: It has no recipients."),
        (b"To: undisclosed-recipients:;\r\n\r\nhello", "to: It has no recipients."),
        (b"To: not an address\r\n\r\nhello", "mime.to"),
        (b"To: a@example.com\r\nFrom: x@evil.test\r\n\r\nhello", "from: x@evil.test is not"),
    ],
)
def test_r51_a_bad_source_is_refused(alice: Person, send: str, source, message):
    error = error_of(send_form(alice.api, send, file_part("mime", source, "m.eml")), 400)
    assert error["message"].startswith(message)
    assert not Message.objects.exists()


def test_r51_the_one_part_is_mime(alice: Person, send: str):
    error = error_of(send_form(alice.api, send, form_part("message", b"{}")), 400)
    assert error["message"] == "The mime parameter is required."
    error = error_of(alice.api.post(send, {"to": [JACOB]}), 400)
    assert error["message"] == "mime: A mail as MIME comes in a form."


@pytest.mark.parametrize(
    "source",
    [
        b"To: a@example.com\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"To: a@example.com\r\nSubject: =?nonsense?q?x?=\r\n\r\nx",
        b'To: a@example.com\r\nContent-Type: t\xc3\xabxt/x; charset="\xc3\xab"\r\n\r\nx',
        b"To: a@example.com\r\nSubject: \xff\xfe\r\n\r\nx",
        b"To: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx",
        b"To: a@example.com\r\nContent-Type: multipart/mixed\r\n\r\nx",
        b"To: a@example.com\r\nContent-Type: message/rfc822\r\n\r\n",
        b"To: a@example.com\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"To: =?utf-8?b?4pyT?= <a@example.com>\r\nX: " + b"y" * 2000 + b"\r\n\r\nx",
    ],
)
def test_r51_odd_sources_are_read_as_far_as_they_can_be(alice: Person, send: str, source):
    sent = data_of(send_form(alice.api, send, file_part("mime", source, "m.eml")))
    assert [one["email"] for one in sent["to"]] == ["a@example.com"]
    assert mail_of(sent)["To"]


def test_r60_a_hundred_files_in_a_source_and_not_one_more(alice: Person, send: str):
    head = b"To: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    part = b"--b\r\nContent-Type: application/x\r\n\r\nx\r\n"
    sent = data_of(send_form(alice.api, send, file_part("mime", head + part * 100, "m.eml")))
    assert len(sent["attachments"]) == 100
    for count, field in ((101, "mime.files"), (1000, "mime")):
        source = head + part * count
        error = error_of(send_form(alice.api, send, file_part("mime", source, "m.eml")), 400)
        assert error["message"].startswith(f"{field}: ")


def test_r60_a_text_that_would_be_cut_is_a_413(alice: Person, send: str):
    source = b"To: a@example.com\r\n\r\n" + b"x\r\n" * (6 * 1024 * 1024)
    error = error_of(send_form(alice.api, send, file_part("mime", source, "m.eml")), 413)
    assert "18,874,368" in error["message"]


def test_r60_a_source_beyond_25_mib_is_a_413(alice: Person, send: str):
    source = b"To: a@example.com\r\n\r\n" + b"x" * (25 * 1024 * 1024)
    for part in (file_part("mime", source, "m.eml"), form_part("mime", source)):
        assert error_of(send_form(alice.api, send, part), 413)["type"] == "invalid_request_error"
