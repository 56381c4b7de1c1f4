"""Where an export goes: a folder, or a zip. What lies there under its name is whole."""

from __future__ import annotations

import fcntl
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from attachments.incoming import BLOCK_BYTES
from attachments.storage import sync_path
from project.leaving.errors import NoRoomForExport

IN_MEMORY_BYTES = 1024 * 1024
PART = ".part"
#: what bytes are called that are not those that they should be
DAMAGED = ".damaged"
#: what says whose export a folder has
MARK = "export.json"
FORMAT = "enclose-export-1"


@dataclass(frozen=True)
class Written:
    """What lies in an export now."""

    path: str
    size: int
    sha256: str


class Target(ABC):
    """A place for files, each of which is there whole or not at all. Paths are ours, with `/`."""

    #: where there is room for temporary files
    home: Path

    @abstractmethod
    def put(self, path: str, blocks: Iterable[bytes], *, sha256: str = "") -> Written:
        """Write a file; with other bytes than those of `sha256`, it is called damaged.

        Whatever `blocks` raises leaves nothing behind.
        """

    @abstractmethod
    def drop(self, path: str) -> None:
        """Take away a file of an earlier export, if there is one."""


class Folder(Target):
    """A folder; an export into it that was broken off goes on with what is not there yet."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def put(self, path: str, blocks: Iterable[bytes], *, sha256: str = "") -> Written:
        place = self.home / path
        if sha256 and place.exists():
            found = _measured(path, _read(place))
            if found.sha256 == sha256:
                return found
        part = place.with_name(place.name + PART)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with open_private(part) as file:
                written = _named(_measured(path, _copied(blocks, file)), sha256)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.home / written.path)
        finally:
            part.unlink(missing_ok=True)
        sync_path(place.parent)
        return written

    def drop(self, path: str) -> None:
        (self.home / path).unlink(missing_ok=True)


class Zip(Target):
    """A zip that is being written. What goes in is first written beside it, so that it is whole.

    In memory is its table of contents, of which zips have one.
    """

    def __init__(self, archive: ZipFile, home: Path) -> None:
        self.home = home
        self._archive = archive

    def put(self, path: str, blocks: Iterable[bytes], *, sha256: str = "") -> Written:
        with SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(self.home)) as spool:
            written = _named(_measured(path, _copied(blocks, spool)), sha256)
            spool.seek(0)
            entry = ZipInfo(written.path)
            entry.external_attr = 0o600 << 16
            with self._archive.open(entry, "w", force_zip64=True) as file:
                while block := spool.read(BLOCK_BYTES):
                    file.write(block)
        return written

    def drop(self, path: str) -> None:
        """Nothing: a zip is made anew."""


@contextmanager
def open_target(place: Path, *, workspace: str) -> Iterator[Target]:
    """The folder, or the zip, of an export of a workspace.

    A zip has its name when it is whole. Raises NoRoomForExport for a folder that has something
    else in it, for a zip that is there, and while another process exports to the same place.
    """
    if place.suffix.lower() != ".zip":
        with _open_folder(place, workspace) as folder:
            yield folder
        return
    if place.exists():
        raise NoRoomForExport(f"{place} is there already.")
    part = place.with_name(place.name + PART)
    with open_private(part, mode="r+b") as file:
        _lock(file, place)
        file.truncate()
        try:
            with ZipFile(file, "w", ZIP_STORED) as archive:
                yield Zip(archive, place.absolute().parent)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        part.rename(place)
        sync_path(place.absolute().parent)


@contextmanager
def _open_folder(place: Path, workspace: str) -> Iterator[Folder]:
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = place / MARK
    if not mark.exists() and any(place.iterdir()):
        raise NoRoomForExport(f"{place} has something else in it.")
    with open_private(mark, mode="a+b") as file:
        _lock(file, place)
        file.seek(0)
        told = file.read()
        wanted = json.dumps({"format": FORMAT, "workspace": workspace}).encode()
        if told and told != wanted:
            raise NoRoomForExport(f"{place} has the export of something else.")
        if not told:
            file.write(wanted)
            file.flush()
        yield Folder(place)


def _lock(file: IO[bytes], place: Path) -> None:
    """Held until the file is closed, by whatever end the process comes to."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NoRoomForExport(f"Another process exports to {place} right now.") from None


@contextmanager
def open_private(path: Path, *, mode: str = "wb") -> Iterator[IO[bytes]]:
    """A file that nobody but this user can read; made if it is not there."""

    def make(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_CREAT, 0o600)

    with open(path, mode, opener=make) as file:  # noqa: PTH123  a Path's own has no opener
        yield file


def _copied(
    blocks: Iterable[bytes], file: IO[bytes] | SpooledTemporaryFile[bytes]
) -> Iterator[bytes]:
    for block in blocks:
        file.write(block)
        yield block


def _measured(path: str, blocks: Iterable[bytes]) -> Written:
    size, digest = 0, sha256()
    for block in blocks:
        size += len(block)
        digest.update(block)
    return Written(path, size, digest.hexdigest())


def _named(written: Written, sha256: str) -> Written:
    if sha256 in ("", written.sha256):
        return written
    return Written(written.path + DAMAGED, written.size, written.sha256)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


class Lines:
    """JSON lines that are put into a file beside the rest, while that is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, line: object) -> None:
        """Write one more."""
        self._file.write(line_of(line))

    def blocks(self) -> Iterator[bytes]:
        """All of them."""
        self._file.seek(0)
        while block := self._file.read(BLOCK_BYTES):
            yield block


def line_of(value: object) -> bytes:
    """A line of JSON."""
    return json.dumps(value, ensure_ascii=False, default=str).encode() + b"\n"
