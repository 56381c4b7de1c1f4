"""A wrapper around Django that makes request bodies dependable.

* A chunked body has no length, and Django would see nothing: it is spooled to a file first.
* A body that ends before its length would look complete, and a form cut off before its file
  would be acted on without it: reading past the cut raises IncompleteBody.
* What a view leaves unread is read and dropped before the answer, so that the client sees the
  answer instead of a connection reset.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader

from project.api.errors import IncompleteBody, Problem, plain_problem
from project.api.parsers import MAX_BODY_BYTES, MAX_JSON_BYTES
from project.middleware import BODY_PROBLEM

BLOCK = 262_144
SPOOL_IN_MEMORY = 262_144  # bytes of a chunked body that need no file

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class SocketBody:
    """A body of known length straight from gunicorn's socket.

    gunicorn's own stream copies each byte half a dozen times on its way: 25 ms of 65 for 25 MiB.
    """

    def __init__(self, reader: LengthReader) -> None:
        self.reader = reader
        self.ahead = reader.unreader.take_buffered()  # came with the headers

    def read(self, size: int, /) -> bytes:
        size = min(size, self.reader.length)
        block = bytearray(size)
        filled = min(size, len(self.ahead))
        block[:filled], self.ahead = self.ahead[:filled], self.ahead[filled:]
        with memoryview(block) as view:
            while filled < size:
                count = self.reader.unreader.sock.recv_into(view[filled:])
                if not count:
                    break
                filled += count
        self._took(filled)
        return bytes(block[:filled]) if filled < size else bytes(block)

    def read1(self, size: int, /) -> bytes:
        """Some bytes as soon as there are any; none at a cut."""
        size = min(size, self.reader.length)
        if self.ahead:
            block, self.ahead = self.ahead[:size], self.ahead[size:]
        else:
            block = self.reader.unreader.sock.recv(size)
        self._took(len(block))
        return bytes(block)

    def _took(self, size: int) -> None:
        self.reader.length -= size
        if not self.reader.length:
            self.reader.unreader.unread(self.ahead)  # the next request, if it is here already


def stream_of(stream: Any, length: int) -> Stream:
    """The body's stream: the socket under gunicorn's, or what another server gives."""
    reader: Any = stream.reader if type(stream) is Body else None
    known = type(reader) is LengthReader and type(reader.unreader) is SocketUnreader
    server_stream: Stream = stream
    return SocketBody(reader) if known and reader.length == length else server_stream


class CountedBody:
    """A request body of known length; reading where it was cut off raises IncompleteBody."""

    def __init__(self, stream: Stream, length: int) -> None:
        self.stream = stream
        self.left = length

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        return self._counted(self.stream.read(wanted)) if wanted else b""

    def read1(self, size: int, /) -> bytes:
        """At most `size` bytes, as they come: for who wants to keep what comes before a cut."""
        read = getattr(self.stream, "read1", self.stream.read)
        return self._counted(read(min(size, self.left))) if self.left else b""

    def readline(self, size: int | None = -1, /) -> bytes:
        """One line; byte by byte, since neither Django nor DRF reads a body so."""
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        line = bytearray()
        while len(line) < wanted and not line.endswith(b"\n"):
            line += self.read(1)
        return bytes(line)

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def drain(self, limit: int) -> None:
        """Read and drop what is left, but not more than `limit` bytes."""
        with suppress(OSError):  # the client is gone
            while self.left and limit > 0:
                limit -= len(self.read(min(BLOCK, limit)))

    def _counted(self, block: bytes) -> bytes:
        if not block:
            raise IncompleteBody(f"{self.left} bytes of the body are missing")
        self.left -= len(block)
        return block


class WholeBodies:
    """Wraps a WSGI application so that it sees a request's whole body or an error."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" in environ:
            return self._chunked(environ, start_response)
        length = announced_length(environ)
        body = CountedBody(stream_of(environ["wsgi.input"], length), length)
        environ["wsgi.input"] = body
        answer = self.application(environ, start_response)
        body.drain(MAX_BODY_BYTES)
        return answer

    def _chunked(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        folder = Path(settings.DATA_DIR) / "spool"
        folder.mkdir(parents=True, exist_ok=True)
        with closing(tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY, dir=str(folder))) as spool:
            problem = fill_spool(spool, environ)
            environ["CONTENT_LENGTH"] = "0" if problem else str(spool.tell())
            environ[BODY_PROBLEM] = problem
            spool.seek(0)
            environ["wsgi.input"] = spool
            return self.application(environ, start_response)


def announced_length(environ: Environ) -> int:
    """The Content-Length; 0 when there is none, or nonsense, which servers refuse by themselves."""
    text = environ.get("CONTENT_LENGTH", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def fill_spool(spool: Any, environ: Environ) -> Problem | None:
    """Copy a chunked body to `spool`; a Problem when it is cut off, too large or unreadable.

    What is too large is still read to its end, within 128 MiB, so that its size can be told.
    """
    if not environ.get("wsgi.input_terminated"):
        return plain_problem(411)
    limit = MAX_JSON_BYTES if "json" in environ.get("CONTENT_TYPE", "") else MAX_BODY_BYTES
    size, stream = 0, environ["wsgi.input"]
    try:
        while size <= MAX_BODY_BYTES and (block := stream.read(BLOCK)):
            size += len(block)
            if size <= limit:
                spool.write(block)
    except (OSError, ParseException):
        message = "The chunked body is broken or was cut off; nothing has been done."
        return plain_problem(400, code="incomplete_body", message=message)
    if size > limit:
        message = f"The body has {size} bytes or more; at most {limit} are taken."
        return plain_problem(413, code="body_too_large", message=message, limit=limit, actual=size)
    return None
