"""POST /api/email/send"""

from __future__ import annotations

import pytest

from attachments.models import Attachment
from messaging.models import Message
from messaging.suppressions import suppress
from tests.contracts.emailapi.wire import (
    LETTER,
    PDF,
    SECOND,
    SEND,
    UNKNOWN_FILE,
    delivered,
    error_of,
    files_in,
    inline,
    post_letter,
    send,
    upload,
)
from tests.make import api_of, api_with, make_key
from tests.messaging.make import make_inbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_r21_r23_it_sends_an_uploaded_file(alice, sender):
    file = upload(alice.api)
    response = post_letter(alice.api, {"id": file["id"]})
    assert response.status_code == 200
    body = response.json()
    email = body["data"]
    assert body == {
        "success": True,
        "data": {
            "messageId": email["messageId"],
            "status": "queued",
            "from": "sender@example.com",
            "to": ["recipient@example.com"],
            "subject": "Document Attached",
            "attachments": [
                {name: file[name] for name in ("id", "filename", "contentType", "size")}
            ],
            "sentAt": email["sentAt"],
        },
        "message": "Email sent successfully",
    }
    assert email["messageId"].startswith("msg_")
    assert SECOND.fullmatch(email["sentAt"])
    mail = delivered(email["messageId"])
    assert (mail["From"], mail["To"]) == ("sender@example.com", "recipient@example.com")
    assert mail["Subject"] == "Document Attached"
    assert mail.get_body().get_content().strip() == LETTER["text"]
    assert files_in(mail) == [("document.pdf", "application/pdf", PDF)]


def test_r22_it_sends_a_file_in_base64(alice, sender):
    file = inline(bytes(range(256)), contentType="application/pdf")
    email = send(alice.api, file)
    assert email["attachments"] == [
        {"id": None, "filename": "document.pdf", "contentType": "application/pdf", "size": 256}
    ]
    (sent,) = files_in(delivered(email["messageId"]))
    assert sent == ("document.pdf", "application/pdf", bytes(range(256)))


def test_r22_the_type_may_be_left_out_and_other_fields_are_ignored(alice, sender):
    file = inline(b"a,b", "a.csv", contentId="logo", disposition="inline", colour="red")
    (sent,) = files_in(delivered(send(alice.api, file)["messageId"]))
    assert sent[:2] == ("a.csv", "text/csv")


def test_r22_long_base64_comes_out_as_it_went_in(alice, sender):
    content = bytes(range(256)) * 2000
    (sent,) = files_in(delivered(send(alice.api, inline(content))["messageId"]))
    assert sent[2] == content


def test_r23_with_a_file_no_body_is_needed(alice, sender):
    letter = {name: LETTER[name] for name in ("from", "to", "subject")}
    file = upload(alice.api)
    response = alice.api.post(SEND, {**letter, "attachments": [{"id": file["id"]}]})
    assert response.status_code == 200
    mail = delivered(response.json()["data"]["messageId"])
    assert mail.get_body().get_content_type() == "text/plain"
    assert mail.get_body().get_content().strip() == ""
    assert files_in(mail) == [("document.pdf", "application/pdf", PDF)]


@pytest.mark.parametrize("bodies", [{}, {"text": ""}, {"text": None, "html": ""}])
def test_r23_without_files_one_is(alice, sender, bodies):
    letter = {name: LETTER[name] for name in ("from", "to", "subject")}
    error = error_of(alice.api.post(SEND, {**letter, **bodies}), 400)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "text")


def test_r23_html_alone_will_do(alice, sender):
    mail = delivered(send(alice.api, text=None, html="<p>Hello</p>")["messageId"])
    assert mail.get_body().get_content_type() == "text/html"


