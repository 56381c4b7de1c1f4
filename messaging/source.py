"""The mail itself: as it is sent, or as it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from attachments.download import open_blob, readable_blob
from attachments.errors import AttachmentNotReady, AttachmentRefused
from attachments.incoming import BLOCK_BYTES
from attachments.models import Attachment, AttachmentState
from attachments.scanning.verdicts import QUARANTINED
from attachments.storage import attachment_storage
from messaging.errors import SourceMissing
from messaging.mime.assembly import assemble
from messaging.models import Attempt, Message
from messaging.models.message import Direction, MessageQuerySet
from messaging.retention import check_mail_kept


@dataclass(frozen=True)
class Source:
    """All bytes of a mail; `blocks` gives them once for each call."""

    size: int
    blocks: Callable[[], Iterator[bytes]]


def source_of(message: Message, *, at: datetime) -> Source:
    """The bytes of a message that `in_full` and `with_first_sent` have read.

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
    signature: str = first_sent(message).get("signature", "")
    mail = assemble(message).under(signature.encode())
    return Source(mail.size, mail.blocks)


def with_first_sent(messages: MessageQuerySet) -> MessageQuerySet:
    """Messages, each with what it was when it was first sent, as `Attempt.sent` has it."""
    tries = Attempt.objects.filter(delivery__message=OuterRef("pk"), sent__isnull=False)
    first = tries.order_by("ended_at", "id").values("sent")[:1]
    return messages.annotate(first_sent=Subquery(first))


def first_sent(message: Message) -> Mapping[str, Any]:
    """What `with_first_sent` has read; empty: it was not sent, or nobody knows what was."""
    return vars(message)["first_sent"] or {}


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
