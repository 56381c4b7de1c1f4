"""PUT /up/{id}?…"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments import signing
from attachments.incoming import incoming_folder
from attachments.models import Attachment, Blob
from attachments.retention import delete_attachment, purge_expired
from attachments.services import RESERVATION_LIFE, UPLOAD_URL_LIFE
from project.events.models import Event
from project.ids import new_id, spell
from tests.attachments.limited import file_size_limit
from tests.attachments.make import make_reserved
from tests.attachments.statements import verbs_of
from tests.attachments.wire import send

FOO = sha256(b"foo").hexdigest()


def upload_url(attachment: Attachment, *, length: int | None = None, life=UPLOAD_URL_LIFE) -> str:
    return signing.upload_url(
        id=attachment.pk,
        length=attachment.size if length is None else length,
        expires_at=timezone.now() + life,
    )


def changed(url: str, **values: object) -> str:
    parts = urlsplit(url)
    query = {name: value[0] for name, value in parse_qs(parts.query).items()} | values
    return parts._replace(query=urlencode(query)).geturl()


def code_of(answer) -> str:
    return answer.json()["error"]["code"]


@pytest.fixture
def reserved(alice) -> Attachment:
    return make_reserved(alice.workspace, 3, filename="a.bin")


def assert_still_reserved(attachment: Attachment) -> None:
    attachment.refresh_from_db()
    assert (attachment.state, attachment.blob, attachment.sha256) == ("reserved", None, "")
    assert not Blob.objects.exists()
    assert not incoming_folder().exists() or not list(incoming_folder().iterdir())


def test_it_takes_the_bytes_without_a_key(reserved, alice):
    answer = send("PUT", upload_url(reserved), b"foo")
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, b"", f'"{FOO}"')
    reserved.refresh_from_db()
    assert (reserved.state, reserved.sha256, reserved.size) == ("ready", FOO, 3)
    assert [event.kind for event in Event.objects.order_by("position")] == [
        "attachment.stored",
        "attachment.ready",
    ]
    body = alice.api.get(f"/api/v1/attachments/{spell('att', reserved.pk)}").json()
    assert body["sha256"] == FOO
    assert "upload" not in body


def test_it_takes_bytes_of_any_type_or_none(alice):
    for type in (
        "",
        "image/png",
        "application/json",
        "multipart/form-data; boundary=x",
        "nonsense",
    ):
        reserved = make_reserved(alice.workspace, 3, filename="a.pdf")
        assert send("PUT", upload_url(reserved), b"foo", CONTENT_TYPE=type).status == 200
        reserved.refresh_from_db()
        assert reserved.content_type == "application/pdf"


def test_it_sniffs_the_type_where_nothing_else_says_it(alice):
    reserved = make_reserved(alice.workspace, 8, filename="scan")
    send("PUT", upload_url(reserved), b"%PDF-1.7")
    reserved.refresh_from_db()
    assert reserved.content_type == "application/pdf"


def test_it_takes_an_empty_file(alice):
    reserved = make_reserved(alice.workspace, 0)
    assert send("PUT", upload_url(reserved)).status == 200
    reserved.refresh_from_db()
    assert reserved.state == "ready"


def test_it_takes_the_same_bytes_again_and_no_others(reserved):
    url = upload_url(reserved)
    assert [send("PUT", url, body).status for body in (b"foo", b"foo", b"bar")] == [200, 200, 409]
    answer = send("PUT", url, b"bar")
    assert code_of(answer) == "bytes_differ"
    assert FOO in answer.json()["error"]["message"]
    reserved.refresh_from_db()
    assert reserved.sha256 == FOO
    assert Event.objects.filter(kind="attachment.ready").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"expires": 9999999999},
        {"length": 4},
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "ü"},
        {"expires": ""},
        {"expires": "x"},
        {"length": ""},
    ],
)
def test_it_refuses_a_changed_url(reserved, change):
    answer = send("PUT", changed(upload_url(reserved), **change), b"foo")
    assert (answer.status, code_of(answer)) == (403, "signature_invalid")
    assert_still_reserved(reserved)


def test_it_refuses_the_url_of_another_file(reserved, alice):
    other = make_reserved(alice.workspace, 3)
    url = upload_url(other).replace(spell("att", other.pk), spell("att", reserved.pk))
    assert send("PUT", url, b"foo").status == 403
    assert_still_reserved(reserved)


def test_it_refuses_a_download_url(reserved):
    url = signing.download_url(
        id=reserved.pk, filename="a", expires_at=timezone.now() + UPLOAD_URL_LIFE
    )
    query = urlsplit(url).query
    assert send("PUT", f"/up/{spell('att', reserved.pk)}?{query}", b"foo").status == 403


def test_it_refuses_an_expired_url(reserved):
    url = upload_url(reserved)
    with time_machine.travel(timezone.now() + UPLOAD_URL_LIFE):
        answer = send("PUT", url, b"foo")
    assert (answer.status, code_of(answer)) == (403, "link_expired")
    assert_still_reserved(reserved)


def test_it_takes_urls_signed_with_a_former_secret(reserved, settings):
    url = upload_url(reserved)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "new" * 20
    assert send("PUT", url, b"foo").status == 403
    settings.SECRET_KEY_FALLBACKS = [former]
    assert send("PUT", url, b"foo").status == 200


def test_it_refuses_more_bytes_than_were_reserved(reserved):
    answer = send("PUT", upload_url(reserved), b"fools")
    assert (answer.status, code_of(answer)) == (413, "file_too_large")
    error = answer.json()["error"]
    assert (error["limit"], error["actual"]) == (3, 5)
    assert_still_reserved(reserved)


def test_it_refuses_fewer_bytes_than_were_reserved(reserved):
    answer = send("PUT", upload_url(reserved), b"fo")
    assert (answer.status, code_of(answer)) == (400, "wrong_length")
    error = answer.json()["error"]
    assert (error["limit"], error["actual"]) == (3, 2)
    assert_still_reserved(reserved)


def test_it_keeps_nothing_of_a_body_that_is_cut_off(reserved):
    answer = send("PUT", upload_url(reserved), b"fo", length=3)
    assert (answer.status, code_of(answer)) == (400, "incomplete_body")
    assert_still_reserved(reserved)


def test_it_refuses_bytes_with_another_digest_than_announced(alice):
    reserved = make_reserved(alice.workspace, 3, sha256=FOO)
    answer = send("PUT", upload_url(reserved), b"bar")
    assert (answer.status, code_of(answer)) == (422, "digest_mismatch")
    reserved.refresh_from_db()
    assert reserved.state == "reserved"
    assert send("PUT", upload_url(reserved), b"foo").status == 200


def test_it_stores_nothing_half_when_the_disk_is_full(alice):
    reserved = make_reserved(alice.workspace, 2_000_000)
    with file_size_limit(1_000_000):
        answer = send("PUT", upload_url(reserved), b"x" * 2_000_000)
    assert (answer.status, code_of(answer)) == (503, "storage_full")
    assert_still_reserved(reserved)
    assert send("PUT", upload_url(reserved), b"x" * 2_000_000).status == 200


def test_it_has_no_place_for_unknown_and_deleted_files(reserved):
    url = upload_url(reserved)
    delete_attachment(attachment=reserved)
    assert send("PUT", url, b"foo").status == 404
    stranger = Attachment(pk=new_id(), size=3)
    assert send("PUT", upload_url(stranger), b"foo").status == 404
    assert send("PUT", "/up/att_nonsense?expires=1&length=3&signature=x", b"foo").status == 404


def test_it_says_that_the_reservation_was_given_up(reserved):
    url = upload_url(reserved, life=RESERVATION_LIFE + timedelta(days=1))
    purge_expired(at=timezone.now() + RESERVATION_LIFE)
    answer = send("PUT", url, b"foo")
    assert (answer.status, code_of(answer)) == (410, "attachment_gone")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_it_only_takes_put(reserved, method):
    assert send(method, upload_url(reserved)).status == 405
    assert_still_reserved(reserved)


@pytest.mark.django_db(transaction=True)
def test_it_asks_the_database_little(reserved):
    with CaptureQueriesContext(connection) as queries:
        assert send("PUT", upload_url(reserved), b"foo").status == 200
    assert verbs_of(queries) == [
        "SELECT",  # the reservation
        "SELECT",  # a blob with these bytes
        "UPDATE",  # the bytes that the workspace stores
        "INSERT",  # the blob
        "SELECT",  # the reservation, locked
        "UPDATE",
        "INSERT",  # two events
        "SELECT",  # deliveries that waited for it
    ]
