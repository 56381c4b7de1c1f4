"""How this door says no: an array with one entry per problem, in the union of both forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated

from attachments.errors import AttachmentNotFound, FileTooLarge, TotalTooLarge
from drafts.errors import CheckFailed, DraftNotFound, NotAttached
from messaging.errors import CustomerTaken, ExternalIdTaken
from project import errors
from project.api.errors import Problem
from project.contracts.base import Contract, Row

#: how a message begins that speaks of the field at fault
THIS = re.compile(r"This( field)?(?= )")

#: what a check says of sizes
SIZES = {FileTooLarge.code, TotalTooLarge.code}


class InvalidParameter(errors.Invalid):
    """A parameter of the query is not what it should be."""


class ChannelFixed(errors.Invalid):
    """The channel of a draft does not change."""


class NoteTaken(errors.Conflict):
    """The conversation has a note that is being written."""


BAD = Row(status=400, code="bad_request")
UNAUTHORIZED = Row(status=401, code="unauthorized")
FORBIDDEN = Row(status=403, code="forbidden")
NOT_FOUND = Row(status=404, code="not_found")
CONFLICT = Row(status=409, code="conflict")
TOO_LARGE = Row(status=413, code="payload_too_large")
UNSUPPORTED = Row(status=415, code="unsupported_media_type")
TOO_MANY = Row(status=429, code="too_many_requests")
UNAVAILABLE = Row(status=503, code="service_unavailable")


def missing(what: str) -> Row:
    """The row of a refusal whose own words spell the id as the native door does."""
    return Row(status=404, code="not_found", message=f"There is no such {what} here.")


class Kustomer(Contract[Row]):
    """Everything below /v1 that is not another contract's."""

    name = "kustomer"
    prefixes = ("/v1",)
    rows = {
        errors.Invalid: BAD,
        errors.Unprocessable: BAD,
        errors.Unauthenticated: UNAUTHORIZED,
        errors.Forbidden: FORBIDDEN,
        errors.NotFound: NOT_FOUND,
        errors.Gone: NOT_FOUND,
        errors.Conflict: CONFLICT,
        errors.NotReady: CONFLICT,
        errors.TooLarge: TOO_LARGE,
        errors.UnsupportedType: UNSUPPORTED,
        errors.TooMany: TOO_MANY,
        errors.Unavailable: UNAVAILABLE,
        AttachmentNotFound: missing("attachment"),
        DraftNotFound: missing("draft"),
        NotAttached: missing("attachment"),
        NotAuthenticated: Row(
            status=401,
            code="unauthorized",
            message="Send an API key as `Authorization: Bearer KEY`.",
        ),
        400: BAD,
        401: UNAUTHORIZED,
        403: FORBIDDEN,
        404: Row(status=404, code="not_found", message="There is nothing at this address."),
        405: Row(status=405, code="method_not_allowed"),
        408: BAD,
        411: BAD,
        413: TOO_LARGE,
        415: UNSUPPORTED,
        429: TOO_MANY,
        500: Row(status=500, code="internal_error"),
        503: UNAVAILABLE,
    }
    names = {
        "content_type": "contentType",
        "customer_id": "customer",
        "external_id": "externalId",
        "external_url": "externalUrl",
        "filename": "name",
        "html": "htmlBody",
        "inbox_id": "from",
        "reply_to": "replyTo",
        "send_at": "sendAt",
        "size": "contentLength",
        "text": "body",
        "thread_id": "conversation",
    }

    def row_of(self, problem: Problem) -> Row:
        """As everywhere, but that a check which finds it too large says so."""
        found = problem.details if isinstance(problem.cause, CheckFailed) else None
        first = next((one for one in _findings(found) if one.get("severity") == "error"), {})
        return TOO_LARGE if first.get("code") in SIZES else super().row_of(problem)

    def error_body(self, problem: Problem, row: Row, request: HttpRequest) -> dict[str, Any]:
        return {"errors": [self._entry(fault, row, problem) for fault in _faults(problem, row)]}

    def _entry(self, fault: Mapping[str, Any], row: Row, problem: Problem) -> dict[str, Any]:
        field = _field_of(problem, fault)
        steps = [str(step) for step in self.steps(field)]
        message = _worded(str(fault["message"]), steps)
        entry: dict[str, Any] = {
            "status": str(row.status),
            "code": row.code,
            "title": HTTPStatus(row.status).phrase,
            "message": message,
            "detail": message,
        }
        if steps and isinstance(problem.cause, InvalidParameter):
            entry["source"] = {"parameter": steps[-1]}
        elif steps:
            entry["source"] = {"pointer": "".join(f"/{_escaped(step)}" for step in steps)}
        numbers = {name: fault.get(name) for name in ("limit", "actual")}
        entry["meta"] = {name: fact for name, fact in numbers.items() if fact is not None}
        return entry


def _faults(problem: Problem, row: Row) -> Iterator[Mapping[str, Any]]:
    """Each thing that is wrong: all fields of a request, all errors of a check, or the one."""
    several = [
        one
        for one in _findings(problem.details)
        if "message" in one and one.get("severity", "error") == "error" and not row.message
    ]
    yield from several or [
        {
            "message": row.message or problem.message,
            "field": problem.field,
            "limit": problem.limit,
            "actual": problem.actual,
        }
    ]


def _findings(details: Any) -> Sequence[Mapping[str, Any]]:
    return details if isinstance(details, list | tuple) else ()


def _field_of(problem: Problem, fault: Mapping[str, Any]) -> str:
    if isinstance(problem.cause, CustomerTaken) and not isinstance(problem.cause, ExternalIdTaken):
        return "emails"  # of which the core names one
    return str(fault.get("field") or "")


def _worded(message: str, steps: list[str]) -> str:
    """The message, naming its field where it says only "this"."""
    return THIS.sub(steps[-1], message, count=1) if steps and THIS.match(message) else message


def _escaped(step: str) -> str:
    """A step of a JSON pointer (RFC 6901, section 3)."""
    return step.replace("~", "~0").replace("/", "~1")


KUSTOMER = Kustomer()
KUSTOMER.register()
