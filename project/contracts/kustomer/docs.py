"""What the OpenAPI description says of this door beyond types."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from project.contracts.kustomer.limits import DEFAULT_PAGE, MAX_PAGE
from project.contracts.kustomer.serializers.attachments import AttachmentFields, StandaloneFields
from project.contracts.kustomer.serializers.customers import CustomerFields
from project.contracts.kustomer.serializers.drafts import DraftFields, NewDraftFields
from project.contracts.kustomer.serializers.messages import MessageChanges, MessageFields

PAGING = [
    OpenApiParameter("page", {"type": "integer", "minimum": 1, "default": 1}),
    OpenApiParameter(
        "pageSize",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE},
    ),
]

AT = "2026-05-01T10:00:00.000Z"
JANE = "58210c3db0f09110006b7953"
SOME_DRAFT = "57323b90b7579a2a004f1316"
SOME_FILE = "58c766aadd4b90110053bd81"
SOME_MESSAGE = "5ec42bbad47d84001a0dd107"
UPLOAD = (
    "https://mail.example.com/up/att_01kagyx6vqeq7b0m4v1c2n8t5r"
    "?expires=1777633200&length=245760&signature=5f3c"
)


def _link(kind: str, id: str) -> dict[str, Any]:
    return {"data": {"type": kind, "id": id}, "links": {"self": f"/v1/{kind}s/{id}"}}


FILE = {"name": "invoice.pdf", "contentType": "application/pdf", "contentLength": 245760}
STATE = {"uploaded": False, "redacted": False, "createdAt": AT, "updatedAt": AT}
CUSTOMER = {
    "type": "customer",
    "id": JANE,
    "attributes": {
        "name": "Jane Doe",
        "externalId": None,
        "company": None,
        "username": None,
        "tags": [],
        "locale": None,
        "timeZone": None,
        "emails": [{"email": "jane@example.com", "type": "home", "verified": False}],
        "phones": [],
        "custom": {},
        "createdAt": AT,
        "updatedAt": AT,
    },
    "relationships": {
        "messages": {"links": {"self": f"/v1/customers/{JANE}/messages"}},
        "drafts": {"links": {"self": f"/v1/customers/{JANE}/drafts"}},
    },
    "links": {"self": f"/v1/customers/{JANE}"},
}
DRAFT = {
    "type": "draft",
    "id": SOME_DRAFT,
    "attributes": {
        "channel": "email",
        "status": "draft",
        "error": None,
        "to": [{"email": "jane@example.com"}],
        "from": {"email": "agent@acme.test", "name": "Acme"},
        "cc": [],
        "bcc": [],
        "subject": "Your invoice",
        "body": "See attached.",
        "htmlBody": None,
        "replyTo": None,
        "headers": [],
        "app": "postmark",
        "auto": False,
        "scheduled": False,
        "sendAt": None,
        "attachmentCount": 0,
        "createdAt": AT,
        "updatedAt": AT,
    },
    "relationships": {
        "customer": _link("customer", JANE),
        "attachments": {
            "data": [],
            "links": {"self": f"/v1/drafts/{SOME_DRAFT}/attachments"},
        },
        "message": {"data": None},
    },
    "links": {"self": f"/v1/drafts/{SOME_DRAFT}"},
}
DRAFT_FILE = {
    "type": "attachment",
    "id": SOME_FILE,
    "attributes": {**FILE, **STATE},
    "relationships": {"draft": {"data": {"type": "draft", "id": SOME_DRAFT}}},
    "links": {"self": f"/v1/drafts/{SOME_DRAFT}/attachments/{SOME_FILE}", "related": UPLOAD},
}
DRAFT_FILE_UPLOAD = {
    "data": DRAFT_FILE,
    "meta": {
        "upload": {"method": "PUT", "url": UPLOAD, "expiresAt": "2026-05-01T11:00:00.000Z"},
    },
}
STANDALONE = {
    "data": {
        "type": "attachment",
        "id": SOME_FILE,
        "attributes": {**FILE, **STATE},
        "relationships": {"org": _link("org", "58210c3db0f09110006b7001")},
        "links": {"self": f"/v1/attachments/{SOME_FILE}"},
    },
    "meta": {
        "upload": {
            "method": "POST",
            "url": UPLOAD.replace("?", "/form?"),
            "fields": {
                "key": SOME_FILE,
                "Content-Type": "application/pdf",
                "X-Amz-Meta-Attachment-Id": SOME_FILE,
                "Policy": "eyJleHBpcmF0aW9uIjoi…",
                "X-Amz-Signature": "5f3c",
            },
            "expiresAt": "2026-05-01T11:00:00.000Z",
        }
    },
}
ENTRY = {
    "_id": "507f1f77bcf86cd799439011",
    "name": "receipt.png",
    "contentType": "image/png",
    "contentLength": 8911,
}
MESSAGE = {
    "type": "message",
    "id": SOME_MESSAGE,
    "attributes": {
        "channel": "email",
        "app": "postmark",
        "direction": "out",
        "directionType": "initial-out",
        "status": "sent",
        "subject": "Your invoice",
        "preview": "See attached.",
        "size": 13,
        "externalId": None,
        "tags": [],
        "custom": {},
        "sentAt": AT,
        "createdAt": AT,
        "updatedAt": AT,
        "attachments": [{**ENTRY, "inMail": False}],
    },
    "relationships": {"customer": _link("customer", JANE)},
    "links": {"self": f"/v1/messages/{SOME_MESSAGE}"},
}


def _asked(value: Any) -> OpenApiExample:
    return OpenApiExample("Request", request_only=True, value=value)


def _answered(status: int, value: Any) -> dict[int, OpenApiResponse]:
    example = OpenApiExample("Answer", value=value)
    return {status: OpenApiResponse(OpenApiTypes.OBJECT, examples=[example])}


def _one(row: Any, *, status: int = 200) -> dict[str, Any]:
    return {"responses": _answered(status, {"data": row})}


def _page(row: Any, path: str) -> dict[str, Any]:
    here = f"{path}?page=1&pageSize={DEFAULT_PAGE}"
    meta = {"page": 1, "pageSize": DEFAULT_PAGE, "total": 1, "totalPages": 1}
    links = {"self": here, "first": here, "prev": None, "next": None}
    value = {"meta": meta, "links": links, "data": [row]}
    return {"responses": _answered(200, value), "parameters": PAGING}


NOTHING: dict[str, Any] = {"responses": {204: None}}
LIST_CUSTOMERS = _page(CUSTOMER, "/v1/customers")
MAKE_CUSTOMER = {
    "request": CustomerFields,
    "examples": [_asked({"name": "Jane Doe", "emails": [{"email": "jane@example.com"}]})],
    **_one(CUSTOMER, status=201),
}
GET_CUSTOMER = _one(CUSTOMER)
CHANGE_CUSTOMER = {
    "request": CustomerFields,
    "examples": [_asked({"company": "Doe Ltd"})],
    **_one(CUSTOMER),
}
FIND_CUSTOMER = {
    "operation_id": "get_v1_customers_by",
    **_one(CUSTOMER),
    "parameters": [
        OpenApiParameter(
            "key",
            OpenApiTypes.STR,
            OpenApiParameter.PATH,
            enum=["id", "email", "externalId", "phone"],
        ),
        OpenApiParameter("value", OpenApiTypes.STR, OpenApiParameter.PATH),
    ],
}
LIST_DRAFTS = _page(DRAFT, f"/v1/customers/{JANE}/drafts")
MAKE_DRAFT = {
    "request": NewDraftFields,
    "examples": [_asked({"channel": "email", "subject": "Your invoice", "body": "See attached."})],
    **_one(DRAFT, status=201),
}
GET_DRAFT = _one(DRAFT)
CHANGE_DRAFT = {
    "request": DraftFields,
    "examples": [
        _asked({"channel": "email", "sendAt": "2026-05-01T15:00:00.000Z", "scheduled": True})
    ],
    **_one(DRAFT),
}
LIST_DRAFT_FILES = _page(DRAFT_FILE, f"/v1/drafts/{SOME_DRAFT}/attachments")
MAKE_DRAFT_FILE: dict[str, Any] = {
    "request": AttachmentFields,
    "examples": [_asked(FILE)],
    "responses": _answered(201, DRAFT_FILE_UPLOAD),
}
GET_DRAFT_FILE: dict[str, Any] = {"responses": _answered(200, DRAFT_FILE_UPLOAD)}
MAKE_FILE: dict[str, Any] = {
    "request": StandaloneFields,
    "examples": [_asked(FILE)],
    "responses": _answered(201, STANDALONE),
}
GET_FILE: dict[str, Any] = {"responses": _answered(200, STANDALONE)}
GET_MESSAGE = _one(MESSAGE)
CHANGE_MESSAGE = {
    "request": MessageChanges,
    "examples": [_asked({"attachments": [ENTRY]})],
    **_one(MESSAGE),
}
LIST_MESSAGES = _page(MESSAGE, f"/v1/customers/{JANE}/messages")
RECORD_MESSAGE = {
    "request": MessageFields,
    "examples": [_asked({"direction": "in", "subject": "Hello", "preview": "Where is it?"})],
    **_one(MESSAGE, status=201),
}
