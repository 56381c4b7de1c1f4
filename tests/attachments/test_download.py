"""GET and HEAD /api/v1/attachments/{id}/content"""

from __future__ import annotations

from hashlib import sha256

import pytest
from django.utils import timezone

from attachments.models import Attachment
from attachments.retention import lose_attachment, purge_expired
from attachments.services import UNUSED_LIFE
from attachments.storage import attachment_storage
from project.ids import spell
from tests.attachments.make import HTML, PNG, SVG, make_attachment, make_reserved
from tests.make import api_with

BYTES = bytes(range(256)) * 2
ETAG = f'"{sha256(BYTES).hexdigest()}"'


def url_of(attachment) -> str:
    return f"/api/v1/attachments/{spell('att', attachment.pk)}/content"


def content_of(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def attachment(alice) -> Attachment:
    return make_attachment(alice.workspace, BYTES, filename="a.bin")


def test_it_gives_the_bytes(bob, attachment):
    response = bob.api.get(url_of(attachment))
    assert response.status_code == 200
    assert content_of(response) == BYTES
    assert response["Content-Length"] == "512"
    assert response["ETag"] == ETAG
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Content-Disposition"] == 'attachment; filename="a.bin"'


def test_it_gives_a_stranger_nothing(charlie, attachment):
    assert charlie.api.get(url_of(attachment)).status_code == 404


def test_it_needs_the_scope_read(alice, attachment):
    assert api_with(alice.workspace, "files").get(url_of(attachment)).status_code == 403


def test_it_gives_the_headers_alone_to_head(alice, attachment):
    response = alice.api.head(url_of(attachment), HTTP_RANGE="bytes=0-1")
    assert (response.status_code, content_of(response)) == (200, b"")
    assert (response["Content-Length"], response["ETag"]) == ("512", ETAG)


def test_it_gives_the_file_to_who_accepts_nothing_else(alice):
    attachment = make_attachment(alice.workspace, PNG, filename="a.png")
    response = alice.api.get(url_of(attachment), HTTP_ACCEPT="image/png")
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, 511),
        ("bytes=-10", 502, 511),
        ("bytes=-9999", 0, 511),
        ("bytes=500-9999", 500, 511),
        ("bytes=511-511", 511, 511),
        (" bytes = 1 - 2 ", 1, 2),
    ],
)
def test_it_gives_a_part(alice, attachment, wanted, start, end):
    response = alice.api.get(url_of(attachment), HTTP_RANGE=wanted)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{end}/512"
    assert response["Content-Length"] == str(end - start + 1)
    assert content_of(response) == BYTES[start : end + 1]


