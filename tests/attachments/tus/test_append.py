"""PATCH and HEAD /api/v1/uploads/{id}"""

from __future__ import annotations

import random
from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments import resuming
from attachments.errors import UploadBusy, UploadNotFound
from attachments.incoming import incoming_folder
from attachments.models import Attachment, Blob, Upload
from attachments.partial import drop_uploads, partial_path
from attachments.resuming import LEASE, Piece, append_to_upload
from attachments.retention import delete_attachment
from attachments.services import RESERVATION_LIFE
from attachments.storage import attachment_storage
from attachments.uploads import adopt_due
from project.events.models import Event
from tests.attachments.limited import file_size_limit
from tests.attachments.make import make_attachment
from tests.attachments.statements import verbs_of
from tests.attachments.tus.client import (
    FOOBAR,
    ask,
    bytes_of,
    checksum,
    code_of,
    file_of,
    make_upload,
    metadata,
    offset_of,
    patch,
    settle,
    start,
    upload_at,
    url_of,
)
from tests.attachments.wire import send

DIGEST = sha256(FOOBAR).hexdigest()


@pytest.fixture
def upload(alice) -> Upload:
    return make_upload(alice.workspace)


@pytest.fixture
def on_disk(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("files") != "disk":
        pytest.skip("says something about the disk")


def test_pieces_make_the_file(alice):
    content = random.Random(1).randbytes(700_000)
    answer = start(alice, len(content), Upload_Metadata=metadata(filename="a.bin"))
    upload = upload_at(answer.headers["Location"])
    for begin, end in ((0, 300_000), (300_000, 300_001), (300_001, 700_000)):
        answer = patch(alice, upload, content[begin:end], offset=begin)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["Upload-Offset"] == str(end)
        assert {"Upload-Expires", "Enclose-Attachment", "Tus-Resumable"} <= set(answer.headers)
        assert offset_of(alice, upload) == end
    settle(upload)
    file = file_of(upload)
    assert (file.state, file.sha256) == ("ready", sha256(content).hexdigest())
    assert bytes_of(file) == content
    kinds = Event.objects.order_by("position").values_list("kind", flat=True)
    assert list(kinds) == ["attachment.stored", "attachment.ready"]


def test_it_tells_how_far_it_is(alice, upload):
    patch(alice, upload, b"foo")
    answer = ask(alice, "HEAD", url_of(upload))
    assert answer.status == 200
    assert (answer.headers["Upload-Offset"], answer.headers["Upload-Length"]) == ("3", "6")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Upload-Expires" in answer.headers
    read = ask(alice, "GET", url_of(upload), Tus_Resumable=None).json()
    assert (read["offset"], read["length"], read["attachment"]["state"]) == (3, 6, "reserved")


def test_it_tells_so_after_the_last_byte_as_well(alice, upload):
    patch(alice, upload, FOOBAR)
    settle(upload)
    assert offset_of(alice, upload) == 6
    assert patch(alice, upload, b"", offset=6).status == 204
    answer = patch(alice, upload, b"x", offset=6)
    assert (answer.status, code_of(answer)) == (413, "file_too_large")
    assert bytes_of(file_of(upload)) == FOOBAR


def test_what_came_of_a_body_that_is_cut_off_counts(alice, upload):
    answer = patch(alice, upload, b"foo", length=6)
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "3")
    assert patch(alice, upload, b"bar", offset=3).status == 204
    settle(upload)
    assert bytes_of(file_of(upload)) == FOOBAR


@pytest.mark.parametrize("offset", [0, 2, 4, 6, 10**17])
def test_it_wants_the_byte_that_is_next(alice, upload, offset):
    patch(alice, upload, b"foo")
    answer = patch(alice, upload, b"b", offset=offset)
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (409, "wrong_offset")
    assert (error["limit"], error["actual"]) == (3, offset)
    assert offset_of(alice, upload) == 3


@pytest.mark.parametrize("offset", ["", "-1", "x", "9" * 400])
def test_it_wants_an_offset(alice, upload, offset):
    answer = patch(alice, upload, b"foo", Upload_Offset=offset)
    assert (answer.status, answer.json()["error"]["field"]) == (400, "Upload-Offset")


