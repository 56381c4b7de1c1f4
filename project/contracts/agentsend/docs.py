"""What the OpenAPI description says of AgentSend beyond types."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from project.contracts.agentsend.serializers import (
    InboxFields,
    MessageFields,
    WebhookChanges,
    WebhookFields,
)
from project.contracts.agentsend.statuses import WORDS

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH)
PAGING = [
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100; 20 if left out."),
    OpenApiParameter("offset", OpenApiTypes.INT, description="How many to leave out first."),
]
STATUS = OpenApiParameter("status", OpenApiTypes.STR, enum=WORDS, description="Only these.")
KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key with the same request within 24 hours gets the same answer.",
)

MADE = "2026-05-01T10:22:00.000Z"
A_MESSAGE_ID = "msg_01kagyx6vqeq7b0m4v1c2n8t5r"
A_THREAD_ID = "thr_01kagyx6bbeq7b0m4v1c2n8t5r"
AN_INBOX_ID = "019a9a1e-9b77-75c9-bd87-1cb28a1a2b3c"
ENCLOSED = {
    "id": "att_01kagyx6vqeq7b0m4v1c2n8t5r",
    "filename": "invoice.pdf",
    "contentType": "application/pdf",
    "size": 204800,
}
AN_ATTACHMENT = {
    **ENCLOSED,
    "url": "https://mail.example.com/dl/att_01kagyx6vqeq7b0m4v1c2n8t5r.pdf?expires=1777620000&"
    "signature=5f3c",
    "createdAt": MADE,
}
AN_INBOX = {
    "id": AN_INBOX_ID,
    "address": "support@acme.test",
    "displayName": "Support Agent",
    "domainId": None,
    "status": "active",
    "dailySendLimit": 500,
    "sendsToday": 0,
    "totalSent": 0,
    "bounceCount": 0,
    "complaintCount": 0,
    "createdAt": MADE,
    "updatedAt": MADE,
}
A_MESSAGE = {
    "id": A_MESSAGE_ID,
    "inboxId": AN_INBOX_ID,
    "threadId": A_THREAD_ID,
    "direction": "outbound",
    "fromAddress": "support@acme.test",
    "toAddresses": ["customer@example.com"],
    "ccAddresses": [],
    "bccAddresses": [],
    "subject": "Your invoice",
    "bodyText": "Please find your invoice attached.",
    "bodyHtml": None,
    "delivery": "email",
    "status": "queued",
    "attachments": [ENCLOSED],
    "messageIdHeader": "<01kagyx6vqeq7b0m4v1c2n8t5r@acme.test>",
    "inReplyTo": None,
    "referencesHeaders": [],
    "sentAt": None,
    "createdAt": MADE,
}
A_THREAD = {
    "id": A_THREAD_ID,
    "inboxId": AN_INBOX_ID,
    "subject": "Your invoice",
    "messageCount": 2,
    "lastMessageAt": MADE,
    "createdAt": MADE,
}
A_WEBHOOK = {
    "id": "wh_01kagyx6vqeq7b0m4v1c2n8t5r",
    "url": "https://agent.example.com/hooks",
    "description": None,
    "events": ["message.received"],
    "isActive": True,
    "createdAt": MADE,
    "updatedAt": MADE,
}
A_DOMAIN: dict[str, Any] = {
    "id": "dom_01kagyx6vqeq7b0m4v1c2n8t5r",
    "domain": "acme.test",
    "verificationStatus": "verified",
    "dkimTokens": [],
    "verificationToken": None,
    "dnsRecords": [],
    "verifiedAt": MADE,
    "createdAt": MADE,
    "updatedAt": MADE,
}


def shape_of(example: Any) -> dict[str, Any]:
    """The JSON schema of what looks like an example; what is null there is a text or null."""
    if isinstance(example, dict):
        properties = {name: shape_of(value) for name, value in example.items()}
        return {"type": "object", "required": list(example), "properties": properties}
    if isinstance(example, list):
        return {"type": "array", "items": shape_of(example[0]) if example else {"type": "string"}}
    if example is None:
        return {"type": "string", "nullable": True}
    names = {bool: "boolean", int: "integer", str: "string"}
    return {"type": names[type(example)]}


def _answer(summary: str, example: Any, *, status: int = 200, **more: Any) -> dict[str, Any]:
    shown = OpenApiExample("Answer", response_only=True, status_codes=[str(status)], value=example)
    examples = [shown, *more.pop("examples", ())]
    return {
        "summary": summary,
        "responses": {status: shape_of(example)},
        "examples": examples,
        **more,
    }


def _list(summary: str, example: Any, **more: Any) -> dict[str, Any]:
    page = {"data": [example], "total": 1}
    return _answer(summary, page, **{"parameters": PAGING, **more})


def _asked(example: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample("Request", request_only=True, value=example)


def _gone(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {204: None}, "parameters": [ID]}


FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
LETTER = {
    "to": ["customer@example.com"],
    "subject": "Your invoice",
    "bodyText": "Please find your invoice attached.",
    "attachmentIds": [ENCLOSED["id"]],
}

UPLOAD = _answer(
    "Upload a file of at most 25 MB",
    AN_ATTACHMENT,
    status=201,
    request={"multipart/form-data": FORM},
    parameters=[KEY],
)
ATTACHMENTS = _list("List files, newest first", AN_ATTACHMENT)
ATTACHMENT = _answer("Get a file with a fresh URL", AN_ATTACHMENT, parameters=[ID])
DELETE_ATTACHMENT = _gone("Delete a file that no message has")

CREATE_INBOX = _answer(
    "Make an inbox",
    AN_INBOX,
    status=201,
    request=InboxFields,
    parameters=[KEY],
    examples=[_asked({"displayName": "Support Agent"})],
)
INBOXES = _list("List inboxes, newest first", AN_INBOX)
INBOX = _answer("Get an inbox", AN_INBOX, parameters=[ID])
DELETE_INBOX = _gone("Close an inbox; its messages stay")

SEND = _answer(
    "Send a message",
    A_MESSAGE,
    status=202,
    request=MessageFields,
    parameters=[ID, KEY],
    examples=[_asked(LETTER)],
)
MESSAGES = _list("List messages, newest first", A_MESSAGE, parameters=[ID, STATUS, *PAGING])
MESSAGE = _answer("Get a message", A_MESSAGE, parameters=[ID])
DELETE_MESSAGE = _gone("Delete a message")

THREADS = _list("List threads, latest first", A_THREAD, parameters=[ID, *PAGING])
THREAD = _answer("Get a thread", A_THREAD, parameters=[ID])
THREAD_MESSAGES = _list(
    "List the messages of a thread, oldest first", A_MESSAGE, parameters=[ID, *PAGING]
)

CREATE_WEBHOOK = _answer(
    "Make a webhook; the secret is shown once",
    {**A_WEBHOOK, "secret": "whsec_5f3c"},
    status=201,
    request=WebhookFields,
    examples=[_asked({"url": A_WEBHOOK["url"], "events": A_WEBHOOK["events"]})],
)
WEBHOOKS = _answer("List webhooks, newest first", {"data": [A_WEBHOOK]})
WEBHOOK = _answer("Get a webhook", A_WEBHOOK, parameters=[ID])
CHANGE_WEBHOOK = _answer(
    "Change a webhook",
    A_WEBHOOK,
    request=WebhookChanges,
    parameters=[ID],
    examples=[_asked({"isActive": True})],
)
DELETE_WEBHOOK = _gone("Delete a webhook")

DOMAINS = _list("List the account's domains", A_DOMAIN)
DOMAIN = _answer("Get a domain", A_DOMAIN, parameters=[ID])
HEALTH = _answer("Whether the server answers", {"status": "ok"}, auth=[])
