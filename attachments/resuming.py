"""Files that come piece by piece, over connections that break.

An upload is claimed by the one request that appends to it. While bytes come, the request renews
its claim and notes how far the upload is; one that died, or from which nothing comes, loses the
claim to whoever asks next, and can write nothing down any more. The last piece makes the upload
one more file that lies in the storage unmeasured (see `uploads`).

Above the tasks, which it starts; so no service of this app may import it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from attachments import uploads
from attachments.errors import (
    AttachmentInUse,
    AttachmentNotFound,
    ChecksumMismatch,
    FileTooLarge,
    UploadBusy,
    UploadExpired,
    UploadNotFound,
    UploadOvertaken,
    UploadUnfit,
    WrongOffset,
)
from attachments.limits import MIB, Limits
from attachments.models import Attachment, AttachmentState, Upload, UploadQuerySet
from attachments.partial import KEPT, drop_uploads, partial_of
from attachments.retention import delete_attachment
from attachments.services import RESERVATION_LIFE, check_fillable, reserve_attachment
from attachments.storage import attachment_storage
from attachments.tasks import adopt_upload
from project.tenancy.models import Workspace

if TYPE_CHECKING:
    from hashlib import _Hash

#: how long a claim outlives its last byte; after a crash the next request waits as long
LEASE = timedelta(seconds=6)
#: how much may come, and for how long, before it is noted
NOTED_AFTER = timedelta(seconds=2)
NOTED_BYTES = 8 * MIB

#: the fields of an upload that change as bytes come
CLAIMED = (*KEPT, "multipart_id", "expires_at", "claim", "claimed_until")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Bytes of a file as they come: `length` of them from `offset` on, or less at a cut.

    With a digest that they must have they count as a whole or not at all.
    """

    offset: int
    length: int
    chunks: Iterable[bytes]
    digest: bytes = b""
    hasher: _Hash | None = field(default=None, compare=False)


@transaction.atomic(savepoint=False)
def start_upload(
    *,
    workspace: Workspace,
    filename: str,
    size: int,
    content_type: str = "",
    sha256: str = "",
    metadata: str = "",
    limits: Limits,
) -> Upload:
    """Reserve an attachment whose bytes will come in pieces. Raises as `reserve_attachment`."""
    attachment = reserve_attachment(
        workspace=workspace,
        filename=filename,
        size=size,
        content_type=content_type,
        sha256=sha256,
        limits=limits,
    )
    return Upload.objects.create(
        attachment=attachment, metadata=metadata, expires_at=timezone.now() + RESERVATION_LIFE
    )


def append_to_upload(*, upload: Upload, piece: Piece) -> None:
    """Add a piece, or as much of it as comes; the last one gives the attachment its bytes.

    On disk the file is ready then; with S3 a worker takes it over. Not for use inside a
    transaction. Raises UploadBusy, WrongOffset, FileTooLarge, UploadOvertaken, UploadExpired,
    UploadNotFound, ChecksumMismatch, UploadUnfit, StorageFull, StorageUnavailable.
    """
    _claim(upload)
    try:
        if _is_next(upload, piece):
            _take(upload, piece)
    except FileNotFoundError as error:  # ended meanwhile
        raise UploadNotFound from error
    finally:
        _claimed(upload).update(claim=None, claimed_until=None)
    if upload.is_whole and upload.attachment.state == AttachmentState.RESERVED:
        _finish(upload.attachment)


def end_upload(*, upload: Upload) -> None:
    """Forget an upload and what has come of it, and its file, unless that is whole or in use."""
    if upload.attachment.state == AttachmentState.RESERVED:
        with suppress(AttachmentInUse, AttachmentNotFound):
            delete_attachment(attachment=upload.attachment)
    drop_uploads([upload.pk])


def _claim(upload: Upload) -> None:
    """Be the only one to append; the fields of `upload` are then as they are."""
    now = timezone.now()
    free = Upload.objects.filter(pk=upload.pk, expires_at__gt=now).unclaimed(now)
    is_mine = free.update(claim=uuid4(), claimed_until=now + LEASE)
    found = Upload.objects.filter(pk=upload.pk).values(*CLAIMED).first()
    if found is None:
        raise UploadNotFound
    if not is_mine:
        raise UploadExpired if found["expires_at"] <= now else UploadBusy
    for name, value in found.items():
        setattr(upload, name, value)


def _claimed(upload: Upload) -> UploadQuerySet:
    return Upload.objects.filter(pk=upload.pk, claim=upload.claim)


def _is_next(upload: Upload, piece: Piece) -> bool:
    """Whether the piece adds something; an empty one does only to an empty file.

    Raises WrongOffset, FileTooLarge, UploadOvertaken, and as `check_fillable`.
    """
    if piece.offset != upload.offset:
        raise WrongOffset(expected=upload.offset, received=piece.offset)
    if (end := piece.offset + piece.length) > upload.attachment.size:
        raise FileTooLarge(size=end, limit=upload.attachment.size)
    is_awaited = check_fillable(upload.attachment)
    if not is_awaited and not upload.is_whole:
        raise UploadOvertaken
    return is_awaited and bool(piece.length or not upload.attachment.size)


def _take(upload: Upload, piece: Piece) -> None:
    with closing(partial_of(upload)) as partial:
        noted = partial.size
        for chunk in piece.chunks:
            # Before the bytes are written: who has lost the claim must not touch them any more.
            is_late = timezone.now() > _claimed_at(upload) + NOTED_AFTER
            if is_late or partial.size - noted >= NOTED_BYTES:
                if piece.hasher is None:
                    partial.keep(ends=False)
                _note(upload)
                partial.tidy()
                noted = partial.size
            partial.write(chunk)
            if piece.hasher is not None:
                piece.hasher.update(chunk)
        if piece.hasher is not None and piece.hasher.digest() != piece.digest:
            raise ChecksumMismatch
        partial.keep(ends=True)
        _note(upload)
        partial.tidy()


def _claimed_at(upload: Upload) -> datetime:
    """When the claim was taken or last renewed."""
    assert upload.claimed_until is not None
    return upload.claimed_until - LEASE


@transaction.atomic
def _note(upload: Upload) -> None:
    """Save what is kept, and go on living as long. Raises UploadBusy for a claim that was lost."""
    now = timezone.now()
    upload.claimed_until = now + LEASE
    upload.expires_at = now + RESERVATION_LIFE
    fields = (*KEPT, "claimed_until", "expires_at")
    if not _claimed(upload).update(**{name: getattr(upload, name) for name in fields}):
        raise UploadBusy if Upload.objects.filter(pk=upload.pk).exists() else UploadNotFound
    reserved = Attachment.objects.reserved().filter(pk=upload.pk)
    if upload.is_whole:
        reserved.update(look_at=now)
    reserved.filter(expires_at__isnull=False).update(expires_at=upload.expires_at)


def _finish(attachment: Attachment) -> None:
    """Have the attachment get its bytes; if we die, or there is no broker, the clock does it."""
    if attachment_storage().takes_uploads:
        transaction.on_commit(lambda: adopt_upload.delay(attachment.pk.hex), robust=True)
        return
    uploads.adopt_upload(attachment.pk)
    attachment.refresh_from_db()
    if attachment.reason_code == UploadUnfit.code:
        raise UploadUnfit(attachment.reason)
