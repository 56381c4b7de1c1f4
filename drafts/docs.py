"""What the OpenAPI description says of drafts beyond types and docstrings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from drafts.serializers import (
    CheckOut,
    DraftChangesIn,
    DraftIn,
    DraftOut,
    EnclosureChanges,
    SendFields,
)
from messaging.serializers.messages import ENTRY, EnclosedOut

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`drf_…`")
FILE_ID = OpenApiParameter(
    "attachment_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`att_…`"
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description='The version that you have read, as in `"7"`; another one answers 409.',
)

SOME_ID = "drf_01kagyx6vqeq7b0m4v1c2n8t5r"
SOME_FILE = "att_01kagyx6vqeq7b0m4v1c2n8t5r"

MANNER = {
    "inline": {"type": "boolean", "description": "Shown by the HTML, through `cid:content_id`."},
    "content_id": {
        "type": "string",
        "description": "Without angle brackets; an inline file without one gets one.",
    },
}
FORM_FILE = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "filename": {"type": "string"},
        "sha256": {"type": "string"},
        **MANNER,
    },
}
FORM_DRAFT = {
    "type": "object",
    "properties": {
        "draft": {
            "type": "string",
            "description": "The draft as JSON.",
            "example": '{"to": ["Ann <ann@example.com>"], "subject": "Your invoice", '
            '"text": "The invoice is attached."}',
        },
        "file": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "description": "Attached behind those in the JSON, in order; any field name will do.",
        },
    },
}

WRITTEN = {
    "to": ["Ann <ann@example.com>"],
    "subject": "Your invoice",
    "text": "The invoice is attached.",
    "attachments": [{"filename": "invoice.txt", "content": "VG90YWw6IDQyLjAwIEVVUgo="}],
}
ANSWERED: dict[str, Any] = {
    "id": SOME_ID,
    "version": 1,
    "state": "open",
    "channel": "email",
    "inbox_id": "inb_01kagyx6vqeq7b0m4v1c2n8t5r",
    "customer_id": None,
    "thread_id": None,
    "in_reply_to": None,
    "from": {"email": "desk@acme.test", "name": "Acme"},
    "to": [{"email": "ann@example.com", "name": "Ann"}],
    "cc": [],
    "bcc": [],
    "reply_to": [],
    "subject": "Your invoice",
    "text": "The invoice is attached.",
    "html": None,
    "headers": {},
    "tags": [],
    "metadata": {},
    "attachments": [
        {
            "id": SOME_FILE,
            "filename": "invoice.pdf",
            "content_type": "application/pdf",
            "size": 245760,
            "sha256": None,
            "state": "reserved",
            "reason": None,
            "created_at": "2026-01-31T09:00:00.000Z",
            "expires_at": None,
            "download_url": None,
            "upload": {
                "method": "PUT",
                "url": f"https://mail.example.com/up/{SOME_FILE}?expires=1769853600&…",
                "headers": {},
                "expires_at": "2026-02-01T09:00:00.000Z",
            },
            "inline": False,
            "content_id": None,
            "position": 0,
        }
    ],
    "send_at": None,
    "waiting_for": [SOME_FILE],
    "message_id": None,
    "error": None,
    "created_at": "2026-01-31T09:00:00.000Z",
    "updated_at": "2026-01-31T09:00:00.000Z",
}


def _body(fields: Any) -> dict[str, Any]:
    return {"application/json": fields, "multipart/form-data": FORM_DRAFT}


DRAFT = OpenApiExample("Draft", response_only=True, status_codes=["200", "201"], value=ANSWERED)
DISPATCHED = OpenApiExample(
    "Dispatched",
    response_only=True,
    status_codes=["202"],
    value={
        **ANSWERED,
        "version": 2,
        "state": "dispatched",
        "attachments": [],
        "waiting_for": [],
        "message_id": "msg_01kagyx6tweq7b0m4v1c2n8t5r",
    },
)
FILE_OF_DRAFT = OpenApiExample(
    "File", response_only=True, status_codes=["200", "201"], value=ANSWERED["attachments"][0]
)

CREATE: dict[str, Any] = {
    "request": _body(DraftIn),
    "responses": {201: DraftOut},
    "examples": [
        OpenApiExample("With a file", request_only=True, value=WRITTEN),
        OpenApiExample(
            "With a file that will come",
            request_only=True,
            value={**WRITTEN, "attachments": [{"filename": "invoice.pdf", "size": 245760}]},
        ),
        OpenApiExample(
            "With a file that is here", request_only=True, value={"attachments": [SOME_FILE]}
        ),
        DRAFT,
    ],
}
UPDATE: dict[str, Any] = {
    "parameters": [ID, IF_MATCH],
    "request": _body(DraftChangesIn),
    "responses": {200: DraftOut},
    "examples": [
        OpenApiExample("Subject", request_only=True, value={"subject": "Your invoice 1234"}),
        OpenApiExample(
            "Only if nobody else did",
            request_only=True,
            value={"version": 3, "subject": "Your invoice 1234"},
        ),
        OpenApiExample("No files", request_only=True, value={"attachments": []}),
        DRAFT,
    ],
}
CHECK: dict[str, Any] = {
    "parameters": [ID],
    "responses": CheckOut,
    "examples": [
        OpenApiExample(
            "Too large",
            response_only=True,
            value={
                "ok": False,
                "encoded_size": 38_500_213,
                "findings": [
                    {
                        "code": "message_too_large",
                        "severity": "error",
                        "message": "The message would have 38,500,213 bytes; at most 37,748,736 "
                        "are allowed.",
                        "limit": 37_748_736,
                        "actual": 38_500_213,
                        "remedy": "Remove a file, or send a link to it.",
                    }
                ],
            },
        )
    ],
}
SEND: dict[str, Any] = {
    "parameters": [ID, IF_MATCH],
    "request": {"application/json": SendFields},
    "responses": {
        202: OpenApiResponse(
            DraftOut, description="`dispatched`, `scheduled`, or `waiting` for files."
        ),
        422: OpenApiResponse(
            description="The check found errors: `check_failed`, all findings in `details`."
        ),
    },
    "examples": [
        OpenApiExample("Now", request_only=True, value={}),
        DISPATCHED,
        OpenApiExample("With undo", request_only=True, value={"undo_seconds": 10}),
        OpenApiExample("Later", request_only=True, value={"send_at": "2026-02-01T08:00:00+01:00"}),
    ],
}
ATTACH: dict[str, Any] = {
    "parameters": [ID, IF_MATCH],
    "request": {"application/json": ENTRY, "multipart/form-data": FORM_FILE},
    "responses": {201: EnclosedOut},
    "examples": [
        OpenApiExample(
            "A new file",
            request_only=True,
            value={"filename": "invoice.txt", "content": "VG90YWw6IDQyLjAwIEVVUgo="},
        ),
        OpenApiExample("One that is here", request_only=True, value={"id": SOME_FILE}),
        OpenApiExample(
            "A picture in the text",
            request_only=True,
            value={
                "filename": "logo.png",
                "content": "iVBORw0KGgo=",
                "inline": True,
                "content_id": "logo@acme.test",
            },
        ),
        OpenApiExample(
            "One that will come", request_only=True, value={"filename": "a.pdf", "size": 245760}
        ),
        FILE_OF_DRAFT,
    ],
}
EDIT_FILE: dict[str, Any] = {
    "parameters": [ID, FILE_ID, IF_MATCH],
    "request": {"application/json": EnclosureChanges},
    "responses": {200: EnclosedOut},
    "examples": [
        FILE_OF_DRAFT,
        OpenApiExample("To the front", request_only=True, value={"position": 0}),
        OpenApiExample("Into the text", request_only=True, value={"inline": True}),
        OpenApiExample("Rename", request_only=True, value={"filename": "Invoice 1234.pdf"}),
    ],
}
MESSAGE_ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`msg_…`")
ANSWER: dict[str, Any] = {
    "parameters": [MESSAGE_ID],
    "request": None,
    "responses": {201: DraftOut},
    "examples": [DRAFT],
}
