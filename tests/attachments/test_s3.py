"""Bytes that go to and from S3 without us, with real signatures (`--files=s3`)"""

from __future__ import annotations

import subprocess
from datetime import timedelta
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from attachments import confirm
from attachments.models import Attachment, Blob
from attachments.retention import purge
from attachments.s3 import S3Storage
from attachments.serializers import spell_attachment
from attachments.services import RESERVATION_LIFE
from attachments.storage import ObjectChanged, attachment_storage
from attachments.uploads import adopt_due, adopt_upload
from project.events.models import Event
from project.ids import spell
from tests.attachments.make import make_attachment, make_reserved
from tests.attachments.wire import send

FOO = sha256(b"foo").hexdigest()
SOON = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def storage(request: pytest.FixtureRequest) -> S3Storage:
    if request.config.getoption("files") != "s3":
        pytest.skip("says something about S3")
    return attachment_storage()


@pytest.fixture
def reserved(alice) -> Attachment:
    return make_reserved(alice.workspace, 3, filename="a.pdf")


def put(url: str, body: bytes, *, method: str = "PUT", **headers: str) -> HTTPResponse:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=20)
    connection.request(method, f"{parts.path}?{parts.query}", body or None, headers)
    response = connection.getresponse()
    response.read()
    return response


def upload_url(attachment: Attachment) -> str:
    return spell_attachment(attachment)["upload"]["url"]


def due(attachment: Attachment) -> None:
    """Let the clock be about to look."""
    Attachment.objects.filter(pk=attachment.pk).update(look_at=timezone.now())


def test_a_file_goes_to_the_storage_as_curl_sends_it(alice, reserved, storage, tmp_path):
    (tmp_path / "f").write_bytes(b"foo")
    url = upload_url(reserved)
    assert not url.startswith("http://127.0.0.1:8000")
    command = ["curl", "-sS", "--fail", "--upload-file", str(tmp_path / "f"), url]
    subprocess.run(command, check=True, timeout=30)
    due(reserved)
    assert adopt_upload(reserved.pk)
    reserved.refresh_from_db()
    assert (reserved.state, reserved.sha256, reserved.look_at) == ("ready", FOO, None)
    assert not storage.exists(reserved.incoming_key)
    kinds = Event.objects.order_by("position").values_list("kind", flat=True)
    assert list(kinds) == ["attachment.stored", "attachment.ready"]
    content = alice.api.get(f"/api/v1/attachments/{spell('att', reserved.pk)}/content")
    assert b"".join(content.streaming_content) == b"foo"


@pytest.mark.parametrize("body", [b"", b"fo", b"fools"])
def test_the_storage_refuses_another_length(reserved, body, storage):
    assert put(upload_url(reserved), body).status in (400, 403)
    assert not storage.exists(reserved.incoming_key)


def test_the_storage_refuses_a_changed_url(alice, reserved, storage):
    other = make_reserved(alice.workspace, 3)
    changed = upload_url(reserved).replace(reserved.pk.hex, other.pk.hex)
    assert put(changed, b"foo").status == 403
    assert not storage.exists(other.incoming_key)


def test_the_type_is_not_signed(reserved):
    headers = {"Content-Type": "text/odd"}
    assert put(upload_url(reserved), b"foo", **headers).status == 200


@pytest.mark.django_db(transaction=True)
def test_reading_the_file_has_a_worker_take_the_bytes_over(alice, reserved, monkeypatch):
    started: list[str] = []
    monkeypatch.setattr(confirm.adopt_upload, "delay", started.append)
    url = f"/api/v1/attachments/{spell('att', reserved.pk)}"
    assert alice.api.get(url).json()["state"] == "reserved"
    assert started == []
    put(upload_url(reserved), b"foo")
    assert alice.api.get(url).json()["state"] == "reserved"
    assert started == [reserved.pk.hex]
    confirm.adopt_upload(*started)
    assert alice.api.get(url).json()["state"] == "ready"


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_hinders_nobody(alice, reserved, monkeypatch):
    def refuses(id: str) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(confirm.adopt_upload, "delay", refuses)
    put(upload_url(reserved), b"foo")
    assert alice.api.get(f"/api/v1/attachments/{spell('att', reserved.pk)}").status_code == 200
    assert adopt_due(at=timezone.now()) == 1


