"""POST /api/v1/drafts"""

from __future__ import annotations

from hashlib import sha256

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attachments.models import Attachment
from drafts.models import Draft
from messaging.models import Customer
from project.ids import spell
from tests.attachments.make import PNG
from tests.attachments.statements import verbs_of
from tests.drafts.make import URL, base64, error_of
from tests.make import api_of, api_with, make_key
from tests.messaging.make import make_file, make_inbox, make_message

FOO = sha256(b"foo").hexdigest()


def test_it_writes_an_empty_draft(alice):
    response = alice.api.post(URL, {})
    assert response.status_code == 201
    body = response.json()
    assert body.pop("id").startswith("drf_")
    assert body.pop("created_at") == body.pop("updated_at")
    assert body == {
        "version": 1,
        "state": "open",
        "channel": "email",
        "inbox_id": None,
        "customer_id": None,
        "thread_id": None,
        "in_reply_to": None,
        "from": None,
        "to": [],
        "cc": [],
        "bcc": [],
        "reply_to": [],
        "subject": "",
        "text": None,
        "html": None,
        "headers": {},
        "tags": [],
        "metadata": {},
        "attachments": [],
        "send_at": None,
        "waiting_for": [],
        "message_id": None,
        "error": None,
    }
    assert response["ETag"] == '"1"'


def test_it_keeps_everything_that_is_said(alice, inbox):
    customer = Customer.objects.create(workspace=alice.workspace, name="Ann")
    answered = make_message(inbox)
    said = {
        "channel": "email",
        "inbox_id": spell("inb", inbox.pk),
        "customer_id": spell("cus", customer.pk),
        "thread_id": spell("thr", answered.thread_id),
        "in_reply_to": spell("msg", answered.pk),
        "from": {"email": "desk+sales@acme.test", "name": "Sales"},
        "to": ["Ann <ann@example.com>"],
        "cc": [{"email": "bo@example.com", "name": None}],
        "bcc": ["cy@example.com"],
        "reply_to": ["desk@acme.test"],
        "subject": "Grüße",
        "text": "Hello\r\n",
        "html": "<p>Hello</p>",
        "headers": {"X-Order": "1234"},
        "tags": ["red"],
        "metadata": {"order": {"number": 1234}},
    }
    body = alice.api.post(URL, said).json()
    assert {name: body[name] for name in said} == {
        **said,
        "to": [{"email": "ann@example.com", "name": "Ann"}],
        "bcc": [{"email": "cy@example.com", "name": None}],
        "reply_to": [{"email": "desk@acme.test", "name": None}],
    }


# Files ------------------------------------------------------------------------------------------


def test_it_takes_files_in_all_four_shapes_in_order(alice, inbox):
    one, two = make_file(alice.workspace, b"1"), make_file(alice.workspace, b"2")
    entries = [
        spell("att", one.pk),
        {"id": spell("att", two.pk), "inline": True, "content_id": "x@y", "filename": "b.png"},
        {"filename": "foo.txt", "content": base64(b"foo")},
        {"filename": "late.pdf", "size": 3, "content_type": "application/pdf"},
    ]
    response = alice.api.post(URL, {"attachments": entries})
    assert response.status_code == 201
    body = response.json()
    files = body["attachments"]
    assert [file["filename"] for file in files] == ["a.pdf", "b.png", "foo.txt", "late.pdf"]
    assert [file["position"] for file in files] == [0, 1, 2, 3]
    assert [file["inline"] for file in files] == [False, True, False, False]
    assert [file["content_id"] for file in files] == [None, "x@y", None, None]
    assert [file["expires_at"] for file in files] == [None] * 4
    assert files[2]["sha256"] == FOO
    assert files[3]["state"] == "reserved"
    assert "/up/att_" in files[3]["upload"]["url"]
    assert body["waiting_for"] == [files[3]["id"]]


