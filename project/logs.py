"""What processes say: one line an event, with the id of the request, and never with content.

Paths are logged without their query: signatures, searches and addresses stand there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

log = logging.getLogger("enclose.requests")

#: what a line may say beside its words; Django's own lines bring the request, query and all
FACTS = ("request_id", "method", "path", "route", "status", "ms", "bytes")
SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(FACTS),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_of(*, form: str) -> dict[str, Any]:
    """The settings of `logging` for lines as `json` or as `text`."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        # Where rich is installed, structlog would have it print all local variables: content.
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    closing = [structlog.processors.format_exc_info] if form == "json" else []
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *closing,
                    renderer,
                ],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            # somebody who reads along wants to see what goes wrong, and not every request
            "enclose.requests": {"level": "INFO" if form == "json" else "ERROR"},
            "django.request": {"level": "ERROR"},  # a 404 is no news
        },
    }


class RequestLogMiddleware:
    """Logs what was asked and answered; outermost, so that it sees every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        with structlog.contextvars.bound_contextvars():
            response = self.get_response(request)
            match = request.resolver_match
            log.log(
                logging.ERROR if response.status_code >= 500 else logging.INFO,
                "request",
                extra={
                    "request_id": response.headers.get("X-Request-Id", ""),
                    "method": request.method,
                    "path": request.path,
                    "route": match.route if match else "",
                    "status": response.status_code,
                    "ms": round((time.monotonic() - began) * 1000, 1),
                    "bytes": int(response.headers.get("Content-Length", 0)),
                },
            )
        return response
