"""Messages as their MIME source, in base64url inside the JSON, written as a stream."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse

from messaging.models import Message
from messaging.source import Source, source_of
from project.api.renderers import encode_json
from project.errors import Refusal


def source_or_none(message: Message, *, at: datetime) -> Source | None:
    """The mail of a message, for a list; None when it is not to be had."""
    try:
        return source_of(message, at=at)
    except Refusal:
        return None


def new_mark() -> str:
    """A text to stand for a mail, which nobody can have put into a body."""
    return secrets.token_hex(16)


def answer_with_sources(
    body: dict[str, Any], mails: Mapping[str, Source | None]
) -> StreamingHttpResponse:
    """Answer with a body in which marks stand for mails, in their order; see `new_mark`."""
    return StreamingHttpResponse(_written(body, mails), content_type="application/json")


def _written(body: dict[str, Any], mails: Mapping[str, Source | None]) -> Iterator[bytes]:
    rest = encode_json(body)
    for mark, mail in mails.items():
        before, found, rest = rest.partition(f'"{mark}"'.encode())
        yield before
        if found:
            yield from _encoded(mail)
    yield rest


def _encoded(mail: Source | None) -> Iterator[bytes]:
    """A mail as a text of JSON, in blocks."""
    if mail is None:
        yield b"null"
        return
    yield b'"'
    left = b""
    for block in mail.blocks():
        joined = left + block
        whole = len(joined) - len(joined) % 3
        left = joined[whole:]
        yield urlsafe_b64encode(joined[:whole])
    yield urlsafe_b64encode(left) + b'"'
