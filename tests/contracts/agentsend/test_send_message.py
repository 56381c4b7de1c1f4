from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest

from attachments.models import Attachment
from attachments.storage import attachment_storage
from messaging.models import Captured, Delivery, Inbox, Message
from messaging.outbox.drain import deliver_due
from project.ids import new_id, read, spell
from tests.contracts.agentsend.reach import (
    LETTER,
    error_of,
    listed,
    messages_of,
    send,
    sent,
    time_of,
    uploaded,
)
from tests.make import api_with
from tests.messaging.make import make_file, make_inbox, make_reservation
from tests.messaging.outbox.steps import fill
from tests.people import Person

MOST = 26_214_400
FIELDS = {
    "id": str,
    "inboxId": str,
    "threadId": str,
    "direction": str,
    "fromAddress": str,
    "toAddresses": list,
    "ccAddresses": list,
    "bccAddresses": list,
    "subject": str,
    "bodyText": str,
    "bodyHtml": type(None),
    "delivery": str,
    "status": str,
    "attachments": list,
    "messageIdHeader": str,
    "inReplyTo": type(None),
    "referencesHeaders": list,
    "sentAt": type(None),
    "createdAt": str,
}


def mail_of(message: dict[str, object]):
    """The mail that a message became, from the tray."""
    captured = Captured.objects.get(delivery__message=read("msg", str(message["id"])))
    with attachment_storage().open(captured.key) as file:
        return message_from_bytes(file.read(), policy=policy.default)


def test_r15_it_sends(alice: Person, inbox: Inbox):
    id = uploaded(alice.api, b"%PDF-1.4 invoice", filename="invoice.pdf")
    message = sent(alice.api, inbox, attachmentIds=[id])
    assert {name: type(value) for name, value in message.items()} == FIELDS
    assert message["inboxId"] == str(inbox.pk) and message["threadId"].startswith("thr_")
    assert message["direction"] == "outbound" and message["status"] == "queued"
    assert message["fromAddress"] == "agent@acme.test"
    assert message["toAddresses"] == ["customer@example.com"]
    assert message["subject"] == LETTER["subject"] and message["bodyText"] == LETTER["bodyText"]
    assert re.fullmatch(r"<[^<>@]+@acme\.test>", message["messageIdHeader"])
    assert message["referencesHeaders"] == [] and time_of(message["createdAt"])
    assert alice.api.get(f"/messages/{message['id']}").json() == message


@pytest.mark.django_db(transaction=True)
def test_r15_r16_the_mail_has_the_files_byte_for_byte(alice: Person, inbox: Inbox):
    contents = {"a.pdf": b"%PDF-1.4 a", "b.bin": bytes(range(256)) * 999, "c.txt": b""}
    ids = [uploaded(alice.api, content, filename=name) for name, content in contents.items()]
    message = sent(alice.api, inbox, attachmentIds=ids, bodyHtml="<p>See.</p>", cc=["b@x.test"])
    assert [one["filename"] for one in message["attachments"]] == list(contents)
    deliver_due()
    mail = mail_of(message)
    assert mail["From"] == "Agent <agent@acme.test>" and mail["Cc"] == "b@x.test"
    assert mail["Message-ID"] == message["messageIdHeader"]
    got = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
    assert got == contents
    found = alice.api.get(f"/messages/{message['id']}").json()
    assert found["status"] == "sent" and time_of(found["sentAt"])
    inbox_now = alice.api.get(f"/inboxes/{inbox.pk}").json()
    assert (inbox_now["sendsToday"], inbox_now["totalSent"]) == (1, 1)


def test_r20_r21_the_message_has_its_files_without_a_url(alice: Person, inbox: Inbox):
    id = uploaded(alice.api, b"x" * 2048, filename="invoice.pdf")
    message = sent(alice.api, inbox, attachmentIds=[id])
    assert re.fullmatch(r"msg_[0-9a-z]{26}", message["id"])
    assert message["attachments"] == [
        {"id": id, "filename": "invoice.pdf", "contentType": "application/pdf", "size": 2048}
    ]


