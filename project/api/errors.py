"""How a "no" is answered: its status, the native shape, and the choice of the shape by door.

A Problem is an error before any door has spelt it. What goes wrong inside a native view is spelt
by `answer_refusal`; what goes wrong before a view or outside DRF by `answer_problem`, which picks
the door by the path. Each contract registers its own spelling under its prefix.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from project import errors
from project.api.renderers import encode_json

log = logging.getLogger(__name__)

#: kind of refusal -> status at the native door
STATUSES: dict[type[errors.Refusal], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    errors.Unprocessable: 422,
    errors.NotReady: 425,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

#: status -> code and message where nothing better is known
PLAIN: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be understood."),
    401: ("unauthenticated", "Send an API key as `Authorization: Bearer KEY`, or sign in."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing at this address. GET /api/v1 says what there is."),
    405: ("method_not_allowed", "This method is not allowed here."),
    406: ("not_acceptable", "None of the types in Accept can be given."),
    408: ("request_timeout", "The request took too long to arrive."),
    411: ("length_required", "The body needs a Content-Length."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_media_type", "This type of body is not taken here."),
    416: ("range_not_satisfiable", "The range lies outside the file."),
    429: ("too_many_requests", "Too many requests; try again later."),
    500: ("internal_error", "Something went wrong here. The request id finds it in the log."),
    503: ("unavailable", "Something that we depend on does not answer; try again later."),
}

REQUEST_ID = "enclose.request_id"


class IncompleteBody(OSError):
    """The body ended before its announced length, so nothing may be done with it."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An error that no door has spelt yet; `cause` lets a door's own table know it by class."""

    status: int
    code: str
    message: str
    field: str | None = None
    limit: int | str | None = None
    actual: int | str | None = None
    details: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    cause: BaseException | None = None


def request_id_of(request: HttpRequest) -> str:
    """The id that the answer's X-Request-Id and the log carry; blank outside a real request."""
    return str(request.META.get(REQUEST_ID, ""))


def plain_problem(status: int, **facts: Any) -> Problem:
    """The problem that a bare status says."""
    code, message = PLAIN.get(status) or (
        HTTPStatus(status).phrase.lower().replace(" ", "_"),
        HTTPStatus(status).description or HTTPStatus(status).phrase,
    )
    return Problem(**{"status": status, "code": code, "message": message, **facts})


def problem_of(exc: BaseException) -> Problem:
    """What an exception means to the caller; one that nobody foresaw is a 500 without details."""
    if isinstance(exc, errors.Refusal):
        return _problem_of_refusal(exc)
    if isinstance(exc, exceptions.ValidationError):
        return _problem_of_fields(exc)
    if isinstance(exc, exceptions.APIException):
        return _problem_of_framework(exc)
    if isinstance(exc, RequestDataTooBig):
        return plain_problem(413, cause=exc)
    if isinstance(exc, IncompleteBody | UnreadablePostError):
        message = "The body ended before it was complete; nothing has been done."
        return plain_problem(400, code="incomplete_body", message=message, cause=exc)
    if isinstance(exc, OperationalError | InterfaceError):
        log.error("the database does not do its work", exc_info=exc)
        return plain_problem(503, cause=exc)
    if isinstance(exc, Http404):
        return plain_problem(404, cause=exc)
    if isinstance(exc, PermissionDenied):
        return plain_problem(403, cause=exc)
    if isinstance(exc, BadRequest | SuspiciousOperation | MultiPartParserError):
        return plain_problem(400, cause=exc)
    return plain_problem(500, cause=exc)


