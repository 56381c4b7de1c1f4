"""What the code relies on of a storage, whichever it is (`--files=disk|s3`)"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from attachments.errors import StorageFull
from attachments.storage import DiskStorage, attachment_storage
from tests.attachments.limited import file_size_limit
from tests.attachments.make import make_incoming

HOUR = timedelta(hours=1)


@pytest.fixture
def key() -> str:
    name = secrets.token_hex(32)
    return f"workspace/{name[:2]}/{name}"


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> DiskStorage:
    if request.config.getoption("files") != "disk":
        pytest.skip("says something about the disk")
    return attachment_storage()


def test_it_keeps_an_incoming_file(key):
    content = os.urandom(700_000)
    storage = attachment_storage()
    with make_incoming(content) as incoming:
        assert storage.save(key, incoming) == key
    assert storage.size(key) == len(content)
    with storage.open(key) as file:
        assert file.read() == content
        assert file.size == len(content)


def test_it_keeps_any_other_file(key):
    storage = attachment_storage()
    storage.save(key, ContentFile(b"foo bar"))
    with storage.open(key) as file:
        assert b"".join(file.chunks(2)) == b"foo bar"


def test_it_keeps_an_empty_file(key):
    storage = attachment_storage()
    with make_incoming(b"") as incoming:
        storage.save(key, incoming)
    with storage.open(key) as file:
        assert file.read() == b""


def test_it_reads_from_anywhere(key):
    content = bytes(range(256)) * 4
    storage = attachment_storage()
    storage.save(key, ContentFile(content))
    with storage.open(key) as file:
        for place in (100, 0, 1020, 512):
            file.seek(place)
            assert file.read(8) == content[place : place + 8]
            assert file.tell() == min(place + 8, 1024)
        file.seek(0, os.SEEK_END)
        assert file.read(8) == b""


def test_it_tells_what_lies_there_in_the_order_of_keys(key):
    """That of their bytes, in which a slash comes after a dot and a minus."""
    storage = attachment_storage()
    names = ("a", "a-b", "a.b", "b/b", "b/b.c", "b/c/c", "b0", "c/a", "A")
    for name in names:
        storage.save(f"{key}/{name}", ContentFile(name.encode()))
    before = timezone.now() - HOUR
    walked = list(storage.walk(prefix=f"{key}/"))
    assert [found.key for found in walked] == sorted(f"{key}/{name}" for name in names)
    assert [found.size for found in walked] == [len(name) for name in sorted(names)]
    assert all(before < found.since < before + 2 * HOUR for found in walked)
    for found in walked:
        rest = list(storage.walk(prefix=f"{key}/", after=found.key))
        assert rest == walked[walked.index(found) + 1 :]
    assert next(storage.walk(prefix=f"{key}/b/b")).key == f"{key}/b/b"
    assert list(storage.walk(prefix=f"{key}/d")) == []


def test_the_disk_counts_from_when_a_name_was_made(disk, key):
    """Bytes may be days old when they come to lie at a key that somebody is about to note."""
    disk.save("incoming/old", ContentFile(b"foo"))
    past = timezone.now() - timedelta(days=2)
    os.utime(disk.path("incoming/old"), (past.timestamp(), past.timestamp()))
    disk.copy("incoming/old", key, etag="")
    (found,) = disk.walk(prefix=key)
    assert found.since > timezone.now() - HOUR
    disk.delete("incoming/old")


def test_what_is_not_there_is_a_file_not_found_error(key):
    storage = attachment_storage()
    with pytest.raises(FileNotFoundError):
        storage.open(key)
    with pytest.raises(FileNotFoundError):
        storage.size(key)
    assert not storage.exists(key)
    storage.delete(key)


def test_what_was_deleted_is_not_there(key):
    storage = attachment_storage()
    storage.save(key, ContentFile(b"foo"))
    assert storage.exists(key)
    storage.delete(key)
    assert not storage.exists(key)


def test_the_disk_has_no_addresses_of_its_own(disk, key):
    assert disk.upload_url(key, length=3, ttl=HOUR) is None
    assert (
        disk.download_url(key, name="a", type="text/plain", disposition="attachment", ttl=HOUR)
        is None
    )


def test_the_disk_is_readable_by_nobody_else(disk, key):
    with make_incoming(b"foo") as incoming:
        disk.save(key, incoming)
    path = Path(disk.path(key))
    assert path.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in list(path.parents)[:2]} == {0o700}


def test_the_disk_moves_an_incoming_file(disk, key):
    with make_incoming(b"foo") as incoming:
        before = Path(incoming.temporary_file_path()).stat().st_ino
        disk.save(key, incoming)
    assert Path(disk.path(key)).stat().st_ino == before


def test_the_bytes_are_on_the_disk_before_they_count_as_stored(disk, key, monkeypatch):
    synced: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    with make_incoming(b"foo") as incoming:
        temporary = incoming.temporary_file_path()
        disk.save(key, incoming)
    folder = Path(disk.path(key)).parent
    assert synced[0] == temporary
    assert str(folder) in synced[1:]
    assert str(folder.parent) in synced[1:]


def test_a_full_disk_says_so(disk, key):
    with file_size_limit(1000), pytest.raises(StorageFull):
        disk.save(key, ContentFile(b"x" * 2000))
