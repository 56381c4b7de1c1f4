"""What the description of the contract says of webhooks."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from project.contracts.nylas.docs import ID, OBJECT
from project.contracts.nylas.read_docs import PAGING, REQUEST_ID
from project.contracts.nylas.triggers import TRIGGERS

ASKED = {
    "trigger_types": ["message.created"],
    "webhook_url": "https://app.example.com/hooks",
    "description": "The shop",
    "notification_email_addresses": ["ops@example.com"],
}
WEBHOOK: dict[str, Any] = {
    "id": ID,
    **ASKED,
    "status": "active",
    "status_updated_at": 1790000000,
    "created_at": 1790000000,
    "updated_at": 1790000000,
}
WITH_SECRET = {**WEBHOOK, "webhook_secret": "whsec_…"}
TEXTS = {"type": "array", "items": {"type": "string"}}
PROPERTIES = {
    "trigger_types": {"type": "array", "items": {"type": "string", "enum": list(TRIGGERS)}},
    "webhook_url": {"type": "string", "description": "A public https:// address."},
    "description": {"type": "string"},
    "notification_email_addresses": TEXTS,
}
FIELDS = {
    "type": "object",
    "required": ["trigger_types", "webhook_url"],
    "properties": PROPERTIES,
}
CHANGES = {
    "type": "object",
    "properties": {**PROPERTIES, "status": {"type": "string", "enum": ["active", "pause"]}},
}
WEBHOOK_ID = OpenApiParameter("id", str, OpenApiParameter.PATH)


def _answer(data: Any) -> OpenApiExample:
    value = {"request_id": REQUEST_ID, "data": data}
    return OpenApiExample("Answer", value=value, response_only=True)


def _operation(summary: str, data: Any, *parameters: OpenApiParameter, **more: Any) -> Any:
    examples = [*more.pop("examples", ()), _answer(data)]
    return {
        "summary": summary,
        "responses": {200: OBJECT},
        "parameters": list(parameters),
        "examples": examples,
        **more,
    }


def _asked(value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample("Request", value=value, request_only=True)


LIST_WEBHOOKS = _operation("Return all webhooks", [WEBHOOK], *PAGING[:2])
CREATE_WEBHOOK = _operation(
    "Create a webhook",
    WITH_SECRET,
    request={"application/json": FIELDS},
    examples=[_asked(ASKED)],
)
FIND_WEBHOOK = _operation("Return a webhook", WEBHOOK, WEBHOOK_ID)
UPDATE_WEBHOOK = _operation(
    "Update a webhook",
    WEBHOOK,
    WEBHOOK_ID,
    request={"application/json": CHANGES},
    examples=[_asked({"trigger_types": ["message.created"]})],
)
DELETE_WEBHOOK = _operation("Delete a webhook", {"status": "success"}, WEBHOOK_ID)
ROTATE_SECRET = _operation("Rotate a webhook secret", WITH_SECRET, WEBHOOK_ID, request=None)
IP_ADDRESSES = _operation(
    "Return the addresses that webhooks are sent from", {"ip_addresses": [], "updated_at": 0}
)
