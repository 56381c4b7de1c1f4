"""Rows by the ten thousand. Runs in the installation's own shell (see `House.shell`)."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, TypeVar

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from attachments.models import Attachment, AttachmentState, Blob
from drafts.models import Draft
from messaging.addresses import Address
from messaging.letter import Letter
from messaging.mime.assembly import message_id_of
from messaging.models import (
    Delivery,
    Folder,
    Inbox,
    Message,
    MessageAttachment,
    Recipient,
    Thread,
)
from messaging.models.message import Direction
from project.ids import new_id

Row = TypeVar("Row", bound=Model)

BATCH: Final = 5000
BLOBS: Final = 500
THREADS: Final = 1000
EVERY: Final = 4  # one message of so many has files
RARE: Final = 100  # one message with files of so many has an invoice


def seed_messages(*, count: int) -> str:
    """Sent messages, a quarter of them with one or two files."""
    inbox = Inbox.objects.get()
    blobs = _made(_blob(inbox, number) for number in range(BLOBS))
    threads = _made(_thread(inbox, number) for number in range(THREADS))
    folder = Folder.objects.get(inbox=inbox, role=Folder.Role.SENT)
    for start in range(0, count, BATCH):
        with transaction.atomic():
            numbers = range(start, min(start + BATCH, count))
            messages = [_message(inbox, n, thread=threads[n % THREADS]) for n in numbers]
            carried = [
                (message, place, n)
                for n, message in zip(numbers, messages, strict=True)
                for place in range(_files_of(n))
            ]
            for message in messages:
                message.folder = folder
                message.sent_at = message.created_at
            _deliver(messages, state=Delivery.State.DONE)
            files = _made(_attachment(blobs[n % BLOBS], n) for _, _, n in carried)
            _made(
                MessageAttachment(
                    message=message, attachment=file, position=place, filename=file.filename
                )
                for (message, place, _), file in zip(carried, files, strict=True)
            )
    return _told(messages=Message.objects.count(), files=MessageAttachment.objects.count())


def seed_drafts(*, count: int) -> str:
    """Drafts that are scheduled for tomorrow."""
    inbox = Inbox.objects.get()
    due_at = timezone.now() + timedelta(days=1)
    for start in range(0, count, BATCH):
        with transaction.atomic():
            numbers = range(start, min(start + BATCH, count))
            threads = _made(_thread(inbox, number) for number in numbers)
            messages = [
                _message(inbox, n, thread=thread)
                for n, thread in zip(numbers, threads, strict=True)
            ]
            for message in messages:
                message.send_at = due_at
            _deliver(messages, state=Delivery.State.QUEUED)
            _made(_draft(message) for message in messages)
    return _told(drafts=Draft.objects.filter(message__isnull=False).count())


def _made(rows: Iterator[Row]) -> list[Row]:
    made = list(rows)
    if made:
        type(made[0])._default_manager.bulk_create(made)
    return made


def _told(**facts: Any) -> str:
    """Fresh statistics, as a database that has been used has them; the facts as JSON."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return json.dumps(facts)


def _files_of(number: int) -> int:
    return 0 if number % EVERY else 1 + (number // EVERY) % 2


def _blob(inbox: Inbox, number: int) -> Blob:
    return Blob(
        workspace_id=inbox.workspace_id,
        sha256=sha256(b"bench %d" % number).hexdigest(),
        size=50_000,
        content_type="application/pdf",
        encoding="binary",
    )


def _thread(inbox: Inbox, number: int) -> Thread:
    return Thread(workspace_id=inbox.workspace_id, inbox=inbox, subject=f"Matter {number}")


def _attachment(blob: Blob, number: int) -> Attachment:
    kind = "invoice" if number // EVERY % RARE == 0 else "report"
    return Attachment(
        workspace_id=blob.workspace_id,
        filename=f"{kind} {number:06} of the northern branch.pdf",
        content_type=blob.content_type,
        size=blob.size,
        sha256=blob.sha256,
        state=AttachmentState.READY,
        blob=blob,
        stored_at=timezone.now(),
    )


def _message(inbox: Inbox, number: int, *, thread: Thread) -> Message:
    id = new_id()
    sender = Address(inbox.address, None)
    letter = Letter(sender=sender, to=(Address(f"someone{number}@example.com", None),))
    return Message(
        id=id,
        workspace_id=inbox.workspace_id,
        inbox=inbox,
        thread=thread,
        direction=Direction.OUTBOUND,
        from_email=inbox.address,
        to=[{"email": one.email, "name": one.name} for one in letter.to],
        subject=f"Matter {number}",
        text="Dear reader,\n\nthis is what a letter of some length looks like. " * 8,
        rfc_message_id=message_id_of(id, letter),
        size=70_000,
        attachment_count=_files_of(number),
    )


def _deliver(messages: list[Message], *, state: str) -> None:
    is_done = state == Delivery.State.DONE
    Message.objects.bulk_create(messages)
    deliveries = _made(
        Delivery(
            message=message,
            state=state,
            due_at=None if is_done else message.send_at,
            done_at=message.created_at if is_done else None,
            attempts=int(is_done),
            deadline=message.created_at + timedelta(days=2),
        )
        for message in messages
    )
    _made(
        Recipient(
            delivery=delivery,
            email=message.to[0]["email"],
            state=Recipient.State.ACCEPTED if is_done else Recipient.State.PENDING,
            reply="250 2.0.0 Ok" if is_done else "",
            at=message.created_at if is_done else None,
        )
        for message, delivery in zip(messages, deliveries, strict=True)
    )


def _draft(message: Message) -> Draft:
    names = ("workspace_id", "inbox_id", "thread_id", "from_email", "to", "subject", "text")
    copied = {name: getattr(message, name) for name in (*names, "send_at")}
    return Draft(**copied, message=message)