@pytest.mark.parametrize("type", ["", "application/octet-stream", "multipart/form-data"])
def test_it_wants_the_type_of_a_piece(alice, upload, type):
    answer = patch(alice, upload, b"foo", Content_Type=type)
    assert (answer.status, code_of(answer)) == (415, "not_a_piece")
    assert offset_of(alice, upload) == 0


def test_it_refuses_more_bytes_than_were_announced(alice, upload):
    patch(alice, upload, b"foo")
    answer = patch(alice, upload, b"barr", offset=3)
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (413, "file_too_large")
    assert (error["limit"], error["actual"]) == (6, 7)
    assert offset_of(alice, upload) == 3


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_it_takes_a_piece_that_has_its_checksum(alice, upload, algorithm):
    answer = patch(alice, upload, FOOBAR, Upload_Checksum=checksum(FOOBAR, algorithm))
    assert answer.status == 204
    settle(upload)
    assert bytes_of(file_of(upload)) == FOOBAR


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_it_keeps_nothing_of_one_that_has_not(alice, upload, algorithm):
    patch(alice, upload, b"foo")
    wrong = checksum(b"baz", algorithm)
    answer = patch(alice, upload, b"bar", offset=3, Upload_Checksum=wrong)
    assert (answer.status, code_of(answer)) == (460, "checksum_mismatch")
    assert offset_of(alice, upload) == 3
    right = checksum(b"bar", algorithm)
    assert patch(alice, upload, b"bar", offset=3, Upload_Checksum=right).status == 204
    settle(upload)
    assert bytes_of(file_of(upload)) == FOOBAR


def test_it_keeps_nothing_of_one_that_is_cut_off(alice, upload):
    answer = patch(alice, upload, b"foo", length=6, Upload_Checksum=checksum(FOOBAR))
    assert answer.status == 460
    assert offset_of(alice, upload) == 0


@pytest.mark.parametrize("text", ["", "sha1", "sha1 !!!", "sha1 YQ==", "md5 YQ==", "crc32 é"])
def test_it_refuses_a_checksum_that_is_none(alice, upload, text):
    answer = patch(alice, upload, FOOBAR, Upload_Checksum=text)
    assert (answer.status, answer.json()["error"]["field"]) == (400, "Upload-Checksum")
    assert offset_of(alice, upload) == 0


def test_it_refuses_bytes_that_are_not_those_announced(alice, on_disk):
    upload = make_upload(alice.workspace, sha256=DIGEST)
    answer = patch(alice, upload, b"foobaz")
    assert (answer.status, code_of(answer)) == (422, "upload_unfit")
    assert_unfit(alice, upload)


def test_it_says_so_where_a_worker_finds_out(alice):
    upload = make_upload(alice.workspace, sha256=DIGEST)
    patch(alice, upload, b"foobaz")
    settle(upload)
    assert_unfit(alice, upload)


def assert_unfit(alice, upload: Upload) -> None:
    file = file_of(upload)
    assert (file.state, file.reason_code) == ("reserved", "upload_unfit")
    assert attachment_storage().takes_uploads or file.look_at is None  # nothing to look for
    assert DIGEST in file.reason
    assert ask(alice, "HEAD", url_of(upload)).status == 404
    assert not Blob.objects.exists()


def test_it_takes_bytes_that_are(alice):
    upload = make_upload(alice.workspace, sha256=DIGEST)
    patch(alice, upload, FOOBAR)
    settle(upload)
    assert file_of(upload).state == "ready"


def test_equal_bytes_are_stored_once(alice, upload):
    there = make_attachment(alice.workspace, FOOBAR)
    patch(alice, upload, FOOBAR)
    settle(upload)
    assert file_of(upload).blob == there.blob


def test_nothing_is_left_beside_the_file(alice, upload, on_disk):
    patch(alice, upload, FOOBAR)
    assert not list(incoming_folder().iterdir())


