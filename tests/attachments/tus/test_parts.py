"""Uploads as they lie in S3 until the last byte (`--files=s3`)"""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.utils import timezone

from attachments.errors import StorageUnavailable
from attachments.models import Upload
from attachments.retention import purge
from attachments.s3 import S3Storage
from attachments.services import RESERVATION_LIFE
from attachments.storage import attachment_storage
from attachments.uploads import adopt_due, adopt_upload
from tests.attachments.tus.client import (
    bytes_of,
    checksum,
    file_of,
    make_upload,
    offset_of,
    patch,
    settle,
)
from tests.attachments.tus.test_end import remains

MIB = 1024 * 1024
PART_BYTES = S3Storage.part_bytes
CONTENT = random.Random(7).randbytes(11 * MIB + 3)  # two parts and a bit
END = len(CONTENT)


@pytest.fixture(autouse=True)
def storage(request: pytest.FixtureRequest) -> S3Storage:
    if request.config.getoption("files") != "s3":
        pytest.skip("says something about S3")
    return attachment_storage()


@pytest.fixture
def upload(alice) -> Upload:
    return make_upload(alice.workspace, len(CONTENT))


def append(alice, upload: Upload, size: int, **words: Any) -> int:
    """Send the next bytes; gives the offset."""
    begin = Upload.objects.get(pk=upload.pk).offset
    answer = patch(alice, upload, CONTENT[begin : begin + size], offset=begin, **words)
    assert answer.status == 204, answer.body
    return int(answer.headers["Upload-Offset"])


@pytest.mark.parametrize(
    ("size", "whole"),
    [
        (END, END),
        (2 * MIB, END),
        (PART_BYTES - 1, END),
        (PART_BYTES, 2 * PART_BYTES),
        (PART_BYTES + 1, END),
        (2 * PART_BYTES, PART_BYTES),
        (MIB, PART_BYTES - 1),
    ],
)
def test_pieces_of_any_size_make_the_file(alice, size, whole):
    upload = make_upload(alice.workspace, whole)
    for begin in range(0, whole, size):
        end = min(begin + size, whole)
        assert patch(alice, upload, CONTENT[begin:end], offset=begin).status == 204
        assert offset_of(alice, upload) == end
    settle(upload)
    assert bytes_of(file_of(upload)) == CONTENT[:whole]
    assert remains(upload) == []


def test_what_is_too_small_for_a_part_lies_beside(alice, upload, storage):
    assert append(alice, upload, 2 * PART_BYTES + 8) == 2 * PART_BYTES + 8
    row = Upload.objects.get()
    assert [size for _, size in row.parts] == [PART_BYTES, PART_BYTES]
    with storage.open(row.rest) as file:
        assert file.read() == CONTENT[2 * PART_BYTES :][:8]
    assert append(alice, upload, 3) == 2 * PART_BYTES + 11
    assert not storage.exists(row.rest)
    assert append(alice, upload, 0) == 2 * PART_BYTES + 11


def test_a_cut_keeps_what_came(alice, upload):
    answer = patch(alice, upload, CONTENT[: 6 * MIB], length=END)
    assert answer.headers["Upload-Offset"] == str(6 * MIB)
    append(alice, upload, END)
    settle(upload)
    assert bytes_of(file_of(upload)) == CONTENT


def test_parts_of_a_piece_without_its_checksum_are_not_used(alice, upload):
    append(alice, upload, MIB)
    wrong = checksum(b"other")
    assert patch(alice, upload, b"X" * (6 * MIB), offset=MIB, Upload_Checksum=wrong).status == 460
    assert offset_of(alice, upload) == MIB
    append(alice, upload, END, Upload_Checksum=checksum(CONTENT[MIB:]))
    settle(upload)
    assert bytes_of(file_of(upload)) == CONTENT


def test_it_goes_on_after_a_storage_that_failed(alice, upload, monkeypatch):
    append(alice, upload, MIB)

    def fails(*words: object, **more: object) -> str:
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(S3Storage, "put_part", fails)
        answer = patch(alice, upload, CONTENT[MIB:], offset=MIB)
    assert answer.status == 503
    assert offset_of(alice, upload) == MIB
    append(alice, upload, END)
    settle(upload)
    assert bytes_of(file_of(upload)) == CONTENT


def test_a_worker_that_died_behind_the_joining_is_followed_by_another(alice, upload, monkeypatch):
    append(alice, upload, END)
    join = S3Storage.join_parts

    def dies(*words: Any) -> None:
        join(*words)
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(S3Storage, "join_parts", dies)
        with pytest.raises(RuntimeError):
            settle(upload)
    assert file_of(upload).state == "reserved"
    settle(upload)
    assert bytes_of(file_of(upload)) == CONTENT


def test_the_clock_finds_what_no_worker_was_called_for(alice, upload):
    append(alice, upload, END)
    assert adopt_due(at=timezone.now()) == 1
    assert bytes_of(file_of(upload)) == CONTENT


@pytest.mark.django_db(transaction=True)
def test_the_last_byte_calls_a_worker(alice, upload, monkeypatch):
    started: list[str] = []
    monkeypatch.setattr("attachments.resuming.adopt_upload.delay", started.append)
    append(alice, upload, END - 1)
    assert started == []
    append(alice, upload, 1)
    assert started == [upload.pk.hex]
    adopt_upload(upload.pk)
    assert bytes_of(file_of(upload)) == CONTENT


@pytest.mark.django_db(transaction=True)
def test_parts_go_with_an_upload_that_is_left_alone(alice, upload):
    append(alice, upload, 6 * MIB)
    assert len(remains(upload)) == 2
    purge(at=timezone.now() + RESERVATION_LIFE)
    assert remains(upload) == []
