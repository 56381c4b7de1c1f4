"""The mail itself: as it is sent, or as it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from attachments.download import open_blob, readable_blob
from attachments.incoming import BLOCK_BYTES
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

    Raises ContentGone, AttachmentGone, AttachmentNotReady, BytesMissing and SourceMissing before
    the first of them.
    """
    if message.direction == Direction.INBOUND:
        return _received(message)
    check_mail_kept(message, at=at)
    for file in message.enclosures.all():
        if file.in_mail:
            open_blob(readable_blob(file.attachment)).close()
    mail = assemble(message)
    return Source(mail.size, mail.blocks)


def _received(message: Message) -> Source:
    arrival = min(message.arrivals.all(), key=lambda one: one.pk, default=None)
    if arrival is None or not attachment_storage().exists(arrival.key):
        raise SourceMissing("The raw bytes of this message are not here.")
    key = arrival.key

    def blocks() -> Iterator[bytes]:
        with attachment_storage().open(key) as file:
            while block := file.read(BLOCK_BYTES):
                yield block

    return Source(arrival.size, blocks)
