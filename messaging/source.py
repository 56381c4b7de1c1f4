"""The mail itself: as it is sent, or as it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from attachments.download import open_blob, readable_blob
from attachments.errors import AttachmentNotReady, AttachmentRefused
from attachments.incoming import BLOCK_BYTES
from attachments.models import Attachment, AttachmentState
from attachments.scanning.verdicts import QUARANTINED
from attachments.storage import attachment_storage
from messaging.errors import SourceMissing
from messaging.mime.assembly import assemble
from messaging.models import Message
from messaging.models.message import Direction
from messaging.retention import check_mail_kept


@dataclass(frozen=True)
class Source:
    """All bytes of a mail; `blocks` gives them once for each call."""

    size: int
    blocks: Callable[[], Iterator[bytes]]


def source_of(message: Message, *, at: datetime) -> Source:
    """The bytes of a message that `in_full` has read.

    Raises ContentGone, AttachmentGone, AttachmentNotReady, AttachmentRefused, BytesMissing and
    SourceMissing before the first of them.
    """
    if message.direction == Direction.INBOUND:
        for file in message.enclosures.all():
            check_not_quarantined(file.attachment)
        return received_mail(message)
    check_mail_kept(message, at=at)
    for file in message.enclosures.all():
        if file.in_mail:
            open_blob(readable_blob(file.attachment)).close()
    mail = assemble(message)
    return Source(mail.size, mail.blocks)


def check_not_quarantined(file: Attachment) -> None:
    """Raises AttachmentRefused and AttachmentNotReady: a mail is no way around its files' scan."""
    if file.reason_code in QUARANTINED:
        raise AttachmentRefused(f"{file.filename}: {file.reason}")
    if file.state == AttachmentState.STORED:
        raise AttachmentNotReady(file.state)


def received_mail(message: Message) -> Source:
    """The bytes of a mail as it came, whatever is in its files. Raises SourceMissing."""
    arrival = min(message.arrivals.all(), key=lambda one: one.pk, default=None)
    if arrival is None or not attachment_storage().exists(arrival.key):
        raise SourceMissing("The raw bytes of this message are not here.")
    key = arrival.key

    def blocks() -> Iterator[bytes]:
        with attachment_storage().open(key) as file:
            while block := file.read(BLOCK_BYTES):
                yield block

    return Source(arrival.size, blocks)
