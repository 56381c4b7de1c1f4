"""JSON bodies with files in them.

A file in base64 never becomes a `str`: it is decoded in blocks, while the body is read, into a
sink of the view, and the parsed body holds a Content in its place. The rest is ordinary JSON.
"""

from __future__ import annotations

import binascii
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import pybase64

from project.errors import Invalid, Refusal

BLOCK = 262_144
LONG = 65_536  # bytes of base64 from which a string goes to a sink
MAX_DEPTH = 64
MAX_KEY = 256  # bytes between the start of a key and the start of its string


class Sink(Protocol):
    """Takes a file's bytes as they come; `close` frees what was not kept."""

    def write(self, block: bytes, /) -> Any: ...

    def close(self) -> None: ...


Open = Callable[[], Sink]


class Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


class MalformedJson(Invalid):
    """The body is not JSON."""

    code = "malformed_json"


class InvalidBase64(Invalid):
    """A file's content is not base64."""

    code = "invalid_base64"


@dataclass(frozen=True)
class Content:
    """Stands where a long base64 string stood; `sink` has its bytes, unless it was `broken`."""

    sink: Sink
    broken: bool


def decode_json(text: bytes | bytearray | str, *, field: str | None = None) -> Any:
    """Decode JSON of bounded depth; raises MalformedJson, naming `field`."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise MalformedJson(f"This is not JSON: {reason}.", field=field) from None
    except RecursionError:
        raise _too_deep(field) from None
    raw = text.encode() if isinstance(text, str) else text
    if isinstance(value, dict | list) and raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _check_depth(value, field)
    return value


def _check_depth(value: Any, field: str | None) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _containers(outer)]
        if not level:
            return
    raise _too_deep(field)


def _containers(outer: Any) -> list[Any]:
    inside = outer.values() if isinstance(outer, dict) else outer
    return [value for value in inside if isinstance(value, dict | list)]


def _too_deep(field: str | None) -> MalformedJson:
    message = f"JSON may nest at most {MAX_DEPTH} levels."
    return MalformedJson(message, field=field, limit=MAX_DEPTH)


def read_json(
    stream: Reader, *, keys: frozenset[str], open: Open | None, blanks: bytes = b""
) -> Any:
    """Read JSON; long strings under one of `keys` become Content, if there is an `open`.

    `blanks` are characters that base64 may hold and that mean nothing in it.

    Raises MalformedJson, and what a sink raises.
    """
    if open is None:
        return decode_json(b"".join(iter(lambda: stream.read(BLOCK), b"")))
    scanner = _Scanner(keys=keys, open=open, blanks=blanks)
    while block := stream.read(BLOCK):
        scanner.feed(block)
    value = decode_json(scanner.rest())
    return scanner.put_back(value) if scanner.contents else value


class _Base64:
    """Decodes one JSON string of base64, block by block, into a sink."""

    def __init__(self, sink: Sink, blanks: bytes) -> None:
        self.sink = sink
        self.blanks = blanks
        self.carry = b""
        self.padded = False
        self.broken = False

    def feed(self, piece: bytes) -> None:
        piece = without(piece, self.blanks)
        if self.broken or not piece:
            return
        text = self.carry + piece if self.carry else piece
        whole = len(text) // 4 * 4
        block, self.carry = text[:whole], text[whole:]
        if self.padded:
            self.broken = True
            return
        try:
            self.sink.write(pybase64.b64decode(block, validate=True))
        except binascii.Error:
            self.broken = True
        self.padded = block.endswith(b"=")

    def finish(self) -> Content:
        return Content(self.sink, self.broken or bool(self.carry))


class _Scanner:
    """Splits a JSON text into its long base64 strings and everything else.

    A quote inside a JSON string is always escaped. So `{"key":"` and `,"key":"` can be found in
    the bytes without parsing them, and base64 ends at the next quote.
    """

    def __init__(self, *, keys: frozenset[str], open: Open, blanks: bytes) -> None:
        names = "|".join(re.escape(key) for key in sorted(keys))
        self.start = re.compile(
            rb'[{,]\s{0,64}"(?:%s)"\s{0,64}:\s{0,64}"' % names.encode(), re.DOTALL
        )
        self.open = open
        self.blanks = blanks
        self.mark = f"content-{secrets.token_hex(16)}-"
        self.contents: list[Content] = []
        self.kept = bytearray()  # JSON, settled
        self.buffer = bytearray()  # not yet settled
        self.current: _Base64 | None = None

    def feed(self, block: bytes) -> None:
        self.buffer += block
        while self._inside() if self.current else self._outside():
            pass

    def rest(self) -> bytearray:
        """The JSON with a mark in place of every string that went to a sink."""
        if self.current:
            raise MalformedJson("This is not JSON: the body ends inside a string.")
        return self.kept + self.buffer

    def put_back(self, value: Any) -> Any:
        """Replace the marks in a parsed value by their Content."""
        if isinstance(value, dict):
            return {name: self.put_back(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.put_back(inner) for inner in value]
        if isinstance(value, str) and value.startswith(self.mark):
            return self.contents[int(value.removeprefix(self.mark))]
        return value

    def _keep(self, end: int) -> None:
        self.kept += self.buffer[:end]
        del self.buffer[:end]

    def _outside(self) -> bool:
        """Settle the buffer up to a long string; False when more bytes are needed."""
        match = self.start.search(self.buffer)
        if match is None:
            self._keep(max(0, len(self.buffer) - MAX_KEY))
            return False
        end = self.buffer.find(b'"', match.end(), match.end() + LONG)
        if end >= 0:  # a short one, and it may hold escapes: what follows begins a new search
            self._keep(end)
            return True
        if len(self.buffer) - match.end() < LONG:
            self._keep(match.start())
            return False
        self._keep(match.end())
        self.kept += f"{self.mark}{len(self.contents)}".encode()
        self.current = _Base64(self.open(), self.blanks)
        return True

    def _inside(self) -> bool:
        """Decode the buffer up to the string's end; False when more bytes are needed."""
        assert self.current is not None
        end = self.buffer.find(b'"')
        stop = end if end >= 0 else len(self.buffer)
        piece = bytes(memoryview(self.buffer)[:stop])
        if b"\\" in piece:
            piece, stop = _unescape(piece, complete=end >= 0)
        del self.buffer[:stop]
        self.current.feed(piece)
        if end < 0:
            return False
        self.contents.append(self.current.finish())
        self.current = None
        return True


