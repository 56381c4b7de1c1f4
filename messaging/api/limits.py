"""Every limit in force, said aloud."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.limits import Limits, encoded_size
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


class FileLimits(serializers.Serializer[Any]):
    max_bytes = serializers.IntegerField(help_text="Decoded.")
    max_encoded_bytes = serializers.IntegerField(help_text="The same file in a mail.")
    max_filename_characters = serializers.IntegerField()
    blocked_types = serializers.ListField(child=serializers.CharField())
    blocked_extensions = serializers.ListField(child=serializers.CharField())


class MessageLimits(serializers.Serializer[Any]):
    max_encoded_bytes = serializers.IntegerField(help_text="The whole mail, as sent.")
    max_decoded_bytes = serializers.IntegerField(
        help_text="About how many bytes of files that is, before they are encoded."
    )
    max_files = serializers.IntegerField()
    max_recipients = serializers.IntegerField()
    max_subject_characters = serializers.IntegerField()
    max_headers = serializers.IntegerField()
    max_header_characters = serializers.IntegerField()
    max_tags = serializers.IntegerField()
    max_tag_characters = serializers.IntegerField()
    max_metadata_characters = serializers.IntegerField()
    max_undo_seconds = serializers.IntegerField()


class RequestLimits(serializers.Serializer[Any]):
    max_json_bytes = serializers.IntegerField()
    max_body_bytes = serializers.IntegerField(help_text="Forms.")
    default_page = serializers.IntegerField()
    max_page = serializers.IntegerField()
    max_idempotency_key_characters = serializers.IntegerField()
    per_minute = serializers.IntegerField(help_text="For each key or person.")


class LifeLimits(serializers.Serializer[Any]):
    """Seconds."""

    upload_url = serializers.IntegerField()
    download_url = serializers.IntegerField()
    reservation = serializers.IntegerField(help_text="Without its bytes, and unused.")
    unused_file = serializers.IntegerField()
    trash = serializers.IntegerField()
    wait_for_files = serializers.IntegerField(help_text="After the time of sending.")
    idempotency_key = serializers.IntegerField()


class LimitsOut(serializers.Serializer[Any]):
    """Every limit in force for this workspace."""

    file = FileLimits()
    message = MessageLimits()
    request = RequestLimits()
    seconds = LifeLimits()


class LimitsView(ApiView):
    """Limits."""

    @extend_schema(responses=LimitsOut, operation_id="limits_retrieve")
    def get(self, request: Request) -> Response:
        """Every limit in force for this workspace: files decoded, and encoded as in a mail."""
        return Response(spell_limits(Limits.for_workspace(self.workspace)))


def spell_limits(limits: Limits) -> dict[str, Any]:
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