def test_r2_one_upload_serves_many_messages(alice: Person, inbox: Inbox):
    id = uploaded(alice.api)
    for _ in range(3):
        assert sent(alice.api, inbox, attachmentIds=[id])["attachments"][0]["id"] == id
    assert Attachment.objects.count() == 1


def test_r16_the_same_file_named_twice_goes_once(alice: Person, inbox: Inbox):
    first, second = uploaded(alice.api), uploaded(alice.api)
    message = sent(alice.api, inbox, attachmentIds=[second, first, second])
    assert [one["id"] for one in message["attachments"]] == [second, first]


def test_nothing_leaves_without_its_files(alice: Person, inbox: Inbox):
    late = make_reservation(alice.workspace, size=3)
    message = sent(alice.api, inbox, attachmentIds=[spell("att", late.pk)])
    assert message["status"] == "queued" and Delivery.objects.get().state == "waiting"
    deliver_due()
    assert not Captured.objects.exists()
    fill(late, b"foo")
    assert Delivery.objects.get().state == "queued"


def test_all_but_recipients_and_subject_may_be_left_out(alice: Person, inbox: Inbox):
    body = {"to": ["a@example.com"], "subject": "Hello"}
    message = alice.api.post(messages_of(inbox), body).json()
    assert message["bodyText"] is message["bodyHtml"] is None and message["attachments"] == []
    nothing = dict.fromkeys(("cc", "bcc", "bodyText", "bodyHtml", "threadId", "attachmentIds"))
    assert alice.api.post(messages_of(inbox), {**body, **nothing, "more": 1}).status_code == 202


