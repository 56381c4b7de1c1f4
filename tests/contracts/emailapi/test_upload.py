"""POST /api/email/attachments"""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from attachments.models import Attachment, Blob
from tests.contracts.emailapi.wire import (
    FILES,
    MAX,
    PDF,
    SECOND,
    error_of,
    fetch,
    path_of,
    post_file,
    upload,
)
from tests.make import api_with

pytestmark = pytest.mark.django_db(transaction=True)


def test_r1_r2_r4_r6_r7_r8_it_takes_a_form_and_answers_201_with_eight_fields(alice):
    response = post_file(alice.api)
    assert response.status_code == 201
    body = response.json()
    assert list(body) == ["success", "data", "message"]
    assert body["success"] is True
    assert body["message"] == "Attachment uploaded successfully"
    assert list(body["data"]) == [
        *("id", "filename", "contentType", "size", "url", "downloadUrl", "createdAt", "expiresAt")
    ]
    assert body["data"]["id"].startswith("att_")
    assert body["data"]["filename"] == "document.pdf"
    assert body["data"]["contentType"] == "application/pdf"
    assert body["data"]["size"] == len(PDF)


def test_r5_a_custom_name_replaces_the_original(alice):
    assert upload(alice.api, filename="invoice-jan-2024.pdf")["filename"] == "invoice-jan-2024.pdf"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", "document.pdf"),
        ("   ", "document.pdf"),
        ("  a.pdf ", "a.pdf"),
        ("../../etc/a.pdf", "a.pdf"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("invoice", "invoice"),
        ("Übersicht 日本.pdf", "Übersicht 日本.pdf"),
        ("a" * 255, "a" * 255),
    ],
)
def test_r5_a_custom_name_is_cleaned(alice, given, kept):
    assert upload(alice.api, filename=given)["filename"] == kept


@pytest.mark.parametrize("name", ["a\0.pdf", "a\nb.pdf", "a\x7f.pdf", "a" * 256])
def test_r5_a_name_that_cannot_be_is_refused(alice, name):
    error = error_of(post_file(alice.api, filename=name), 400)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "filename")
    assert error["details"] == [{"field": "filename", "message": error["message"]}]
    assert not Attachment.objects.exists()


def test_r9_the_url_is_that_of_the_metadata(alice, settings):
    file = upload(alice.api)
    assert file["url"] == f"{settings.PUBLIC_URL}{FILES}/{file['id']}"
    assert alice.api.get(path_of(file["url"])).json()["data"]["id"] == file["id"]


def test_r10_the_download_url_needs_no_key_and_ends_like_the_file(client, alice):
    file = upload(alice.api, bytes(range(256)))
    address = file["downloadUrl"]
    assert address.startswith("http")
    assert address.partition("?")[0].endswith(f"/{file['id']}.pdf")
    assert fetch(client, address) == bytes(range(256))


def test_r34_times_are_utc_to_the_second(alice):
    file = upload(alice.api)
    assert SECOND.fullmatch(file["createdAt"])
    assert SECOND.fullmatch(file["expiresAt"])


def test_r4_without_a_file_it_is_refused(alice):
    error = error_of(alice.api.post(FILES, {"filename": "a.pdf"}, format="multipart"), 400)
    assert error == {
        "code": "VALIDATION_ERROR",
        "message": "Send one file in the form field file.",
        "field": "file",
        "details": [{"field": "file", "message": "Send one file in the form field file."}],
    }


def test_r4_two_files_in_the_one_field_are_refused(alice):
    files = [SimpleUploadedFile(f"{n}.pdf", PDF, "application/pdf") for n in range(2)]
    error = error_of(alice.api.post(FILES, {"file": files}, format="multipart"), 400)
    assert error["field"] == "file"


def test_other_fields_are_ignored(alice):
    other = SimpleUploadedFile("b.exe", b"x", "application/x-executable")
    assert upload(alice.api, colour="red", other=other)["filename"] == "document.pdf"


def test_an_empty_file_is_a_file(alice):
    assert upload(alice.api, b"")["size"] == 0


@pytest.mark.parametrize("format", ["json", "raw"])
def test_a_body_that_is_no_form_is_refused(alice, format):
    if format == "json":
        response = alice.api.post(FILES, {"file": "x"})
    else:
        response = alice.api.post(FILES, PDF, content_type="application/pdf")
    assert error_of(response, 415)["code"] == "UNSUPPORTED_MEDIA_TYPE"


def test_a_broken_form_is_refused(alice):
    response = alice.api.generic("POST", FILES, b"foo", "multipart/form-data")
    assert error_of(response, 400)["code"] == "VALIDATION_ERROR"


def test_r25_a_file_of_exactly_25_mb_passes(alice):
    assert upload(alice.api, bytes(MAX))["size"] == MAX


def test_r25_r29_one_byte_more_does_not_and_the_true_size_is_told(alice):
    assert error_of(post_file(alice.api, bytes(MAX + 1)), 413) == {
        "code": "FILE_TOO_LARGE",
        "message": "File size exceeds 25MB limit",
        "maxSize": 26214400,
        "actualSize": 26214401,
    }
    assert not Blob.objects.exists()


def test_r29_the_size_is_true_far_beyond_the_limit(alice):
    assert error_of(post_file(alice.api, bytes(52_428_800)), 413)["actualSize"] == 52_428_800


def test_r29_a_body_beyond_every_limit_counts_as_announced(alice):
    response = alice.api.generic(
        "POST", FILES, b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(200 * 1024**2)
    )
    error = error_of(response, 413)
    assert (error["code"], error["maxSize"], error["actualSize"]) == (
        "FILE_TOO_LARGE",
        MAX,
        209_715_200,
    )


def test_size_comes_before_type_and_type_before_name(alice):
    exe = {"name": "a.exe", "declared": "application/x-executable"}
    assert error_of(post_file(alice.api, bytes(MAX + 1), **exe), 413)["code"] == "FILE_TOO_LARGE"
    assert error_of(post_file(alice.api, filename="a\n", **exe), 415)
    assert error_of(post_file(alice.api, b"x", filename="a\0", **exe), 415)


def test_r3_it_needs_a_key_with_the_scope_files(alice, client):
    response = client.post(FILES, {"file": SimpleUploadedFile("a.pdf", PDF)})
    assert error_of(response, 401)["code"] == "UNAUTHORIZED"
    assert response["WWW-Authenticate"].startswith("Bearer")
    reader = api_with(alice.workspace, "read")
    assert error_of(post_file(reader), 403)["code"] == "FORBIDDEN"
