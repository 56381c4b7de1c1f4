"""What the OpenAPI description says of attachments beyond types and docstrings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from attachments.models import AttachmentState
from attachments.serializers import AttachmentOut

DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`att_…`")

FILTERS = [
    OpenApiParameter("search", OpenApiTypes.STR, description="Any part of the name."),
    OpenApiParameter(
        "state", OpenApiTypes.STR, enum=AttachmentState.values, description="As it is now."
    ),
    OpenApiParameter("content_type", OpenApiTypes.STR, description="Such as `image/png`."),
    OpenApiParameter("sha256", OpenApiTypes.STR, description="Hex; finds equal bytes."),
    OpenApiParameter(
        "unused", OpenApiTypes.BOOL, description="`true`: only files that nothing carries."
    ),
]

FILE = {
    "filename": {"type": "string", "maxLength": 255, "description": "The name people see."},
    "content_type": {
        "type": "string",
        "nullable": True,
        "description": "Left out: taken from the name, else from the bytes.",
    },
    "sha256": {
        "type": "string",
        "nullable": True,
        "description": "Hex. Bytes with another digest are refused (422).",
    },
}
JSON_BODY: dict[str, Any] = {
    "oneOf": [
        {
            "title": "Upload",
            "type": "object",
            "additionalProperties": False,
            "required": ["filename", "content"],
            "properties": {
                **FILE,
                "content": {"type": "string", "format": "byte", "description": "Base64."},
            },
        },
        {
            "title": "Reservation",
            "type": "object",
            "additionalProperties": False,
            "required": ["filename", "size"],
            "properties": {
                **FILE,
                "size": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "Bytes that will be PUT to `upload.url`.",
                },
            },
        },
    ]
}
FORM_BODY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "filename": {"type": "string", "description": "Instead of the file's own name."},
        "sha256": FILE["sha256"],
    },
}

READY = OpenApiExample(
    "Ready",
    response_only=True,
    status_codes=["200", "201"],
    value={
        "id": "att_01kagyx6vqeq7b0m4v1c2n8t5r",
        "filename": "foo.txt",
        "content_type": "text/plain",
        "size": 3,
        "sha256": DIGEST,
        "state": "ready",
        "reason": None,
        "created_at": "2026-01-31T09:00:00.000Z",
        "expires_at": "2026-03-02T09:00:00.000Z",
        "download_url": "https://mail.example.com/dl/att_01kagyx6vqeq7b0m4v1c2n8t5r.txt"
        "?expires=1769853600&signature=…",
    },
)
USE = OpenApiExample(
    "Use",
    response_only=True,
    value={
        "kind": "draft",
        "id": "drf_01kagyx6vqeq7b0m4v1c2n8t5r",
        "at": "2026-01-31T09:00:00.000Z",
    },
)

CREATE: dict[str, Any] = {
    "request": {"application/json": JSON_BODY, "multipart/form-data": FORM_BODY},
    "responses": {
        201: OpenApiResponse(AttachmentOut, description="Stored, or reserved with `upload`.")
    },
    "examples": [
        OpenApiExample(
            "Upload", request_only=True, value={"filename": "foo.txt", "content": "Zm9v"}
        ),
        OpenApiExample(
            "Reserve",
            request_only=True,
            value={"filename": "invoice.pdf", "size": 245760, "content_type": "application/pdf"},
        ),
        READY,
    ],
}

BYTES = {"type": "string", "format": "binary"}
PREVIEW: dict[str, Any] = {
    "parameters": [ID],
    "responses": {
        (200, "image/webp"): OpenApiResponse(BYTES, description="At most 512×512 pixels."),
        202: OpenApiResponse(description="It is being made: ask again in a second."),
        304: OpenApiResponse(description="The caller has this picture."),
        404: OpenApiResponse(description="`no_preview`: there is none, and will be none."),
        409: OpenApiResponse(description="The file was refused."),
        410: OpenApiResponse(description="The bytes were removed."),
        425: OpenApiResponse(description="The bytes have not come yet."),
    },
}
CONTENT: dict[str, Any] = {
    "parameters": [
        ID,
        OpenApiParameter(
            "inline",
            OpenApiTypes.BOOL,
            description="`true` lets a browser show pictures, PDF, sound, film and plain text.",
        ),
        OpenApiParameter(
            "Range", OpenApiTypes.STR, OpenApiParameter.HEADER, description="`bytes=0-99`"
        ),
        OpenApiParameter(
            "If-Range",
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description="The `ETag` of the first part; other bytes are sent whole.",
        ),
        OpenApiParameter(
            "If-None-Match",
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description="The `ETag` of what is there already; the same bytes answer 304.",
        ),
    ],
    "responses": {
        (200, "*/*"): OpenApiResponse(BYTES, description="All bytes."),
        (206, "*/*"): OpenApiResponse(BYTES, description="Some of them."),
        304: OpenApiResponse(description="The caller has these bytes."),
        409: OpenApiResponse(description="The file was refused."),
        410: OpenApiResponse(description="The bytes were removed; `details` says when and why."),
        416: OpenApiResponse(description="None of the wanted bytes are there."),
        425: OpenApiResponse(description="The bytes have not come yet."),
    },
}