def test_only_one_request_at_a_time_appends(alice, upload):
    Upload.objects.update(claimed_until=timezone.now() + LEASE)
    answer = patch(alice, upload, FOOBAR)
    assert (answer.status, code_of(answer)) == (423, "upload_busy")
    assert offset_of(alice, upload) == 0
    with time_machine.travel(timezone.now() + LEASE):  # it has died
        assert patch(alice, upload, FOOBAR).status == 204


def test_a_request_gives_way_when_it_is_refused(alice, upload):
    assert patch(alice, upload, FOOBAR, offset=1).status == 409
    assert patch(alice, upload, FOOBAR).status == 204


def test_who_was_silent_for_long_writes_nothing_once_another_has_come(alice, upload):
    def chunks():
        yield b"f"
        with time_machine.travel(timezone.now() + 2 * LEASE):
            assert patch(alice, upload, FOOBAR).status == 204
            yield b"XXXXX"

    with pytest.raises(UploadBusy):
        append_to_upload(upload=upload, piece=Piece(offset=0, length=6, chunks=chunks()))
    settle(upload)
    assert bytes_of(file_of(upload)) == FOOBAR


def test_who_was_silent_and_is_not_missed_goes_on(upload):
    def chunks():
        yield b"foo"
        with time_machine.travel(timezone.now() + 2 * LEASE):
            yield b"bar"

    append_to_upload(upload=upload, piece=Piece(offset=0, length=6, chunks=chunks()))
    settle(upload)
    assert bytes_of(file_of(upload)) == FOOBAR


def test_it_ends_with_the_upload(upload):
    def chunks():
        yield b"foo"
        drop_uploads([upload.pk])
        yield b"bar"

    with pytest.raises(UploadNotFound):
        append_to_upload(upload=upload, piece=Piece(offset=0, length=6, chunks=chunks()))


def test_what_comes_is_noted_while_more_is_coming(upload, on_disk, monkeypatch):
    monkeypatch.setattr(resuming, "NOTED_BYTES", 2)
    noted = []

    def chunks():
        for chunk in (b"fo", b"ob", b"ar"):
            noted.append(Upload.objects.get().offset)
            yield chunk

    append_to_upload(upload=upload, piece=Piece(offset=0, length=6, chunks=chunks()))
    assert noted == [0, 0, 2]
    assert Upload.objects.get().offset == 6


def test_bytes_beyond_the_offset_do_not_count(alice, upload, on_disk):
    """A process died between writing them and saying so."""
    patch(alice, upload, b"foo")
    with partial_path(upload.pk).open("ab") as file:
        file.write(b"XXXXXXXX")
    assert offset_of(alice, upload) == 3
    patch(alice, upload, b"b", offset=3)
    assert partial_path(upload.pk).read_bytes() == b"foob"
    patch(alice, upload, b"ar", offset=4)
    assert bytes_of(file_of(upload)) == FOOBAR


def test_an_upload_whose_file_was_taken_away_is_none(alice, upload, on_disk):
    patch(alice, upload, b"foo")
    partial_path(upload.pk).unlink()
    answer = patch(alice, upload, b"bar", offset=3)
    assert (answer.status, code_of(answer)) == (404, "upload_not_found")