def _unescape(piece: bytes, *, complete: bool) -> tuple[bytes, int]:
    r"""Undo `\/` (PHP) and `\u002B` (.NET); the number is of the bytes that this used up."""
    used = len(piece)
    if not complete and (last := piece.rfind(b"\\")) >= used - 6:
        used = last
    try:
        return msgspec.json.decode(b'"' + piece[:used] + b'"', type=str).encode(), used
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedJson(f"This is not JSON: {error}.") from None


def without(text: bytes, blanks: bytes) -> bytes:
    """The text without some characters; looked for first, since most have none."""
    return text.translate(None, blanks) if any(blank in text for blank in blanks) else text


def take_content(
    entry: dict[str, Any],
    *,
    open: Open,
    field: str | None = "content",
    key: str = "content",
    blanks: bytes = b"",
) -> Sink | None:
    """Remove a file's base64 from a parsed object and give the sink with its bytes.

    None when there is no such key. Raises InvalidBase64 and Invalid, naming `field`.
    """
    if key not in entry:
        return None
    value = entry.pop(key)
    if isinstance(value, Content):
        if value.broken:
            raise _invalid_base64(field)
        return value.sink
    if not isinstance(value, str):
        raise Invalid("A file's content is a string of base64.", field=field)
    try:
        content = pybase64.b64decode(without(value.encode("ascii"), blanks), validate=True)
    except (binascii.Error, ValueError):
        raise _invalid_base64(field) from None
    sink = open()
    try:
        sink.write(content)
    except Refusal:
        sink.close()
        raise
    return sink


def _invalid_base64(field: str | None) -> InvalidBase64:
    message = "This is not base64: the standard alphabet with padding, and no white space."
    return InvalidBase64(message, field=field)
