"""Requests as a server hands them over: the body may end before its announced length."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory

from project.wsgi import application


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@contextmanager
def kept_connections() -> Iterator[None]:
    """Leave the test's database connection open, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def send(
    method: str, url: str, body: bytes = b"", *, length: int | None = None, **meta: str
) -> Answer:
    """One request through the whole WSGI application; `length` is what it announces."""
    parts = urlsplit(url)
    environ = RequestFactory()._base_environ(
        REQUEST_METHOD=method,
        PATH_INFO=parts.path,
        QUERY_STRING=parts.query,
        CONTENT_LENGTH=str(len(body) if length is None else length),
        HTTP_HOST="127.0.0.1:8000",
        **{"wsgi.input": io.BytesIO(body), **meta},
    )
    started: list[Any] = []
    with kept_connections():
        answer = application(environ, lambda *head: started.append(head))
        try:
            content = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
    status, headers = started[0][:2]
    return Answer(int(status.split()[0]), dict(headers), content)
