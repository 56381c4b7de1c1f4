"""Files that are on their way, and how far they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from attachments.models import Attachment, AttachmentState, Upload


@dataclass(frozen=True, kw_only=True)
class LateFile:
    """A file that is not in yet, or is still being checked; `offset` bytes of it are here."""

    name: str
    size: int
    offset: int
    is_checked: bool  # all of it is in, and is being looked at
    reason: str  # why that takes so long

    @property
    def percent(self) -> int:
        return min(100, 100 * self.offset // self.size) if self.size else 0


def read_late_files(files: Collection[Attachment]) -> dict[UUID, LateFile]:
    """How far files are that are not ready; one query, and none when there are none."""
    ids = [file.pk for file in files]
    offsets = dict(Upload.objects.filter(pk__in=ids).values_list("pk", "offset")) if ids else {}
    return {
        file.pk: LateFile(
            name=file.filename,
            size=file.size,
            offset=offsets.get(file.pk, 0),
            is_checked=file.state == AttachmentState.STORED,
            reason=file.reason,
        )
        for file in files
    }
