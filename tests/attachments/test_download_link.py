"""GET and HEAD /dl/{id}.{ext}?…"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import time_machine
from django.utils import timezone

from attachments import signing
from attachments.models import Attachment
from attachments.retention import delete_attachment
from project.ids import spell
from tests.attachments.make import make_attachment, make_reserved
from tests.attachments.test_upload_link import changed, code_of, upload_url
from tests.attachments.wire import send


def download_url(attachment: Attachment) -> str:
    return signing.download_url(
        id=attachment.pk,
        filename=attachment.filename,
        expires_at=timezone.now() + signing.DOWNLOAD_URL_LIFE,
    )


@pytest.fixture
def attachment(alice) -> Attachment:
    return make_attachment(alice.workspace, b"foo bar", filename="Über.pdf")


@pytest.fixture
def on_disk(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("files") != "disk":
        pytest.skip("the storage itself serves what is not on disk")


@pytest.mark.parametrize(
    ("filename", "ending"),
    [
        ("a.PDF", ".pdf"),
        ("a.tar.gz", ".gz"),
        ("README", ".bin"),
        ("a.é", ".bin"),
        ("a.b c", ".bin"),
    ],
)
def test_its_path_ends_like_the_files_name(alice, filename, ending):
    attachment = make_attachment(alice.workspace, filename=filename)
    path = urlsplit(download_url(attachment)).path
    assert path == f"/dl/{spell('att', attachment.pk)}{ending}"


def test_it_is_what_the_api_gives(alice, attachment):
    response = alice.api.get(f"/api/v1/attachments/{spell('att', attachment.pk)}")
    assert send("HEAD", response.json()["download_url"]).status == 200


def test_it_gives_the_bytes_without_a_key(attachment, on_disk):
    answer = send("GET", download_url(attachment))
    assert (answer.status, answer.body) == (200, b"foo bar")
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''%C3%9Cber.pdf"
    assert answer.headers["ETag"] == f'"{attachment.sha256}"'


def test_it_gives_a_part(attachment, on_disk):
    answer = send("GET", download_url(attachment), HTTP_RANGE="bytes=4-")
    assert (answer.status, answer.body) == (206, b"bar")


def test_it_answers_head_itself(attachment):
    answer = send("HEAD", download_url(attachment), HTTP_ACCEPT="image/png")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "7")


@pytest.mark.parametrize("change", [{"expires": 9999999999}, {"signature": "0"}, {"expires": ""}])
def test_it_refuses_a_changed_url(attachment, change):
    answer = send("GET", changed(download_url(attachment), **change))
    assert (answer.status, code_of(answer)) == (403, "signature_invalid")


def test_it_refuses_an_upload_url(attachment):
    query = urlsplit(upload_url(attachment)).query
    assert send("GET", f"/dl/{spell('att', attachment.pk)}.pdf?{query}").status == 403


def test_it_refuses_an_expired_url(attachment):
    url = download_url(attachment)
    with time_machine.travel(timezone.now() + signing.DOWNLOAD_URL_LIFE):
        answer = send("GET", url)
    assert (answer.status, code_of(answer)) == (403, "link_expired")


def test_it_hides_a_deleted_file(attachment):
    delete_attachment(attachment=attachment)
    assert send("GET", download_url(attachment)).status == 404


def test_it_says_that_the_bytes_have_not_come(alice):
    assert send("GET", download_url(make_reserved(alice.workspace))).status == 425


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_it_only_gives(attachment, method):
    assert send(method, download_url(attachment)).status == 405


def test_it_asks_the_database_once(attachment, on_disk, django_assert_num_queries):
    url = download_url(attachment)
    with django_assert_num_queries(1):
        send("GET", url)
