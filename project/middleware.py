"""The middleware inside CORS: request ids, and errors in the shape of their door."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from django.core import signals
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.response import Response
from structlog.contextvars import bind_contextvars

from project.api.errors import (
    REQUEST_ID,
    Problem,
    answer_natively,
    answer_problem,
    plain_problem,
    problem_of,
)
from project.api.parsers import SINKS
from project.events.services import acting_as
from project.ids import new_id, spell

log = logging.getLogger(__name__)

SANE_ID = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")

#: paths of pages for people, and of what may be asked for without HTTPS
PAGES = ("/mail", "/accounts/", "/admin/", "/static/")
OPEN = ("/livez", "/readyz")

#: where the WSGI entry point leaves a problem with the body that it found before Django
BODY_PROBLEM = "enclose.body_problem"

#: headers of an answer that stay when its body is spelt anew
KEPT_HEADERS = ("Allow", "Retry-After", "Content-Range", "WWW-Authenticate")

#: marks an answer that is an error in its door's shape already
SPELT = "_enclose_spelt"


class DoorMiddleware:
    """Gives every request an id, and every error its door's shape, whoever made it.

    Errors come from views (`process_exception`), and from places that no view sees: the resolver
    (404), method decorators (405), the host and CSRF checks, the body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        import_module(settings.ROOT_URLCONF)  # the doors are registered from here on

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if SANE_ID.fullmatch(given) else spell("req", new_id())
        request.META[REQUEST_ID] = request_id
        bind_contextvars(request_id=request_id)
        try:
            with acting_as(""):
                response = self._answer(request)
        finally:
            for sink in request.META.pop(SINKS, ()):
                sink.close()
        response["X-Request-Id"] = request_id
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        problem = request.META.pop(BODY_PROBLEM, None) or host_problem(request)
        if problem is not None and (answer := answer_problem(request, problem)):
            return answer
        if problem := transport_problem(request):
            return answer_problem(request, problem) or answer_natively(request, problem)
        response = self.get_response(request)
        if response.status_code < 400 or isinstance(response, Response) or SPELT in vars(response):
            return response
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        bare = plain_problem(response.status_code, headers=headers)
        return answer_problem(request, bare) or response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer what a view raised; outside every door Django's own pages do."""
        problem = problem_of(exception)
        answer = answer_problem(request, problem)
        if answer is None:
            return None
        if problem.status == 500:
            log.error(
                "Unhandled %s at %s, request %s",
                type(exception).__name__,
                request.path,
                request.META[REQUEST_ID],
                exc_info=True,
            )
            signals.got_request_exception.send(sender=type(self), request=request)
        vars(answer)[SPELT] = True
        return answer


def transport_problem(request: HttpRequest) -> Problem | None:
    """The problem with what comes over plain HTTP, where that is not how we are reached.

    Pages that people ask for lead to HTTPS. A program would go on sending its key in the clear,
    without anybody noticing.
    """
    path = request.path_info
    is_page = path == "/" or path.startswith(PAGES)
    leads_on = is_page and request.method in ("GET", "HEAD")
    if not settings.SECURE_SSL_REDIRECT or request.is_secure() or leads_on or path in OPEN:
        return None
    message = (
        f"Use {settings.PUBLIC_URL}: nothing is answered over plain HTTP. A key or password that"
        " was sent this way may have been read, and should be replaced."
    )
    return plain_problem(403, code="https_required", message=message)


def host_problem(request: HttpRequest) -> Problem | None:
    """The problem with a Host header that is not in ALLOWED_HOSTS."""
    try:
        request.get_host()
    except DisallowedHost:
        message = "This host is not served here (see ALLOWED_HOSTS)."
        return plain_problem(400, code="bad_host", message=message)
    return None
