from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pybase64 import b64encode_as_string

from attachments.models import Attachment
from messaging.models import Delivery, Inbox, Message
from project.api.times import spell_time
from project.ids import new_id, spell
from project.tenancy.models import Workspace
from tests.attachments.statements import verbs_of
from tests.make import api_of, api_with, make_key
from tests.messaging.api.reach import V1, error_of
from tests.messaging.make import make_file, make_inbox, make_reservation
from tests.people import Person

URL = f"{V1}/messages"
LETTER = {"to": ["Ann <ann@example.com>"], "subject": "Hello", "text": "See the file."}


def test_it_accepts_a_letter_and_shows_the_whole_message(alice: Person, inbox: Inbox):
    answer = alice.api.post(
        URL,
        {
            **LETTER,
            "from": "Sales <hello+sales@acme.test>",
            "cc": [{"email": "bo@example.com", "name": None}],
            "bcc": ["secret@example.com"],
            "reply_to": ["help@acme.test"],
            "html": "<p>See the file.</p>",
            "headers": {"X-Order": "4711"},
            "tags": ["billing"],
            "metadata": {"order": 4711},
        },
    )
    assert answer.status_code == 202
    message = answer.json()
    assert message["id"].startswith("msg_") and message["thread_id"].startswith("thr_")
    assert message["direction"] == "outbound" and message["status"] == "queued"
    assert message["inbox_id"] == spell("inb", inbox.pk)
    assert message["from"] == {"email": "hello+sales@acme.test", "name": "Sales"}
    assert message["to"] == [{"email": "ann@example.com", "name": "Ann"}]
    assert message["cc"] == [{"email": "bo@example.com", "name": None}]
    assert message["bcc"] == [{"email": "secret@example.com", "name": None}]
    assert message["reply_to"] == [{"email": "help@acme.test", "name": None}]
    assert message["text"] == "See the file." and message["html"] == "<p>See the file.</p>"
    assert message["headers"] == {"X-Order": "4711"}
    assert message["tags"] == ["billing"] and message["metadata"] == {"order": 4711}
    assert [(one["email"], one["role"], one["status"]) for one in message["recipients"]] == [
        ("ann@example.com", "to", "pending"),
        ("bo@example.com", "cc", "pending"),
        ("secret@example.com", "bcc", "pending"),
    ]
    assert message["rfc_message_id"].startswith("<") and message["size"] > 300
    assert message["send_at"] is message["sent_at"] is message["customer_id"] is None
    assert message["folder_id"].startswith("fol_")
    assert alice.api.get(f"{URL}/{message['id']}").json() == message


def test_it_takes_files_in_every_shape(alice: Person, inbox: Inbox):
    here = make_file(alice.workspace, b"%PDF here", filename="here.pdf")
    entries = [
        spell("att", here.pk),
        {"filename": "foo.txt", "content": "Zm9v"},
        {"filename": "logo.png", "content": "Zm9v", "inline": True, "content_id": "<logo>"},
        {"filename": "late.txt", "size": 3},
    ]
    answer = alice.api.post(URL, {**LETTER, "attachments": entries})
    assert answer.status_code == 202, answer.content
    message = answer.json()
    files = message["attachments"]
    assert [file["filename"] for file in files] == ["here.pdf", "foo.txt", "logo.png", "late.txt"]
    assert [file["state"] for file in files] == ["ready", "ready", "ready", "reserved"]
    assert [file["position"] for file in files] == [0, 1, 2, 3]
    assert [(file["inline"], file["content_id"]) for file in files][1:3] == [
        (False, None),
        (True, "logo"),
    ]
    assert files[1]["sha256"] == hashlib.sha256(b"foo").hexdigest()
    assert files[3]["upload"]["method"] == "PUT" and files[3]["sha256"] is None
    assert message["status"] == "waiting" and message["waiting_for"] == [files[3]["id"]]
    assert all(file["expires_at"] is None for file in files[1:])


def test_it_carries_a_file_under_another_name(alice: Person, inbox: Inbox):
    here = make_file(alice.workspace, filename="scan0001.pdf")
    entry = {"id": spell("att", here.pk), "filename": "../Contract ü.pdf"}
    message = alice.api.post(URL, {**LETTER, "attachments": [entry]}).json()
    assert message["attachments"][0]["filename"] == "Contract ü.pdf"
    here.refresh_from_db()
    assert here.filename == "scan0001.pdf"


