"""Writing an accepted message: its rows, and what their answer needs of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from attachments.limits import Limits, MailSizes
from attachments.models import AttachmentState
from attachments.services import hold_attachments
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.letter import Letter, check_headers
from messaging.mime.assembly import message_id_of
from messaging.mime.headers import MESSAGE_ID
from messaging.models import (
    Customer,
    Delivery,
    Folder,
    Inbox,
    Message,
    MessageAttachment,
    Recipient,
    Thread,
)
from messaging.models.message import Category, Channel, Direction
from messaging.outbox.rehearsal import Rehearsed
from messaging.sizes import encoded_size
from project.ids import new_id

MAX_REFERENCES = 50


@dataclass(frozen=True)
class Filing:
    """Where a message belongs, and what is kept beside it.

    `files_kept_for` is how long after it has left its files can be had; None: as long as it is
    there. `annotations` are a door's own, under its name. `rehearsed` says of addresses, by their
    `key`, what is to come of mail to them, which then does not leave. `answered_id` and
    `references` are Message-IDs, of mail that is answered and is not here.
    """

    thread: Thread | None = None
    in_reply_to: Message | None = None
    answered_id: str = ""
    references: Sequence[str] = ()
    customer: Customer | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    channel: str = Channel.EMAIL
    category: str = Category.TRANSACTIONAL
    annotations: Mapping[str, object] = field(default_factory=dict)
    files_kept_for: timedelta | None = None
    rehearsed: Mapping[str, Rehearsed] = field(default_factory=dict)


def check_mail(
    *,
    letter: Letter,
    enclosures: Sequence[Enclosure],
    limits: Limits,
    in_reply_to: str = "",
    references: Sequence[str] = (),
) -> int:
    """The size as sent of a mail that keeps to the limits.

    Raises the refusals of `limits`, of the letter's headers and of the writer.
    """
    check_headers(letter.headers)
    limits.check_count(len(enclosures), field="attachments")
    for position, one in enumerate(enclosures):
        limits.check_size(one.attachment.size, field=f"attachments[{position}]")
        limits.check_type(filename=one.name, content_type=one.attachment.content_type)
    size = encoded_size(
        letter=letter, enclosures=enclosures, in_reply_to=in_reply_to, references=references
    )
    files = [one.attachment.size for one in enclosures]
    limits.check_total(MailSizes(files=files, bodies=letter.body_bytes, as_sent=size))
    return size


def write_message(
    *,
    inbox: Inbox,
    letter: Letter,
    enclosures: Sequence[Enclosure],
    limits: Limits,
    filing: Filing,
    due_at: datetime | None,
    is_record: bool = False,
) -> Message:
    """The message's own row, after its check against the limits.

    What is only a record is never sent: then there is no moment to forget it.
    """
    in_reply_to, references = threading_of(filing.in_reply_to)
    if filing.in_reply_to is None:
        in_reply_to, references = filing.answered_id, list(filing.references)
    size = check_mail(
        letter=letter,
        enclosures=enclosures,
        limits=limits,
        in_reply_to=in_reply_to,
        references=references,
    )
    id, now = new_id(), timezone.now()
    stores_content = is_record or inbox.workspace.stores_content
    assert letter.sender
    return Message.objects.create(
        id=id,
        workspace_id=inbox.workspace_id,
        inbox=inbox,
        folder=inbox.folders.filter(role=Folder.Role.SENT).first(),
        thread=_thread_of(inbox, letter, filing),
        customer=filing.customer,
        direction=Direction.OUTBOUND,
        channel=filing.channel,
        from_email=letter.sender.email,
        from_name=letter.sender.name or "",
        to=_spelt(letter.to),
        cc=_spelt(letter.cc),
        bcc=_spelt(letter.bcc),
        reply_to=_spelt(letter.reply_to),
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        headers=dict(letter.headers),
        rfc_message_id=message_id_of(id, letter),
        in_reply_to=in_reply_to,
        references=references,
        date=due_at or now,
        size=size,
        attachment_count=len(enclosures),
        tags=list(filing.tags),
        category=filing.category,
        metadata=dict(filing.metadata),
        annotations=dict(filing.annotations),
        send_at=due_at,
        stores_content=stores_content,
        files_until=_files_until(filing, due_at or now, stores_content=stores_content),
        created_at=now,
    )


def _files_until(filing: Filing, leaves_at: datetime, *, stores_content: bool) -> datetime | None:
    if not stores_content:
        return leaves_at
    return leaves_at + filing.files_kept_for if filing.files_kept_for else None


def threading_of(answered: Message | None) -> tuple[str, list[str]]:
    """In-Reply-To and References (RFC 5322, section 3.6.4)."""
    if answered is None or not MESSAGE_ID.fullmatch(answered.rfc_message_id):
        return "", []
    known = [*answered.references, answered.rfc_message_id]
    references = [one for one in known if MESSAGE_ID.fullmatch(one)]
    return answered.rfc_message_id, shorten_references(references)


def shorten_references(ids: Sequence[str]) -> list[str]:
    """The chain that led to a mail, as much of it as is kept: its beginning, and its end."""
    if len(ids) <= MAX_REFERENCES:
        return list(ids)
    return [ids[0], *ids[1 - MAX_REFERENCES :]]


def _thread_of(inbox: Inbox, letter: Letter, filing: Filing) -> Thread:
    answered = filing.in_reply_to.thread if filing.in_reply_to else None
    return (
        filing.thread
        or answered
        or Thread.objects.create(
            workspace_id=inbox.workspace_id, inbox=inbox, subject=letter.subject
        )
    )


def _spelt(addresses: Iterable[Address]) -> list[dict[str, str | None]]:
    return [{"email": one.email, "name": one.name} for one in addresses]


def is_held_back(enclosures: Iterable[Enclosure]) -> bool:
    """Whether a file is still on its way."""
    return any(one.attachment.state != AttachmentState.READY for one in enclosures)


def write_enclosures(message: Message, enclosures: Sequence[Enclosure]) -> list[MessageAttachment]:
    """The message's files, held from now on."""
    if not enclosures:
        return []
    hold_attachments(one.attachment for one in enclosures if not one.attachment.is_held)
    return MessageAttachment.objects.bulk_create(
        MessageAttachment(
            message=message,
            attachment=one.attachment,
            position=position,
            filename=one.name,
            inline=one.inline,
            content_id=one.content_id,
            annotations=dict(one.annotations),
        )
        for position, one in enumerate(enclosures)
    )