def test_cc_and_bcc(alice: Person, inbox: Inbox):
    message = sent(alice.api, inbox, cc=["c@x.test"], bcc=["d@x.test", "e@x.test"])
    assert message["ccAddresses"] == ["c@x.test"]
    assert message["bccAddresses"] == ["d@x.test", "e@x.test"]
    recipients = Message.objects.in_full().get().recipients
    assert [(one.email, one.role) for one in recipients][1:] == [
        ("c@x.test", "cc"),
        ("d@x.test", "bcc"),
        ("e@x.test", "bcc"),
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"to": "a@example.com"}, "to"),
        ({"to": []}, "to"),
        ({"to": None}, "to"),
        ({"to": [5]}, "to"),
        ({"to": ["a@example.com", "nonsense"]}, "to"),
        ({"to": [f"a{n}@example.com" for n in range(51)]}, "to"),
        ({"cc": [f"a{n}@example.com" for n in range(51)]}, "cc"),
        ({"bcc": [f"a{n}@example.com" for n in range(51)]}, "bcc"),
        ({"subject": ""}, "subject"),
        ({"subject": None}, "subject"),
        ({"subject": "x" * 999}, "subject"),
        ({"subject": "two\r\nBcc: lines@example.com"}, "subject"),
        ({"bodyText": "x" * 256_001}, "bodyText"),
        ({"bodyHtml": "x" * 256_001}, "bodyHtml"),
        ({"bodyText": 5}, "bodyText"),
        ({"bodyText": "NUL\0"}, "bodyText"),
        ({"attachmentIds": "att_x"}, "attachmentIds"),
        ({"attachmentIds": [5]}, "attachmentIds"),
        ({"threadId": 5}, "threadId"),
    ],
)
def test_it_names_the_field_that_is_wrong(alice: Person, inbox: Inbox, fields, field: str):
    error = error_of(send(alice.api, inbox, **fields), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == [field] and error["message"].startswith(field)
    assert not Message.objects.exists()


@pytest.mark.parametrize("field", ["to", "subject"])
def test_recipients_and_subject_are_needed(alice: Person, inbox: Inbox, field: str):
    body = {name: value for name, value in LETTER.items() if name != field}
    error = error_of(alice.api.post(messages_of(inbox), body), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == [field]


def test_every_problem_is_told_at_once(alice: Person, inbox: Inbox):
    error = error_of(send(alice.api, inbox, to="a", subject=""), 400, "VALIDATION_ERROR")
    assert error["details"] == {
        "to": ["This must be an array of strings."],
        "subject": ["This may not be blank."],
    }


def test_what_is_wrong_inside_a_list_says_where(alice: Person, inbox: Inbox):
    error = error_of(send(alice.api, inbox, to=["a@x.test", "no"]), 400, "VALIDATION_ERROR")
    assert error["details"]["to"][0].startswith("to[1]: ")


def test_each_limit_is_reached_exactly(alice: Person, inbox: Inbox):
    people = [f"a{n}@example.com" for n in range(50)]
    message = sent(
        alice.api,
        inbox,
        to=people,
        cc=[f"c{one}" for one in people],
        bcc=[f"b{one}" for one in people],
        subject="x" * 998,
        bodyText="ü" * 256_000,
        bodyHtml="x" * 256_000,
    )
    assert len(message["toAddresses"]) == 50 and len(message["bodyText"]) == 256_000


def test_20_files_pass_and_one_more_does_not(alice: Person, inbox: Inbox):
    ids = [spell("att", make_file(alice.workspace).pk) for _ in range(21)]
    error = error_of(send(alice.api, inbox, attachmentIds=ids), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == ["attachmentIds"]
    assert "21" in error["message"] and "20" in error["message"]
    assert len(sent(alice.api, inbox, attachmentIds=ids[:20])["attachments"]) == 20


def test_r23_25_mb_of_files_pass_and_a_byte_more_does_not(alice: Person, inbox: Inbox):
    half = uploaded(alice.api, b"x" * (MOST // 2))
    other = uploaded(alice.api, b"y" * (MOST // 2))
    byte = uploaded(alice.api, b"z")
    answer = send(alice.api, inbox, attachmentIds=[half, other, byte])
    error = error_of(answer, 400, "ATTACHMENTS_TOO_LARGE")
    assert "26,214,401" in error["message"] and "26,214,400" in error["message"]
    assert not Message.objects.exists()
    assert sent(alice.api, inbox, attachmentIds=[half, other], bodyText="x" * 256_000)


@pytest.mark.parametrize("id", ["att_x", "x", "", spell("att", new_id()), spell("msg", new_id())])
def test_an_unknown_file_is_a_404(alice: Person, inbox: Inbox, id: str):
    known = uploaded(alice.api)
    error = error_of(send(alice.api, inbox, attachmentIds=[known, id]), 404, "NOT_FOUND")
    assert error["message"] == f"Attachment '{id}' not found"
    assert not Message.objects.exists()


def test_to_whom_nobody_writes_nothing_is_sent(alice: Person, inbox: Inbox):
    alice.workspace.suppressions.create(email="gone@example.com")
    error = error_of(send(alice.api, inbox, to=["gone@example.com"]), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == ["to"] and "gone@example.com" in error["message"]
    assert not Message.objects.exists()


def test_files_that_can_not_leave_are_refused(alice: Person, inbox: Inbox):
    refused, linked = make_file(alice.workspace), make_file(alice.workspace)
    Attachment.objects.filter(pk=refused.pk).update(state="refused", reason="A virus.")
    Attachment.objects.filter(pk=linked.pk).update(
        state="linked", blob=None, external_url="https://files.example.com/a.pdf"
    )
    answer = send(alice.api, inbox, attachmentIds=[spell("att", refused.pk)])
    assert "virus" in error_of(answer, 409, "ATTACHMENT_REFUSED")["message"]
    answer = send(alice.api, inbox, attachmentIds=[spell("att", linked.pk)])
    error_of(answer, 409, "CONFLICT")
    assert not Message.objects.exists()


def test_a_reply_goes_into_its_thread_behind_the_last_message(alice: Person, inbox: Inbox):
    first = sent(alice.api, inbox)
    second = sent(alice.api, inbox, threadId=first["threadId"], subject="Re: Your invoice")
    third = sent(alice.api, inbox, threadId=first["threadId"], subject="Re: Your invoice")
    assert first["threadId"] == second["threadId"] == third["threadId"]
    assert second["inReplyTo"] == first["messageIdHeader"]
    assert third["inReplyTo"] == second["messageIdHeader"]
    assert third["referencesHeaders"] == [first["messageIdHeader"], second["messageIdHeader"]]
    other = sent(alice.api, inbox)
    assert other["threadId"] != first["threadId"] and other["inReplyTo"] is None


@pytest.mark.django_db(transaction=True)
def test_the_mail_of_a_reply_says_so(alice: Person, inbox: Inbox):
    first = sent(alice.api, inbox)
    second = sent(alice.api, inbox, threadId=first["threadId"])
    deliver_due()
    mail = mail_of(second)
    assert mail["In-Reply-To"] == mail["References"] == first["messageIdHeader"]


def test_a_thread_of_another_inbox_is_refused(alice: Person, inbox: Inbox):
    thread = sent(alice.api, make_inbox(alice.workspace))["threadId"]
    error_of(send(alice.api, inbox, threadId=thread), 400, "THREAD_INBOX_MISMATCH")
    for unknown in ("thr_x", spell("thr", new_id())):
        error = error_of(send(alice.api, inbox, threadId=unknown), 404, "NOT_FOUND")
        assert error["message"] == f"Thread '{unknown}' not found"


def test_delivery_is_a_dry_run_while_mail_only_goes_to_the_tray(
    alice: Person, inbox: Inbox, settings
):
    assert sent(alice.api, inbox)["delivery"] == "dry-run"
    other = make_inbox(alice.workspace)
    assert sent(alice.api, inbox, to=[other.address])["delivery"] == "email"
    settings.SMTP_URL = "smtp://127.0.0.1:2526"
    message = sent(alice.api, inbox)
    assert message["delivery"] == "email"
    assert {one["delivery"] for one in listed(alice.api.get(messages_of(inbox)))} == {"email"}


def test_a_repeated_request_sends_again_unless_it_has_a_key(alice: Person, inbox: Inbox):
    assert sent(alice.api, inbox)["id"] != sent(alice.api, inbox)["id"]
    once = {"Idempotency-Key": "k1"}
    first = alice.api.post(messages_of(inbox), LETTER, headers=once)
    again = alice.api.post(messages_of(inbox), LETTER, headers=once)
    assert first.status_code == again.status_code == 202 and first.json() == again.json()
    assert Message.objects.count() == 3
    other = alice.api.post(messages_of(inbox), {**LETTER, "subject": "b"}, headers=once)
    error_of(other, 409, "IDEMPOTENCY_KEY_REUSED")


def test_a_refusal_frees_the_key(alice: Person, inbox: Inbox):
    once = {"Idempotency-Key": "k1"}
    id = spell("att", new_id())
    answer = alice.api.post(messages_of(inbox), {**LETTER, "attachmentIds": [id]}, headers=once)
    error_of(answer, 404, "NOT_FOUND")
    assert alice.api.post(messages_of(inbox), LETTER, headers=once).status_code == 202
    error_of(
        alice.api.post(messages_of(inbox), LETTER, headers={"Idempotency-Key": ""}),
        400,
        "VALIDATION_ERROR",
    )


def test_bob_shares_and_charlie_is_a_stranger(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox
):
    id = uploaded(alice.api)
    message = sent(bob.api, inbox, attachmentIds=[id])
    own = make_inbox(charlie.workspace)
    error_of(send(charlie.api, own, attachmentIds=[id]), 404, "NOT_FOUND")
    error_of(send(charlie.api, own, threadId=message["threadId"]), 404, "NOT_FOUND")
    error_of(send(charlie.api, inbox), 404, "NOT_FOUND")
    assert Message.objects.count() == 1


def test_it_needs_the_scope(alice: Person, inbox: Inbox):
    error_of(send(api_with(alice.workspace, "read"), inbox), 403, "FORBIDDEN")
