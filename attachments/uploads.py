"""Taking over what lies at `incoming/<id>`, unmeasured.

A client with an S3 upload URL puts its bytes there; bytes that came piece by piece are there once
the last has come (`resuming`). Somebody looks (a reader of the attachment, a draft, the clock),
they are streamed once to be measured, and copied to their final key on condition of the ETag that
was read: what was hashed is what is kept.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from attachments.errors import AttachmentGone, AttachmentNotFound, DigestMismatch, UploadUnfit
from attachments.incoming import BLOCK_BYTES
from attachments.measure import Measure
from attachments.models import Attachment, Blob
from attachments.partial import drop_uploads, join_pieces
from attachments.services import check_digest, fill_with_blob, keep_blob, new_blob, touch_blob
from attachments.storage import ObjectChanged, attachment_storage

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
    if (attachment := _claimed(id)) is None:
        return False
    storage = attachment_storage()
    try:
        join_pieces(attachment)
        measure, etag = _measured(attachment.incoming_key)
        if not _fits(attachment, measure):
            storage.delete(attachment.incoming_key)
            drop_uploads([id])
            return False
        blob = _kept(attachment, measure, etag)
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


def _measured(key: str) -> tuple[Measure, str]:
    """What was read, and its ETag where the storage has one."""
    measure = Measure()
    with attachment_storage().open(key) as file:
        for chunk in file.chunks(BLOCK_BYTES):
            measure.update(chunk)
        return measure, getattr(file.file, "etag", "")


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
            reason_code=UploadUnfit.code, reason=reason, look_at=_next_look(SOONEST)
        )
    return not reason


def _kept(attachment: Attachment, measure: Measure, etag: str) -> Blob:
    workspace = attachment.workspace
    blob = touch_blob(workspace=workspace, sha256=measure.sha256)
    if blob is None:
        blob = new_blob(workspace=workspace, measure=measure)
        attachment_storage().copy(attachment.incoming_key, blob.key, etag=etag)
        blob = keep_blob(blob)
    return blob


def _look_later(attachment: Attachment) -> None:
    """Look again soon while the reservation is young, and then ever less often."""
    wait = min(max(SOONEST, (timezone.now() - attachment.created_at) / 60), LATEST)
    Attachment.objects.reserved().filter(pk=attachment.pk).update(look_at=_next_look(wait))


def _next_look(wait: timedelta) -> datetime | None:
    """When clients may have put something into the storage; never, where they cannot."""
    return timezone.now() + wait if attachment_storage().takes_uploads else None
