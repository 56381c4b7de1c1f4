"""What the OpenAPI description says of the contract beyond types and docstrings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from messaging.models.message import Category
from project.contracts.bird import limits
from project.contracts.bird.statuses import Status

JSON = "application/json"
ANYTHING = OpenApiTypes.OBJECT

MESSAGE_ID = OpenApiParameter(
    "message_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`em_…`"
)
FILE_ID = OpenApiParameter(
    "attachment_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`ea_…`"
)
SUPPRESSION_ID = OpenApiParameter(
    "suppression_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`sup_…`"
)
KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 255 characters: the same request again gets the stored answer for 3 hours.",
)
PAGING = [
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}),
    OpenApiParameter("starting_after", OpenApiTypes.STR, description="A `next_cursor`."),
    OpenApiParameter(
        "ending_before", OpenApiTypes.STR, description="A `prev_cursor` or `refresh_cursor`."
    ),
]
CURSORS = {"next_cursor": None, "prev_cursor": None, "refresh_cursor": "WyIwMTlh"}

FILE = {
    "id": "ea_01krdgeqcxet5s7t44vh8rt9mg",
    "filename": "invoice.pdf",
    "content_type": "application/pdf",
    "size": 215432,
    "inline": False,
    "content_id": None,
}
MESSAGE = {
    "id": "em_01krdgeqcxet5s7t44vh8rt9mg",
    "from": {"email": "hello@acme.test"},
    "to": [{"email": "delivered@messagebird.dev"}],
    "cc": [],
    "bcc": [],
    "subject": "Your invoice",
    "category": "marketing",
    "reply_to": None,
    "status": "accepted",
    "accepted_count": 1,
    "processed_count": 0,
    "delivered_count": 0,
    "bounced_count": 0,
    "complained_count": 0,
    "deferred_count": 0,
    "rejected_count": 0,
    "processing_latency_ms": None,
    "delivery_latency_ms": None,
    "total_latency_ms": None,
    "open_count": 0,
    "click_count": 0,
    "tags": [],
    "metadata": {},
    "parameters": None,
    "attachments": [FILE],
    "track_opens": False,
    "track_clicks": False,
    "created_at": "2026-05-01T10:00:00.000Z",
    "thread_id": "thr_01krdgeqcxet5s7t44vh8rt9mg",
    "in_reply_to_message_id": None,
    "delivered_at": None,
}
RECIPIENT = {
    "id": "er_01krdgeqcxet5s7t44vh8rt9mg",
    "parent_id": MESSAGE["id"],
    "role": "to",
    "recipient": "delivered@messagebird.dev",
    "name": None,
    "status": "delivered",
    "rejection_reason": None,
    "bounce_type": None,
    "bounce_code": None,
    "bounce_description": None,
    "open_count": 0,
    "click_count": 0,
}
EVENT = {
    "id": "ev_01krdgeqcxet5s7t44vh8rt9mg",
    "type": "email.delivered",
    "occurred_at": "2026-05-01T10:00:03.000Z",
    "recipient_id": RECIPIENT["id"],
}
SUPPRESSION = {
    "id": "sup_01krdgeqcxet5s7t44vh8rt9mg",
    "email": "ann@example.com",
    "scope": {"type": "workspace", "id": "ws_01krdgeqcxet5s7t44vh8rt9mg"},
    "reason": "manual",
    "origin": "api_key",
    "applies_to": "all",
    "source_email_id": None,
    "source_recipient_id": None,
    "created_at": "2026-05-01T10:00:00.000Z",
}
ASKED = {
    "from": "hello@acme.test",
    "to": ["delivered@messagebird.dev"],
    "subject": "Your invoice",
    "html": "<p>Thanks for your order: your invoice is attached.</p>",
    "attachments": [
        {"filename": "invoice.pdf", "content": "JVBERi0xLjcK", "content_type": "application/pdf"}
    ],
}

ADDRESS = {
    "oneOf": [
        {"type": "string", "example": "Ann <ann@example.com>"},
        {
            "type": "object",
            "required": ["email"],
            "properties": {
                "email": {"type": "string"},
                "name": {"type": "string", "minLength": 1, "maxLength": limits.MAX_NAME},
            },
        },
    ]
}
ATTACHMENT = {
    "type": "object",
    "required": ["filename", "content"],
    "properties": {
        "filename": {"type": "string", "minLength": 1, "maxLength": 255},
        "content": {"type": "string", "format": "byte", "minLength": 1},
        "content_type": {"type": "string"},
        "content_id": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
}


def _addresses(least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": ADDRESS, "minItems": least, "maxItems": most}


SEND_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["from", "to", "subject"],
    "properties": {
        "from": ADDRESS,
        "to": _addresses(1, limits.MAX_TO),
        "cc": _addresses(0, limits.MAX_COPIES),
        "bcc": _addresses(0, limits.MAX_COPIES),
        "reply_to": _addresses(1, limits.MAX_REPLY_TO),
        "subject": {"type": "string", "minLength": 1, "maxLength": limits.MAX_SUBJECT},
        "html": {"type": "string", "maxLength": limits.MAX_BODY},
        "text": {"type": "string", "maxLength": limits.MAX_BODY},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "tags": {
            "type": "array",
            "maxItems": limits.MAX_TAGS,
            "items": {
                "type": "object",
                "required": ["name", "value"],
                "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
            },
        },
        "metadata": {"type": "object", "additionalProperties": True},
        "parameters": {"type": "object", "additionalProperties": True},
        "track_opens": {"type": "boolean", "default": False},
        "track_clicks": {"type": "boolean", "default": False},
        "category": {"type": "string", "enum": list(Category.values), "default": "marketing"},
        "attachments": {"type": "array", "maxItems": limits.MAX_FILES, "items": ATTACHMENT},
        "scheduled_at": {"type": "string", "format": "date-time"},
    },
}
BATCH_BODY = {
    "oneOf": [
        {
            "type": "object",
            "required": ["messages"],
            "properties": {
                "messages": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": limits.MAX_BATCH,
                    "items": SEND_BODY,
                }
            },
        },
        {"type": "array", "minItems": 1, "maxItems": limits.MAX_BATCH, "items": SEND_BODY},
    ]
}


def _answered(status: int, name: str, value: Any) -> dict[str, Any]:
    example = OpenApiExample(name, response_only=True, value=value, status_codes=[str(status)])
    return {"responses": {status: ANYTHING}, "examples": [example]}


def _asked(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, request_only=True, value=value)


def _operation(
    summary: str, answered: dict[str, Any], *parameters: OpenApiParameter, **more: Any
) -> dict[str, Any]:
    examples = [*more.pop("examples", []), *answered["examples"]]
    return {
        "summary": summary,
        "parameters": list(parameters),
        "filters": False,
        **answered,
        **more,
        "examples": examples,
    }


def _nothing() -> dict[str, Any]:
    return {"responses": {204: None}, "examples": []}


def _bytes() -> dict[str, Any]:
    words = "The file, with its own type and name."
    body = OpenApiResponse(OpenApiTypes.BINARY, description=words)
    problems = {
        404: "No such message or file, or content storage was off.",
        410: "Its 30 days are over.",
        425: "It is still being stored; see Retry-After.",
    }
    answers = {
        status: OpenApiResponse(ANYTHING, description=one) for status, one in problems.items()
    }
    return {"responses": {(200, "application/octet-stream"): body, **answers}, "examples": []}


SEND = _operation(
    "Send a message",
    _answered(202, "Accepted", MESSAGE),
    KEY,
    request={JSON: SEND_BODY},
    examples=[_asked("With a file", ASKED)],
)
LIST = _operation(
    "List messages",
    _answered(200, "Page", {"data": [MESSAGE], **CURSORS}),
    OpenApiParameter("status", OpenApiTypes.STR, enum=[str(one) for one in Status]),
    OpenApiParameter("category", OpenApiTypes.STR, enum=list(Category.values)),
    OpenApiParameter(
        "tag", OpenApiTypes.STR, many=True, description="`name` or `name:value`; all must be there."
    ),
    OpenApiParameter("to", OpenApiTypes.STR, description="The address of a recipient."),
    OpenApiParameter("from", OpenApiTypes.STR, description="The address of the sender."),
    OpenApiParameter("created_after", OpenApiTypes.DATETIME, description="Then or later."),
    OpenApiParameter("created_before", OpenApiTypes.DATETIME, description="Before that."),
    *PAGING,
)
RETRIEVE = _operation("Read a message", _answered(200, "Message", MESSAGE), MESSAGE_ID)
CANCEL = _operation("Cancel a scheduled message", _nothing(), MESSAGE_ID, KEY, request=None)
RECIPIENTS = _operation(
    "List the recipients of a message",
    _answered(200, "Page", {"data": [RECIPIENT], **CURSORS}),
    MESSAGE_ID,
    *PAGING,
)
EVENTS = _operation(
    "List what happened to a message",
    _answered(200, "Page", {"data": [EVENT], **CURSORS}),
    MESSAGE_ID,
    *PAGING,
)
FILES = _operation(
    "List the files of a message", _answered(200, "Files", {"data": [FILE]}), MESSAGE_ID
)
DOWNLOAD = _operation("Download a file", _bytes(), MESSAGE_ID, FILE_ID)
BATCH = _operation(
    "Send several messages",
    _answered(
        202,
        "Accepted",
        {"data": [{"id": MESSAGE["id"], "status": "accepted", "category": "marketing"}]},
    ),
    KEY,
    request={JSON: BATCH_BODY},
    examples=[_asked("One", {"messages": [ASKED]})],
)
SUPPRESS = _operation(
    "Suppress an address",
    {**_answered(201, "Added", SUPPRESSION), "responses": {201: ANYTHING, 200: ANYTHING}},
    KEY,
    request={
        JSON: {
            "type": "object",
            "required": ["email"],
            "properties": {"email": {"type": "string"}},
        }
    },
    examples=[_asked("By hand", {"email": "ann@example.com"})],
)
SUPPRESSIONS = _operation(
    "List suppressed addresses",
    _answered(200, "Page", {"data": [SUPPRESSION], **CURSORS}),
    *PAGING,
)
UNSUPPRESS = _operation("Lift a suppression", _nothing(), SUPPRESSION_ID, KEY)
