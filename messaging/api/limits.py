"""Every limit in force, said aloud."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.limits import Limits, encoded_size
from attachments.quota import use_of
from attachments.services import RESERVATION_LIFE, UNUSED_LIFE, UPLOAD_URL_LIFE
from attachments.signing import DOWNLOAD_URL_LIFE
from messaging.letter import MAX_HEADER_VALUE_LENGTH, MAX_HEADERS
from messaging.serializers.letters import MAX_METADATA_CHARACTERS, MAX_TAG_LENGTH, MAX_TAGS
from messaging.serializers.messages import MAX_UNDO_SECONDS
from messaging.services import MAX_RECIPIENTS
from messaging.trash import KEPT
from project.api.fields import MAX_LINE
from project.api.idempotency import KEPT as ANSWERS_KEPT
from project.api.idempotency import MAX_KEY_CHARACTERS
from project.api.paging import DEFAULT_LIMIT, MAX_LIMIT
from project.api.parsers import MAX_BODY_BYTES, MAX_JSON_BYTES
from project.api.throttling import REQUESTS_PER_WINDOW
from project.api.views import ApiView
from project.tenancy.models import Workspace


class FileLimits(serializers.Serializer[Any]):
    max_bytes = serializers.IntegerField(help_text="Decoded.")
    max_encoded_bytes = serializers.IntegerField(help_text="The same file in a mail.")
    max_filename_characters = serializers.IntegerField(help_text="Of a name.")
    blocked_types = serializers.ListField(
        child=serializers.CharField(), help_text="Never taken, whatever their name."
    )
    blocked_extensions = serializers.ListField(
        child=serializers.CharField(), help_text="Never taken, whatever is in them."
    )


class MessageLimits(serializers.Serializer[Any]):
    max_encoded_bytes = serializers.IntegerField(help_text="The whole mail, as sent.")
    max_decoded_bytes = serializers.IntegerField(
        help_text="About how many bytes of files that is, before they are encoded."
    )
    max_files = serializers.IntegerField(help_text="Of one mail.")
    max_recipients = serializers.IntegerField(help_text="Of one mail: to, cc and bcc together.")
    max_subject_characters = serializers.IntegerField(help_text="Of a subject.")
    max_headers = serializers.IntegerField(help_text="Further headers of one mail.")
    max_header_characters = serializers.IntegerField(help_text="Of a header's value.")
    max_tags = serializers.IntegerField(help_text="Of one message or draft.")
    max_tag_characters = serializers.IntegerField(help_text="Of a tag.")
    max_metadata_characters = serializers.IntegerField(
        help_text="Of all keys and texts in `metadata`."
    )
    max_undo_seconds = serializers.IntegerField(help_text="Of `undo_seconds`.")
    undo_seconds = serializers.IntegerField(
        help_text="For how long people at the desk can take back what they have sent."
    )


class RequestLimits(serializers.Serializer[Any]):
    max_json_bytes = serializers.IntegerField(help_text="A JSON body, files in base64 included.")
    max_body_bytes = serializers.IntegerField(help_text="Forms.")
    default_page = serializers.IntegerField(help_text="`limit`, when it is not given.")
    max_page = serializers.IntegerField(help_text="The largest `limit`.")
    max_idempotency_key_characters = serializers.IntegerField(help_text="Of an `Idempotency-Key`.")
    per_minute = serializers.IntegerField(help_text="For each key or person.")


class LifeLimits(serializers.Serializer[Any]):
    """Seconds."""

    upload_url = serializers.IntegerField(help_text="Of an `upload.url`.")
    download_url = serializers.IntegerField(help_text="Of a `download_url`.")
    reservation = serializers.IntegerField(help_text="Without its bytes, and unused.")
    unused_file = serializers.IntegerField(
        help_text="After its upload, until its bytes are removed."
    )
    trash = serializers.IntegerField(help_text="Until a message in it is deleted for good.")
    wait_for_files = serializers.IntegerField(help_text="After the time of sending.")
    idempotency_key = serializers.IntegerField(
        help_text="Until an `Idempotency-Key` may be used for another request."
    )


class StorageLimits(serializers.Serializer[Any]):
    """Of the workspace as a whole; equal files count once."""

    max_bytes = serializers.IntegerField(allow_null=True, help_text="Null: any number.")
    used_bytes = serializers.IntegerField(help_text="Stored or reserved now.")
    max_uploads = serializers.IntegerField(
        allow_null=True, help_text="Files on their way at once: 429 for more. Null: any number."
    )
    uploads = serializers.IntegerField(help_text="On their way now.")


class LimitsOut(serializers.Serializer[Any]):
    """Every limit in force for this workspace."""

    file = FileLimits()
    message = MessageLimits()
    request = RequestLimits()
    storage = StorageLimits()
    seconds = LifeLimits()


EXAMPLE = OpenApiExample(
    "Limits",
    response_only=True,
    value={
        "file": {
            "max_bytes": 26214400,
            "max_encoded_bytes": 35872340,
            "max_filename_characters": 255,
            "blocked_types": [],
            "blocked_extensions": [],
        },
        "message": {
            "max_encoded_bytes": 37748736,
            "max_decoded_bytes": 27585606,
            "max_files": 200,
            "max_recipients": 1000,
            "max_subject_characters": 998,
            "max_headers": 50,
            "max_header_characters": 998,
            "max_tags": 50,
            "max_tag_characters": 100,
            "max_metadata_characters": 16384,
            "max_undo_seconds": 3600,
            "undo_seconds": 10,
        },
        "request": {
            "max_json_bytes": 41943040,
            "max_body_bytes": 134217728,
            "default_page": 25,
            "max_page": 100,
            "max_idempotency_key_characters": 255,
            "per_minute": 60000,
        },
        "storage": {
            "max_bytes": None,
            "used_bytes": 0,
            "max_uploads": 1000,
            "uploads": 0,
        },
        "seconds": {
            "upload_url": 86400,
            "download_url": 3600,
            "reservation": 604800,
            "unused_file": 2592000,
            "trash": 2592000,
            "wait_for_files": 86400,
            "idempotency_key": 86400,
        },
    },
)


class LimitsView(ApiView):
    """Limits."""

    @extend_schema(responses=LimitsOut, operation_id="limits_retrieve", examples=[EXAMPLE])
    def get(self, request: Request) -> Response:
        """Every limit in force for this workspace: files decoded, and encoded as in a mail."""
        return Response({**spell_limits(self.workspace), "storage": spell_use(self.workspace)})


def spell_use(workspace: Workspace) -> dict[str, Any]:
    """What the workspace uses of its room; two queries."""
    use = use_of(workspace)
    return {
        "max_bytes": use.quota or None,
        "used_bytes": use.used_bytes,
        "max_uploads": settings.WORKSPACE_UPLOADS or None,
        "uploads": use.uploads,
    }


def spell_limits(workspace: Workspace) -> dict[str, Any]:
    """The limits as every native answer shows them; no query."""
    limits = Limits.for_workspace(workspace)
    return {
        "file": {
            "max_bytes": limits.max_file_bytes,
            "max_encoded_bytes": encoded_size(limits.max_file_bytes),
            "max_filename_characters": limits.max_filename,
            "blocked_types": sorted(limits.blocked_types),
            "blocked_extensions": sorted(limits.blocked_extensions),
        },
        "message": {
            "max_encoded_bytes": limits.max_total_bytes,
            "max_decoded_bytes": decoded_size(limits.max_total_bytes),
            "max_files": limits.max_files,
            "max_recipients": MAX_RECIPIENTS,
            "max_subject_characters": MAX_LINE,
            "max_headers": MAX_HEADERS,
            "max_header_characters": MAX_HEADER_VALUE_LENGTH,
            "max_tags": MAX_TAGS,
            "max_tag_characters": MAX_TAG_LENGTH,
            "max_metadata_characters": MAX_METADATA_CHARACTERS,
            "max_undo_seconds": MAX_UNDO_SECONDS,
            "undo_seconds": workspace.undo_seconds,
        },
        "request": {
            "max_json_bytes": MAX_JSON_BYTES,
            "max_body_bytes": MAX_BODY_BYTES,
            "default_page": DEFAULT_LIMIT,
            "max_page": MAX_LIMIT,
            "max_idempotency_key_characters": MAX_KEY_CHARACTERS,
            "per_minute": REQUESTS_PER_WINDOW,
        },
        "seconds": {
            "upload_url": int(UPLOAD_URL_LIFE.total_seconds()),
            "download_url": int(DOWNLOAD_URL_LIFE.total_seconds()),
            "reservation": int(RESERVATION_LIFE.total_seconds()),
            "unused_file": int(UNUSED_LIFE.total_seconds()),
            "trash": int(KEPT.total_seconds()),
            "wait_for_files": int(settings.WAIT_HOURS * 3600),
            "idempotency_key": int(ANSWERS_KEPT.total_seconds()),
        },
    }


def decoded_size(encoded: int) -> int:
    """The bytes of a file that take this many in a mail: 57 to a line of 76 and CRLF."""
    return encoded // 78 * 57
