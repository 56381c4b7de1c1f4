"""What the OpenAPI description says of messages beyond types and docstrings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from attachments import docs as files
from messaging.api.filters import MessageFilters
from messaging.serializers.messages import (
    MessageChanges,
    MessageIn,
    MessageOut,
    Resolution,
)
from project.api.events import EXAMPLE as EVENT
from project.api.events import EventOut
from project.api.schema import PAGING, Error, page_example, paged

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`msg_…`")
FILE_ID = OpenApiParameter(
    "attachment_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`att_…`"
)

ATTACHED = {
    "id": "att_01kagyx6vqeq7b0m4v1c2n8t5r",
    "filename": "invoice.pdf",
    "content_type": "application/pdf",
    "size": 245760,
    "sha256": files.DIGEST,
    "state": "ready",
    "reason": None,
    "created_at": "2026-01-31T08:59:00.000Z",
    "expires_at": None,
    "download_url": "https://mail.example.com/dl/att_01kagyx6vqeq7b0m4v1c2n8t5r.pdf"
    "?expires=1769853600&signature=…",
    "inline": False,
    "content_id": None,
    "position": 0,
    "in_mail": True,
    "part_of": None,
}
ADDRESS = {"email": "ann@example.com", "name": "Ann"}
SHORT = {
    "id": "msg_01kagyx6tweq7b0m4v1c2n8t5r",
    "direction": "outbound",
    "status": "sent",
    "inbox_id": "inb_01kagyx6aaeq7b0m4v1c2n8t5r",
    "thread_id": "thr_01kagyx6bbeq7b0m4v1c2n8t5r",
    "customer_id": None,
    "from": {"email": "hello@acme.test", "name": "Acme"},
    "to": [ADDRESS],
    "cc": [],
    "bcc": [],
    "reply_to": [],
    "subject": "Your invoice",
    "rfc_message_id": "<01kagyx6tweq7b0m4v1c2n8t5r@acme.test>",
    "in_reply_to": None,
    "references": [],
    "attachments": [ATTACHED],
    "size": 337612,
    "tags": ["billing"],
    "metadata": {"order": 4711},
    "recipients": [
        {
            **ADDRESS,
            "role": "to",
            "status": "accepted",
            "reply": "250 2.0.0 Ok",
            "at": "2026-01-31T09:00:01.250Z",
        }
    ],
    "folder_id": "fol_01kagyx6cceq7b0m4v1c2n8t5r",
    "unread": False,
    "starred": False,
    "waiting_for": [],
    "hold": None,
    "send_at": None,
    "created_at": "2026-01-31T09:00:00.000Z",
    "sent_at": "2026-01-31T09:00:01.250Z",
}
WHOLE = {**SHORT, "text": "Dear Ann, it is attached.", "html": None, "headers": {}}
SENT = OpenApiExample("Sent", response_only=True, status_codes=["200"], value=WHOLE)


def problem(meaning: str, **facts: Any) -> OpenApiResponse:
    """An error answer with an example of its own."""
    body = {"error": {**facts, "request_id": "0f8c2b7e5d1a4e6f"}}
    return OpenApiResponse(
        Error, description=meaning, examples=[OpenApiExample(facts["code"], value=body)]
    )


FORM = {
    "type": "object",
    "properties": {
        "message": {
            "type": "string",
            "description": "The fields of the JSON body, as JSON.",
            "example": '{"to": ["Ann <ann@example.com>"], "subject": "Your invoice", '
            '"text": "Dear Ann, it is attached."}',
        },
        "file": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "description": "As many as there are; any field name will do.",
        },
    },
}

TOO_LATE = problem(
    "It has left, or is leaving.",
    code="too_late",
    message="It has been sent, or is being sent right now.",
)

CREATE: dict[str, Any] = {
    "request": {"application/json": MessageIn, "multipart/form-data": FORM},
    "responses": {
        202: OpenApiResponse(MessageOut, description="Accepted; `status` says how far it is."),
        410: problem(
            "The bytes of a file were removed.",
            code="attachment_gone",
            message="invoice.pdf: It was not used for 30 days.",
            details={"reason": "expired", "at": "2026-01-31T09:00:00.000Z"},
        ),
        413: problem(
            "A file, or the whole mail, is too large.",
            code="message_too_large",
            message="The message would have 41,943,040 bytes; at most 37,748,736 are allowed.",
            limit=37748736,
            actual=41943040,
        ),
        422: problem(
            "The shape is right, the sense is not.",
            code="not_sender",
            message="eve@example.com is not an address of any inbox here.",
            field="from",
        ),
    },
    "examples": [
        OpenApiExample(
            "With a file",
            request_only=True,
            value={
                "to": ["Ann <ann@example.com>"],
                "subject": "Your invoice",
                "text": "Dear Ann, it is attached.",
                "attachments": [{"filename": "invoice.txt", "content": "VG90YWw6IDQyLjAwIEVVUgo="}],
            },
        ),
        OpenApiExample(
            "With an uploaded file",
            request_only=True,
            value={
                "to": ["Ann <ann@example.com>"],
                "subject": "Your invoice",
                "text": "Dear Ann, it is attached.",
                "attachments": ["att_01kagyx6vqeq7b0m4v1c2n8t5r"],
            },
        ),
        OpenApiExample(
            "All at once, on Monday",
            request_only=True,
            value={
                "to": ["ann@example.com"],
                "subject": "A picture",
                "html": '<p>Look: <img src="cid:logo"></p>',
                "attachments": [
                    {
                        "filename": "logo.png",
                        "content": "iVBORw0KGgo=",
                        "inline": True,
                        "content_id": "logo",
                    }
                ],
                "send_at": "2026-02-02T08:00:00+01:00",
            },
        ),
        OpenApiExample(
            "Accepted",
            response_only=True,
            status_codes=["202"],
            value={
                **WHOLE,
                "status": "queued",
                "sent_at": None,
                "recipients": [
                    {**ADDRESS, "role": "to", "status": "pending", "reply": None, "at": None}
                ],
            },
        ),
    ],
}

LIST: dict[str, Any] = {
    "responses": paged(MessageOut),
    "parameters": [
        MessageFilters,
        OpenApiParameter(
            "fields", OpenApiTypes.STR, enum=["full"], description="With bodies and headers."
        ),
        *PAGING,
    ],
    "filters": False,
    "examples": [
        OpenApiExample("Page", response_only=True, value={"data": [SHORT], "next": "WyIwMTlh"})
    ],
}

RETRIEVE: dict[str, Any] = {"responses": MessageOut, "parameters": [ID], "examples": [SENT]}

CHANGE: dict[str, Any] = {
    "request": {"application/json": MessageChanges},
    "responses": MessageOut,
    "parameters": [ID],
    "examples": [
        OpenApiExample("Read", request_only=True, value={"unread": False, "starred": True}),
        SENT,
    ],
}

DELETE: dict[str, Any] = {
    "responses": {
        204: None,
        409: problem(
            "It has not left yet.",
            code="message_unfinished",
            message="It has not left yet: cancel it first.",
        ),
    },
    "parameters": [
        ID,
        OpenApiParameter("forever", OpenApiTypes.BOOL, description="`true`: at once, for good."),
    ],
}

RAW: dict[str, Any] = {
    "responses": {
        (200, "message/rfc822"): OpenApiResponse(files.BYTES, description="The whole mail."),
        410: problem(
            "The bytes of a file were removed, or the workspace stores nothing of its mail.",
            code="attachment_gone",
            message="Expired.",
            details={"reason": "expired", "at": "2026-01-31T09:00:00.000Z"},
        ),
        409: problem(
            "Malware was found in a file of it.",
            code="attachment_refused",
            message="invoice.pdf: The scanner found Win.Test.EICAR_HDB-1 in it.",
        ),
        425: problem(
            "The bytes of a file have not come yet, or are being checked.",
            code="attachment_not_ready",
            message="The bytes have not been uploaded yet.",
        ),
    },
    "parameters": [ID],
}

CONTENT: dict[str, Any] = {
    **files.CONTENT,
    "parameters": [
        ID,
        FILE_ID,
        *(one for one in files.CONTENT["parameters"] if one.name != "id"),
    ],
}

PREVIEW: dict[str, Any] = {**files.PREVIEW, "parameters": [ID, FILE_ID]}

EVENTS: dict[str, Any] = {
    "responses": paged(EventOut),
    "parameters": [ID, *PAGING],
    "examples": [page_example(EVENT)],
}

CANCEL: dict[str, Any] = {
    "request": None,
    "responses": {200: MessageOut, 409: TOO_LATE},
    "parameters": [ID],
    "examples": [
        OpenApiExample(
            "Canceled",
            response_only=True,
            status_codes=["200"],
            value={**WHOLE, "status": "canceled", "sent_at": None},
        )
    ],
}

RESOLVE: dict[str, Any] = {
    "request": {"application/json": Resolution},
    "responses": {
        200: MessageOut,
        409: problem(
            "Nobody is in doubt.",
            code="not_unknown",
            message="Nobody of its recipients is in doubt.",
        ),
    },
    "parameters": [ID],
    "examples": [OpenApiExample("They got it", request_only=True, value={"outcome": "sent"}), SENT],
}
