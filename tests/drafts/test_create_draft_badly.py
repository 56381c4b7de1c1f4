"""POST /api/v1/drafts with bad input"""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from attachments.models import Attachment, Blob
from drafts.models import Draft
from messaging.models import Message
from project.ids import new_id, spell
from tests.attachments.wire import send
from tests.drafts.make import URL, base64, error_of
from tests.messaging.make import make_file, make_reservation


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"subjet": "x"}, "subjet"),
        ({"send_at": "2026-01-01T00:00:00Z"}, "send_at"),
        ({"version": 1}, "version"),
        ({"to": "ann@example.com"}, "to"),
        ({"to": [7]}, "to[0]"),
        ({"to": ["ann@example.com"] * 1001}, "to"),
        ({"to": ["ann@example.com", "ann"]}, "to[1]"),
        ({"cc": [{"email": "a@b.c\r\nBcc: x@y.z"}]}, "cc[0].email"),
        ({"bcc": [{"email": "a@b.c", "name": "A\nB"}]}, "bcc[0]"),
        ({"from": {"name": "x"}}, "from"),
        ({"subject": "a\r\nBcc: x@y.z"}, "subject"),
        ({"subject": 7}, "subject"),
        ({"text": ["x"]}, "text"),
        ({"html": "a\0b"}, "html"),
        ({"headers": {"X-A": "1\r\nBcc: x@y.z"}}, "headers.X-A"),
        ({"headers": {"X-A": "1\0"}}, "headers"),
        ({"headers": {"Bcc": "x@y.z"}}, "headers.Bcc"),
        ({"headers": {"X A": "1"}}, "headers"),
        ({"headers": []}, "headers"),
        ({"tags": ["a\nb"]}, "tags"),
        ({"metadata": {"a": ["\0"]}}, "metadata"),
        ({"metadata": 7}, "metadata"),
        ({"channel": "fax"}, "channel"),
        ({"inbox_id": 7}, "inbox_id"),
        ({"attachments": {}}, "attachments"),
        ({"attachments": [7]}, "attachments[0]"),
        ({"attachments": [{}]}, "attachments[0]"),
        ({"attachments": [{"filename": "a"}]}, "attachments[0].content"),
        ({"attachments": [{"content": "Zm9v"}]}, "attachments[0].filename"),
        ({"attachments": [{"filename": "a", "content": "!"}]}, "attachments[0].content"),
        ({"attachments": [{"filename": "a", "content": 7}]}, "attachments[0].content"),
        ({"attachments": [{"filename": "a", "size": "3"}]}, "attachments[0].size"),
        ({"attachments": [{"filename": "a", "size": -1}]}, "attachments[0].size"),
        ({"attachments": [{"filename": "a\nb", "size": 3}]}, "attachments[0].filename"),
        ({"attachments": [{"filename": "a" * 256, "size": 3}]}, "attachments[0].filename"),
        (
            {"attachments": [{"filename": "a", "size": 3, "content_type": "text/plain\r\nX: y"}]},
            "attachments[0].content_type",
        ),
        (
            {"attachments": [{"filename": "a", "size": 3, "content_id": "a\r\nb"}]},
            "attachments[0].content_id",
        ),
        (
            {"attachments": [{"filename": "a", "size": 3, "content_id": "a b"}]},
            "attachments[0].content_id",
        ),
        (
            {"attachments": [{"filename": "a", "size": 3, "inline": "perhaps"}]},
            "attachments[0].inline",
        ),
    ],
)
def test_it_refuses_what_has_the_wrong_shape(alice, inbox, fields, field):
    response = alice.api.post(URL, fields)
    assert response.status_code == 400, response.json()
    assert error_of(response)["field"].startswith(field)
    assert not Draft.objects.exists()
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    "entry", ["att_x", {"id": "att_x"}, spell("att", new_id()), {"id": spell("att", new_id())}]
)
def test_it_does_not_know_unknown_files(alice, inbox, entry):
    response = alice.api.post(URL, {"attachments": [entry]})
    assert response.status_code == 404
    assert error_of(response)["field"].startswith("attachments[0]")


def test_it_refuses_one_file_twice(alice, inbox):
    file = spell("att", make_file(alice.workspace).pk)
    response = alice.api.post(URL, {"attachments": [file, {"id": file}]})
    assert (response.status_code, error_of(response)["code"]) == (422, "file_twice")


def test_it_refuses_one_content_id_twice(alice, inbox):
    files = [{"filename": name, "size": 3, "content_id": "x@y"} for name in ("a", "b")]
    response = alice.api.post(URL, {"attachments": files})
    assert (response.status_code, error_of(response)["code"]) == (422, "duplicate_content_id")
    assert error_of(response)["field"] == "attachments[1].content_id"


def test_it_refuses_a_file_that_is_gone(alice, inbox):
    file = make_reservation(alice.workspace)
    Attachment.objects.filter(pk=file.pk).update(
        state="gone", reason_code="expired", gone_at=file.created_at
    )
    response = alice.api.post(URL, {"attachments": [spell("att", file.pk)]})
    assert response.status_code == 410


def test_it_refuses_a_file_that_is_too_large_with_its_true_size(alice, inbox):
    alice.workspace.max_file_bytes = 10
    alice.workspace.save()
    for entry in (
        {"filename": "a.bin", "content": base64(bytes(100_000))},
        {"filename": "a.bin", "size": 100_000},
    ):
        response = alice.api.post(URL, {"attachments": [entry]})
        assert response.status_code == 413
        assert (error_of(response)["limit"], error_of(response)["actual"]) == (10, 100_000)
    assert not Blob.objects.exists()


def test_it_refuses_too_many_files(alice, inbox):
    entries = [{"filename": "a.bin", "size": 1}] * 201
    response = alice.api.post(URL, {"attachments": entries})
    assert (response.status_code, error_of(response)["limit"]) == (422, 200)


def test_it_refuses_deep_json(alice, inbox):
    deep = {"metadata": {}}
    for _ in range(100):
        deep = {"metadata": deep}
    response = alice.api.post(URL, deep)
    assert (response.status_code, error_of(response)["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_it_refuses_what_is_no_json_object(alice, body):
    response = alice.api.post(URL, body, content_type="application/json")
    assert response.status_code == 400


@pytest.mark.parametrize("draft", ["{", "[]", '{"subject":7}', '{"unknown":1}'])
def test_it_refuses_a_form_whose_json_is_wrong(alice, inbox, draft):
    form = {"draft": draft, "file": SimpleUploadedFile("foo.txt", b"foo")}
    assert alice.api.post(URL, form, format="multipart").status_code == 400
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
def test_it_does_nothing_with_a_body_that_ends_too_early(alice, inbox, content_type):
    body = (
        b'{"subject":"x"}'
        if "json" in content_type
        else b'--x\r\nContent-Disposition: form-data; name="draft"\r\n\r\n{}\r\n--x--\r\n'
    )
    answer = send(
        "POST",
        URL,
        body,
        length=len(body) + 10,
        CONTENT_TYPE=content_type,
        HTTP_AUTHORIZATION=f"Bearer {alice.key}",
    )
    assert answer.status == 400
    assert not Draft.objects.exists()
    assert not Message.objects.exists()