def test_it_takes_a_form_with_files(alice, inbox):
    form = {
        "draft": '{"subject":"Hello","attachments":[{"filename":"late.pdf","size":3}]}',
        "one": SimpleUploadedFile("foo.txt", b"foo", content_type="text/plain"),
        "two": SimpleUploadedFile("dot.png", PNG, content_type="image/png"),
    }
    response = alice.api.post(URL, form, format="multipart")
    assert response.status_code == 201
    body = response.json()
    assert body["subject"] == "Hello"
    assert [file["filename"] for file in body["attachments"]] == ["late.pdf", "foo.txt", "dot.png"]


def test_it_streams_long_base64(alice, inbox):
    content = bytes(range(256)) * 2000
    entries = [{"filename": "a.bin", "content": base64(content)}]
    body = alice.api.post(URL, {"attachments": entries}).json()
    assert body["attachments"][0]["sha256"] == sha256(content).hexdigest()


def test_it_gives_inline_files_a_content_id_at_the_inbox_domain(alice, inbox):
    entries = [{"filename": "dot.png", "content": base64(PNG), "inline": True}]
    body = alice.api.post(URL, {"attachments": entries}).json()
    assert body["attachments"][0]["content_id"].endswith("@acme.test")


def test_it_gives_inline_files_a_content_id_without_an_inbox_too(alice):
    entries = [{"filename": "dot.png", "content": base64(PNG), "inline": True}]
    body = alice.api.post(URL, {"attachments": entries}).json()
    assert "@" in body["attachments"][0]["content_id"]


def test_it_takes_a_content_id_in_angle_brackets(alice, inbox):
    entries = [{"filename": "dot.png", "content": base64(PNG), "content_id": "<logo@x>"}]
    body = alice.api.post(URL, {"attachments": entries}).json()
    assert body["attachments"][0]["content_id"] == "logo@x"


def test_it_holds_files_that_were_loose(alice, inbox):
    file = make_file(alice.workspace)
    assert file.expires_at
    alice.api.post(URL, {"attachments": [spell("att", file.pk)]})
    file.refresh_from_db()
    assert file.expires_at is None


def test_one_file_may_be_in_several_drafts(alice, inbox):
    file = spell("att", make_file(alice.workspace).pk)
    for _ in range(2):
        assert alice.api.post(URL, {"attachments": [file]}).status_code == 201


# Who sends --------------------------------------------------------------------------------------


def test_the_only_inbox_sends(alice, inbox):
    body = alice.api.post(URL, {}).json()
    assert body["inbox_id"] == spell("inb", inbox.pk)
    assert body["from"] == {"email": "desk@acme.test", "name": "Acme"}


def test_of_several_inboxes_none_is_taken(alice, inbox):
    make_inbox(alice.workspace)
    body = alice.api.post(URL, {}).json()
    assert (body["inbox_id"], body["from"]) == (None, None)


@pytest.mark.parametrize("sender", ["desk@acme.test", "Desk <desk+sales@acme.test>"])
def test_the_sender_finds_its_inbox(alice, inbox, sender):
    make_inbox(alice.workspace)
    body = alice.api.post(URL, {"from": sender}).json()
    assert body["inbox_id"] == spell("inb", inbox.pk)
    assert body["from"]["email"] in sender


@pytest.mark.parametrize("named", [True, False])
def test_it_refuses_a_sender_that_is_no_address_of_the_inbox(alice, inbox, named):
    fields = {"inbox_id": spell("inb", inbox.pk)} if named else {}
    response = alice.api.post(URL, {"from": "boss@acme.test", **fields})
    assert response.status_code == 422
    assert (error_of(response)["code"], error_of(response)["field"]) == ("not_sender", "from")


# Others -----------------------------------------------------------------------------------------


def test_bob_writes_in_the_same_workspace(alice, bob, inbox):
    assert bob.api.post(URL, {}).json()["inbox_id"] == spell("inb", inbox.pk)
    assert Draft.objects.get().workspace == alice.workspace