def test_the_clock_finishes_what_died_behind_the_last_byte(alice, upload, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(resuming, "_finish", lambda attachment: None)
        assert patch(alice, upload, FOOBAR).status == 204
    assert file_of(upload).state == "reserved"
    assert adopt_due(at=timezone.now()) == 1
    assert bytes_of(file_of(upload)) == FOOBAR


def test_so_does_the_client_that_asks_again(alice, upload, monkeypatch, on_disk):
    with monkeypatch.context() as patched:
        patched.setattr(resuming, "_finish", lambda attachment: None)
        patch(alice, upload, FOOBAR)
    assert patch(alice, upload, b"", offset=6).status == 204
    assert bytes_of(file_of(upload)) == FOOBAR


def test_bytes_that_came_another_way_stay(alice, upload, on_disk):
    patch(alice, upload, b"foo")
    link = ask(alice, "GET", url_of(upload)).json()["attachment"]["upload"]["url"]
    assert send("PUT", link, b"barbar").status == 200
    answer = patch(alice, upload, b"bar", offset=3)
    assert (answer.status, code_of(answer)) == (409, "upload_overtaken")
    assert bytes_of(file_of(upload)) == b"barbar"


def test_a_full_disk_takes_back_nothing(alice, on_disk):
    upload = make_upload(alice.workspace, 2_000_003)
    patch(alice, upload, b"foo")
    with file_size_limit(1_000_000):
        answer = patch(alice, upload, b"x" * 2_000_000, offset=3)
    assert (answer.status, code_of(answer)) == (503, "storage_full")
    assert offset_of(alice, upload) == 3
    assert patch(alice, upload, b"x" * 2_000_000, offset=3).status == 204
    assert bytes_of(file_of(upload)) == b"foo" + b"x" * 2_000_000


def test_each_byte_gives_seven_more_days(alice, upload):
    soon = timezone.now() + timedelta(minutes=1)
    Upload.objects.update(expires_at=soon)
    Attachment.objects.update(expires_at=soon)
    assert patch(alice, upload, b"foo").status == 204
    for row in (Upload.objects.get(), file_of(upload)):
        assert row.expires_at > timezone.now() + RESERVATION_LIFE - timedelta(minutes=1)


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_an_upload_that_has_expired_is_gone(alice, upload, method):
    with time_machine.travel(timezone.now() + RESERVATION_LIFE):
        answer = patch(alice, upload, b"f") if method == "PATCH" else ask(
            alice, method, url_of(upload)
        )  # fmt: skip
    assert (answer.status, code_of(answer)) == (410, "upload_expired")


@pytest.mark.parametrize("method", ["HEAD", "GET", "PATCH", "DELETE"])
def test_an_upload_belongs_to_its_workspace(alice, bob, charlie, upload, method):
    headers = {"Upload_Offset": "0", "Content_Type": "application/offset+octet-stream"}
    answer = ask(charlie, method, url_of(upload), b"", **headers)
    assert (answer.status, code_of(answer)) == (404, "upload_not_found")
    assert Upload.objects.get() == upload
    assert ask(bob, method, url_of(upload), b"", **headers).status in (200, 204)


def test_a_colleague_may_go_on_with_it(alice, bob, upload):
    patch(alice, upload, b"foo")
    assert patch(bob, upload, b"bar", offset=3).status == 204
    settle(upload)
    assert bytes_of(file_of(upload)) == FOOBAR


def test_an_upload_of_a_deleted_file_is_none(alice, upload):
    delete_attachment(attachment=file_of(upload))
    assert ask(alice, "HEAD", url_of(upload)).status == 404
    assert patch(alice, upload, b"foo").status == 404


@pytest.mark.parametrize("id", ["upl_nonsense", "att_01kagyx6vqeq7b0m4v1c2n8t5r", "%00", "é"])
def test_there_is_no_other_upload(alice, id):
    assert ask(alice, "HEAD", f"/api/v1/uploads/{id}").status == 404


def test_a_reservation_that_was_not_made_for_it_is_none(alice, upload):
    Upload.objects.all().delete()
    answer = ask(alice, "HEAD", url_of(upload))
    assert (answer.status, code_of(answer)) == (404, "upload_not_found")


def test_clients_without_patch_say_what_they_mean(alice, upload):
    words = {"Content_Type": "application/offset+octet-stream", "X_HTTP_Method_Override": "PATCH"}
    answer = ask(alice, "POST", url_of(upload), FOOBAR, Upload_Offset="0", **words)
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "6")
    assert ask(alice, "POST", url_of(upload), X_HTTP_Method_Override="BREW").status == 405
    assert ask(alice, "POST", url_of(upload)).status == 405


@pytest.mark.django_db(transaction=True)
def test_it_asks_the_database_little(alice, upload):
    with CaptureQueriesContext(connection) as queries:
        assert patch(alice, upload, b"foo").status == 204
    assert verbs_of(queries) == [
        "SELECT",  # the key
        "SELECT",  # the upload, with its file
        "UPDATE",  # its claim
        "SELECT",  # what it is now
        "UPDATE",  # what it became
        "UPDATE",  # when the reservation expires
        "UPDATE",  # the claim is given back
    ]
