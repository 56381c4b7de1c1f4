"""Where the bytes of an upload are until the last has come.

On disk they grow in one file at the attachment's incoming key. S3 takes them as the parts of a
multipart upload; those that are too few for a part yet lie in an object beside it.

`write` takes bytes, `keep` makes them outlast a crash and notes in the fields of the upload (KEPT)
how far that goes. The caller then saves the fields, in this order: what a client was told of an
offset is true whatever dies.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID

from attachments.errors import UploadNotFound
from attachments.incoming import Incoming, create_incoming, incoming_folder, room_needed
from attachments.models import Attachment, Upload, incoming_key
from attachments.storage import attachment_storage, sync_path

if TYPE_CHECKING:
    from attachments.s3 import S3Storage

#: the fields of an upload that say what is kept, and where
KEPT = ("offset", "parts", "rest")


class PartialFile:
    """The bytes of an upload on disk, to be added to.

    What a process that died wrote beyond the offset is cut off. Raises StorageFull.
    """

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.size = upload.offset
        with room_needed():
            self._descriptor = create_incoming(partial_path(upload.pk))
            if os.fstat(self._descriptor).st_size < upload.offset:
                self.close()
                raise UploadNotFound  # somebody took the file away
            os.ftruncate(self._descriptor, upload.offset)

    def write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        with room_needed():
            while rest:
                count = os.pwrite(self._descriptor, rest, self.size)
                self.size += count
                rest = rest[count:]

    def keep(self, *, ends: bool) -> None:
        """Note what is safe now; with `ends`, that is all that was written."""
        with room_needed():
            os.fsync(self._descriptor)
            if not self.upload.offset:
                sync_path(incoming_folder())
        self.upload.offset = self.size

    def tidy(self) -> None:
        """Remove what the saved fields do not name any more."""

    def close(self) -> None:
        os.close(self._descriptor)


class PartialObject:
    """The bytes of an upload in S3, to be added to; a part gathers on the disk and is then sent.

    Raises StorageFull, StorageUnavailable, FileNotFoundError.
    """

    def __init__(self, upload: Upload, storage: S3Storage) -> None:
        self.upload = upload
        self.size = upload.offset
        self._storage = storage
        self._key = upload.attachment.incoming_key
        self._parts = list(upload.parts)
        self._part = Incoming(judges_lines=False)
        self._superseded: list[str] = []
        if upload.rest:
            with storage.open(upload.rest) as file:
                for chunk in file.chunks():
                    self._part.write(chunk)

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        while chunk:
            room = self._storage.part_bytes - self._part.size
            self._part.write(chunk[:room])
            chunk = chunk[room:]
            if self._part.size == self._storage.part_bytes:
                self._send_part()

    def keep(self, *, ends: bool) -> None:
        """Note what is safe now; with `ends`, that is all that was written."""
        upload = self.upload
        rest = ""
        if self.size == upload.attachment.size:
            self._send_last()
        elif ends and self._part.size and self.size > upload.offset:
            rest = f"{self._key}.{upload.claim}"
            self._storage.save(rest, self._part)
        elif len(self._parts) == len(upload.parts):
            return
        if upload.rest != rest:
            self._superseded += filter(None, [upload.rest])
        upload.rest = rest
        upload.parts = list(self._parts)
        upload.offset = self.size if ends else sum(size for _, size in self._parts)

    def tidy(self) -> None:
        """Remove what the saved fields do not name any more."""
        while self._superseded:
            self._storage.delete(self._superseded.pop())

    def close(self) -> None:
        self._part.close()

    def _send_part(self) -> None:
        if not self.upload.multipart_id:
            self.upload.multipart_id = id = self._storage.start_parts(self._key)
            Upload.objects.filter(pk=self.upload.pk).update(multipart_id=id)
        number = len(self._parts) + 1
        etag = self._storage.put_part(
            self._key, self.upload.multipart_id, number=number, content=self._part
        )
        self._parts.append([etag, self._part.size])
        self._part.close()
        self._part = Incoming(judges_lines=False)

    def _send_last(self) -> None:
        if not self._parts:  # less than a part is an object at once
            self._storage.save(self._key, self._part)
        elif self._part.size:
            self._send_part()


def partial_of(upload: Upload) -> PartialFile | PartialObject:
    """The bytes of a claimed upload, to be closed."""
    storage = attachment_storage()
    if storage.takes_uploads:
        return PartialObject(upload, cast("S3Storage", storage))
    return PartialFile(upload)


def partial_path(id: UUID) -> Path:
    """The growing file of an upload on disk; what is at its incoming key, to the storage."""
    return incoming_folder() / id.hex


def join_pieces(attachment: Attachment) -> None:
    """Have the bytes of an upload that is whole at the attachment's incoming key.

    Raises ObjectChanged.
    """
    whole = Upload.objects.filter(pk=attachment.pk, offset=attachment.size)
    upload = whole.exclude(multipart_id="").first()
    if upload is None:
        return
    storage = cast("S3Storage", attachment_storage())
    etags = [etag for etag, _ in upload.parts]
    with suppress(FileNotFoundError):  # one who died behind this has joined them
        storage.join_parts(attachment.incoming_key, upload.multipart_id, etags)
    Upload.objects.filter(pk=upload.pk).update(multipart_id="")


def drop_uploads(ids: Iterable[UUID]) -> None:
    """Forget uploads and what has come of them; the rows last, so that no crash hides bytes."""
    storage = attachment_storage()
    for id in Upload.objects.filter(pk__in=list(ids)).values_list("pk", flat=True):
        if storage.takes_uploads:
            cast("S3Storage", storage).drop_parts(incoming_key(id))
        else:
            partial_path(id).unlink(missing_ok=True)
        Upload.objects.filter(pk=id).delete()
