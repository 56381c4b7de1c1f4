"""What goes wrong, in Bird's envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import ValidationError

from attachments.errors import AttachmentRefused
from messaging.errors import AllSuppressed, NotSender
from project import errors
from project.api.bodies import InvalidBase64, MalformedJson
from project.api.errors import Problem, request_id_of
from project.api.idempotency import IdempotencyKeyReused, InvalidIdempotencyKey, RequestInProgress
from project.api.paging import InvalidCursor
from project.contracts.base import Contract, Row

MAX_DETAILS = 100

BAD_REQUEST = "bad_request_error"
CONFLICT = "conflict_error"
VALIDATION = "validation_error"


class StorageOff(errors.NotFound):
    """The workspace did not keep content when the message was sent."""


@dataclass(frozen=True, kw_only=True)
class BirdRow(Row):
    """How one kind of refusal is answered; `code` is unique, `type` is what clients branch on."""

    type: str
    name: str


def invalid(message: str = "", *, name: str = "ValidationError", code: str = "E01001") -> BirdRow:
    return BirdRow(status=422, type=VALIDATION, name=name, code=code, message=message)


BASE64 = "must be base64: the standard alphabet, with padding and without a data: prefix"
FAILED = "Request validation failed."

BAD = BirdRow(status=400, type=BAD_REQUEST, name="InvalidRequest", code="E01002")
UNKNOWN_KEY = BirdRow(
    status=401,
    type="auth_error",
    name="Unauthorized",
    code="E90401",
)
NOT_ALLOWED = BirdRow(status=403, type="permission_error", name="Forbidden", code="E90403")
NOT_FOUND = BirdRow(status=404, type="not_found_error", name="NotFound", code="E90404")
STATE = BirdRow(status=409, type=CONFLICT, name="Conflict", code="E90409")
LOST = BirdRow(status=410, type="gone_error", name="Gone", code="E90410")
TOO_LARGE = BirdRow(
    status=413, type="payload_too_large_error", name="PayloadTooLarge", code="E90413"
)
EARLY = BirdRow(status=425, type="too_early_error", name="TooEarly", code="E90425")
LIMITED = BirdRow(status=429, type="rate_limit_error", name="RateLimited", code="E90429")
BROKEN = BirdRow(status=500, type="internal_error", name="InternalError", code="E90500")
DOWN = BirdRow(
    status=503, type="service_unavailable_error", name="ServiceUnavailable", code="E90503"
)


class Bird(Contract[BirdRow]):
    name = "bird"
    prefixes = ("/v1/email", "/v1/webhooks")
    rows = {
        MalformedJson: BAD,
        InvalidIdempotencyKey: BAD,
        IdempotencyKeyReused: BirdRow(
            status=409, type=CONFLICT, name="IdempotencyKeyReuse", code="E01005"
        ),
        RequestInProgress: BirdRow(
            status=409, type=CONFLICT, name="RequestInProgress", code="E01004"
        ),
        InvalidCursor: invalid(name="InvalidCursor", code="E01012"),
        NotSender: invalid(name="DomainNotVerified", code="E91001"),
        AllSuppressed: invalid(name="AllRecipientsSuppressed", code="E91002"),
        ValidationError: invalid(FAILED),
        InvalidBase64: invalid(FAILED),
        AttachmentRefused: NOT_FOUND,
        errors.Invalid: invalid(FAILED),
        errors.Unprocessable: invalid(FAILED),
        errors.UnsupportedType: invalid(FAILED),
        errors.Unauthenticated: UNKNOWN_KEY,
        errors.Forbidden: NOT_ALLOWED,
        errors.NotFound: NOT_FOUND,
        errors.Conflict: STATE,
        errors.Gone: LOST,
        errors.TooLarge: TOO_LARGE,
        errors.NotReady: EARLY,
        errors.TooMany: LIMITED,
        errors.Unavailable: DOWN,
        400: BAD,
        401: UNKNOWN_KEY,
        403: NOT_ALLOWED,
        404: BirdRow(
            status=404,
            type="not_found_error",
            name="NotFound",
            code="E90404",
            message="There is nothing at this address.",
        ),
        405: BirdRow(status=405, type=BAD_REQUEST, name="MethodNotAllowed", code="E90405"),
        406: BAD,
        408: BAD,
        411: BAD,
        413: TOO_LARGE,
        415: BirdRow(
            status=400,
            type=BAD_REQUEST,
            name="InvalidRequest",
            code="E01002",
            message="The body must be application/json: say so in Content-Type.",
        ),
        416: BAD,
        429: LIMITED,
        500: BROKEN,
        503: DOWN,
    }

    def error_body(self, problem: Problem, row: BirdRow, request: HttpRequest) -> dict[str, Any]:
        details = self._details(problem)
        error: dict[str, Any] = {
            "type": row.type,
            "code": row.code,
            "name": row.name,
            "message": self._message(problem, row, details),
            "doc_url": f"{settings.PUBLIC_URL}/api/v1/docs/bird#{row.code}",
            "request_id": request_id_of(request),
        }
        if len(details) == 1:
            error["param"] = details[0]["param"]
        if details and row.type == VALIDATION:
            error["details"] = details
        return {"error": error}

    def headers_of(self, problem: Problem) -> dict[str, str]:
        early = {"Retry-After": "1"} if self.row_of(problem) is EARLY else {}
        return {**super().headers_of(problem), **early}

    def _message(self, problem: Problem, row: BirdRow, details: Sequence[dict[str, str]]) -> str:
        """A row's own words, where details say more or the problem says less."""
        generic = row.message == FAILED and not details
        return problem.message if generic or not row.message else row.message

    def _details(self, problem: Problem) -> list[dict[str, str]]:
        """Every field at fault and why, as far as somebody reads it."""
        if isinstance(problem.cause, ValidationError) and isinstance(problem.details, Sequence):
            return [
                {"param": self.field(one["field"] or "body"), "message": one["message"]}
                for one in problem.details[:MAX_DETAILS]
            ]
        if problem.field is None:
            return []
        words = BASE64 if isinstance(problem.cause, InvalidBase64) else problem.message
        return [{"param": self.field(problem.field), "message": words}]


BIRD = Bird()