def test_charlie_reaches_nothing_of_alices(alice, charlie, inbox):
    file, message = make_file(alice.workspace), make_message(inbox)
    customer = Customer.objects.create(workspace=alice.workspace, name="Ann")
    for fields in (
        {"inbox_id": spell("inb", inbox.pk)},
        {"customer_id": spell("cus", customer.pk)},
        {"thread_id": spell("thr", message.thread_id)},
        {"in_reply_to": spell("msg", message.pk)},
        {"attachments": [spell("att", file.pk)]},
    ):
        response = charlie.api.post(URL, fields)
        assert response.status_code == 404, fields
        assert error_of(response)["field"].startswith(next(iter(fields)))
    assert not Draft.objects.exists()


def test_it_needs_the_scope(alice):
    response = api_with(alice.workspace, "read", "send", "files").post(URL, {})
    assert response.status_code == 403
    assert error_of(response)["details"] == {"scope": "draft"}


def test_the_scope_is_enough_for_new_files(alice, inbox):
    api = api_with(alice.workspace, "draft")
    entries = [{"filename": "foo.txt", "content": base64(b"foo")}]
    assert api.post(URL, {"attachments": entries}).status_code == 201


def test_a_bound_key_writes_in_its_inboxes_only(alice, inbox):
    other = make_inbox(alice.workspace)
    key, secret = make_key(alice.workspace)
    key.inbox_ids = [inbox.pk.hex]
    key.save()
    api = api_of(secret)
    assert api.post(URL, {}).json()["inbox_id"] == spell("inb", inbox.pk)
    assert api.post(URL, {"inbox_id": spell("inb", other.pk)}).status_code == 404
    key.inbox_ids = [inbox.pk.hex, other.pk.hex]
    key.save()
    assert error_of(api_of(secret).post(URL, {}))["field"] == "inbox_id"


# Once -------------------------------------------------------------------------------------------


def test_the_same_key_writes_one_draft(alice, inbox):
    fields = {"subject": "x", "attachments": [{"filename": "foo.txt", "content": base64(b"foo")}]}
    first, second = (
        alice.api.post(URL, fields, headers={"Idempotency-Key": "k1"}) for _ in range(2)
    )
    assert first.json() == second.json()
    assert second["Idempotency-Replay"] == "true"
    assert Draft.objects.count() == Attachment.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "y"},
        {"attachments": [{"filename": "foo.txt", "content": base64(b"bar")}]},
        {"attachments": [{"filename": "bar.txt", "content": base64(b"foo")}]},
        {"attachments": [{"filename": "foo.txt", "content": base64(b"foo"), "inline": True}]},
    ],
)
def test_a_key_is_for_one_request(alice, inbox, other):
    fields = {"subject": "x", "attachments": [{"filename": "foo.txt", "content": base64(b"foo")}]}
    alice.api.post(URL, fields, headers={"Idempotency-Key": "k1"})
    response = alice.api.post(URL, {**fields, **other}, headers={"Idempotency-Key": "k1"})
    assert response.status_code == 409
    assert error_of(response)["code"] == "idempotency_key_reused"


# Statements -------------------------------------------------------------------------------------


def test_a_draft_with_a_file_takes_few_statements(alice, inbox):
    fields = {
        "inbox_id": spell("inb", inbox.pk),
        "to": ["ann@example.com"],
        "attachments": [{"filename": "foo.txt", "content": base64(b"foo")}],
    }
    api = alice.api
    api.post(URL, {})
    with CaptureQueriesContext(connection) as queries:
        assert api.post(URL, fields).status_code == 201
    assert verbs_of(queries) == [
        "SELECT",  # the key
        "SELECT",  # the inbox
        "SELECT",  # bytes that are here already
        "UPDATE",  # the bytes that the workspace stores
        "INSERT",  # the blob
        "INSERT",  # the attachment
        "INSERT",  # its events
        "SELECT",  # messages that wait for it
        "INSERT",  # the draft
        "INSERT",  # what it carries
    ]


# People -----------------------------------------------------------------------------------------


def test_somebody_signed_in_writes_through_the_browsable_api(alice, inbox):
    browser = alice.browser
    page = browser.get(URL, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert b"<form" in page.content
    response = browser.post(URL, {"subject": "Hello"}, content_type="application/json")
    assert response.status_code == 201
    page = browser.get(f"{URL}/{response.json()['id']}", headers={"Accept": "text/html"})
    assert b"Hello" in page.content