def test_it_takes_a_form(alice: Person, inbox: Inbox):
    files = [SimpleUploadedFile("a.txt", b"first"), SimpleUploadedFile("b.txt", b"second")]
    answer = alice.api.post(URL, {"message": json.dumps(LETTER), "file": files}, format="multipart")
    assert answer.status_code == 202, answer.content
    names = [(one["filename"], one["size"]) for one in answer.json()["attachments"]]
    assert names == [("a.txt", 5), ("b.txt", 6)]


def test_it_keeps_a_large_file_byte_for_byte(alice: Person, inbox: Inbox):
    content = bytes(range(256)) * 2000
    entry = {"filename": "big.bin", "content": b64encode_as_string(content)}
    message = alice.api.post(URL, {**LETTER, "attachments": [entry]}).json()
    file = message["attachments"][0]
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    got = alice.api.get(f"{URL}/{message['id']}/attachments/{file['id']}/content")
    assert b"".join(got.streaming_content) == content


def test_it_sends_later(alice: Person, inbox: Inbox):
    send_at = timezone.now() + timedelta(days=2)
    message = alice.api.post(URL, {**LETTER, "send_at": spell_time(send_at)}).json()
    assert message["status"] == "scheduled" and message["send_at"] == spell_time(send_at)
    due = Delivery.objects.get().due_at
    assert due is not None and abs(due - send_at) < timedelta(milliseconds=2)


def test_it_sends_now_what_was_to_leave_in_the_past(alice: Person, inbox: Inbox):
    message = alice.api.post(URL, {**LETTER, "send_at": "2020-01-01T00:00:00Z"}).json()
    assert message["status"] == "queued" and message["send_at"] is None


def test_it_waits_for_second_thoughts(alice: Person, inbox: Inbox):
    message = alice.api.post(URL, {**LETTER, "undo_seconds": 20}).json()
    assert message["status"] == "scheduled"
    due = Delivery.objects.get().due_at
    assert due and timedelta(seconds=18) < due - timezone.now() <= timedelta(seconds=20)


def test_it_finds_the_inbox_by_the_sender(alice: Person, inbox: Inbox):
    other = make_inbox(alice.workspace, address="sales@acme.test")
    message = alice.api.post(URL, {**LETTER, "from": "Sales@ACME.test"}).json()
    assert message["inbox_id"] == spell("inb", other.pk)
    named = alice.api.post(URL, {**LETTER, "inbox_id": spell("inb", other.pk)}).json()
    assert named["from"] == {"email": "sales@acme.test", "name": None}


def test_it_asks_which_inbox_when_there_are_two(alice: Person, inbox: Inbox):
    make_inbox(alice.workspace, address="sales@acme.test")
    assert error_of(alice.api.post(URL, LETTER), 400)["field"] == "inbox_id"


def test_it_files_under_a_customer_and_a_thread(alice: Person, inbox: Inbox):
    customer = alice.workspace.customers.create(name="Ann")
    thread = alice.workspace.threads.create(inbox=inbox, subject="Earlier")
    fields = {"customer_id": spell("cus", customer.pk), "thread_id": spell("thr", thread.pk)}
    message = alice.api.post(URL, {**LETTER, **fields}).json()
    assert {name: message[name] for name in fields} == fields