@pytest.mark.parametrize(
    "wanted",
    ["bytes=5-2", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,4-5", "0-1", "bytes=--1"],
)
def test_it_gives_all_for_a_range_that_says_nothing(alice, attachment, wanted):
    response = alice.api.get(url_of(attachment), HTTP_RANGE=wanted)
    assert (response.status_code, len(content_of(response))) == (200, 512)


@pytest.mark.parametrize("wanted", ["bytes=512-", "bytes=9999-99999", "bytes=-0"])
def test_it_refuses_a_range_outside_the_file(alice, attachment, wanted):
    response = alice.api.get(url_of(attachment), HTTP_RANGE=wanted)
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */512"
    assert response.json()["error"]["code"] == "range_not_satisfiable"


def test_it_gives_a_part_only_of_the_version_that_the_caller_has(alice, attachment):
    get = alice.api.get
    url, part = url_of(attachment), {"HTTP_RANGE": "bytes=0-9"}
    assert get(url, HTTP_IF_RANGE=ETAG, **part).status_code == 206
    for other in ('"other"', f"W/{ETAG}", "Sat, 21 Nov 2026 12:00:00 GMT"):
        assert get(url, HTTP_IF_RANGE=other, **part).status_code == 200


def test_it_does_not_repeat_what_the_caller_has(alice, attachment):
    get = alice.api.get
    for known in (ETAG, f'"x", {ETAG}', "*", f"W/{ETAG}"):
        response = get(url_of(attachment), HTTP_IF_NONE_MATCH=known)
        assert (response.status_code, response["ETag"]) == (304, ETAG)
    assert get(url_of(attachment), HTTP_IF_NONE_MATCH='"x"').status_code == 200
    assert get(url_of(attachment), HTTP_IF_MATCH='"x"').status_code == 412


def test_it_gives_an_empty_file(alice):
    attachment = make_attachment(alice.workspace, b"", filename="empty")
    response = alice.api.get(url_of(attachment))
    assert (response.status_code, response["Content-Length"], content_of(response)) == (
        200,
        "0",
        b"",
    )
    assert alice.api.get(url_of(attachment), HTTP_RANGE="bytes=0-").status_code == 416


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a b.pdf", 'attachment; filename="a b.pdf"'),
        ('say "hi"; ok.pdf', 'attachment; filename="say \\"hi\\"; ok.pdf"'),
        ("Überblick.pdf", "attachment; filename*=utf-8''%C3%9Cberblick.pdf"),
        ("日本.pdf", "attachment; filename*=utf-8''%E6%97%A5%E6%9C%AC.pdf"),
    ],
)
def test_it_gives_the_name_as_rfc_6266_says(alice, name, header):
    attachment = make_attachment(alice.workspace, filename=name)
    assert alice.api.get(url_of(attachment))["Content-Disposition"] == header


@pytest.mark.parametrize(
    ("content", "declared", "type", "shown"),
    [
        (PNG, "image/png", "image/png", "inline"),
        (b"words", "text/plain; charset=utf-8", "text/plain; charset=utf-8", "inline"),
        (HTML, "text/html", "text/html", "attachment"),
        (SVG, "image/svg+xml", "image/svg+xml", "attachment"),
        (HTML, "image/png", "application/octet-stream", "attachment"),
        (b"\0\1\2", "application/octet-stream", "application/octet-stream", "attachment"),
    ],
)
def test_it_shows_inline_only_what_cannot_act(alice, content, declared, type, shown):
    attachment = make_attachment(alice.workspace, content, filename="x", content_type=declared)
    response = alice.api.get(url_of(attachment), {"inline": "true"})
    assert response["Content-Type"] == type
    assert response["Content-Disposition"].startswith(f"{shown};")
    assert alice.api.get(url_of(attachment))["Content-Disposition"].startswith("attachment;")


def test_it_says_that_the_bytes_have_not_come(alice):
    response = alice.api.get(url_of(make_reserved(alice.workspace)))
    assert response.status_code == 425
    assert response.json()["error"]["code"] == "attachment_not_ready"


def test_it_says_when_and_why_the_bytes_went(alice, attachment):
    purge_expired(at=timezone.now() + UNUSED_LIFE)
    response = alice.api.get(url_of(attachment))
    assert response.status_code == 410
    error = response.json()["error"]
    assert error["code"] == "attachment_gone"
    assert error["details"]["reason"] == "expired"
    assert error["details"]["at"]


def test_it_says_that_the_storage_has_lost_the_bytes(alice, attachment):
    attachment_storage().delete(attachment.blob.key)
    response = alice.api.get(url_of(attachment))
    assert response.status_code == 410
    assert response.json()["error"]["code"] == "bytes_missing"
    assert Attachment.objects.get().state == "ready"
    lose_attachment(attachment=attachment)
    assert alice.api.get(url_of(attachment)).json()["error"]["code"] == "attachment_gone"


def test_it_asks_the_database_twice(alice, attachment, django_assert_num_queries):
    api = alice.api
    with django_assert_num_queries(2):  # the key, the attachment with its blob
        assert content_of(api.get(url_of(attachment))) == BYTES
