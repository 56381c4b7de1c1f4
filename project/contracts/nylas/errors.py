"""How the contract says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest

from project import errors
from project.api.errors import Problem, request_id_of
from project.api.idempotency import IdempotencyKeyReused, InvalidIdempotencyKey, RequestInProgress
from project.contracts.base import Contract, Row

INVALID = "invalid_request_error"
NOT_FOUND = "not_found_error"
BROKEN = "api_error"


class GrantNotFound(errors.NotFound):
    """No inbox here has this id or address."""

    code = "grant_not_found"


class JsonTooLarge(errors.TooLarge):
    """More than JSON may carry: what is larger comes as a form."""

    code = "json_too_large"

    def __init__(self, *, actual: int, limit: int) -> None:
        super().__init__(
            f"max size of attachments for json is 3MB, received '{actual}'",
            limit=limit,
            actual=actual,
        )


def _invalid(status: int, message: str = "") -> Row:
    return Row(status=status, code=INVALID, message=message)


class Nylas(Contract[Row]):
    """The one shape of every refusal, in all of /v3."""

    name = "nylas"
    prefixes = ("/v3",)
    names = {
        "html": "body",
        "text": "body",
        "headers": "custom_headers",
        "sender": "from",
        "url": "webhook_url",
    }
    rows: ClassVar[Mapping[type[BaseException] | int, Row]] = {
        errors.Invalid: _invalid(400),
        errors.Unprocessable: _invalid(400),
        errors.Conflict: _invalid(409),
        errors.TooLarge: _invalid(413),
        errors.UnsupportedType: _invalid(415),
        JsonTooLarge: _invalid(400),
        errors.Unauthenticated: Row(status=401, code="unauthorized", message="Unauthorized"),
        errors.Forbidden: Row(status=403, code="insufficient_scopes"),
        errors.NotFound: Row(status=404, code=NOT_FOUND, message="requested object not found"),
        GrantNotFound: Row(status=404, code="grant.not_found", message="grant not found"),
        errors.Gone: Row(status=404, code=NOT_FOUND),
        errors.NotReady: Row(status=423, code="resource_blocked"),
        errors.TooMany: Row(status=429, code="rate_limit_error"),
        errors.Unavailable: Row(status=503, code=BROKEN),
        InvalidIdempotencyKey: Row(status=400, code="invalid_idempotency_key"),
        IdempotencyKeyReused: Row(status=409, code="invalid_idempotent_request"),
        RequestInProgress: Row(status=409, code="concurrent_idempotent_request"),
        400: _invalid(400),
        401: Row(status=401, code="unauthorized", message="Unauthorized"),
        403: Row(status=403, code="insufficient_scopes"),
        404: Row(status=404, code=NOT_FOUND, message="requested object not found"),
        405: _invalid(405),
        406: _invalid(406),
        408: _invalid(408),
        411: _invalid(411),
        413: _invalid(413),
        415: _invalid(
            415, "request must be of content-type multipart/form-data or application/json"
        ),
        416: _invalid(416),
        429: Row(
            status=429,
            code="rate_limit_error",
            message="Too many requests, please try again shortly.",
        ),
        500: Row(status=500, code=BROKEN),
        503: Row(status=503, code=BROKEN),
    }

    def error_body(self, problem: Problem, row: Row, request: HttpRequest) -> dict[str, Any]:
        message = row.message or problem.message
        if problem.field and not row.message:
            message = f"{self.field(problem.field)}: {message}"
        return {
            "request_id": request_id_of(request),
            "error": {"type": row.code, "message": message},
        }


NYLAS = Nylas()
