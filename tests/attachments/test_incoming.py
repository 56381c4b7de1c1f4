from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path

import pytest

from attachments.errors import StorageFull
from attachments.incoming import Incoming, incoming_folder
from tests.attachments.limited import file_size_limit
from tests.attachments.make import make_incoming


def left_behind() -> list[Path]:
    return list(incoming_folder().iterdir())


def test_it_measures_what_it_writes():
    content = b"abc" * 200_000
    with Incoming() as incoming:
        incoming.write_from(io.BytesIO(content))
        assert incoming.size == len(content)
        assert incoming.sha256 == sha256(content).hexdigest()
        assert b"".join(incoming.chunks()) == content


def test_it_leaves_nothing_behind():
    with make_incoming(b"abc"):
        assert left_behind()
    assert not left_behind()


def test_it_is_readable_by_nobody_else():
    with make_incoming(b"abc") as incoming:
        path = Path(incoming.temporary_file_path())
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_it_counts_beyond_its_limit_and_keeps_nothing():
    with Incoming(limit=5) as incoming:
        for _ in range(3):
            incoming.write(b"abc")
        assert (incoming.size, incoming.is_whole) == (9, False)
        assert Path(incoming.temporary_file_path()).stat().st_size == 0


def test_it_says_so_when_the_disk_is_full():
    with file_size_limit(100_000), Incoming() as incoming, pytest.raises(StorageFull):
        incoming.write(b"x" * 200_000)
    assert not left_behind()
