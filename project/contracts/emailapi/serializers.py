"""This contract's spelling of files and emails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework import serializers

from attachments.errors import AttachmentNotFound
from attachments.models import Attachment, Origin
from attachments.services import UNUSED_LIFE
from attachments.signing import download_url
from messaging.addresses import Address, read_address, read_addresses
from messaging.letter import Letter, check_headers
from messaging.models import Message, MessageAttachment
from project.api.fields import LineField, TextField
from project.contracts.emailapi.limits import MAX_TO
from project.errors import Invalid
from project.ids import UnknownId, read, spell

URL_LIFE = timedelta(hours=24)  # of a used file, which has no end of its own
SPECIAL = frozenset('",;:<>()[]@\\.')


def answer(data: Mapping[str, Any], message: str) -> dict[str, Any]:
    """The envelope of everything that went well."""
    return {"success": True, "data": data, "message": message}


def spell_second(at: datetime) -> str:
    """An aware time in UTC to the second, such as 2026-01-20T10:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# Files ------------------------------------------------------------------------------------------


def read_file_id(value: Any, *, field: str | None = None) -> UUID:
    """`att_…`; what no file can have is one that is not there. Raises AttachmentNotFound."""
    if not isinstance(value, str):
        raise Invalid("An id is a string.", field=field)
    try:
        return read("att", value)
    except UnknownId:
        raise AttachmentNotFound(value[:64]) from None


def spell_row(file: Attachment) -> dict[str, Any]:
    """A file as lists show it."""
    came = file.stored_at or file.created_at
    return {
        "id": spell("att", file.pk),
        "filename": file.filename,
        "contentType": essence_of(file),
        "size": file.size,
        "createdAt": spell_second(file.created_at),
        "expiresAt": spell_second(file.expires_at or came + UNUSED_LIFE),
    }


def essence_of(file: Attachment) -> str:
    """The type without its charset."""
    return file.content_type.partition(";")[0]


def spell_file(file: Attachment, *, at: datetime) -> dict[str, Any]:
    """A file with its addresses, of which `downloadUrl` is made at `at`."""
    row = spell_row(file)
    until = file.expires_at or at + URL_LIFE
    times = {name: row.pop(name) for name in ("createdAt", "expiresAt")}
    return {
        **row,
        "url": f"{settings.PUBLIC_URL}/api/email/attachments/{row['id']}",
        "downloadUrl": download_url(id=file.pk, filename=file.filename, expires_at=until),
        **times,
    }


def spell_uses(uses: Iterable[tuple[UUID, datetime]]) -> list[dict[str, str]]:
    """The emails, by id and time of the call, that carry a file."""
    return [{"messageId": spell("msg", id), "sentAt": spell_second(at)} for id, at in uses]


# Emails -----------------------------------------------------------------------------------------


class AddressesField(serializers.Field[Any, Any, Any, Any]):
    """`a@b.c` or `Name <a@b.c>`, one or a list of them, read as a tuple of Address.

    Raises InvalidAddress, naming `to` or `to[3]`.
    """

    default_error_messages = {
        "shape": "This must be an address or a list of addresses.",
        "few": "There must be at least one address.",
        "many": "There are {actual} addresses; at most {limit} are taken.",
    }

    def __init__(self, *, most: int | None = None, **options: Any) -> None:
        self.most = most
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> tuple[Address, ...]:
        if isinstance(data, str):
            return (read_address(data, field=str(self.field_name)),)
        if not isinstance(data, list) or not all(isinstance(one, str) for one in data):
            self.fail("shape")
        if not data and self.required:
            self.fail("few")
        if self.most is not None and len(data) > self.most:
            self.fail("many", actual=len(data), limit=self.most)
        return read_addresses(data, field=str(self.field_name))


class AddressField(serializers.Field[Any, Any, Any, Any]):
    """`a@b.c` or `Name <a@b.c>`, read as an Address. Raises InvalidAddress."""

    default_error_messages = {"shape": "This must be an address."}

    def to_internal_value(self, data: Any) -> Address:
        if not isinstance(data, str):
            self.fail("shape")
        return read_address(data, field=str(self.field_name))


class SendFields(serializers.Serializer[Any]):
    """An email, but for its `attachments`; what is not known is ignored."""

    to = AddressesField(most=MAX_TO)
    cc = AddressesField(required=False, allow_null=True)
    bcc = AddressesField(required=False, allow_null=True)
    subject = LineField(allow_blank=False)
    text = TextField(required=False, allow_null=True)
    html = TextField(required=False, allow_null=True)
    replyTo = AddressField(required=False, allow_null=True)  # noqa: N815
    headers = serializers.DictField(child=TextField(), required=False, allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": AddressField(), **super().get_fields()}


class InlineFields(serializers.Serializer[Any]):
    """A file inside an email, but for its bytes; what is not known is ignored."""

    filename = TextField(allow_blank=False)
    contentType = TextField(required=False)  # noqa: N815


def letter_of(fields: Mapping[str, Any], *, has_files: bool) -> Letter:
    """The letter of an email; with files it needs no body. Raises Invalid, InvalidHeader."""
    text, html = fields.get("text") or None, fields.get("html") or None
    if not (text or html or has_files):
        raise Invalid("Give text or html, or attach a file.", field="text")
    headers = fields.get("headers") or {}
    check_headers(headers)
    reply_to = fields.get("replyTo")
    return Letter(
        sender=fields["from"],
        to=fields["to"],
        cc=fields.get("cc") or (),
        bcc=fields.get("bcc") or (),
        reply_to=(reply_to,) if reply_to else (),
        subject=fields["subject"],
        text=text if text or html else "",
        html=html,
        headers=headers,
    )


def spell_email(message: Message, *, at: datetime) -> dict[str, Any]:
    """An email with its status at `at`; no query if prefetched."""
    return {
        "messageId": spell("msg", message.pk),
        "status": message.status_at(at),
        "from": spell_address(message.from_email, message.from_name),
        "to": [spell_address(one["email"], one["name"]) for one in message.to],
        "subject": message.subject,
        "attachments": [spell_carried(one) for one in message.enclosures.all() if one.in_mail],
        "sentAt": spell_second(message.created_at),
    }


def spell_address(email: str, name: str | None) -> str:
    """`a@b.c` or `Name <a@b.c>`, in a form that a send takes."""
    if not name:
        return email
    if SPECIAL & set(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{email}>"


def spell_carried(row: MessageAttachment) -> dict[str, Any]:
    """A file of an email; one that came inside it has no id."""
    file = row.attachment
    copied = row.annotations.get("emailapi", {}).get("id")
    own = None if file.origin == Origin.ENCLOSED else spell("att", file.pk)
    return {
        "id": copied or own,
        "filename": row.filename or file.filename,
        "contentType": essence_of(file),
        "size": file.size,
    }


def copy_note(original: Attachment) -> dict[str, Any]:
    """What an email remembers of a file that it carries again, for `spell_carried`."""
    return {"emailapi": {"id": spell("att", original.pk)}}
