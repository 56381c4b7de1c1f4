"""How files go: deleted by their owner, expired, or lost.

Locks are taken on attachments by id, then on blobs by id. Bytes are deleted after the commit that
made them unreachable.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from attachments.errors import AttachmentInUse, AttachmentNotFound, BytesMissing
from attachments.incoming import incoming_folder
from attachments.inventory.repair import sweep_uploaded
from attachments.models import Attachment, AttachmentState, Blob, BlobQuerySet, Upload
from attachments.partial import drop_uploads
from attachments.previews import preview_key
from attachments.quota import give_room
from attachments.storage import attachment_storage
from attachments.uses import Use, needed, unneeded, uses_blocking_deletion
from project.events.retention import Rule, follow
from project.events.services import emit, happened
from project.ids import spell
from project.tenancy.office import Workspaces, within

BATCH = 200
LEFT_BEHIND = timedelta(days=1)

#: how the ids of those who use files are spelt
PREFIXES = {"draft": "drf", "message": "msg"}


def spell_use(use: Use) -> dict[str, str]:
    """A use in the native spelling, but for its time."""
    return {"kind": use.kind, "id": spell(PREFIXES[use.kind], use.id)}


@transaction.atomic
def delete_attachment(*, attachment: Attachment, unsent_keep_theirs: bool = False) -> Attachment:
    """Hide an attachment at every door; its bytes go when nobody needs them any more.

    Sent messages keep theirs; so do unsent ones where the door says so, and the bytes are here.
    Otherwise these forbid it, and drafts always do. Raises AttachmentInUse, AttachmentNotFound.
    """
    locked = Attachment.objects.locked().visible().filter(pk=attachment.pk).first()
    if locked is None:
        raise AttachmentNotFound(spell("att", attachment.pk))
    uses = uses_blocking_deletion(locked.pk)
    if unsent_keep_theirs and locked.state == AttachmentState.READY:
        uses = [use for use in uses if use.kind != "message"]
    if uses:
        raise AttachmentInUse([spell_use(use) for use in uses])
    locked.deleted_at = now = timezone.now()
    Attachment.objects.filter(pk=locked.pk).update(deleted_at=now)
    emit(happened("attachment.deleted", workspace_id=locked.workspace_id, subject_id=locked.pk))
    if locked.state != AttachmentState.GONE and not needed([locked.pk]):
        _bury([locked], at=now, code="deleted", reason="The file was deleted.")
    return locked


@transaction.atomic
def lose_attachment(*, attachment: Attachment) -> None:
    """Say that the storage does not have the bytes any more, so that nobody waits for them."""
    locked = Attachment.objects.locked().filter(pk=attachment.pk).first()
    if locked is not None and locked.state in (AttachmentState.STORED, AttachmentState.READY):
        reason = "The bytes of this file are missing from the storage."
        _bury([locked], at=timezone.now(), code="lost", reason=reason)


@transaction.atomic
def lose_blob(*, id: UUID) -> int:
    """Say of all files with these bytes that the storage has lost them; returns how many.

    The blob's row goes with the next sweep: who uploads the same bytes stores them anew.
    """
    found = list(Attachment.objects.locked().filter(blob=id))
    reason = "The bytes of this file are missing from the storage."
    _bury(found, at=timezone.now(), code=BytesMissing.code, reason=reason)
    return len(found)


def purge(*, at: datetime) -> None:
    """Remove everything whose time is over at `at`."""
    for rule in (FILES, UPLOADS, BYTES):
        follow(rule, at=at)
    sweep_incoming()
    sweep_uploaded(at=at)


def purge_expired(*, at: datetime, workspaces: Workspaces = None) -> int:
    """Remove what has expired at `at` and nobody needs; returns how many files went."""
    expired = within(Attachment.objects.expired(at), "workspace", workspaces)
    purged = 0
    while True:
        looked_at, gone = _purge_batch(expired, at=at)
        purged += gone
        if looked_at < BATCH:
            return purged


@transaction.atomic
def _purge_batch(expired: QuerySet[Attachment], *, at: datetime) -> tuple[int, int]:
    """Whether they are needed is asked under their locks."""
    locked = expired.order_by("id").select_for_update(of=("self",), skip_locked=True)
    batch = list(locked[:BATCH])
    ids = [attachment.pk for attachment in batch]
    going = set(to_purge(at).filter(pk__in=ids).values_list("pk", flat=True))
    Attachment.objects.filter(pk__in=set(ids) - going).update(expires_at=None)
    dead = [attachment for attachment in batch if attachment.pk in going]
    deleted = [attachment for attachment in dead if attachment.deleted_at]
    expired_ones = [attachment for attachment in dead if not attachment.deleted_at]
    _bury(deleted, at=at, code="deleted", reason="The file was deleted.")
    _bury(expired_ones, at=at, code="expired", reason="The file expired: nothing needs it.")
    return len(batch), len(dead)


def _bury(attachments: Sequence[Attachment], *, at: datetime, code: str, reason: str) -> None:
    """Turn locked attachments into tombstones: row, digest and reason stay."""
    if not attachments:
        return
    ids = [attachment.pk for attachment in attachments]
    blobs = {attachment.blob_id for attachment in attachments if attachment.blob_id}
    refused = Q(state=AttachmentState.REFUSED) & ~Q(reason_code="")  # whose reason stays
    Attachment.objects.filter(pk__in=ids).update(
        state=AttachmentState.GONE,
        blob=None,
        external_url="",
        reason_code=Case(When(refused, then=F("reason_code")), default=Value(code)),
        reason=Case(When(refused, then=F("reason")), default=Value(reason)),
        gone_at=at,
        expires_at=None,
        look_at=None,
    )
    list(Blob.objects.select_for_update().filter(pk__in=blobs).order_by("id").values_list("pk"))
    Blob.objects.filter(pk__in=blobs, sweep_at__isnull=True).update(sweep_at=at)
    emit(
        *(
            happened(
                "attachment.expired",
                workspace_id=attachment.workspace_id,
                subject_id=attachment.pk,
                payload={"filename": attachment.filename, "reason": code},
            )
            for attachment in attachments
        )
    )
    keys = [each.incoming_key for each in attachments if each.state == AttachmentState.RESERVED]
    # Functions, not partials: Django asks a robust hook that fails for its __qualname__.
    transaction.on_commit(lambda: _delete_incoming(keys), robust=True)
    transaction.on_commit(lambda: drop_uploads(ids), robust=True)
    own = Blob.objects.filter(pk__in=blobs)
    transaction.on_commit(lambda: _sweep(own, at=at), robust=True)


def to_purge(at: datetime) -> QuerySet[Attachment]:
    """Attachments that have expired at `at` and that nobody needs."""
    return unneeded(Attachment.objects.expired(at))


def sweep_blobs(*, at: datetime, workspaces: Workspaces = None) -> int:
    """Delete the bytes that no attachment has; returns how many blobs went."""
    return _sweep(within(Blob.objects.all(), "workspace", workspaces), at=at)


def _sweep(blobs: BlobQuerySet, *, at: datetime) -> int:
    swept = 0
    while True:
        looked_at, doomed = _doom_batch(blobs, at=at)
        for blob in doomed:
            attachment_storage().delete(blob.key)
            attachment_storage().delete(preview_key(blob))
            _forget(blob)
        swept += len(doomed)
        if looked_at < BATCH:
            return swept


@transaction.atomic
def _forget(blob: Blob) -> None:
    """Delete the row of bytes that are gone; only one of two who do it counts them."""
    _, rows = Blob.objects.filter(pk=blob.pk).delete()
    if rows.get(Blob._meta.label):
        give_room(blob)


@transaction.atomic
def _doom_batch(blobs: BlobQuerySet, *, at: datetime) -> tuple[int, list[Blob]]:
    """Blobs that nobody can come to use any more, and whose bytes are now ours to delete."""
    locked = blobs.select_for_update(skip_locked=True).order_by("id")
    due = list(locked.to_sweep(at)[:BATCH])
    ids = [blob.pk for blob in due]
    unused = list(Blob.objects.to_doom(at).filter(pk__in=ids))
    Blob.objects.filter(pk__in=ids).update(sweep_at=None)
    Blob.objects.filter(pk__in=[blob.pk for blob in unused]).update(doomed_at=at)
    left = list(locked.left_doomed(at)[:BATCH])
    return len(due), [*unused, *left]


def _delete_incoming(keys: Iterable[str]) -> None:
    storage = attachment_storage()
    if storage.takes_uploads:
        for key in keys:
            storage.delete(key)


def drop_expired_uploads(*, at: datetime, workspaces: Workspaces = None) -> int:
    """Forget uploads whose time is over, with what has come of them; returns how many went.

    A reservation that something holds stays, as any other whose bytes do not come.
    """
    expired = within(Upload.objects.expired(at), "attachment__workspace", workspaces)
    dropped = 0
    while batch := list(expired.values_list("pk", flat=True)[:BATCH]):
        drop_uploads(batch)
        dropped += len(batch)
    return dropped


def sweep_incoming() -> int:
    """Remove temporary files that a process which died has left; returns how many went."""
    oldest = time.time() - LEFT_BEHIND.total_seconds()
    growing = {id.hex for id in Upload.objects.values_list("pk", flat=True)}
    swept = 0
    with suppress(FileNotFoundError):
        for path in incoming_folder().iterdir():
            with suppress(FileNotFoundError):
                if path.name not in growing and path.stat().st_mtime < oldest:
                    path.unlink()
                    swept += 1
    return swept


def _blobs_going(at: datetime) -> BlobQuerySet:
    return Blob.objects.to_doom(at) | Blob.objects.left_doomed(at)


EVERY = timedelta(minutes=10)
FILES = Rule(
    name="files",
    title="Files that nobody needs",
    words=(
        "A file goes 30 days after its upload, or after its last draft or message let it go; a "
        "reservation without bytes after 7 days; a deleted file once no sent mail needs it."
    ),
    every=EVERY,
    rows=to_purge,
    take=lambda at, workspaces: purge_expired(at=at, workspaces=workspaces),
    due="expires_at",
    bytes_at="blob__size",
)
UPLOADS = Rule(
    name="uploads",
    title="Uploads in pieces",
    words="What has come of an upload goes 7 days after it was begun, while nobody appends to it.",
    every=EVERY,
    rows=lambda at: Upload.objects.expired(at),
    take=lambda at, workspaces: drop_expired_uploads(at=at, workspaces=workspaces),
    due="expires_at",
    workspace_at="attachment__workspace",
    bytes_at="offset",
)
BYTES = Rule(
    name="bytes",
    title="Bytes without a file",
    words="Bytes that no file has go an hour after they came; those of a file that goes, with it.",
    every=EVERY,
    rows=_blobs_going,
    take=lambda at, workspaces: sweep_blobs(at=at, workspaces=workspaces),
    due="sweep_at",
    bytes_at="size",
)
