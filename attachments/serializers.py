"""Attachments in the native spelling."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from attachments import signing
from attachments.models import Attachment, AttachmentState
from attachments.services import UPLOAD_URL_LIFE
from attachments.storage import attachment_storage
from project.api.fields import IdField, TextField, TimeField
from project.api.serializers import StrictSerializer
from project.api.times import spell_time
from project.ids import spell

PREFIX = "att"


def spell_attachment(attachment: Attachment) -> dict[str, Any]:
    """An attachment as every native answer shows it; one signature, and no query."""
    now = timezone.now()
    reserved = attachment.state == AttachmentState.RESERVED
    spelt = {
        "id": spell(PREFIX, attachment.pk),
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "sha256": None if reserved else attachment.sha256 or None,
        "state": attachment.state,
        "reason": _reason(attachment),
        "created_at": spell_time(attachment.created_at),
        "expires_at": spell_time(attachment.expires_at),
        "download_url": _download_url(attachment, now),
    }
    if reserved:
        spelt["upload"] = spell_upload(attachment, now)
    return spelt


def spell_upload(
    attachment: Attachment, now: datetime, *, life: timedelta = UPLOAD_URL_LIFE
) -> dict[str, Any]:
    """How to send the bytes of a reservation, without a key: to us, or to the storage itself."""
    expires_at = min(now + life, attachment.expires_at or now + life)
    url = attachment_storage().upload_url(
        attachment.incoming_key, length=attachment.size, ttl=expires_at - now
    ) or signing.upload_url(id=attachment.pk, length=attachment.size, expires_at=expires_at)
    return {"method": "PUT", "url": url, "headers": {}, "expires_at": spell_time(expires_at)}


def _reason(attachment: Attachment) -> dict[str, str] | None:
    if not attachment.reason_code:
        return None
    return {"code": attachment.reason_code, "message": attachment.reason}


def _download_url(attachment: Attachment, now: datetime) -> str | None:
    if attachment.state == AttachmentState.LINKED:
        return attachment.external_url
    if attachment.state != AttachmentState.READY:
        return None
    return signing.download_url(
        id=attachment.pk,
        filename=attachment.filename,
        expires_at=now + signing.DOWNLOAD_URL_LIFE,
    )


class SizeField(serializers.IntegerField):
    """A number of bytes; a JSON number, not a text that looks like one."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class AttachmentFields(StrictSerializer):
    """What a request says of a file, beside its bytes."""

    filename = TextField(help_text="The name that people see; 1 to 255 characters.")
    content_type = TextField(
        required=False,
        allow_null=True,
        help_text="Such as `application/pdf`. Left out: taken from the name, else from the bytes.",
    )
    sha256 = TextField(
        required=False,
        allow_null=True,
        help_text="Hex. The bytes are refused when they have another digest.",
    )


class ReservationFields(AttachmentFields):
    """A file whose bytes will come later."""

    size = SizeField(min_value=0, help_text="The exact number of bytes that will come.")


class FormFields(StrictSerializer):
    """The fields of a form beside its file."""

    filename = TextField(required=False, help_text="Instead of the file's own name.")
    sha256 = TextField(required=False, help_text="Hex SHA-256 that the bytes must have.")


class ReasonOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="`malware`, `expired`, `deleted`, `lost`, …")
    message = serializers.CharField(help_text="For people.")


class UploadOut(serializers.Serializer[Any]):
    method = serializers.CharField(help_text="Always `PUT`.")
    url = serializers.URLField(help_text="To be used exactly as given, without a key.")
    headers = serializers.DictField(
        child=serializers.CharField(), help_text="To be sent with the bytes; often none."
    )
    expires_at = TimeField(help_text="When the URL ends.")


class AttachmentOut(serializers.Serializer[Attachment]):
    """A file."""

    id = IdField(PREFIX)
    filename = serializers.CharField(help_text="The name that people see.")
    content_type = serializers.CharField(help_text="As declared, else by the name or the bytes.")
    size = serializers.IntegerField(help_text="Bytes, decoded; as announced while reserved.")
    sha256 = serializers.CharField(allow_null=True, help_text="Hex; null until the bytes are in.")
    state = serializers.ChoiceField(
        AttachmentState.choices,
        help_text="Only `ready` files are sent; `stored` ones are being scanned for malware, and "
        "`gone` ones keep their name and digest.",
    )
    reason = ReasonOut(allow_null=True, help_text="Why refused or gone, or not scanned.")
    created_at = TimeField(help_text="When it was made.")
    expires_at = TimeField(allow_null=True, help_text="Null while something uses the file.")
    download_url = serializers.URLField(
        allow_null=True,
        help_text="Lives one hour; needs no key. Null until the bytes are in; of a `linked` file "
        "the address outside.",
    )
    upload = UploadOut(required=False, help_text="Only while reserved: where to send the bytes.")

    def to_representation(self, instance: Attachment) -> dict[str, Any]:
        return spell_attachment(instance)


class UseOut(serializers.Serializer[Any]):
    """A draft or a message that carries the file."""

    kind = serializers.ChoiceField(["draft", "message"], help_text="What carries it.")
    id = serializers.CharField(help_text="`drf_…` or `msg_…`")
    at = TimeField(help_text="When it was attached.")
