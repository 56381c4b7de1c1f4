"""POST /up/{id}/form?…"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from attachments import signing
from attachments.models import Attachment, Blob
from attachments.retention import delete_attachment
from tests.attachments.make import make_reserved

FOO = sha256(b"foo").hexdigest()


def form_url(attachment: Attachment, *, life: timedelta = timedelta(hours=1)) -> str:
    expires_at = timezone.now() + life
    return signing.form_url(id=attachment.pk, length=attachment.size, expires_at=expires_at)


def post(url: str, content: bytes = b"foo", *, field: str = "file", **fields: str):
    parts = urlsplit(url)
    file = SimpleUploadedFile("any.name", content)
    return Client().post(f"{parts.path}?{parts.query}", {**fields, field: file})


def code_of(answer) -> str:
    return answer.json()["error"]["code"]


@pytest.fixture
def reserved(alice) -> Attachment:
    return make_reserved(alice.workspace, 3, filename="a.txt")


def test_it_takes_the_file_and_no_other_field(reserved):
    answer = post(form_url(reserved), key="x", policy="y")
    assert (answer.status_code, answer.content, answer["ETag"]) == (204, b"", f'"{FOO}"')
    reserved.refresh_from_db()
    assert (reserved.state, reserved.sha256, reserved.filename) == ("ready", FOO, "a.txt")


def test_the_same_bytes_again_change_nothing(reserved):
    answers = [post(form_url(reserved), content) for content in (b"foo", b"foo", b"bar")]
    assert [answer.status_code for answer in answers] == [204, 204, 409]
    assert code_of(answers[2]) == "bytes_differ"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"fo", 400, "wrong_length"),
        (b"", 400, "wrong_length"),
        (b"fooo", 413, "file_too_large"),
        (b"x" * 300_000, 413, "file_too_large"),
    ],
)
def test_another_number_of_bytes_is_refused(reserved, content, status, code):
    answer = post(form_url(reserved), content)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.json()["error"]["actual"] == len(content)
    assert not Blob.objects.exists()


def test_a_form_without_the_file_is_refused(reserved):
    answer = post(form_url(reserved), field="upload")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "file")


def test_the_signature_is_for_this_method_file_and_time(reserved, alice):
    url = form_url(reserved)
    other = make_reserved(alice.workspace, 3)
    put = signing.upload_url(
        id=reserved.pk, length=3, expires_at=timezone.now() + timedelta(hours=1)
    )
    for wrong in (
        f"{url}0",
        f"{form_url(other).partition('?')[0]}?{url.partition('?')[2]}",
        f"{url.partition('?')[0]}?{put.partition('?')[2]}",
        url.partition("?")[0],
    ):
        answer = post(wrong)
        assert (answer.status_code, code_of(answer)) == (403, "signature_invalid")
    late = post(form_url(reserved, life=-timedelta(seconds=1)))
    assert (late.status_code, code_of(late)) == (403, "link_expired")
    assert not Blob.objects.exists()


def test_a_deleted_file_is_not_there(reserved):
    url = form_url(reserved)
    delete_attachment(attachment=reserved)
    assert post(url).status_code == 404


def test_it_takes_forms_by_post_only(reserved):
    parts = urlsplit(form_url(reserved))
    there = f"{parts.path}?{parts.query}"
    for method in ("GET", "PUT", "DELETE"):
        assert Client().generic(method, there, b"foo").status_code == 405
    assert Client().generic("POST", there, b"foo", content_type="text/plain").status_code == 415
