"""The shape of an error at each door, wholly: its keys, types and patterns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse

CROCKFORD: Final = "[0-9a-hjkmnp-tv-z]{26}"

Check = Callable[[int, Any, str], None]


def check_error(door: str, answer: HttpResponse, *statuses: int) -> dict[str, Any]:
    """Fail unless the answer is an error of the door, with one of the statuses; give its body."""
    assert not statuses or answer.status_code in statuses, (answer.status_code, answer.content)
    assert answer.status_code >= 400, answer.content
    assert answer["Content-Type"].partition(";")[0] == "application/json", answer["Content-Type"]
    request_id = answer["X-Request-Id"]
    assert request_id
    body: dict[str, Any] = json.loads(answer.content)
    SHAPES[door](answer.status_code, body, request_id)
    return body


def has_keys(value: Any, *needed: str, maybe: tuple[str, ...] = ()) -> None:
    """Fail unless it is an object with these keys and no others."""
    assert isinstance(value, dict), value
    assert set(needed) <= set(value) <= {*needed, *maybe}, value


def is_text(value: Any, pattern: str = ".+") -> None:
    assert isinstance(value, str), value
    assert re.fullmatch(pattern, value, re.DOTALL), (value, pattern)


def is_sentence(value: Any) -> None:
    """Fail unless it is said to a person, and not by a traceback."""
    is_text(value)
    assert "Traceback" not in value, value


def kustomer(status: int, body: Any, request_id: str) -> None:
    has_keys(body, "errors")
    assert isinstance(body["errors"], list) and body["errors"]
    for error in body["errors"]:
        has_keys(error, "status", "code", "title", "message", "detail", "meta", maybe=("source",))
        assert error["status"] == str(status)
        assert error["code"] == KUSTOMER_CODES[status]
        assert error["title"] == HTTPStatus(status).phrase
        is_sentence(error["message"])
        assert error["detail"] == error["message"]
        assert isinstance(error["meta"], dict)
        if "source" in error:
            ((where, name),) = error["source"].items()
            is_text(name, {"pointer": r"(/[^/]+)+", "parameter": r"\w+"}[where])


KUSTOMER_CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    411: "bad_request",
    429: "too_many_requests",
    500: "internal_error",
    503: "service_unavailable",
}


def emailapi(status: int, body: Any, request_id: str) -> None:
    has_keys(body, "success", "error")
    assert body["success"] is False
    error = body["error"]
    has_keys(error, "code", "message", maybe=EMAILAPI_EXTRAS.get(error["code"], ()))
    assert error["code"] in EMAILAPI_CODES.get(status, set()), error
    is_sentence(error["message"])
    for name in ("maxSize", "actualSize", "maxAttachments", "actualAttachments", "retryAfter"):
        assert type(error.get(name, 0)) is int
    for detail in error.get("details", []):
        has_keys(detail, "field", "message")


EMAILAPI_CODES: Final[Mapping[int, set[str]]] = {
    400: {"VALIDATION_ERROR", "TOO_MANY_ATTACHMENTS"},
    401: {"UNAUTHORIZED"},
    403: {"SENDER_NOT_ALLOWED", "LINK_EXPIRED", "FORBIDDEN"},
    404: {"ATTACHMENT_NOT_FOUND", "NOT_FOUND", "MESSAGE_NOT_FOUND"},
    405: {"METHOD_NOT_ALLOWED"},
    409: {"IDEMPOTENCY_CONFLICT", "ATTACHMENT_IN_USE", "CONFLICT"},
    411: {"LENGTH_REQUIRED"},
    412: {"PRECONDITION_FAILED"},
    413: {"FILE_TOO_LARGE", "EMAIL_TOO_LARGE", "REQUEST_TOO_LARGE", "STORAGE_LIMIT_EXCEEDED"},
    415: {"UNSUPPORTED_FILE_TYPE", "UNSUPPORTED_MEDIA_TYPE"},
    416: {"RANGE_NOT_SATISFIABLE"},
    429: {"RATE_LIMITED"},
    500: {"INTERNAL_ERROR"},
    503: {"SERVICE_UNAVAILABLE"},
}
EMAILAPI_EXTRAS: Final = {
    "VALIDATION_ERROR": ("field", "details"),
    "TOO_MANY_ATTACHMENTS": ("maxAttachments", "actualAttachments"),
    "SENDER_NOT_ALLOWED": ("from",),
    "FILE_TOO_LARGE": ("maxSize", "actualSize"),
    "EMAIL_TOO_LARGE": ("maxSize", "actualSize"),
    "REQUEST_TOO_LARGE": ("maxSize", "actualSize"),
    "STORAGE_LIMIT_EXCEEDED": ("maxSize", "actualSize"),
    "UNSUPPORTED_FILE_TYPE": ("contentType",),
    "RATE_LIMITED": ("retryAfter",),
}


def agentsend(status: int, body: Any, request_id: str) -> None:
    has_keys(body, "error")
    error = body["error"]
    has_keys(error, "code", "message", "status", maybe=("details",))
    assert error["status"] == status
    is_text(error["code"], "[A-Z]+(_[A-Z]+)*")
    is_sentence(error["message"])
    for name, messages in error.get("details", {}).items():
        assert isinstance(name, str)
        assert isinstance(messages, list) and all(isinstance(one, str) for one in messages)


def nylas(status: int, body: Any, request_id: str) -> None:
    has_keys(body, "request_id", "error")
    assert body["request_id"] == request_id
    has_keys(body["error"], "type", "message", maybe=("provider_error",))
    is_text(body["error"]["type"], r"[a-z]+([_.][a-z]+)*")
    is_sentence(body["error"]["message"])


def bird(status: int, body: Any, request_id: str) -> None:
    has_keys(body, "error")
    error = body["error"]
    needed = ("type", "code", "name", "message", "doc_url", "request_id")
    has_keys(error, *needed, maybe=("param", "details"))
    assert error["type"] in BIRD_TYPES[status]
    is_text(error["code"], r"E\d{5}")
    is_text(error["name"], "[A-Z][A-Za-z]+")
    is_sentence(error["message"])
    is_text(error["doc_url"], rf"https?://\S+{error['code']}")
    is_text(error["request_id"], f"req_{CROCKFORD}")
    assert error["request_id"] == request_id
    if "param" in error:
        is_text(error["param"], r"[^\s]+")
    if "details" in error:
        assert error["type"] == "validation_error"
    for detail in error.get("details", []):
        has_keys(detail, "param", "message")


BIRD_TYPES: Final[Mapping[int, set[str]]] = {
    400: {"bad_request_error"},
    401: {"auth_error"},
    403: {"permission_error"},
    404: {"not_found_error"},
    405: {"bad_request_error"},
    409: {"conflict_error"},
    410: {"gone_error"},
    413: {"payload_too_large_error"},
    416: {"bad_request_error"},
    422: {"validation_error"},
    425: {"too_early_error"},
    429: {"rate_limit_error"},
    500: {"internal_error"},
    503: {"service_unavailable_error"},
}

SHAPES: Final[Mapping[str, Check]] = {
    "kustomer": kustomer,
    "emailapi": emailapi,
    "agentsend": agentsend,
    "nylas": nylas,
    "bird": bird,
}
