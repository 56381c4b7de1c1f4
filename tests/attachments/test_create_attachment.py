"""POST /api/v1/attachments"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attachments.incoming import incoming_folder
from attachments.models import Attachment, Blob
from project.events.models import Event
from tests.attachments.limited import file_size_limit
from tests.attachments.make import PNG
from tests.attachments.statements import verbs_of
from tests.attachments.wire import send
from tests.make import api_with

URL = "/api/v1/attachments"
FOO = sha256(b"foo").hexdigest()


def base64(content: bytes) -> str:
    return b64encode(content).decode()


def post_form(api, content: bytes = b"foo", *, name: str = "foo.txt", type: str = "", **fields):
    file: Any = SimpleUploadedFile("x", content, content_type=type or "text/plain")
    file._name = name  # as it is, unlike the class's own setter
    return api.post(URL, {"file": file, **fields}, format="multipart")


def error_of(response) -> dict[str, Any]:
    return response.json()["error"]


# Roads ------------------------------------------------------------------------------------------


def test_it_stores_a_file_from_a_form(alice):
    response = post_form(alice.api)
    assert response.status_code == 201
    body = response.json()
    assert body.pop("id").startswith("att_")
    assert body.pop("download_url").startswith("http://127.0.0.1:8000/dl/att_")
    assert body.pop("created_at").endswith("Z")
    assert body.pop("expires_at")
    assert body == {
        "filename": "foo.txt",
        "content_type": "text/plain",
        "size": 3,
        "sha256": FOO,
        "state": "ready",
        "reason": None,
    }


def test_it_stores_base64_from_json(alice):
    response = alice.api.post(URL, {"filename": "dot.png", "content": base64(PNG)})
    assert response.status_code == 201
    body = response.json()
    assert (body["size"], body["sha256"]) == (len(PNG), sha256(PNG).hexdigest())
    assert body["content_type"] == "image/png"


def test_it_stores_long_base64_from_json(alice):
    content = bytes(range(256)) * 2000
    response = alice.api.post(URL, {"filename": "a.bin", "content": base64(content)})
    assert response.json()["sha256"] == sha256(content).hexdigest()


def test_it_reserves_a_file_and_says_how_to_send_it(alice):
    response = alice.api.post(URL, {"filename": "a.pdf", "size": 3, "content_type": None})
    assert response.status_code == 201
    body = response.json()
    assert (body["state"], body["size"], body["content_type"]) == ("reserved", 3, "application/pdf")
    assert body["sha256"] is None
    assert body["download_url"] is None
    upload = body["upload"]
    assert (upload["method"], upload["headers"]) == ("PUT", {})
    assert upload["url"].startswith("http")
    assert upload["expires_at"] <= body["expires_at"]


def test_it_takes_an_empty_file(alice):
    response = post_form(alice.api, b"", name="empty.txt")
    assert response.status_code == 201
    assert response.json()["sha256"] == sha256(b"").hexdigest()


def test_it_prefers_the_name_in_the_form_to_the_files_own(alice):
    assert post_form(alice.api, filename="bar.txt").json()["filename"] == "bar.txt"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/pass wd", "pass wd"),
        ("C:\\temp\\Überblick.pdf", "Überblick.pdf"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("a&amp;b.txt", "a&amp;b.txt"),
    ],
)
def test_it_cleans_names_on_both_roads(alice, given, kept):
    assert post_form(alice.api, filename=given).json()["filename"] == kept
    body = {"filename": given, "content": ""}
    assert alice.api.post(URL, body).json()["filename"] == kept


def test_it_keeps_the_name_of_a_part_as_the_client_wrote_it(alice):
    assert post_form(alice.api, name="a&amp;b %22.txt").json()["filename"] == "a&amp;b %22.txt"


# Bytes ------------------------------------------------------------------------------------------


def test_it_checks_the_clients_digest(alice):
    wrong = "0" * 64
    assert post_form(alice.api, sha256=FOO.upper()).status_code == 201
    for response in (
        post_form(alice.api, sha256=wrong),
        alice.api.post(URL, {"filename": "a", "content": base64(b"foo"), "sha256": wrong}),
    ):
        assert response.status_code == 422
        error = error_of(response)
        assert error["code"] == "digest_mismatch"
        assert wrong in error["message"]
        assert FOO in error["message"]
    assert Attachment.objects.count() == 1


def test_it_stores_equal_bytes_once_in_a_workspace(alice, bob, charlie):
    one, two = post_form(alice.api).json(), post_form(bob.api, name="b.txt").json()
    assert one["id"] != two["id"]
    assert Blob.objects.count() == 1
    post_form(charlie.api)
    assert Blob.objects.count() == 2


def test_it_tells_in_the_log_that_the_file_is_ready(alice):
    post_form(alice.api)
    events = Event.objects.filter(workspace=alice.workspace).order_by("position")
    assert [event.kind for event in events] == ["attachment.stored", "attachment.ready"]
    assert {event.subject_id for event in events} == {Attachment.objects.get().pk}
    assert events[0].actor.startswith("key:")


# What it refuses --------------------------------------------------------------------------------


def test_it_refuses_a_file_over_25_mib_with_the_true_size(alice):
    size = 26 * 1024 * 1024
    for response in (
        post_form(alice.api, b"x" * size),
        alice.api.post(URL, {"filename": "a", "content": base64(b"x" * size)}),
        alice.api.post(URL, {"filename": "a", "size": size}),
    ):
        assert response.status_code == 413
        error = error_of(response)
        assert (error["code"], error["actual"]) == ("file_too_large", size)
        assert error["limit"] == 25 * 1024 * 1024
    assert not Attachment.objects.exists()
    assert not Blob.objects.exists()
    assert not list(incoming_folder().iterdir())


def test_it_allows_what_the_workspace_allows(alice):
    alice.workspace.max_file_bytes = 4
    alice.workspace.save()
    assert post_form(alice.api, b"four").status_code == 201
    assert error_of(post_form(alice.api, b"fives"))["actual"] == 5


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"content": "Zm9v"}, "invalid_request", "filename"),
        ({"filename": "a"}, "invalid_request", "content"),
        ({"filename": "a", "content": "Zm9v", "size": 3}, "invalid_request", "size"),
        ({"filename": "a", "content": "Zm9"}, "invalid_base64", "content"),
        ({"filename": "a", "content": "Zm 9v"}, "invalid_base64", "content"),
        ({"filename": "a", "content": "Zm9v\n"}, "invalid_base64", "content"),
        ({"filename": "a", "content": "Zg==Zg=="}, "invalid_base64", "content"),
        ({"filename": "a", "content": "Zm9ü"}, "invalid_base64", "content"),
        ({"filename": "a", "content": "Z" * 300_001}, "invalid_base64", "content"),
        ({"filename": "a", "content": 7}, "invalid_request", "content"),
        ({"filename": "a", "content": None}, "invalid_request", "content"),
        ({"filename": "a", "content": ["Zm9v"]}, "invalid_request", "content"),
        ({"filename": 7, "content": ""}, "invalid_request", "filename"),
        ({"filename": None, "content": ""}, "invalid_request", "filename"),
        ({"filename": "", "content": ""}, "invalid_filename", "filename"),
        ({"filename": "a\r\nb", "content": ""}, "invalid_filename", "filename"),
        ({"filename": "a\0b", "content": ""}, "invalid_request", "filename"),
        ({"filename": "x" * 256, "content": ""}, "invalid_filename", "filename"),
        ({"filename": "a", "content": "", "content_type": "pdf"}, "invalid_content_type", None),
        ({"filename": "a", "content": "", "content_type": "a/b\nc"}, "invalid_content_type", None),
        ({"filename": "a", "content": "", "content_type": 1}, "invalid_request", "content_type"),
        ({"filename": "a", "content": "", "sha256": "abc"}, "invalid_sha256", "sha256"),
        ({"filename": "a", "content": "", "sha256": []}, "invalid_request", "sha256"),
        ({"filename": "a", "content": "", "nmae": 1}, "invalid_request", "nmae"),
        ({"filename": "a", "size": -1}, "invalid_request", "size"),
        ({"filename": "a", "size": "3"}, "invalid_request", "size"),
        ({"filename": "a", "size": True}, "invalid_request", "size"),
        ({"filename": "a", "size": 1.5}, "invalid_request", "size"),
        ({"filename": "a", "size": None}, "invalid_request", "size"),
    ],
)
def test_it_names_the_field_at_fault(alice, body, code, field):
    response = alice.api.post(URL, body)
    assert response.status_code == 400
    error = error_of(response)
    assert error["code"] == code
    assert error["field"] == (field or "content_type")
    assert not Attachment.objects.exists()
    assert not Blob.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "file"),
        ({"file": "a text"}, "file"),
        ({"document": BytesIO(b"foo")}, "document"),
        ({"file": [BytesIO(b"a"), BytesIO(b"b")]}, "file"),
        ({"file": BytesIO(b"a"), "folder": "x"}, "folder"),
    ],
)
def test_it_wants_one_file_in_a_form(alice, fields, field):
    for file in fields.get("file", []) if isinstance(fields.get("file"), list) else []:
        file.seek(0)
    response = alice.api.post(URL, fields, format="multipart")
    assert response.status_code == 400
    assert error_of(response)["field"] == field
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "nonsense", '{"filename":', "[" * 10_000])
def test_it_wants_a_json_object(alice, body):
    response = alice.api.generic("POST", URL, body, content_type="application/json")
    assert response.status_code == 400


def test_it_takes_no_other_type_of_body(alice):
    response = alice.api.generic("POST", URL, "foo", content_type="text/plain")
    assert response.status_code == 415


def test_it_stores_nothing_half_when_the_disk_is_full(alice):
    with file_size_limit(1_000_000):
        for response in (
            post_form(alice.api, b"x" * 2_000_000),
            alice.api.post(URL, {"filename": "a", "content": base64(b"x" * 2_000_000)}),
        ):
            assert response.status_code == 503
            assert error_of(response)["code"] == "storage_full"
    assert not Attachment.objects.exists()
    assert not Blob.objects.exists()
    assert not list(incoming_folder().iterdir())


def test_it_does_nothing_with_a_body_that_is_cut_off(alice):
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    whole = head + b"x" * 600_000 + b"\r\n--cut--\r\n"
    form = {"CONTENT_TYPE": "multipart/form-data; boundary=cut", "HTTP_X_API_KEY": alice.key}
    for place in (len(head) + 300_000, len(whole) - 9, 10):
        answer = send("POST", URL, whole[:place], length=len(whole), **form)
        assert (answer.status, answer.json()["error"]["code"]) == (400, "incomplete_body")
    text = b'{"filename": "a", "content": "' + b"Zm9v" * 50_000 + b'"}'
    json = {"CONTENT_TYPE": "application/json", "HTTP_X_API_KEY": alice.key}
    for place in (100_000, len(text) - 2):
        answer = send("POST", URL, text[:place], length=len(text), **json)
        assert (answer.status, answer.json()["error"]["code"]) == (400, "incomplete_body")
    assert not Attachment.objects.exists()
    assert not Blob.objects.exists()
    assert not list(incoming_folder().iterdir())


# Who --------------------------------------------------------------------------------------------


def test_it_needs_a_key_with_the_scope_files(alice, client):
    assert client.post(URL, {}, content_type="application/json").status_code == 401
    response = post_form(api_with(alice.workspace, "read", "draft", "send"))
    assert response.status_code == 403
    assert error_of(response)["details"] == {"scope": "files"}


def test_it_takes_effect_once_under_an_idempotency_key(alice):
    headers = {"HTTP_IDEMPOTENCY_KEY": "one"}
    body = {"filename": "a", "content": base64(b"foo")}
    first = alice.api.post(URL, body, **headers)
    again = alice.api.post(URL, body, **headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replay"] == "true"
    assert again.json() == first.json()
    other = alice.api.post(URL, {**body, "content": base64(b"bar")}, **headers)
    assert (other.status_code, error_of(other)["code"]) == (409, "idempotency_key_reused")
    assert Attachment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_asks_the_database_little(alice):
    api = alice.api
    with CaptureQueriesContext(connection) as queries:
        post_form(api)
    # the key; the blob is looked for, counted and written; the attachment and its two events;
    # deliveries that waited for it
    verbs = ["SELECT", "SELECT", "UPDATE", "INSERT", "INSERT", "INSERT", "SELECT"]
    assert verbs_of(queries) == verbs
    with CaptureQueriesContext(connection) as queries:
        post_form(api)
    # the blob is there, and its sweep put off
    assert verbs_of(queries) == ["SELECT", "SELECT", "UPDATE", "INSERT", "INSERT", "SELECT"]
