"""Where the bytes lie: Django's `Storage` with more verbs.

`upload_url(key, length=, ttl=)` and `download_url(key, name=, type=, disposition=, ttl=)` give
addresses at which the storage itself takes and gives the bytes; they are None where it has none:
the bytes then go through our own `/up` and `/dl`. `walk` gives what lies there, in the order of
its keys. "Not there" is always FileNotFoundError.
Keys are made by us and never come from a file's name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages

from attachments.incoming import room_needed

if TYPE_CHECKING:
    from attachments.s3 import S3Storage


@dataclass(frozen=True)
class StoredObject:
    """What lies at a key, and since when it has been lying there."""

    key: str
    size: int  # bytes
    since: datetime


class ObjectChanged(Exception):
    """A stored object is no longer the one that was read."""


def attachment_storage() -> DiskStorage | S3Storage:
    """The storage of this installation; which one is a setting."""
    return cast("DiskStorage | S3Storage", storages["attachments"])


class DiskStorage(FileSystemStorage):
    """Files below one folder, readable by this user only, on the disk before `save` returns."""

    #: whether clients can put bytes into the storage without us
    takes_uploads = False

    def __init__(self, location: str | Path) -> None:
        super().__init__(
            location=str(location), file_permissions_mode=0o600, directory_permissions_mode=0o700
        )

    def upload_url(self, key: str, *, length: int, ttl: timedelta) -> str | None:
        return None

    def download_url(
        self, key: str, *, name: str, type: str, disposition: str, ttl: timedelta
    ) -> str | None:
        return None

    def copy(self, source: str, target: str, *, etag: str) -> None:
        """Give a file a second name, under which it stays when it loses the first.

        No bytes move; `etag` says nothing here, where nobody but us writes files.
        """
        path = Path(self.path(target))
        fresh = _missing(path.parent)
        with room_needed():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.hardlink_to(self.path(source))
            for folder in (path.parent, *(made.parent for made in fresh)):
                sync_path(folder)

    def walk(self, *, prefix: str = "", after: str = "") -> Iterator[StoredObject]:
        """What lies here, in the order of keys; those that begin so, and come after that one.

        In memory are the names of the folders on the way to it. What goes meanwhile is left out.
        """
        yield from self._walk("", prefix=prefix, after=after)

    def _walk(self, folder: str, *, prefix: str, after: str) -> Iterator[StoredObject]:
        for name in _names_in(Path(self.path(folder))):
            key = folder + name
            if not (key.startswith(prefix) or (name.endswith("/") and prefix.startswith(key))):
                continue
            if key <= after and not after.startswith(key):
                continue
            if name.endswith("/"):
                yield from self._walk(key, prefix=prefix, after=after)
            elif key > after and (found := self._stat(key)):
                yield found

    def _stat(self, key: str) -> StoredObject | None:
        """When it came to lie here is when the name was made, not when the bytes were written."""
        try:
            facts = os.lstat(self.path(key))
        except FileNotFoundError:
            return None
        since = datetime.fromtimestamp(max(facts.st_ctime, facts.st_mtime), UTC)
        return StoredObject(key, facts.st_size, since)

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        # Unbuffered: blocks are large, and the place of the descriptor is the place of the file,
        # on which sendfile relies.
        return File(Path(self.path(name)).open(mode, buffering=0), name)

    def _save(self, name: str, content: Any) -> str:
        folder = Path(self.path(name)).parent
        fresh = _missing(folder)
        with room_needed():
            if hasattr(content, "sync"):  # an Incoming, which is moved as it stands
                content.sync()
            name = super()._save(name, content)  # type: ignore[misc]  # the stubs lack it
            if not hasattr(content, "sync"):
                sync_path(Path(self.path(name)))
            sync_path(folder)
            for made in fresh:
                sync_path(made.parent)
        return name


def _names_in(folder: Path) -> list[str]:
    """The names in a folder, those of folders with a slash, sorted as the keys they are part of."""
    try:
        with os.scandir(folder) as entries:
            names = [
                f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in entries
            ]
    except FileNotFoundError:
        return []
    return sorted(names)


def _missing(folder: Path) -> list[Path]:
    """The folders on the way to `folder`, itself included, that are not there yet."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing


def sync_path(path: Path) -> None:
    """Return when a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
