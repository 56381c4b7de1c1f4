"""Uploads in the native spelling."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from attachments.models import Upload
from attachments.serializers import AttachmentOut, spell_attachment
from project.api.fields import IdField, TimeField
from project.api.times import spell_time
from project.ids import spell

PREFIX = "upl"


class ProgressOut(serializers.Serializer[Any]):
    """How far a file has come."""

    id = IdField(PREFIX)
    offset = serializers.IntegerField(help_text="Bytes that are safe here; the next piece's place.")
    length = serializers.IntegerField(help_text="Bytes that it will have in all.")
    expires_at = TimeField(help_text="When it is given up, unless more comes.")
    attachment = AttachmentOut(help_text="The file that it fills.")


def spell_progress(upload: Upload) -> dict[str, Any]:
    return {
        "id": spell(PREFIX, upload.pk),
        "offset": upload.offset,
        "length": upload.attachment.size,
        "expires_at": spell_time(upload.expires_at),
        "attachment": spell_attachment(upload.attachment),
    }
