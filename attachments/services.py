"""How files come in, and who holds them.

All roads end in two steps. `put_blob` has the bytes: it counts, checks and stores them, and its
own short transaction holds their row; no storage is spoken to in any other transaction.
`store_attachment` and `fill_attachment` then write rows only, so that a caller can make them part
of a transaction of its own. A blob that nothing came to use is swept an hour later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import IO, cast

from django.db import IntegrityError, transaction
from django.utils import timezone

from attachments.errors import (
    AttachmentElsewhere,
    AttachmentGone,
    AttachmentNotFound,
    AttachmentRefused,
    BytesDiffer,
    DigestMismatch,
    InvalidDigest,
    QuotaExceeded,
    WrongLength,
)
from attachments.filenames import clean_filename
from attachments.incoming import Incoming
from attachments.limits import Limits
from attachments.measure import Measure
from attachments.models import Attachment, AttachmentState, Blob, Origin
from attachments.quota import UPLOAD_LIFE, check_reservation, check_room, take_room
from attachments.scanning.verdicts import (
    arrival_events,
    poke_scanner,
    standing_of,
)
from attachments.sniff import clean_content_type, resolve_type, sniff_type
from attachments.storage import attachment_storage
from attachments.uses import needed
from project.events.services import emit
from project.ids import spell
from project.tenancy.models import Workspace

UNUSED_LIFE = timedelta(days=30)
RESERVATION_LIFE = UPLOAD_LIFE
UPLOAD_URL_LIFE = timedelta(hours=24)
FIRST_LOOK = timedelta(seconds=2)

#: the time between the bytes and the rows that use them, in which no sweep takes the bytes
SWEEP_AFTER = timedelta(hours=1)

DIGEST = re.compile(r"[0-9a-f]{64}")


# Bytes ------------------------------------------------------------------------------------------


def put_blob(*, workspace: Workspace, incoming: Incoming, limits: Limits, sha256: str = "") -> Blob:
    """Store bytes once per workspace and return their blob, which stands for at least an hour.

    `sha256`, in hex, is what the caller says of the bytes. Not for use inside a transaction.
    Raises FileTooLarge, DigestMismatch, InvalidDigest, QuotaExceeded, StorageFull,
    StorageUnavailable.
    """
    limits.check_size(incoming.size, field="file")
    check_digest(expected=clean_digest(sha256), actual=incoming.sha256)
    return put_measured(workspace=workspace, incoming=incoming, within_quota=True)


def put_measured(*, workspace: Workspace, incoming: Incoming, within_quota: bool = False) -> Blob:
    """Store bytes whose size and digest have been checked.

    Only what is stored anew must be `within_quota`. Raises QuotaExceeded.
    """
    if not incoming.is_whole:
        raise ValueError("Bytes beyond a limit were not kept.")
    found = touch_blob(workspace=workspace, sha256=incoming.sha256)
    if found:
        return found
    if within_quota:
        check_room(workspace=workspace, size=incoming.size)  # before they are written
    blob = new_blob(workspace=workspace, measure=incoming)
    storage = attachment_storage()
    storage.save(blob.key, cast("IO[bytes]", incoming))
    return keep_blob(blob, within_quota=within_quota)


def new_blob(*, workspace: Workspace, measure: Measure | Incoming) -> Blob:
    """The row for bytes that have been measured, not yet written."""
    return Blob(
        workspace=workspace,
        sha256=measure.sha256,
        size=measure.size,
        content_type=sniff_type(measure.head),
        encoding=measure.encoding,
        sweep_at=timezone.now() + SWEEP_AFTER,
    )


def touch_blob(*, workspace: Workspace, sha256: str) -> Blob | None:
    """The blob with this digest, if there is one, safe from the sweep for an hour."""
    blob = workspace.blobs.standing().filter(sha256=sha256).first()
    if blob is None:
        return None
    blob.sweep_at = timezone.now() + SWEEP_AFTER
    # A sweep that was faster has doomed the row: then the bytes must be stored anew.
    touched = Blob.objects.standing().filter(pk=blob.pk).update(sweep_at=blob.sweep_at)
    return blob if touched else None


def keep_blob(blob: Blob, *, within_quota: bool = False) -> Blob:
    """Write the row of bytes that lie in the storage; of two equal ones the first stands.

    Bytes for which there is no room are deleted. Raises QuotaExceeded.
    """
    try:
        with transaction.atomic():
            take_room(workspace=blob.workspace, size=blob.size, within_quota=within_quota)
            blob.save(force_insert=True)
    except QuotaExceeded:
        attachment_storage().delete(blob.key)
        raise
    except IntegrityError:
        winner = touch_blob(workspace=blob.workspace, sha256=blob.sha256)
        if winner is None:
            return keep_blob(blob, within_quota=within_quota)
        attachment_storage().delete(blob.key)
        return winner
    return blob


def clean_digest(text: str, *, field: str = "sha256") -> str:
    """A SHA-256 in lower-case hex, or blank; raises InvalidDigest."""
    digest = text.strip().lower()
    if digest and not DIGEST.fullmatch(digest):
        raise InvalidDigest("A SHA-256 is 64 hexadecimal characters.", field=field)
    return digest


def check_digest(*, expected: str, actual: str) -> None:
    """Raises DigestMismatch, unless nothing is expected."""
    if expected and expected != actual:
        raise DigestMismatch(expected=expected, actual=actual)


# Rows -------------------------------------------------------------------------------------------


@transaction.atomic(savepoint=False)
def store_attachment(
    *,
    workspace: Workspace,
    blob: Blob,
    filename: str,
    content_type: str = "",
    limits: Limits,
    held: bool = False,
) -> Attachment:
    """Make bytes that `put_blob` stored an attachment: ready at once, unless they are scanned.

    `held` says that the caller attaches it to something in the same transaction: it then does not
    expire. Raises InvalidFilename, InvalidContentType, TypeBlocked.
    """
    filename, content_type = settle_name(filename, content_type, limits, sniffed=blob.content_type)
    now = timezone.now()
    standing = standing_of(blob)
    attachment = Attachment.objects.create(
        workspace=workspace,
        filename=filename,
        content_type=content_type,
        size=blob.size,
        sha256=blob.sha256,
        **asdict(standing),
        origin=Origin.ENCLOSED if held else Origin.UPLOAD,
        blob=blob,
        created_at=now,
        stored_at=now,
        expires_at=None if held else now + UNUSED_LIFE,
    )
    announce_attachments([attachment])
    return attachment


def copy_attachment(*, attachment: Attachment, limits: Limits) -> Attachment:
    """Another attachment of the same bytes, held: for what carries a file more than once.

    To be called in the transaction that attaches it, with the original locked and ready.
    """
    assert attachment.blob
    return store_attachment(
        workspace=attachment.workspace,
        blob=attachment.blob,
        filename=attachment.filename,
        content_type=attachment.content_type,
        limits=limits,
        held=True,
    )


@transaction.atomic(savepoint=False)
def reserve_attachment(
    *,
    workspace: Workspace,
    filename: str,
    size: int,
    content_type: str = "",
    sha256: str = "",
    limits: Limits,
    held: bool = False,
    life: timedelta = RESERVATION_LIFE,
) -> Attachment:
    """Make an attachment whose `size` bytes will come later, through its upload URL.

    Unless something holds it, it is given up when its `life` is over.
    Raises FileTooLarge, InvalidDigest, InvalidFilename, InvalidContentType, TypeBlocked,
    QuotaExceeded, TooManyUploads.
    """
    limits.check_size(size, field="size")
    filename, content_type = settle_name(filename, content_type, limits)
    check_reservation(workspace=workspace, size=size)
    now = timezone.now()
    return Attachment.objects.create(
        workspace=workspace,
        filename=filename,
        content_type=content_type,
        size=size,
        sha256=clean_digest(sha256),
        origin=Origin.ENCLOSED if held else Origin.UPLOAD,
        created_at=now,
        expires_at=None if held else now + life,
        look_at=now + FIRST_LOOK if attachment_storage().takes_uploads else None,
    )


def fill_attachment(*, attachment: Attachment, incoming: Incoming) -> Attachment:
    """Give a reservation its bytes; the same bytes again change nothing.

    Not for use inside a transaction. Raises WrongLength, DigestMismatch, BytesDiffer,
    AttachmentGone, AttachmentRefused, AttachmentNotFound, StorageFull, StorageUnavailable.
    """
    if not check_fillable(attachment):
        check_same_bytes(attachment, incoming.sha256)
        return attachment
    if incoming.size != attachment.size:
        raise WrongLength(expected=attachment.size, received=incoming.size)
    check_digest(expected=attachment.sha256, actual=incoming.sha256)
    blob = put_measured(workspace=attachment.workspace, incoming=incoming)
    return fill_with_blob(attachment=attachment, blob=blob)


@transaction.atomic
def fill_with_blob(*, attachment: Attachment, blob: Blob) -> Attachment:
    """Give a reservation bytes that have been stored; whoever comes second changes nothing."""
    locked = Attachment.objects.locked().select_related("workspace").get(pk=attachment.pk)
    if not check_fillable(locked):
        check_same_bytes(locked, blob.sha256)
        return locked
    now = timezone.now()
    standing = standing_of(blob)
    locked.state = standing.state
    locked.blob = blob
    locked.sha256 = blob.sha256
    locked.content_type = resolve_type(
        declared=locked.content_type, filename=locked.filename, sniffed=blob.content_type
    )
    locked.reason_code, locked.reason = standing.reason_code, standing.reason
    locked.stored_at = now
    locked.look_at = None
    locked.expires_at = None if locked.is_held else now + UNUSED_LIFE
    locked.save(
        update_fields=[
            "state",
            "blob",
            "sha256",
            "content_type",
            "reason_code",
            "reason",
            "stored_at",
            "look_at",
            "expires_at",
        ]
    )
    announce_attachments([locked])
    return locked


def check_fillable(attachment: Attachment) -> bool:
    """True while bytes are awaited, False when they are there.

    Raises AttachmentNotFound, AttachmentGone, AttachmentRefused.
    """
    if attachment.deleted_at is not None:
        raise AttachmentNotFound(spell("att", attachment.pk))
    check_not_lost(attachment)
    return attachment.state == AttachmentState.RESERVED


def check_not_lost(attachment: Attachment) -> None:
    """Raises AttachmentGone and AttachmentRefused, with the reason, and AttachmentElsewhere."""
    if attachment.state == AttachmentState.GONE:
        raise AttachmentGone(
            code=attachment.reason_code, reason=attachment.reason, at=attachment.gone_at
        )
    if attachment.state == AttachmentState.REFUSED:
        raise AttachmentRefused(attachment.reason)
    if attachment.state == AttachmentState.LINKED:
        raise AttachmentElsewhere(attachment.external_url)


def check_same_bytes(attachment: Attachment, sha256: str) -> None:
    """Raises BytesDiffer: stored bytes never change."""
    if attachment.sha256 != sha256:
        raise BytesDiffer(stored=attachment.sha256, received=sha256)


# Holding ----------------------------------------------------------------------------------------


def hold_attachments(attachments: Iterable[Attachment]) -> None:
    """Keep attachments from expiring; to be called in the transaction that attaches them.

    Lock them first (`workspace.attachments.locked()`), so that no purge or deletion is faster.
    """
    ids = [attachment.pk for attachment in attachments]
    Attachment.objects.filter(pk__in=ids, expires_at__isnull=False).update(expires_at=None)


@transaction.atomic(savepoint=False)
def release_attachments(attachments: Iterable[Attachment], *, at_once: bool = False) -> None:
    """Let attachments expire that nobody needs any more; to be called after they are detached.

    Bytes live on for 30 days, those of a deleted attachment until the next purge; and so, with
    `at_once`, those of files that came with what carried them.
    """
    mine = Attachment.objects.filter(pk__in=[attachment.pk for attachment in attachments])
    ids = list(mine.locked().values_list("pk", flat=True))
    free = set(ids) - needed(ids)
    loose = Attachment.objects.filter(pk__in=free, expires_at__isnull=True)
    loose = loose.exclude(state=AttachmentState.GONE)
    now = timezone.now()
    loose.filter(deleted_at__isnull=False).update(expires_at=now)
    if at_once:
        loose.filter(origin=Origin.ENCLOSED).update(expires_at=now)
    loose.filter(state=AttachmentState.RESERVED).update(expires_at=now + RESERVATION_LIFE)
    loose.update(expires_at=now + UNUSED_LIFE)


def settle_name(
    filename: str, content_type: str, limits: Limits, *, sniffed: str = ""
) -> tuple[str, str]:
    """The name and the type to keep.

    Raises InvalidFilename, InvalidContentType, TypeBlocked.
    """
    name = clean_filename(filename, limit=limits.max_filename)
    declared = clean_content_type(content_type) if content_type else ""
    if limits.believes_types:
        resolved = declared or resolve_type(declared="", filename=name)
    else:
        resolved = resolve_type(declared=declared, filename=name, sniffed=sniffed)
    limits.check_type(filename=name, content_type=resolved)
    return name, resolved


def announce_attachments(attachments: Sequence[Attachment]) -> None:
    """Say that files are here with their bytes, and have scanned what waits for that."""
    emit(*(event for attachment in attachments for event in arrival_events(attachment)))
    if any(attachment.state == AttachmentState.STORED for attachment in attachments):
        poke_scanner.on_commit()
