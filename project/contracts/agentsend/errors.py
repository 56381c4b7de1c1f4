"""How AgentSend says no."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated, ValidationError

from attachments.errors import (
    AttachmentInUse,
    AttachmentRefused,
    FileTooLarge,
    QuotaExceeded,
    TotalTooLarge,
)
from messaging.errors import AddressTaken, DomainNotYours
from project import errors
from project.api.errors import Problem
from project.api.idempotency import IdempotencyKeyReused, RequestInProgress
from project.contracts.base import Contract, Row

INVALID = "VALIDATION_ERROR"
TOO_LARGE = "ATTACHMENT_TOO_LARGE"
UPLOADS = "/attachments"


class ThreadInboxMismatch(errors.Invalid):
    """The thread is of another inbox than the one that sends."""

    code = "thread_inbox_mismatch"


class InvalidInboxAddress(errors.Invalid):
    """Not of the form `local@domain`."""

    code = "invalid_inbox_address"


class InvalidLocalPart(errors.Invalid):
    """The part of an address before its @ is not one that inboxes here have."""

    code = "invalid_local_part"


class NoInboxDomain(errors.Unprocessable):
    """There is no domain at which an inbox could be made."""

    code = "no_inbox_domain"


class AgentSend(Contract[Row]):
    """`{"error": {"code", "message", "status"}}`, with `details` where fields are at fault."""

    name = "agentsend"
    prefixes = (
        UPLOADS,
        "/inboxes",
        "/messages",
        "/threads",
        "/webhooks",
        "/domains",
        "/health",
        "/auth",
    )
    rows: ClassVar = {
        errors.Invalid: Row(status=400, code=INVALID),
        errors.Unprocessable: Row(status=400, code=INVALID),
        errors.UnsupportedType: Row(status=400, code=INVALID),
        TotalTooLarge: Row(status=400, code="ATTACHMENTS_TOO_LARGE"),
        ThreadInboxMismatch: Row(status=400, code="THREAD_INBOX_MISMATCH"),
        InvalidInboxAddress: Row(status=400, code="INVALID_INBOX_ADDRESS"),
        InvalidLocalPart: Row(status=400, code="INVALID_INBOX_LOCAL_PART"),
        DomainNotYours: Row(status=400, code="INVALID_INBOX_DOMAIN"),
        NoInboxDomain: Row(status=400, code="INVALID_INBOX_DOMAIN"),
        errors.Unauthenticated: Row(status=401, code="UNAUTHORIZED"),
        NotAuthenticated: Row(
            status=401,
            code="UNAUTHORIZED",
            message="Send an API key as `x-api-key: KEY` or `Authorization: Bearer KEY`.",
        ),
        errors.Forbidden: Row(status=403, code="FORBIDDEN"),
        errors.NotFound: Row(status=404, code="NOT_FOUND"),
        errors.Gone: Row(status=404, code="NOT_FOUND"),
        errors.Conflict: Row(status=409, code="CONFLICT"),
        errors.NotReady: Row(status=409, code="CONFLICT"),
        AddressTaken: Row(status=409, code="ADDRESS_TAKEN"),
        AttachmentInUse: Row(
            status=409,
            code="ATTACHMENT_IN_USE",
            message="A draft or a message has this file; delete that first.",
        ),
        AttachmentRefused: Row(status=409, code="ATTACHMENT_REFUSED"),
        RequestInProgress: Row(status=409, code="REQUEST_IN_PROGRESS"),
        IdempotencyKeyReused: Row(status=409, code="IDEMPOTENCY_KEY_REUSED"),
        errors.TooLarge: Row(status=413, code="BODY_TOO_LARGE"),
        FileTooLarge: Row(status=413, code=TOO_LARGE),
        QuotaExceeded: Row(status=413, code="STORAGE_LIMIT_EXCEEDED"),
        errors.TooMany: Row(status=429, code="RATE_LIMIT_EXCEEDED"),
        errors.Unavailable: Row(status=503, code="SERVICE_UNAVAILABLE"),
        400: Row(status=400, code=INVALID),
        401: Row(status=401, code="UNAUTHORIZED"),
        403: Row(status=403, code="FORBIDDEN"),
        404: Row(status=404, code="NOT_FOUND", message="There is nothing at this address."),
        405: Row(status=405, code="METHOD_NOT_ALLOWED"),
        408: Row(status=408, code="REQUEST_TIMEOUT"),
        411: Row(status=411, code="LENGTH_REQUIRED"),
        413: Row(status=413, code="BODY_TOO_LARGE"),
        415: Row(status=400, code=INVALID),
        429: Row(status=429, code="RATE_LIMIT_EXCEEDED"),
        500: Row(status=500, code="INTERNAL_ERROR"),
        503: Row(status=503, code="SERVICE_UNAVAILABLE"),
    }
    names: ClassVar = {
        "attachments": "attachmentIds",
        "content_type": "contentType",
        "domain_id": "domainId",
        "html": "bodyHtml",
        "inbox_id": "inboxId",
        "name": "displayName",
        "text": "bodyText",
        "thread_id": "threadId",
    }

    def error_body(self, problem: Problem, row: Row, request: HttpRequest) -> dict[str, Any]:
        code = row.code
        if row.status == 413 and request.path_info == UPLOADS:  # a form beyond all bounds, too
            code = TOO_LARGE
        error: dict[str, Any] = {
            "code": code,
            "message": row.message or self._message(problem, request),
            "status": row.status,
        }
        if code == INVALID and (details := self._details(problem)):
            error["details"] = details
        return {"error": error}

    def _message(self, problem: Problem, request: HttpRequest) -> str:
        if problem.status == 415:
            wanted = "multipart/form-data" if request.path_info == UPLOADS else "application/json"
            return f"{problem.message} Send {wanted}."
        if problem.field and problem.status in (400, 422):
            return f"{self.field(problem.field)}: {problem.message}"
        return problem.message

    def _details(self, problem: Problem) -> dict[str, list[str]]:
        """What is wrong with each field of the body; what is inside of one says where."""
        faults: Any = [{"field": problem.field, "message": problem.message}]
        if isinstance(problem.cause, ValidationError):
            faults = problem.details
        details: dict[str, list[str]] = {}
        for fault in faults:
            if fault.get("field"):
                path = self.field(fault["field"])
                top = str(next(self.steps(fault["field"])))
                words = fault["message"] if path == top else f"{path}: {fault['message']}"
                details.setdefault(top, []).append(words)
        return details


AGENTSEND = AgentSend()
AGENTSEND.register()
