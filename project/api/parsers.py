"""Reading request bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.request import Request

from project.api.bodies import Open, Sink, read_json
from project.errors import Invalid, TooLarge

MAX_JSON_BYTES = 40 * 1024 * 1024
MAX_BODY_BYTES = 128 * 1024 * 1024

#: where the sinks of a request are kept, to be closed after the answer
SINKS = "enclose.sinks"


class BodyTooLarge(TooLarge):
    """The body is larger than a door takes."""

    code = "body_too_large"


class NotAnObject(Invalid):
    """The body is JSON, but not an object."""


def check_length(request: Request, limit: int) -> None:
    """Raise BodyTooLarge if the announced length is over `limit` bytes."""
    actual = int(request.META.get("CONTENT_LENGTH") or 0)
    if actual > limit:
        message = f"The body has {actual} bytes; at most {limit} are taken."
        raise BodyTooLarge(message, limit=limit, actual=actual)


def opener(request: Request, open: Open) -> Open:
    """`open`, with every sink closed once the request has been answered."""

    def open_and_remember() -> Sink:
        sink = open()
        request.META.setdefault(SINKS, []).append(sink)
        return sink

    return open_and_remember


class JSONParser(parsers.BaseParser):
    """A JSON object of at most 40 MiB, decoded by msgspec.

    A view with `open_content` gets long base64 under its `content_keys` as Content (see `bodies`),
    and `base64_blanks` are ignored in it; one with `json_types` takes values of other types, one
    with `max_json_bytes` another size.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = parser_context or {}
        request, view = context["request"], context["view"]
        check_length(request, getattr(view, "max_json_bytes", MAX_JSON_BYTES))
        open_content = getattr(view, "open_content", None)
        value = read_json(
            stream,
            keys=getattr(view, "content_keys", frozenset({"content"})),
            open=opener(request, open_content) if open_content else None,
            blanks=getattr(view, "base64_blanks", b""),
        )
        types: Any = getattr(view, "json_types", dict)
        if not isinstance(value, types):
            raise NotAnObject("The body must be a JSON object.")
        return value


class MultiPartParser(parsers.MultiPartParser):
    """A form of at most 128 MiB; files go to the view's `upload_handlers`, if it has any."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> parsers.DataAndFiles[Any, Any]:
        context = parser_context or {}
        request, view = context["request"], context["view"]
        check_length(request, MAX_BODY_BYTES)
        handlers = getattr(view, "upload_handlers", None)
        if handlers is not None:
            request._request.upload_handlers = handlers(request)
        return super().parse(stream, media_type, dict(context))


class RawParser(parsers.BaseParser):
    """The body as it comes, of any type: `request.data` is the stream, not yet read."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return stream