def test_it_answers_an_equal_request_once(alice: Person, inbox: Inbox):
    body = {**LETTER, "attachments": [{"filename": "foo.txt", "content": "Zm9v"}]}
    headers = {"Idempotency-Key": "order-4711"}
    first = alice.api.post(URL, body, headers=headers)
    again = alice.api.post(URL, body, headers=headers)
    assert again.status_code == 202 and again.json() == first.json()
    assert again["Idempotency-Replay"] == "true"
    assert Message.objects.count() == 1 and Attachment.objects.count() == 1
    other = {**LETTER, "attachments": [{"filename": "foo.txt", "content": "YmFy"}]}
    refused = alice.api.post(URL, other, headers=headers)
    assert error_of(refused, 409)["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"to": ["nonsense"]}, 400, "invalid_address", "to[0]"),
        ({"to": "ann@example.com"}, 400, "invalid_request", "to"),
        ({"to": []}, 422, "no_recipients", "to"),
        ({"from": "eve@example.com"}, 422, "not_sender", "from"),
        ({"subject": "a\r\nBcc: x@y.z"}, 400, "invalid_request", "subject"),
        ({"subject": 7}, 400, "invalid_request", "subject"),
        ({"text": "NUL \0"}, 400, "invalid_request", "text"),
        ({"headers": {"Subject": "x"}}, 400, "invalid_header", "headers.Subject"),
        ({"headers": {"X-A": "a\nb"}}, 400, "unwritable_text", "headers.X-A"),
        ({"headers": ["X"]}, 400, "invalid_request", "headers"),
        ({"metadata": {"a": {"b": "\0"}}}, 400, "invalid_request", "metadata"),
        ({"metadata": {"a": "x" * 20_000}}, 400, "invalid_request", "metadata"),
        ({"tags": ["a\nb"]}, 400, "invalid_request", "tags"),
        ({"sendAt": "2026-01-01T00:00:00Z"}, 400, "invalid_request", "sendAt"),
        ({"send_at": "tomorrow"}, 400, "invalid_request", "send_at"),
        ({"send_at": "2999-01-01T00:00:00Z", "undo_seconds": 5}, 400, "invalid_request", None),
        ({"undo_seconds": -1}, 400, "invalid_request", "undo_seconds"),
        ({"inbox_id": "inb_1"}, 404, "not_found", "inbox_id"),
        ({"inbox_id": spell("inb", new_id())}, 404, "not_found", "inbox_id"),
        ({"customer_id": spell("cus", new_id())}, 404, "not_found", "customer_id"),
        ({"thread_id": spell("thr", new_id())}, 404, "not_found", "thread_id"),
    ],
)
def test_it_refuses(alice: Person, inbox: Inbox, change, status, code, field):
    error = error_of(alice.api.post(URL, {**LETTER, **change}), status)
    assert error["code"] == code
    assert field is None or error["field"].startswith(field)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("entry", "status", "code", "field"),
    [
        (7, 400, "invalid_request", "attachments[1]"),
        ("att_1", 404, "not_found", "attachments[1].id"),
        (spell("att", new_id()), 404, "attachment_not_found", "attachments[1]"),
        ({"filename": "a.txt"}, 400, "invalid_request", "attachments[1].content"),
        ({"content": "Zm9v"}, 400, "invalid_request", "attachments[1].filename"),
        (
            {"filename": "a.txt", "content": "Zm9v", "size": 3},
            400,
            "invalid_request",
            "attachments[1].size",
        ),
        (
            {"filename": "a.txt", "content": "Zm9"},
            400,
            "invalid_base64",
            "attachments[1].content",
        ),
        (
            {"filename": "a.txt", "content": "Zm9v", "sha256": "0" * 64},
            422,
            "digest_mismatch",
            "attachments[1].sha256",
        ),
        (
            {"filename": "a\nb", "content": "Zm9v"},
            400,
            "invalid_filename",
            "attachments[1].filename",
        ),
        (
            {"filename": "a.txt", "size": 26 * 1024 * 1024},
            413,
            "file_too_large",
            "attachments[1].size",
        ),
        (
            {"filename": "a.txt", "content": "Zm9v", "content_id": "a\r\nb"},
            400,
            "unwritable_text",
            "attachments[1].content_id",
        ),
        (
            {"filename": "a.txt", "content": "Zm9v", "disposition": "inline"},
            400,
            "invalid_request",
            "attachments[1].disposition",
        ),
    ],
)
def test_it_refuses_a_file(alice: Person, inbox: Inbox, entry, status, code, field):
    fine = {"filename": "fine.txt", "content": "Zm9v"}
    error = error_of(alice.api.post(URL, {**LETTER, "attachments": [fine, entry]}), status)
    assert (error["code"], error["field"]) == (code, field)
    assert not Message.objects.exists() and not Attachment.objects.exists()


