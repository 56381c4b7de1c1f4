"""Attachments as the vendor spells them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
from rest_framework import serializers

from attachments import signing
from attachments.errors import InvalidContentType
from attachments.filenames import MAX_FILENAME
from attachments.models import Attachment, AttachmentState
from attachments.serializers import SizeField, spell_attachment, spell_upload
from attachments.sniff import clean_content_type
from project.api.fields import LineField
from project.api.times import spell_time
from project.contracts.kustomer.limits import UPLOAD_LIFE
from project.ids import spell_hex

UPLOADED = (AttachmentState.STORED, AttachmentState.READY, AttachmentState.LINKED)
REDACTED = (AttachmentState.GONE, AttachmentState.REFUSED)


def spell_draft_attachment(
    attachment: Attachment, *, draft_id: UUID, filename: str, at: datetime
) -> dict[str, Any]:
    """An attachment of a draft, with `meta` beside it while its bytes are awaited."""
    spelt = _spell(attachment, filename)
    draft = spell_hex(draft_id)
    spelt["relationships"] = {"draft": {"data": {"type": "draft", "id": draft}}}
    here = f"/v1/drafts/{draft}/attachments/{spell_hex(attachment.pk)}"
    if attachment.state != AttachmentState.RESERVED:
        spelt["links"] = _links(attachment, here)
        return {"data": spelt}
    upload = spell_upload(attachment, at, life=UPLOAD_LIFE)
    spelt["links"] = {"self": here, "related": upload["url"]}
    meta = {"method": "PUT", "url": upload["url"], "expiresAt": upload["expires_at"]}
    return {"data": spelt, "meta": {"upload": meta}}


def spell_standalone(attachment: Attachment, *, at: datetime) -> dict[str, Any]:
    """An attachment of its own, with a form to fill in `meta` while its bytes are awaited."""
    spelt = _spell(attachment, attachment.filename)
    org = spell_hex(attachment.workspace_id)
    spelt["relationships"] = {
        "org": {"data": {"type": "org", "id": org}, "links": {"self": f"/v1/orgs/{org}"}}
    }
    spelt["links"] = _links(attachment, f"/v1/attachments/{spell_hex(attachment.pk)}")
    if attachment.state != AttachmentState.RESERVED:
        return {"data": spelt}
    return {"data": spelt, "meta": {"upload": _spell_form(attachment, at)}}


def _spell(attachment: Attachment, filename: str) -> dict[str, Any]:
    return {
        "id": spell_hex(attachment.pk),
        "type": "attachment",
        "attributes": {
            "name": filename,
            "contentType": attachment.content_type,
            "contentLength": attachment.size,
            "uploaded": attachment.state in UPLOADED,
            "redacted": attachment.state in REDACTED,
            "createdAt": spell_time(attachment.created_at),
            "updatedAt": spell_time(
                attachment.gone_at or attachment.stored_at or attachment.created_at
            ),
        },
    }


def _links(attachment: Attachment, here: str) -> dict[str, str]:
    """Where it is, and where its bytes are, if they are anywhere."""
    url = spell_attachment(attachment)["download_url"]
    return {"self": here, "related": url} if url else {"self": here}


def _spell_form(attachment: Attachment, at: datetime) -> dict[str, Any]:
    """A form for the bytes, to be sent with all its fields and with the file last.

    The signature of the URL is what counts; the fields are those that clients expect.
    """
    ends = min(at + UPLOAD_LIFE, attachment.expires_at or at + UPLOAD_LIFE)
    url = signing.form_url(id=attachment.pk, length=attachment.size, expires_at=ends)
    fields = {
        "key": spell_hex(attachment.pk),
        "Content-Type": attachment.content_type,
        "X-Amz-Meta-Attachment-Id": spell_hex(attachment.pk),
    }
    policy = {
        "expiration": spell_time(ends),
        "conditions": [
            *({name: value} for name, value in fields.items()),
            ["content-length-range", attachment.size, attachment.size],
        ],
    }
    fields["Policy"] = b64encode(msgspec.json.encode(policy)).decode()
    fields["X-Amz-Signature"] = parse_qs(urlsplit(url).query)["signature"][0]
    return {"method": "POST", "url": url, "fields": fields, "expiresAt": spell_time(ends)}


class NameField(LineField):
    """The name of a file; never a path."""

    default_error_messages = {"path": "This may not contain / or \\."}

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if "/" in name or "\\" in name:
            self.fail("path")
        return name


class TypeField(LineField):
    """A MIME type."""

    default_error_messages = {"type": "This must be a MIME type such as application/pdf."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            clean_content_type(text)
        except InvalidContentType:
            self.fail("type")
        return text


class AttachmentFields(serializers.Serializer[Any]):
    """A file whose bytes come later."""

    name = NameField(allow_blank=False, max_length=MAX_FILENAME)
    contentType = TypeField()
    contentLength = SizeField(
        min_value=1,
        error_messages={
            "invalid": "This must be a positive integer.",
            "min_value": "This must be a positive integer.",
        },
    )


class StandaloneFields(AttachmentFields):
    """A file by itself, here or elsewhere."""

    externalUrl = LineField(required=False, allow_null=True, max_length=2048)


def offer_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the core is told of a file."""
    return {
        "filename": fields["name"],
        "content_type": fields["contentType"],
        "size": fields["contentLength"],
    }
