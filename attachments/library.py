"""Finding files among all of a workspace."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from attachments.models import AttachmentQuerySet, AttachmentState, Origin

#: kind -> what types it has, by their beginning
KINDS: dict[str, tuple[str, ...]] = {
    "image": ("image/",),
    "document": (
        "application/pdf",
        "application/msword",
        "application/vnd.oasis.opendocument",
        "application/vnd.openxmlformats-officedocument",
        "application/vnd.ms-",
        "text/",
    ),
    "archive": (
        "application/gzip",
        "application/vnd.rar",
        "application/x-7z",
        "application/x-tar",
        "application/zip",
    ),
    "media": ("audio/", "video/"),
}
OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which files somebody looks for; a blank asks for nothing."""

    name: str = ""  # any part of it
    kind: str = ""  # one of KINDS, or OTHER
    origin: str = ""  # see Origin
    larger_than: int = 0  # bytes


def find_files(rows: AttachmentQuerySet, wanted: Wanted) -> AttachmentQuerySet:
    """Those of the files that fit, but for what has only been announced."""
    rows = rows.visible().exclude(state=AttachmentState.RESERVED)
    if wanted.name:
        rows = rows.filter(filename__icontains=wanted.name)
    if wanted.kind == OTHER:
        known = [beginning for beginnings in KINDS.values() for beginning in beginnings]
        rows = rows.exclude(_of_types(known))
    elif wanted.kind in KINDS:
        rows = rows.filter(_of_types(KINDS[wanted.kind]))
    if wanted.origin in Origin.values:
        rows = rows.filter(origin=wanted.origin)
    if wanted.larger_than:
        rows = rows.filter(size__gt=wanted.larger_than)
    return rows


def _of_types(beginnings: Collection[str]) -> Q:
    condition = Q()
    for beginning in beginnings:
        condition |= Q(content_type__startswith=beginning)
    return condition