def test_it_refuses_one_file_twice(alice: Person, inbox: Inbox):
    id = spell("att", make_file(alice.workspace).pk)
    error = error_of(alice.api.post(URL, {**LETTER, "attachments": [id, id]}), 422)
    assert error["code"] == "file_twice"


def test_it_refuses_files_that_are_too_large_together(alice: Person, inbox: Inbox):
    entries = [{"filename": f"{n}.bin", "size": 20 * 1024 * 1024} for n in range(2)]
    error = error_of(alice.api.post(URL, {**LETTER, "attachments": entries}), 413)
    assert error["code"] == "message_too_large"
    assert error["actual"] > error["limit"] == 36 * 1024 * 1024


def test_it_holds_to_the_limits_of_the_workspace(alice: Person, inbox: Inbox):
    Workspace.objects.filter(pk=alice.workspace.pk).update(max_file_bytes=2)
    entry = {"filename": "foo.txt", "content": "Zm9v"}
    error = error_of(alice.api.post(URL, {**LETTER, "attachments": [entry]}), 413)
    assert (error["code"], error["limit"], error["actual"]) == ("file_too_large", 2, 3)


def test_it_lets_a_colleague_use_inbox_and_file(alice: Person, bob: Person, inbox: Inbox):
    id = spell("att", make_file(alice.workspace).pk)
    assert bob.api.post(URL, {**LETTER, "attachments": [id]}).status_code == 202


def test_it_hides_inbox_and_file_from_a_stranger(alice: Person, charlie: Person, inbox: Inbox):
    stolen = charlie.api.post(URL, {**LETTER, "inbox_id": spell("inb", inbox.pk)})
    assert error_of(stolen, 404)["code"] == "not_found"
    make_inbox(charlie.workspace)
    id = spell("att", make_file(alice.workspace).pk)
    assert error_of(charlie.api.post(URL, {**LETTER, "attachments": [id]}), 404)
    posing = charlie.api.post(URL, {**LETTER, "from": "hello@acme.test"})
    assert error_of(posing, 422)["code"] == "not_sender"


def test_it_needs_the_scope_send(alice: Person, inbox: Inbox):
    answer = api_with(alice.workspace, "read", "draft", "files").post(URL, LETTER)
    assert error_of(answer, 403)["details"] == {"scope": "send"}
    assert Client().post(URL, LETTER, content_type="application/json").status_code == 401


def test_a_bound_key_sends_for_its_inboxes_only(alice: Person, inbox: Inbox):
    other = make_inbox(alice.workspace, address="sales@acme.test")
    api = api_of(make_key(alice.workspace, inbox_ids=[other.pk])[1])
    assert api.post(URL, LETTER).json()["inbox_id"] == spell("inb", other.pk)
    assert error_of(api.post(URL, {**LETTER, "inbox_id": spell("inb", inbox.pk)}), 404)
    posing = api.post(URL, {**LETTER, "from": "hello@acme.test"})
    assert error_of(posing, 422)["code"] == "not_sender"


def test_it_takes_a_known_number_of_statements(alice: Person, inbox: Inbox):
    files = [make_file(alice.workspace, bytes([n]), filename=f"{n}.bin") for n in range(3)]
    body = {**LETTER, "attachments": [spell("att", file.pk) for file in files]}
    with CaptureQueriesContext(connection) as queries:
        assert alice.api.post(URL, body).status_code == 202
    assert verbs_of(queries) == STATEMENTS


def test_it_waits_and_says_for_what(alice: Person, inbox: Inbox):
    late = spell("att", make_reservation(alice.workspace).pk)
    message = alice.api.post(URL, {**LETTER, "attachments": [late]}).json()
    assert message["status"] == "waiting" and message["waiting_for"] == [late]


STATEMENTS = [
    "SELECT",  # the key
    "SELECT",  # the inbox
    "SELECT",  # the files, to see whose they are
    "SELECT",  # which recipients are inboxes of ours, and which are suppressed
    "SELECT",  # the files, locked
    "SELECT",  # the folder
    "INSERT",  # the thread
    "INSERT",  # the message
    "UPDATE",  # the files, held
    "INSERT",  # how they are carried
    "INSERT",  # the delivery
    "INSERT",  # the recipients
    "INSERT",  # the event
]