def test_all_fields_reach_the_mail(alice, sender):
    email = send(
        alice.api,
        to=["Ann <ann@example.com>", "bob@example.com"],
        cc="cc@example.com",
        bcc=["bcc@example.com"],
        html="<p>Hello</p>",
        replyTo="Office <office@example.com>",
        headers={"X-Order": "12"},
        **{"from": '"Sender, Inc." <sender@example.com>'},
    )
    assert email["from"] == '"Sender, Inc." <sender@example.com>'
    assert email["to"] == ["Ann <ann@example.com>", "bob@example.com"]
    mail = delivered(email["messageId"])
    assert mail["From"] == '"Sender, Inc." <sender@example.com>'
    assert mail["To"] == "Ann <ann@example.com>, bob@example.com"
    assert (mail["Cc"], mail["Bcc"]) == ("cc@example.com", None)
    assert (mail["Reply-To"], mail["X-Order"]) == ("Office <office@example.com>", "12")
    assert mail.get_body(("html",)).get_content().strip() == "<p>Hello</p>"
    everybody = {one.email for one in Message.objects.in_full().get().recipients}
    assert everybody == {f"{name}@example.com" for name in ("ann", "bob", "cc", "bcc")}


def test_what_an_upload_answered_can_be_given_back_whole(alice, sender):
    file = upload(alice.api)
    assert send(alice.api, file)["attachments"][0]["id"] == file["id"]


def test_the_same_id_twice_is_sent_twice(alice, sender):
    file = upload(alice.api)
    email = send(alice.api, {"id": file["id"]}, inline(b"2", "b.txt"), {"id": file["id"]})
    assert [one["id"] for one in email["attachments"]] == [file["id"], None, file["id"]]
    again = alice.api.get(f"/api/email/messages/{email['messageId']}").json()["data"]
    assert again["attachments"] == email["attachments"]
    assert [(name, bytes) for name, _, bytes in files_in(delivered(email["messageId"]))] == [
        ("document.pdf", PDF),
        ("b.txt", b"2"),
        ("document.pdf", PDF),
    ]


def test_one_file_serves_many_emails(alice, bob, sender):
    file = upload(alice.api)
    for api in (alice.api, bob.api):
        mail = delivered(send(api, {"id": file["id"]})["messageId"])
        assert files_in(mail) == [("document.pdf", "application/pdf", PDF)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": None}, "from"),
        ({"from": "nobody"}, "from"),
        ({"from": ["sender@example.com"]}, "from"),
        ({"to": None}, "to"),
        ({"to": []}, "to"),
        ({"to": "ann"}, "to"),
        ({"to": "ann@example.com, bob@example.com"}, "to"),
        ({"to": ["ann@example.com", "bob"]}, "to[1]"),
        ({"to": [{"email": "ann@example.com"}]}, "to"),
        ({"to": 5}, "to"),
        ({"cc": ["x"]}, "cc[0]"),
        ({"bcc": "x"}, "bcc"),
        ({"replyTo": "x"}, "replyTo"),
        ({"subject": ""}, "subject"),
        ({"subject": None}, "subject"),
        ({"subject": "a" * 999}, "subject"),
        ({"subject": "a\r\nBcc: eve@example.com"}, "subject"),
        ({"text": 5}, "text"),
        ({"html": []}, "html"),
        ({"headers": []}, "headers"),
        ({"headers": {"X-A": 5}}, "headers.X-A"),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, "headers.X-A"),
        ({"headers": {"X A": "1"}}, "headers"),
        ({"headers": {"Bcc": "eve@example.com"}}, "headers.Bcc"),
        ({"headers": {"from": "eve@example.com"}}, "headers.from"),
        ({"attachments": {}}, "attachments"),
        ({"attachments": ["att_1"]}, "attachments[0]"),
        ({"attachments": [{}]}, "attachments[0]"),
        ({"attachments": [{"filename": "a.pdf"}]}, "attachments[0]"),
        ({"attachments": [{"id": "att_1", "content": "YQ=="}]}, "attachments[0]"),
        ({"attachments": [{"id": 5}]}, "attachments[0].id"),
        ({"attachments": [{"content": "YQ=="}]}, "attachments[0].filename"),
        ({"attachments": [{"filename": "", "content": "YQ=="}]}, "attachments[0].filename"),
        ({"attachments": [{"filename": "a\0.pdf", "content": "YQ=="}]}, "attachments[0].filename"),
        ({"attachments": [{"filename": "a.pdf", "content": "Y!=="}]}, "attachments[0].content"),
        ({"attachments": [{"filename": "a.pdf", "content": "YQ"}]}, "attachments[0].content"),
        ({"attachments": [{"filename": "a.pdf", "content": "_-8="}]}, "attachments[0].content"),
        ({"attachments": [{"filename": "a.pdf", "content": 5}]}, "attachments[0].content"),
        (
            {"attachments": [{"filename": "a.pdf", "content": "YQ==", "contentType": 5}]},
            "attachments[0].contentType",
        ),
    ],
)
def test_what_is_wrong_is_named(alice, sender, changes, field):
    error = error_of(post_letter(alice.api, **changes), 400)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)
    assert error["details"][0] == {"field": field, "message": error["message"]}
    assert not Message.objects.exists()


