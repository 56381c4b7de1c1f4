"""What the description of the contract says of drafts, sending and attachments."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from project.api.fields import TextField
from project.contracts.nylas.letters import LetterFields, SendFields
from project.contracts.nylas.writing import FileFields

ID = "0199c3a5b7d27c41a5f03e8b"
GRANT_ID = "0199c3a5-b7d2-7c41-a5f0-3e8b5d2f6a1c"
OBJECT = OpenApiTypes.OBJECT
FORM = {
    "type": "object",
    "properties": {
        "message": {"type": "string", "description": "The message as JSON, without its files."}
    },
    "additionalProperties": {
        "type": "string",
        "format": "binary",
        "description": "A file; the name of its field is its content id.",
    },
}


class FileRequest(FileFields):
    """A file, with its bytes."""

    content = TextField(help_text="Base64, with padding.")
    size = serializers.IntegerField(required=False, help_text="Ignored.")


class DraftRequest(LetterFields):
    """A draft."""

    attachments = FileRequest(many=True, required=False)


class SendRequest(SendFields):
    """A message."""

    attachments = FileRequest(many=True, required=False)


MESSAGE_ID = OpenApiParameter(
    "message_id", str, required=True, description="The message or draft that has the file."
)
FILE = {
    "id": ID,
    "grant_id": GRANT_ID,
    "filename": "invite.ics",
    "content_type": 'application/ics; name="invite.ics"',
    "size": 2456,
    "content_id": "7890bdnyl",
    "content_disposition": 'attachment; filename="invite.ics"',
    "is_inline": False,
}
WRITTEN = {
    "subject": "Happy birthday",
    "body": '<p>All the best! <img src="cid:123456hbd"></p>',
    "to": [{"name": "Jacob Doe", "email": "jacob.doe@example.com"}],
    "attachments": [
        {
            "filename": "card.png",
            "content_type": "image/png",
            "content": "iVBORw0KGgo=",
            "content_id": "123456hbd",
        }
    ],
}


def _answer(data: Any, **beside: Any) -> OpenApiExample:
    value = {"request_id": "req_0srw3b9v2ynk8", **beside, "data": data}
    return OpenApiExample("Answer", value=value, response_only=True)


def _writing(fields: Any) -> dict[str, Any]:
    return {"application/json": fields, "multipart/form-data": FORM}


REQUEST = OpenApiExample("Request", value=WRITTEN, request_only=True)
DRAFT = {"id": ID, "grant_id": GRANT_ID, "object": "draft", "subject": "Hi", "attachments": [FILE]}
MESSAGE = {**DRAFT, "object": "message"}

LIST_DRAFTS: dict[str, Any] = {
    "summary": "Return all drafts",
    "responses": OBJECT,
    "examples": [_answer([DRAFT])],
}
CREATE_DRAFT: dict[str, Any] = {
    "summary": "Create a draft",
    "request": _writing(DraftRequest),
    "responses": {200: OBJECT},
    "examples": [REQUEST],
}
FIND_DRAFT: dict[str, Any] = {
    "summary": "Return a draft",
    "responses": OBJECT,
    "examples": [_answer(DRAFT)],
}
UPDATE_DRAFT: dict[str, Any] = {**CREATE_DRAFT, "summary": "Update a draft"}
DELETE_DRAFT: dict[str, Any] = {"summary": "Delete a draft", "responses": {200: OBJECT}}
SEND_DRAFT: dict[str, Any] = {
    "summary": "Send a draft",
    "request": None,
    "responses": {200: OBJECT},
    "examples": [_answer(MESSAGE, grant_id=GRANT_ID)],
}
SEND_MESSAGE: dict[str, Any] = {
    "summary": "Send a message",
    "request": _writing(SendRequest),
    "responses": {200: OBJECT, 202: OBJECT},
    "parameters": [
        OpenApiParameter("type", str, description="`mime`: the form has one part, `mime`.")
    ],
    "examples": [REQUEST],
}
FIND_ATTACHMENT: dict[str, Any] = {
    "summary": "Return an attachment's metadata",
    "responses": OBJECT,
    "parameters": [MESSAGE_ID],
    "examples": [_answer(FILE)],
}
DOWNLOAD: dict[str, Any] = {
    "summary": "Download an attachment",
    "responses": {(200, "application/octet-stream"): OpenApiTypes.BINARY},
    "parameters": [MESSAGE_ID],
}
