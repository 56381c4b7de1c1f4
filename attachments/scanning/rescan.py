"""Scanning again what has been judged before: signatures learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from attachments.models import Attachment, Blob
from attachments.scanning.queue import BATCH, claim_blob, scan_claimed, scanner


@dataclass(frozen=True, kw_only=True)
class Rescanned:
    """A blob that was scanned again, and the files that are refused for it; None: it waits."""

    blob: Blob
    refused: list[Attachment] | None


def rescan(*, since: datetime) -> Iterator[Rescanned]:
    """Scan every blob that has not been judged since then, one by one.

    What has been judged counts as done: a run that was stopped goes on where it was when it is
    given the same moment. Raises ScannerDown.
    """
    clamd = scanner()
    last = UUID(int=0)
    while ids := _batch(since, last):
        for id in ids:
            engine = clamd.version()
            blob = claim_blob(id, unasked=True)
            if blob is not None:
                yield Rescanned(blob=blob, refused=scan_claimed(blob, clamd, engine=engine))
        last = ids[-1]


def _batch(since: datetime, last: UUID) -> list[UUID]:
    old = Q(scanned_at__isnull=True) | Q(scanned_at__lt=since)
    rows = Blob.objects.standing().filter(old, pk__gt=last).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:BATCH])
