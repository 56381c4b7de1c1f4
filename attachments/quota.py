"""How much a workspace may store, and how many of its files may be on their way.

It uses the bytes of its blobs, equal ones once, and those that are reserved. What it stores is
counted in one row, by whoever writes or deletes a blob, in the same transaction. So that row is
also the lock: of two who need the last room one waits, then sees what the other has taken. It is
taken before all others, but for that of a blob whose bytes are gone; nobody waits for such a one.

Mail that has arrived and files that were reserved in time are stored whatever the quota says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from attachments.errors import QuotaExceeded, TooManyUploads
from attachments.models import Attachment, AttachmentQuerySet, Blob, StorageUse
from project.tenancy.models import Workspace

#: after so long a reservation that something holds is no upload any more, only a promise
UPLOAD_LIFE = timedelta(days=7)
#: when one may ask again who has too many uploads
RETRY_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a workspace has of its room, in bytes; a `quota` of 0 is none."""

    stored_bytes: int
    reserved_bytes: int
    uploads: int
    quota: int

    @property
    def used_bytes(self) -> int:
        """What is stored, and what will be."""
        return self.stored_bytes + self.reserved_bytes

    @property
    def is_full(self) -> bool:
        return bool(self.quota) and self.used_bytes >= self.quota

    @property
    def percent(self) -> int:
        """How much of the quota that is; 0 without one."""
        return self.used_bytes * 100 // self.quota if self.quota else 0

    def check_room(self, asked: int) -> None:
        """Raises QuotaExceeded for more than what is left."""
        if self.quota and self.used_bytes + asked > self.quota:
            raise QuotaExceeded(used=self.used_bytes, asked=asked, limit=self.quota)


def quota_of(workspace: Workspace) -> int:
    """The bytes that a workspace may store; 0: any number."""
    own: int | None = workspace.max_stored_bytes
    default: int = settings.WORKSPACE_QUOTA_BYTES
    return default if own is None else own


def use_of(workspace: Workspace) -> Use:
    """What a workspace uses now, in two queries."""
    row = StorageUse.objects.filter(workspace=workspace).first() or _count(workspace)
    return _use(workspace, row.stored_bytes)


def is_full(workspace: Workspace) -> bool:
    """Whether nothing is left at all; no query without a quota."""
    return bool(quota_of(workspace)) and use_of(workspace).is_full


def check_room(*, workspace: Workspace, size: int) -> None:
    """Raises QuotaExceeded for bytes that would not be kept; no query without a quota."""
    if quota_of(workspace):
        use_of(workspace).check_room(size)


def take_room(*, workspace: Workspace, size: int, within_quota: bool) -> None:
    """Count bytes that are stored; to be called in the transaction that writes their row, first.

    One statement, and two more for what must be `within_quota`. Raises QuotaExceeded.
    """
    mine = StorageUse.objects.filter(workspace=workspace)
    more = F("stored_bytes") + size
    if not mine.update(stored_bytes=more):
        _count(workspace)
        mine.update(stored_bytes=more)
    if within_quota and quota_of(workspace):
        _use(workspace, mine.get().stored_bytes - size).check_room(size)


def give_room(blob: Blob) -> None:
    """Count the bytes of a blob no more; to be called in the transaction that deletes its row."""
    less = Greatest(F("stored_bytes") - blob.size, Value(0))
    StorageUse.objects.filter(workspace=blob.workspace_id).update(stored_bytes=less)


def check_reservation(*, workspace: Workspace, size: int) -> None:
    """See that a workspace may await one more file, and let no other reserve until the commit.

    To be called in the transaction that writes the reservation, before it locks anything else.
    Raises TooManyUploads and QuotaExceeded.
    """
    most: int = settings.WORKSPACE_UPLOADS
    if not most and not quota_of(workspace):
        return
    row = StorageUse.objects.select_for_update().filter(workspace=workspace).first()
    use = _use(workspace, (row or _count(workspace)).stored_bytes)
    if most and use.uploads >= most:
        wait = int(RETRY_AFTER.total_seconds())
        raise TooManyUploads(count=use.uploads, limit=most, retry_after=wait)
    use.check_room(size)


def count_anew() -> None:
    """Count what all workspaces store, in case that some process has not counted along."""
    for workspace in Workspace.objects.filter(storage_use__isnull=False):
        _count(workspace)


def _use(workspace: Workspace, stored_bytes: int) -> Use:
    awaited = AttachmentQuerySet(Attachment).filter(workspace=workspace).reserved()
    young = Q(created_at__gt=timezone.now() - UPLOAD_LIFE)
    found = awaited.aggregate(bytes=Sum("size", default=0), uploads=Count("pk", filter=young))
    return Use(
        stored_bytes=stored_bytes,
        reserved_bytes=found["bytes"],
        uploads=found["uploads"],
        quota=quota_of(workspace),
    )


@transaction.atomic
def _count(workspace: Workspace) -> StorageUse:
    """Count what a workspace stores, anew, and lock its row."""
    StorageUse.objects.get_or_create(workspace=workspace)
    row = StorageUse.objects.select_for_update().get(workspace=workspace)
    row.stored_bytes = workspace.blobs.aggregate(bytes=Sum("size", default=0))["bytes"]
    row.save(update_fields=["stored_bytes"])
    return row
