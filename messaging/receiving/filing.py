"""Where a mail that has been read belongs: its thread, its customer, its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from attachments.models import Attachment, AttachmentState, Origin
from attachments.scanning.verdicts import standing_of
from attachments.services import announce_attachments
from messaging.acceptance import shorten_references
from messaging.addresses import Address
from messaging.models import Arrival, Folder, Inbox, Message, MessageAttachment, Thread
from messaging.models.message import Direction
from messaging.omissions import annotation_of, with_notes
from messaging.receiving.reports import apply_report
from project.events.services import emit, happened
from project.ids import new_id

if TYPE_CHECKING:
    from messaging.mime.fields import Fields
    from messaging.receiving.parsing import Found, Read

MAX_HEADERS = 500
MAX_ID = 998
MAX_HEADER_CHARACTERS = 16_384
MAX_ADDRESSES = 1000
ANSWERS = re.compile(
    r"\s*+(?:(?:re|aw|sv|antw|fw|fwd|wg|tr|rif|ref)\s*+(?:\[\d++\]\s*+)?:\s*+)++", re.IGNORECASE
)


@transaction.atomic
def write_received(*, arrival: Arrival, read: Read, failed: bool = False) -> Message | None:
    """Write the message that an arrival is; None if somebody else has, meanwhile.

    The same mail for the same inbox is kept once: its arrivals share a message.
    """
    rows = arrival.leased()
    known = rows.select_related("inbox", "workspace")
    locked = known.select_for_update(of=("self",), no_key=True).first()
    if locked is None:
        return None
    # One inbox takes its mail one by one, so that of two equal mails the second sees the first.
    Inbox.objects.select_for_update(no_key=True).get(pk=locked.inbox_id)
    message = None if failed else _same_mail(locked, read)
    if message is None:
        message = _write(locked, read)
    rows.update(
        state=Arrival.State.FAILED if failed else Arrival.State.PARSED,
        message=message,
        due_at=None,
        parsed_at=timezone.now(),
        **({} if failed else {"problem": ""}),
    )
    return message


def _same_mail(arrival: Arrival, read: Read) -> Message | None:
    """The message of an equal mail that has come before."""
    id = message_id_of(read.mail.fields)
    if not id:
        return None
    rows = Message.objects.filter(inbox=arrival.inbox_id, rfc_message_id=id)
    return rows.filter(direction=Direction.INBOUND, arrivals__sha256=arrival.sha256).first()


def _write(arrival: Arrival, read: Read) -> Message:
    mail, fields = read.mail, read.mail.fields
    text, html = with_notes(read.text, read.html, read.omitted)
    own_id = message_id_of(fields)
    in_reply_to, references = _ancestors(fields)
    sender = mail.sender or Address("")
    now = timezone.now()
    folder = Folder.objects.filter(inbox=arrival.inbox_id, role=Folder.Role.INBOX).first()
    customers = arrival.workspace.customers
    message = Message.objects.create(
        workspace_id=arrival.workspace_id,
        inbox=arrival.inbox,
        folder=folder,
        thread=_thread_of(arrival, mail.subject, own_id, in_reply_to, references),
        customer=customers.with_email(sender.email).first() if sender.email else None,
        direction=Direction.INBOUND,
        from_email=sender.email[:320],
        from_name=(sender.name or "")[:998],
        to=_spelt(fields.addresses("To")),
        cc=_spelt(fields.addresses("Cc")),
        reply_to=_spelt(fields.addresses("Reply-To")),
        subject=mail.subject,
        text=text,
        html=html,
        headers=_headers(fields),
        rfc_message_id=own_id,
        in_reply_to=in_reply_to,
        references=references,
        date=mail.date or arrival.received_at,
        size=arrival.size,
        attachment_count=len(read.files),
        annotations=_annotations(read),
        unread=True,
        sent_at=None,
        created_at=now,
    )
    _enclose(message, read.files)
    if read.report:
        apply_report(messages=arrival.inbox.messages.all(), report=read.report)
    facts = {"inbox": arrival.inbox_id.hex, "files": len(read.files), "size": arrival.size}
    emit(
        happened(
            "message.received",
            workspace_id=message.workspace_id,
            subject_id=message.pk,
            payload=facts,
        )
    )
    return message


def _enclose(message: Message, files: Sequence[Found]) -> None:
    now = timezone.now()
    attachments = Attachment.objects.bulk_create(
        Attachment(
            workspace_id=message.workspace_id,
            filename=one.filename,
            content_type=one.content_type,
            size=one.blob.size,
            sha256=one.blob.sha256,
            **asdict(standing_of(one.blob)),
            origin=Origin.RECEIVED,
            blob=one.blob,
            created_at=now,
            stored_at=now,
        )
        for one in files
    )
    rows: dict[Found, MessageAttachment] = {}
    for position, (one, attachment) in enumerate(zip(files, attachments, strict=True)):
        rows[one] = MessageAttachment(
            message=message,
            attachment=attachment,
            position=position,
            filename=one.filename,
            inline=one.is_inline,
            content_id=one.content_id,
            container=rows[one.container] if one.container else None,
        )
    MessageAttachment.objects.bulk_create(rows.values())
    if any(attachment.state != AttachmentState.READY for attachment in attachments):
        announce_attachments(attachments)


def message_id_of(fields: Fields) -> str:
    """The Message-ID with its angle brackets; blank when there is none."""
    return next(iter(_ids(fields, "Message-ID")), "")


def _ids(fields: Fields, name: str) -> list[str]:
    """The Message-IDs of a field that can be one: ASCII, and no longer than a line may be."""
    return [id for id in fields.message_ids(name) if id.isascii() and len(id) <= MAX_ID]


def _ancestors(fields: Fields) -> tuple[str, list[str]]:
    """In-Reply-To, and References from the oldest on."""
    answered = next(iter(_ids(fields, "In-Reply-To")), "")
    references = _ids(fields, "References")
    return answered, shorten_references(references)


def _thread_of(
    arrival: Arrival, subject: str, own_id: str, in_reply_to: str, references: Sequence[str]
) -> Thread:
    """The thread of the nearest ancestor that this inbox has, else a new one.

    The nearest of all is the mail itself, when the inbox has written to itself.
    """
    ancestors = [id for id in (in_reply_to, *reversed(references)) if id]
    if own_id or ancestors:
        itself = Q(rfc_message_id=own_id, direction=Direction.OUTBOUND) if own_id else Q(pk=None)
        rows = Message.objects.filter(itself | Q(rfc_message_id__in=ancestors))
        rows = rows.filter(inbox=arrival.inbox_id).exclude(thread=None).order_by("-pk")
        known: dict[str, UUID] = dict(rows.values_list("rfc_message_id", "thread_id"))
        for id in (own_id, *ancestors):
            if id in known:
                return Thread.objects.get(pk=known[id])
    return Thread.objects.create(
        id=new_id(),
        workspace_id=arrival.workspace_id,
        inbox=arrival.inbox,
        subject=topic_of(subject),
    )


def topic_of(subject: str) -> str:
    """The subject without its `Re:`, `Fwd:` and their like."""
    answers = ANSWERS.match(subject)
    return subject[answers.end() :] if answers else subject


def _headers(fields: Fields) -> dict[str, str]:
    """The header fields as people read them, the first of each name; the raw mail has them all."""
    headers: dict[str, str] = {}
    for field in fields:
        if len(headers) < MAX_HEADERS:
            headers.setdefault(field.name, field.text[:MAX_HEADER_CHARACTERS])
    return headers


def _annotations(read: Read) -> dict[str, object]:
    notes = annotation_of(read.omitted)
    if read.flaws:
        notes.setdefault("receiving", {})["flaws"] = list(read.flaws)
    return notes


def _spelt(addresses: Sequence[Address]) -> list[dict[str, str | None]]:
    return [{"email": one.email, "name": one.name} for one in addresses[:MAX_ADDRESSES]]