def test_the_clock_finds_what_nobody_asks_for(reserved):
    assert adopt_due(at=timezone.now() - SOON) == 0
    put(upload_url(reserved), b"foo")
    due(reserved)
    assert adopt_due(at=timezone.now()) == 1
    assert adopt_due(at=timezone.now()) == 0


def test_the_clock_looks_ever_less_often(reserved):
    for age, longest in ((0, 3), (600, 11), (86_400, 61)):
        created = timezone.now() - timedelta(seconds=age)
        Attachment.objects.update(look_at=timezone.now(), created_at=created)
        assert adopt_due(at=timezone.now()) == 0
        reserved.refresh_from_db()
        wait = (reserved.look_at - timezone.now()).total_seconds()
        assert 0 < wait <= longest


def test_one_worker_at_a_time_reads_the_bytes(reserved):
    put(upload_url(reserved), b"foo")
    Attachment.objects.update(look_at=timezone.now() + 2 * SOON)
    assert not adopt_upload(reserved.pk)


def test_taking_over_twice_changes_nothing(alice, reserved):
    put(upload_url(reserved), b"foo")
    due(reserved)
    assert adopt_upload(reserved.pk)
    assert not adopt_upload(reserved.pk)
    assert Event.objects.filter(kind="attachment.ready").count() == 1


def test_other_bytes_than_announced_are_thrown_away_and_said(alice, storage):
    reserved = make_reserved(alice.workspace, 3, sha256=FOO)
    put(upload_url(reserved), b"bar")
    due(reserved)
    assert not adopt_upload(reserved.pk)
    assert not storage.exists(reserved.incoming_key)
    body = alice.api.get(f"/api/v1/attachments/{spell('att', reserved.pk)}").json()
    assert (body["state"], body["reason"]["code"]) == ("reserved", "upload_unfit")
    assert FOO in body["reason"]["message"]
    put(upload_url(reserved), b"foo")
    due(reserved)
    assert adopt_upload(reserved.pk)
    reserved.refresh_from_db()
    assert (reserved.state, reserved.reason_code) == ("ready", "")


def test_equal_bytes_are_stored_once(alice, reserved):
    there = make_attachment(alice.workspace, b"foo")
    put(upload_url(reserved), b"foo")
    due(reserved)
    adopt_upload(reserved.pk)
    reserved.refresh_from_db()
    assert reserved.blob == there.blob


def test_only_the_bytes_that_were_hashed_are_kept(reserved, storage, monkeypatch):
    url = upload_url(reserved)
    put(url, b"foo")
    due(reserved)
    copy = S3Storage.copy

    def late(self: S3Storage, source: str, target: str, *, etag: str) -> None:
        put(url, b"bar")
        copy(self, source, target, etag=etag)

    with monkeypatch.context() as patch:
        patch.setattr(S3Storage, "copy", late)
        assert not adopt_upload(reserved.pk)
    assert not Blob.objects.exists()
    due(reserved)
    assert adopt_upload(reserved.pk)
    reserved.refresh_from_db()
    assert reserved.sha256 == sha256(b"bar").hexdigest()


def test_a_reader_notices_when_the_object_changes(storage):
    url = storage.upload_url("incoming/x", length=3, ttl=SOON)
    put(url, b"foo")
    with storage.open("incoming/x") as file:
        put(url, b"bar")
        with pytest.raises(ObjectChanged):
            file.seek(1)  # asks anew


@pytest.mark.django_db(transaction=True)
def test_bytes_of_a_reservation_that_is_given_up_go(reserved, storage):
    put(upload_url(reserved), b"foo")
    purge(at=timezone.now() + RESERVATION_LIFE)
    assert not storage.exists(reserved.incoming_key)


def test_a_download_is_served_by_the_storage(alice):
    attachment = make_attachment(alice.workspace, b"foo", filename="Über.html")
    url = spell_attachment(attachment)["download_url"]
    head = send("HEAD", url)
    assert (head.status, head.headers["Content-Length"]) == (200, "3")
    answer = send("GET", url)
    assert (answer.status, answer.headers["Cache-Control"]) == (302, "no-store")
    there = put(answer.headers["Location"], b"", method="GET", Range="bytes=1-")
    assert there.status == 206
    assert there.headers["Content-Disposition"] == "attachment; filename*=utf-8''%C3%9Cber.html"
    assert there.headers["Content-Type"].startswith("text/html")
