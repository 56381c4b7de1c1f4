"""What the OpenAPI description says of webhooks."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from project.contracts.bird.docs import ANYTHING, CURSORS, JSON, KEY, PAGING
from project.contracts.bird.event_types import EVENT_TYPES
from project.contracts.bird.serializers.webhooks import (
    MAX_DESCRIPTION,
    MAX_EVENTS,
    PLAIN,
    WHAT_TO_SORT_BY,
)
from project.events.webhooks.endpoints import MAX_URL

WEBHOOK_ID = OpenApiParameter(
    "webhook_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`whk_…`"
)
WEBHOOK: dict[str, Any] = {
    "id": "whk_01krdgeqcxet5s7t44vh8rt9mg",
    "url": "https://app.example.com/hooks",
    "description": "The shop",
    "filter": None,
    "events": ["email.delivered", "email.bounced"],
    "status": "active",
    "destination": PLAIN,
    "created_at": "2026-05-01T10:00:00.000Z",
    "updated_at": "2026-05-01T10:00:00.000Z",
}
ATTEMPT = {
    "id": "wha_01krdgeqcxet5s7t44vh8rt9mg",
    "event_id": "whe_01krdgeqcxet5s7t44vh8rt9mg",
    "event_type": "email.delivered",
    "status": "delivered",
    "url": WEBHOOK["url"],
    "response_status_code": 200,
    "response_duration_ms": 87,
    "attempted_at": "2026-05-01T10:00:04.000Z",
    "response_body": "ok",
}
TESTED = {
    "status": "delivered",
    "response_status_code": 200,
    "response_duration_ms": 87,
    "response_body": "ok",
}
EVENT_TYPE = {"type": "string", "enum": list(EVENT_TYPES)}
PROPERTIES: dict[str, Any] = {
    "url": {"type": "string", "maxLength": MAX_URL, "description": "A public https:// address."},
    "events": {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": EVENT_TYPE},
    "description": {"type": "string", "maxLength": MAX_DESCRIPTION},
    "destination": {"type": "object", "example": PLAIN},
}
NEW = {"type": "object", "required": ["url", "events"], "properties": PROPERTIES}
CHANGES = {
    "type": "object",
    "properties": {**PROPERTIES, "status": {"type": "string", "enum": ["active", "paused"]}},
}
TIME = {"type": "string", "format": "date-time"}
RANGE = {"type": "object", "properties": {"since": TIME, "until": TIME}}
TRIED = {"type": "object", "properties": {"event_type": EVENT_TYPE}}


def _operation(
    summary: str, status: int, value: Any, *parameters: OpenApiParameter, **more: Any
) -> dict[str, Any]:
    """An operation that answers with `value`; None is no body."""
    examples = [*more.pop("examples", [])]
    if value is not None:
        examples.append(
            OpenApiExample("Answer", response_only=True, value=value, status_codes=[str(status)])
        )
    return {
        "summary": summary,
        "parameters": list(parameters),
        "filters": False,
        "responses": {status: None if value is None else ANYTHING},
        "examples": examples,
        **more,
    }


def _asked(value: Any) -> OpenApiExample:
    return OpenApiExample("Request", request_only=True, value=value)


CREATE = _operation(
    "Make a webhook",
    201,
    {**WEBHOOK, "secret": "whsec_…", "next": []},
    request={JSON: NEW},
    examples=[_asked({"url": WEBHOOK["url"], "events": WEBHOOK["events"]})],
)
LIST = _operation(
    "List webhooks",
    200,
    {"data": [WEBHOOK], **CURSORS},
    OpenApiParameter("sort", OpenApiTypes.STR, enum=WHAT_TO_SORT_BY, default="created_at"),
    OpenApiParameter("order", OpenApiTypes.STR, enum=["asc", "desc"], default="desc"),
    OpenApiParameter("url", OpenApiTypes.STR, description="Only those at this address."),
    OpenApiParameter("include_total", OpenApiTypes.BOOL, description="How many there are."),
    *PAGING,
)
GET = _operation("Read a webhook", 200, WEBHOOK, WEBHOOK_ID)
UPDATE = _operation(
    "Change a webhook",
    200,
    WEBHOOK,
    WEBHOOK_ID,
    KEY,
    request={JSON: CHANGES},
    examples=[_asked({"status": "active"})],
)
DELETE = _operation("Delete a webhook", 204, None, WEBHOOK_ID, KEY)
ROTATE = _operation(
    "Give a webhook a new secret", 200, {"secret": "whsec_…"}, WEBHOOK_ID, request=None
)
TEST = _operation(
    "Try a webhook",
    200,
    TESTED,
    WEBHOOK_ID,
    request={JSON: TRIED},
    examples=[_asked({"event_type": "email.delivered"})],
)
ATTEMPTS = _operation(
    "List what was told to a webhook",
    200,
    {"data": [ATTEMPT]},
    WEBHOOK_ID,
    PAGING[0],
    OpenApiParameter("before", OpenApiTypes.DATETIME, description="Made before this time."),
    OpenApiParameter("after", OpenApiTypes.DATETIME, description="Made after this time."),
)
REPLAY = _operation(
    "Tell a webhook again what it did not take",
    204,
    None,
    WEBHOOK_ID,
    KEY,
    request={JSON: RANGE},
    examples=[_asked({"since": "2026-05-01T08:00:00Z"})],
)
