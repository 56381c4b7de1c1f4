"""Taking over what clients put into the storage without us.

A client with an S3 upload URL puts its bytes at `incoming/<id>`. Somebody looks (a reader of the
attachment, a draft, the clock), one task streams the object once to measure it, and it is copied
to its final key on condition of the ETag that was read: what was hashed is what is kept.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.utils import timezone

from attachments.errors import AttachmentGone, AttachmentNotFound, DigestMismatch
from attachments.incoming import BLOCK_BYTES
from attachments.measure import Measure
from attachments.models import Attachment, Blob
from attachments.services import check_digest, fill_with_blob, keep_blob, new_blob, touch_blob
from attachments.storage import ObjectChanged, attachment_storage

if TYPE_CHECKING:
    from attachments.s3 import S3Storage

log = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(minutes=2)  # for reading one object
SOONEST, LATEST = timedelta(seconds=2), timedelta(minutes=1)


def adopt_due(*, at: datetime) -> int:
    """Look for the bytes of the reservations whose time it is; returns how many were there."""
    due = Attachment.objects.to_confirm(at).order_by("look_at").values_list("pk", flat=True)
    return sum(adopt_upload(id) for id in list(due[:BATCH]))


def adopt_upload(id: UUID) -> bool:
    """Take over the bytes that lie ready for a reservation; False when there are none.

    Safe to run twice, and at once.
    """
    if not attachment_storage().takes_uploads or (attachment := _claimed(id)) is None:
        return False
    storage = cast("S3Storage", attachment_storage())
    try:
        measure, etag = _measured(storage, attachment.incoming_key)
        if not _fits(attachment, measure):
            storage.delete(attachment.incoming_key)
            return False
        blob = _kept(storage, attachment, measure, etag)
    except (FileNotFoundError, ObjectChanged):
        _look_later(attachment)
        return False
    try:
        fill_with_blob(attachment=attachment, blob=blob)
    except (AttachmentGone, AttachmentNotFound):  # given up meanwhile; the blob will be swept
        return False
    finally:
        storage.delete(attachment.incoming_key)
    return True


def _claimed(id: UUID) -> Attachment | None:
    """The reservation, ours alone to read for two minutes; None when another has it."""
    now = timezone.now()
    due = Attachment.objects.to_confirm(now).filter(pk=id)
    if not due.update(look_at=now + LEASE):
        return None
    return Attachment.objects.select_related("workspace").get(pk=id)


def _measured(storage: S3Storage, key: str) -> tuple[Measure, str]:
    measure = Measure()
    with storage.open(key) as file:
        for chunk in file.chunks(BLOCK_BYTES):
            measure.update(chunk)
        return measure, file.file.etag


def _fits(attachment: Attachment, measure: Measure) -> bool:
    """Whether these are the bytes that were announced; if not, the reservation says why."""
    reason = ""
    if measure.size != attachment.size:
        reason = f"{attachment.size:,} bytes were reserved and {measure.size:,} came."
    try:
        check_digest(expected=attachment.sha256, actual=measure.sha256)
    except DigestMismatch as mismatch:
        reason = mismatch.message
    if reason:
        log.warning("upload.unfit", extra={"attachment": str(attachment.pk)})
        Attachment.objects.reserved().filter(pk=attachment.pk).update(
            reason_code="upload_unfit", reason=reason, look_at=timezone.now() + SOONEST
        )
    return not reason


def _kept(storage: S3Storage, attachment: Attachment, measure: Measure, etag: str) -> Blob:
    workspace = attachment.workspace
    blob = touch_blob(workspace=workspace, sha256=measure.sha256)
    if blob is None:
        blob = new_blob(workspace=workspace, measure=measure)
        storage.copy(attachment.incoming_key, blob.key, etag=etag)
        blob = keep_blob(blob)
    return blob


def _look_later(attachment: Attachment) -> None:
    """Look again soon while the reservation is young, and then ever less often."""
    now = timezone.now()
    wait = min(max(SOONEST, (now - attachment.created_at) / 60), LATEST)
    Attachment.objects.reserved().filter(pk=attachment.pk).update(look_at=now + wait)
