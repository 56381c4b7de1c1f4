"""Files on their way in."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from django.conf import settings

from attachments.errors import StorageFull
from attachments.measure import Measure

BLOCK_BYTES = 256 * 1024
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def room_needed() -> Iterator[None]:
    """Turn the operating system's ways to say "full" into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull from error
        raise


def incoming_folder() -> Path:
    """Where bytes lie before they have a final place: beside it, so that a rename moves them."""
    return Path(settings.FILES_DIR) / "incoming"


def create_incoming(path: Path, flags: int = 0) -> int:
    """A descriptor of a file in that folder, readable by this user only; made if missing."""
    flags |= os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


class Incoming:
    """A file that is written once, to a temporary name, and measured as it comes.

    Beyond `limit` bytes nothing is kept and the counting goes on, so that a refusal can name the
    true size. Closing it removes what no storage has taken. Raises StorageFull.
    `judges_lines` is for files, which a mail may carry: see `Measure`.
    """

    def __init__(self, *, limit: int | None = None, judges_lines: bool = True) -> None:
        self.limit = limit
        self.name = secrets.token_hex(16)
        self._measure = Measure(judges_lines=judges_lines)
        self._beyond = 0
        self._path = incoming_folder() / self.name
        with room_needed():
            self._descriptor = create_incoming(self._path, os.O_EXCL)

    def write(self, chunk: bytes) -> None:
        if self._beyond or (self.limit is not None and self.size + len(chunk) > self.limit):
            self._beyond += len(chunk)
            os.ftruncate(self._descriptor, 0)
            return
        self._measure.update(chunk)
        rest = memoryview(chunk)
        with room_needed():
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def write_from(self, stream: Readable) -> None:
        """Write all that `stream` has, block by block."""
        while block := stream.read(BLOCK_BYTES):
            self.write(block)

    @property
    def size(self) -> int:
        """Bytes that came, kept or not."""
        return self._measure.size + self._beyond

    @property
    def is_whole(self) -> bool:
        """Whether every byte that came was kept."""
        return not self._beyond

    @property
    def sha256(self) -> str:
        return self._measure.sha256

    @property
    def head(self) -> bytes:
        return self._measure.head

    @property
    def encoding(self) -> str:
        return self._measure.encoding

    def chunks(self, chunk_size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """The kept bytes from the start, for a storage."""
        with self._path.open("rb", buffering=0) as file:
            while block := file.read(chunk_size):
                yield block

    def temporary_file_path(self) -> str:
        """Where the bytes are; Django's disk storage moves a file that has this."""
        return str(self._path)

    def sync(self) -> None:
        """Return when the bytes are on the disk."""
        with room_needed():
            os.fsync(self._descriptor)

    def close(self) -> None:
        if self._descriptor < 0:
            return
        os.close(self._descriptor)
        self._descriptor = -1
        with suppress(FileNotFoundError):  # the storage has moved it
            self._path.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