def test_every_field_that_is_missing_is_named(alice, sender):
    error = error_of(alice.api.post(SEND, {}), 400)
    assert error["field"] == "from"
    assert [one["field"] for one in error["details"]] == ["from", "to", "subject"]


@pytest.mark.parametrize("body", ["", "{", "[]", "5", '{"a": "\\ud800"}'])
def test_a_body_that_is_no_object_is_refused(alice, body):
    error = error_of(alice.api.generic("POST", SEND, body, "application/json"), 400)
    assert error["code"] == "VALIDATION_ERROR"


def test_a_body_that_is_no_json_is_refused(alice):
    error = error_of(alice.api.post(SEND, LETTER, format="multipart"), 415)
    assert error["code"] == "UNSUPPORTED_MEDIA_TYPE"


def test_a_sender_that_is_no_inbox_is_refused(alice, charlie, sender):
    assert error_of(post_letter(alice.api, **{"from": "Eve <eve@example.com>"}), 403) == {
        "code": "SENDER_NOT_ALLOWED",
        "message": "This sender is not configured for the account",
        "from": "eve@example.com",
    }
    assert error_of(post_letter(charlie.api), 403)["code"] == "SENDER_NOT_ALLOWED"


def test_a_key_for_one_inbox_sends_as_that_alone(alice, sender):
    _, secret = make_key(alice.workspace, inbox_ids=[make_inbox(alice.workspace).pk])
    assert error_of(post_letter(api_of(secret)), 403)["code"] == "SENDER_NOT_ALLOWED"


def test_when_nobody_is_left_to_send_to_it_is_refused(alice, sender):
    suppress(workspace=alice.workspace, email="recipient@example.com")
    error = error_of(post_letter(alice.api), 400)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "to")
    assert "recipient@example.com" in error["message"]
    assert send(alice.api, cc="ann@example.com")["to"] == ["recipient@example.com"]


def test_r31_a_file_that_is_not_there_sends_nothing_and_uses_nothing(alice, charlie, sender):
    mine, foreign = upload(alice.api), upload(charlie.api)
    for id in (foreign["id"], "att_1234567890", "nonsense"):
        response = post_letter(alice.api, {"id": mine["id"]}, inline(b"3"), {"id": id})
        assert (response.status_code, response.json()) == (404, UNKNOWN_FILE)
    assert not Message.objects.exists()
    file = Attachment.objects.get(workspace=alice.workspace)
    assert not file.is_held


def test_r3_it_needs_a_key_with_the_scope_send(alice, client, sender):
    response = client.post(SEND, LETTER, content_type="application/json")
    assert error_of(response, 401)["code"] == "UNAUTHORIZED"
    error = error_of(post_letter(api_with(alice.workspace, "read", "files")), 403)
    assert error["code"] == "FORBIDDEN"
