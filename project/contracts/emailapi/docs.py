"""What the OpenAPI description says of this contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, inline_serializer
from rest_framework import serializers

from project.contracts.emailapi.limits import MAX_TO
from project.contracts.emailapi.paging import DEFAULT_LIMIT, MAX_LIMIT

FILE_ID = "att_01kagyx6vqeq7b0m4v1c2n8t5r"
EMAIL_ID = "msg_01kagyz1s2f4r7hq0n6x5v3w8t"
FILE = {
    "id": FILE_ID,
    "filename": "document.pdf",
    "contentType": "application/pdf",
    "size": 245760,
}
TIMES = {"createdAt": "2026-01-20T10:00:00Z", "expiresAt": "2026-02-19T10:00:00Z"}
UPLOADED = {
    **FILE,
    "url": f"https://mail.example.com/api/email/attachments/{FILE_ID}",
    "downloadUrl": f"https://mail.example.com/dl/{FILE_ID}.pdf?expires=1771495200&signature=…",
    **TIMES,
}
EMAIL = {
    "messageId": EMAIL_ID,
    "status": "queued",
    "from": "sender@example.com",
    "to": ["recipient@example.com"],
    "subject": "Document Attached",
    "attachments": [FILE],
    "sentAt": "2026-01-20T10:05:00Z",
}
LETTER = {
    "from": "sender@example.com",
    "to": "recipient@example.com",
    "subject": "Document Attached",
    "text": "Please find the document attached.",
    "attachments": [{"id": FILE_ID}],
}


class RowOut(serializers.Serializer[Any]):
    """A file in a list."""

    id = serializers.CharField(help_text="`att_…`")
    filename = serializers.CharField()
    contentType = serializers.CharField()  # noqa: N815
    size = serializers.IntegerField(help_text="In bytes.")
    createdAt = serializers.CharField(help_text="UTC, to the second.")  # noqa: N815
    expiresAt = serializers.CharField(help_text="Unless an email uses it.")  # noqa: N815


class FileOut(RowOut):
    """A file."""

    url = serializers.CharField(help_text="This file here.")
    downloadUrl = serializers.CharField(help_text="Its bytes, without a key.")  # noqa: N815


class UseOut(serializers.Serializer[Any]):
    """An email that carries a file."""

    messageId = serializers.CharField()  # noqa: N815
    sentAt = serializers.CharField()  # noqa: N815


class UsedFileOut(FileOut):
    """A file and the emails that carry it, oldest first."""

    usedIn = UseOut(many=True)  # noqa: N815


class PaginationOut(serializers.Serializer[Any]):
    """Where a page stands in its list."""

    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    hasMore = serializers.BooleanField()  # noqa: N815


class ListOut(serializers.Serializer[Any]):
    """A page of files, newest first."""

    attachments = RowOut(many=True)
    pagination = PaginationOut()


class DeletedOut(serializers.Serializer[Any]):
    """A file that was deleted."""

    id = serializers.CharField()
    deletedAt = serializers.CharField()  # noqa: N815


class CarriedOut(serializers.Serializer[Any]):
    """A file of an email; one that came inside it has no id."""

    id = serializers.CharField(allow_null=True)
    filename = serializers.CharField()
    contentType = serializers.CharField()  # noqa: N815
    size = serializers.IntegerField()


class EmailOut(serializers.Serializer[Any]):
    """An email."""

    messageId = serializers.CharField()  # noqa: N815
    status = serializers.CharField(help_text="`queued`, `sending`, `sent`, `failed` …")
    to = serializers.ListField(child=serializers.CharField())
    subject = serializers.CharField()
    attachments = CarriedOut(many=True)
    sentAt = serializers.CharField()  # noqa: N815

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.CharField(), **super().get_fields()}


def enveloped(data: serializers.Serializer[Any]) -> Any:
    """The shape of an answer that has this."""
    return inline_serializer(
        f"{type(data).__name__.removesuffix('Out')}Answer",
        {"success": serializers.BooleanField(), "data": data, "message": serializers.CharField()},
    )


def shown(data: Mapping[str, Any], message: str, *, status: str = "200") -> OpenApiExample:
    value = {"success": True, "data": data, "message": message}
    return OpenApiExample("Answer", response_only=True, status_codes=[status], value=value)


EMAIL_OUT = enveloped(EmailOut())
ADDRESS = {"type": "string", "example": "Ann <ann@example.com>"}
ADDRESSES = {"oneOf": [ADDRESS, {"type": "array", "items": ADDRESS, "maxItems": MAX_TO}]}
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "At most 25 MB."},
        "filename": {"type": "string", "description": "Instead of the file's own name."},
    },
}
BODY: dict[str, Any] = {
    "type": "object",
    "required": ["from", "to", "subject"],
    "properties": {
        "from": {**ADDRESS, "description": "An inbox of the workspace."},
        "to": ADDRESSES,
        "cc": ADDRESSES,
        "bcc": ADDRESSES,
        "subject": {"type": "string", "maxLength": 998},
        "text": {"type": "string", "description": "Needed, or html, unless there are files."},
        "html": {"type": "string"},
        "replyTo": ADDRESS,
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "attachments": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["id"],
                        "properties": {"id": {"type": "string"}},
                    },
                    {
                        "type": "object",
                        "required": ["filename", "content"],
                        "properties": {
                            "filename": {"type": "string"},
                            "content": {"type": "string", "format": "byte"},
                            "contentType": {"type": "string"},
                        },
                    },
                ]
            },
        },
    },
}
ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH)

UPLOAD: dict[str, Any] = {
    "summary": "Upload a file",
    "request": {"multipart/form-data": FORM},
    "responses": {201: enveloped(FileOut())},
    "examples": [shown(UPLOADED, "Attachment uploaded successfully", status="201")],
}
LIST: dict[str, Any] = {
    "summary": "Uploaded files, newest first",
    "parameters": [
        OpenApiParameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        ),
        OpenApiParameter("offset", {"type": "integer", "minimum": 0, "default": 0}),
        OpenApiParameter("search", OpenApiTypes.STR, description="Any part of the name."),
    ],
    "responses": enveloped(ListOut()),
    "examples": [
        shown(
            {
                "attachments": [{**FILE, **TIMES}],
                "pagination": {"total": 45, "limit": 20, "offset": 0, "hasMore": True},
            },
            "Attachments retrieved successfully",
        )
    ],
}
RETRIEVE: dict[str, Any] = {
    "summary": "A file, and the emails that carry it",
    "parameters": [ID],
    "responses": enveloped(UsedFileOut()),
    "examples": [
        shown(
            {**UPLOADED, "usedIn": [{"messageId": EMAIL_ID, "sentAt": EMAIL["sentAt"]}]},
            "Attachment retrieved successfully",
        )
    ],
}
DELETE: dict[str, Any] = {
    "summary": "Delete a file; emails keep theirs",
    "parameters": [ID],
    "responses": {200: enveloped(DeletedOut())},
    "examples": [
        shown(
            {"id": FILE_ID, "deletedAt": "2026-01-20T15:30:00Z"}, "Attachment deleted successfully"
        )
    ],
}
DOWNLOAD: dict[str, Any] = {
    "summary": "The bytes of a file",
    "parameters": [ID],
    "responses": {(200, "application/octet-stream"): OpenApiTypes.BINARY},
}
SEND: dict[str, Any] = {
    "summary": "Send an email",
    "parameters": [
        OpenApiParameter(
            "Idempotency-Key",
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description="The same email again gets the same answer for 24 hours.",
        )
    ],
    "request": {"application/json": BODY},
    "responses": EMAIL_OUT,
    "examples": [
        OpenApiExample("An uploaded file", request_only=True, value=LETTER),
        shown(EMAIL, "Email sent successfully"),
    ],
}
MESSAGE: dict[str, Any] = {
    "summary": "An email and what has become of it",
    "parameters": [ID],
    "responses": EMAIL_OUT,
    "examples": [shown({**EMAIL, "status": "sent"}, "Message retrieved successfully")],
}
