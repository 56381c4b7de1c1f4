"""What a verdict on bytes means for the files that have them.

Nothing but this package makes a file `ready` or `refused` that waits for a verdict, or takes one
back. Locks are taken on attachments by id, then on their blob.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from attachments.errors import NothingToScan, NotQuarantined
from attachments.models import Attachment, AttachmentState, Blob, Verdict
from attachments.scanning.clamd import Answer
from project.events.models import Event
from project.events.services import emit, happened
from project.poke import Poke

MALWARE = "malware"
UNSCANNABLE = "unscannable"
UNSCANNED = "unscanned"  # let through by a setting
RELEASED = "released"  # by an operator
SCANNER_DOWN = "scanner_down"

#: why a scan has refused a file
QUARANTINED = (MALWARE, UNSCANNABLE)


def quarantined() -> Q:
    """The attachments that a scan has refused."""
    return Q(state=AttachmentState.REFUSED, reason_code__in=QUARANTINED)


poke_scanner = Poke("attachments.tasks.scan_files")


@dataclass(frozen=True)
class Standing:
    """Where a file stands for what is known of its bytes."""

    state: AttachmentState
    reason_code: str = ""
    reason: str = ""


WAITING = Standing(AttachmentState.STORED)


def standing_of(blob: Blob) -> Standing:
    """Where a file stands that comes with these bytes now; whoever writes one that waits pokes.

    Somebody may judge the bytes before the file is written: the worker settles that as well.
    """
    if settings.CLAMD_URL and not blob.is_judged(timezone.now()):
        return WAITING
    return _judged(blob)


def _judged(blob: Blob) -> Standing:
    if blob.verdict == Verdict.INFECTED:
        reason = f"The scanner found {blob.signature} in it."
        return Standing(AttachmentState.REFUSED, MALWARE, reason[:255])
    if blob.verdict == Verdict.UNSCANNABLE:
        reason = f"It could not be checked: {blob.signature}."[:255]
        if settings.SCAN_UNSCANNABLE == "refuse":
            return Standing(AttachmentState.REFUSED, UNSCANNABLE, reason)
        return Standing(AttachmentState.READY, UNSCANNED, reason)
    return Standing(AttachmentState.READY)


@transaction.atomic(savepoint=False)
def judge_blob(*, blob: Blob, answer: Answer, engine: str) -> list[Attachment] | None:
    """Write what the scanner says of bytes that were claimed, with all files that have them.

    Returns the files that are refused now and were not; None if the claim is over.
    """
    if answer.verdict == Verdict.UNSCANNABLE and blob.verdict == Verdict.INFECTED:
        answer = Answer(Verdict.INFECTED, blob.signature)  # who cannot say takes nothing back
    files = list(Attachment.objects.locked().filter(blob=blob))
    before = (blob.verdict, blob.signature)
    judged = {
        "verdict": answer.verdict,
        "signature": answer.signature,
        "engine": engine[:255],
        "scanned_at": timezone.now(),
    }
    claimed = Blob.objects.filter(pk=blob.pk, scan_at=blob.scan_at)
    if not claimed.update(**judged, scan_at=None, scan_attempts=0, unanswered_since=None):
        return None
    for name, value in judged.items():
        setattr(blob, name, value)
    is_news = before != (answer.verdict, answer.signature)
    return _follow(blob, files, _judged(blob), is_news=is_news)


@transaction.atomic(savepoint=False)
def settle_files(blob: Blob) -> None:
    """Let files follow that came while the verdict on their bytes was being written."""
    waiting = Attachment.objects.locked().filter(blob=blob, state=AttachmentState.STORED)
    _follow(blob, list(waiting), _judged(blob), is_news=False)


@transaction.atomic(savepoint=False)
def release_unscanned(blob: Blob, *, reason: str) -> None:
    """Let the files that wait for a verdict go without one, for a reason."""
    waiting = Attachment.objects.locked().filter(blob=blob, state=AttachmentState.STORED)
    standing = Standing(AttachmentState.READY, UNSCANNED, reason)
    _follow(blob, list(waiting), standing, is_news=False)


@transaction.atomic
def release_attachment(*, attachment: Attachment, by: str, reason: str) -> Attachment:
    """Let a file be used that a scan has refused, or holds; an operator says so, and why.

    It is refused again when something else is found in it. Raises NotQuarantined.
    """
    locked = Attachment.objects.locked().select_related("blob").get(pk=attachment.pk)
    is_quarantined = locked.state == AttachmentState.REFUSED and locked.reason_code in QUARANTINED
    if not is_quarantined and locked.state != AttachmentState.STORED:
        raise NotQuarantined("No scan holds this file back.")
    words = f"Released by {by}: {reason}"[:255]
    Attachment.objects.filter(pk=locked.pk).update(
        state=AttachmentState.READY, reason_code=RELEASED, reason=words
    )
    locked.state, locked.reason_code, locked.reason = AttachmentState.READY, RELEASED, words
    assert locked.blob
    facts = {"reason": reason, "verdict": locked.blob.verdict, "signature": locked.blob.signature}
    released = _event("attachment.released", locked, facts)
    ready = _event("attachment.ready", locked)
    released.actor = ready.actor = by
    emit(released, ready)
    return locked


@transaction.atomic
def scan_again(*, attachment: Attachment) -> None:
    """Have the bytes of a file scanned anew; raises NothingToScan."""
    asked = Blob.objects.standing().filter(attachments=attachment)
    if not settings.CLAMD_URL or not asked.exists():
        raise NothingToScan("There is no scanner, or the bytes are gone.")
    asked.filter(scan_at__isnull=True).update(scan_at=Now(), scan_attempts=0)
    poke_scanner.on_commit()


def _follow(
    blob: Blob, files: Iterable[Attachment], standing: Standing, *, is_news: bool
) -> list[Attachment]:
    """Put locked files where their bytes stand, by one UPDATE; returns those refused by it."""
    moved = [file for file in files if _moves(file, standing, is_news=is_news)]
    Attachment.objects.filter(pk__in=[file.pk for file in moved]).update(
        state=standing.state, reason_code=standing.reason_code, reason=standing.reason
    )
    changed = [file for file in moved if file.state != standing.state]
    for file in moved:
        file.state, file.reason_code = standing.state, standing.reason_code
        file.reason = standing.reason
    emit(*_events(blob, changed, standing))
    return changed if standing.state == AttachmentState.REFUSED else []


def _moves(file: Attachment, standing: Standing, *, is_news: bool) -> bool:
    """Whether a file that stands where it does follows.

    What is ready is taken back for malware only, and what an operator has released for news only.
    """
    if file.state == AttachmentState.STORED:
        return True
    if file.state == AttachmentState.REFUSED:
        return file.reason_code in QUARANTINED and standing.reason_code != UNSCANNABLE
    if file.state != AttachmentState.READY:
        return False
    if file.reason_code == RELEASED:
        return is_news and standing.reason_code == MALWARE
    return standing.reason_code == MALWARE or file.reason_code == UNSCANNED


def _events(blob: Blob, files: Sequence[Attachment], standing: Standing) -> list[Event]:
    events = []
    for file in files:
        if standing.reason_code == UNSCANNED:
            facts = {"reason": standing.reason, "verdict": blob.verdict}
            events.append(_event("attachment.released", file, facts))
        events.append(_event(f"attachment.{standing.state.value}", file))
    return events


def arrival_events(file: Attachment) -> list[Event]:
    """What has happened when a file is written with its bytes."""
    if file.state == AttachmentState.STORED:
        return [_event("attachment.stored", file)]
    return [_event("attachment.stored", file), _event(f"attachment.{file.state}", file)]


def _event(kind: str, file: Attachment, facts: dict[str, str] | None = None) -> Event:
    payload = {"filename": file.filename, "size": file.size, "sha256": file.sha256}
    if file.reason_code:
        payload |= {"code": file.reason_code, "reason": file.reason}
    return happened(
        kind,
        workspace_id=file.workspace_id,
        subject_id=file.pk,
        payload=payload | (facts or {}),
    )
