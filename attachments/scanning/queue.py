"""Having bytes scanned: asked for, claimed, read once, and judged.

The blobs are the queue. A claim is a lease: a worker that dies is followed by another, and bytes
that nobody comes to an end with count as unscannable in the end, never as clean.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from attachments.errors import StorageUnavailable
from attachments.incoming import BLOCK_BYTES
from attachments.models import Attachment, AttachmentState, Blob, Verdict
from attachments.retention import lose_attachment
from attachments.scanning.clamd import Answer, Clamd, ScanFailed, ScannerDown
from attachments.scanning.verdicts import (
    SCANNER_DOWN,
    judge_blob,
    release_unscanned,
    settle_files,
)
from attachments.storage import attachment_storage

log = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(minutes=10)  # for reading one blob; longer than the scanner is waited for
RETRY = timedelta(seconds=15)  # for a scanner or a storage that is not there
FIRST_WAIT = timedelta(seconds=5)  # for bytes on which the scanner failed; doubled each time
MAX_ATTEMPTS = 5

#: of a worker's threads, so many may wait for the scanner; the others have mail to send
_seats = BoundedSemaphore(2)


def scan_due() -> int:
    """Scan what waits for it, until nothing does; returns how many blobs were judged."""
    if not settings.CLAMD_URL:
        _do_without()
        return 0
    if not _seats.acquire(blocking=False):
        return 0  # those who are at it look again before they end
    try:
        return _scan_all(scanner())
    finally:
        _seats.release()


def scanner() -> Clamd:
    """The scanner of this installation; CLAMD_URL must be set."""
    return Clamd(settings.CLAMD_URL)


def _scan_all(clamd: Clamd) -> int:
    count = 0
    _ask()
    while ids := _due_ids():
        for id in ids:
            try:
                count += scan_blob(id, clamd)
            except ScannerDown as error:
                log.warning("the scanner does not answer: %s", error)
                _note_silence()
                return count
        _ask()
    return count


def _due_ids() -> list[UUID]:
    due = Blob.objects.to_scan(timezone.now()).order_by("scan_at")
    return list(due.values_list("pk", flat=True)[:BATCH])


def scan_blob(id: UUID, clamd: Clamd) -> bool:
    """Scan one blob and judge it; False when another has it, or it has to wait.

    Safe to run twice, and at once. Raises ScannerDown.
    """
    engine = clamd.version()
    blob = claim_blob(id)
    return blob is not None and scan_claimed(blob, clamd, engine=engine) is not None


def scan_claimed(blob: Blob, clamd: Clamd, *, engine: str) -> list[Attachment] | None:
    """Scan a claimed blob and judge it; returns the files that are refused for it.

    None when the claim is over, or it has to wait. Raises ScannerDown.
    """
    if blob.scan_attempts > MAX_ATTEMPTS:
        answer = Answer(Verdict.UNSCANNABLE, f"the scanner failed on it {MAX_ATTEMPTS} times")
        return judge_blob(blob=blob, answer=answer, engine=engine)
    try:
        answer = clamd.scan(blocks_of(blob))
    except FileNotFoundError:
        _lose(blob)
        return None
    except ScanFailed as error:
        log.warning("the scanner failed on blob %s: %s", blob.pk, error)
        leave_blob(blob, until=timezone.now() + FIRST_WAIT * 2 ** (blob.scan_attempts - 1))
        return None
    except ScannerDown:
        leave_blob(blob, until=timezone.now(), counts=False)
        raise
    except (StorageUnavailable, OSError):
        log.warning("blob %s cannot be read for the scanner", blob.pk, exc_info=True)
        leave_blob(blob, until=timezone.now() + RETRY, counts=False)
        return None
    return judge_blob(blob=blob, answer=answer, engine=engine)


def claim_blob(id: UUID, *, unasked: bool = False) -> Blob | None:
    """The blob, ours to scan while its lease, `scan_at`, is the one that we wrote.

    `unasked` takes it even if nothing waits for its verdict, but from nobody who has it.
    """
    now = timezone.now()
    lease = now + LEASE
    mine = Q(scan_at__lte=now) | Q(scan_at__isnull=True) if unasked else Q(scan_at__lte=now)
    rows = Blob.objects.standing().filter(mine, pk=id)
    if not rows.update(scan_at=lease, scan_attempts=F("scan_attempts") + 1):
        return None
    return Blob.objects.filter(pk=id, scan_at=lease).first()


def leave_blob(blob: Blob, *, until: datetime | None, counts: bool = True) -> None:
    """Give a claim up; the next is not before `until`. A try that does not count is taken back."""
    attempts = blob.scan_attempts if counts else blob.scan_attempts - 1
    claimed = Blob.objects.filter(pk=blob.pk, scan_at=blob.scan_at)
    claimed.update(scan_at=until, scan_attempts=attempts)


def blocks_of(blob: Blob) -> Iterator[bytes]:
    """All bytes of a blob. Raises FileNotFoundError, and ScanFailed rather than end too soon."""
    size = 0
    with attachment_storage().open(blob.key) as file:
        while block := file.read(BLOCK_BYTES):
            size += len(block)
            yield block
    if size != blob.size:
        raise ScanFailed(f"{size} bytes could be read of {blob.size}.")


def _ask() -> None:
    """Queue the bytes of files that wait; those that have been judged meanwhile are settled."""
    now = timezone.now()
    waiting = Attachment.objects.to_settle().order_by("pk").values_list("blob", flat=True)
    for blob in Blob.objects.filter(pk__in=set(waiting[:BATCH])):
        if blob.is_judged(now):
            settle_files(blob)
        else:
            unasked = Blob.objects.filter(pk=blob.pk, scan_at=None, scanned_at=blob.scanned_at)
            unasked.update(scan_at=now, scan_attempts=0)


def _do_without() -> None:
    """Let files go that waited for a scanner when the installation still had one."""
    Blob.objects.filter(scan_at__isnull=False).update(scan_at=None, unanswered_since=None)
    while some := set(Attachment.objects.to_settle().values_list("blob", flat=True)[:BATCH]):
        for blob in Blob.objects.filter(pk__in=some):
            if blob.is_judged(timezone.now()):
                settle_files(blob)
            else:
                release_unscanned(blob, reason="It was not checked: there is no scanner.")


def _note_silence() -> None:
    """Put off what is due, and apply SCAN_WHEN_DOWN to files that have waited long enough."""
    now = timezone.now()
    due = Blob.objects.to_scan(now)
    due.filter(unanswered_since__isnull=True).update(unanswered_since=now)
    due.update(scan_at=now + RETRY)
    since = now - timedelta(seconds=settings.SCAN_WAIT_SECONDS)
    waiting = Attachment.objects.filter(
        blob=OuterRef("pk"), state=AttachmentState.STORED, reason_code=""
    )
    late = Blob.objects.filter(Exists(waiting), unanswered_since__lte=since)
    while some := list(late[:BATCH]):
        for blob in some:
            _give_up_waiting(blob)


def _give_up_waiting(blob: Blob) -> None:
    silence = f"the scanner has not answered since {blob.unanswered_since:%Y-%m-%d %H:%M} UTC."
    if settings.SCAN_WHEN_DOWN == "release":
        release_unscanned(blob, reason=f"It was not checked: {silence}")
        return
    Attachment.objects.filter(blob=blob, state=AttachmentState.STORED).update(
        reason_code=SCANNER_DOWN, reason=silence[0].upper() + silence[1:]
    )


def _lose(blob: Blob) -> None:
    """The bytes are not there: nobody is to wait for them."""
    for attachment in Attachment.objects.filter(blob=blob):
        lose_attachment(attachment=attachment)
    leave_blob(blob, until=None)
