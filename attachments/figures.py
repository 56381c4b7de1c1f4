"""How much lies in the storage."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, Sum

from attachments.models import (
    Attachment,
    AttachmentQuerySet,
    AttachmentState,
    Blob,
    BlobQuerySet,
)
from attachments.scanning.verdicts import quarantined


@dataclass(frozen=True, kw_only=True)
class StorageFigures:
    """Bytes as they lie, and as they would if every file had its own."""

    blobs: int
    stored_bytes: int
    files: int
    logical_bytes: int


def scan_heaps() -> dict[str, Q]:
    """The attachments that wait for a scanner, and those that are in quarantine."""
    return {"checking": Q(state=AttachmentState.STORED), "quarantined": quarantined()}


def storage_figures(*, workspaces: Collection[UUID] | None = None) -> StorageFigures:
    """The storage of the installation, or of some workspaces; two queries over all of its rows."""
    blobs, files = BlobQuerySet(Blob).standing(), AttachmentQuerySet(Attachment)
    files = files.filter(blob__isnull=False)
    if workspaces is not None:
        blobs = blobs.filter(workspace__in=workspaces)
        files = files.filter(workspace__in=workspaces)
    stored = blobs.aggregate(number=Count("pk"), bytes=Sum("size", default=0))
    logical = files.aggregate(number=Count("pk"), bytes=Sum("size", default=0))
    return StorageFigures(
        blobs=stored["number"],
        stored_bytes=stored["bytes"],
        files=logical["number"],
        logical_bytes=logical["bytes"],
    )