def write_deliveries(
    message: Message,
    by_route: Mapping[str, Sequence[Recipient]],
    due_at: datetime | None,
    *,
    is_held: bool,
) -> list[Delivery]:
    """One delivery per route, with its recipients; due by the database's clock."""
    moment = due_at or Now()
    is_waiting = is_held and due_at is None
    deliveries = [
        Delivery(
            message=message,
            route=route,
            state=Delivery.State.WAITING if is_waiting else Delivery.State.QUEUED,
            due_at=None if is_waiting else moment,
            deadline=moment + timedelta(hours=settings.WAIT_HOURS),
        )
        for route in sorted(by_route)
    ]
    Delivery.objects.bulk_create(deliveries)
    for delivery in deliveries:
        for recipient in by_route[delivery.route]:
            recipient.delivery = delivery
    Recipient.objects.bulk_create(one for some in by_route.values() for one in some)
    for delivery in deliveries:
        _cache(delivery, "recipients", list(by_route[delivery.route]))
        if not is_waiting:
            delivery.due_at = due_at or message.created_at
    return deliveries


def remember(message: Message, rows: list[MessageAttachment], deliveries: list[Delivery]) -> None:
    """Spare the answer from reading again what has just been written."""
    _cache(message, "enclosures", rows)
    _cache(message, "deliveries", deliveries)


def _cache(row: Message | Delivery, name: str, related: list[Any]) -> None:
    prefetched = row.__dict__.setdefault("_prefetched_objects_cache", {})
    rows = getattr(row, name).all()
    rows._result_cache = related
    prefetched[name] = rows