def _problem_of_refusal(exc: errors.Refusal) -> Problem:
    kind = next(kind for kind in type(exc).__mro__ if kind in STATUSES)
    headers = {}
    if isinstance(exc, errors.TooMany):
        headers["Retry-After"] = str(exc.retry_after)
    if isinstance(exc, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return Problem(
        status=STATUSES[kind],
        code=exc.code,
        message=exc.message,
        field=exc.field,
        limit=exc.limit,
        actual=exc.actual,
        details=exc.details,
        headers=headers,
        cause=exc,
    )


def _problem_of_fields(exc: exceptions.ValidationError) -> Problem:
    problems = list(field_problems(exc.detail))
    first: dict[str, Any] = problems[0] if problems else {"field": None, "message": str(exc)}
    return Problem(
        status=400,
        code=errors.Invalid.code,
        message=first["message"],
        field=first["field"],
        details=problems,
        cause=exc,
    )


def _problem_of_framework(exc: exceptions.APIException) -> Problem:
    headers = {}
    challenge, wait = getattr(exc, "auth_header", None), getattr(exc, "wait", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    if wait is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    codes, detail = exc.get_codes(), exc.detail
    named = isinstance(codes, str) and codes != exc.default_code
    facts: dict[str, Any] = {"headers": headers, "cause": exc}
    if named:
        facts["code"] = codes
    if isinstance(detail, str) and detail != exc.default_detail:
        facts["message"] = str(detail)
    return plain_problem(exc.status_code, **facts)


def field_problems(detail: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Every leaf of a ValidationError's detail, its field as a path such as `to[0].email`."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from field_problems(value, _step(path, key))
    elif isinstance(detail, list | tuple):
        for position, value in enumerate(detail):
            nested = isinstance(value, Mapping | list | tuple)
            yield from field_problems(value, f"{path}[{position}]" if nested else path)
    else:
        code = getattr(detail, "code", "invalid")
        yield {"field": path or None, "code": code, "message": str(detail)}


def _step(path: str, key: Any) -> str:
    if key == "non_field_errors":
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


# The native shape -------------------------------------------------------------------------------


def error_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """The native spelling of a problem; what is not known is left out."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    for name in ("field", "limit", "actual", "details"):
        if getattr(problem, name) is not None:
            error[name] = getattr(problem, name)
    if isinstance(problem.details, Mapping) and "current" in problem.details:
        error["current"] = problem.details["current"]
    return {"error": {**error, "request_id": request_id}}


def answer_refusal(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler at the native door; None hands a bug on to the middleware."""
    problem = problem_of(exc)
    if problem.status == 500:
        return None
    if isinstance(exc, exceptions.MethodNotAllowed | exceptions.UnsupportedMediaType):
        problem = dataclasses.replace(problem, message=_what_would_do(exc, context["view"]))
    set_rollback()
    body = error_body(problem, request_id_of(context["request"]))
    return Response(body, status=problem.status, headers=dict(problem.headers))


def _what_would_do(exc: exceptions.APIException, view: APIView) -> str:
    """What a view takes instead of a method or a type of body that it does not."""
    if isinstance(exc, exceptions.MethodNotAllowed):
        methods = [name for name in view.allowed_methods if name not in ("HEAD", "OPTIONS")]
        return f"This address takes {' and '.join(methods)}, not {view.request.method}."
    types = " or ".join(parser.media_type for parser in view.get_parsers())
    return f"The body must be {types}: say so in Content-Type."


def answer_natively(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The native answer to a problem outside DRF."""
    body = encode_json(error_body(problem, request_id_of(request)))
    return HttpResponse(
        body, "application/json", status=problem.status, headers=dict(problem.headers)
    )


# The doors --------------------------------------------------------------------------------------

Answer = Callable[[HttpRequest, Problem], HttpResponse]

_doors: dict[str, Answer] = {}


def register(prefix: str, answer: Answer) -> None:
    """Let `answer` spell the problems of all paths at and below `prefix` ("/v3", no last slash)."""
    _doors[prefix] = answer


def door_of(path: str) -> Answer | None:
    """The spelling for a path, by the longest prefix registered; None outside every door."""
    while path:
        if path in _doors:
            return _doors[path]
        path = path.rpartition("/")[0]
    return None


def answer_problem(request: HttpRequest, problem: Problem) -> HttpResponse | None:
    """The door's own answer to a problem; None outside every door."""
    answer = door_of(request.path_info)
    return answer(request, problem) if answer else None


for _prefix in ("/api", "/up", "/dl"):
    register(_prefix, answer_natively)
