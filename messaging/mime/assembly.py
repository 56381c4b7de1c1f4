"""The mail of a message: its rows, handed to the writer."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import IO
from uuid import UUID

from django.conf import settings

from attachments.models import Attachment
from attachments.storage import attachment_storage
from messaging.addresses import Address
from messaging.letter import Letter
from messaging.mime.writer import MimeWriter, Part
from messaging.models import Message

MESSAGE_TYPE = "message/rfc822"


def assemble(message: Message, *, opened: Mapping[UUID, IO[bytes]] | None = None) -> MimeWriter:
    """The mail as it is sent: the same bytes every time, since none of its rows ever change.

    `opened` holds files that are open already, by the id of their attachment; others are opened
    when their turn comes.
    """
    held = opened or {}
    parts = [
        part_of(
            enclosure.attachment,
            filename=enclosure.filename,
            inline=enclosure.inline,
            content_id=enclosure.content_id,
            opened=held.get(enclosure.attachment_id),
        )
        for enclosure in message.enclosures.all()
        if enclosure.in_mail
    ]
    return MimeWriter(
        letter_of(message),
        parts,
        message_id=message.rfc_message_id,
        date=message.date,
        seed=seed_of(message.pk),
        in_reply_to=message.in_reply_to or None,
        references=tuple(message.references),
    )


def letter_of(message: Message) -> Letter:
    """The letter that a message was made of."""
    return Letter(
        sender=Address(message.from_email, message.from_name or None),
        to=tuple(Address(**one) for one in message.to),
        cc=tuple(Address(**one) for one in message.cc),
        bcc=tuple(Address(**one) for one in message.bcc),
        reply_to=tuple(Address(**one) for one in message.reply_to),
        subject=message.subject,
        text=message.text,
        html=message.html,
        headers=message.headers,
    )


def part_of(
    attachment: Attachment,
    *,
    filename: str,
    inline: bool,
    content_id: str,
    opened: IO[bytes] | None = None,
) -> Part:
    """How a file goes into the mail; its bytes must be there, or on their way."""
    return Part(
        filename=filename,
        content_type=mail_type(attachment),
        size=attachment.size,
        open=(lambda: opened) if opened else opener(attachment),
        inline=inline,
        content_id=content_id,
        encoding=transfer_encoding(attachment),
        sha256=attachment.sha256,
    )


def opener(attachment: Attachment) -> Callable[[], IO[bytes]]:
    """What opens the bytes of a file; FileNotFoundError when they are not in storage."""

    def open_blob() -> IO[bytes]:
        if attachment.blob is None:
            raise FileNotFoundError(attachment.filename)
        return attachment_storage().open(attachment.blob.key)

    return open_blob


def transfer_encoding(attachment: Attachment) -> str:
    """base64, but for a mail in the mail that can travel as it is (RFC 2046, section 5.2.1)."""
    blob = attachment.blob
    if attachment.content_type == MESSAGE_TYPE and blob and blob.encoding in ("7bit", "8bit"):
        return blob.encoding
    return "base64"


def mail_type(attachment: Attachment) -> str:
    """Its type; what cannot travel as that in base64 goes as plain bytes, which stay the same.

    Source: RFC 2046, sections 5.1 and 5.2 (composite types have no encoding of their own).
    """
    if attachment.content_type == MESSAGE_TYPE and transfer_encoding(attachment) != "base64":
        return MESSAGE_TYPE
    if attachment.content_type.startswith(("message/", "multipart/")):
        return "application/octet-stream"
    return attachment.content_type


def message_id_of(id: UUID, letter: Letter) -> str:
    """The Message-ID that a message of this id has, at the domain of its sender."""
    domain = letter.sender.ascii_email.rpartition("@")[2] if letter.sender else "localhost"
    return f"<{id.hex}@{domain}>"


def seed_of(message_id: UUID) -> bytes:
    """What the boundaries derive from: fixed for a message, and nobody else can foresee it."""
    key = f"boundary {settings.SECRET_KEY}".encode()
    return hmac.digest(key, message_id.bytes, "sha256")
