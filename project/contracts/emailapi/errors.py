"""What goes wrong, as this contract spells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import ValidationError

from attachments.errors import (
    AttachmentInUse,
    AttachmentNotFound,
    AttachmentRefused,
    FileTooLarge,
    QuotaExceeded,
    TooManyFiles,
    TotalTooLarge,
    TypeBlocked,
)
from messaging.errors import NotSender
from project import errors
from project.api.errors import Problem
from project.api.idempotency import IdempotencyKeyReused, RequestInProgress
from project.contracts.base import Contract, Row
from project.contracts.emailapi.limits import LIMITS, MAX_BYTES

Facts = Callable[[Problem, HttpRequest], Mapping[str, Any]]


def no_facts(problem: Problem, request: HttpRequest) -> Mapping[str, Any]:
    return {}


def sizes(problem: Problem, request: HttpRequest) -> Mapping[str, Any]:
    announced = int(request.META.get("CONTENT_LENGTH") or 0)
    actual = announced if problem.actual is None else problem.actual
    return {"maxSize": MAX_BYTES, "actualSize": actual}


def room(problem: Problem, request: HttpRequest) -> Mapping[str, Any]:
    return {"maxSize": problem.limit, "actualSize": problem.actual}


def counts(problem: Problem, request: HttpRequest) -> Mapping[str, Any]:
    return {"maxAttachments": LIMITS.max_files, "actualAttachments": problem.actual}


def kind(problem: Problem, request: HttpRequest) -> Mapping[str, Any]:
    return {"contentType": problem.actual}


def sender(problem: Problem, request: HttpRequest) -> Mapping[str, Any]:
    return {"from": problem.actual}


def wait(problem: Problem, request: HttpRequest) -> Mapping[str, Any]:
    return {"retryAfter": int(problem.headers.get("Retry-After", "1"))}


def fields(problem: Problem, request: HttpRequest) -> Mapping[str, Any]:
    """The field at fault, null when it is the body as a whole, and all that are."""
    several = problem.details if isinstance(problem.cause, ValidationError) else None
    found = several if isinstance(several, list) else []
    faults = found or [{"field": problem.field, "message": problem.message}]
    named = [one for one in faults if one["field"] is not None]
    return {
        "field": spelt(problem.field),
        "details": [{"field": spelt(one["field"]), "message": one["message"]} for one in named],
    }


def spelt(field: str | None) -> str | None:
    return None if field is None else CONTRACT.field(field)


@dataclass(frozen=True, kw_only=True)
class EmailRow(Row):
    """One answer; `facts` are what its error has besides code and message."""

    facts: Facts = no_facts


INVALID = EmailRow(status=400, code="VALIDATION_ERROR", facts=fields)
UNKNOWN_FILE = EmailRow(
    status=404, code="ATTACHMENT_NOT_FOUND", message="Attachment not found or expired"
)
FILE_TOO_LARGE = EmailRow(
    status=413, code="FILE_TOO_LARGE", message="File size exceeds 25MB limit", facts=sizes
)
EMAIL_TOO_LARGE = EmailRow(
    status=413,
    code="EMAIL_TOO_LARGE",
    message="Email size exceeds 25MB limit, attachments included",
    facts=sizes,
)


class EmailApi(Contract[EmailRow]):
    """`{"success": false, "error": {"code", "message", …}}`."""

    name = "emailapi"
    prefixes = ("/api/email",)
    names = {"reply_to": "replyTo", "content_type": "contentType"}
    rows = {
        400: INVALID,
        408: EmailRow(status=408, code="REQUEST_TIMEOUT"),
        411: EmailRow(status=411, code="LENGTH_REQUIRED"),
        errors.Invalid: INVALID,
        errors.Unprocessable: INVALID,
        TooManyFiles: EmailRow(
            status=400,
            code="TOO_MANY_ATTACHMENTS",
            message=f"An email has at most {LIMITS.max_files} attachments",
            facts=counts,
        ),
        401: EmailRow(
            status=401,
            code="UNAUTHORIZED",
            message="A valid API key is required: Authorization: Bearer YOUR_API_KEY",
        ),
        403: EmailRow(status=403, code="FORBIDDEN"),
        NotSender: EmailRow(
            status=403,
            code="SENDER_NOT_ALLOWED",
            message="This sender is not configured for the account",
            facts=sender,
        ),
        404: EmailRow(status=404, code="NOT_FOUND", message="There is nothing at this address"),
        errors.NotFound: EmailRow(status=404, code="NOT_FOUND"),
        AttachmentNotFound: UNKNOWN_FILE,
        AttachmentRefused: UNKNOWN_FILE,
        errors.NotReady: UNKNOWN_FILE,
        errors.Gone: UNKNOWN_FILE,
        405: EmailRow(
            status=405, code="METHOD_NOT_ALLOWED", message="This method is not allowed here"
        ),
        errors.Conflict: EmailRow(status=409, code="CONFLICT"),
        AttachmentInUse: EmailRow(
            status=409, code="ATTACHMENT_IN_USE", message="A draft needs this attachment"
        ),
        IdempotencyKeyReused: EmailRow(status=409, code="IDEMPOTENCY_CONFLICT"),
        RequestInProgress: EmailRow(status=409, code="IDEMPOTENCY_CONFLICT"),
        412: EmailRow(status=412, code="PRECONDITION_FAILED"),
        413: FILE_TOO_LARGE,
        TotalTooLarge: EMAIL_TOO_LARGE,
        QuotaExceeded: EmailRow(status=413, code="STORAGE_LIMIT_EXCEEDED", facts=room),
        415: EmailRow(
            status=415,
            code="UNSUPPORTED_MEDIA_TYPE",
            message="Upload as multipart/form-data, send as application/json",
        ),
        TypeBlocked: EmailRow(
            status=415, code="UNSUPPORTED_FILE_TYPE", message="File type not allowed", facts=kind
        ),
        416: EmailRow(status=416, code="RANGE_NOT_SATISFIABLE"),
        429: EmailRow(
            status=429,
            code="RATE_LIMITED",
            message="Too many requests; try again later",
            facts=wait,
        ),
        500: EmailRow(status=500, code="INTERNAL_ERROR", message="Something went wrong here"),
        503: EmailRow(status=503, code="SERVICE_UNAVAILABLE"),
    }

    def spell(self, request: HttpRequest, problem: Problem) -> tuple[int, dict[str, Any]]:
        """As ever, but that a body which is too large is an email only where emails are sent."""
        row = self.row_of(problem)
        if row is FILE_TOO_LARGE and not isinstance(problem.cause, FileTooLarge):
            row = EMAIL_TOO_LARGE if request.path_info == "/api/email/send" else row
        return row.status, self.error_body(problem, row, request)

    def error_body(self, problem: Problem, row: EmailRow, request: HttpRequest) -> dict[str, Any]:
        error = {"code": row.code, "message": row.message or problem.message}
        return {"success": False, "error": {**error, **row.facts(problem, request)}}


CONTRACT = EmailApi()
CONTRACT.register()
